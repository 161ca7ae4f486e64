"""Generations of vectors in the PostgreSQL server that holds the catalog, by its extension pgvector.

    vectors_GENERATION_KIND     vector_id, segment_id, asset_id, medium, embedding halfvec(d); HNSW above EXACT_ROWS on
    published_vectors           a row for each such table: generation, kind, rows, dimension

A table, its index and its row in published_vectors come in one transaction, so a generation that was begun and not ended
is nowhere.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from retrieval.catalog import server
from retrieval.domain.media import Kind, Vectors
from retrieval.domain.records import ROW, Half, Within, runs
from retrieval.errors import IndexMismatch, LibraryDamaged, LibraryError

EXACT_ROWS = 20_000  # so many rows in scope are compared one by one: as fast as a graph that is filtered, and exact
EXACT_SHARE = 0.01  # of larger tables: the same
RANGES = 8  # up to so many runs of ids are compared with their ends, as a folder's are: half the time of listing them
M, EF_CONSTRUCTION = 16, 100
# Of every connection. Rows are put in order by the caller. A plan is made for each list of ids: a general one takes all
# lists for short. A filtered scan goes on until it has what was asked for, or has seen max_scan_tuples.
SESSION = (
    "SET hnsw.ef_search = 400; SET hnsw.iterative_scan = relaxed_order; SET hnsw.max_scan_tuples = 200000; "
    "SET plan_cache_mode = force_custom_plan"
)
LEAST_MEMORY, MOST_MEMORY = 64, 2048  # MiB for building a graph
READERS = 16
MISSING = "42P01"  # SQLSTATE: no such table

_COPY = np.dtype(
    [("fields", ">i2")]
    + [field for name in ("vector", "segment", "asset") for field in ((f"{name}_bytes", ">i4"), (name, ">i8"))]
    + [("medium_bytes", ">i4"), ("medium", ">i2")]
)
_HEAD, _END = b"PGCOPY\n\xff\r\n\x00" + bytes(8), b"\xff\xff"


class PgvectorEngine:
    """See retrieval.protocols.VectorEngine. url: of the catalog; home: the library's folder, for errors."""

    def __init__(self, url: str, home: Path) -> None:
        self._home = home
        self._url = url
        self._lock = threading.Lock()
        self._readers: Any = None

    def kinds(self, generation: str, dimension: int) -> dict[Kind, int]:
        with self._reading(generation) as connection:
            if connection.exec_driver_sql("SELECT to_regclass('published_vectors')").scalar() is None:
                return {}
            found = connection.exec_driver_sql(
                "SELECT kind, rows, dimension FROM published_vectors WHERE generation = %s", (generation,)
            ).all()
        if any(each.dimension != dimension for each in found):
            raise LibraryDamaged(f"the index {generation} is of another dimension", "crossmedia rebuild")
        return {each.kind: each.rows for each in found}

    def count(self, generation: str, kind: Kind, within: Within) -> int:
        """Without a filter, all but those that may not be found: else every question would read the whole table as soon as
        one vector is deleted."""
        condition, values = _condition(within)
        query = f"SELECT count(*) FROM {_table(generation, kind)} WHERE {condition}"
        if not within.media and within.assets is None:
            query = (
                "SELECT (SELECT rows FROM published_vectors WHERE generation = %s AND kind = %s) - "
                f"(SELECT count(*) FROM {_table(generation, kind)} WHERE vector_id = ANY(%s::bigint[]))"
            )
            values = [generation, kind, within.without.tolist()]
        with self._reading(generation) as connection:
            return int(connection.exec_driver_sql(query, tuple(values)).scalar_one())

    def nearest(
        self, generation: str, kind: Kind, queries: Vectors, k: int, within: Within
    ) -> tuple[Vectors, NDArray[Any]]:
        """Scores (q, k) float32 in -1..1 and rows (q, k) of ROW for queries (q, dimension): by the graph where many rows are
        in scope, else by comparing all of them."""
        scores = np.full((len(queries), k), -np.inf, np.float32)
        rows = np.zeros((len(queries), k), ROW)
        condition, values = _condition(within)
        with self._reading(generation) as connection:
            schema = _schema(connection)
            assert schema is not None
            near = f"embedding OPERATOR({schema}.<#>) %s::{schema}.halfvec"
            score = f"-(embedding::{schema}.vector OPERATOR({schema}.<#>) %s::{schema}.vector)"  # of the whole question
            # An index knows the order of a distance, but not that of a sum.
            order = f"({near}) + 0, vector_id" if within.rows <= max(EXACT_ROWS, EXACT_SHARE * within.of) else near
            query = (
                f"SELECT vector_id, segment_id, asset_id, medium, {score} FROM {_table(generation, kind)} "
                f"WHERE {condition} ORDER BY {order} LIMIT {k:d}"
            )
            for at, each in enumerate(queries):
                text = "[" + ",".join(map(str, each.tolist())) + "]"
                found = connection.exec_driver_sql(query, (text, *values, text)).all()
                rows[at, : len(found)] = [tuple(row[:4]) for row in found]
                scores[at, : len(found)] = [row[4] for row in found]
        return scores, rows

    def write(self, generation: str, kind: Kind, rows: NDArray[Any], vectors: Half) -> None:
        """Rows (n,), dtype ROW, unit vectors (n, dimension), indexes, and the row that names them: one transaction."""
        table = _table(generation, kind)
        engine = server.connect(self._url, name="crossmedia publish", keep=False)
        with server.reported_loss(self._home), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            schema = _made_schema(connection)
            connection.exec_driver_sql(
                "CREATE TABLE IF NOT EXISTS published_vectors (generation text NOT NULL, kind text NOT NULL, "
                "rows bigint NOT NULL, dimension integer NOT NULL, PRIMARY KEY (generation, kind))"
            )
            connection.exec_driver_sql(
                f"CREATE TABLE {table} (vector_id bigint NOT NULL, segment_id bigint NOT NULL, asset_id bigint NOT NULL, "
                f"medium smallint NOT NULL, embedding {schema}.halfvec({vectors.shape[1]:d}) NOT NULL)"
            )
            _copy(connection, table, rows, vectors)
            connection.exec_driver_sql(f"CREATE INDEX ON {table} (asset_id)")
            connection.exec_driver_sql(f"CREATE UNIQUE INDEX ON {table} (vector_id)")
            if len(rows) > EXACT_ROWS:
                _build(connection, table, schema, vectors)
            connection.exec_driver_sql(f"ANALYZE {table}")
            named = (generation, kind, len(rows), vectors.shape[1])
            connection.exec_driver_sql("INSERT INTO published_vectors VALUES (%s, %s, %s, %s)", named)
            connection.exec_driver_sql("COMMIT")

    def generations(self) -> set[str]:
        with self._reading("") as connection:
            if connection.exec_driver_sql("SELECT to_regclass('published_vectors')").scalar() is None:
                return set()
            return set(connection.exec_driver_sql("SELECT generation FROM published_vectors").scalars())

    def drop(self, generation: str) -> None:
        engine = server.connect(self._url, name="crossmedia publish", keep=False)
        with server.reported_loss(self._home), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            query = "DELETE FROM published_vectors WHERE generation = %s RETURNING kind"
            for kind in connection.exec_driver_sql(query, (generation,)).scalars().all():
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_table(generation, kind)}")
            connection.exec_driver_sql("COMMIT")

    @contextmanager
    def _reading(self, generation: str) -> Iterator[Connection]:
        with self._lock:
            if self._readers is None:
                self._readers = server.connect(self._url, name="crossmedia vectors", readers=READERS, session=SESSION)
                weakref.finalize(self, self._readers.dispose)
        try:
            with server.reported_loss(self._home), self._readers.connect() as connection:
                yield connection
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != MISSING:
                raise
            raise IndexMismatch(generation) from error  # published anew and dropped since it was opened


