#!/usr/bin/env bash
# OpenCV's imread gives the same picture other colours by its format: alpha multiplied in, masks ignored, values not scaled.
#
# Library: opencv-python-headless 5.0.0.93; pillow 13.0.0 and tifffile 2026.3.3 write and check. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, cv2.imread(path) in colour, against the RGB that was written (mean difference of 8-bit values):
#   PNG with alpha            0     alpha dropped
#   TIFF with the same alpha  53    alpha multiplied into the colours, with IMREAD_UNCHANGED too: what is transparent turns black
#   PPM with a maximum of 100 72    0 to 100 stays 0 to 100: a dark picture (the standard asks for scaling)
#   BMP with bit masks        91    the masks are not looked at: each channel is its neighbour
#   No error and no warning in any of them. Pillow is within 1.2 for all of them.
# A media indexer must: decode with one library for all formats, or compare OpenCV's with another's before it hashes or embeds.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
venv/bin/python - <<'PY'
import struct

import cv2
import numpy as np
import tifffile
from PIL import Image

H, W = 48, 64
rows, columns = np.mgrid[0:H, 0:W]
picture = np.stack([columns * 4, rows * 5, (rows + columns) * 2], -1).astype(np.uint8)
alpha = ((columns * 3 + rows) % 256).astype(np.uint8)
clear = np.dstack([picture, alpha])

Image.fromarray(clear).save("alpha.png")
tifffile.imwrite("alpha.tif", clear, photometric="rgb", extrasamples=["unassalpha"])
with open("hundred.ppm", "wb") as file:
    file.write(b"P6\n%d %d\n100\n" % (W, H) + (picture.astype(int) * 100 // 255).astype(np.uint8).tobytes())
with open("masks.bmp", "wb") as file:
    masks = struct.pack("<III", 0xFF000000, 0x00FF0000, 0x0000FF00)
    data = np.dstack([np.full((H, W), 255, np.uint8), picture[..., ::-1]])[::-1].tobytes()
    head = struct.pack("<IiiHHIIiiII", 40, W, H, 1, 32, 3, len(data), 0, 0, 0, 0)
    file.write(b"BM" + struct.pack("<IHHI", 66 + len(data), 0, 0, 66) + head + masks + data)


def by_pillow(path):
    return np.asarray(Image.open(path).convert("RGBA"))[..., :3].astype(int)


def by_opencv(path, flags=cv2.IMREAD_COLOR):
    return cv2.imread(path, flags)[..., 2::-1].astype(int)


def away(pixels):
    return round(float(np.abs(pixels - picture).mean()), 1)


seen = {path: away(by_opencv(path)) for path in ("alpha.png", "alpha.tif", "hundred.ppm", "masks.bmp")}
print("OpenCV", seen)
print("Pillow", {path: away(by_pillow(path)) for path in seen})
assert seen["alpha.png"] == 0 and all(away(by_pillow(path)) < 2 for path in seen)
for flags in (cv2.IMREAD_COLOR, cv2.IMREAD_UNCHANGED):
    assert np.abs(by_opencv("alpha.tif", flags) - picture.astype(int) * alpha[..., None] / 255).max() <= 1
assert by_opencv("hundred.ppm").max() <= 100 and seen["hundred.ppm"] > 20
assert seen["masks.bmp"] > 20 and np.array_equal(by_opencv("masks.bmp")[..., 0], picture[..., 1])
PY
echo "still so"
