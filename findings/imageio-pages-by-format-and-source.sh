#!/usr/bin/env bash
# imageio.v3 gives all frames of a GIF and one of a WebP, and all pages of a TIFF by its path and one by its bytes.
#
# Library: imageio 2.38.1 with tifffile 2026.3.3, pillow 13.0.0. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, three frames of 20 x 30 in each file; shape of imread(path), imread(bytes), things that imiter(path) gives:
#   GIF, animated PNG   (3, 20, 30, 3)   (3, 20, 30, 3)   3;  a GIF of one frame is (1, 20, 30, 3), a PNG of one (20, 30, 3)
#   WebP, AVIF, MPO     (20, 30, 3)      (20, 30, 3)      3
#   TIFF                (3, 20, 30, 3)   (20, 30, 3)      1, of all three pages; with the bytes and extension=".tif" as by path
#   improps().n_images is None for the WebP, AVIF and TIFF with three; a JPEG with EXIF orientation 6 is not turned.
# A media indexer must: name the plugin (plugin="pillow") and index=..., and look at the number of dimensions before it takes rows for frames.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet imageio==2.38.1 tifffile==2026.3.3 pillow==13.0.0 numpy==2.4.6
venv/bin/python - <<'PY'
import imageio.v3 as iio
from PIL import Image

first, *rest = [Image.new("RGB", (30, 20), (grey, grey, grey)) for grey in (10, 100, 200)]
for name, options in {"a.tif": {}, "a.gif": {}, "a.png": {}, "a.webp": {"lossless": True}, "a.avif": {}, "a.mpo": {}}.items():
    first.save(name, save_all=True, append_images=rest, **options)
first.save("one.gif")
first.save("one.png")
exif = Image.Exif()
exif[274] = 6
first.save("turned.jpg", exif=exif)
seen = {}
for name in ("a.gif", "a.png", "a.webp", "a.avif", "a.mpo", "a.tif", "one.gif", "one.png", "turned.jpg"):
    with open(name, "rb") as file:
        data = file.read()
    seen[name] = (iio.imread(name).shape, iio.imread(data).shape, len(list(iio.imiter(name))), iio.improps(name).n_images)
    print(f"{name:12}", *seen[name])
one, three = (20, 30, 3), (3, 20, 30, 3)
assert seen["a.gif"] == seen["a.png"] == (three, three, 3, 3)
assert seen["a.webp"] == seen["a.avif"] == seen["a.mpo"] == (one, one, 3, None)
assert seen["a.tif"] == (three, one, 1, None)
with open("a.tif", "rb") as file:
    assert iio.imread(file.read(), extension=".tif").shape == three
assert seen["one.gif"][0] == (1, 20, 30, 3) and seen["one.png"][0] == one and seen["turned.jpg"][0] == one
PY
echo "still so"
