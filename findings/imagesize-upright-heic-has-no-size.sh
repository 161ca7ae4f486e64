#!/usr/bin/env bash
# imagesize finds no size in a HEIC or AVIF that is turned, which is every upright photo of a phone; of a turned JPEG it gives the turned size.
#
# Library: imagesize 2.0.1; files by pillow 13.0.0 and pillow-heif 1.8.1. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, 500 x 300 pixels:
#   HEIC and AVIF lying: (500, 300); the same with orientation 6, an irot box: (-1, -1)
#   JPEG with EXIF orientation 6: (300, 500), where Pillow's size is (500, 300); so half of the formats are turned, half are not there
#   SVG: floats, 188.9763779527559 wide for 5cm; (-1, -1) with a viewBox only
#   No error in any case. JPEG, PNG, WebP, GIF, TIFF and BigTIFF lying are right.
# A media indexer must: take (-1, -1) for "ask a decoder", never for a size, and know that JPEG sizes are turned already.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet imagesize==2.0.1 pillow==13.0.0 pillow-heif==1.8.1
venv/bin/python - <<'PY'
import pathlib

import imagesize
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
picture = Image.linear_gradient("L").resize((500, 300)).convert("RGB")
exif = Image.Exif()
exif[274] = 6
block = exif.tobytes()
unknown = (-1, -1)
for ending, turned in (("heic", unknown), ("avif", unknown), ("jpg", (300, 500))):
    picture.save(f"lying.{ending}")
    picture.save(f"turned.{ending}", exif=block)
    sizes = imagesize.get(f"lying.{ending}"), imagesize.get(f"turned.{ending}")
    print(f"{ending:5} lying {sizes[0]}, turned {sizes[1]}; Pillow says {Image.open(f'turned.{ending}').size}")
    assert sizes == ((500, 300), turned)
for ending in ("png", "webp", "gif", "tif"):
    picture.save(f"lying.{ending}")
    assert imagesize.get(f"lying.{ending}") == (500, 300)
for name, size in (("cm", 'width="5cm" height="3cm"'), ("viewbox", 'viewBox="0 0 500 300"')):
    path = pathlib.Path(f"{name}.svg")
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}/>')
    print(path, imagesize.get(path))
    assert imagesize.get(path) == (unknown if name == "viewbox" else (188.9763779527559, 113.38582677165354))
PY
echo "still so"
