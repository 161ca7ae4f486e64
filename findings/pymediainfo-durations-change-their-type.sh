#!/usr/bin/env bash
# pymediainfo gives the duration of a track as an integer or as a string, by the container.
#
# Libraries: pymediainfo 7.0.1, av 18.1.0, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: the same 3 s of H.264: video track of MP4 3000 (int), of Matroska '3000.000000' (str); frame_rate '10.000' in both.
#   For MP4 frame_count is 30, for Matroska of varying rate None.
# A media indexer must: convert every number of a track itself; `duration > 60_000` raises for Matroska, and a sum of
#   durations that holds for a folder of MP4 fails at the first MKV.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pymediainfo==7.0.1 av==18.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
import av
import numpy as np
from pymediainfo import MediaInfo

seen = {}
for path in ("film.mp4", "film.mkv"):
    with av.open(path, "w") as film:
        stream = film.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), i * 8, np.uint8), format="rgb24")
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    tracks = {track.track_type: track for track in MediaInfo.parse(path).tracks}
    seen[path] = tracks["Video"].duration
    print(path, "video", repr(tracks["Video"].duration), "general", repr(tracks["General"].duration))
assert seen["film.mp4"] == 3000 and isinstance(seen["film.mp4"], int)
assert isinstance(seen["film.mkv"], str) and float(seen["film.mkv"]) == 3000, seen
PY
echo "still so"
