#!/usr/bin/env bash
# FFmpeg mixes the chapters of two editions of a Matroska file, and drops every chapter that starts before one read earlier.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2), pymediainfo 7.0.1 (MediaInfo as in the wheel). Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, a film of six seconds, chapters given as (start, title):
#   edition 1 (0 One) (2 Two) (4 Three), default edition 2 (0 Eins) (2.5 Zwei) (4.5 Drei) (5 Vier):
#     FFmpeg: 0 One, 2 Two, 4 Three up to 4.5, 4.5 Drei, 5 Vier: a list that stands in neither edition; the default edition has no say
#   one edition, written as (0 One) (4 Three) (2 Two): FFmpeg: One from 0 to 4, Three; "Two" is gone. The order in the file is free; an
#     ordered edition, which plays its parts in the order written, loses every part that jumps back
#   a chapter with an English and a German name: FFmpeg tells the last one alone, without its language
#   MediaInfo lists each edition by itself, and all names with their languages.
# A media indexer must: read the element Chapters itself: one edition (the default one), sorted by start, with the names of all languages.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pymediainfo==7.0.1 numpy==2.4.6
venv/bin/python - <<'PY'
import struct

import av
import numpy as np
from pymediainfo import MediaInfo


def element(name, payload):
    return bytes.fromhex(name) + struct.pack(">Q", len(payload) | 1 << 56) + payload


def number(name, value):
    return element(name, value.to_bytes(8, "big"))


def chapter(uid, start, *names):
    shown = b"".join(element("80", element("85", name.encode()) + element("437C", language)) for language, name in names)
    return element("B6", number("73C4", uid) + number("91", int(start * 1e9)) + shown)


def edition(*chapters, flags=b""):
    return element("45B9", flags + b"".join(chapters))


def in_english(first, *chapters):
    return [chapter(first + at, start, (b"eng", title)) for at, (start, title) in enumerate(chapters)]


with av.open("film.mkv", "w") as out:
    stream = out.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for at in range(60):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), at * 4, np.uint8), format="rgb24")))
    out.mux(stream.encode(None))
with open("film.mkv", "rb") as file:
    data = file.read()
segment = data.index(bytes.fromhex("18538067"))
cluster = data.index(bytes.fromhex("1F43B675"))


def chapters(*editions):
    """What FFmpeg and MediaInfo say of the film with these editions."""
    added = element("1043A770", b"".join(editions))
    size = len(data) - segment - 12 + len(added)
    with open("edited.mkv", "wb") as file:
        file.write(data[: segment + 4] + struct.pack(">Q", size | 1 << 56) + data[segment + 12 : cluster] + added + data[cluster:])
    with av.open("edited.mkv") as container:
        said = [(one["start"] / 1e9, one["end"] / 1e9, one["metadata"]["title"]) for one in container.chapters()]
    menus = [[value for key, value in menu.to_data().items() if key[0].isdigit()] for menu in MediaInfo.parse("edited.mkv").menu_tracks]
    print("FFmpeg   ", said)
    print("MediaInfo", menus)
    return said, menus


said, menus = chapters(
    edition(*in_english(1, (0, "One"), (2, "Two"), (4, "Three"))),
    edition(*in_english(11, (0, "Eins"), (2.5, "Zwei"), (4.5, "Drei"), (5, "Vier")), flags=number("45DB", 1)),
)
assert said == [(0, 2, "One"), (2, 4, "Two"), (4, 4.5, "Three"), (4.5, 5, "Drei"), (5, 6, "Vier")]
assert menus == [["en:One", "en:Two", "en:Three"], ["en:Eins", "en:Zwei", "en:Drei", "en:Vier"]]
said, menus = chapters(edition(*in_english(1, (0, "One"), (4, "Three"), (2, "Two"))))
assert said == [(0, 4, "One"), (4, 6, "Three")] and menus == [["en:One", "en:Three", "en:Two"]]
said, menus = chapters(edition(chapter(1, 0, (b"eng", "Arrival"), (b"ger", "Ankunft"))))
assert said == [(0, 6, "Ankunft")] and menus == [["en:Arrival - de:Ankunft"]]
PY
echo "still so"
