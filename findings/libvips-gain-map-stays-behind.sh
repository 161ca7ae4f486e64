#!/usr/bin/env bash
# libvips attaches the gain map of an Ultra HDR JPEG to the picture and writes it out again; autorot, crop and collages leave it as it was.
#
# Library: pyvips 3.2.0 with pyvips-binary 8.18.7. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen: new_from_file("phone.jpg") loads the gain map as metadata; every save as JPEG writes it too.
#   thumbnail() turns and crops picture and map together (also crop="centre"). After new_from_file:
#     autorot(): the picture stands upright, the map lies as before; crop() to a dark part: the map of the whole, bright corner included;
#     an album sheet by arrayjoin(): one map, that of the first picture, stretched over all; insert() of an opaque black picture over
#     the whole: black, with the map of what was there.
#   On an ordinary screen all are right; on an HDR screen the light falls where the map says. keep="none" and keep="icc" drop the map.
# A media indexer must: make pictures with thumbnail(), or save with keep="icc"; never autorot() and save.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.4.6 pillow==13.0.0
venv/bin/python - <<'PY'
import io

import numpy as np
import pyvips
from PIL import Image

light = np.full((200, 400, 3), 0.2, np.float32)
light[:120, :240] = 4.0  # the top left corner is brighter than white
scene = pyvips.Image.new_from_array(light).copy(interpretation="scrgb")
scene.uhdrsave("wide.jpg")
marked = pyvips.Image.new_from_file("wide.jpg").copy()
marked.set("orientation", 6)
marked.write_to_file("phone.jpg")


def bright(layer):
    pixels = np.asarray(layer.convert("L")).astype(int)
    high, wide = pixels.shape
    spots = {"tl": (1, 1), "tr": (1, 3), "bl": (3, 1), "br": (3, 3)}
    values = {name: pixels[high * y // 4, wide * x // 4] for name, (y, x) in spots.items()}
    return " ".join(name for name, value in values.items() if value > min(values.values()) + 60)


def layers(name, image, **options):
    written = Image.open(io.BytesIO(image.write_to_buffer(".jpg", **options)))
    picture = (written.size, bright(written))
    gain = None
    if getattr(written, "n_frames", 1) > 1:
        written.seek(1)
        gain = (written.size, bright(written))
    print(f"{name:32} picture {picture}, gain map {gain}")
    return picture, gain


def opened(name="wide.jpg"):
    return pyvips.Image.new_from_file(name)


assert "gainmap-data" in opened().get_fields()
assert layers("as it is", opened()) == (((400, 200), "tl"), ((200, 100), "tl"))
assert layers("thumbnail of the phone's", pyvips.Image.thumbnail("phone.jpg", 100)) == (((50, 100), "tr"), ((25, 50), "tr"))
assert layers("autorot of the phone's", opened("phone.jpg").autorot()) == (((200, 400), "tr"), ((200, 100), "tl"))
assert layers("crop of the dark corner", opened().crop(200, 100, 200, 100)) == (((200, 100), ""), ((200, 100), "tl"))
dark = pyvips.Image.black(400, 200, bands=3).copy(interpretation="srgb")
sheet = pyvips.Image.arrayjoin([opened(), dark], across=1)
assert layers("sheet of it and a black one", sheet)[1] == ((200, 100), "tl")
assert layers("black laid over it", opened().insert(dark, 0, 0)) == (((400, 200), ""), ((200, 100), "tl"))
assert layers('autorot, keep="icc"', opened("phone.jpg").autorot(), keep="icc") == (((200, 400), "tr"), None)
PY
echo "still so"
