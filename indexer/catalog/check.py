"""Invariants of a catalog, verified: references, words, vectors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, bindparam, select, text
from sqlalchemy.exc import DBAPIError

from retrieval.catalog import dialect
from retrieval.catalog.schema import spaces, vectors
from retrieval.errors import LibraryDamaged

UNIT_TOLERANCE = 5e-3  # of the length of a float16 vector of 512 numbers
ROWS = 4096  # vectors that are looked at together
VECTORS = (  # in parts: a server sends a statement's rows all at once
    select(vectors.c.id, vectors.c.data)
    .where(vectors.c.space_id == bindparam("space"), vectors.c.id > bindparam("last"))
    .order_by(vectors.c.id)
    .limit(ROWS)
)
NO_PATH = "SELECT count(*) FROM assets WHERE id NOT IN (SELECT asset_id FROM paths WHERE asset_id IS NOT NULL)"
NO_STEP = "SELECT count(*) FROM assets WHERE id NOT IN (SELECT asset_id FROM steps)"
WRONG_WORDS = (
    "SELECT count(*) FROM segments WHERE text <> '' AND id NOT IN (SELECT rowid FROM segment_words)",
    "SELECT count(*) FROM segment_words WHERE rowid NOT IN (SELECT id FROM segments)",
    "SELECT count(*) FROM assets WHERE id NOT IN (SELECT rowid FROM asset_words)",
    "SELECT count(*) FROM asset_words WHERE rowid NOT IN (SELECT id FROM assets)",
)


@contextmanager
def reported_damage(library: Path) -> Iterator[None]:
    """States what reading a catalog raises that is no sound database. Raises: LibraryDamaged."""
    try:
        yield
    except DBAPIError as error:
        raise LibraryDamaged(f"the catalog of {library} is damaged: {error.orig}") from error


def damage(connection: Connection) -> list[str]:
    """The first things that are wrong with the catalog's file."""
    return dialect.damage(connection)


def broken_references(connection: Connection) -> int:
    """Number of rows that point at rows that are not there."""
    return dialect.broken_references(connection)


def assets_without_path(connection: Connection) -> int:
    """Number of assets that no path leads to."""
    return connection.scalar(text(NO_PATH)) or 0


def assets_without_step(connection: Connection) -> int:
    """Number of assets that were never read."""
    return connection.scalar(text(NO_STEP)) or 0


def wrong_words(connection: Connection) -> int:
    """Number of texts and assets that the full-text indexes lack, or hold in excess."""
    return sum(connection.scalar(text(each)) or 0 for each in WRONG_WORDS)


@dataclass(frozen=True, slots=True)
class SpaceRow:
    """A space. live: whether searches ask it."""

    id: int
    name: str
    encoder: str
    revision: str
    dimension: int
    live: bool


def all_spaces(connection: Connection) -> list[SpaceRow]:
    """Every space, those that are being filled too."""
    rows = connection.execute(select(spaces).order_by(spaces.c.id))
    return [SpaceRow(row.id, row.name, row.encoder, row.revision, row.dimension, row.live) for row in rows]


def bad_vectors(connection: Connection, space: int, dimension: int) -> list[int]:
    """Ids of vectors that have another length in bytes than they should, or another length than 1, or are not numbers."""
    bad: list[int] = []
    last = 0
    while rows := connection.execute(VECTORS, {"space": space, "last": last}).all():
        last = rows[-1].id
        whole = [row for row in rows if len(row.data) == 2 * dimension]
        bad += [row.id for row in rows if len(row.data) != 2 * dimension]
        held = np.frombuffer(b"".join(row.data for row in whole), "<f2").reshape(-1, dimension).astype(np.float32)
        fine = np.abs(np.einsum("ij,ij->i", held, held) - 1) < 2 * UNIT_TOLERANCE  # false for what is not a number
        bad += [whole[at].id for at in np.flatnonzero(~fine)]
    return bad
