#!/usr/bin/env bash
# A database with one vector index of libsql cannot be read by SQLite any more, not even its list of tables.
#
# Library: libsql 0.1.11 (SQLite 3.45.1). Met on 29 November 2026, CPython 3.11 (sqlite3 of the system), Linux x86-64.
# Guess before the run: sqlite3 reads the tables and fails when it writes to the indexed one.
# Seen: every statement of sqlite3, SELECT name FROM sqlite_master too, raises "unknown function: libsql_vector_idx()". Before the index
#   the file is readable; DROP INDEX by libsql makes it so again.
# A media indexer must: keep such an index in a file of its own that can be made again, apart from what backups and other tools read.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet libsql==0.1.11
venv/bin/python - <<'PY'
import sqlite3

import libsql


def read():
    with sqlite3.connect("media.db") as plain:
        return [row[0] for row in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


database = libsql.connect("media.db")
database.execute("CREATE TABLE asset (id INTEGER PRIMARY KEY, vector F32_BLOB(3))")
for number, vector in enumerate(("[1,0,0]", "[0,1,0]", "[0,0,0]", "[0.6,0.8,0]")):
    database.execute("INSERT INTO asset VALUES (?, vector32(?))", (number, vector))
database.commit()
print("before:", read())
assert "asset" in read()
database.execute("CREATE INDEX near ON asset (libsql_vector_idx(vector))")
database.commit()
try:
    read()
except sqlite3.OperationalError as error:
    print("with the index:", error)
    assert "libsql_vector_idx" in str(error)
else:
    raise SystemExit("sqlite3 reads it now")
database.execute("DROP INDEX near")
database.commit()
print("after DROP INDEX:", read())
assert "asset" in read()
PY
echo "still so"
