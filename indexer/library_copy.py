"""A library copied with everything in it: catalog, published indexes, files that were handed over, tags of its owner.

1  an empty catalog is made that knows that it is a copy under way, and of which state
2  rows in parts, each in one transaction that also remembers its end      a later copy goes on there
3  folders, each under another name until it is whole                      those that are there are left
4  facts, and the ids that are next; then counts and digests of both sides are compared
5  one transaction forgets that a copy was under way                       the library is whole
6  where not both keep their indexes in a folder, they are made anew        the next index run makes them
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import copy
from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.publish import publish
from retrieval.catalog import layout
from retrieval.catalog.dialect import read_transaction
from retrieval.catalog.engine import has_catalog, open_engine
from retrieval.catalog.location import LOCAL, MILVUS, location
from retrieval.errors import LibraryDamaged, LibraryError, LibraryNotFound

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine

FOLDERS = (layout.ADDED, "calibration")
FILES = (layout.TAGS,)


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds: rows of each table, equal in number and content to those of its origin."""

    rows: dict[str, int]
    resumed: bool


def copy_library(origin: Path, target: Path, tell: Callable[[str, int], None] = lambda name, rows: None) -> Copied:
    """Copies the library in folder `origin` into `target`, or goes on where an earlier copy was stopped.

    tell: hears of each part, by table and number of rows.

    Raises:
        LibraryNotFound: there is nothing to copy. LibraryLocked: the target is being written.
        LibraryError: the target is a library already; or a server cannot be reached.
        LibraryDamaged: what arrived is not what was sent.
    """
    _refuse_same(origin, target)
    if not has_catalog(origin):
        raise LibraryNotFound(f"there is no library at {origin}", "name the folder of one, or its crossmedia.toml")
    source = open_engine(origin)
    try:
        with read_transaction(source) as held, writing(target, "crossmedia library copy") as (engine, is_new):
            state = copy.state(held)
            resumed = _begin(engine, target, state, is_new=is_new)
            _copy_rows(held, engine, state, tell)
            moved = _copy_files(origin, target)
            with catalog_write.transaction(engine) as connection:
                copy.move_source(connection, *moved)
                copy.copy_facts(held, connection)
                copy.continue_ids(held, connection)
            rows = _verified(held, engine, target, moved)
            with catalog_write.transaction(engine) as connection:
                copy.note(connection, None)
            publish(engine, target)
            return Copied(rows, resumed)
    finally:
        source.dispose()


def _refuse_same(origin: Path, target: Path) -> None:
    """Raises: LibraryError where both would keep their vectors under one name."""
    own, other = location(origin).vectors, location(target).vectors
    if own == other and own.startswith(MILVUS):
        raise LibraryError(f"{origin} and {target} both name {own}", "give the target's collections another prefix")


def _begin(engine: Engine, target: Path, state: str, *, is_new: bool) -> bool:
    """Whether an earlier copy goes on; one of another state is begun anew. Raises: LibraryError."""
    with catalog_write.transaction(engine) as connection:
        before = copy.progress(connection)
        if before is None and not is_new and not _is_empty(connection):
            raise LibraryError(f"{target} is a library already", "name a folder or a database that is empty")
        if before is not None and before.origin == state:
            return True
        copy.clear(connection)
        copy.note(connection, copy.Part(state))
        return False


def _is_empty(connection: Connection) -> bool:
    return not catalog_read.all_sources(connection) and not catalog_read.known_hashes(connection)


def _copy_rows(held: Connection, engine: Engine, state: str, tell: Callable[[str, int], None]) -> None:
    names = copy.names()
    with engine.connect() as connection:
        part = copy.progress(connection) or copy.Part(state)
    first = names.index(part.table) if part.table else 0
    for name in names[first:]:
        after = part.after if name == part.table else ()
        while rows := copy.rows_of(held, name, after):
            after = copy.key_of(name, rows[-1])
            with catalog_write.transaction(engine) as connection:
                copy.add_rows(connection, name, rows)
                copy.note(connection, copy.Part(state, name, after))
            tell(name, len(rows))


def _copy_files(origin: Path, target: Path) -> tuple[bytes, bytes]:
    """Copies what lies beside the catalog; gives the root of the files that were handed over, here and there."""
    both_local = location(origin).vectors == location(target).vectors == LOCAL
    for name in (layout.GENERATIONS, *FOLDERS) if both_local else FOLDERS:
        if (origin / name).is_dir():
            for each in sorted((origin / name).iterdir()):
                _copy_whole(each, target / name / each.name)
    for name in FILES:
        if (origin / name).is_file():
            _copy_whole(origin / name, target / name)
    return os.fsencode(layout.added(origin).resolve()), os.fsencode(layout.added(target).resolve())


def _copy_whole(origin: Path, target: Path) -> None:
    """A file or folder that is there is whole: it had another name before."""
    if target.exists():
        return
    partial = target.with_name(target.name + ".part")
    if partial.is_dir():
        shutil.rmtree(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    if origin.is_dir():
        shutil.copytree(origin, partial)
    else:
        shutil.copy2(origin, partial)
    partial.rename(target)


def _verified(held: Connection, engine: Engine, target: Path, moved: tuple[bytes, bytes]) -> dict[str, int]:
    """Rows of each table. Raises: LibraryDamaged where a table differs."""
    with read_transaction(engine) as connection:
        sent, arrived = copy.digests(held, moved), copy.digests(connection, moved)
        found = list(zip(sent, arrived, strict=True))
    differing = [own[0] for own, other in found if own != other]
    if differing:
        raise LibraryDamaged(
            f"the copy at {target} differs in {', '.join(differing)}",
            "delete it and copy again; the origin is as it was",
        )
    return {name: rows for (name, rows, _), _ in found}
