#!/usr/bin/env bash
# FAISS's fast-scan PQ answers a question of zeros with no hit at all; the other indexes answer, RaBitQ with scores that are not 0.
#
# Libraries: faiss-cpu 1.15.1, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 5,000 unit vectors, inner product, k = 3, the question (0, ..., 0), whose true scores are all 0:
#   Flat, SQ8, SQfp16, HNSW16, PQ16: three ids, scores 0;
#   PQ16x4fs, IVF32,PQ16x4fs: ids -1, -1, -1, scores NaN (rows[-1] in NumPy is then the last photo, three times);
#   IVF32,RaBitQ: three ids, scores 0.25 to 0.31.
#   In a batch the neighbours of such a question are right.
# A zero question is what a difference of two equal vectors, an empty text or a silent clip gives.
# A media indexer must: look at the length of the question before the index does, and treat -1 as "none" before it indexes with it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet faiss-cpu==1.15.1 numpy==2.4.6
venv/bin/python - <<'PY'
import faiss
import numpy as np

N, D = 5000, 64
rows = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)
rows /= np.linalg.norm(rows, axis=1, keepdims=True)
zero = np.zeros((1, D), np.float32)
for kind in ("Flat", "SQ8", "SQfp16", "HNSW16", "PQ16", "PQ16x4fs", "IVF32,PQ16x4fs", "IVF32,RaBitQ"):
    index = faiss.index_factory(D, kind, faiss.METRIC_INNER_PRODUCT)
    index.train(rows)
    index.add(rows)
    if hasattr(index, "nprobe"):
        index.nprobe = 8
    scores, ids = index.search(zero, 3)
    mixed = index.search(np.concatenate([rows[:1], zero, rows[1:2]]), 1)[1][:, 0]
    print(f"{kind:15} ids {ids[0]} scores {scores[0]} best in a batch {mixed}")
    assert mixed[0] == 0 and mixed[2] == 1
    if kind.endswith("fs"):
        assert (ids == -1).all() and np.isnan(scores).all()
    else:
        assert (ids >= 0).all() and (scores > 0.1).all() == kind.endswith("RaBitQ") and (kind.endswith("RaBitQ") or (scores == 0).all())
PY
echo "still so"
