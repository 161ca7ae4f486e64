"""PostgreSQL's ways of what dialect/__init__.py names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, select, text
from sqlalchemy.dialects.sqlite.dml import OnConflictDoNothing, OnConflictDoUpdate
from sqlalchemy.ext.compiler import compiles

from retrieval.catalog.dialect.expressions import folded_path, these
from retrieval.catalog.dialect.postgresql_fulltext import (
    clear_texts,
    create_full_text,
    drop_texts,
    matching_texts,
    put_texts,
    stored_texts,
    text_owners,
    texts,
    texts_with,
    vocabulary,
)
from retrieval.catalog.schema import metadata, paths, sources
from retrieval.errors import LibraryLocked

__all__ = [
    "broken_references",
    "change_signal",
    "claim",
    "clear_texts",
    "create_full_text",
    "damage",
    "drop_texts",
    "fits_any",
    "has_table",
    "last_ids",
    "matching_texts",
    "migration",
    "put_texts",
    "read_transaction",
    "rebase_paths",
    "set_last_ids",
    "stored_bytes",
    "stored_texts",
    "take_lock",
    "text_owners",
    "texts",
    "texts_with",
    "unfit",
    "vocabulary",
    "write_transaction",
]

OLDEST = 160_000  # version of a server
UTF_8 = {"C.UTF-8", "C.utf8", "C.UTF8"}


@compiles(OnConflictDoUpdate, "postgresql")
def _(element: OnConflictDoUpdate, compiler: Any, **options: Any) -> str:
    quote = compiler.preparer.quote
    keys = ", ".join(quote(getattr(each, "name", each)) for each in element.inferred_target_elements or ())
    names = map(str, dict(cast("Any", element.update_values_to_set)))
    changed = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in names)
    return f"ON CONFLICT ({keys}) DO UPDATE SET {changed}"


@compiles(OnConflictDoNothing, "postgresql")
def _(element: OnConflictDoNothing, compiler: Any, **options: Any) -> str:
    return "ON CONFLICT DO NOTHING"


# ---------------------------------------------------------------- connections


WRITER = "crossmedia_writer"  # option of an engine: what `claim` has noted
_COUNT = "UPDATE changes SET number = number + 1 WHERE %s::text IS NULL OR writer = %s"
_LOCK = "hashtext('crossmedia'), hashtext(current_schema())"  # of each library in a database
_HOLDER = (
    "SELECT application_name, to_char(query_start, 'YYYY-MM-DD HH24:MI:SS') FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND pg_locks.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint = hashtext('crossmedia')::bigint "
    "& 4294967295 AND objid::bigint = hashtext(current_schema())::bigint & 4294967295"
)


def unfit(connection: Connection) -> str | None:
    """Why a server cannot hold a catalog; None where it can."""
    query = (
        "SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding), datctype, datcollate, "
        "current_schema(), to_jsonb(own) ->> 'datlocale' FROM pg_database AS own WHERE datname = current_database()"
    )
    version, encoding, kind, order, schema, builtin = connection.exec_driver_sql(query).one()
    if version < OLDEST:
        return f"PostgreSQL {version // 10_000} is too old: {OLDEST // 10_000} is needed"
    locales = {kind, order} if builtin is None else {builtin}
    if encoding != "UTF8" or not locales <= UTF_8:
        return f"its database sorts by {', '.join(sorted(locales))} in {encoding}: C.UTF-8 in UTF8 is needed"
    return None if schema else "no schema of its search path exists"


def take_lock(connection: Connection) -> str | None:
    """None where this connection is the writer's now, and until it ends; else who is."""
    if connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar_one():
        return None
    holder = connection.exec_driver_sql(_HOLDER).first()
    return "another process" if holder is None else f"{holder[0]} since {holder[1]}"


def claim(engine: Engine, writer: str) -> Engine:
    """The engine of the one writer: its transactions fail where another one has claimed the catalog since."""
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE changes SET writer = %s", (writer,))
    return engine.execution_options(**{WRITER: writer})


