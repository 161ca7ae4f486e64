#!/usr/bin/env bash
# RapidOCR turns a photo by its EXIF orientation when it gets a path, not when it gets the same file as bytes or as a Pillow image.
#
# Libraries: rapidocr 3.10.0, onnxruntime 1.32.0, opencv-python 5.0.0.93, pillow 13.0.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a page of three lines stored upside down with orientation 3:
#   path:           lines from first to third, boxes in upright coordinates
#   bytes, Pillow:  every line is read without a fault (the line classifier turns each), but from third to first, boxes on the stored picture
#   So the words look right and only their order and places are wrong.
# A media indexer must: turn every picture itself and give the array; a check on the words alone does not notice the difference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet rapidocr==3.10.0 onnxruntime==1.32.0 opencv-python==5.0.0.93 pillow==13.0.0 numpy==2.4.6
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import pathlib

from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR

LINES = ("Lighthouse keeper 4711", "slept through the storm", "Harbour office, Room 12")
page = Image.new("RGB", (500, 260), "white")
for number, line in enumerate(LINES):
    ImageDraw.Draw(page).text((40, 40 + 60 * number), line, fill="black", font=ImageFont.load_default(size=28))
exif = Image.Exif()
exif[274] = 3
page.rotate(180).save("page.jpg", exif=exif.tobytes(), quality=95)

engine = RapidOCR(params={"Global.log_level": "error"})
for name, given in (("path", "page.jpg"), ("bytes", pathlib.Path("page.jpg").read_bytes()), ("Pillow", Image.open("page.jpg"))):
    result = engine(given)
    left = round(float(result.boxes[0][0][0]))
    print(f"{name}: {result.txts}, first box starts at x = {left}")
    assert result.txts == (LINES if name == "path" else LINES[::-1])
    assert (left < 60) == (name == "path")
PY
echo "still so"
