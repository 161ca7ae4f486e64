"""The embedded preview of a camera RAW. Makers hide it in many places, but it is always a plain JPEG inside the file."""

from __future__ import annotations

import io
import mmap
import struct
from typing import BinaryIO, Final

from retrieval.errors import MediaUnreadable

START: Final = b"\xff\xd8\xff"
STARTS_SEEN: Final = 4_000  # raw data may hold the three bytes by chance
SIZES: Final = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive; 0xC3 is lossless: the sensor's data, not a picture
LEAST_SIDE: Final = 100  # smaller ones are icons


def preview(file: BinaryIO) -> io.BytesIO:
    """The JPEG with most pixels inside a RAW, from its start to the end of the file.

    Raises:
        MediaUnreadable: no picture inside that can be shown.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        best, at = (0, 0), -1
        for _ in range(STARTS_SEEN):
            at = content.find(START, at + 1)
            if at < 0:
                break
            best = max(best, (_pixels(content, at), -at))
        if best[0] < LEAST_SIDE**2:
            raise MediaUnreadable("no preview inside this camera RAW", "export it as JPEG or DNG", "no preview")
        return io.BytesIO(content[-best[1] :])


def _pixels(content: mmap.mmap, start: int) -> int:
    """Width times height of the JPEG at `start`, by its frame header; 0 if it is none."""
    at = start + 2
    for _ in range(100):
        if at + 9 > len(content) or content[at] != 0xFF:
            return 0
        marker, length = content[at + 1], struct.unpack_from(">H", content, at + 2)[0]
        if marker in SIZES:
            height, width = struct.unpack_from(">HH", content, at + 5)
            return int(height * width)
        if marker in (0xC3, 0xDA) or length < 2:
            return 0
        at += 2 + length
    return 0
