"""A catalog copied into another database: all rows of all tables, in parts that each remember how far they came.

Rows keep their ids. Texts are copied as they are folded; each database splits them in its own manner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_, update

from indexer.catalog.read import BEGUN, fact
from indexer.catalog.write import set_fact
from retrieval.catalog import dialect
from retrieval.catalog.schema import commits, library, metadata, sources, vectors
from retrieval.fulltext import analyzer

ROWS = 2_000  # of one transaction
COPYING = "copying"  # the fact that a copy under way keeps about itself
OWN_FACTS = (COPYING, BEGUN)  # of a library alone, not of what it holds
TEXTS = ("segment_words", "asset_words")
TABLES = [each for each in metadata.sorted_tables if each is not library]  # owners first; facts come last


@dataclass(frozen=True, slots=True)
class Part:
    """How far a copy is. origin: state of the catalog that is copied; table: the one that rows were last copied of; after:
    key of the last row, empty where the table is whole."""

    origin: str
    table: str = ""
    after: tuple[Any, ...] = ()


def state(connection: Connection) -> str:
    """What tells one state of a catalog from another: its age, its commits, and how many rows there are."""
    counts = [connection.scalar(select(func.count()).select_from(each)) for each in TABLES]
    last = connection.scalar(select(commits.c.last)), connection.scalar(select(func.max(vectors.c.id)))
    told = json.dumps([fact(connection, "created_at"), *last, counts])
    return blake2b(told.encode(), digest_size=16).hexdigest()


def progress(connection: Connection) -> Part | None:
    """How far the copy into this catalog is; None where none is under way."""
    kept = fact(connection, COPYING)
    if kept is None:
        return None
    origin, table, after = json.loads(kept)
    return Part(origin, table, tuple(bytes.fromhex(each[1]) if isinstance(each, list) else each for each in after))


def note(connection: Connection, part: Part | None) -> None:
    """Keeps how far a copy is, or that it is done."""
    if part is None:
        connection.execute(delete(library).where(library.c.key == COPYING))
        return
    after = [["bytes", each.hex()] if isinstance(each, bytes) else each for each in part.after]
    set_fact(connection, COPYING, json.dumps([part.origin, part.table, after]))


def clear(connection: Connection) -> None:
    """Deletes all rows but the facts."""
    for name in TEXTS:
        dialect.clear_texts(connection, name)
    for table in reversed(TABLES):
        connection.execute(delete(table))


def names() -> list[str]:
    """All tables in the order that they are copied in; those of texts behind those that own them."""
    return [*(each.name for each in TABLES), *TEXTS]


def rows_of(connection: Connection, name: str, after: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The first rows of a table with a greater key, in the order of keys."""
    if name in TEXTS:
        return dialect.stored_texts(connection, name, after[0] if after else 0, ROWS)
    table = metadata.tables[name]
    keys = list(table.primary_key.columns)
    query = select(table).order_by(*keys).limit(ROWS)
    query = query.where(tuple_(*keys) > tuple(after)) if after else query
    return [tuple(row) for row in connection.execute(query)]


def key_of(name: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The key of a row, in the order of the primary key's columns."""
    if name in TEXTS:
        return row[:1]
    table = metadata.tables[name]
    places = {column.name: at for at, column in enumerate(table.columns)}
    return tuple(row[places[column.name]] for column in table.primary_key.columns)


def add_rows(connection: Connection, name: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds rows as `rows_of` gave them."""
    if name in TEXTS:
        dialect.put_texts(connection, name, [(row, words) for row, words in rows], analyzer.split)
        return
    table: Table = metadata.tables[name]
    columns = [column.name for column in table.columns]
    connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


def copy_facts(origin: Connection, target: Connection) -> None:
    """All facts of a library, in place of those that the target was made with."""
    for key, value in origin.execute(select(library.c.key, library.c.value)).all():
        if key not in OWN_FACTS:
            set_fact(target, key, value)


def continue_ids(origin: Connection, target: Connection) -> None:
    """The target gives ids that the origin never gave."""
    dialect.set_last_ids(target, dialect.last_ids(origin))


def move_source(connection: Connection, old: bytes, new: bytes) -> None:
    """Where a source's files are copied as well."""
    connection.execute(update(sources).where(sources.c.root == old).values(root=new))


def digests(connection: Connection, moved: tuple[bytes, bytes]) -> Iterator[tuple[str, int, str]]:
    """For each table its rows and a digest (BLAKE2b-128) of them. moved: a source's root, and what is read in its place."""
    for name in (*names(), library.name):
        digest, count, after = blake2b(digest_size=16), 0, ()
        while rows := rows_of(connection, name, after):
            for row in rows:
                if name == library.name and row[0] in OWN_FACTS:
                    continue
                told = tuple(moved[1] if name == sources.name and each == moved[0] else each for each in row)
                digest.update(repr(told).encode("utf-8", "surrogatepass"))
                count += 1
            after = key_of(name, rows[-1])
        yield name, count, digest.hexdigest()
