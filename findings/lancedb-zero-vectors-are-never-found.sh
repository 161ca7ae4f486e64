#!/usr/bin/env bash
# A row whose vector is zero is not in any answer of LanceDB by cosine, however many rows are asked for; a zero question finds none.
#
# Library: lancedb 0.40.0 (numpy 2.4.6, pyarrow 26.0.1). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: it comes last, at the distance 1; a zero question finds all rows at 1.
# Seen: of three rows a search with limit(10) gives two by cosine, and three by l2 and dot; a filter that leaves the zero row alone gives
#   an empty answer, though count_rows() with that filter is 1. A zero question gives no rows at all, without an error.
#   (A vector with NaN, by contrast, is refused by add.)
# A media indexer must: keep silent sounds and blank pages, whose vectors may be zero, out of the space or give them another vector;
#   not take an empty answer for an empty table.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet lancedb==0.40.0 pyarrow==26.0.1 numpy==2.4.6
RUST_LOG=error venv/bin/python - <<'PY'
import lancedb
import pyarrow as pa

vectors = pa.FixedSizeListArray.from_arrays(pa.array([0, 0, 1, 0, 0, 1], pa.float32()), 2)
table = lancedb.connect("db").create_table("asset", pa.table({"id": [0, 1, 2], "vector": vectors}))


def found(question, metric, where=None):
    query = table.search(question).metric(metric).limit(10)
    return [row["id"] for row in (query.where(where) if where else query).to_list()]


for metric in ("cosine", "l2", "dot"):
    print(metric, found([1.0, 0.1], metric), "zero question:", found([0.0, 0.0], metric))
assert sorted(found([1.0, 0.1], "cosine")) == [1, 2]
assert found([1.0, 0.1], "cosine", "id = 0") == [] and table.count_rows("id = 0") == 1
assert found([0.0, 0.0], "cosine") == []
assert all(sorted(found([1.0, 0.1], metric)) == [0, 1, 2] for metric in ("l2", "dot"))
PY
echo "still so"
