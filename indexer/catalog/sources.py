"""Which folders a library follows, and what it is to forget. Each function holds the writer's lock while it works."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, func, select

from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.open import reading, writing
from indexer.sources.base import Source
from retrieval.catalog.schema import paths
from retrieval.errors import LibraryError


def listed(library: Path) -> list[Source]:
    """The sources of a library, oldest first. Reads only."""
    with reading(library) as connection:
        return catalog_read.all_sources(connection)


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
        catalog_write.transaction(engine) as connection,
    ):
        if any(source.root == target for source in catalog_read.all_sources(connection)):
            raise LibraryError(f"{target} is a source already", "crossmedia source list")
        catalog_write.move_source(connection, _source_at(connection, old).root, target)


def remove(library: Path, root: Path) -> int:
    """Follows a source no more and forgets what was seen only there; returns the number of files forgotten.

    Raises:
        LibraryError: `root` is no source.
    """
    with (
        writing(library, "crossmedia source remove", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        return _remove(connection, _source_at(connection, root))


def forget(library: Path, target: Path) -> int:
    """Forgets a source, a file or a folder for good; returns the number of files. Their copies elsewhere stay.

    A file or folder inside a source becomes an exclude pattern of it, so that the next run does not bring it back.

    Raises:
        LibraryError: nothing of the library lies there.
    """
    with (
        writing(library, "crossmedia forget", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        places = _spellings(target)
        inner_first = sorted(catalog_read.all_sources(connection), key=lambda each: len(each.root.parts), reverse=True)
        for source in inner_first:
            if source.root in places:
                return _remove(connection, source)
            for place in places:
                if place.is_relative_to(source.root):
                    count = _forget_inside(connection, source, os.fsencode(place.relative_to(source.root)))
                    if count:
                        return count
    raise LibraryError(f"nothing of the library lies at {target}", "give a path as crossmedia search prints it")


def _spellings(path: Path) -> list[Path]:
    """The path as it is written, made absolute, and where its folder really is."""
    absolute = Path(os.path.abspath(path.expanduser()))
    return list(dict.fromkeys([path, absolute, absolute.parent.resolve() / absolute.name, absolute.resolve()]))


def _remove(connection: Connection, source: Source) -> int:
    count = connection.scalar(select(func.count()).where(*_held(source))) or 0
    catalog_write.remove_source(connection, source.id)
    return count


def _held(source: Source) -> tuple[ColumnElement[bool], ...]:
    """Files of a source that are assets; skips were never remembered as such."""
    return paths.c.source_id == source.id, paths.c.asset_id.is_not(None)


def _forget_inside(connection: Connection, source: Source, relative: bytes) -> int:
    seen = connection.execute(select(paths.c.id, paths.c.relative).where(paths.c.source_id == source.id))
    ids = [row.id for row in seen if row.relative == relative or row.relative.startswith(relative + b"/")]
    if ids:
        catalog_write.delete_paths(connection, ids)
        # Patterns stand on lines of the catalog's text: a line's end or a byte that is not UTF-8 is `?`, any character.
        pattern = "/" + re.sub("[\n\ud800-\udfff]", "?", glob.escape(os.fsdecode(relative)))
        catalog_write.add_source(connection, source.root, source.include, [*source.exclude, pattern])
        catalog_write.delete_orphans(connection)
    return len(ids)


def _source_at(connection: Connection, root: Path) -> Source:
    for source in catalog_read.all_sources(connection):
        if source.root in _spellings(root):
            return source
    raise LibraryError(f"{root} is no source of this library", "crossmedia source list")
