"""Opening a catalog that a database server holds: PostgreSQL by psycopg."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from retrieval.catalog.dialect import postgresql
from retrieval.errors import InstallationError, LibraryError, LibraryUnavailable

PATIENCE_S = 4  # for a server to take a connection, or to acknowledge what was sent
WAY_ON = (
    "start the server or correct the URL in crossmedia.toml; nothing is lost, crossmedia index goes on where it stopped"
)


def connect(
    url: str, *, name: str = "crossmedia", readers: int | None = None, keep: bool = True, session: str = ""
) -> Engine:
    """Connections to a server, in autocommit. name: what the server calls them; readers: their greatest number (None: as
    many as are asked for); keep: whether they stay open for the next one who asks; session: statements for each of them.

    Raises: InstallationError without a driver; LibraryError for a URL that is none.
    """
    options: dict[str, Any] = {"connect_timeout": PATIENCE_S, "application_name": name[:63]}
    options |= {"tcp_user_timeout": 1000 * PATIENCE_S, "keepalives_idle": PATIENCE_S, "keepalives_interval": 1}
    pool: dict[str, Any] = {"pool_pre_ping": True} if keep else {"poolclass": NullPool}
    if readers is not None:
        pool |= {"pool_size": readers, "max_overflow": 0, "pool_timeout": PATIENCE_S}
    try:
        engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT", connect_args=options, **pool)
    except ImportError:
        raise InstallationError(
            "psycopg, the driver of PostgreSQL, is not installed", "pip install 'crossmedia[postgres]'"
        ) from None
    except ArgumentError as error:
        raise LibraryError(f"the URL of the catalog cannot be understood: {error}", WAY_ON) from None
    if readers is not None:
        session = f"SET default_transaction_read_only = on; {session}"
    if session:
        event.listen(engine, "connect", lambda opened, _: opened.execute(session))
    return engine


def refuse_unfit(connection: Connection, home: Path) -> None:
    """Raises: LibraryError where the server is too old, or keeps texts otherwise than in C.UTF-8."""
    if reason := postgresql.unfit(connection):
        raise LibraryError(
            f"the server of {home} cannot hold a catalog: {reason}",
            "CREATE DATABASE name TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
        )


@contextmanager
def reported_loss(home: Path) -> Iterator[None]:
    """States what a server that is not there makes the catalog raise as one error. Raises: LibraryUnavailable."""
    try:
        yield
    except DBAPIError as error:
        if not is_lost(error):
            raise
        raise lost(home, error) from error


def is_lost(error: DBAPIError) -> bool:
    """Whether an error says that the server cannot be reached, or ended the connection."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or (
        isinstance(error, OperationalError) and (state is None or state.startswith(("08", "57P")))
    )


def lost(home: Path, error: DBAPIError) -> LibraryUnavailable:
    """The error of a server that cannot be reached."""
    why = str(error.orig).strip().splitlines()
    return LibraryUnavailable(f"the catalog of {home} cannot be reached: {why[0] if why else error}", WAY_ON)
