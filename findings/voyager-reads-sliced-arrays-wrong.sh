#!/usr/bin/env bash
# Voyager stores other numbers than it is given when the array is a slice: the shortened embedding above all.
#
# Libraries: voyager 2.2.3 (November 2026), numpy 2.4.6; compared with faiss-cpu 1.15.1, hnswlib 0.8.0, usearch 2.26.6.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: 500 x 128 embeddings, shortened by `long[:, :64]` (Matryoshka style, a view with gaps between the rows):
#   voyager add_items: no error; 1 of the 500 stored rows is the row that was given, the rest are cut out of the buffer elsewhere;
#   `query` reads its questions in the same way. A copy (np.ascontiguousarray) is stored right, a single row (add_item) too,
#   and so is float64, which has to be converted and thereby is copied.
#   faiss and hnswlib copy such arrays and are right; usearch is right for the slice of columns.
# A media indexer must: hand over np.ascontiguousarray(rows, np.float32) always, and compare one stored row with what it gave.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet voyager==2.2.3 numpy==2.4.6 faiss-cpu==1.15.1 hnswlib==0.8.0 usearch==2.26.6
venv/bin/python - <<'PY'
import faiss
import hnswlib
import numpy as np
import voyager
from usearch.index import Index

N, D = 500, 64
long = np.random.default_rng(0).standard_normal((N, 2 * D)).astype(np.float32)
long[:, :D] /= np.linalg.norm(long[:, :D], axis=1, keepdims=True)
short = long[:, :D]
ids = list(range(N))


def stored(rows):
    index = voyager.Index(voyager.Space.InnerProduct, D)
    index.add_items(rows)
    return float(np.isclose(index.get_vectors(ids), rows, atol=1e-6).all(axis=1).mean())


copy = np.ascontiguousarray(short)
seen = {"slice": stored(short), "copy": stored(copy), "float64": stored(short.astype(np.float64)), "sliced float64": stored(long.astype(np.float64)[:, :D])}
one = voyager.Index(voyager.Space.InnerProduct, D)
for row in short:
    one.add_item(row)
seen["row by row"] = float(np.isclose(one.get_vectors(ids), short, atol=1e-6).all(axis=1).mean())
right = voyager.Index(voyager.Space.InnerProduct, D)
right.add_items(copy)
asked = float((right.query(short, k=1)[0][:, 0] == np.arange(N)).mean())
print("voyager stores rightly:", seen, "answers sliced questions rightly:", asked)
assert seen["slice"] < 0.05 and asked < 0.05
assert seen["copy"] == seen["float64"] == seen["row by row"] == 1.0
flat = faiss.IndexFlatIP(D)
flat.add(short)
graph = hnswlib.Index("ip", D)
graph.init_index(N)
graph.add_items(short)
dense = Index(ndim=D, metric="ip", dtype="f32")
dense.add(np.arange(N), short)
others = {
    "faiss": np.allclose(flat.reconstruct_n(0, N), copy),
    "hnswlib": np.allclose(graph.get_items(ids), copy),
    "usearch": np.allclose(np.stack([dense.get(i) for i in ids]), copy),
}
print("others right:", others)
assert all(others.values())
PY
echo "still so"
