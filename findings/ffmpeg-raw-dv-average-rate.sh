#!/usr/bin/env bash
# FFmpeg states an average rate of 60,000 frames a second for every raw DV file; the same frames in AVI have their own.
#
# Library: av 18.1.0 (FFmpeg 8.1.2), which writes all the files itself. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 25 frames each:
#   pal.dv   average_rate 60000, guessed_rate 25,         duration 1.000 s
#   ntsc.dv  average_rate 60000, guessed_rate 30000/1001, duration 0.834 s
#   pal.avi  average_rate 25,    guessed_rate 25
# A media indexer must: take guessed_rate where it needs a rate; a test like "more than 1,000 frames a second is a cover
# picture, no film" leaves out every camcorder tape that was copied as it is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
seen=$(venv/bin/python - <<'PY'
from fractions import Fraction

import av
import numpy as np

NTSC = Fraction(30_000, 1_001)
for path, format_, size, rate, pixels in (
    ("pal.dv", "dv", (720, 576), 25, "yuv420p"),
    ("ntsc.dv", "dv", (720, 480), NTSC, "yuv411p"),
    ("pal.avi", "avi", (720, 576), 25, "yuv420p"),
):
    with av.open(path, "w", format=format_) as container:
        stream = container.add_stream("dvvideo", rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        for number in range(25):
            grey = np.full((size[1], size[0], 3), 8 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(stream))
        print(path, stream.average_rate, stream.guessed_rate, frames)
PY
)
echo "$seen"
test "$seen" = "pal.dv 60000 25 25
ntsc.dv 60000 30000/1001 25
pal.avi 25 25 25"
