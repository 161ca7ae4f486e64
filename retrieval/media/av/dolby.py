"""Dolby Vision whose pictures are in colours of its own: without its metadata they are shown green and violet.

Source: Dolby Vision Streams Within the ISO Base Media File Format, 2.2: profile 5 has no base layer that others can show.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from retrieval.media.containers import iso_boxes

MOST: Final = 64 << 20  # bytes of a table of contents that are read
OWN_COLOURS: Final = 5  # the profile
NOTE: Final = ", colours wrong (Dolby Vision 5)"


def note(path: Path) -> str:
    """What is said of such a film, MP4 or QuickTime, beside its format; of others ""."""
    with open(path, "rb") as file:
        if file.read(12)[4:8] not in (b"ftyp", b"moov", b"wide", b"mdat"):
            return ""
        for name, start, end in iso_boxes(file, 0, path.stat().st_size):
            if name == b"moov":
                file.seek(start)
                return NOTE if _profile(file.read(min(end - start, MOST))) == OWN_COLOURS else ""
    return ""


def _profile(content: bytes) -> int | None:
    """By the configuration record: two bytes of version, then seven bits of profile."""
    at = max(content.find(b"dvcC"), content.find(b"dvvC"))
    return content[at + 6] >> 1 if 0 <= at < len(content) - 6 else None
