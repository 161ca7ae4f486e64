"""SQLite's own ways, BM25 among them: everything that another database would do in its own manner, in one place.

Many ids travel as one JSON array, which SQLite turns into a table: no limit on their number, and the statement stays
compiled. Results of thousands of rows come back as one JSON array too: fetching them one by one costs more than finding
them.
"""

from __future__ import annotations

import json
import math
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    LargeBinary,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as insert_into

from retrieval.domain.records import Ids

PAGE_BYTES = 16_384  # vectors of 1 KiB waste a third of SQLite's usual pages of 4 KiB
MMAP_BYTES = 8 << 30
BUSY_MS = 30_000
VOCABULARIES = {"segment_terms": "segment_words", "asset_terms": "asset_words"}  # of each connection
EARTH_KM = 6371.0088  # mean radius


# ---------------------------------------------------------------- connections


def prepare(connection: sqlite3.Connection, *, new: bool, write: bool) -> None:
    """Sets up a connection that was just opened: autocommit, WAL, time limits, functions that SQLite lacks."""
    connection.isolation_level = None  # the driver would begin and commit by itself
    if new:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    if write:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    for name, table in VOCABULARIES.items():
        connection.execute(f"CREATE VIRTUAL TABLE temp.{name} USING fts5vocab(main, {table}, row)")
    if not write:
        connection.execute("PRAGMA query_only = ON")
    connection.create_function("km_between", 4, km_between, deterministic=True)
    connection.create_function("folded_path", 1, _folded_bytes, deterministic=True)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES}")


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection on which all SELECTs see one state of the catalog."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction that takes SQLite's lock at its start, so that it cannot fail half way on a reader."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            if _is_in_transaction(connection):  # after some errors, a full disk for one, SQLite has undone it by itself
                connection.exec_driver_sql("ROLLBACK")
            raise


def _is_in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    return bool(driver is not None and driver.in_transaction)


def change_signal(connection: Connection) -> int:
    """A number that differs from the last one whenever another connection has committed in between."""
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


def has_table(connection: Connection, name: str) -> bool:
    """Whether the catalog has a table of this name."""
    return connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).first() is not None


def damage(connection: Connection) -> list[str]:
    """The first things that are wrong with the catalog's file; empty where it is sound."""
    return [line for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(5)") if line != "ok"]


def broken_references(connection: Connection) -> int:
    """Number of rows that point at rows that are not there."""
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())


# ---------------------------------------------------------------- ids


def given(name: str = "ids") -> Select[tuple[int]]:
    """The ids of the parameter `name`, as a subquery; its value comes from `id_list`."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


def id_list(ids: Iterable[int]) -> str:
    """Ids as the value of a parameter of `given`."""
    return json.dumps(ids.tolist() if isinstance(ids, np.ndarray) else list(ids))


def text_list(texts: Iterable[str]) -> str:
    """Texts as the value of a parameter of `given`."""
    return json.dumps(list(texts))


def collected(column: ColumnElement[Any]) -> Any:
    """All values of a column in one value; `values_of` reads it."""
    return func.json_group_array(column)


def values_of(stored: str) -> list[Any]:
    """The values that `collected` put together."""
    return list(json.loads(stored))


def ids_of(stored: str) -> Ids:
    """The ids (n,) that `collected` put together, in their order; a quarter of the time that `values_of` takes."""
    return np.fromstring(stored[1:-1], np.int64, sep=",") if len(stored) > 2 else np.empty(0, np.int64)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column that the planner must not look up by its index (the plus sign hides it)."""
    return literal_column(f"+{column}")


# ---------------------------------------------------------------- full text


_OWNERS = {
    "segment_words": (
        "CROSS JOIN segments ON segments.id = segment_words.rowid CROSS JOIN assets ON assets.id = segments.asset_id"
    ),
    "asset_words": "CROSS JOIN assets ON assets.id = asset_words.rowid",
}


@dataclass(frozen=True, slots=True, eq=False)
class TextsWanted:
    """Texts of one full-text table, by id; kinds: of segments of these alone; read: those whose text is wanted too."""

    table: str
    ids: Iterable[int]
    kinds: Iterable[str] | None = None
    read: Iterable[int] = ()


def phrase(tokens: Sequence[str]) -> str:
    """Consecutive tokens in FTS5's language; they hold letters and digits only, so none breaks out of the quotes."""
    return '"' + " ".join(tokens) + '"'


def texts_with(connection: Connection, wanted: Sequence[tuple[str, Sequence[str], int]]) -> list[Ids]:
    """For each (full-text table, tokens, limit) the ids (n,) of at most so many texts that hold the tokens one after
    another, ascending: one statement for all."""
    if not wanted:
        return []
    parts = [
        f"SELECT {at}, json_group_array(rowid) FROM "
        f"(SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid LIMIT ?)"
        for at, (table, _, _) in enumerate(wanted)
    ]
    values = [value for _, tokens, limit in wanted for value in (phrase(tokens), limit)]
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(values))
    return [ids_of(listed) for _, listed in sorted(tuple(row) for row in rows)]


