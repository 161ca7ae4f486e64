#!/usr/bin/env bash
# Where a PDF has both lists of named places, pypdf and pymupdf lose one: chapters have no page, or page 0.
#
# Libraries: pypdf 7.1.1, pymupdf 2.0, pypdfium2 5.15.2; pikepdf 10.18.0 makes the file. Met on 30 November 2026, CPython 3.11, Linux x86-64.
# Seen, a name of PDF 1.1 ("old", in /Dests of the catalogue) and one of PDF 1.2 ("new", in /Names /Dests), each with a bookmark, as joined
#   files of two writers have them:
#              "old" (page 2)     "new" (page 3)
#   pdfium     2                  3
#   pypdf      2                  None, and named_destinations has "old" alone
#   pymupdf    2                  0 in get_toc()
#   With either list alone all three tell both pages.
# A media indexer must: look each name up in both lists itself, or take the pages from PDFium; treat page 0 and None as unknown.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdf==7.1.1 pymupdf==2.0 pypdfium2==5.15.2 pikepdf==10.18.0
ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import pikepdf
import pymupdf
import pypdf
import pypdfium2
from pikepdf import Array, Dictionary, Name, String


def pages(old, new):
    """Page numbers, from 1, of the bookmarks by pypdf, pymupdf and PDFium."""
    pdf = pikepdf.new()
    for _ in range(3):
        pdf.add_blank_page(page_size=(200, 200))
    marks = []
    if old:
        pdf.Root.Dests = Dictionary(old=Array([pdf.pages[1].obj, Name.Fit]))
        marks.append(Dictionary(Title=String("old"), Dest=Name.old))
    if new:
        pdf.Root.Names = Dictionary(Dests=Dictionary(Names=Array([String("new"), Array([pdf.pages[2].obj, Name.Fit])])))
        marks.append(Dictionary(Title=String("new"), Dest=String("new")))
    marks = [pdf.make_indirect(mark) for mark in marks]
    outline = pdf.make_indirect(Dictionary(Type=Name.Outlines, Count=len(marks), First=marks[0], Last=marks[-1]))
    for mark in marks:
        mark.Parent = outline
    if old and new:
        marks[0].Next, marks[1].Prev = marks[1], marks[0]
    pdf.Root.Outlines = outline
    pdf.save("book.pdf")
    reader = pypdf.PdfReader("book.pdf")
    by_pypdf = [reader.get_destination_page_number(mark) for mark in reader.outline]
    by_pypdf = [number if number is None else number + 1 for number in by_pypdf]
    by_pymupdf = [number for _, _, number in pymupdf.open("book.pdf").get_toc()]
    by_pdfium = [mark.get_dest().get_index() + 1 for mark in pypdfium2.PdfDocument("book.pdf").get_toc()]
    print(old, new, by_pypdf, by_pymupdf, by_pdfium, list(reader.named_destinations))
    return by_pypdf, by_pymupdf, by_pdfium


assert pages(True, False) == ([2], [2], [2])
assert pages(False, True) == ([3], [3], [3])
assert pages(True, True) == ([2, None], [2, 0], [2, 3])
PY
echo "still so"
