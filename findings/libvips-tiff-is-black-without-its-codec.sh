#!/usr/bin/env bash
# libvips gives a black picture, without an error, for a TIFF whose compression its wheel was built without: ZSTD, LZMA, JPEG XL.
#
# Libraries: pyvips 3.2.0 with pyvips-binary 8.18.7 (libvips 8.18.7); tifffile 2026.3.3 with imagecodecs 2026.3.6 writes the files and reads
# them rightly. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, an RGB picture saved four times:
#   compression       new_from_file, thumbnail      fail_on="truncated"    fail_on="error"
#   zstd, lzma        right size, every pixel 0     the same               Error: "ZSTD compression support is not configured"
#   JPEG XL (50002)   right size, every pixel 0     the same               Error: "strip decoding is not implemented"
#   deflate           right                         right                  right
#   OpenCV 5.0.0.93's imread gives None for the first two and a black array for JPEG XL.
# A media indexer must: open with fail_on="error", and where that is too strict for damaged photos, ask again and take all black for unread.
#   ZSTD is usual in map sheets and microscopy.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyvips==3.2.0 pyvips-binary==8.18.7 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 imagecodecs==2026.3.6 numpy==2.4.6
OPENCV_LOG_LEVEL=OFF venv/bin/python - 2>/dev/null <<'PY'
import cv2
import numpy as np
import pyvips
import tifffile

rows, columns = np.mgrid[0:48, 0:64]
picture = np.stack([columns * 4, rows * 5, (rows + columns) * 2], -1).astype(np.uint8)


def largest(path, **options):
    try:
        return int(pyvips.Image.new_from_file(path, **options).numpy().max())
    except pyvips.Error as error:
        return "Error: " + str(error).split("tiff2vips: ")[-1].splitlines()[0]


seen = {}
for compression in ("zstd", "lzma", "jpegxl", "zlib"):
    path = f"{compression}.tif"
    tifffile.imwrite(path, picture, photometric="rgb", compression=compression)
    assert np.array_equal(tifffile.imread(path), picture)
    other = cv2.imread(path)
    seen[compression] = {
        "plain": largest(path),
        "truncated": largest(path, fail_on="truncated"),
        "error": largest(path, fail_on="error"),
        "thumbnail": int(pyvips.Image.thumbnail(path, 16).max()),
        "OpenCV": None if other is None else int(other.max()),
    }
    print(compression, seen[compression])
assert seen["zlib"]["plain"] == seen["zlib"]["error"] == seen["zlib"]["OpenCV"] == 252
for compression in ("zstd", "lzma", "jpegxl"):
    case = seen[compression]
    assert case["plain"] == case["truncated"] == case["thumbnail"] == 0
    assert str(case["error"]).startswith("Error")
assert seen["zstd"]["OpenCV"] is seen["lzma"]["OpenCV"] is None and seen["jpegxl"]["OpenCV"] == 0
PY
echo "still so"
