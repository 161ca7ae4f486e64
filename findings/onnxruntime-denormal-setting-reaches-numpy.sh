#!/usr/bin/env bash
# session.set_denormal_as_zero of a process's first ONNX Runtime session changes what NumPy computes in that thread from then on.
#
# Libraries: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: the setting holds for its own session while it runs.
# Seen: x * 0.5 for x = 1e-39 (float32 below 1.2e-38 is denormal), by sessions in the order in which they were made, then by NumPy
#   in the same thread and, after all sessions were deleted, again:
#     plain, with the setting      5e-40, 5e-40    NumPy 5e-40    the setting is ignored
#     with the setting, plain      0, 0            NumPy 0, 0     it holds for both, and for NumPy to the end of the thread
# A media indexer must: set it on the first session of a process or not at all, and keep NumPy arithmetic that needs denormal
#   numbers (scores of float16 rows, logarithms of small likelihoods) in another thread or process.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > orders.py <<'PY'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
half = helper.make_tensor("half", TensorProto.FLOAT, [1], [0.5])
graph = helper.make_graph([helper.make_node("Mul", ["x", "half"], ["y"])], "g", ends[:1], ends[1:], [half])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
small = np.float32(1e-39)


def made(is_set):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if is_set:
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


assert small * np.float32(0.5) > 0
sessions = [made(kind == "set") for kind in sys.argv[1:]]
found = [float(each.run(None, {"x": np.array([small])})[0][0]) for each in sessions]
found.append(float(small * np.float32(0.5)))
del sessions
found.append(float(small * np.float32(0.5)))
print(sys.argv[1:], "sessions, NumPy, NumPy without sessions:", found)
assert all(each == 0 for each in found) if sys.argv[1] == "set" else all(each > 0 for each in found)
PY
venv/bin/python orders.py plain set
venv/bin/python orders.py set plain
echo "still so"
