#!/usr/bin/env bash
# ONNX Runtime takes a big-endian array as if it were little-endian; OpenVINO converts it.
#
# Libraries: onnxruntime 1.32.0, openvino 2026.4.1, onnx 1.23.2, numpy 2.4.6, pillow 13.0.0.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: session.run with x.astype('>f4') raises nothing and gives y of swapped bytes (here NaN); '>u2' of 1, 2, 3 arrives as
#   256, 512, 768. float64 and float16 are refused by name ("Unexpected input data type"), the byte order is not looked at.
#   OpenVINO gives the right answer for the same array, so a fallback from one runtime to the other changes the answer.
#   Such arrays are not exotic: np.asarray of a Pillow picture of mode I;16B (16-bit TIFF by Motorola byte order) is '>u2',
#   FITS, RIFX and AIFF readers give '>f4' or '>i2'.
# A media indexer must: convert to the native byte order where the array enters the encoder (np.ascontiguousarray(x, np.float32)
#   does it), and check dtype.isnative there.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet onnxruntime==1.32.0 openvino==2026.4.1 onnx==1.23.2 numpy==2.4.6 pillow==13.0.0
HOME="$work" ORT_DISABLE_TELEMETRY=1 venv/bin/python - <<'PY'
import sys

sys.modules["openvino_telemetry"] = None

import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from PIL import Image


def graph(kind, nodes, initializers=()):
    ends = [helper.make_tensor_value_info(name, kind, ["n", 4]) for name in ("x", "y")]
    model = helper.make_model(
        helper.make_graph(nodes, "g", ends[:1], ends[1:], list(initializers)), opset_imports=[helper.make_opsetid("", 20)]
    )
    model.ir_version = 10
    return model.SerializeToString()


weights = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)
product = graph(TensorProto.FLOAT, [helper.make_node("MatMul", ["x", "w"], ["y"])], [numpy_helper.from_array(weights, "w")])
x = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)
session = onnxruntime.InferenceSession(product, providers=["CPUExecutionProvider"])
core = openvino.Core()
compiled = core.compile_model(core.read_model(product), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
swapped = x.astype(">f4")
assert np.array_equal(swapped, x)
by_ort, by_openvino = session.run(None, {"x": swapped})[0], compiled(swapped)[0]
print("ONNX Runtime", by_ort[0], "OpenVINO", by_openvino[0], "right", (x @ weights)[0])
assert np.allclose(by_openvino, x @ weights, atol=1e-6)
assert not np.allclose(by_ort, x @ weights, atol=1e-6)
assert np.allclose(session.run(None, {"x": np.ascontiguousarray(swapped, np.float32)})[0], x @ weights, atol=1e-6)
try:
    session.run(None, {"x": x.astype(np.float64)})
except Exception as error:  # noqa: BLE001
    print("float64:", str(error)[-80:])
else:
    raise SystemExit("float64 is taken now")
same = graph(TensorProto.UINT16, [helper.make_node("Identity", ["x"], ["y"])])
picture = np.asarray(Image.frombytes("I;16B", (4, 1), np.array([1, 2, 3, 4], ">u2").tobytes()))
seen = onnxruntime.InferenceSession(same, providers=["CPUExecutionProvider"]).run(None, {"x": picture})[0]
print("picture", picture.dtype, picture.tolist(), "inside the model", seen.tolist())
assert picture.dtype == ">u2" and picture.tolist() == [[1, 2, 3, 4]] and seen.tolist() == [[256, 512, 768, 1024]]
PY
echo "still so"
