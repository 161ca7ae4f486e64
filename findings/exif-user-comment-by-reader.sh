#!/usr/bin/env bash
# EXIF UserComment in Unicode: three readers, three byte orders.
#
# Libraries: piexif 1.1.3, pyexiv2 2.16.0 (Exiv2), ExifRead 3.5.1; pillow 13.0.0 writes the JPEG and gives raw bytes.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, "Füchse 狐" behind the marker UNICODE, for TIFF byte order (II, MM) and order of the comment's letters (writers do not agree):
#   piexif.helper   big-endian always: II/II and MM/II come out as '䘀ﰀ挀栀猀攀…'
#   Exiv2           the order of the TIFF: II/MM and MM/II come out as such letters; a byte order mark is obeyed
#   ExifRead        each byte by itself: 'Füchse Ðr' or 'Füchse rÐ': Western letters look right, all others are lost
# A media indexer must: take the raw bytes, obey a byte order mark, else decode both ways and keep the one whose letters are likelier.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet piexif==1.1.3 pyexiv2==2.16.0 ExifRead==3.5.1 pillow==13.0.0
venv/bin/python - <<'PY'
import struct

import exifread
import piexif
import piexif.helper
import pyexiv2
from PIL import Image

WORDS = "Füchse 狐"


def block(order, comment):
    """An EXIF block with nothing but a UserComment."""
    end = {"II": "<", "MM": ">"}[order]
    first = struct.pack(end + "HHHLLL", 1, 0x8769, 4, 1, 26, 0)
    second = struct.pack(end + "HHHLLL", 1, 0x9286, 7, len(comment), 44, 0)
    return b"Exif\0\0" + order.encode() + struct.pack(end + "HL", 42, 8) + first + second + comment


right = {}
for order in ("II", "MM"):
    for letters in ("II", "MM", "mark"):
        coded = WORDS.encode({"II": "utf-16-le", "MM": "utf-16-be", "mark": "utf-16"}[letters])
        Image.new("RGB", (16, 16)).save("photo.jpg", exif=block(order, b"UNICODE\0" + coded))
        with open("photo.jpg", "rb") as file:
            read = str(exifread.process_file(file)["EXIF UserComment"])
        with pyexiv2.Image("photo.jpg") as image:
            exiv2 = image.read_exif()["Exif.Photo.UserComment"].removeprefix("charset=Unicode ")
        helper = piexif.helper.UserComment.load(piexif.load("photo.jpg")["Exif"][0x9286])
        print(f"TIFF {order}, letters {letters}: piexif {helper!r}, Exiv2 {exiv2!r}, ExifRead {read!r}")
        right[order, letters] = (helper == WORDS, exiv2 == WORDS, read == WORDS)
assert right == {
    ("II", "II"): (False, True, False),
    ("II", "MM"): (True, False, False),
    ("II", "mark"): (False, True, False),
    ("MM", "II"): (False, False, False),
    ("MM", "MM"): (True, True, False),
    ("MM", "mark"): (False, True, False),
}
PY
echo "still so"
