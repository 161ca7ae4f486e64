#!/usr/bin/env bash
# cv2.imread turns a picture by its orientation in some formats, not in AVIF, and returns nothing at all for a turned TIFF.
#
# Libraries: opencv-python-headless 5.0.0.93, compared with pillow 13.0.0 (ImageOps.exif_transpose). Met on 29 November 2026, CPython 3.11.
# Seen, 80 x 40 pixels with orientation 6 (so 40 x 80 as shown), OpenCV's default flags:
#   JPEG, PNG, WebP: 40 x 80. AVIF (Pillow stores the turn as an irot box): 80 x 40, not turned.
#   TIFF, uncompressed RGB, tag 274 = 6: None; OpenCV logs "Internal imread issue: 'original_ptr == real_mat.data' must be 'true'".
#   So it is for orientations 5 to 8, from a path, even with IMREAD_IGNORE_ORIENTATION; 1 and 3 are read. cv2.imdecode reads the same bytes.
#   Pillow gives 40 x 80 for all five.
# A media indexer must: decode with OpenCV only with IMREAD_IGNORE_ORIENTATION and turn by one reader of orientation for all formats;
#   and never take None for "damaged": another decoder reads the file.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY' 2>stderr.txt || { cat stderr.txt >&2; exit 1; }
import pathlib

import cv2
import numpy
from PIL import Image, ImageOps

picture = Image.new("RGB", (80, 40), "red")


def sizes(name):
    with Image.open(name) as image:
        pillow = ImageOps.exif_transpose(image).size
    read = cv2.imread(name)
    plain = cv2.imread(name, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return pillow, read if read is None else read.shape[1::-1], plain if plain is None else plain.shape[1::-1]


for ending in ("jpg", "png", "webp", "avif"):
    exif = Image.Exif()
    exif[274] = 6
    picture.save(f"turned.{ending}", exif=exif.tobytes())
    pillow, read, plain = sizes(f"turned.{ending}")
    print(f"{ending}: Pillow {pillow}, imread {read}, ignoring orientation {plain}")
    assert pillow == (40, 80) and plain == (80, 40)
    assert read == ((80, 40) if ending == "avif" else (40, 80))
for orientation in (1, 3, 5, 6, 7, 8):
    picture.save("turned.tif", tiffinfo={274: orientation})
    pillow, read, plain = sizes("turned.tif")
    print(f"tif, orientation {orientation}: Pillow {pillow}, imread {read}, ignoring orientation {plain}")
    stored = numpy.frombuffer(pathlib.Path("turned.tif").read_bytes(), numpy.uint8)
    assert (read is None) == (plain is None) == (orientation >= 5)
    assert cv2.imdecode(stored, cv2.IMREAD_COLOR) is not None
PY
grep -q "original_ptr == real_mat.data" stderr.txt
echo "still so"
