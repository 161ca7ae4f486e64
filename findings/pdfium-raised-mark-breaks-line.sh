#!/usr/bin/env bash
# PDFium ends the line behind every raised footnote mark or exponent.
#
# Libraries: pypdfium2 5.15.2 (PDFium), compared with pymupdf 2.0 and pypdf 7.1.1; pikepdf 10.18.0 writes the page.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a 7 point "2" raised by 4 points within a line of 12 points ("area in m" + 2 + " and more words"):
#   PDFium 'area in m2\r\n and more words' (both get_text_range and get_text_bounded); raised by 2 points there is no break.
#   A mark that starts a line is cut off from its note as well: '1\r\n Footnote text'.
#   pymupdf and pypdf: 'area in m2 and more words'. A lowered digit (H2O) breaks nothing in any of them.
# A media indexer must: not take PDFium's line ends for ends of lines as printed, nor a short line for the end of a paragraph:
#   a break followed by a blank ('\r\n ') continues the line; passages and phrases are cut at every footnote otherwise.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1
venv/bin/python - <<'PY'
import pymupdf
import pypdf
import pypdfium2

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
    text = pypdfium2.PdfDocument(name)[0].get_textpage()
    assert text.get_text_range() == text.get_text_bounded()
    return text.get_text_range(), pymupdf.open(name)[0].get_text().strip(), pypdf.PdfReader(name).pages[0].extract_text()


def raised(lead, points):
    return b"BT /F1 12 Tf 50 250 Td (%s) Tj %d Ts /F1 7 Tf (2) Tj 0 Ts /F1 12 Tf ( and more words) Tj ET" % (lead, points)


print("PDFium", pypdfium2.PDFIUM_INFO)
whole = "area in m2 and more words"
for points, expected in ((2, whole), (4, "area in m2\r\n and more words"), (5, "area in m2\r\n and more words")):
    seen, mupdf, other = write("raised.pdf", raised(b"area in m", points))
    print(f"raised by {points}: PDFium {seen!r}, pymupdf {mupdf!r}, pypdf {other!r}")
    assert (seen, mupdf, other) == (expected, whole, whole)
seen, mupdf, _ = write("lowered.pdf", b"BT /F1 12 Tf 50 250 Td (H) Tj /F1 7 Tf -3 Ts (2) Tj /F1 12 Tf 0 Ts (O water) Tj ET")
print(f"lowered: PDFium {seen!r}")
assert seen == mupdf == "H2O water"
note = b"BT /F1 7 Tf 4 Ts 50 250 Td (1) Tj /F1 12 Tf 0 Ts ( Footnote text) Tj ET"
seen, mupdf, _ = write("note.pdf", note)
print(f"note: PDFium {seen!r}, pymupdf {mupdf!r}")
assert seen == "1\r\n Footnote text" and mupdf == "1 Footnote text"
PY
echo "still so"
