#!/usr/bin/env bash
# sqlite-vec never writes into the places of deleted vectors, and a range of row ids is applied behind the search.
#
# Libraries: sqlite-vec 0.1.9, apsw 3.54.1.0 (SQLite 3.54.1), numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: of 20,000 vectors of 256 numbers 99 of 100 are deleted, VACUUM runs, 19,000 new ones are added:
#   file 21.5 MB -> 21.2 MB -> 40.5 MB; chunks of 1,024 places 20 -> 20 -> 38: a place that was freed stays empty.
# Seen: k = 2 nearest of rows 1 (0.0), 6 (0.1), 5 and 2 (1.41): `rowid IN (2, 6)` gives both, `rowid > 1` gives one hit
#   (the two nearest of all, then the condition), `distance > 0.05` gives two.
# A media indexer must: write the table anew now and then (deletes and changes of files are daily), and never page or
#   filter by ranges of row ids.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet sqlite-vec==0.1.9 apsw==3.54.1.0 numpy==2.4.6
venv/bin/python - <<'PY'
import os

import apsw
import numpy as np
import sqlite_vec


def opened(path):
    connection = apsw.Connection(path)
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    return connection


db = opened("library.db")
db.execute("create virtual table photos using vec0(vector float[256])")
rows = np.random.default_rng(0).standard_normal((20_000, 256)).astype(np.float32)


def add(start, count):
    with db:
        db.executemany(
            "insert into photos(rowid, vector) values (?, ?)",
            [(start + i, rows[i].tobytes()) for i in range(count)],
        )


def state():
    chunks = db.execute("select count(*) from photos_chunks").fetchone()[0]
    return round(os.path.getsize("library.db") / 1e6, 1), chunks


add(0, 20_000)
full = state()
with db:
    db.execute("delete from photos where rowid % 100 != 0")
db.execute("vacuum")
deleted = state()
add(100_000, 19_000)
again = state()
print("MB and chunks: full", full, "after deleting 99 of 100", deleted, "after 19,000 new ones", again)
assert full[1] == deleted[1] == 20 and again[1] == 38, (full, deleted, again)
assert again[0] > 1.8 * full[0]

small = opened(":memory:")
small.execute("create virtual table photos using vec0(vector float[2])")
for key, vector in {1: (1, 0), 2: (0, 1), 5: (0, -1), 6: (0.9, 0)}.items():
    small.execute("insert into photos(rowid, vector) values (?, ?)", (key, np.float32(vector).tobytes()))
for condition, hits in {"rowid in (select 2 union select 6)": 2, "rowid > 1": 1, "distance > 0.05": 2}.items():
    found = small.execute(
        f"select rowid from photos where vector match ? and k = 2 and {condition}",
        (np.float32((1, 0)).tobytes(),),
    ).fetchall()
    print(f"k = 2 and {condition}: rows {[row for (row,) in found]}")
    assert len(found) == hits
PY
echo "still so"
