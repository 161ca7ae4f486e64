"""What a service keeps of its own: jobs and saved searches, in a small database beside the catalog.

    LIBRARY/service.sqlite    one table of JSON documents by kind and id

It is not the catalog, whose writer may hold that for hours: changing what is kept here never waits for an index run. Where
a server holds the catalog, it holds these documents as well, for all services of the library.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Protocol

from retrieval.catalog.location import location
from retrieval.errors import LibraryDamaged, LibraryError

FILE = "service.sqlite"
WAIT_S = 5.0
TABLE = """CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, number INTEGER NOT NULL, content TEXT NOT NULL, PRIMARY KEY (kind, id)
)"""


class Store(Protocol):
    """JSON documents by kind and id."""

    @property
    def is_shared(self) -> bool:
        """Whether other services keep theirs there too."""

    def now(self) -> float:
        """Seconds since 1970 by the clock that all who use the store share."""

    def put(self, kind: str, name: str, content: dict[str, Any]) -> None:
        """Keeps a document, in the place of one of that name."""

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """The document of a name."""

    def all(self, kind: str) -> list[dict[str, Any]]:
        """The documents of a kind, in the order in which they were first kept."""

    def delete(self, kind: str, name: str) -> bool:
        """Whether there was one, which is gone now."""


class FileStore:
    """A Store in a file of the library's folder, made when something is first kept. From any thread."""

    def __init__(self, library: Path) -> None:
        self._file = library / FILE
        self._lock = threading.Lock()

    @property
    def is_shared(self) -> bool:
        """See Store.is_shared."""
        return False

    def now(self) -> float:
        """See Store.now: this machine's."""
        return time.time()

    def put(self, kind: str, name: str, content: dict[str, Any]) -> None:
        """See Store.put. Raises: LibraryError where the file cannot be written."""
        keep = (
            "INSERT INTO documents SELECT ?, ?, COALESCE(MAX(number), 0) + 1, ? FROM documents WHERE kind = ?"
            " ON CONFLICT (kind, id) DO UPDATE SET content = excluded.content"
        )
        self._run(keep, (kind, name, json.dumps(content), kind), makes=True)

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        """See Store.get."""
        rows = self._run("SELECT content FROM documents WHERE kind = ? AND id = ?", (kind, name))
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: str) -> list[dict[str, Any]]:
        """See Store.all."""
        rows = self._run("SELECT content FROM documents WHERE kind = ? ORDER BY number", (kind,))
        return [json.loads(row[0]) for row in rows]

    def delete(self, kind: str, name: str) -> bool:
        """See Store.delete."""
        return bool(self._run("DELETE FROM documents WHERE kind = ? AND id = ? RETURNING 1", (kind, name)))

    def _run(self, statement: str, values: tuple[str, ...], *, makes: bool = False) -> list[tuple[Any, ...]]:
        """The rows of a statement; none where there is no file, unless it makes one."""
        try:
            with self._lock:
                if makes:
                    self._make()
                elif not self._file.exists():
                    return []
                with closing(sqlite3.connect(self._file, timeout=WAIT_S)) as connection, connection:
                    connection.execute(TABLE)
                    return connection.execute(statement, values).fetchall()
        except OSError as error:
            raise LibraryError(f"{self._file} cannot be made: {error.strerror}", "check the library's folder") from None
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise LibraryError(f"{self._file} cannot be used: {error}", "check the library's folder") from None
            raise LibraryDamaged(
                f"{self._file} cannot be read: {error}", "delete it; jobs and saved searches go"
            ) from None

    def _make(self) -> None:
        """The file, which its own user alone may read: it holds the secrets of webhooks.

        One that is there is not opened: to close it again would release the locks that this process has of it, also
        those of SQLite in another thread (https://sqlite.org/howtocorrupt.html, 2.2).
        """
        try:
            os.close(os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if self._file.stat().st_mode & 0o077:
                with suppress(PermissionError):  # another user's
                    self._file.chmod(0o600)


def store_of(library: Path) -> Store:
    """In the database that holds the catalog, where one does; else in the library's folder."""
    where = location(library)
    if where.catalog is None:
        return FileStore(library)
    from retrieval.catalog.documents import CatalogStore

    return CatalogStore(where.catalog, library)
