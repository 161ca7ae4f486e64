#!/usr/bin/env bash
# PySceneDetect 0.7 takes the times of cuts from the file and the end of the last scene from a count of frames.
#
# Library: scenedetect-headless 0.7.2 (opencv-python-headless 5.0.0.93), av 18.1.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a Matroska file of variable frame rate, 7.93 s, cuts at 2 s and 6 s:
#   detect() with the standard OpenCV backend: 0 to 2, 2 to 6, and 6.000 to 1.600: 48 frames at 30 a second, which the file states;
#     a file without a cut and start_in_scene=True is one scene of 1.6 s. In MP4 the stated rate is the mean, and the end is right.
#   the PyAV backend ends at 7.933, and counts 238 frames for 48 pictures; for the MP4 it says a duration of 4.8 s.
#   Times count from the first picture: a file that starts at 3 s has its cuts at 2 and 6, and a duration of 10.933.
# A media indexer must: end the last scene by the container's duration, refuse scenes that end before they start, and add the start time.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet scenedetect-headless==0.7.2 opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
from fractions import Fraction

import av
import numpy as np
import scenedetect

TIMES = [(0, at * 100) for at in range(20)] + [(1, 2000 + at * 500) for at in range(8)] + [(2, 6000 + at * 100) for at in range(20)]
rng = np.random.default_rng(0)
PICTURES = [np.kron(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8), np.ones((20, 20, 1), np.uint8)) for _ in range(3)]


def write(path, codec, start=0):
    with av.open(path, "w") as out:
        stream = out.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for which, time in TIMES:
            frame = av.VideoFrame.from_ndarray(PICTURES[which], format="rgb24")
            frame.pts, frame.time_base = time + start, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def scenes(path, backend):
    video = scenedetect.open_video(path, backend=backend)
    manager = scenedetect.SceneManager()
    manager.add_detector(scenedetect.ContentDetector(min_scene_len=1))
    count = manager.detect_scenes(video)
    found = [(round(start.seconds, 3), round(end.seconds, 3)) for start, end in manager.get_scene_list()]
    print(f"{path:10} {backend:7} duration {video.duration}, {count} frames", found)
    return found


write("vfr.mkv", "ffv1")
write("late.mkv", "ffv1", start=3000)
write("vfr.mp4", "mpeg4")
cuts = [(0.0, 2.0), (2.0, 6.0)]
assert scenes("vfr.mkv", "opencv") == cuts + [(6.0, 1.6)]
assert scenes("late.mkv", "opencv") == cuts + [(6.0, 1.6)]
assert scenes("vfr.mp4", "opencv")[2][1] > 7.9
assert scenes("vfr.mkv", "pyav") == cuts + [(6.0, 7.933)]
((start, end),) = scenedetect.detect("vfr.mkv", scenedetect.ContentDetector(threshold=255), start_in_scene=True)
print("no cut:", start, end)
assert round(end.seconds, 3) == 1.6
PY
echo "still so"
