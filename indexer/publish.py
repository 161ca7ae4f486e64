"""Vectors -> index files -> pointer row. The write order, and what a crash after each step leaves:

    1  write every index file into generations/NNNNNN.new, each synced     a folder that nothing points at
    2  sync the folder, rename it to generations/NNNNNN, sync the parent    the same
    3  one transaction: generation row, pointer, masks emptied              commit point: the new generation is live
    4  delete folders that nothing points at                                the next run deletes them

In PostgreSQL and Milvus a generation is a set of tables or collections, and steps 3 and 4 are the same; but first the
catalog notes its name, and step 4 deletes only what was noted, for another library's may lie there (decision 0360). A reader
that pinned the old generation keeps its files mapped after they are deleted; one that asks an engine is told that they are
gone, and asks the new one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval.catalog.dialect import read_transaction
from retrieval.vectors.store import store_of

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine

FRESH_ROWS = 2_000  # this many vectors are searched exactly in under 2 ms; more make a generation worth writing
FRESH_SHARE = 0.1  # or this share of the generation, where that is more


def publish(engine: Engine, library: Path, *, always: bool = False) -> list[tuple[str, int]]:
    """Publishes each live space that is behind; returns (space name, rows) of what went live."""
    there = store_of(library).names()
    with engine.connect() as connection:
        behind = [each for each in catalog_read.publishing(connection) if always or _is_behind(there, each)]
    done = [(each.name, publish_space(engine, library, each.space_id)) for each in behind]
    sweep(engine, library)
    return done


def _is_behind(there: set[str], space: catalog_read.Publishing) -> bool:
    if space.folder is None:
        return space.fresh > 0
    if space.folder not in there:
        return True
    return space.fresh + space.deleted > max(FRESH_ROWS, FRESH_SHARE * space.rows)


def publish_space(engine: Engine, library: Path, space: int) -> int:
    """Writes and points at a new generation of one space; returns its rows."""
    with read_transaction(engine) as connection:
        newest = catalog_read.newest_generation(connection)
        dimension = catalog_read.dimension_of(connection, space)
        last, tables = catalog_read.all_vectors(connection, space, dimension)
    store = store_of(library)
    folder = store.new_name(newest + 1)
    if store.is_shared:
        there = store.names()
        with catalog_write.transaction(engine) as connection:
            catalog_write.note_begun(connection, folder, there)
    rows = store.write(folder, dimension, ((kind, *table) for kind, table in tables.items()))
    with catalog_write.transaction(engine) as connection:
        catalog_vectors.point_at(connection, space, folder, last, rows)
    return rows


def sweep(engine: Engine, library: Path) -> set[str]:
    """Deletes generations that no row points at; returns their names."""
    with engine.connect() as connection:
        stale = left_over(connection, library)
    store = store_of(library)
    for each in stale:
        store.delete(each)
    return stale


def left_over(connection: Connection, library: Path) -> set[str]:
    """Generations of this library that no row points at."""
    store = store_of(library)
    left = store.names() - catalog_read.generation_folders(connection)
    return left & catalog_read.begun_generations(connection) if store.is_shared else left
