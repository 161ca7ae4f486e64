"""What photo and film programs write as XMP into a film, or beside it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from retrieval.domain.media import Metadata
from retrieval.media import sidecars
from retrieval.media.image.said import ImageMetadata, joined
from retrieval.media.image.xmp import LONGEST, from_xmp

# ISO 16684-3: a box `uuid` at the top of an MP4; `XMP_` in `moov/udta` of QuickTime.
UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
INSIDE: Final = {b"moov": b"udta", b"udta": b"XMP_"}
BOXES: Final = 1_000  # looked at in one level


def with_xmp(path: Path, facts: Metadata) -> Metadata:
    """Facts completed by XMP: of title and words the sidecar's come first, of date and place the container's stand."""
    said = ImageMetadata(title=facts.title, artist=facts.artist, keywords=facts.keywords)
    with suppress(Exception):
        said = joined(said, from_xmp(_inside(path)))
    for file, _ in sidecars.beside(path, frozenset((sidecars.XMP,))):
        with suppress(Exception):
            said = joined(from_xmp(file.read_bytes()), said)
    facts = replace(facts, title=said.title, artist=said.artist, keywords=said.keywords)
    if facts.date is None:
        facts = replace(facts, date=said.date, date_from=said.date_from)
    return replace(facts, latitude=said.latitude, longitude=said.longitude) if facts.latitude is None else facts


def _inside(path: Path) -> bytes | None:
    """The XMP packet of an MP4 or QuickTime film."""
    with open(path, "rb") as file:
        head = file.read(12)
        return _found(file, 0, path.stat().st_size, b"") if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat") else None


def _found(file: BinaryIO, at: int, end: int, within: bytes) -> bytes | None:
    for _ in range(BOXES):
        file.seek(at)
        head = file.read(32)
        if at + 8 > end or len(head) < 8:
            return None
        size, kind, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, skip = int.from_bytes(head[8:16], "big"), 16
        size = size or end - at
        is_uuid = not within and kind == b"uuid" and head[skip : skip + 16] == UUID
        if is_uuid or (kind == b"XMP_" and within == b"udta"):
            file.seek(at + skip + 16 * is_uuid)
            return file.read(min(size - skip - 16 * is_uuid, LONGEST))
        if kind == (INSIDE.get(within) if within else b"moov") and (
            found := _found(file, at + skip, min(end, at + size), kind)
        ):
            return found
        if size < 8:
            return None
        at += size
    return None
