#!/usr/bin/env bash
# puremagic's first answer for a HEIC photo is a video; without a name a workbook is a text document.
#
# Libraries: puremagic 1.30, compared with filetype 1.2.0; pillow-heif 1.8.1, pillow 13.0.0 and openpyxl 3.1.5 write the files.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: photo.heic -> ['.mp4', '.heif'], both 0.8 sure, '.mp4' first although the name ends in .heic; from_string(bytes) '.mp4'.
#   book.xlsx by name '.xlsx'; from_string(bytes) '.docx'. AVIF and JPEG XL are right.
#   filetype says heic and xlsx, but knows neither JPEG XL nor an animated AVIF (brand avis): None.
# A media indexer must: read the brands of "ftyp" boxes and the parts of zip files itself; neither library is right for all photos of today.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet puremagic==1.30 filetype==1.2.0 pillow==13.0.0 pillow-heif==1.8.1 pillow-jxl-plugin==1.3.8 openpyxl==3.1.5
venv/bin/python - <<'PY'
import pathlib

import filetype
import openpyxl
import pillow_heif
import pillow_jxl  # noqa: F401 (registers the format)
import puremagic
from PIL import Image

pillow_heif.register_heif_opener()
picture = Image.new("RGB", (64, 48), "red")
picture.save("photo.heic")
picture.save("photo.jxl")
picture.save("photo.avif")
picture.save("moving.avif", save_all=True, append_images=[Image.new("RGB", (64, 48), "blue")], duration=100)
openpyxl.Workbook().save("book.xlsx")
EXPECTED = {  # puremagic by name, by bytes, filetype
    "photo.heic": (".mp4", ".mp4", "heic"),
    "photo.jxl": (".jxl", ".jxl", None),
    "photo.avif": (".avif", ".avif", "avif"),
    "moving.avif": (".avif", ".avif", None),
    "book.xlsx": (".xlsx", ".docx", "xlsx"),
}
for name, expected in EXPECTED.items():
    answers = puremagic.magic_file(name)
    guess = filetype.guess(name)
    seen = (answers[0].extension, puremagic.from_string(pathlib.Path(name).read_bytes()), guess and guess.extension)
    print(name, [(answer.extension, answer.confidence) for answer in answers[:3]], "by bytes", seen[1], "filetype", seen[2])
    assert seen == expected
PY
echo "still so"
