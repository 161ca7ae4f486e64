#!/usr/bin/env bash
# A vector of zeros is the nearest neighbour of every question in the HNSW index of surrealdb; large integers come back negative.
#
# Library: surrealdb 2.0.0 (embedded, mem://). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: the zero vector last or absent; an integer past 64 bits with sign raises.
# Seen: with DIST COSINE the zero vector has the distance NaN and stands before an exact match. 2**64 - 1 is stored as -1 and 2**63 as
#   -2**63 without an error; 2**70 raises. `WHERE number < 0` also returns the rows that have no number.
# A media indexer must: refuse vectors without length before they are written, keep hashes of 64 bits as signed numbers, and ask
#   `number != NONE AND number < 0`.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet surrealdb==2.0.0
venv/bin/python - <<'PY'
import math

from surrealdb import Surreal

database = Surreal("mem://")
database.use("library", "library")
database.query("DEFINE INDEX near ON asset FIELDS vector HNSW DIMENSION 3 DIST COSINE TYPE F32")
for number, vector in enumerate(([1, 0, 0], [0, 1, 0], [0, 0, 0], [0.6, 0.8, 0])):
    database.query(f"CREATE asset:{number} SET vector = $vector", {"vector": vector})
rows = database.query("SELECT id, vector::distance::knn() AS distance FROM asset WHERE vector <|2,40|> [1,0,0] ORDER BY distance")
found = [(row["id"].id, row["distance"]) for row in rows]
print("nearest to [1, 0, 0]:", found)
assert found[0][0] == 2 and math.isnan(found[0][1]) and found[1][0] == 0
for given, stored in ((2**63 - 1, 2**63 - 1), (2**63, -(2**63)), (2**64 - 1, -1)):
    (row,) = database.query("CREATE hash SET number = $number", {"number": given})
    print(given, "is stored as", row["number"])
    assert row["number"] == stored
try:
    database.query("RETURN $number", {"number": 2**70})
except ValueError as error:
    print("2**70:", error)
else:
    raise SystemExit("2**70 is taken now")
without = database.query("SELECT id FROM asset WHERE number < 0")
print("rows without a number that are below 0:", len(without))
assert len(without) == 4
PY
echo "still so"
