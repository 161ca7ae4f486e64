#!/usr/bin/env bash
# usearch's int8 inner product is a cosine, and a loaded index reports another metric than it computes.
#
# Libraries: usearch 2.26.6, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 2,000 vectors of lengths 0.2 to 5 times the usual, exact search, share of the ten best by inner product / by cosine:
#   metric="ip", dtype f32 and f16: 1.0 / 0.35;  dtype="i8": 0.34 / 0.95, distances like -6561 for 1 - 112: each vector is
#   brought to full scale by itself, its length is gone (get() gives the small integers), no word is said.
#   A cosine index saved, then Index(metric="l2sq").load(file): metric_kind and repr say L2sq, the distances are cosines
#   (0.595 where the squared distance is 177.6). Index.restore(file) reports Cos.
# A media indexer must: bring vectors to unit length before an int8 index whatever the metric, rescore what it finds, open files by
#   Index.restore and compare Index.metadata(file)["kind_metric"] with what it expects.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet usearch==2.26.6 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np
from usearch.index import Index, MetricKind

N, D = 2000, 64
random = np.random.default_rng(0)
rows = random.standard_normal((N, D)).astype(np.float32) * random.uniform(0.2, 5, (N, 1)).astype(np.float32)
questions = random.standard_normal((20, D)).astype(np.float32)
inner = questions @ rows.T
cosine = inner / np.linalg.norm(rows, axis=1)


def share(found, scores):
    best = np.argsort(-scores, axis=1)[:, :10]
    return float(np.mean([len(set(a.tolist()) & set(b.tolist())) / 10 for a, b in zip(found, best, strict=True)]))


for dtype in ("f32", "f16", "i8"):
    index = Index(ndim=D, metric="ip", dtype=dtype)
    index.add(np.arange(N), rows)
    hits = index.search(questions, 10, exact=True)
    by_inner, by_cosine = share(hits.keys, inner), share(hits.keys, cosine)
    print(f"{dtype}: like inner product {by_inner:.2f}, like cosine {by_cosine:.2f}, best distance {hits.distances[0][0]:.1f}, row 3 {index.get(3)[:3]}")
    if dtype == "i8":
        assert by_inner < 0.5 < 0.9 < by_cosine and hits.distances[0][0] < -5000
    else:
        assert by_cosine < 0.5 < 0.99 <= by_inner and abs(hits.distances[0][0] - (1 - inner[0].max())) < 0.1
saved = Index(ndim=D, metric="cos", dtype="f32")
saved.add(np.arange(N), rows)
saved.save("photos.usearch")
loaded = Index(ndim=D, metric="l2sq", dtype="f32")
loaded.load("photos.usearch")
hits = loaded.search(rows[5], 2)
squared = float(((rows[hits.keys[1]] - rows[5]) ** 2).sum())
print(f"loaded: {loaded.metric_kind}, distance {hits.distances[1]:.3f}, squared distance {squared:.1f}")
assert loaded.metric_kind == MetricKind.L2sq and hits.distances[1] < 2 < 100 < squared
assert Index.restore("photos.usearch").metric_kind == Index.metadata("photos.usearch")["kind_metric"] == MetricKind.Cos
PY
echo "still so"
