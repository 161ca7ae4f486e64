"""Opening a library's catalog: the file or the server, its revision, and the file system it lies on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from retrieval.catalog import dialect, layout
from retrieval.catalog.dialect import sqlite
from retrieval.catalog.disk import disk_of
from retrieval.catalog.location import location
from retrieval.catalog.schema import HEAD, OLDER, READ_FROM
from retrieval.errors import LibraryDamaged, LibraryError, LibraryNotFound, LibraryTooNew

READERS = 16  # snapshots of one opened catalog at a time; more wait for one to end
__all__ = [
    "Connection",
    "Engine",
    "has_catalog",
    "open_engine",
    "refuse_name",
    "revision",
]  # the first two for those who hand them on

NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}


def has_catalog(home: Path) -> bool:
    """Whether there is a catalog for the library in folder `home`. Raises: LibraryError where a server does not answer."""
    if location(home).catalog is None:
        return layout.catalog(home).exists()
    try:
        open_engine(home).dispose()
    except LibraryNotFound:
        return False
    return True


def open_engine(home: Path, *, write: bool = False) -> Engine:
    """Connections to the catalog of the library in folder `home`; a new, empty one only with `write`.

    Connections are in autocommit: a transaction begins where dialect.read_transaction or write_transaction says so.

    Raises:
        LibraryNotFound: no catalog there, and not writing.
        LibraryTooNew: a later crossmedia wrote it.
        LibraryError: on a network share, of a name that is not UTF-8, or older than this program and not writing; on a
            server that does not answer, or is not fit.
        LibraryDamaged: not a catalog.
    """
    if url := location(home).catalog:
        refuse_name(home)
        return _open_server(home, url, write)
    file = layout.catalog(home)
    if not write and not file.is_file():
        raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
    refuse_name(home)
    _refuse_network(home)
    # Readers are bounded by their catalog, see snapshot.py: none of them ever waits for the pool.
    pool = {} if write else {"pool_size": READERS + 1, "max_overflow": 0, "pool_timeout": 1, "pool_use_lifo": True}
    engine = create_engine("sqlite://", creator=_connector(file, write), poolclass=QueuePool, **pool)
    new = write and not file.exists()

    def prepare(connection: sqlite3.Connection, _: object) -> None:
        if not write:
            _show_as_newest(connection)
        sqlite.prepare(connection, new=new, write=write)

    event.listen(engine, "connect", prepare)
    try:
        _check_revision(engine, home, write)
    except DBAPIError as error:
        engine.dispose()
        raise LibraryDamaged(f"{file} cannot be read: {error.orig}", "crossmedia doctor; or restore a copy") from None
    except LibraryError:
        engine.dispose()
        raise
    return engine


def _open_server(home: Path, url: str, write: bool) -> Engine:
    from retrieval.catalog import server

    engine = server.connect(url, readers=None if write else READERS + 1)
    try:
        with server.reported_loss(home), engine.connect() as connection:
            server.refuse_unfit(connection, home)
            here = revision(connection)
            if here is None and not write:
                _refuse_empty(home)
        _refuse_revision(here, home, write=write, least=HEAD)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _refuse_empty(home: Path) -> None:
    raise LibraryNotFound(f"the database of {home} is empty", "crossmedia index FOLDER fills it")


def refuse_name(home: Path) -> None:
    """FAISS takes the names of its files as UTF-8 alone. Raises: LibraryError."""
    try:
        str(home).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(home).decode(errors="backslashreplace")
        raise LibraryError(
            f"the path {shown} is not UTF-8", "choose another --library; media may have any name"
        ) from None


def _refuse_network(home: Path) -> None:
    """WAL needs memory that all processes share, which a network share has not."""
    kind = disk_of(home).kind
    if kind in NETWORK:
        raise LibraryError(
            f"{home} lies on a network share, {kind}", "keep the library on a local disk; media may be anywhere"
        )


def _connector(file: Path, write: bool) -> Callable[[], sqlite3.Connection]:
    """How connections to a catalog are made.

    Where SQLite cannot keep its log beside the file (a disk that is read-only or full, a folder of somebody else), the
    file is read as one that nobody changes, which is right while no log lies beside it.
    """
    limits: dict[str, Any] = {"check_same_thread": False, "timeout": sqlite.BUSY_MS / 1000}
    usual = partial(sqlite3.connect, file, **limits)
    log = file.with_name(file.name + "-wal")
    if write or (log.exists() and log.stat().st_size):
        return usual
    try:
        with closing(usual()) as connection:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")
    except sqlite3.OperationalError:
        return partial(sqlite3.connect, f"{file.absolute().as_uri()}?immutable=1", uri=True, **limits)
    except sqlite3.DatabaseError:  # no catalog at all: told where its revision is asked for
        return usual
    return usual


def _show_as_newest(connection: sqlite3.Connection) -> None:
    """Lets questions be answered from a catalog of an older revision; what is wrong with it is told by _check_revision."""
    with suppress(sqlite3.DatabaseError):
        here = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        for statement in OLDER.get(here[0], ()) if here else ():
            connection.execute(statement)


def _check_revision(engine: Engine, home: Path, write: bool) -> None:
    with engine.connect() as connection:
        here = revision(connection)
    if here is None and not write:
        raise LibraryDamaged(f"the catalog of {home} is empty", "crossmedia index FOLDER fills it")
    _refuse_revision(here, home, write=write)


def _refuse_revision(here: str | None, home: Path, *, write: bool, least: str = READ_FROM) -> None:
    if here is not None and here > HEAD:
        raise LibraryTooNew(
            f"{home} was written by a later crossmedia, of revision {here} and not {HEAD}", "update crossmedia"
        )
    if here is not None and here < least and not write:
        raise LibraryError(
            f"{home} was written by an older crossmedia, of revision {here}", "crossmedia index upgrades it"
        )


def revision(connection: Connection) -> str | None:
    """The schema's revision; None for an empty catalog."""
    if not dialect.has_table(connection, "alembic_version"):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
