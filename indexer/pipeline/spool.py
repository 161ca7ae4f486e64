"""Vectors of texts of a document that is still being read, so that a run that was ended goes on in its middle.

A result is written as a whole, when its last vector is there. What a table of a hundred thousand rows has got until then
lies in partial/HASH-SPACE: a digest of each text, then its vector. The file is taken away with its result.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Half = NDArray[np.float16]
DIGEST = 16  # bytes
LEAST = 512  # texts that are written at once; a document of fewer leaves nothing


def digest(text: str) -> bytes:
    """What tells a text from others."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST).digest()


def clear(folder: Path) -> None:
    """At the end of a run: what is left is of files that have changed since, or are gone."""
    shutil.rmtree(folder, ignore_errors=True)


class Spool:
    """The vectors of one document in one space, on disk. A disk that is full, or not ours, costs nothing but the vectors."""

    def __init__(self, folder: Path, content: bytes, space_id: int, dimension: int) -> None:
        """content: the hash of the document."""
        self._file = folder / f"{content.hex()}-{space_id}"
        self._row = np.dtype([("digest", f"V{DIGEST}"), ("vector", "<f2", (dimension,))])
        self._waiting: list[tuple[bytes, Half]] = []

    def known(self) -> dict[bytes, Half]:
        """Digest -> vector (dimension,) of what an earlier run encoded; a last row that is cut off is none."""
        with suppress(OSError):
            content = self._file.read_bytes()
            rows = np.frombuffer(content[: len(content) // self._row.itemsize * self._row.itemsize], self._row)
            return {bytes(row["digest"]): row["vector"].astype(np.float16) for row in rows}
        return {}

    def add(self, found: Sequence[tuple[bytes, Half]]) -> None:
        """Keeps digests and vectors; LEAST of them are written."""
        self._waiting += found
        if len(self._waiting) < LEAST:
            return
        rows = np.empty(len(self._waiting), self._row)
        for row, (key, vector) in zip(rows, self._waiting, strict=True):
            row["digest"], row["vector"] = np.void(key), vector
        self._waiting = []
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            whole = self._file.stat().st_size // self._row.itemsize * self._row.itemsize if self._file.exists() else 0
            with open(self._file, "r+b" if whole else "wb") as file:
                file.seek(whole)
                file.write(rows.tobytes())
                file.truncate()

    def remove(self) -> None:
        """The result is written."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
            self._file.parent.rmdir()  # where it was the last one
