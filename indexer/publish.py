"""Vectors -> index files -> pointer row. The write order, and what a crash after each step leaves:

    1  write every index file into generations/NNNNNN.new, each synced     a folder that nothing points at
    2  sync the folder, rename it to generations/NNNNNN, sync the parent    the same
    3  one transaction: generation row, pointer, masks emptied              commit point: the new generation is live
    4  delete folders that nothing points at                                the next run deletes them

A reader that pinned the old generation keeps its files mapped after they are deleted.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval.catalog import layout
from retrieval.catalog.dialect import read_transaction
from retrieval.vectors.generation import sync, write_generation

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine

FRESH_ROWS = 2_000  # this many vectors are searched exactly in under 2 ms; more make a generation worth writing
FRESH_SHARE = 0.1  # or this share of the generation, where that is more


def publish(engine: Engine, library: Path, *, always: bool = False) -> list[tuple[str, int]]:
    """Publishes each live space that is behind; returns (space name, rows) of what went live."""
    with engine.connect() as connection:
        behind = [each for each in catalog_read.publishing(connection) if always or _is_behind(library, each)]
    done = [(each.name, publish_space(engine, library, each.space_id)) for each in behind]
    sweep(engine, library)
    return done


def _is_behind(library: Path, space: catalog_read.Publishing) -> bool:
    if space.folder is None:
        return space.fresh > 0
    if not layout.generation(library, space.folder).is_dir():
        return True
    return space.fresh + space.deleted > max(FRESH_ROWS, FRESH_SHARE * space.rows)


def publish_space(engine: Engine, library: Path, space: int) -> int:
    """Writes and points at a new generation of one space; returns its rows."""
    with read_transaction(engine) as connection:
        newest = catalog_read.newest_generation(connection)
        dimension = catalog_read.dimension_of(connection, space)
        last, tables = catalog_read.all_vectors(connection, space, dimension)
    folder = f"{newest + 1:06d}"
    target = layout.generation(library, folder)
    fresh = target.with_suffix(".new")
    for left_over in (fresh, target):
        shutil.rmtree(left_over, ignore_errors=True)
    fresh.mkdir(parents=True)
    rows = write_generation(fresh, dimension, ((kind, *table) for kind, table in tables.items()))
    sync(fresh)
    fresh.rename(target)
    sync(target.parent)
    with catalog_write.transaction(engine) as connection:
        catalog_vectors.point_at(connection, space, folder, last, rows)
    return rows


def sweep(engine: Engine, library: Path) -> list[Path]:
    """Deletes generation folders that no row points at; returns them."""
    with engine.connect() as connection:
        stale = left_over(connection, library)
    for each in stale:
        shutil.rmtree(each, ignore_errors=True)
    return stale


def left_over(connection: Connection, library: Path) -> list[Path]:
    """Generation folders that no row points at."""
    live = catalog_read.generation_folders(connection)
    parent = library / layout.GENERATIONS
    return [each for each in parent.iterdir() if each.name not in live] if parent.is_dir() else []
