#!/usr/bin/env bash
# safetensors writes other numbers than it is given when a NumPy array is a slice of columns or stored by columns.
#
# Libraries: safetensors 0.8.0, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: safetensors.numpy.save_file({"a": x[:, :8]}) of a 50 x 16 array raises nothing; load_file gives the right shape and other
#   numbers: the first 400 of the buffer, row by row, as if there were no gap. The same with np.asfortranarray(x): the transposed
#   order. A big-endian array is converted and comes back right, a copy too. (Its PyTorch side refuses tensors with gaps.)
# A media indexer must: save np.ascontiguousarray(x), and read a file of vectors back and compare before the old one is replaced.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet safetensors==0.8.0 numpy==2.4.6
venv/bin/python - <<'PY'
import numpy as np
from safetensors.numpy import load_file, save_file

x = np.random.default_rng(0).standard_normal((50, 16)).astype(np.float32)


def back(array):
    save_file({"a": array}, "a.safetensors")
    return load_file("a.safetensors")["a"]


sliced, by_columns = back(x[:, :8]), back(np.asfortranarray(x))
right = {"slice": np.array_equal(sliced, x[:, :8]), "by columns": np.array_equal(by_columns, x)}
right |= {"copy of the slice": np.array_equal(back(x[:, :8].copy()), x[:, :8]), "big-endian": np.array_equal(back(x.astype(">f4")), x)}
print("comes back right:", right)
assert right == {"slice": False, "by columns": False, "copy of the slice": True, "big-endian": True}
print("the slice is the start of the buffer:", np.array_equal(sliced.ravel(), x.ravel()[:400]))
assert sliced.shape == (50, 8) and np.array_equal(sliced.ravel(), x.ravel()[:400])
assert np.array_equal(by_columns.ravel(), x.T.ravel())
PY
echo "still so"
