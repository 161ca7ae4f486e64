#!/usr/bin/env bash
# SQLite's full text finds words behind a NUL character, and highlight() and snippet() leave out the text between.
#
# Library: SQLite 3.54.1 (apsw 3.54.1.0); the 3.40.1 of CPython on Debian 12 does the same. Met on 29 November 2026, Linux x86-64.
# Seen, 'alpha\0beta gamma' in an FTS5 table:
#   MATCH 'beta' and 'gamma' find the row;
#   highlight() of 'gamma' gives 'alpha[gamma]' and so does snippet(): the NUL and "beta " between the two are gone;
#   in an ordinary table length() is 5, LIKE '%gamma%' is false, instr() is 12, replace() works, upper() keeps all of it.
# Texts out of PDFs and subtitles do hold NULs; a quotation built from such a string says something that nobody wrote.
# A media indexer must: replace NUL by a blank where text comes out of a reader, before it is stored, cut or counted.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet apsw==3.54.1.0
venv/bin/python - <<'PY'
import sqlite3

import apsw

TEXT = "alpha\0beta gamma"
for name, db in ((f"CPython {sqlite3.sqlite_version}", sqlite3.connect(":memory:")), (f"apsw {apsw.sqlite_lib_version()}", apsw.Connection(":memory:"))):
    db.execute("create virtual table passages using fts5(body)")
    db.execute("insert into passages values (?)", (TEXT,))
    found = [list(db.execute("select count(*) from passages where passages match ?", (word,)))[0][0] for word in ("alpha", "beta", "gamma")]
    marked = list(
        db.execute("select highlight(passages, 0, '[', ']'), snippet(passages, 0, '[', ']', '', 8) from passages where passages match 'gamma'")
    )[0]
    plain = list(db.execute("select length(body), body like '%gamma%', instr(body, 'gamma'), body, upper(body) from passages"))[0]
    print(name, "found", found, "marked", marked, "plain", plain)
    assert found == [1, 1, 1] and marked == ("alpha[gamma]", "alpha[gamma]")
    assert plain == (5, 0, 12, TEXT, TEXT.upper())
PY
echo "still so"
