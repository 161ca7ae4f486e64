"""SQLite's ways of what dialect/__init__.py names, BM25 among them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, LargeBinary, Text, and_, cast, func, or_, text

from retrieval.catalog.dialect.expressions import (
    TextsWanted,
    folded_path,
    id_list,
    ids_of,
    km_between,
    text_list,
    values_of,
)
from retrieval.catalog.schema import paths, sources
from retrieval.domain.records import Ids

PAGE_BYTES = 16_384  # vectors of 1 KiB waste a third of SQLite's usual pages of 4 KiB
MMAP_BYTES = 8 << 30
MAPPED_AT = 8  # transactions of a connection for reading
BUSY_MS = 30_000
VOCABULARIES = {"segment_terms": "segment_words", "asset_terms": "asset_words"}  # of each connection
FULL_TEXT = tuple(
    f"CREATE VIRTUAL TABLE {name} USING fts5(words, tokenize='unicode61 remove_diacritics 2')"
    for name in ("segment_words", "asset_words")
)


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
    connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES if write else 0}")


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A connection on which all SELECTs see one state of the catalog.

    Its pages are read at first, and mapped from its MAPPED_AT-th use on. That saves a tenth of a question, but whatever
    is touched of a mapped file counts as memory, with 64 KiB around it, in a process that may ask only once.
    """
    with engine.connect() as connection:
        used = connection.info["used"] = connection.info.get("used", 0) + 1
        if used == MAPPED_AT:
            connection.exec_driver_sql(f"PRAGMA mmap_size = {MMAP_BYTES}")
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


def take_lock(_: Connection) -> str | None:
    """The lock in the library's folder is enough."""
    return None


def claim(engine: Engine, _: str) -> Engine:
    """The lock in the library's folder is never lost."""
    return engine


def stored_bytes(_: Connection) -> int:
    """All is in the folder."""
    return 0


def damage(connection: Connection) -> list[str]:
    """The first things that are wrong with the catalog's file; empty where it is sound."""
    return [line for (line,) in connection.exec_driver_sql("PRAGMA integrity_check(5)") if line != "ok"]


def broken_references(connection: Connection) -> int:
    """Number of rows that point at rows that are not there."""
    return len(connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall())


@contextmanager
def migration(connection: Connection) -> Iterator[None]:
    """A transaction that tables are changed in."""
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")  # SQLite alters by copy, which would cascade
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    else:
        connection.exec_driver_sql("COMMIT")
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def last_ids(connection: Connection) -> dict[str, int]:
    """Of tables whose ids are never given twice, as SQLite keeps them."""
    return dict(map(tuple, connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")))


def set_last_ids(connection: Connection, last: Mapping[str, int]) -> None:
    """SQLite has a row for each such table that ever had one."""
    held = last_ids(connection)
    for name, seq in last.items():
        if name in held:
            connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (seq, name))
        else:
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, seq))


# ---------------------------------------------------------------- full text


_OWNERS = {
    "segment_words": (
        "CROSS JOIN segments ON segments.id = segment_words.rowid CROSS JOIN assets ON assets.id = segments.asset_id"
    ),
    "asset_words": "CROSS JOIN assets ON assets.id = asset_words.rowid",
}


_PUT = {name: text(f"INSERT INTO {name}(rowid, words) VALUES (:id, :words)") for name in _OWNERS}
_DROP = {name: text(f"DELETE FROM {name} WHERE rowid = :id") for name in _OWNERS}


def create_full_text(connection: Connection) -> None:
    """The full-text tables of a new catalog; rowid is the id of the segment or asset."""
    for statement in FULL_TEXT:
        connection.exec_driver_sql(statement)


def put_texts(
    connection: Connection, table: str, texts: Sequence[tuple[int, str]], _: Callable[[str], list[str]]
) -> None:
    """Adds folded texts to a full-text table, which splits them by itself."""
    connection.execute(_PUT[table], [{"id": row, "words": words} for row, words in texts])


def drop_texts(connection: Connection, table: str, rows: Sequence[int]) -> None:
    """Deletes texts from a full-text table."""
    if rows:
        connection.execute(_DROP[table], [{"id": each} for each in rows])


def clear_texts(connection: Connection, table: str) -> None:
    """All of them."""
    connection.exec_driver_sql(f"DELETE FROM {table}")


def stored_texts(connection: Connection, table: str, after: int, limit: int) -> list[tuple[Any, ...]]:
    """By rowid."""
    query = f"SELECT rowid, words FROM {table} WHERE rowid > ? ORDER BY rowid LIMIT ?"
    return [tuple(row) for row in connection.exec_driver_sql(query, (after, limit))]


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
    for row in connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(values)).all() if parts else ():
        found[row[0]].append(row[1:])
    return [sorted(rows) for rows in found]


def texts(connection: Connection, wanted: Sequence[tuple[str, Iterable[int]]]) -> list[dict[int, str]]:
    """For each (full-text table, ids) the stored texts with these ids: one statement for all."""
    parts = [
        f"SELECT {at}, rowid, words FROM {table} WHERE rowid IN (SELECT value FROM json_each(?))"
        for at, (table, _) in enumerate(wanted)
    ]
    found: list[dict[int, str]] = [{} for _ in wanted]
    values = tuple(id_list(ids) for _, ids in wanted)
    for at, row, words in connection.exec_driver_sql(" UNION ALL ".join(parts), values).all() if parts else ():
        found[at][row] = words
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


# ---------------------------------------------------------------- paths


def fits_any(_: Connection, patterns: Sequence[str]) -> ColumnElement[bool]:
    """Whether the path of a row of `paths` and `sources` fits one of some patterns."""
    whole = path_text(sources.c.root, paths.c.relative)
    return or_(*(matches_path(whole, each) for each in patterns))


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


def _folded_bytes(path: bytes | None) -> str | None:
    return None if path is None else folded_path(path.decode(errors="replace"))


# ---------------------------------------------------------------- writing


def rebase_paths(connection: Connection, inner: int, outer: int, prefix: bytes) -> None:
    """Makes the paths of a source those of the source around it, `prefix` before each; those that are there already stay."""
    moved = text(
        "UPDATE OR IGNORE paths SET source_id = :outer, relative = CAST(:prefix || relative AS BLOB) "
        "WHERE source_id = :inner"
    )
    connection.execute(moved, {"outer": outer, "inner": inner, "prefix": prefix})
