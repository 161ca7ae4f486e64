#!/usr/bin/env bash
# pyturso and sqlite3 open on one database file in one process: each sees its own rows alone, and those of sqlite3 are gone at the end.
#
# Library: pyturso 0.8.3 (SQLite 3.40 or later of CPython beside it). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: a lock, or damage that integrity_check finds. From another process it is a lock ("File is locked").
# Seen: in one process nothing locks. Both write and commit without an error, neither sees a row of the other, and after both are
#   closed the file holds all rows of Turso and none that sqlite3 wrote after Turso had opened it; integrity_check says ok.
# A media indexer must: never give one file to two engines in a process (a reader by one, a writer by the other), also where each is tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyturso==0.8.3
venv/bin/python - <<'PY'
import sqlite3
import subprocess
import sys

import turso

old = sqlite3.connect("media.db", isolation_level=None)
old.execute("PRAGMA journal_mode = WAL")
old.execute("CREATE TABLE asset (id INTEGER PRIMARY KEY, writer TEXT)")
old.execute("INSERT INTO asset VALUES (1, 'sqlite3')")
code = "import turso; turso.connect('media.db').execute('SELECT * FROM asset').fetchall()"
other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
print("another process:", other.stderr.strip().splitlines()[-1])
assert "locked" in other.stderr
new = turso.connect("media.db")
for number in range(2, 200):
    if number % 2:
        old.execute(f"INSERT INTO asset VALUES ({number}, 'sqlite3')")
    else:
        new.execute(f"INSERT INTO asset VALUES ({number}, 'turso')")
        new.commit()
count = "SELECT writer, count(*) FROM asset GROUP BY writer ORDER BY writer"
seen = {"sqlite3": old.execute(count).fetchall(), "turso": new.execute(count).fetchall()}
print("seen by each:", seen)
assert seen["sqlite3"] == [("sqlite3", 100)] and seen["turso"] == [("sqlite3", 1), ("turso", 99)]
new.close()
old.close()
after = sqlite3.connect("media.db")
left, state = after.execute(count).fetchall(), after.execute("PRAGMA integrity_check").fetchall()
print("afterwards:", left, "integrity_check:", state)
assert left == [("sqlite3", 1), ("turso", 99)] and state == [("ok",)]
PY
echo "still so"
