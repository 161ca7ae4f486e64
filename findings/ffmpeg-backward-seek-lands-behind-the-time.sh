#!/usr/bin/env bash
# A backward seek in FLV, or in MP4 without an edit list, lands on the key frame behind the time asked for.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, six seconds of H.264 with B-frames, 10 frames a second, a key frame each half second:
#   MP4 as written plainly, Matroska, fragments with `delay_moov`: each seek gives the last key frame at or before the time
#   MP4 in fragments, MP4 with use_editlist=0, FLV: the first frame is at 0.2 s and key frames at 0.7, 1.2, 1.7; a seek to 1.5 s gives the
#     frame at 1.7 s, one to 0.5 s that at 0.7 s. The seek compares with the decoding time, which lies two frames before the time shown.
#   AVI and MXF, all frames key frames: a time between two frames gives the later one (4.95 s is frame 5.0, 0.5 s of 25 a second is 0.52)
#   No error; a program that decodes "from the key frame on until the time is reached" takes the first frame that it gets.
# A media indexer must: look at the time of the first frame, and where it lies behind the time asked for, seek again some frames earlier.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import numpy as np


def write(path, kind, codec="libx264", rate=10, options=None):
    with av.open(path, "w", format=kind, options=options or {}) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.gop_size = 5 if codec == "libx264" else 1
        for at in range(60):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), at * 4, np.uint8), format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def behind(path, times):
    """Pairs (time asked for, time of the first frame) where an earlier key frame would have been right."""
    with av.open(path) as container:
        keys = [frame.time for frame in container.decode(video=0) if frame.key_frame]
        wrong = []
        for asked in times:
            container.seek(round(asked * 1e6))
            got = next(container.decode(video=0)).time
            if got != max(key for key in keys if key <= asked + 1e-9):
                wrong.append((asked, got))
    print(path, "start", keys[:3], "behind", wrong)
    return wrong


fragments = "frag_keyframe+empty_moov"
times = (0.8, 1.5, 2.1, 3.3)
for path, kind, options in (
    ("plain.mp4", "mp4", {}),
    ("plain.mkv", "matroska", {}),
    ("delayed.mp4", "mp4", {"movflags": fragments + "+delay_moov"}),
):
    write(path, kind, options=options)
    assert behind(path, times) == []
for path, kind, options in (
    ("fragments.mp4", "mp4", {"movflags": fragments}),
    ("no_edits.mp4", "mp4", {"use_editlist": "0"}),
    ("film.flv", "flv", {}),
):
    write(path, kind, options=options)
    assert behind(path, times) == [(1.5, 1.7), (2.1, 2.2)]
write("film.avi", "avi", "mpeg4")
assert behind("film.avi", (0.04, 4.94, 4.95)) == [(4.95, 5.0)]
write("film.mxf", "mxf", "mpeg2video", 25)
assert behind("film.mxf", (0.49, 0.5, 1.5)) == [(0.5, 0.52), (1.5, 1.52)]
PY
echo "still so"