def _table(generation: str, kind: Kind) -> str:
    return f'"vectors_{generation}_{kind}"'


def _condition(within: Within) -> tuple[str, list[Any]]:
    parts, values = ["true"], list[Any]()
    if within.media:
        parts.append("medium = ANY(%s::smallint[])")
        values.append(list(within.media))
    if within.assets is not None:
        firsts, lasts = runs(within.assets)
        if 0 < len(firsts) <= RANGES:
            parts.append(f"({' OR '.join(['asset_id BETWEEN %s AND %s'] * len(firsts))})")
            values += np.stack([firsts, lasts], axis=1).ravel().tolist()
        else:
            parts.append("asset_id = ANY(%s::bigint[])")
            values.append(within.assets.tolist())
    if len(within.without):
        parts.append("vector_id <> ALL(%s::bigint[])")
        values.append(within.without.tolist())
    return " AND ".join(parts), values


def _schema(connection: Connection) -> str | None:
    """Where the extension's types are; None where it is not installed in the database."""
    query = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
    return connection.exec_driver_sql(query).scalar()


def _made_schema(connection: Connection) -> str:
    """As `_schema`; installs the extension. Raises: LibraryError where that cannot be."""
    schema = _schema(connection)
    if schema is None:
        try:
            connection.exec_driver_sql("CREATE EXTENSION vector SCHEMA public")
        except DBAPIError as error:
            if server.is_lost(error):
                raise
            raise LibraryError(
                f"the server has no extension vector: {str(error.orig).splitlines()[0]}",
                'install pgvector 0.8 or later for it and run CREATE EXTENSION vector, or set vectors = "local"',
            ) from error
        schema = "public"
    query = "SELECT string_to_array(extversion, '.')::int[] >= '{0,8}' FROM pg_extension WHERE extname = 'vector'"
    if not connection.exec_driver_sql(query).scalar():
        raise LibraryError("the server's pgvector is older than 0.8", "ALTER EXTENSION vector UPDATE")
    return schema


