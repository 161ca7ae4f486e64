"""Where databases differ: SQLite's ways (sqlite.py), PostgreSQL's (postgresql.py), and expressions that both compile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, Engine

from retrieval.catalog.dialect import sqlite
from retrieval.catalog.dialect.expressions import (
    EARTH_KM,
    TextsWanted,
    collected,
    folded_path,
    given,
    given_texts,
    holds_text,
    id_list,
    ids_of,
    insert_missing,
    kilometres,
    km_between,
    lesser,
    only,
    rounded,
    tail,
    text_list,
    unindexed,
    upsert,
    values_of,
)
from retrieval.domain.records import Ids

__all__ = [
    "EARTH_KM",
    "TextsWanted",
    "collected",
    "folded_path",
    "given",
    "given_texts",
    "holds_text",
    "id_list",
    "ids_of",
    "insert_missing",
    "kilometres",
    "km_between",
    "lesser",
    "only",
    "rounded",
    "tail",
    "text_list",
    "unindexed",
    "upsert",
    "values_of",
]


class Dialect(Protocol):
    """All that each database does in its own manner."""

    def read_transaction(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def write_transaction(self, engine: Engine, /) -> AbstractContextManager[Connection]: ...
    def migration(self, connection: Connection, /) -> AbstractContextManager[None]: ...
    def change_signal(self, connection: Connection, /) -> int: ...
    def has_table(self, connection: Connection, name: str, /) -> bool: ...
    def take_lock(self, connection: Connection, /) -> str | None: ...
    def claim(self, engine: Engine, writer: str, /) -> Engine: ...
    def stored_bytes(self, connection: Connection, /) -> int: ...
    def damage(self, connection: Connection, /) -> list[str]: ...
    def broken_references(self, connection: Connection, /) -> int: ...
    def create_full_text(self, connection: Connection, /) -> None: ...
    def put_texts(
        self, connection: Connection, table: str, texts: Sequence[tuple[int, str]], split: Callable[[str], list[str]], /
    ) -> None: ...
    def drop_texts(self, connection: Connection, table: str, rows: Sequence[int], /) -> None: ...
    def clear_texts(self, connection: Connection, table: str, /) -> None: ...
    def stored_texts(self, connection: Connection, table: str, after: int, limit: int, /) -> list[tuple[Any, ...]]: ...
    def last_ids(self, connection: Connection, /) -> dict[str, int]: ...
    def set_last_ids(self, connection: Connection, last: Mapping[str, int], /) -> None: ...
    def texts_with(self, connection: Connection, wanted: Sequence[tuple[str, Sequence[str], int]], /) -> list[Ids]: ...
    def matching_texts(
        self, connection: Connection, phrases: Iterable[Sequence[str]], wanted: Sequence[TextsWanted], /
    ) -> list[list[tuple[Any, ...]]]: ...
    def texts(self, connection: Connection, wanted: Sequence[tuple[str, Iterable[int]]], /) -> list[dict[int, str]]: ...
    def text_owners(self, connection: Connection, after: int, /) -> tuple[Ids, Ids, int, int, str | None]: ...
    def vocabulary(self, connection: Connection, beginnings: Sequence[str], /) -> list[list[str]]: ...
    def fits_any(self, connection: Connection, patterns: Sequence[str], /) -> ColumnElement[bool]: ...
    def rebase_paths(self, connection: Connection, inner: int, outer: int, prefix: bytes, /) -> None: ...


def of(bind: Connection | Engine) -> Dialect:
    """The ways of the database that a connection leads to."""
    if bind.dialect.name == "sqlite":
        return sqlite
    from retrieval.catalog.dialect import postgresql  # with its driver, only where a library asks for it

    return postgresql


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection on which all SELECTs see one state of the catalog."""
    with of(engine).read_transaction(engine) as connection:
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that changes the catalog: committed at the end of the block, undone by an error."""
    with of(engine).write_transaction(engine) as connection:
        yield connection


def migration(connection: Connection) -> AbstractContextManager[None]:
    """A transaction that tables are changed in."""
    return of(connection).migration(connection)


def change_signal(connection: Connection) -> int:
    """A number that differs from the last one whenever another connection has committed in between."""
    return of(connection).change_signal(connection)


def has_table(connection: Connection, name: str) -> bool:
    """Whether the catalog has a table of this name."""
    return of(connection).has_table(connection, name)


def take_lock(connection: Connection) -> str | None:
    """None where this connection is the only writer's now, and until it ends; else who is."""
    return of(connection).take_lock(connection)