def stored_bytes(connection: Connection) -> int:
    """All tables and indexes of the library."""
    query = (
        "SELECT coalesce(sum(pg_total_relation_size(pg_class.oid)), 0) FROM pg_class "
        "JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE relkind = 'r' AND nspname = current_schema()"
    )
    return int(connection.exec_driver_sql(query).scalar_one())


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """The state of the catalog is that of the first SELECT."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield connection
        finally:
            if not connection.invalidated:
                connection.exec_driver_sql("ROLLBACK")


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Its last statement counts the commit, for `change_signal`: whoever commits later counts later.

    Raises:
        LibraryLocked: another writer has taken over, as the server had lost the connection that held the lock.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
            _count(connection, engine.get_execution_options().get(WRITER))
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            if not connection.invalidated:
                connection.exec_driver_sql("ROLLBACK")
            raise


def _count(connection: Connection, writer: str | None) -> None:
    if connection.exec_driver_sql(_COUNT, (writer, writer)).rowcount != 1:
        raise LibraryLocked("another process has taken the library over", "crossmedia index goes on later")


@contextmanager
def migration(connection: Connection) -> Iterator[None]:
    """PostgreSQL changes tables inside transactions."""
    connection.exec_driver_sql("BEGIN")
    try:
        yield
        _count(connection, None)
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def change_signal(connection: Connection) -> int:
    """Read, not heard by LISTEN: a notification comes after its commit can be seen, so a reader could be late."""
    return int(connection.exec_driver_sql("SELECT number FROM changes").scalar_one())


def has_table(connection: Connection, name: str) -> bool:
    """By the search path of the connection."""
    return connection.exec_driver_sql("SELECT to_regclass(%s)", (name,)).scalar() is not None


def damage(_: Connection) -> list[str]:
    """The server looks after its files."""
    return []


def broken_references(_: Connection) -> int:
    """The server refuses them."""
    return 0


def _sequences(connection: Connection) -> dict[str, str]:
    """Table -> the sequence of its ids."""
    owned = [
        (each.name, f"pg_get_serial_sequence('{each.name}', 'id')") for each in metadata.sorted_tables if "id" in each.c
    ]
    row = connection.exec_driver_sql(f"SELECT {', '.join(query for _, query in owned)}").one()
    return {name: sequence for (name, _), sequence in zip(owned, row, strict=True) if sequence is not None}


def last_ids(connection: Connection) -> dict[str, int]:
    """Of the sequences."""
    found = {}
    for name, sequence in _sequences(connection).items():
        last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()
        found[name] = last if called else 0
    return {name: last for name, last in found.items() if last}


def set_last_ids(connection: Connection, last: Mapping[str, int]) -> None:
    """Never less than what is there: rows that came with their ids have not moved the sequence."""
    for name, sequence in _sequences(connection).items():
        greatest = connection.exec_driver_sql(f"SELECT coalesce(max(id), 0) FROM {name}").scalar_one()
        if wanted := max(last.get(name, 0), greatest):
            connection.exec_driver_sql("SELECT setval(%s::regclass, %s)", (sequence, wanted))


# ---------------------------------------------------------------- paths


def fits_any(connection: Connection, patterns: Sequence[str]) -> ColumnElement[bool]:
    """All paths are read and compared here: PostgreSQL knows neither GLOB nor Python's folding of case."""
    glob = re.compile("|".join(_as_regex(folded_path(each)) for each in patterns), re.DOTALL)
    rows = connection.execute(select(paths.c.id, sources.c.root, paths.c.relative).join_from(paths, sources))
    ids = [
        path
        for path, root, relative in rows
        if glob.fullmatch(folded_path((root + b"/" + relative).decode(errors="replace")))
    ]
    return paths.c.id.in_(these(ids))


def _as_regex(pattern: str) -> str:
    """A pattern of *, ?, [...] and [^...] as SQLite's GLOB reads it."""
    found, at = "", 0
    while at < len(pattern):
        sign = pattern[at]
        close = pattern.find("]", at + 3 if pattern[at + 1 : at + 2] == "^" else at + 2) if sign == "[" else -1
        if sign == "[" and close > 0:
            inside = pattern[at + 1 : close]
            negated = inside.startswith("^")
            inside = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside.removeprefix("^"))
            found += f"[{'^' if negated else ''}{inside}]"
            at = close
        elif sign == "[":
            return r"(?!)"  # a bracket that nothing closes fits nothing
        else:
            found += {"*": ".*", "?": "."}.get(sign, re.escape(sign))
        at += 1
    return found


# ---------------------------------------------------------------- writing


def rebase_paths(connection: Connection, inner: int, outer: int, prefix: bytes) -> None:
    """Those that the outer source has already go with the inner one."""
    moved = text(
        "UPDATE paths SET source_id = :outer, relative = :prefix || relative WHERE source_id = :inner AND NOT EXISTS "
        "(SELECT 1 FROM paths AS own WHERE own.source_id = :outer AND own.relative = :prefix || paths.relative)"
    ).bindparams(bindparam("prefix", value=prefix))
    connection.execute(moved, {"outer": outer, "inner": inner})
