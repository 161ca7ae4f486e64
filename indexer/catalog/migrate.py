"""An older catalog brought to the newest revision, with a copy kept; never back.

The caller holds the writer's lock. The revision is read by one SELECT; Alembic is imported only where it differs.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine

from retrieval import resources
from retrieval.catalog import dialect, layout
from retrieval.catalog.engine import revision
from retrieval.catalog.schema import HEAD
from retrieval.errors import LibraryDamaged


def upgrade(engine: Engine, library: Path, head: str = HEAD, scripts: Path | None = None) -> Path | None:
    """Brings the catalog to `head` in one transaction; gives the copy of the older one, None if nothing was to be done.

    Raises:
        LibraryDamaged: a migration failed; the catalog is as before.
    """
    with engine.connect() as connection:
        here = revision(connection)
    if here == head:
        return None
    copy = _keep_copy(layout.catalog(library), here or "none") if layout.catalog(library).exists() else None
    try:
        with engine.connect() as connection:
            _run(connection, head, scripts or resources.migrations())
    except Exception as error:
        hint = f"the catalog is unchanged{f', and {copy} is a copy of it' if copy else ''}; report this"
        raise LibraryDamaged(f"{library} cannot be upgraded from revision {here} to {head}: {error}", hint) from error
    return copy


def _keep_copy(catalog: Path, here: str) -> Path:
    """A whole copy beside the catalog: written under another name first, so that half a copy is never taken for one."""
    target = catalog.with_name(f"{catalog.name}.revision-{here}")
    partial = target.with_name(f"{target.name}.part")
    partial.unlink(missing_ok=True)
    source, copy = sqlite3.connect(catalog), sqlite3.connect(partial)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    os.replace(partial, target)
    return target


def _run(connection: Connection, head: str, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    with dialect.migration(connection):
        command.upgrade(config, head)
        _check_references(connection)


def _check_references(connection: Connection) -> None:
    if broken := dialect.broken_references(connection):
        raise LookupError(f"{broken} rows point at nothing")
