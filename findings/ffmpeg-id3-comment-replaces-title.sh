#!/usr/bin/env bash
# FFmpeg puts the description of an ID3 comment or user text in place of the tag's name: a comment described "title" replaces the title.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2); mutagen 1.48.1 writes the tags. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, MP3 with ID3v2.4:
#   TIT2 "Real Title" + COMM described "title" with the text "a remark" -> metadata {'title': 'a remark'}
#   TIT2 "Real Title" + TXXX "title": "of the user"                    -> {'title': 'of the user'}
#   COMM described "iTunNORM" -> the key 'iTunNORM'; two comments without description -> only the first, whatever its language.
# A media indexer must: read ID3 with a tag library where titles, artists and dates count; a key of FFmpeg's metadata does not tell its frame.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 mutagen==1.48.1 numpy==2.4.6
venv/bin/python - <<'PY'
import shutil

import av
import numpy
from mutagen.id3 import COMM, ID3, TIT2, TXXX

with av.open("plain.mp3", "w") as container:
    stream = container.add_stream("libmp3lame", rate=44_100)
    stream.layout = "mono"
    frame = av.AudioFrame.from_ndarray(numpy.zeros((1, 44_100), numpy.float32), format="fltp", layout="mono")
    frame.rate = 44_100
    for part in [frame, None]:
        container.mux(stream.encode(part))


def read(*frames):
    shutil.copy("plain.mp3", "tagged.mp3")
    tags = ID3()
    for one in frames:
        tags.add(one)
    tags.save("tagged.mp3")
    with av.open("tagged.mp3") as container:
        found = dict(container.metadata)
    print([one.HashKey for one in frames], "->", found)
    return found


title = TIT2(3, ["Real Title"])
assert read(title) == {"title": "Real Title"}
assert read(title, COMM(3, "eng", "title", ["a remark"])) == {"title": "a remark"}
assert read(title, TXXX(3, "title", ["of the user"])) == {"title": "of the user"}
assert read(COMM(3, "eng", "iTunNORM", [" 00000123"])) == {"iTunNORM": " 00000123"}
assert read(COMM(3, "eng", "", ["one"]), COMM(3, "deu", "", ["zwei"])) == {"comment": "one"}
PY
echo "still so"