def matching_texts(
    connection: Connection, phrases: Iterable[Sequence[str]], wanted: Sequence[TextsWanted]
) -> list[list[tuple[Any, ...]]]:
    """For each full-text table rows of (id, asset, medium, BM25, text or None) of the texts that hold any of the
    phrases, ascending; BM25: greater is better. One statement for all."""
    parts, values = [], list[str]()
    expression = " OR ".join(phrase(each) for each in phrases)
    for at, own in enumerate(wanted):
        # The plus keeps SQLite from running the whole expression once for each id; CROSS JOIN keeps the order of tables.
        kinds = "" if own.kinds is None else " AND segments.kind IN (SELECT value FROM json_each(?))"
        parts.append(
            f"SELECT {at}, {own.table}.rowid, assets.id, assets.medium, -bm25({own.table}), "
            f"CASE WHEN +{own.table}.rowid IN (SELECT value FROM json_each(?)) THEN words END "
            f"FROM {own.table} {_OWNERS[own.table]} WHERE {own.table} MATCH ? "
            f"AND +{own.table}.rowid IN (SELECT value FROM json_each(?)){kinds}"
        )
        values += [id_list(own.read), expression, id_list(own.ids)]
        values += [] if own.kinds is None else [text_list(own.kinds)]
    found: list[list[tuple[Any, ...]]] = [[] for _ in wanted]
    for at, *row in connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(values)) if parts else ():
        found[at].append(tuple(row))
    return [sorted(rows) for rows in found]


def texts(connection: Connection, wanted: Sequence[tuple[str, Iterable[int]]]) -> list[dict[int, str]]:
    """For each (full-text table, ids) the stored texts with these ids: one statement for all."""
    parts = [
        f"SELECT {at}, rowid, words FROM {table} WHERE rowid IN (SELECT value FROM json_each(?))"
        for at, (table, _) in enumerate(wanted)
    ]
    found: list[dict[int, str]] = [{} for _ in wanted]
    values = tuple(id_list(ids) for _, ids in wanted)
    for at, text, words in connection.exec_driver_sql(" UNION ALL ".join(parts), values) if parts else ():
        found[at][text] = words
    return found


def text_owners(connection: Connection, after: int) -> tuple[Ids, Ids, int, int, str | None]:
    """Ids of segments > after that have a text, and of their assets; how many texts and names there are; and the fact
    `words`. One statement."""
    query = (
        "SELECT json_group_array(texts.id), json_group_array(segments.asset_id), "
        "(SELECT count(*) FROM segment_words_docsize), (SELECT count(*) FROM asset_words_docsize), "
        "(SELECT value FROM library WHERE key = 'words') "
        "FROM segment_words_docsize AS texts CROSS JOIN segments ON segments.id = texts.id WHERE texts.id > ?"
    )
    ids, owners, texts, names, words = connection.exec_driver_sql(query, (after,)).one()
    return ids_of(ids), ids_of(owners), texts, names, words


def vocabulary(connection: Connection, beginnings: Sequence[str]) -> list[list[str]]:
    """For each beginning the terms of both full-text tables that have it; one statement for all."""
    part = "SELECT term FROM temp.{} WHERE term >= ? AND term < ?"
    union = " UNION ".join(part.format(name) for name in VOCABULARIES)
    parts = [f"SELECT {at}, json_group_array(term) FROM ({union})" for at in range(len(beginnings))]
    values = tuple(value for each in beginnings for _ in VOCABULARIES for value in (each, each + "\U0010ffff"))
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts), values)
    return [sorted(values_of(listed)) for _, listed in sorted(tuple(row) for row in rows)]


# ---------------------------------------------------------------- expressions


def lesser(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """The lesser of two values; NULL where one is not known."""
    return func.min(one, other)


def path_text(root: ColumnElement[bytes], relative: ColumnElement[bytes]) -> ColumnElement[str]:
    """A path of two columns of bytes as one text; bytes that are not UTF-8 stay as they are."""
    return cast(root, Text) + "/" + cast(relative, Text)


def matches_glob(text: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Whether a text fits a pattern of *, ? and [...]."""
    return text.op("GLOB", return_type=None)(pattern)


def matches_path(path: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """Whether a path fits a pattern of *, ? and [...], whatever the case and the Unicode normal form of either."""
    wanted = folded_path(pattern)
    is_plain = func.length(cast(path, LargeBinary)) == func.length(path)  # letters of one byte, which lower() knows
    return or_(
        matches_glob(func.lower(path), wanted),
        and_(~is_plain, matches_glob(func.folded_path(cast(path, LargeBinary)), wanted)),
    )


def folded_path(path: str) -> str:
    """A path by which those of one name are told, however a file system writes it: case folded, composed (NFC)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _folded_bytes(path: bytes | None) -> str | None:
    return None if path is None else folded_path(path.decode(errors="replace"))


def km_between(latitude: float | None, longitude: float | None, other: float, meridian: float) -> float | None:
    """Kilometres on the sphere between two places in degrees; None where one is not known. Source: haversine formula."""
    if latitude is None or longitude is None:
        return None
    north, south = math.radians(latitude), math.radians(other)
    across = math.sin((north - south) / 2) ** 2
    along = math.cos(north) * math.cos(south) * math.sin(math.radians(longitude - meridian) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))


# ---------------------------------------------------------------- writing


def upsert(table: Table, *keys: str, keep: Sequence[str] = ()) -> Insert:
    """A row that replaces the one with equal `keys`, but for its columns in `keep`. Built once: SQLAlchemy takes
    longer to build and compile such a statement than SQLite to run it."""
    new = insert_into(table)
    changed = {c.name: new.excluded[c.name] for c in table.columns if c.name not in (*keys, *keep, "id")}
    return new.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_missing(table: Table) -> Insert:
    """A row that is left out where one with the same key is there already."""
    return insert_into(table).on_conflict_do_nothing()
