#!/usr/bin/env bash
# ONNX Runtime maps weights of an external file, and then copies every matrix into private memory, unless prepacking is off.
#
# Libraries: onnxruntime 1.32.0, onnx 1.23.2. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Guess before the run: weights that lie in an external file stay pages of that file, shared by all processes that map it.
# Seen: a model of six MatMul with 96 MiB of float32 weights in an external file; memory after a session is made and has run:
#                                         private    of files    processor time
#   as it comes                           + 96 MiB   +  8 MiB    0.23 s
#   session.disable_prepacking = "1"      +  1 MiB   +105 MiB    0.04 s, pages of the file
# A media indexer must: set session.disable_prepacking where several processes hold the same weights, or where one question is
#   asked of a cold process, and measure the speed that it costs; not count on external data alone to share memory.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 onnx==1.23.2
cat > make.py <<'PY'
import numpy as np
import onnx
from onnx import TensorProto, helper

SIDE, COUNT = 2048, 6
nodes, weights, before = [], [], "x"
with open("weights", "wb") as data:
    for number in range(COUNT):
        raw = np.random.default_rng(number).normal(size=(SIDE, SIDE)).astype(np.float32).tobytes()
        weight = TensorProto(name=f"w{number}", data_type=TensorProto.FLOAT, dims=[SIDE, SIDE], data_location=TensorProto.EXTERNAL)
        for key, value in (("location", "weights"), ("offset", data.tell()), ("length", len(raw))):
            weight.external_data.add(key=key, value=str(value))
        data.write(raw)
        weights.append(weight)
        nodes.append(helper.make_node("MatMul", [before, weight.name], [f"y{number}"]))
        before = f"y{number}"
ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIDE]) for name in ("x", before)]
graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), "model.onnx")
PY
cat > hold.py <<'PY'
import sys

import numpy as np
import onnxruntime


def memory():
    lines = (line.split() for line in open("/proc/self/status"))
    found = {line[0]: int(line[1]) / 1024 for line in lines if line[0] in ("RssAnon:", "RssFile:")}
    return np.array([found["RssAnon:"], found["RssFile:"]])


options = onnxruntime.SessionOptions()
if sys.argv[1] == "off":
    options.add_session_config_entry("session.disable_prepacking", "1")
before = memory()
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
session.run(None, {"x": np.ones((1, 2048), np.float32)})
private, of_files = memory() - before
print(f"prepacking {sys.argv[1]}: private +{private:.0f} MiB, of files +{of_files:.0f} MiB")
assert private > 85 if sys.argv[1] == "on" else private < 20 and of_files > 85
PY
venv/bin/python make.py
venv/bin/python hold.py on
venv/bin/python hold.py off
echo "still so"
