#!/usr/bin/env bash
# kornia-rs reads a picture with a palette as a grey picture of its palette indices, without an error.
#
# Libraries: kornia-rs 0.2.0, pillow 13.0.0, numpy 2.4.6. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: a PNG, left half red (220, 30, 30), right half blue: as RGB (40, 64, 3) with those colours; with a palette (40, 64, 1), whose
#   values are the two indices. The order of a palette is arbitrary: the same picture with the palette reversed reads otherwise.
#   PNGs of one bit and of grey with alpha raise; JPEGs in CMYK raise.
# A media indexer must: look at the colour type in the header first, and leave palettes (screenshots, charts, old GIF exports)
#   to another reader; a check "it decoded" sees nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet kornia-rs==0.2.0 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import kornia_rs
import numpy as np
from PIL import Image

pixels = np.zeros((40, 64), np.uint8)
pixels[:, 32:] = 1
colours = [(220, 30, 30), (30, 30, 220)]
seen = []
for name, indices, palette in (("a", pixels, colours), ("b", 1 - pixels, colours[::-1])):
    picture = Image.frombytes("P", (64, 40), indices.tobytes())
    picture.putpalette([value for colour in palette * 128 for value in colour])
    picture.save(f"{name}.png", bits=8)
    shown = np.asarray(Image.open(f"{name}.png").convert("RGB"))
    read = np.asarray(kornia_rs.read_image(f"{name}.png"))
    print(name, "Pillow", shown[5, 5], shown[5, 60], "kornia-rs", read.shape, read[5, 5], read[5, 60])
    assert tuple(shown[5, 5]) == colours[0] and tuple(shown[5, 60]) == colours[1]
    assert read.shape == (40, 64, 1)
    seen.append((int(read[5, 5, 0]), int(read[5, 60, 0])))
assert seen == [(0, 1), (1, 0)], seen
PY
echo "still so"
