#!/usr/bin/env bash
# FFmpeg decodes five valid kinds of still picture without an error and gives another picture: black, transparent or unlike.
#
# Libraries: av 18.1.0 (FFmpeg 8.1.2); tifffile 2026.3.3, imagecodecs 2026.3.6, pillow 13.0.0 write the files and read them rightly.
# Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen, one decoded frame each, no exception:
#   TIFF in tiles, as scanners of large sheets and GIS write it    all black
#   JPEG-LS in colour, as imagecodecs (CharLS) writes it by default all black
#   TIFF of half floats (0 to 1)                                   gray16le: the bits of the floats taken as grey values
#   JPEG 2000 in CMYK                                              rgba: ink taken as colour, black ink as transparency (all clear)
#   PFM, grey                                                      stretched as if it were video levels: 0.3 comes out as 70, 0.63 as 160
#   The same TIFF in strips, JPEG 2000 in RGB and PFM in colour are right.
# A media indexer must: give stills to picture libraries, and where FFmpeg is the last resort, take an all-black picture for unread.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 numpy==2.4.6 pillow==13.0.0 tifffile==2026.3.3 imagecodecs==2026.3.6
venv/bin/python - <<'PY'
import av
import imagecodecs
import numpy as np
import tifffile
from PIL import Image

H, W = 48, 64
rows, columns = np.mgrid[0:H, 0:W]
picture = np.stack([columns * 4, rows * 5, (rows + columns) * 2], -1).astype(np.uint8)
grey = picture[..., 0]


def ffmpeg(path):
    with av.open(path) as container:
        (frame,) = container.decode(container.streams.video[0])
        return frame.format.name, frame.to_ndarray(format="rgba").astype(int)


def difference(path, right):
    form, pixels = ffmpeg(path)
    right = right if right.ndim == 3 else np.repeat(right[..., None], 3, 2)
    return form, round(float(np.abs(pixels[..., :3] - right).mean()), 1), int(pixels[..., :3].max()), int(pixels[..., 3].max())


tifffile.imwrite("strips.tif", picture, photometric="rgb")
tifffile.imwrite("tiles.tif", picture, photometric="rgb", tile=(16, 16))
tifffile.imwrite("half.tif", (grey / 255).astype(np.float16))
with open("colour.jls", "wb") as file:
    file.write(imagecodecs.jpegls_encode(picture))
Image.fromarray(picture).save("rgb.jp2", irreversible=False)
Image.fromarray(picture).convert("CMYK").save("cmyk.jp2", irreversible=False)
for name, kind, values in (("colour.pfm", b"PF", picture), ("grey.pfm", b"Pf", grey)):
    with open(name, "wb") as file:
        file.write(b"%s\n%d %d\n-1.0\n" % (kind, W, H) + (values[::-1] / 255).astype("<f4").tobytes())

assert np.array_equal(tifffile.imread("tiles.tif"), picture) and np.array_equal(np.asarray(Image.open("tiles.tif")), picture)
assert np.array_equal(imagecodecs.imread("colour.jls"), picture)
assert np.allclose(tifffile.imread("half.tif"), grey / 255, atol=1e-3)
assert np.array_equal(np.asarray(Image.open("cmyk.jp2").convert("RGB")), picture)
assert np.allclose(np.asarray(Image.open("grey.pfm")) * 255, grey, atol=0.01)

seen = {name: difference(name, picture) for name in ("strips.tif", "tiles.tif", "colour.jls", "rgb.jp2", "cmyk.jp2", "colour.pfm")}
seen |= {name: difference(name, grey) for name in ("half.tif", "grey.pfm")}
for name, (form, away, largest, alpha) in seen.items():
    print(f"{name}: {form}, mean difference {away}, largest value {largest}, largest alpha {alpha}")
for name in ("strips.tif", "rgb.jp2", "colour.pfm"):
    assert seen[name][1] < 1
assert seen["tiles.tif"][2] == seen["colour.jls"][2] == 0
assert seen["half.tif"][0] == "gray16le" and seen["half.tif"][1] > 40
assert seen["cmyk.jp2"][0] == "rgba" and seen["cmyk.jp2"][1] > 40 and seen["cmyk.jp2"][3] == 0
assert seen["grey.pfm"][0] == "grayf32le" and 5 < seen["grey.pfm"][1] < 20
PY
echo "still so"
