"""Bytes of a file -> the hash that names its asset, in every library and on every machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from retrieval.errors import MediaUnreadable

HASH_BYTES = 32  # BLAKE2b-256
VANISHED, UNREACHABLE = "vanished", "unreachable"
LATER = frozenset((VANISHED, UNREACHABLE))  # why a file failed that is tried again when it is back
_BLOCK = 1 << 20


def whole_hash(path: Path) -> bytes:
    """The digest of a file's bytes. Raises: as `content_hash`."""
    *_, digest = content_hash(path)
    return digest


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
        raise MediaUnreadable(f"{path} is gone", reason=VANISHED) from None
    except PermissionError:
        raise MediaUnreadable(f"{path} may not be read", "check its permissions", reason="unreadable") from None
    except OSError as error:
        raise MediaUnreadable(f"{path}: {error.strerror}", reason="unreadable") from None
    yield digest.digest()
