#!/usr/bin/env bash
# Tags of a Matroska file have levels (collection, album, track) and nest; two readers put them on one heap, and an actor gets another's role.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2), pymediainfo 7.0.1 (MediaInfo as in the wheel). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, TITLE "Album title" at level 50, "Track title" at 30, "Collection" at 70; ACTOR Ann with CHARACTER Queen, ACTOR Bob without one:
#   FFmpeg: TITLE is "Collection", the last written, whatever its level, and the title of the segment itself is gone; ACTOR "Bob" and
#     "ACTOR/CHARACTER" "Queen"; of two COMMENTs the last; the German TITLE is "TITLE-ger".
#   MediaInfo: title "T / Collection"; actor Bob, his character Queen.
# A media indexer must: read Tags element by element, take TITLE of level 30 or the segment's, and keep persons with their own roles.
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


def simple(name, value, *inner, language=None):
    parts = element("45A3", name.encode()) + (element("447A", language.encode()) if language else b"")
    return element("67C8", parts + element("4487", value.encode()) + b"".join(inner))


def tag(level, *simples):
    return element("7373", element("63C0", element("68CA", bytes([level]))) + b"".join(simples))


with av.open("film.mkv", "w") as out:
    out.metadata["title"] = "T"
    stream = out.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for at in range(10):
        out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), at * 20, np.uint8), format="rgb24")))
    out.mux(stream.encode(None))
with open("film.mkv", "rb") as file:
    data = file.read()
tags = element(
    "1254C367",
    tag(50, simple("TITLE", "Album title"))
    + tag(30, simple("TITLE", "Track title"), simple("TITLE", "Titel", language="ger"), simple("COMMENT", "c1"), simple("COMMENT", "c2"))
    + tag(70, simple("TITLE", "Collection"))
    + tag(50, simple("ACTOR", "Ann", simple("CHARACTER", "Queen")), simple("ACTOR", "Bob")),
)
segment = data.index(bytes.fromhex("18538067"))
cluster = data.index(bytes.fromhex("1F43B675"))
size = len(data) - segment - 12 + len(tags)
with open("film.mkv", "wb") as file:
    file.write(data[: segment + 4] + struct.pack(">Q", size | 1 << 56) + data[segment + 12 : cluster] + tags + data[cluster:])
with av.open("film.mkv") as file:
    found = dict(file.metadata)
print("FFmpeg   ", found)
assert found["TITLE"] == "Collection" and found["TITLE-ger"] == "Titel" and found["COMMENT"] == "c2" and "T" not in found.values()
assert found["ACTOR"] == "Bob" and found["ACTOR/CHARACTER"] == "Queen" and "Ann" not in str(found)
general = MediaInfo.parse("film.mkv").general_tracks[0].to_data()
said = {name: general.get(name) for name in ("title", "actor", "actor_character", "comment")}
print("MediaInfo", said)
assert said == {"title": "T / Collection", "actor": "Bob", "actor_character": "Queen", "comment": "c2"}
PY
echo "still so"
