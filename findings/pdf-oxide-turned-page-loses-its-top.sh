#!/usr/bin/env bash
# pdf-oxide leaves out the text in the upper part of a page shown sideways, and joins words in one output that it splits in the other.
#
# Library: pdf-oxide 0.3.78 (reportlab 5.1.0 makes the pages). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: a turned page in another order of lines, with all words.
# Seen: with /Rotate 90 or 270 the lines higher than the turned page's height (595 of 842 points) are missing from extract_text,
#   to_plain_text and extract_words; extract_chars has them all. A page whose lines all stand there is empty, without an error.
#   A hyphen at the end of a line: extract_text gives "wellknown", to_plain_text "well- known", to_markdown "well-known"; extract_text
#   leaves the hyphen out of an address too ("/a-" and "b/c" become "/ab/c").
# A media indexer must: build words from extract_chars, or take the rotation off before it reads; try both forms of a word at a line's end.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pdf-oxide==0.3.78 reportlab==5.1.0
venv/bin/python - <<'PY'
import pdf_oxide
from reportlab.pdfgen import canvas


def page(lines, turn=0):
    sheet = canvas.Canvas("page.pdf", pagesize=(595, 842))
    sheet.setFont("Helvetica", 12)
    sheet.setPageRotation(turn)
    for height, line in lines:
        sheet.drawString(50, height, line)
    sheet.showPage()
    sheet.save()
    return pdf_oxide.PdfDocument("page.pdf")


lines = [(height, f"word{height}") for height in range(800, 0, -100)]
for turn in (0, 90, 180, 270):
    document = page(lines, turn)
    words, characters = document.extract_text(0).split(), "".join(character.char for character in document.extract_chars(0))
    print(turn, words, "characters:", len(characters))
    assert sorted(words) == sorted(word for height, word in lines if turn % 180 == 0 or height < 595)
    assert len(characters) == 8 * 7 and len(document.extract_words(0)) == len(words)
assert page([(800, "heading"), (780, "text")], 90).extract_text(0) == ""
document = page([(800, "a well-"), (785, "known place at example.org/a-"), (770, "b/c today")])
for name in ("extract_text", "to_plain_text", "to_markdown"):
    print(name, repr(getattr(document, name)(0)))
assert "wellknown" in document.extract_text(0) and "/ab/c" in document.extract_text(0)
assert "well- known" in document.to_plain_text(0) and "well-known" in document.to_markdown(0)
PY
echo "still so"
