#!/usr/bin/env bash
# pdf-oxide gives other words in each of its outputs where a line ends with a hyphen, and makes a table of short lines, with words twice.
#
# Library: pdf-oxide 0.3.78 (reportlab 5.1.0 makes the pages). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: one rule for hyphens in all outputs; a table only where there are columns.
# Seen: "well-" and "known" are "wellknown" in extract_text, "well- known" in to_plain_text, "well-known" in to_markdown; extract_text leaves
#   the hyphen out of an address too ("/a-" and "b/c" become "/ab/c"), keeps it before a capital or a digit.
#   Four short lines "Saint-", "Denis and IMG-", "2041 and AB-", "12" become a Markdown table of two columns, and two of them come again below.
# A media indexer must: index a word at a line's end in both forms; not count words by to_markdown.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pdf-oxide==0.3.78 reportlab==5.1.0
venv/bin/python - <<'PY'
import pdf_oxide
from reportlab.pdfgen import canvas


def page(*lines):
    sheet = canvas.Canvas("page.pdf", pagesize=(595, 842))
    sheet.setFont("Helvetica", 12)
    for at, line in enumerate(lines):
        sheet.drawString(50, 800 - 15 * at, line)
    sheet.showPage()
    sheet.save()
    document = pdf_oxide.PdfDocument("page.pdf")
    outputs = [getattr(document, name)(0) for name in ("extract_text", "to_plain_text", "to_markdown")]
    for output in outputs:
        print(repr(output))
    return outputs


text, plain, markdown = page("a well-", "known place at example.org/a-", "b/c today")
assert "wellknown" in text and "/ab/c" in text
assert "well- known" in plain and "well-known" in markdown
text, plain, markdown = page("Saint-", "Denis and IMG-", "2041 and AB-", "12")
assert text.split() == plain.split() == "Saint- Denis and IMG- 2041 and AB- 12".split()
assert "|---|---|" in markdown and markdown.count("IMG-") == 2 and markdown.count("Saint-") == 1
PY
echo "still so"
