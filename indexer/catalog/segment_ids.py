"""Content -> identity: the ids of the segments of an asset, derived from the hash that names it."""

from __future__ import annotations

import base64
from dataclasses import astuple
from hashlib import blake2b

from retrieval.domain.media import Segment

KEY_BYTES = 10  # 16 letters; one collision is expected among about 10**12 segments


def segment_key(asset_hash: bytes, segment: Segment, ordinal: int = 0) -> str:
    """The public id of a segment: 16 lower-case letters and digits, the same on every machine and after a rebuild.

    ordinal: 0, 1, ... among segments of one asset with equal kind, span and page (of a region, and box).
    """
    ms, chars = segment.span, segment.chars
    place: tuple[object, ...] = (
        segment.kind, ms and (ms.start, ms.end), chars and (chars.start, chars.end), segment.page, ordinal
    )  # fmt: skip
    if segment.kind == "region" and segment.box is not None:
        place += astuple(segment.box)
    digest = blake2b(asset_hash + repr(place).encode(), digest_size=KEY_BYTES).digest()
    return base64.b32encode(digest).decode().lower()


def segment_keys(asset_hash: bytes, segments: list[Segment]) -> list[str]:
    """One key for each segment, in order; all differ."""
    seen: dict[str, int] = {}
    keys = []
    for segment in segments:
        first = segment_key(asset_hash, segment)
        ordinal = seen.get(first, 0)
        seen[first] = ordinal + 1
        keys.append(first if ordinal == 0 else segment_key(asset_hash, segment, ordinal))
    return keys
