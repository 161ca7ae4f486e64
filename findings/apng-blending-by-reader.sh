#!/usr/bin/env bash
# A frame of an animated PNG that is drawn over the one before makes opaque pixels transparent in Pillow and in libpng's APNG code; not in FFmpeg.
#
# Libraries: pillow 13.0.0 and imagecodecs 2026.3.6 (apng_decode); av 18.1.0 (FFmpeg 8.1.2) is right. Met on 29 November 2026, CPython 3.11,
# Linux x86-64.
# Seen, an opaque red frame, then a blue one of alpha 128 with blend_op OVER; the PNG standard asks for alpha = new + old * (1 - new):
#   FFmpeg, and Pillow's own Image.alpha_composite   (127, 0, 128, 255)
#   Pillow's seek(1), imagecodecs                    (127, 0, 128, 191)    the alpha channel is mixed like a colour
#   Over a cleared canvas Pillow gives (0, 0, 128, 64) for the pixel (0, 0, 255, 128): darker and half as opaque.
# A media indexer must: not flatten such frames on white (they come out too light) nor compare one reader's frames with another's; take the
#   first frame, or compose the frames itself from the chunks fcTL and fdAT.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet av==18.1.0 pillow==13.0.0 imagecodecs==2026.3.6 numpy==2.4.6
venv/bin/python - <<'PY'
import io
import struct
import zlib

import av
import imagecodecs
from PIL import Image

SIDE = 16


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pixels(colour):
    return zlib.compress((b"\0" + bytes(colour) * SIDE) * SIDE)


def animation(first, second, disposal):
    def control(number, dispose):
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, SIDE, SIDE, 0, 0, 1, 10, dispose, 1 if number else 0))

    return b"".join([
        b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, 8, 6, 0, 0, 0)), chunk(b"acTL", struct.pack(">II", 2, 0)),
        control(0, disposal), chunk(b"IDAT", pixels(first)), control(1, 0), chunk(b"fdAT", struct.pack(">I", 2) + pixels(second)), chunk(b"IEND", b""),
    ])


def second_frame(data):
    image = Image.open(io.BytesIO(data))
    image.seek(1)
    with av.open(io.BytesIO(data)) as container:
        frames = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    decoded = imagecodecs.apng_decode(data)
    assert image.n_frames == len(frames) == len(decoded) == 2
    return {"Pillow": image.convert("RGBA").getpixel((5, 5)), "imagecodecs": tuple(decoded[1, 5, 5].tolist()), "FFmpeg": tuple(frames[1][5, 5].tolist())}


RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 128)
over = second_frame(animation(RED, BLUE, 0))
cleared = second_frame(animation(RED, BLUE, 1))
right = Image.alpha_composite(Image.new("RGBA", (1, 1), RED), Image.new("RGBA", (1, 1), BLUE)).getpixel((0, 0))
print("over red", over, "alpha_composite", right)
print("over a cleared canvas", cleared)
assert over["FFmpeg"] == right == (127, 0, 128, 255) and cleared["FFmpeg"] == BLUE
assert over["Pillow"] == over["imagecodecs"] == (127, 0, 128, 191)
assert cleared["Pillow"] == (0, 0, 128, 64)
PY
echo "still so"
