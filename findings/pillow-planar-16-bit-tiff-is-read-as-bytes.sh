#!/usr/bin/env bash
# Pillow reads an uncompressed TIFF of 16 bits whose colours lie in separate planes as if it had 8 bits, without an error.
#
# Libraries: pillow 13.0.0, tifffile 2026.3.3, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a picture of two halves, (200, 40, 40) and (40, 40, 200) times 257. Interleaved: those colours. In planes: mode RGB, the
#   size is right, but each row holds the bytes of half a row (both bytes of a number are pixels), so both halves have the
#   left one's colour; with `TiffImagePlugin.READ_LIBTIFF = True` it is read right; in planes under LZW it is right.
# A media indexer must: read TIFFs of 16 bits in planes (scanners, microscopes, astronomy) by libtiff or another reader;
#   "it opened" and the right size say nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 tifffile==2026.3.3 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np
import tifffile
from PIL import Image, TiffImagePlugin

shown = np.zeros((40, 64, 3), np.uint16)
shown[:, :32], shown[:, 32:] = (200, 40, 40), (40, 40, 200)
tifffile.imwrite("interleaved.tif", shown * 257, photometric="rgb", planarconfig="contig")
tifffile.imwrite("planes.tif", (shown * 257).transpose(2, 0, 1), photometric="rgb", planarconfig="separate")


def halves(path):
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return pixels.shape, tuple(pixels[20, 5]), tuple(pixels[20, 58])


right = ((40, 64, 3), (200, 40, 40), (40, 40, 200))
for path, libtiff, is_right in (("interleaved.tif", False, True), ("planes.tif", False, False), ("planes.tif", True, True)):
    TiffImagePlugin.READ_LIBTIFF = libtiff
    print(f"{path:16} libtiff {libtiff!s:5}", halves(path))
    assert (halves(path) == right) is is_right
    assert halves(path)[0] == right[0]
PY
echo "still so"
