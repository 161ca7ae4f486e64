"""Content -> identity: the hash that names an asset, and the ids of its segments."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from retrieval.domain import Segment
from retrieval.errors import MediaUnreadable

HASH_BYTES = 32  # BLAKE2b-256
KEY_BYTES = 10  # 16 letters; one collision is expected among about 10**12 segments
_BLOCK = 1 << 20


def content_hash(path: Path) -> Iterator[bytes]:
    """The digest of a file's bytes, as the last value; b"" before it, once for each 64 MiB read (a sign of life).

    Raises:
        MediaUnreadable: the file cannot be opened or read to its end.
    """
    digest = blake2b(digest_size=HASH_BYTES)
    blocks = 0
    try:
        # Nothing here may block on a fifo that took the file's place since it was listed.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(descriptor, "rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                blocks += 1
                if blocks % 64 == 0:
                    yield b""
    except FileNotFoundError:
        raise MediaUnreadable(f"{path} is gone", reason="vanished") from None
    except PermissionError:
        raise MediaUnreadable(f"{path} may not be read", "check its permissions", reason="unreadable") from None
    except OSError as error:
        raise MediaUnreadable(f"{path}: {error.strerror}", reason="unreadable") from None
    yield digest.digest()


def segment_key(asset_hash: bytes, segment: Segment, ordinal: int = 0) -> str:
    """The public id of a segment: 16 lower-case letters and digits, the same on every machine and after a rebuild.

    ordinal: 0, 1, ... among segments of one asset with equal kind, span and page.
    """
    ms, chars = segment.span, segment.chars
    place = (segment.kind, ms and (ms.start, ms.end), chars and (chars.start, chars.end), segment.page, ordinal)
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
