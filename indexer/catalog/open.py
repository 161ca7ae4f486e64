"""Opening a library's catalog for the writer, under its lock, or for reading alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine

from indexer.catalog import write as catalog_write
from indexer.catalog.full_disk import reported_full_disk
from indexer.catalog.lock import writer
from indexer.catalog.migrate import upgrade
from indexer.events import Event, Upgraded
from retrieval import settings
from retrieval.catalog import dialect
from retrieval.catalog.disk import can_be_written, disk_of
from retrieval.catalog.engine import has_catalog, open_engine, refuse_name, revision
from retrieval.errors import LibraryError, LibraryNotFound

ANOTHER = "CROSSMEDIA_LIBRARY or --library names another folder"


@contextmanager
def reading(home: Path) -> Iterator[Connection]:
    """The catalog of the library at `home`, for reading alone."""
    engine = open_engine(home)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def writing(
    home: Path,
    command: str,
    profile: str | None = None,
    *,
    create: bool = True,
    tell: Callable[[Event], None] | None = None,
) -> Iterator[tuple[Engine, bool]]:
    """The catalog opened for writing, under the lock; and whether it was created now.

    tell: hears of an older catalog that was brought to the newest revision.

    Raises:
        LibraryNotFound: it is not there, and `create` is off.
        LibraryError: it cannot be made; or as `open_engine`.
    """
    refuse_name(home)  # before a folder is made
    if not create and not has_catalog(home):
        raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
    if home.exists() and not home.is_dir():
        raise LibraryError(f"{home} is a file", "a library is a folder: choose another --library")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryError(f"{home} cannot be made: {error.strerror}", ANOTHER) from None
    if not can_be_written(home):
        raise LibraryError(f"{home} cannot be written: {_why_not(home)}", ANOTHER)
    with reported_full_disk(home), writer(home, command):
        engine = open_engine(home, write=True)
        try:
            with engine.connect() as connection:
                is_new = revision(connection) is None  # also where an earlier process died before it made the tables
            if is_new:
                with catalog_write.transaction(engine) as connection:
                    catalog_write.create(connection, profile or settings.DEFAULT_PROFILE)
            elif (copy := upgrade(engine, home)) and tell:
                tell(Upgraded(home, copy))
            yield dialect.claim(engine, uuid4().hex), is_new
        finally:
            engine.dispose()


def _why_not(home: Path) -> str:
    read_only = os.statvfs(home).f_flag & os.ST_RDONLY
    return f"{disk_of(home).name} is read-only" if read_only else "this user may not"
