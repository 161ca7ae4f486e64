"""A full disk as one error: which disk it is, and how much room is needed. Nothing that was committed is lost by it."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retrieval.catalog import layout
from retrieval.catalog.disk import disk_of, free_bytes
from retrieval.errors import LibraryError, RetrievalError

ROOM = 64 << 20  # bytes that a run wants beside its indexes: the catalog grows, and its log before it
TIGHT = 1 << 20  # bytes: where less is left, an error without a cause of its own comes from that


def needed_bytes(home: Path) -> int:
    """Room that a run in this library wants: a new generation lies beside the old one until it is live."""
    written = [each for each in (home / layout.GENERATIONS).rglob("*") if each.is_file()]
    return ROOM + sum(each.stat().st_size for each in written)


def shortage(home: Path) -> LibraryError | None:
    """The error of a disk without room for this library; None where there is enough."""
    free, needed = free_bytes(home), needed_bytes(home)
    if free >= needed:
        return None
    what = f"no space left on {disk_of(home).name}: {free / 1e6:,.0f} MB free, {needed / 1e6:,.0f} MB needed"
    return LibraryError(what, "make room, then crossmedia index goes on where it stopped; nothing is lost")


@contextmanager
def reported_full_disk(home: Path) -> Iterator[None]:
    """States whatever a full disk makes the catalog and the indexes raise as one error. Raises: LibraryError."""
    try:
        yield
    except RetrievalError:
        raise
    except Exception as error:
        if not _is_full(error, home):
            raise
        raise (shortage(home) or LibraryError(f"no space left on {disk_of(home).name}", "make room")) from error


def _is_full(error: Exception, home: Path) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    if "disk is full" in str(error) or "No space left" in str(error):
        return True
    return home.is_dir() and free_bytes(home) < TIGHT
