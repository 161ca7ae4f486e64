#!/usr/bin/env bash
# Pictures of 16 bits, Lab and spot colours in a PDF: two extractors give other pictures, without an error.
#
# Libraries: pypdf 7.1.1, pypdfium2 5.15.2 (PDFium), pymupdf 2.0; pikepdf 10.18.0 writes the page. Met on 29 November 2026, CPython 3.11.
# Seen, left half black, right half white (for the spot colour: left no ink, right full ink of a red):
#   16-bit grey:  pypdf .images and pypdfium2 extract() give half of the rows doubled in width (bytes taken for pixels);
#                 pypdfium2 get_bitmap() and pymupdf are right
#   Lab:          pypdf a palette picture that is black all over; the others right
#   Separation:   pypdf black and white where the page is white and red; the others right
# A media indexer must: take the bitmap that the renderer decodes, and compare an extracted picture with the rendered one before trust.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1 pillow==13.0.0 numpy==2.4.6
venv/bin/python -W ignore - 2>/dev/null <<'PY'
import io

import numpy
import pikepdf
import pymupdf
import pypdf
import pypdfium2
import pypdfium2.raw
from PIL import Image

Name, Array, Dictionary = pikepdf.Name, pikepdf.Array, pikepdf.Dictionary
grey = numpy.zeros((100, 200), numpy.uint8)
grey[:, 100:] = 255
grey[:10] = 128  # a band at the top tells doubled rows


def look(picture):
    """Colours of left, right and of the band, rounded to 64."""
    rgb = picture.convert("RGB")
    return tuple(tuple(round(value / 64) for value in rgb.getpixel(place)) for place in ((20, 90), (180, 90), (20, 3)))


def read(data, bits, space):
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(200, 100))
    stream = pdf.make_stream(data)
    stream.Type, stream.Subtype, stream.Width, stream.Height = Name.XObject, Name.Image, 200, 100
    stream.BitsPerComponent, stream.ColorSpace = bits, space
    pdf.pages[0].Resources = Dictionary(XObject=Dictionary(I=stream))
    pdf.pages[0].Contents = pdf.make_stream(b"q 200 0 0 100 0 0 cm /I Do Q")
    pdf.save("page.pdf")
    page = pypdfium2.PdfDocument("page.pdf")[0]
    placed = next(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))
    raw = io.BytesIO()
    placed.extract(raw)
    document = pymupdf.open("page.pdf")
    shown = look(page.render().to_pil())
    seen = {
        "get_bitmap": look(placed.get_bitmap(render=False).to_pil()),
        "extract": look(Image.open(raw)),
        "pymupdf": look(Image.open(io.BytesIO(document.extract_image(document[0].get_images()[0][0])["image"]))),
        "pypdf": look(pypdf.PdfReader("page.pdf").pages[0].images[0].image),
    }
    return {name: value == shown for name, value in seen.items()}


half = numpy.full_like(grey, 128)
spot = Dictionary(FunctionType=2, Domain=[0, 1], C0=[0, 0, 0, 0], C1=[0, 1, 1, 0], N=1)
lab = Dictionary(WhitePoint=[0.9642, 1, 0.8249], Range=[-128, 127, -128, 127])
CASES = {
    "8-bit grey": ((grey.tobytes(), 8, Name.DeviceGray), set()),
    "16-bit grey": (((grey.astype(">u2") * 257).astype(">u2").tobytes(), 16, Name.DeviceGray), {"extract", "pypdf"}),
    "Lab": ((numpy.dstack([grey, half, half]).tobytes(), 8, Array([Name.Lab, lab])), {"pypdf"}),
    "Separation": ((grey.tobytes(), 8, Array([Name.Separation, Name.Spot, Name.DeviceCMYK, spot])), {"pypdf"}),
}
for case, (picture, wrong) in CASES.items():
    same = read(*picture)
    print(f"{case}: same as the rendered page: {same}")
    assert {name for name, equal in same.items() if not equal} == wrong
PY
echo "still so"
