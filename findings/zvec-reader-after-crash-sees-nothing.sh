#!/usr/bin/env bash
# After its writer was killed, a zvec collection that is opened for reading is empty; opened for writing it is whole.
#
# Library: zvec 0.8.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a process inserts 900 documents (each status: ok) and is killed before flush(). Then
#   read-only open: no exception, doc_count 0, every query gives []; on standard error 900 lines "Failed to put ... Not supported
#   operation in read only mode", and warnings that it cleans and overwrites files, read-only as it is;
#   read-write open: doc_count 900, every document is found, and after that a read-only open sees 900 too.
# Also seen: while one process has the collection open for reading, nobody can open it for writing, and the other way round
#   ("Can't lock read-write collection"): the write lock and the read lock exclude each other for as long as the collection is open.
# A media indexer must: open such a store once for writing after every unclean end, before any reader; take an empty answer of
#   a reader for "unknown" until the count agrees with its own catalogue; not keep a searching process beside a writing one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet zvec==0.8.0 numpy==2.4.6
cat > part.py <<'PY'
import os
import signal
import sys

import numpy as np
import zvec

rows = np.random.default_rng(0).standard_normal((900, 64)).astype(np.float32)


def count(**how):
    collection = zvec.open("store", zvec.CollectionOption(**how))
    hits = collection.query(zvec.Query(field_name="v", vector=rows[3].tolist()), topk=3)
    seen = collection.stats.doc_count, [hit.id for hit in hits][:1]
    collection.close()
    return seen


if sys.argv[1] == "write":
    vector = zvec.VectorSchema("v", zvec.DataType.VECTOR_FP32, 64, index_param=zvec.HnswIndexParam(zvec.MetricType.COSINE))
    collection = zvec.create_and_open("store", zvec.CollectionSchema(name="photos", vectors=vector))
    states = collection.insert([zvec.Doc(id=str(i), vectors={"v": row.tolist()}) for i, row in enumerate(rows)])
    assert all(state.ok() for state in states)
    print("inserted", len(states), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[1] == "read":
    print(*count(read_only=True))
if sys.argv[1] == "repair":
    print(*count(read_only=False))
if sys.argv[1] == "both":
    reader = zvec.open("store", zvec.CollectionOption(read_only=True))
    import subprocess

    other = subprocess.run([sys.executable, __file__, "repair"], capture_output=True, text=True)
    print("refused" if other.returncode and "lock" in other.stderr else "opened")
PY
venv/bin/python part.py write || true
before=$(venv/bin/python part.py read 2> errors.txt)
lines=$(grep -c "Not supported operation in read only mode" errors.txt)
cleaned=$(grep -c "cleaning and overwriting" errors.txt)
repaired=$(venv/bin/python part.py repair 2> /dev/null)
after=$(venv/bin/python part.py read 2> /dev/null)
both=$(venv/bin/python part.py both 2> /dev/null)
echo "reading after the kill: $before ($lines errors, $cleaned warnings of cleaning); writing: $repaired; reading again: $after; a writer beside a reader: $both"
[ "$before" = "0 []" ] && [ "$lines" = 900 ] && [ "$cleaned" -ge 1 ]
[ "$repaired" = "900 ['3']" ] && [ "$after" = "900 ['3']" ] && [ "$both" = refused ]
echo "still so"
