"""Pictures of more than eight bits a channel that Pillow does not decode: floating-point TIFF, PSD of 16 and 32 bits.

Sources: TIFF 6.0 with Adobe's technical note 3 (predictor of floats); Adobe Photoshop file formats specification.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from retrieval.settings import LIMITS

TYPES: Final = {1: "B", 3: "H", 4: "I"}
WIDTH, HEIGHT, BITS, COMPRESSION, OFFSETS, SAMPLES, COUNTS, PLANAR = 256, 257, 258, 259, 273, 277, 279, 284
PREDICTOR, SAMPLE_FORMAT, FLOATS = 317, 339, 3
MOST: Final = 0.999  # of the values that are shown below white


def opened(source: BinaryIO) -> Image.Image | None:
    """The picture as 8-bit RGB or grey; None where it is none of these, or packed in a way that is not read here."""
    source.seek(0)
    content = source.read(1 << 30)
    try:
        if content[:4] in (b"II*\0", b"MM\0*"):
            return _tiff(content)
        return _psd(content) if content[:4] == b"8BPS" else None
    except (struct.error, ValueError, IndexError, KeyError, zlib.error):
        return None


def is_taken_apart(image: Image.Image) -> bool:
    """Whether a TIFF keeps each channel for itself, in more than eight bits and not packed: Pillow takes them for eight."""
    tags: Any = getattr(image, "tag_v2", {})
    tiles: Any = getattr(image, "tile", ())
    is_raw = bool(tiles) and tiles[0][0] == "raw"
    return is_raw and tags.get(PLANAR) == 2 and max(tags.get(BITS, (8,))) > 8


def by_libtiff(source: BinaryIO) -> Image.Image:
    """The TIFF as libtiff reads it. Raises: as Image.open."""
    before = TiffImagePlugin.READ_LIBTIFF
    TiffImagePlugin.READ_LIBTIFF = True
    try:
        source.seek(0)
        return Image.open(source, formats=["TIFF"])
    finally:
        TiffImagePlugin.READ_LIBTIFF = before


def _tiff(content: bytes) -> Image.Image | None:
    order = "<" if content[:2] == b"II" else ">"
    tags = _tags(content, order)
    width, height = tags[WIDTH][0], tags[HEIGHT][0]
    samples, bits = tags.get(SAMPLES, [1])[0], tags[BITS][0]
    packed = tags.get(COMPRESSION, [1])[0]
    if tags.get(SAMPLE_FORMAT, [1])[0] != FLOATS or bits not in (16, 32, 64) or packed not in (1, 8, 32946):
        return None
    if tags.get(PLANAR, [1])[0] != 1 or OFFSETS not in tags or not 0 < width * height <= LIMITS.pixels // 4:
        return None
    strips = [content[at : at + size] for at, size in zip(tags[OFFSETS], tags[COUNTS], strict=True)]
    size, row = height * width * samples * bits // 8, width * samples * bits // 8
    data = b"".join(strips if packed == 1 else [zlib.decompressobj().decompress(strip, size) for strip in strips])[
        :size
    ]
    data = data.ljust(size, b"\0")
    if tags.get(PREDICTOR, [1])[0] == 3:
        rows = np.frombuffer(data, np.uint8).reshape(height, row).reshape(height, -1, samples).cumsum(1, dtype=np.uint8)
        parts = rows.reshape(height, bits // 8, width * samples)
        values = np.ascontiguousarray(parts.transpose(0, 2, 1)).view(f">f{bits // 8}")
    else:
        values = np.frombuffer(data, f"{order}f{bits // 8}")
    return _shown(values.reshape(height, width, samples))


def _tags(content: bytes, order: str) -> dict[int, list[int]]:
    """Whole numbers of the first directory."""
    start = struct.unpack_from(order + "I", content, 4)[0]
    found = {}
    for number in range(struct.unpack_from(order + "H", content, start)[0]):
        at = start + 2 + 12 * number
        tag, kind, count = struct.unpack_from(order + "HHI", content, at)
        if kind in TYPES and count <= LIMITS.pixels:
            letter = TYPES[kind]
            place = (
                at + 8 if struct.calcsize(letter) * count <= 4 else struct.unpack_from(order + "I", content, at + 8)[0]
            )
            found[tag] = list(struct.unpack_from(f"{order}{count}{letter}", content, place))
    return found


def _psd(content: bytes) -> Image.Image | None:
    """The flat composite that Photoshop keeps behind the layers, of RGB and grey."""
    channels, height, width, depth, mode = struct.unpack_from(">HIIHH", content, 12)
    if depth not in (16, 32) or mode not in (1, 3) or not 0 < width * height <= LIMITS.pixels // 4:
        return None
    at = 26
    for _ in range(3):  # colours, resources, layers
        at += 4 + struct.unpack_from(">I", content, at)[0]
    used = 3 if mode == 3 else 1
    row = width * depth // 8
    if channels < used or struct.unpack_from(">H", content, at)[0] not in (0, 1):
        return None
    if struct.unpack_from(">H", content, at)[0] == 0:
        data = content[at + 2 : at + 2 + used * height * row]
    else:
        sizes = struct.unpack_from(f">{channels * height}H", content, at + 2)
        at += 2 + 2 * channels * height
        rows = []
        for size in sizes[: used * height]:
            rows.append(_unpacked(content[at : at + size], row))
            at += size
        data = b"".join(rows)
    values = np.frombuffer(data.ljust(used * height * row, b"\0"), ">u2" if depth == 16 else ">f4")
    planes = values.reshape(used, height, width).transpose(1, 2, 0)
    return _shown(planes / 65535 if depth == 16 else planes)


def _unpacked(packed: bytes, size: int) -> bytes:
    """PackBits."""
    made, at = bytearray(), 0
    while at < len(packed) and len(made) < size:
        count = packed[at]
        if count < 128:
            made += packed[at + 1 : at + 2 + count]
            at += 2 + count
        else:
            made += packed[at + 1 : at + 2] * (257 - count) if count > 128 else b""
            at += 2 if count > 128 else 1
    return bytes(made[:size].ljust(size, b"\0"))


def _shown(values: NDArray[Any]) -> Image.Image:
    """8 bits of (h, w, samples) values of which 1 is white; where many are brighter, their brightest is."""
    colors = np.nan_to_num(values[..., :3] if values.shape[2] >= 3 else values[..., 0]).astype(np.float32)
    white = max(1.0, float(np.quantile(colors, MOST)))
    return Image.fromarray(np.rint((colors / white).clip(0.0, 1.0) * 255).astype(np.uint8))
