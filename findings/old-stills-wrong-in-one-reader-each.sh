#!/usr/bin/env bash
# Sun raster, TGA and OS/2 bitmaps come black, grey, invisible or in other colours, each in one reader, without an error.
#
# Libraries: pillow 13.0.0, av 18.1.0 (FFmpeg 8.1.2), opencv-python-headless 5.0.0.93. Met on 29 November 2026, CPython 3.11, Linux x86-64.
# Seen (two readers agree with the format in each line; the third is named):
#   Sun raster, 8 or 1 bits without a colour map: all black in OpenCV with IMREAD_UNCHANGED or IMREAD_GRAYSCALE; with IMREAD_COLOR the 8 bits
#     are right and the 1 bit is a negative;
#   Sun raster, 32 bits: Pillow takes the padding byte for a colour, (32, 40, 33) becomes (40, 33, 0);
#   OS/2 bitmap (header of 12 bytes), 24 bits: a grey picture in OpenCV with IMREAD_UNCHANGED, right with IMREAD_COLOR;
#   TGA, 16 bits with one bit of alpha, all set (opaque): all transparent in Pillow, all opaque where the bits are 0;
#   TGA, 16 bits of grey and alpha, as GIMP writes it: FFmpeg takes them for 5 bits each of red, green and blue.
# A media indexer must: decode a still by two readers where the first gives one single colour or full transparency, and open OS/2 bitmaps in
#   colour mode.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 av==18.1.0 opencv-python-headless==5.0.0.93 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct

import av
import cv2
import numpy as np
from PIL import Image

ACROSS, DOWN = 8, 6
down, across = np.mgrid[0:DOWN, 0:ACROSS]
rgb = np.stack([across * 32, down * 40, (across + down) * 16 + 1], -1).astype(np.uint8)
grey, alpha = rgb[..., 0], (across * 36).astype(np.uint8)
in_grey = np.repeat(grey[..., None], 3, axis=2)
five = rgb.astype(int) >> 3
bits = (across % 2).astype(np.uint8)


def sun(depth, kind, data):
    return struct.pack(">8I", 0x59A66A95, ACROSS, DOWN, depth, len(data), kind, 0, 0) + data


def targa(kind, descriptor, words):
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, kind, 0, 0, 0, 0, 0, ACROSS, DOWN, 16, 0x20 | descriptor)
    return head + words.astype("<u2").tobytes()


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


def by_ffmpeg(data, name):
    with open(name, "wb") as file:
        file.write(data)
    with av.open(name, format={"tga": "image2", "ras": "sunrast_pipe", "bmp": "bmp_pipe"}[name[-3:]]) as container:
        frame = next(container.decode(video=0))
    return frame.to_ndarray(format="rgb24").astype(int)


def by_opencv(data, mode):
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), mode)
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    return picture[..., 2::-1].astype(int)


def like(picture, right, within=8):
    return np.abs(picture[..., :3] - right.astype(int)).max() <= within


eight = sun(8, 1, grey.tobytes())
one = sun(1, 1, b"".join(row.tobytes() + b"\0" for row in np.packbits(bits, axis=1)))
black_is_one = np.repeat((1 - bits)[..., None], 3, axis=2) * 255
for name, data, right in (("8 bits", eight, in_grey), ("1 bit", one, black_is_one)):
    assert like(by_pillow(data), right) and like(by_ffmpeg(data, "a.ras"), right)
    for mode in (cv2.IMREAD_UNCHANGED, cv2.IMREAD_GRAYSCALE):
        assert by_opencv(data, mode).max() == 0
    print(f"Sun raster, {name}: all black in OpenCV")
assert like(by_opencv(eight, cv2.IMREAD_COLOR), in_grey) and like(by_opencv(one, cv2.IMREAD_COLOR), 255 - black_is_one)

padded = sun(32, 1, np.dstack([np.zeros_like(grey), rgb[..., ::-1]]).tobytes())
assert like(by_ffmpeg(padded, "a.ras"), rgb) and like(by_opencv(padded, cv2.IMREAD_UNCHANGED), rgb)
print("Sun raster, 32 bits:", rgb[1, 1].tolist(), "is", by_pillow(padded)[1, 1].tolist(), "in Pillow")
assert like(by_pillow(padded), np.dstack([rgb[..., 1], rgb[..., 2], np.zeros_like(grey)]), 0)

pixels = rgb[::-1, :, ::-1].tobytes()
os2 = struct.pack("<2sIHHI", b"BM", 26 + len(pixels), 0, 0, 26) + struct.pack("<IHHHH", 12, ACROSS, DOWN, 1, 24) + pixels
assert like(by_pillow(os2), rgb) and like(by_ffmpeg(os2, "a.bmp"), rgb) and like(by_opencv(os2, cv2.IMREAD_COLOR), rgb)
unchanged = cv2.imdecode(np.frombuffer(os2, np.uint8), cv2.IMREAD_UNCHANGED)
print("OS/2 bitmap, IMREAD_UNCHANGED: shape", unchanged.shape)
assert unchanged.shape == (DOWN, ACROSS) and unchanged.max() > 0

words = five[..., 0] << 10 | five[..., 1] << 5 | five[..., 2]
for state, extra, seen in (("set", 0x8000, 0), ("clear", 0, 255)):
    data = targa(2, 1, words | extra)
    picture = by_pillow(data)
    print(f"TGA with its alpha bits {state}: alpha {set(picture[..., 3].ravel().tolist())} in Pillow")
    assert like(picture, rgb) and (picture[..., 3] == seen).all() and like(by_ffmpeg(data, "a.tga"), rgb)

both = targa(3, 8, grey.astype(int) | alpha.astype(int) << 8)
picture = by_ffmpeg(both, "a.tga")
print("TGA of grey and alpha:", in_grey[1, 2].tolist(), "is", picture[1, 2].tolist(), "in FFmpeg")
assert like(by_pillow(both), in_grey) and (by_pillow(both)[..., 3] == alpha).all() and not like(picture, in_grey, 60)
PY
echo "still so"
