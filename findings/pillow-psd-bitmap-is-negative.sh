#!/usr/bin/env bash
# Pillow shows a Photoshop bitmap (1 bit) as its negative, and takes a saved selection for transparency.
#
# Libraries: pillow 13.0.0; av 18.1.0 (FFmpeg 8.1.2) and psd-tools 1.26.0 are the comparison. Met on 29 November 2026, CPython 3.11, Linux
# x86-64.
# Seen: a PSD of mode Bitmap whose left half has the bits 0 and whose right half has 1 is black and white in Pillow, white and black in
#   FFmpeg (pixel format "monow": 0 is white) and psd-tools; grey, indexed, RGB and CMYK files are alike in all three. So a scanned page kept
#   as a bitmap has white letters on black, and its hash and its text are those of another picture.
#   An RGB file of four channels, the fourth a selection saved under the name "Alpha 1" (resources 1006 and 1053; no layers, so by the format
#   no merged transparency), is RGBA in Pillow with the selection as alpha, and fades when it is put on white; RGB in the others.
# A media indexer must: invert PSD pictures of mode "1", and drop the alpha of a PSD unless its number of layers is negative.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet pillow==13.0.0 av==18.1.0 psd-tools==1.26.0 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct

import av
import numpy as np
from PIL import Image
from psd_tools import PSDImage

BITMAP, GREY, INDEXED, RGB, CMYK = 0, 1, 2, 3, 4
ACROSS, DOWN = 32, 16


def resource(number, data):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2)


def photoshop(mode, *planes, depth=8, palette=b"", resources=b""):
    data = b"".join((np.packbits(plane, axis=1) if depth == 1 else plane).tobytes() for plane in planes)
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), DOWN, ACROSS, depth, mode)
    sections = b"".join(struct.pack(">I", len(part)) + part for part in (palette, resources, b""))
    return head + sections + struct.pack(">H", 0) + data


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return image.mode, np.asarray(image.convert("RGB")).astype(int)


def by_ffmpeg(data):
    with av.open(io.BytesIO(data), format="psd_pipe") as container:
        frame = next(container.decode(video=0))
    return frame.format.name, frame.to_ndarray(format="rgb24").astype(int)


def by_psd_tools(data):
    image = PSDImage.open(io.BytesIO(data)).topil()
    return image.mode, np.asarray(image.convert("RGB")).astype(int)


ramp = np.tile(np.arange(ACROSS, dtype=np.uint8) * 8, (DOWN, 1))
steps = np.concatenate([np.arange(256), 255 - np.arange(256), np.arange(256) // 2]).astype(np.uint8).tobytes()
alike = {
    "grey": photoshop(GREY, ramp),
    "indexed": photoshop(INDEXED, ramp, palette=steps),
    "RGB": photoshop(RGB, ramp, 255 - ramp, ramp // 2),
    "CMYK": photoshop(CMYK, 255 - ramp, ramp, ramp // 2 + 100, np.full_like(ramp, 255)),
}
for name, data in alike.items():
    pictures = [reader(data)[1] for reader in (by_pillow, by_ffmpeg, by_psd_tools)]
    assert all(np.abs(picture - pictures[0]).max() <= 1 for picture in pictures), name
print("alike:", ", ".join(alike))

bits = np.zeros((DOWN, ACROSS), np.uint8)
bits[:, ACROSS // 2 :] = 1
for reader, left, right in ((by_pillow, 0, 255), (by_ffmpeg, 255, 0), (by_psd_tools, 255, 0)):
    kind, picture = reader(photoshop(BITMAP, bits, depth=1))
    print(f"bitmap, {reader.__name__}: {kind}, left {picture[8, 0].tolist()}, right {picture[8, -1].tolist()}")
    assert (picture[:, : ACROSS // 2] == left).all() and (picture[:, ACROSS // 2 :] == right).all()

selection = resource(1006, b"\x07Alpha 1") + resource(1053, struct.pack(">I", 1))
data = photoshop(RGB, ramp, 255 - ramp, ramp // 2, np.full_like(ramp, 77), resources=selection)
kinds = {reader.__name__: reader(data)[0] for reader in (by_pillow, by_ffmpeg, by_psd_tools)}
print("saved selection:", kinds)
assert kinds == {"by_pillow": "RGBA", "by_ffmpeg": "gbrp", "by_psd_tools": "RGB"}
with Image.open(io.BytesIO(data)) as image:
    assert image.getpixel((20, 8)) == (160, 95, 80, 77)
    faded = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).getpixel((20, 8))
print("on white:", faded)
assert faded[:3] == (226, 207, 202)
PY
echo "still so"
