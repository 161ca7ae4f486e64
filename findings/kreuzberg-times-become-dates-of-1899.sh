#!/usr/bin/env bash
# Kreuzberg writes times of day and durations of a spreadsheet as dates of 1899 and 1900, and gives Shift-JIS text as question signs.
#
# Libraries: kreuzberg 4.10.4, openpyxl 3.1.5. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: the cell 09:30 comes as `1899-12-31 09:30:00`, a duration of 30 hours as `1900-01-01 06:00:00`, a date without a time as
#   `2020-01-02 00:00:00`. A text file in Shift-JIS comes as U+FFFD without an error, a CSV in Latin-1 comes right.
# A media indexer must: write cells by their number format; count U+FFFD in what a text extractor gives and decode such a
#   file itself, else a plain search for years finds 1899 and a Japanese note is lost in silence.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet kreuzberg==4.10.4 openpyxl==3.1.5
venv/bin/python - <<'PY'
import datetime
import pathlib

import openpyxl
from kreuzberg import extract_file_sync

book = openpyxl.Workbook()
book.active.append([datetime.date(2020, 1, 2), datetime.time(9, 30), datetime.timedelta(hours=30)])
book.save("times.xlsx")
cells = extract_file_sync("times.xlsx").content
print(cells)
assert "1899-12-31 09:30:00" in cells and "1900-01-01 06:00:00" in cells
pathlib.Path("note.txt").write_bytes("東京都の天気は晴れです。明日は雨が降るでしょう。\n".encode("shift_jis"))
note = extract_file_sync("note.txt").content
print(note)
assert "\ufffd" in note and "東京" not in note
pathlib.Path("towns.csv").write_bytes("name;town\nJörg;Köln\n".encode("latin-1"))
assert "Köln" in extract_file_sync("towns.csv").content
PY
echo "still so"
