"""Which folders a library follows, and what it is to forget. Each function holds the writer's lock while it works."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from sqlalchemy import Connection, select

from indexer import record, survey
from indexer.run import writing
from indexer.survey import Source
from retrieval.errors import LibraryError
from retrieval.schema import paths


def listed(library: Path) -> list[Source]:
    """The sources of a library, oldest first. Reads only."""
    from retrieval.store import open_catalog

    engine = open_catalog(library)
    try:
        with engine.connect() as connection:
            return survey.all_sources(connection)
    finally:
        engine.dispose()


def move(library: Path, old: Path, new: Path) -> None:
    """Points a source at the folder that its files were moved to; nothing is encoded again.

    Raises:
        LibraryError: `old` is no source, `new` is no folder or a source already.
    """
    target = new.expanduser().resolve()
    if not target.is_dir():
        raise LibraryError(f"{new} is not a folder", "name the folder that the files are in now")
    with (
        writing(library, "crossmedia source move", create=False) as (engine, _),
        record.transaction(engine) as connection,
    ):
        if any(source.root == target for source in survey.all_sources(connection)):
            raise LibraryError(f"{target} is a source already", "crossmedia source list")
        record.move_source(connection, _source_at(connection, old).root, target)


def remove(library: Path, root: Path) -> int:
    """Follows a source no more and forgets what was seen only there; returns the number of assets forgotten.

    Raises:
        LibraryError: `root` is no source.
    """
    with (
        writing(library, "crossmedia source remove", create=False) as (engine, _),
        record.transaction(engine) as connection,
    ):
        return record.remove_source(connection, _source_at(connection, root).id)


def forget(library: Path, target: Path) -> int:
    """Forgets a source, a file or a folder for good; returns the number of assets that were seen nowhere else.

    A file or folder inside a source becomes an exclude pattern of it, so that the next run does not bring it back.

    Raises:
        LibraryError: nothing of the library lies there.
    """
    with writing(library, "crossmedia forget", create=False) as (engine, _), record.transaction(engine) as connection:
        absolute = Path(os.path.abspath(target.expanduser()))
        for source in survey.all_sources(connection):
            if absolute == source.root:
                return record.remove_source(connection, source.id)
            if absolute.is_relative_to(source.root):
                return _forget_inside(connection, source, os.fsencode(absolute.relative_to(source.root)))
    raise LibraryError(f"nothing of the library lies at {target}", "crossmedia source list")


def _forget_inside(connection: Connection, source: Source, relative: bytes) -> int:
    seen = connection.execute(select(paths.c.id, paths.c.relative).where(paths.c.source_id == source.id))
    ids = [row.id for row in seen if row.relative == relative or row.relative.startswith(relative + b"/")]
    if not ids:
        raise LibraryError(f"nothing of the library lies at {source.root / os.fsdecode(relative)}", "crossmedia status")
    record.delete_paths(connection, ids)
    # A byte that is not UTF-8 cannot stand in the catalog's text; `?` fits any one character.
    pattern = re.sub("[\ud800-\udfff]", "?", glob.escape(os.fsdecode(relative)))
    record.add_source(connection, source.root, source.include, [*source.exclude, pattern])
    return record.delete_orphans(connection)


def _source_at(connection: Connection, root: Path) -> Source:
    for source in survey.all_sources(connection):
        if source.root in (root, Path(os.path.abspath(root.expanduser())), root.expanduser().resolve()):
            return source
    raise LibraryError(f"{root} is no source of this library", "crossmedia source list")
