#!/usr/bin/env bash
# striprtf gives emoji of RTF as two halves that cannot be written as UTF-8.
#
# Library: striprtf 0.0.35. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: RTF writes letters beyond U+FFFF as two \u numbers (\u-10179?\u-8704? is one emoji). rtf_to_text gives '\ud83d\ude00', two lone
#   surrogates of length 2; .encode("utf-8") raises UnicodeEncodeError, and so does writing it to SQLite; errors="replace" changes nothing.
#   In a log or a JSON file with ensure_ascii it looks right.
# A media indexer must: join the halves (text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")) on whatever it gives.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet striprtf==0.0.35
venv/bin/python - <<'PY'
import sqlite3

from striprtf.striprtf import rtf_to_text

FILE = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}}\pard\f0 keeper \u-10179?\u-8704? smiled\par}"
for options in ({}, {"errors": "replace"}, {"errors": "ignore"}):
    text = rtf_to_text(FILE, **options)
    print(options, ascii(text))
    assert text == "keeper \ud83d\ude00 smiled\n"
    for write in (lambda: text.encode(), lambda: sqlite3.connect(":memory:").execute("select ?", (text,))):
        try:
            write()
        except UnicodeEncodeError as error:
            print("  ", error)
        else:
            raise AssertionError("the halves can be written now")
joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
assert joined == "keeper \U0001f600 smiled\n"
PY
echo "still so"
