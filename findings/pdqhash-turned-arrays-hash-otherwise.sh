#!/usr/bin/env bash
# PDQ of a picture that NumPy turned is the hash of another picture, at full quality.
#
# Library: pdqhash 0.2.8 (numpy 2.4.6). Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: pdqhash.compute(np.rot90(picture)), .swapaxes(0, 1) and np.asfortranarray(picture) differ in about half of the 256 bits from
#   the hash of a contiguous copy of the same array, as far as two unrelated pictures; quality says 100 both times. A flip, a crop and
#   planes taken as channels.transpose(1, 2, 0) are right. compute_float and compute_dihedral do the same.
#   Any array whose columns are contiguous is read as if its rows were.
# A media indexer must: hash np.ascontiguousarray(picture); EXIF orientations 5 to 8 done by NumPy are enough to lose near copies.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pdqhash==0.2.8 numpy==2.4.6 pillow==13.0.0
venv/bin/python - <<'PY'
import numpy as np
import pdqhash
from PIL import Image


def photo(seed):
    small = np.random.default_rng(seed).integers(0, 255, (8, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(small).resize((384, 256), Image.Resampling.BICUBIC))


def bits(array):
    return pdqhash.compute(array)[0]


picture = photo(1)
unrelated = int((bits(picture) != bits(photo(2))).sum())
print("two unrelated pictures:", unrelated, "of 256 bits")
assert 100 < unrelated < 156
planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
views = {
    "np.rot90": np.rot90(picture),
    "swapaxes": picture.swapaxes(0, 1),
    "Fortran order": np.asfortranarray(picture),
    "flip": picture[::-1],
    "crop": picture[20:200, 40:300],
    "channels last by transpose": planes.transpose(1, 2, 0),
}
for name, view in views.items():
    copy = np.ascontiguousarray(view)
    assert np.array_equal(view, copy)
    off = int((bits(view) != bits(copy)).sum())
    print(f"{name:28}{off:4} bits from its own copy, quality {pdqhash.compute(view)[1]} and {pdqhash.compute(copy)[1]}")
    if name in ("np.rot90", "swapaxes", "Fortran order"):
        assert off > 90 and pdqhash.compute(view)[1] == 100
    else:
        assert off == 0
PY
echo "still so"
