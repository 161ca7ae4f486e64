#!/usr/bin/env bash
# The same JPEG has one frame when FFmpeg opens its path, and two when it gets the bytes: the second is the gain map or the preview.
#
# Library: av 18.1.0 (FFmpeg 8.1.2). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen for a JPEG with a second JPEG behind it (Ultra HDR gain map, multi-picture format of stereo and phone cameras):
#   av.open("photo.jpg"): format image2, duration 0.04 s, 1 frame
#   av.open(BytesIO(...)), or the same file without its ending: format mjpeg or jpeg_pipe, duration None, 2 frames of different sizes and
#     pixel formats, 40 ms apart, as in a film
#   Pillow 13 says MPO with 2 frames both times.
# A media indexer must: take the first frame only of still pictures, and open its copies in one way; counts of frames by path do not
#   hold for bytes out of an archive or a bucket.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pillow==13.0.0
venv/bin/python - <<'PY'
import io

import av
from PIL import Image

picture = Image.linear_gradient("L").resize((128, 96)).convert("RGB")
picture.save("photo.jpg", format="MPO", save_all=True, append_images=[Image.linear_gradient("L").resize((64, 48))])
with open("photo.jpg", "rb") as file:
    data = file.read()
with open("photo", "wb") as file:
    file.write(data)
assert Image.open("photo.jpg").n_frames == Image.open(io.BytesIO(data)).n_frames == 2


def frames(source):
    with av.open(source) as container:
        found = [(frame.width, frame.height, frame.format.name, frame.pts) for frame in container.decode(video=0)]
        print(f"{container.format.name:10} duration {container.duration}", found)
        return container.format.name == "image2", container.duration is None, [size[:2] for size in found]


assert frames("photo.jpg") == (True, False, [(128, 96)])
assert frames(io.BytesIO(data)) == (False, True, [(128, 96), (64, 48)])
assert frames("photo") == (False, True, [(128, 96), (64, 48)])
PY
echo "still so"
