"""JSON documents by kind and id in the database that holds the catalog, for all services of a library.

service_documents     kind, id, number (in the order in which they were first kept), content
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from retrieval.catalog import server

_TABLE = """CREATE TABLE IF NOT EXISTS service_documents (
    kind text NOT NULL, id text NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY, content text NOT NULL,
    PRIMARY KEY (kind, id)
)"""
# Two that make it at the same time would fail, although they say IF NOT EXISTS.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.service_documents', 0))"
_KEEP = (
    "INSERT INTO service_documents (kind, id, content) VALUES (%s, %s, %s) "
    "ON CONFLICT (kind, id) DO UPDATE SET content = excluded.content"
)


class CatalogStore:
    """See retrieval.service.store.Store. url: of the catalog; home: the library's folder, for errors. From any thread.

    Raises: LibraryError where the server cannot be reached.
    """

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def is_shared(self) -> bool:
        """Other services keep their documents there too."""
        return True

    def now(self) -> float:
        """The server's clock."""
        with self._connected() as connection:
            return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())

    def put(self, kind: str, name: str, content: dict[str, Any]) -> None:
        with self._connected() as connection:
            connection.exec_driver_sql(_KEEP, (kind, name, json.dumps(content)))

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        query = "SELECT content FROM service_documents WHERE kind = %s AND id = %s"
        with self._connected() as connection:
            found = connection.exec_driver_sql(query, (kind, name)).scalar()
        return None if found is None else json.loads(found)

    def all(self, kind: str) -> list[dict[str, Any]]:
        query = "SELECT content FROM service_documents WHERE kind = %s ORDER BY number"
        with self._connected() as connection:
            return [json.loads(each) for each in connection.exec_driver_sql(query, (kind,)).scalars()]

    def delete(self, kind: str, name: str) -> bool:
        query = "DELETE FROM service_documents WHERE kind = %s AND id = %s"
        with self._connected() as connection:
            return connection.exec_driver_sql(query, (kind, name)).rowcount > 0

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with server.reported_loss(self._home):
            with self._lock:
                if self._engine is None:
                    self._engine = self._made()
                    weakref.finalize(self, self._engine.dispose)
            with self._engine.connect() as connection:
                yield connection

    def _made(self) -> Engine:
        engine = server.connect(self._url, name="crossmedia service")
        with engine.connect() as connection:
            if connection.exec_driver_sql("SELECT to_regclass('service_documents')").scalar() is None:
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql(_LOCK)
                connection.exec_driver_sql(_TABLE)
                connection.exec_driver_sql("COMMIT")
        return engine
