#!/usr/bin/env bash
# A JPEG XL that Pillow writes with an EXIF orientation is shown lying by every reader but Pillow.
#
# Libraries: pillow-jxl-plugin 1.3.8 (pillow 13.0.0), pylibjxl 0.5.0, pyjpegxl 0.3.0, imagecodecs 2026.3.6.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, a wide picture with EXIF orientation 6:
#   written by pillow-jxl-plugin, as save(..., exif=exif) or as open(BytesIO(jpeg)).save(...): the orientation stands in the Exif box
#     only. In JPEG XL the header of the codestream counts and EXIF does not: pylibjxl, pyjpegxl and imagecodecs give it lying,
#     exif_transpose stands it up.
#   transcoded by libjxl, as jpeg_to_jxl or as open("photo.jpg").save("photo.jxl"), a path this time: the header says 6 and the Exif box
#     says 6. pylibjxl, pyjpegxl and imagecodecs give it upright, so turning by the Exif box of the same file turns it twice; Pillow
#     gives it lying with tag 274 = 6, and upright when the Exif box is taken away.
# A media indexer must: read the orientation from the codestream only, or let Pillow alone read what Pillow wrote; a file whose header
#   says 1 and whose EXIF says 6 is ambiguous, and the standard reading is "lying".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 pillow-jxl-plugin==1.3.8 pylibjxl==0.5.0 pyjpegxl==0.3.0 imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python -W ignore - <<'PY'
import io
import struct

import imagecodecs
import numpy as np
import pillow_jxl  # noqa: F401
import pyjpegxl
import pylibjxl
from PIL import Image, ImageOps

exif = Image.Exif()
exif[274] = 6
wide = Image.new("RGB", (80, 40), "navy")
wide.save("photo.jpg", exif=exif)
assert ImageOps.exif_transpose(Image.open("photo.jpg")).size == (40, 80)
wide.save("pillow.jxl", exif=exif.tobytes())
with open("photo.jpg", "rb") as file:
    jpeg = file.read()
Image.open(io.BytesIO(jpeg)).save("from-bytes.jxl")
Image.open("photo.jpg").save("from-path.jxl")
with open("transcoded.jxl", "wb") as file:
    file.write(pylibjxl.jpeg_to_jxl(jpeg))


def without_exif(data):
    at, kept = 0, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        length = length or len(data) - at
        if kind not in (b"Exif", b"brob", b"jbrd"):
            kept.append(data[at : at + length])
        at += length
    return b"".join(kept)


def size(array):
    return array.shape[1], array.shape[0]


def readings(name, data):
    picture = Image.open(io.BytesIO(data))
    seen = {
        "pillow": (picture.size, picture.getexif().get(274), ImageOps.exif_transpose(picture).size),
        "pylibjxl": size(pylibjxl.decode(data)),
        "pyjpegxl": size(pyjpegxl.decode_to_numpy(data)[1]),
        "imagecodecs": size(np.asarray(imagecodecs.jpegxl_decode(data))),
    }
    print(f"{name:14}", seen)
    return seen


lying, upright = (80, 40), (40, 80)
others = ("pylibjxl", "pyjpegxl", "imagecodecs")
expected = {"pillow.jxl": lying, "from-bytes.jxl": lying, "from-path.jxl": upright, "transcoded.jxl": upright}
for name, elsewhere in expected.items():
    with open(name, "rb") as file:
        data = file.read()
    seen = readings(name, data)
    assert seen["pillow"] == (lying, 6, upright) and all(seen[other] == elsewhere for other in others)
seen = readings("  its EXIF off", without_exif(data))
assert seen["pillow"] == (upright, None, upright) and all(seen[other] == upright for other in others)
PY
echo "still so"
