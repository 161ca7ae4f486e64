#!/usr/bin/env bash
# FFmpeg opens an animated AVIF with the still picture as first video stream: the usual "first video stream" has one frame.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2), pillow 13.0.0 writes the file. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, an AVIF sequence of four frames (100, 250, 40, 700 ms): streams.video[0] has 1 frame, no duration, time base 1;
#   streams.video[1] has the four, time base 1/1000, duration 1090. container.duration is that of the second.
#   A HEIC still of 80 x 40 pixels (pillow-heif 1.8.1) opens as 80 x 64, the size of the coded blocks: its crop box is not applied.
# A media indexer must: choose the video stream by its count of frames, or leave AVIF and HEIC to a picture library.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pillow==13.0.0 pillow-heif==1.8.1
venv/bin/python - <<'PY'
import av
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue", "white")]
frames[0].save("moving.avif", save_all=True, append_images=frames[1:], duration=[100, 250, 40, 700])
with av.open("moving.avif") as container:
    found = [(stream.frames, stream.time_base, stream.duration) for stream in container.streams.video]
    print("streams (frames, time base, duration):", found, "container:", container.duration)
    assert [count for count, _, _ in found] == [1, 4] and container.duration == 1_090_000
    assert found[0][2] is None and found[1][2] == 1090
    assert len(list(container.decode(video=0))) == 1
with av.open("moving.avif") as container:
    decoded = [round(frame.time, 3) for frame in container.decode(container.streams.video[1])]
    print("times of the second stream:", decoded)
    assert decoded == [0.0, 0.1, 0.35, 0.39]
Image.new("RGB", (80, 40), "red").save("still.heic")
with av.open("still.heic") as container:
    frame = next(container.decode(video=0))
    print("HEIC of 80 x 40 opens as", frame.width, "x", frame.height)
    assert (frame.width, frame.height) == (80, 64)
PY
echo "still so"
