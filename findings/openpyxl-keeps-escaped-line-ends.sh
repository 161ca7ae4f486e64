#!/usr/bin/env bash
# openpyxl undoes one half of a workbook's escapes: "_x005F_" is taken away, "_x000D_" stays in the text, in the middle of words.
#
# Libraries: openpyxl 3.1.5 and what reads with it (markitdown, pandas); python-calamine 0.9.1 is right; XlsxWriter 3.3.1 writes the file.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, cells and a comment as XlsxWriter (and Excel) store them:
#   text written            openpyxl                     calamine
#   "first\r\nsecond"       "first_x000D_\nsecond"       "first\r\nsecond"
#   "bell\x07"              "bell_x0007_"                "bell\x07"
#   "_x0041_"               "_x0041_"                    "_x0041_"          stored as "_x005F_x0041_"
#   comment "note\r\nnext"  "note_x000D_\nnext"
# A media indexer must: replace _x000D_ by nothing and the other _xHHHH_ of control characters by a blank, or read cells with calamine; otherwise
#   "first" is not found and "x000D" is. Undoing all of them after openpyxl would change the cell that really says "_x0041_".
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet openpyxl==3.1.5 XlsxWriter==3.3.1 python-calamine==0.9.1
venv/bin/python - <<'PY'
import zipfile

import openpyxl
import python_calamine
import xlsxwriter

TEXTS = ["first\r\nsecond", "bell\x07", "_x0041_", "tab\tstays"]
workbook = xlsxwriter.Workbook("book.xlsx")
sheet = workbook.add_worksheet()
for row, text in enumerate(TEXTS):
    sheet.write_string(row, 0, text)
sheet.write_comment(0, 1, "note\r\nnext")
workbook.close()
stored = zipfile.ZipFile("book.xlsx").read("xl/sharedStrings.xml").decode()
assert "first_x000D_\nsecond" in stored and "_x005F_x0041_" in stored

for read_only in (False, True):
    page = openpyxl.load_workbook("book.xlsx", read_only=read_only, data_only=True).active
    cells = [row[0] for row in page.iter_rows(max_col=1, values_only=True)]
    print("openpyxl, read_only", read_only, cells)
    assert cells == ["first_x000D_\nsecond", "bell_x0007_", "_x0041_", "tab\tstays"]
comment = openpyxl.load_workbook("book.xlsx").active["B1"].comment.text
calamine = [row[0] for row in python_calamine.CalamineWorkbook.from_path("book.xlsx").get_sheet_by_index(0).to_python()]
print("comment", repr(comment), "calamine", calamine)
assert comment == "note_x000D_\nnext" and calamine == TEXTS
PY
echo "still so"
