#!/usr/bin/env bash
# RapidOCR finds no text in a CMYK JPEG and invents characters for a 16-bit grey PNG, without an error.
#
# Libraries: rapidocr 3.10.0, onnxruntime 1.32.0, opencv-python 5.0.0.93, pillow 13.0.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: the same page of text as RGB, palette, 1 bit, grey with alpha: text found. As CMYK JPEG (what print shops and some scanners make):
#   txts None, no exception, the log line of an empty page. As 16-bit grey PNG: one line of sixteen unrelated Chinese
#   characters with a score above the engine's limit (or none, by the size of the page).
#   (Four channels are taken for RGB and transparency, 16-bit values for 8-bit ones.)
# A media indexer must: convert to 8-bit RGB before recognition; neither "no text" nor a text is proof that the picture was understood.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet rapidocr==3.10.0 onnxruntime==1.32.0 opencv-python==5.0.0.93 pillow==13.0.0 numpy==2.4.6
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import numpy
from PIL import Image, ImageDraw, ImageFont
from rapidocr import RapidOCR

page = Image.new("RGB", (500, 200), "white")
for number, line in enumerate(("Lighthouse keeper 4711", "slept through the storm")):
    ImageDraw.Draw(page).text((40, 40 + 60 * number), line, fill="black", font=ImageFont.load_default(size=28))
page.save("rgb.png")
page.convert("P").save("palette.png")
page.convert("1").save("one-bit.png")
page.convert("LA").save("grey-alpha.png")
page.convert("CMYK").save("cmyk.jpg", quality=95)
Image.fromarray(numpy.asarray(page.convert("L")).astype(numpy.uint16) * 257).save("grey-16.png")
Image.new("RGB", (500, 200), "white").save("empty.png")

engine = RapidOCR(params={"Global.log_level": "error"})
for name in ("rgb.png", "palette.png", "one-bit.png", "grey-alpha.png", "cmyk.jpg", "grey-16.png", "empty.png"):
    found = engine(name).txts
    print(f"{name}: {found}")
    if name == "grey-16.png":
        assert found is None or not any(letter.isascii() and letter.isalpha() for letter in "".join(found)), "16-bit pictures are read now"
    else:
        assert (found is None) == (name in ("cmyk.jpg", "empty.png"))
        assert found is None or "Lighthouse" in found[0]
found = engine(numpy.asarray(Image.open("cmyk.jpg").convert("RGB"))).txts
print("cmyk.jpg converted by Pillow:", found)
assert found is not None and "Lighthouse" in found[0]
PY
echo "still so"
