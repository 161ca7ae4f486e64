#!/usr/bin/env bash
# The libsql package binds every integer from 2**31 up as a float, so ids past 2**53 become other ids; a text ends at its first NUL.
#
# Library: libsql 0.1.11 (SQLite 3.45.1). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: integers of 64 bits arrive as they are, as with sqlite3.
# Seen: `SELECT ?` with 2**31 gives 2147483648.0 of type real. In a column of type INTEGER the float is turned back, so that 2**53 + 1 is
#   stored as 2**53 without an error, also in a STRICT table, and a question for it finds the row of 2**53. "a\0b" arrives as "a".
# A media indexer must: give large numbers (inodes, hashes, times in nanoseconds, ids) as text and CAST them, or by another package.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet libsql==0.1.11
venv/bin/python - <<'PY'
import libsql

database = libsql.connect(":memory:")
for number in (2**31 - 1, 2**31, 2**53 + 1):
    ((value, kind),) = database.execute("SELECT ?, typeof(?)", (number, number)).fetchall()
    print(number, "is bound as", value, kind)
    assert kind == ("integer" if number < 2**31 else "real")
database.execute("CREATE TABLE asset (inode INTEGER) STRICT")
database.execute("INSERT INTO asset VALUES (?)", (2**53 + 1,))
database.execute(f"INSERT INTO asset VALUES ({2**53 + 1})")
stored = [row[0] for row in database.execute("SELECT inode FROM asset ORDER BY rowid").fetchall()]
asked = database.execute("SELECT count(*) FROM asset WHERE inode = ?", (2**53 + 1,)).fetchall()
print("bound and literal:", stored, "found by the number itself:", asked)
assert stored == [2**53, 2**53 + 1] and asked == [(1,)]
((text,),) = database.execute("SELECT ?", ("a\0b",)).fetchall()
print("text with a NUL:", repr(text))
assert text == "a"
PY
echo "still so"
