#!/usr/bin/env bash
# ONNX Runtime writes its own words into string inputs: None becomes "None", bytes their Python spelling.
#
# Libraries: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, an Identity over a string tensor (models that carry their tokenizer take text like this):
#   object array [None, 3.5, b'caf\xe9'] -> ['None', '3.5', "b'caf\\xe9'"], no error;
#   'a\0b' in an object array stays whole, in an array of fixed width (dtype <U3) it is cut to 'a';
#   a lone surrogate (a file name that is not UTF-8) raises UnicodeEncodeError.
# So a missing caption is embedded as the word "None" and is found by whoever asks for "none".
# A media indexer must: let nothing but str into string inputs, check it itself, and hand over object arrays.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.STRING, ["n"]) for name in ("x", "y")]
same = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:])
model = helper.make_model(same, opset_imports=[helper.make_opsetid("", 20)])
model.ir_version = 10
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def through(values, dtype=object):
    return session.run(None, {"x": np.array(values, dtype)})[0].tolist()


seen = through([None, 3.5, b"caf\xe9"])
print("object array", seen)
assert seen == ["None", "3.5", "b'caf\\xe9'"]
whole, cut = through(["a\0b"]), through(["a\0b"], "<U3")
print("object array", whole, "fixed width", cut)
assert whole == ["a\0b"] and cut == ["a"]
try:
    through(["caf\udce9.jpg"])
except UnicodeEncodeError as error:
    print("surrogate:", error)
else:
    raise SystemExit("surrogates are taken now")
PY
echo "still so"
