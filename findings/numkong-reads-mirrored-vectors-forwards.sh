#!/usr/bin/env bash
# NumKong takes a vector turned round by [::-1] for the numbers that follow its first element in memory: other numbers, no error.
#
# Libraries: numkong 7.8.6 (the new name of SimSIMD) and simsimd 6.5.16. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: v = big[64:128][::-1] is 127, 126 ... 64; dot(v, ones) is 10144, the sum of big[127:191], in place of 6112. The same for rows of a
#   matrix mirrored by [:, ::-1], and for sqeuclidean, inner and the cosine distance. A step of two or the other byte order is refused with
#   ValueError; only the step of -1 passes as contiguous. Behind the last row the numbers are whatever stands there.
# A media indexer must: hand over np.ascontiguousarray of anything that was flipped (mirrored pictures, reversed sound, sorted scores).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet numkong==7.8.6 simsimd==6.5.16 numpy==2.4.6
venv/bin/python - <<'PY'
import numkong
import numpy as np
import simsimd

big = np.arange(1024, dtype=np.float32)  # every view below stays inside, also what is read by mistake
ones = np.ones(64, np.float32)
mirrored = big[64:128][::-1]
rows = big.reshape(4, 256)[:, 64:128][:, ::-1]
read_instead = np.stack([big[start + 127 : start + 191] for start in range(0, 1024, 256)])
for library in (numkong, simsimd):
    name = library.__name__.lower()
    for function, true in (("dot", np.dot), ("sqeuclidean", lambda a, b: ((a - b) ** 2).sum())):
        measure = getattr(library, function)
        got, right, wrong = float(measure(mirrored, ones)), true(mirrored, ones), true(read_instead[0], ones)
        print(f"{name}.{function}: {got:.0f}, right {right:.0f}, of the numbers behind {wrong:.0f}")
        assert np.isclose(got, wrong, rtol=1e-5) and not np.isclose(got, right, rtol=1e-2)
        assert np.isclose(float(measure(np.ascontiguousarray(mirrored), ones)), right, rtol=1e-5)
    matrix = np.array(library.dot(rows, np.ones_like(rows)), dtype=float)
    print(f"{name}.dot of rows:", matrix.tolist(), "right", rows.sum(axis=1).tolist())
    assert np.allclose(matrix, read_instead.sum(axis=1))
    for refused in (big[:128:2], big[:64].astype(">f4")):
        try:
            library.dot(refused, ones)
        except ValueError as error:
            print(f"{name}:", error)
        else:
            raise SystemExit("taken now")
PY
echo "still so"
