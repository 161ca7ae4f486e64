#!/usr/bin/env bash
# brinicle lets one id answer with two vectors after an insert, and ignores the distance that is asked for where an index lies already.
#
# Library: brinicle 0.1.3 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: the same id twice in one build raises "duplicate external id"; an id that the index holds, ingested with mode="insert", raises
#   nothing: the old and the new vector both answer under it, each at distance 0. mode="upsert" replaces.
#   dist_func="cosine" (or "nonsense") on a path with an L2 index is taken, also for mode="build", and L2 is computed; on a new path
#     the same name raises "invalid distance function name", only at the end, from finalize().
#   The path is a prefix: the files lie beside it as bri.manifest and bri.shard.0.main, so removing the "folder" bri removes nothing and
#     the next build finds the old settings. finalize() writes "ingested 0 points" to standard output.
# A media indexer must: use upsert always, remove prefix*, bring vectors to unit length, and keep standard output for itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet brinicle==0.1.3 numpy==2.4.6
venv/bin/python - <<'PY'
import pathlib

import brinicle
import numpy as np

rows = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)


def fill(engine, mode, ids, vectors):
    engine.init(mode=mode)
    for name, vector in zip(ids, vectors, strict=True):
        engine.ingest(name, vector)
    engine.finalize()


engine = brinicle.VectorEngine("bri", dim=8)
fill(engine, "build", [str(at) for at in range(40)], rows[:40])
print("files:", sorted(path.name for path in pathlib.Path().glob("bri*")))
assert not pathlib.Path("bri").exists() and pathlib.Path("bri.manifest").exists()
fill(engine, "insert", ["5"], rows[45:46])
old, new = engine.search_with_distance(rows[5], 1), engine.search_with_distance(rows[45], 1)
print("after the insert, old and new vector:", old, new)
assert old == new == [("5", 0.0)]
fill(engine, "upsert", ["6"], rows[46:47])
assert engine.search_with_distance(rows[46], 1) == [("6", 0.0)] and engine.search(rows[6], 1) != ["6"]
engine.close()
for name in ("cosine", "nonsense"):
    again = brinicle.VectorEngine("bri", dim=8, dist_func=name)
    fill(again, "build", [str(at) for at in range(40)], rows[:40])
    ((found, distance),) = again.search_with_distance(rows[3] * 3, 1)
    again.close()
    squared = ((rows[:40] - rows[3] * 3) ** 2).sum(1)
    print(f"dist_func={name}: {found} at {distance:.4f}; squared L2 {squared.min():.4f}")
    assert found == str(squared.argmin()) and abs(distance - squared.min()) < 1e-3
    try:
        fill(brinicle.VectorEngine(f"new-{name}", dim=8, dist_func=name), "build", ["0"], rows[:1])
    except RuntimeError as error:
        print("new path:", error)
    else:
        raise SystemExit(f"{name} is known now")
PY
echo "still so"
