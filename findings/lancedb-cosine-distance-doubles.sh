#!/usr/bin/env bash
# LanceDB's cosine distance of the same row doubles once the last new row has been taken into the index.
#
# Libraries: lancedb 0.40.0, pyarrow 26.0.1 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: 1,000 rows under an index with distance_type="cosine", 200 rows added after it; `_distance` of the second best hit over
#   1 - cosine of that row:
#                               HnswSq  IvfSq  IvfFlat
#   200 rows not indexed yet    1.0     1.0    1.0
#   after optimize()            2.0     2.0    1.0    (the squared distance of unit vectors)
#   after it, refine_factor(1)  1.0     1.0    1.0
# The order stays; every threshold, calibration and `distance_range` changes its meaning with a background job.
# A media indexer must: not read a meaning into the distances of a quantised index; ask for a refinement always, or fetch the
#   vectors of the finalists and score them itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet lancedb==0.40.0 pyarrow==26.0.1 numpy==2.4.6
RUST_LOG=error venv/bin/python - <<'PY'
import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import HnswSq, IvfFlat, IvfSq

D = 64
rows = np.random.default_rng(0).standard_normal((1200, D)).astype(np.float32)
question = np.random.default_rng(1).standard_normal(D).astype(np.float32)
cosine = rows @ question / np.linalg.norm(rows, axis=1) / np.linalg.norm(question)


def table(start, end):
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows[start:end].ravel()), D)
    return pa.table({"id": pa.array(range(start, end), pa.int64()), "vector": vectors})


def ratio(query):
    hit = query.limit(2).to_list()[1]
    return hit["_distance"] / (1 - cosine[hit["id"]])


db = lancedb.connect("library")
for kind, doubles in ((HnswSq, True), (IvfSq, True), (IvfFlat, False)):
    photos = db.create_table("photos", table(0, 1000), mode="overwrite")
    photos.create_index("vector", config=kind(distance_type="cosine", num_partitions=1))
    photos.add(table(1000, 1200))
    before = ratio(photos.search(question))
    photos.optimize()
    after, refined = ratio(photos.search(question)), ratio(photos.search(question).refine_factor(1))
    print(f"{kind.__name__:8} before optimize() {before:.3f}, after {after:.3f}, refined {refined:.3f}")
    assert abs(before - 1) < 0.05 and abs(refined - 1) < 0.01
    assert abs(after - (2 if doubles else 1)) < 0.1
PY
echo "still so"
