#!/usr/bin/env bash
# /ActualText (the words meant by glyphs that do not say them): two PDF readers use it, two do not; one splits the word, one makes up places.
#
# Libraries: pypdfium2 5.15.2 (PDFium) and pymupdf 2.0 use it; pypdf 7.1.1 and pdfminer.six 20260107 give the glyphs.
# pikepdf 10.18.0 writes the page. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: glyphs "l8house" marked with /ActualText (lighthouse):
#   PDFium 'pre lighthouse after'; pymupdf 'pre light house after' (a blank within the word, the replacement being longer than the glyphs);
#   pypdf, pdfminer 'pre l8house after'.
#   PDFium spreads the box of the replaced glyphs evenly over the replacement: ten letters of one width and height, on seven glyphs.
# A media indexer must: not check one reader by another on such files (tagged exports write /ActualText for ligatures, drop capitals and
#   hyphens), and not trust single letter boxes there: the box of the whole run is right, those of its letters are not.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1 pdfminer.six==20260107
venv/bin/python - <<'PY'
import pymupdf
import pypdf
import pypdfium2
from pdfminer.high_level import extract_text

import pikepdf


def write(name, content, properties=None):
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(400, 300))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica, Encoding=pikepdf.Name.WinAnsiEncoding
    )
    pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    pdf.pages[0].Contents = pdf.make_stream(content)
    pdf.save(name)


write("page.pdf", b"BT /F1 12 Tf 50 250 Td (pre ) Tj /Span <</ActualText (lighthouse)>> BDC (l8house) Tj EMC ( after) Tj ET")
text = pypdfium2.PdfDocument("page.pdf")[0].get_textpage()
seen = {
    "PDFium": text.get_text_range(),
    "pymupdf": pymupdf.open("page.pdf")[0].get_text().strip(),
    "pypdf": pypdf.PdfReader("page.pdf").pages[0].extract_text(),
    "pdfminer": extract_text("page.pdf").strip(),
}
print(seen)
assert seen["PDFium"] == "pre lighthouse after" and seen["pymupdf"] == "pre light house after"
assert seen["pypdf"] == seen["pdfminer"] == "pre l8house after"
boxes = [text.get_charbox(number) for number in range(4, 14)]
widths = [round(right - left, 2) for left, _, right, _ in boxes]
heights = {(round(bottom, 2), round(top, 2)) for _, bottom, _, top in boxes}
print("widths of the letters of 'lighthouse':", widths, "bottom and top:", heights)
assert len(heights) == 1 and max(widths) - min(widths) < 0.05, "letters have boxes of their own now"
PY
echo "still so"
