#!/usr/bin/env bash
# PDFium gives the lines of a page that is shown sideways from last to first, but only for one of the two directions.
#
# Libraries: pypdfium2 5.15.2 (PDFium), compared with pymupdf 2.0, pypdf 7.1.1, pdfminer.six 20260107; pikepdf 10.18.0 writes the page.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: three lines drawn in reading order, the page turned by /Rotate so that they are read sideways (a scan or a table laid on its side):
#   /Rotate 90: PDFium 'third line\r\nsecond line\r\nfirst line'; /Rotate 0, 180, 270: first to third.
#   pymupdf and pypdf keep first to third for all four. pdfminer.six gives /Rotate 90 and 270 letter by letter, one a line
#   (270 backwards as well), and /Rotate 180 from the last line to the first.
# A media indexer must: not join lines across their ends on such pages without looking at their places; a phrase that crosses two lines
#   is lost. Take /Rotate off before reading (the words stay the same) and turn only what is rendered.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1 pdfminer.six==20260107
venv/bin/python - <<'PY'
import pikepdf
import pymupdf
import pypdf
import pypdfium2
from pdfminer.high_level import extract_text

LINES = ["first line", "second line", "third line"]


def write(turn):
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(400, 300))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica, Encoding=pikepdf.Name.WinAnsiEncoding
    )
    pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 12 Tf 20 TL 50 250 Td (first line) Tj T* (second line) Tj T* (third line) Tj ET")
    pdf.pages[0].Rotate = turn
    pdf.save(f"{turn}.pdf")
    return f"{turn}.pdf"


def order(text):
    return [line for line in text.splitlines() if line.strip()]


print("PDFium", pypdfium2.PDFIUM_INFO)
for turn in (0, 90, 180, 270):
    name = write(turn)
    page = pypdfium2.PdfDocument(name)[0]
    seen = order(page.get_textpage().get_text_range())
    page.set_rotation(0)
    unturned = order(page.get_textpage().get_text_range())
    miner = order(extract_text(name))
    print(f"/Rotate {turn}: PDFium {seen}, with the turn taken off {unturned}, pdfminer {miner[:4]}...")
    assert seen == (LINES[::-1] if turn == 90 else LINES)
    assert order(pymupdf.open(name)[0].get_text()) == LINES
    assert order(pypdf.PdfReader(name).pages[0].extract_text()) == LINES
    assert (miner == LINES) == (turn == 0)
    if turn in (90, 270):
        assert all(len(line.strip()) <= 1 for line in miner)
    if turn == 180:
        assert miner == LINES[::-1]
    assert unturned == LINES, "reading without the turn no longer helps"
PY
echo "still so"
