#!/usr/bin/env bash
# PDFium's bounded text loses line breaks on pages with /Rotate 90 or 270.
#
# Libraries: pypdfium2 5.15.2 (PDFium), pikepdf 10.18.0 to write the page. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a page whose text is shown upright through /Rotate 90 (as landscape pages are made) holds three lines.
#   get_text_range():   'first line here\r\nsecond line here\r\nthird line here'
#   get_text_bounded(): 'first line here\r\nsecond line herethird line here'
#   With /Rotate 0 or 180 both give three lines. Nothing is raised or logged.
# A media indexer must: take get_text_range() for whole pages (bounded text glues the last word of a line to the first of the next,
#   so neither is found), or compare both and prefer the one with more breaks.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0
venv/bin/python - <<'PY'
import pikepdf
import pypdfium2

WIDTH, HEIGHT = 400, 300
LINES = ("first line here", "second line here", "third line here")
MATRIX = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}  # cosine and sine of the turn of the text


def page(turn):
    cos, sin = MATRIX[turn]
    content = ""
    for number, line in enumerate(LINES):
        u, v = 50, 200 - 20 * number  # where the line stands on the page as it is shown
        x, y = {0: (u, v), 90: (WIDTH - v, u), 180: (WIDTH - u, HEIGHT - v), 270: (v, HEIGHT - u)}[turn]
        content += f"BT /F1 12 Tf {cos} {sin} {-sin} {cos} {x} {y} Tm ({line}) Tj ET\n"
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(WIDTH, HEIGHT))
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica, Encoding=pikepdf.Name.WinAnsiEncoding
    )
    pdf.pages[0].Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
    pdf.pages[0].Contents = pdf.make_stream(content.encode())
    pdf.pages[0].Rotate = turn
    pdf.save(f"{turn}.pdf")
    text = pypdfium2.PdfDocument(f"{turn}.pdf")[0].get_textpage()
    return text.get_text_range(), text.get_text_bounded()


print("pypdfium2", pypdfium2.PYPDFIUM_INFO, "PDFium", pypdfium2.PDFIUM_INFO)
right = "\r\n".join(LINES)
glued = "first line here\r\nsecond line herethird line here"
for turn in MATRIX:
    ranged, bounded = page(turn)
    print(f"/Rotate {turn}: range {ranged!r}, bounded {bounded!r}")
    assert ranged == right
    assert bounded == (glued if turn in (90, 270) else right)
PY
echo "still so"
