#!/usr/bin/env bash
# JPEG XL may keep Exif and XMP compressed, as the standard allows; the plugin of Pillow then has neither, without an error.
#
# Libraries: pillow-jxl-plugin 1.3.8, pillow 13.0.0, pyexiv2 2.16.0; brotli 1.2.0 compresses the box. Met on 30 November 2026, CPython 3.11,
# Linux x86-64.
# Seen, one picture with date and description, its box `Exif` once plain and once inside a box `brob` (Brotli), as ISO/IEC 18181-2 allows:
#   plain       Pillow: both entries; exiv2: both entries
#   compressed  Pillow: getexif() is empty, info has no "exif", pixels are right; exiv2: RuntimeError("corrupted image metadata")
#   Saving with compress_boxes=True in the same plugin leaves the box plain, so a round trip in the plugin does not show it.
#   A JPEG that was transcoded loses its date, place and camera in this way; the turn stays, since it stands in the codestream.
# A media indexer must: walk the boxes itself and decompress `brob` (kind in its first four bytes), or say that the date was not read.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow-jxl-plugin==1.3.8 pillow==13.0.0 pyexiv2==2.16.0 brotli==1.2.0
venv/bin/python - <<'PY'
import struct

import brotli
import pillow_jxl  # noqa: F401
import pyexiv2
from PIL import Image


def boxes(data):
    """Kind and payload of each box of an ISO base media file."""
    while data:
        length = struct.unpack(">I", data[:4])[0] or len(data)
        yield data[4:8], data[8:length]
        data = data[length:]


def box(kind, payload):
    return struct.pack(">I", 8 + len(payload)) + kind + payload


exif = Image.Exif()
exif[270], exif[306] = "a quokka", "2019:07:14 10:11:12"
picture = Image.new("RGB", (64, 48), (200, 10, 10))
picture.save("plain.jxl", exif=exif.tobytes(), lossless=True)
picture.save("asked.jxl", exif=exif.tobytes(), lossless=True, compress_boxes=True)
with open("asked.jxl", "rb") as file:
    assert [kind for kind, _ in boxes(file.read())].count(b"brob") == 0
with open("plain.jxl", "rb") as file:
    parts = list(boxes(file.read()))
with open("compressed.jxl", "wb") as file:
    for kind, payload in parts:
        file.write(box(b"brob", kind + brotli.compress(payload)) if kind == b"Exif" else box(kind, payload))
for path, entries in (("plain.jxl", {270: "a quokka", 306: "2019:07:14 10:11:12"}), ("compressed.jxl", {})):
    with Image.open(path) as opened:
        found, named, pixel = dict(opened.getexif()), opened.info.get("exif"), opened.getpixel((5, 5))
    print(path, "Pillow", found, pixel)
    assert found == entries and bool(named) == bool(entries) and pixel == (200, 10, 10)
    try:
        said = pyexiv2.Image(path).read_exif()
    except RuntimeError as error:
        said = str(error)
    print(path, "exiv2 ", said)
    assert said == "corrupted image metadata" if path == "compressed.jxl" else len(said) == 2
PY
echo "still so"
