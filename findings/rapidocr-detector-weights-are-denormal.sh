#!/usr/bin/env bash
# rapidocr, PP-OCRv6 small: two thirds of the detector's time goes into a quarter of a million denormal weights.
#
# Libraries: rapidocr 3.10.0, onnxruntime 1.32.0, onnx 1.23.2. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 480 x 640 pixels on one thread: 0.33 s of processor time as it comes, 0.11 s with session.set_denormal_as_zero,
#   the same numbers out. 255,958 of its float32 weights lie below 1.2e-38; two 1 x 1 convolutions at a 32nd of the size hold
#   most of them and take 70 % of the time. Only the first session of a process sets the flag: set by a later one it does nothing.
# A media indexer must: set session.set_denormal_as_zero on the first session of the process that reads text.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet rapidocr==3.10.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 opencv-python-headless
cat > run.py <<'PY'
import pathlib
import statistics
import sys
import time

import numpy
import onnx
import onnxruntime
import rapidocr
from onnx import numpy_helper

path = pathlib.Path(rapidocr.__file__).parent / "models/PP-OCRv6_det_small.onnx"


def opened(as_zero):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.set_denormal_as_zero", as_zero)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def seconds(session):
    y, x = numpy.mgrid[0:480, 0:640]
    picture = numpy.stack([numpy.sin(x / 9), numpy.cos(y / 7), numpy.sin((x + y) / 5)])[None].astype(numpy.float32)
    times = []
    for _ in range(6):
        start = time.process_time()
        [out] = session.run(None, {session.get_inputs()[0].name: picture})
        times.append(time.process_time() - start)
    return statistics.median(times[1:]), float(out.sum())


first = sys.argv[1]
taken, total = seconds(opened(first))
later, _ = seconds(opened("1"))
weights = [numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer]
small = sum(int(((w != 0) & (abs(w) < 1.18e-38)).sum()) for w in weights if w.dtype == numpy.float32)
print(first, taken, total, later, small)
PY
read -r _ plain plain_sum later small < <(venv/bin/python run.py 0)
read -r _ zeroed zeroed_sum _ _ < <(venv/bin/python run.py 1)
echo "denormal weights: $small"
echo "as it comes: $plain s; denormals as zero: $zeroed s; asked for by the second session of a process: $later s"
venv/bin/python - "$plain" "$zeroed" "$later" "$plain_sum" "$zeroed_sum" "$small" <<'PY'
import sys

plain, zeroed, later, one, other, small = map(float, sys.argv[1:])
assert small > 200_000, "the weights are not denormal any more"
assert zeroed < 0.6 * plain, "denormals cost little now"
assert later > 0.7 * plain, "a later session sets the flag now"
assert abs(one - other) < 1e-3 * abs(one), "the result changes"
PY
echo "as described"
