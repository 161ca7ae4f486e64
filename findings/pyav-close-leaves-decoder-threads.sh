#!/usr/bin/env bash
# Closing a PyAV container does not end its decoder threads; the last reference to the stream or the frame generator does.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64 (counts from /proc/self/task).
# Seen: after one frame of H.264, HEVC, VP9 or AV1 (thread_type AUTO) the process has more threads; container.close(), also by `with`,
#   leaves all of them; dropping the stream and the generator ends them.
# A media indexer must: not keep streams, generators or tracebacks that hold them in lists, caches or errors: hundreds of "closed" files
#   keep a thread for each processor each, and a fork afterwards is unsafe. Count threads in a test.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6
SVT_LOG=1 venv/bin/python - 2>/dev/null <<'PY'
import gc
import os
from fractions import Fraction

import av
import numpy


def threads():
    return len(os.listdir("/proc/self/task"))


def make(name, codec, options):
    with av.open(name, "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.options = 320, 240, "yuv420p", options
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(numpy.full((240, 320, 3), number, numpy.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


assert len(os.sched_getaffinity(0)) > 1, "one processor: no decoder threads to count"
make("h264.mp4", "libx264", {"preset": "ultrafast"})
make("hevc.mp4", "libx265", {"preset": "ultrafast", "x265-params": "log-level=none"})
make("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"})
make("av1.mp4", "libsvtav1", {"preset": "12"})
gc.collect()
for name in ("h264.mp4", "hevc.mp4", "vp9.webm", "av1.mp4"):
    before = threads()
    with av.open(name) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        frames = container.decode(stream)
        next(frames)
        decoding = threads()
    closed = threads()
    del container, stream, frames
    gc.collect()
    dropped = threads()
    print(f"{name}: threads before {before}, decoding {decoding}, closed {closed}, references dropped {dropped}")
    assert decoding > before and closed == decoding and dropped == before
PY
echo "still so"
