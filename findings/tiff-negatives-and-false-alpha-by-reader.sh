#!/usr/bin/env bash
# A 16-bit TIFF whose white is 0 is a negative in Pillow and OpenCV, its 8-bit twin is not; alpha and CMYK go wrong elsewhere.
#
# Libraries: pillow 13.0.0, av 18.1.0 (FFmpeg 8.1.2), opencv-python-headless 5.0.0.93; tifffile 2026.3.3 writes. Met on 29 November 2026,
# CPython 3.11, Linux x86-64.
# Seen, all without an error unless one is named:
#   grey, photometric "min is white": all three turn 8 bits round; of 16 bits (X-rays, film scanners) Pillow and OpenCV give the negative,
#     FFmpeg the picture;
#   grey with premultiplied alpha: Pillow opens it as mode "La", and convert() to L, RGB or RGBA raises ValueError "conversion from La to L
#     not supported"; FFmpeg and OpenCV give the premultiplied grey, up to four times too dark;
#   RGB with a fourth channel of no stated meaning (ExtraSamples 0, say infrared of a film scanner): alpha in FFmpeg and OpenCV, left out by
#     Pillow;
#   CMYK of 16 bits: right in Pillow, in FFmpeg an RGBA picture of the inks with alpha 0, invisible.
# A media indexer must: look at PhotometricInterpretation, BitsPerSample and ExtraSamples itself: turn 16-bit "min is white" round, convert
#   "La" through "LA", and keep alpha only where ExtraSamples is 1 or 2.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 av==18.1.0 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 numpy==2.4.6
venv/bin/python - <<'PY'
import av
import cv2
import numpy as np
import tifffile
from PIL import Image

down, across = np.mgrid[0:64, 0:128]
grey = (across * 2).astype(np.uint8)
alpha = (255 - across).astype(np.uint8)
rgb = np.stack([grey, down * 4, (across + down) % 200], -1).astype(np.uint8)


def write(data, **settings):
    tifffile.imwrite("a.tif", data, metadata=None, **settings)


def by_pillow():
    with Image.open("a.tif") as image:
        return image.mode, np.asarray(image)


def by_ffmpeg():
    with av.open("a.tif", format="tiff_pipe") as container:
        frame = next(container.decode(video=0))
    return frame.format.name, frame.to_ndarray(format="rgba" if "a" in frame.format.name.replace("gray", "") else "rgb24")


def by_opencv():
    picture = cv2.imread("a.tif", cv2.IMREAD_UNCHANGED)
    return picture.shape, picture


def near(first, second, within=3):
    return np.abs(np.asarray(first, float) - np.asarray(second, float)).max() <= within


write(255 - grey, photometric="miniswhite")
assert near(by_pillow()[1], grey) and near(by_opencv()[1], grey) and near(by_ffmpeg()[1][..., 0], grey)
write((255 - grey.astype(np.uint16)) * 257, photometric="miniswhite")
for reader in (by_pillow, by_opencv):
    kind, picture = reader()
    print(f"min is white, 16 bits, {reader.__name__}: {kind}, left {picture[0, 0]}, right {picture[0, -1]}")
    assert near(picture / 257, 255 - grey.astype(int))
kind, picture = by_ffmpeg()
print(f"min is white, 16 bits, by_ffmpeg: {kind}, left {picture[0, 0, 0]}, right {picture[0, -1, 0]}")
assert near(picture[..., 0], grey)

premultiplied = (grey.astype(int) * alpha // 255).astype(np.uint8)
write(np.dstack([premultiplied, alpha]), photometric="minisblack", extrasamples=["assocalpha"])
with Image.open("a.tif") as image:
    assert image.mode == "La"
    for mode in ("L", "RGB", "RGBA"):
        try:
            image.convert(mode)
        except ValueError as error:
            print(f"premultiplied grey, Pillow to {mode}: {error}")
        else:
            raise SystemExit("converts now")
    assert near(np.asarray(image.convert("LA"))[..., 0], grey)
assert near(by_ffmpeg()[1][..., 0], premultiplied) and near(by_opencv()[1], premultiplied)

write(np.dstack([rgb, alpha]), photometric="rgb", extrasamples=["unspecified"])
print("fourth channel:", by_pillow()[0], by_ffmpeg()[0], by_opencv()[0])
assert by_pillow()[0] == "RGB" and near(by_pillow()[1], rgb)
assert by_ffmpeg()[0] == "rgba" and near(by_ffmpeg()[1][..., 3], alpha)
assert by_opencv()[0] == (64, 128, 4) and near(by_opencv()[1][..., 3], alpha)

inks = np.dstack([255 - rgb, np.zeros_like(grey)]).astype(np.uint16) * 257
write(inks, photometric="separated")
with Image.open("a.tif") as image:
    assert image.mode == "CMYK" and near(np.asarray(image.convert("RGB")), rgb)
kind, picture = by_ffmpeg()
print("CMYK of 16 bits, FFmpeg:", kind, picture[9, 9].tolist(), "for", rgb[9, 9].tolist())
assert (picture[..., 3] == 0).all() and near(picture[..., :3], 255 - rgb)
PY
echo "still so"
