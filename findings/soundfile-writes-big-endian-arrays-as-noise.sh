#!/usr/bin/env bash
# soundfile takes arrays of the other byte order without an error, writing noise, and fills such arrays with noise when it reads.
#
# Libraries: soundfile 0.14.0 (libsndfile 1.2.2), scipy 1.17.1, soxr 1.1.0, samplerate 0.2.4. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: scipy.io.wavfile.read gives ">i2" for a RIFX file, rightly; that array handed to
#   soundfile.write, SoundFile.write   no error; every sample has its two bytes swapped (">i4", ">f4" and ">f8" the same)
#   soundfile.read(out=array)          no error; the array asked for as ">f4" is filled with swapped floats
#   soxr.resample                      TypeError, which names the type
#   samplerate.resample                right
# A media indexer must: bring arrays to the native byte order (array.astype(array.dtype.newbyteorder("="))) where another reader's samples enter.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet soundfile==0.14.0 scipy==1.17.1 soxr==1.1.0 samplerate==0.2.4 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct

import numpy as np
import samplerate
import soundfile
import soxr
from scipy.io import wavfile

sine = np.round(20000 * np.sin(np.arange(8000) * 0.1)).astype(np.int16)
body = b"fmt " + struct.pack(">IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack(">I", 16000) + sine.astype(">i2").tobytes()
_, big = wavfile.read(io.BytesIO(b"RIFX" + struct.pack(">I", 4 + len(body)) + b"WAVE" + body))
assert big.dtype == ">i2" and np.array_equal(big, sine)


def written(array):
    file = io.BytesIO()
    soundfile.write(file, array, 8000, format="WAV", subtype="DOUBLE" if array.dtype.kind == "f" else None)
    file.seek(0)
    return soundfile.read(file, dtype=array.dtype.newbyteorder("=").name)[0]


cases = {kind: (sine / 32768 if "f" in kind else sine.astype(np.int64) << (16 if "4" in kind else 0)).astype(kind) for kind in (">i2", ">i4", ">f4", ">f8")}
for kind, array in cases.items():
    native = array.astype(array.dtype.newbyteorder("="))
    wrong, right = written(array), written(native)
    share = float((wrong == native).mean())
    print(f"{kind}: {len(wrong)} samples written, {share:.3f} of them right; native order right: {np.array_equal(right, native)}")
    assert len(wrong) == len(sine) and share < 0.05 and np.array_equal(right, native)
assert np.array_equal(written(np.asarray(big)), sine.byteswap())

file = io.BytesIO()
soundfile.write(file, sine, 8000, format="WAV")
file.seek(0)
out = np.zeros(len(sine), ">f4")
soundfile.read(file, out=out)
share = float(np.isclose(out, sine / 32768, atol=1e-4).mean())
print(f"read into an array of >f4: {share:.3f} right; swapped {np.allclose(out.view('<f4'), sine / 32768, atol=1e-4)}")
assert share < 0.05 and np.allclose(out.view("<f4"), sine / 32768, atol=1e-4)

try:
    soxr.resample(big, 8000, 16000)
    raise SystemExit("soxr takes the array")
except TypeError as error:
    print("soxr:", error)
resampled = samplerate.resample(cases[">f4"], 2.0, "sinc_fastest")
assert np.array_equal(resampled, samplerate.resample(cases[">f4"].astype(np.float32), 2.0, "sinc_fastest"))
PY
echo "still so"
