#!/usr/bin/env bash
# MarkItDown changes the text of spreadsheet cells: leading zeros and all digits behind the seventh are lost, empty cells say NaN.
#
# Libraries: markitdown 0.1.9, openpyxl 3.1.5, pandas 3.0.3. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a column of the text cell `00123` comes out as 123; above an empty cell as 123.0; the serial number 4006381333931 above an
#   empty cell as 4.006381e+12; empty cells as the word NaN; a one-column sheet of one row is a heading without rows.
# A media indexer must: read cells itself (python-calamine, openpyxl) and write numbers as they are shown: a part number, a
#   telephone number or a barcode is what people search a table for.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet 'markitdown[xlsx]==0.1.9' openpyxl==3.1.5 pandas==3.0.3
venv/bin/python -W ignore - <<'PY'
import openpyxl
from markitdown import MarkItDown

book = openpyxl.Workbook()
sheet = book.active
for row in (["part", "article", "barcode"], ["00123", "00123", 4006381333931], ["00456", None, None]):
    sheet.append(row)
book.save("parts.xlsx")
text = MarkItDown().convert("parts.xlsx").text_content
print(text)
assert "00123" not in text and "123.0" in text
assert "4006381333931" not in text and "4.006381e+12" in text
assert "NaN" in text
PY
echo "still so"
