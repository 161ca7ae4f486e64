#!/usr/bin/env bash
# pylibjxl encodes 16-bit and float arrays without a word, and keeps the low byte of every value, also with lossless=True.
#
# Library: pylibjxl 0.5.0 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: encode(array, lossless=True) of uint16 0, 1, 255, 256, 511, 32768, 65535 decodes as 0, 1, 255, 0, 255, 0, 255; a float picture
#   in 0..1 becomes black but for the pixels that are 1.0; -100.0 becomes 156; encode_jpeg does the same. A 16-bit gradient comes out
#   as 256 stripes. imagecodecs and pyjpegxl keep all 16 bits of the same array.
# A media indexer must: bring every picture to uint8 itself (value // 257) before this encoder, and compare one decoded thumbnail
#   with its source in a test.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pylibjxl==0.5.0 pyjpegxl==0.3.0 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np
import pyjpegxl
import pylibjxl


def picture(values, dtype):
    row = np.array(values, dtype)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (8, len(values), 3)))


def through(array):
    return pylibjxl.decode(pylibjxl.encode(array, lossless=True))[0, :, 0].tolist()


values = [0, 1, 255, 256, 511, 32768, 65535]
deep = through(picture(values, np.uint16))
print("uint16", values, "->", deep)
assert deep == [value % 256 for value in values]
unit = through(picture([0, 0.25, 0.5, 0.999, 1], np.float32))
print("float 0, 0.25, 0.5, 0.999, 1 ->", unit)
assert unit == [0, 0, 0, 0, 1]
signed = through(picture([-100, 300], np.float64))
print("float -100, 300 ->", signed)
assert signed == [156, 44]
jpeg = pylibjxl.decode_jpeg(pylibjxl.encode_jpeg(np.full((16, 16, 3), 0xFF00, np.uint16), quality=100))
print("JPEG of a nearly white 16-bit picture:", int(jpeg.max()))
assert jpeg.max() < 4
kept = pyjpegxl.decode_to_numpy(pyjpegxl.encode_from_numpy(picture(values, np.uint16), lossless=True))[1]
assert kept.dtype == np.uint16 and kept[0, :, 0].tolist() == values
PY
echo "still so"