def _copy(connection: Connection, table: str, rows: NDArray[Any], vectors: Half) -> None:
    """Rows (n,) and unit vectors (n, dimension) by PostgreSQL's binary COPY, each row of one length."""
    dimension = vectors.shape[1]
    data = [("data_bytes", ">i4"), ("dimension", ">i2"), ("unused", ">i2"), ("data", ">f2", (dimension,))]
    sent = np.zeros(len(rows), np.dtype(_COPY.descr + data))
    sent["fields"] = 5
    for name in ("vector", "segment", "asset"):
        sent[f"{name}_bytes"] = 8
        sent[name] = rows[name]
    sent["medium_bytes"], sent["medium"] = 2, rows["medium"]
    sent["data_bytes"], sent["dimension"], sent["data"] = 4 + 2 * dimension, dimension, vectors
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
        copy.write(_HEAD)
        for start in range(0, len(sent), 4096):
            copy.write(sent[start : start + 4096].tobytes())
        copy.write(_END)


def _build(connection: Connection, table: str, schema: str, vectors: Half) -> None:
    """The graph over unit vectors (n, dimension), in memory if it can be: on disk it takes ten times as long."""
    needed = int(len(vectors) * (2 * vectors.shape[1] + 40 * M) * 1.2) >> 20
    memory = min(max(needed, LEAST_MEMORY), MOST_MEMORY)
    connection.exec_driver_sql(f"SET LOCAL maintenance_work_mem = '{memory}MB'")
    connection.exec_driver_sql(
        f"CREATE INDEX ON {table} USING hnsw (embedding {schema}.halfvec_ip_ops) "
        f"WITH (m = {M}, ef_construction = {EF_CONSTRUCTION})"
    )
