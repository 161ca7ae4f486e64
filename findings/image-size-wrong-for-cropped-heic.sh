#!/usr/bin/env bash
# image-size gives 63 x 64 for a HEIC of 60 x 40, and probe-image-size calls an AVIF that is turned to the right turned to the left.
#
# Libraries: image-size 2.1.0, probe-image-size 7.5.0; pillow-heif 1.8.1 and pillow 13.0.0 make the files. Needs Node.js 20 or later with
# npm. Met on 30 November 2026, Node.js 20.20.2, CPython 3.11, Linux x86-64.
# Seen:                                  shown       image-size        probe-image-size
#   HEIC, 60 x 40 in blocks of 64 x 64   60 x 40     63 x 64           64 x 64
#   HEIC, 1001 x 667                     1001 x 667  1001 x 668        1002 x 668
#   HEIC, 128 x 64 with a thumbnail      128 x 64    127 x 64          128 x 64
#   AVIF, 60 x 40, EXIF orientation 6    40 x 60     60 x 40, no turn  60 x 40, orientation 8
#   AVIF, 60 x 40, EXIF orientation 8    40 x 60     60 x 40, no turn  60 x 40, orientation 6
#   The crop (`clap`) is four fractions; image-size takes denominators away from the size, even the crop of the thumbnail from the picture.
#   A JPEG with orientation 6 is 60 x 40, orientation 6 in both.
# A media indexer must: ask a decoder for the size of HEIC and AVIF, or read `ispe`, `clap` and `irot` of the primary item itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow-heif==1.8.1 pillow==13.0.0
venv/bin/python - <<'PY'
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
for name, size, options in (("small", (60, 40), {}), ("odd", (1001, 667), {}), ("thumbnail", (128, 64), {"thumbnails": [32]})):
    pillow_heif.from_pillow(Image.new("RGB", size, (200, 30, 30))).save(f"{name}.heic", **options)
    with Image.open(f"{name}.heic") as shown:
        assert shown.size == size
for name in ("six.jpg", "six.avif", "eight.avif"):
    exif = Image.Exif()
    exif[0x0112] = 8 if name.startswith("eight") else 6
    Image.new("RGB", (60, 40), (200, 30, 30)).save(name, exif=exif)
    with Image.open(name) as opened:
        assert opened.getexif()[0x0112] == (8 if name.startswith("eight") else 6)
PY
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund image-size@2.1.0 probe-image-size@7.5.0
cat >check.mjs <<'JS'
import assert from "node:assert";
import fs from "node:fs";
import { imageSize } from "image-size";
import probe from "probe-image-size";

const expected = {
  "small.heic": [63, 64, undefined, 64, 64, undefined],
  "odd.heic": [1001, 668, undefined, 1002, 668, undefined],
  "thumbnail.heic": [127, 64, undefined, 128, 64, undefined],
  "six.avif": [60, 40, undefined, 60, 40, 8],
  "eight.avif": [60, 40, undefined, 60, 40, 6],
  "six.jpg": [60, 40, 6, 60, 40, 6],
};
for (const [name, wanted] of Object.entries(expected)) {
  const data = fs.readFileSync(name);
  const seen = [imageSize(data), probe.sync(data)].flatMap(({ width, height, orientation }) => [width, height, orientation]);
  console.log(name, seen);
  assert.deepEqual(seen, wanted);
}
JS
node check.mjs
echo "still so"
