#!/usr/bin/env bash
# A scan stored in a PDF as a stencil mask comes out as a negative from three of the usual ways to take pictures out of pages.
#
# Libraries: pypdfium2 5.15.2 (PDFium), pymupdf 2.0, pypdf 7.1.1; pikepdf 10.18.0 writes the page. Met on 29 November 2026, CPython 3.11.
# Seen, a 1-bit /ImageMask (as scanners and their programs store black on white) whose left half is painted black:
#   the page as rendered: left black, right white
#   pypdfium2 get_bitmap(render=False) and extract(), pymupdf extract_image: left white, right black
#   pypdf .images: left black, right white
#   The same bits as a 1-bit grey picture instead of a mask are right in all.
# A media indexer must: ask for /ImageMask and invert, or render the object; recognition and picture vectors of a negative are worse,
#   and the same scan kept once as mask and once as picture is no duplicate.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import io

import numpy
import pikepdf
import pymupdf
import pypdf
import pypdfium2
import pypdfium2.raw
from PIL import Image

bits = numpy.zeros((100, 200), bool)
bits[:, 100:] = True  # 0 is painted in a mask, 0 is black in a grey picture


def look(picture):
    """Left and right half as black or white."""
    grey = numpy.asarray(picture.convert("L"))
    return tuple("black" if half < 128 else "white" for half in (grey[50, 50], grey[50, 150]))


def read(**kind):
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 100))
    stream = pdf.make_stream(numpy.packbits(bits, axis=1).tobytes())
    stream.Type, stream.Subtype, stream.Width, stream.Height = pikepdf.Name.XObject, pikepdf.Name.Image, 200, 100
    stream.BitsPerComponent = 1
    for name, value in kind.items():
        stream[f"/{name}"] = value
    pdf.pages[0].Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(I=stream))
    pdf.pages[0].Contents = pdf.make_stream(b"q 200 0 0 100 0 0 cm /I Do Q")
    pdf.save("page.pdf")
    page = pypdfium2.PdfDocument("page.pdf")[0]
    placed = next(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    raw = io.BytesIO()
    placed.extract(raw)
    document = pymupdf.open("page.pdf")
    return {
        "page": look(page.render().to_pil()),
        "get_bitmap": look(placed.get_bitmap(render=False).to_pil()),
        "extract": look(Image.open(raw)),
        "pymupdf": look(Image.open(io.BytesIO(document.extract_image(document[0].get_images()[0][0])["image"]))),
        "pypdf": look(pypdf.PdfReader("page.pdf").pages[0].images[0].image),
    }


right, negative = ("black", "white"), ("white", "black")
seen = read(ImageMask=True)
print("mask:", seen)
assert seen == {"page": right, "get_bitmap": negative, "extract": negative, "pymupdf": negative, "pypdf": right}
seen = read(ColorSpace=pikepdf.Name.DeviceGray)
print("grey:", seen)
assert set(seen.values()) == {right}
PY
echo "still so"