def claim(engine: Engine, writer: str) -> Engine:
    """The engine of the one writer, named: where a server may lose the lock, its transactions fail once another has it."""
    return of(engine).claim(engine, writer)


def stored_bytes(connection: Connection) -> int:
    """Bytes of the catalog that lie outside of the library's folder."""
    return of(connection).stored_bytes(connection)


def damage(connection: Connection) -> list[str]:
    """The first things that are wrong with what the database keeps; empty where it is sound or looks after itself."""
    return of(connection).damage(connection)


def broken_references(connection: Connection) -> int:
    """Number of rows that point at rows that are not there."""
    return of(connection).broken_references(connection)


def last_ids(connection: Connection) -> dict[str, int]:
    """The greatest id that each table has ever given, whose rows get one by themselves."""
    return of(connection).last_ids(connection)


def set_last_ids(connection: Connection, last: Mapping[str, int]) -> None:
    """From now on the ids of each table are greater than these."""
    of(connection).set_last_ids(connection, last)


# ---------------------------------------------------------------- full text


def create_full_text(connection: Connection) -> None:
    """The full-text tables of a new catalog."""
    of(connection).create_full_text(connection)


def put_texts(
    connection: Connection, table: str, texts: Sequence[tuple[int, str]], split: Callable[[str], list[str]]
) -> None:
    """Adds folded texts, by id, to a full-text table. split: the analyzer, for a database that does not split by itself."""
    if texts:
        of(connection).put_texts(connection, table, texts, split)


def drop_texts(connection: Connection, table: str, rows: Sequence[int]) -> None:
    """Deletes texts, by id, from a full-text table."""
    of(connection).drop_texts(connection, table, rows)


def clear_texts(connection: Connection, table: str) -> None:
    """Deletes all texts of a full-text table."""
    of(connection).clear_texts(connection, table)


def stored_texts(connection: Connection, table: str, after: int, limit: int) -> list[tuple[Any, ...]]:
    """The first (id, folded text) of a full-text table with ids > after, ascending."""
    return of(connection).stored_texts(connection, table, after, limit)


def texts_with(connection: Connection, wanted: Sequence[tuple[str, Sequence[str], int]]) -> list[Ids]:
    """For each (full-text table, tokens, limit) the ids (n,) of at most so many texts that hold the tokens one after
    another, ascending: one statement for all."""
    return of(connection).texts_with(connection, wanted)


def matching_texts(
    connection: Connection, phrases: Iterable[Sequence[str]], wanted: Sequence[TextsWanted]
) -> list[list[tuple[Any, ...]]]:
    """For each full-text table rows of (id, asset, medium, BM25, text or None) of the texts that hold any of the
    phrases, ascending; BM25: greater is better. One statement for all."""
    return of(connection).matching_texts(connection, phrases, wanted)


def texts(connection: Connection, wanted: Sequence[tuple[str, Iterable[int]]]) -> list[dict[int, str]]:
    """For each (full-text table, ids) the stored texts with these ids: one statement for all."""
    return of(connection).texts(connection, wanted)


def text_owners(connection: Connection, after: int) -> tuple[Ids, Ids, int, int, str | None]:
    """Ids of segments > after that have a text, and of their assets; how many texts and names there are; and the fact
    `words`. One statement."""
    return of(connection).text_owners(connection, after)


def vocabulary(connection: Connection, beginnings: Sequence[str]) -> list[list[str]]:
    """For each beginning the terms of both full-text tables that have it; one statement for all."""
    return of(connection).vocabulary(connection, beginnings)


# ---------------------------------------------------------------- paths


def fits_any(connection: Connection, patterns: Sequence[str]) -> ColumnElement[bool]:
    """Whether the path of a row of `paths` and `sources` fits one of some patterns of *, ? and [...], whatever the case
    and the Unicode normal form of either; bytes that are not UTF-8 fit anything."""
    return of(connection).fits_any(connection, patterns)


def rebase_paths(connection: Connection, inner: int, outer: int, prefix: bytes) -> None:
    """Makes the paths of a source those of the source around it, `prefix` before each; those that are there already stay."""
    of(connection).rebase_paths(connection, inner, outer, prefix)
