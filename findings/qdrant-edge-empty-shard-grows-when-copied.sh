#!/usr/bin/env bash
# An empty qdrant-edge shard takes 40 KB of the disk and says it has 103 MB; copied by Python it takes 103 MB.
#
# Library: qdrant-edge-py 0.9.0. Met on 29 November 2026, CPython 3.11, Linux x86-64, ext4.
# Seen, right after EdgeShard.create and close(): files of 102.8 MB in sum, 41 KB of blocks: the write-ahead log and the mapped
#   chunks are files with holes. shutil.copytree writes the holes out (103 MB of blocks), `cp -a` keeps them.
#   2,000 vectors of 64 numbers (0.5 MB) add another 33 MB of length and 1.5 MB of blocks.
#   And a NaN vector is taken without a word: count() has it, no query ever returns it.
# A media indexer must: count blocks (st_blocks * 512), not sizes, when it tells how large a library is; copy such folders with a
#   tool that keeps holes; expect backups by other tools to be larger by 100 MB for each shard, so keep shards few.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet qdrant-edge-py==0.9.0 numpy==2.4.6
venv/bin/python - <<'PY'
import os
import shutil
import subprocess

import numpy as np
import qdrant_edge as qdrant


def megabytes(folder):
    files = [os.stat(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names]
    return round(sum(file.st_size for file in files) / 1e6, 1), round(sum(file.st_blocks for file in files) * 512 / 1e6, 2)


os.makedirs("shard")
config = qdrant.EdgeConfig(vectors=qdrant.EdgeVectorParams(size=64, distance=qdrant.Distance.Cosine))
qdrant.EdgeShard.create("shard", config).close()
empty = megabytes("shard")
shutil.copytree("shard", "by-python")
subprocess.run(["cp", "-a", "shard", "by-cp"], check=True)
python, cp = megabytes("by-python"), megabytes("by-cp")
print(f"length and blocks in MB: empty {empty}, copied by Python {python}, by cp {cp}")
assert empty[0] > 90 and empty[1] < 1 and python[1] > 90 and cp[1] < 1
shard = qdrant.EdgeShard.load("shard")
rows = np.random.default_rng(0).standard_normal((2000, 64))
rows[7, 3] = np.nan
shard.update(qdrant.UpdateOperation.upsert_points([qdrant.Point(i, row.tolist(), {}) for i, row in enumerate(rows)]))
hits = shard.query(qdrant.QueryRequest(limit=3000, query=qdrant.Query.Nearest(rows[5].tolist())))
full = megabytes("shard")
print(f"2,000 points {full}; counted {shard.count(qdrant.CountRequest(exact=True))}, found {len({hit.id for hit in hits})}")
assert full[0] > empty[0] + 20 and full[1] < 20
assert shard.count(qdrant.CountRequest(exact=True)) == 2000
assert 7 not in {hit.id for hit in hits} and len(hits) == 1999
shard.close()
PY
echo "still so"
