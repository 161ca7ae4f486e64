#!/usr/bin/env bash
# Text that no viewer shows (a layer switched off, text outside the clip): three PDF readers give it, one leaves it out.
#
# Libraries: pymupdf 2.0 leaves it out; pypdfium2 5.15.2 (PDFium), pypdf 7.1.1 and pdfminer.six 20260107 give it. pikepdf 10.18.0 writes the page.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: word in an optional content group that is OFF by default, word drawn outside the clipping path:
#   pymupdf: neither; the others: both. White text and text in render mode 3 (the words under a scan) come from all four.
#   PDFium renders the page without both words: its picture and its text disagree.
# A media indexer must: expect a hit that cannot be seen on the page (old draft layers, other languages, figures cut from larger drawings)
#   and, where text and picture are compared or a second reader is used as a check, not take the difference for damage.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pypdfium2==5.15.2 pikepdf==10.18.0 pymupdf==2.0 pypdf==7.1.1 pdfminer.six==20260107 pillow==13.0.0
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
    group = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name="Draft"))
    pdf.pages[0].Resources.Properties = pikepdf.Dictionary(MC0=group)
    pdf.Root.OCProperties = pikepdf.Dictionary(OCGs=[group], D=pikepdf.Dictionary(OFF=[group], Order=[group]))
    pdf.pages[0].Contents = pdf.make_stream(content)
    pdf.save(name)
    page = pypdfium2.PdfDocument(name)[0]
    dark = page.render(scale=1).to_pil().convert("L").point(lambda value: 255 * (value < 128)).getbbox()
    return dark, {
        "PDFium": page.get_textpage().get_text_range(),
        "pymupdf": pymupdf.open(name)[0].get_text(),
        "pypdf": pypdf.PdfReader(name).pages[0].extract_text(),
        "pdfminer": extract_text(name),
    }


CASES = {
    "layer off": (b"/OC /MC0 BDC BT /F1 12 Tf 50 200 Td (hidden) Tj ET EMC", False),
    "clipped away": (b"q 0 250 400 50 re W n BT /F1 12 Tf 50 200 Td (hidden) Tj ET Q", False),
    "white": (b"q 1 g BT /F1 12 Tf 50 200 Td (hidden) Tj ET Q", True),
    "render mode 3": (b"q BT 3 Tr /F1 12 Tf 50 200 Td (hidden) Tj ET Q", True),
}
for case, (content, in_mupdf) in CASES.items():
    dark, texts = write("page.pdf", b"BT /F1 12 Tf 50 270 Td (seen) Tj ET " + content)
    found = {name: "hidden" in text for name, text in texts.items()}
    print(f"{case}: {found}, dark pixels of PDFium's picture in {dark}")
    assert all("seen" in text for text in texts.values())
    assert found == {"PDFium": True, "pymupdf": in_mupdf, "pypdf": True, "pdfminer": True}
    assert dark is not None and dark[3] < 60, "PDFium now draws the hidden word"
PY
echo "still so"
