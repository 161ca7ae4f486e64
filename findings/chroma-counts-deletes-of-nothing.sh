#!/usr/bin/env bash
# Chroma counts ids that it does not hold as deleted, keeps old metadata in an upsert, and hands float32 vectors back as float64.
#
# Library: chromadb 1.5.9 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: delete(ids=["no1", "no2", "i3"]) returns {'deleted': 3} and the count falls by one; delete(where=...) counts rightly.
#   upsert(metadatas=[{"z": 1}]) of a row with {"k": 1} leaves {"k": 1, "z": 1}, and an upsert without a document keeps the old one, so
#     a file that was replaced answers with what is no longer in it.
#   Whole numbers past 63 bits become floats (2**63 + 1 is 9.223372036854776e+18), NaN and infinity become no metadata at all (None),
#     both without an error; numpy.float32 and numpy.int64 raise ValueError.
#   get(include=["embeddings"]) gives float64, twice the memory, of what was stored as float32.
# A media indexer must: compare count() before and after, delete before it adds a changed file, store sizes and ids as strings, and
#   ask for vectors in batches.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet chromadb==1.5.9 numpy==2.4.6
HOME="$work" ANONYMIZED_TELEMETRY=False venv/bin/python -W ignore - <<'PY'
import chromadb
import numpy as np

client = chromadb.PersistentClient("library", settings=chromadb.Settings(anonymized_telemetry=False))
rows = client.create_collection("photos")
vectors = np.random.default_rng(0).standard_normal((50, 16)).astype(np.float32)
rows.add(ids=[f"i{at}" for at in range(50)], embeddings=vectors, metadatas=[{"k": at} for at in range(50)], documents=["old"] * 50)
said = rows.delete(ids=["no1", "no2", "i3"])
print("deleted, says Chroma:", said, "left:", rows.count())
assert said == {"deleted": 3} and rows.count() == 49
assert rows.delete(where={"k": 3}) == {"deleted": 0} and rows.delete(where={"k": 4}) == {"deleted": 1}
rows.upsert(ids=["i1"], embeddings=[vectors[2]], metadatas=[{"z": 1}])
row = rows.get(ids=["i1"])
print("after the upsert:", row["metadatas"], row["documents"])
assert row["metadatas"] == [{"k": 1, "z": 1}] and row["documents"] == ["old"]
for value, kept in ((2**63 - 1, [{"v": 2**63 - 1}]), (2**63 + 1, [{"v": float(2**63)}]), (float("nan"), [None]), (float("inf"), [None])):
    rows.upsert(ids=["number"], embeddings=[vectors[0]], metadatas=[{"v": value}])
    found = rows.get(ids=["number"])["metadatas"]
    print(value, "->", found)
    assert found == kept and (kept == [None] or type(found[0]["v"]) is type(kept[0]["v"]))
    rows.delete(ids=["number"])
for value in (np.float32(0.5), np.int64(5)):
    try:
        rows.upsert(ids=["number"], embeddings=[vectors[0]], metadatas=[{"v": value}])
    except ValueError as error:
        print(type(value).__name__, str(error)[:60])
    else:
        raise SystemExit(f"{type(value)} is taken now")
back = rows.get(ids=["i7"], include=["embeddings"])["embeddings"]
print("vectors back:", back.dtype)
assert back.dtype == np.float64 and np.array_equal(back[0].astype(np.float32), vectors[7])
PY
echo "still so"
