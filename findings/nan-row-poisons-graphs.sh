#!/usr/bin/env bash
# One vector with a NaN hides up to a quarter of the others, and where it stands decides how many.
#
# Libraries: usearch 2.26.6, hnswlib 0.8.0, voyager 2.2.3, faiss-cpu 1.15.1, turbovec 1.1.2 (numpy 2.4.6).
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 2,000 unit vectors of which one holds a NaN, one thread; share of the other 1,999 that still find themselves first:
#   NaN in row           0       1000     1999
#   usearch              0.743   0.840    0.989    (the NaN row itself is the best answer to 501, 319 and 21 of them)
#   hnswlib, voyager     0.984   0.995    1.000
#   faiss HNSW, Flat     1.000   1.000    1.000
#   faiss SQ8 (trained)  0.000   1.000    1.000    (NaN in the first row: no answer is right any more)
#   faiss IVF refuses in train(), turbovec in add(); the others take the row without a word.
# A media indexer must: reject vectors that are not finite where they leave the encoder (a half-precision model that overflows
#   is enough), before they reach any index: the damage shows at other photos than the one that caused it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet numpy==2.4.6 usearch==2.26.6 hnswlib==0.8.0 voyager==2.2.3 faiss-cpu==1.15.1 turbovec==1.1.2
venv/bin/python - <<'PY'
import faiss
import hnswlib
import numpy as np
import turbovec
import voyager
from usearch.index import Index

N, D = 2000, 64
clean = np.random.default_rng(1).standard_normal((N, D)).astype(np.float32)
clean /= np.linalg.norm(clean, axis=1, keepdims=True)


def by_usearch(rows):
    index = Index(ndim=D, metric="ip", dtype="f32")
    index.add(np.arange(N), rows, threads=1)
    return index.search(clean, 1, threads=1).keys


def by_hnswlib(rows):
    index = hnswlib.Index("ip", D)
    index.init_index(N, M=16, ef_construction=100, random_seed=1)
    index.set_ef(64)
    index.add_items(rows, np.arange(N), num_threads=1)
    return index.knn_query(clean, k=1, num_threads=1)[0]


def by_voyager(rows):
    index = voyager.Index(voyager.Space.InnerProduct, D, M=16, ef_construction=100, random_seed=1)
    index.add_items(rows, num_threads=1)
    return index.query(clean, k=1, query_ef=64, num_threads=1)[0]


def by_faiss(kind):
    def search(rows):
        index = faiss.index_factory(D, kind, faiss.METRIC_INNER_PRODUCT)
        index.train(rows)
        index.add(rows)
        return index.search(clean, 1)[1]

    return search


def share(search, at):
    rows = clean.copy()
    if at is not None:
        rows[at, 3] = np.nan
    best = np.asarray(search(rows)).astype(np.int64)[:, 0]
    right = best == np.arange(N)
    others = np.arange(N) != (-1 if at is None else at)
    return float(right[others].mean()), int((best == at).sum()) if at is not None else 0


faiss.omp_set_num_threads(1)
ways = {"usearch": by_usearch, "hnswlib": by_hnswlib, "voyager": by_voyager}
ways |= {f"faiss {kind}": by_faiss(kind) for kind in ("HNSW16", "Flat", "SQ8")}
seen = {}
for name, search in ways.items():
    assert share(search, None)[0] == 1.0, name
    seen[name] = [share(search, at) for at in (0, N // 2, N - 1)]
    print(f"{name:12}", "  ".join(f"{right:.3f} ({taken} answered by the NaN row)" for right, taken in seen[name]))
assert seen["usearch"][0][0] < 0.9 and seen["usearch"][1][0] < 0.95 and seen["usearch"][0][1] > 200
assert all(0.9 < seen[name][0][0] < 1 for name in ("hnswlib", "voyager"))
assert all(right == 1 for name in ("faiss HNSW16", "faiss Flat") for right, _ in seen[name])
assert seen["faiss SQ8"][0][0] < 0.01 and seen["faiss SQ8"][1][0] == 1
bad = clean.copy()
bad[7, 3] = np.nan
for name, refuse in {
    "faiss IVF": lambda: faiss.index_factory(D, "IVF32,Flat").train(bad),
    "turbovec": lambda: turbovec.TurboQuantIndex(D, 4).add(bad),
}.items():
    try:
        refuse()
    except (RuntimeError, ValueError) as error:
        print(name, "refuses:", str(error).splitlines()[0][-90:])
    else:
        raise SystemExit(f"{name} takes a NaN now")
PY
echo "still so"
