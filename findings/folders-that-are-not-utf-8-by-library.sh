#!/usr/bin/env bash
# In a folder whose name is not UTF-8 sqlite3 and safetensors work, and FAISS, ONNX Runtime, apsw and DuckDB do not.
#
# Libraries: faiss-cpu 1.15.1, usearch 2.26.6, onnxruntime 1.32.0, onnx 1.23.2, apsw 3.54.1.0, duckdb 2.0.0, qdrant-edge-py 0.9.0,
#   tokenizers 0.23.3, safetensors 0.8.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, all given the path as Python gives it (os.fsdecode, a surrogate for the odd byte), in a folder `caf\xe9`:
#   work: sqlite3, onnx.save and load, qdrant-edge, safetensors.numpy;
#   TypeError "Wrong number or type of arguments" or "incompatible function arguments", no word of a path: faiss.write_index and
#     read_index (bytes are no way out), usearch, onnxruntime.InferenceSession;
#   UnicodeEncodeError: apsw, tokenizers;  RuntimeError "std::bad_cast", nothing else: duckdb.
# So a catalogue opens and its index does not, with an error that no `except OSError` or RuntimeError of the reader catches.
# A media indexer must: try the folder of a library with os.fsencode(path).decode() when it is made and refuse it in one line, or
#   hand file objects and bytes to what takes them (FAISS: PyCallbackIOWriter; ONNX Runtime: the bytes of the model).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet faiss-cpu==1.15.1 numpy==2.4.6 usearch==2.26.6 onnxruntime==1.32.0 onnx==1.23.2 apsw==3.54.1.0 \
  duckdb==2.0.0 qdrant-edge-py==0.9.0 tokenizers==0.23.3 safetensors==0.8.0
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import os
import shutil
import sqlite3

import apsw
import duckdb
import faiss
import numpy as np
import onnx
import onnxruntime
import qdrant_edge
import tokenizers
from onnx import TensorProto, helper
from safetensors.numpy import load_file, save_file
from usearch.index import Index

folder = os.fsdecode(b"caf\xe9")
os.makedirs(os.path.join(folder, "shard"))
rows = np.random.default_rng(0).standard_normal((50, 16)).astype(np.float32)
flat = faiss.IndexFlatIP(16)
flat.add(rows)
faiss.write_index(flat, "flat.faiss")
shutil.copy("flat.faiss", folder)
graph = Index(ndim=16)
graph.add(np.arange(50), rows)
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
model = helper.make_model(
    helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:]), opset_imports=[helper.make_opsetid("", 20)]
)
model.ir_version = 10
words = tokenizers.Tokenizer(tokenizers.models.BPE())
config = qdrant_edge.EdgeConfig(vectors=qdrant_edge.EdgeVectorParams(size=4, distance=qdrant_edge.Distance.Dot))
tries = {
    "sqlite3": (None, lambda: sqlite3.connect(f"{folder}/a.sqlite").execute("create table t (a)")),
    "onnx.save": (None, lambda: onnx.save(model, f"{folder}/model.onnx")),
    "onnx.load": (None, lambda: onnx.load(f"{folder}/model.onnx")),
    "qdrant-edge": (None, lambda: qdrant_edge.EdgeShard.create(f"{folder}/shard", config).close()),
    "safetensors.numpy": (None, lambda: (save_file({"a": rows}, f"{folder}/a.safetensors"), load_file(f"{folder}/a.safetensors"))),
    "faiss.write_index": ("TypeError", lambda: faiss.write_index(flat, f"{folder}/new.faiss")),
    "faiss.read_index": ("TypeError", lambda: faiss.read_index(f"{folder}/flat.faiss")),
    "faiss.read_index of bytes": ("TypeError", lambda: faiss.read_index(os.fsencode(f"{folder}/flat.faiss"))),
    "usearch": ("TypeError", lambda: graph.save(f"{folder}/a.usearch")),
    "onnxruntime": ("TypeError", lambda: onnxruntime.InferenceSession(f"{folder}/model.onnx")),
    "apsw": ("UnicodeEncodeError", lambda: apsw.Connection(f"{folder}/b.sqlite")),
    "tokenizers": ("UnicodeEncodeError", lambda: words.save(f"{folder}/words.json")),
    "duckdb": ("RuntimeError", lambda: duckdb.connect(f"{folder}/a.duckdb")),
}
for name, (expected, call) in tries.items():
    try:
        call()
        seen, text = None, "works"
    except Exception as error:  # noqa: BLE001
        seen, text = type(error).__name__, str(error).splitlines()[0]
    print(f"{name:26} {seen or '':19} {ascii(text[:100])}")
    assert seen == expected, name
assert os.path.exists(f"{folder}/a.sqlite") and not os.path.exists(f"{folder}/new.faiss")
PY
echo "still so"
