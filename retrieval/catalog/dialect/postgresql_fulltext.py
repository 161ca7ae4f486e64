"""PostgreSQL's full-text tables.

Texts are split by our own analyzer, so that both databases hold the same terms. A row holds the terms of a text as a
tsvector without positions, which the index finds it by, and its tokens in order, by which phrases are told: positions of
a tsvector end at 16,383 and at 255 of one term. BM25 is computed here by FTS5's formula.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from retrieval.catalog.dialect.expressions import TextsWanted, id_list, ids_of, text_list
from retrieval.domain.records import Ids

TABLES = ("segment_words", "asset_words")
LONGEST = 500  # characters of a term: the index refuses those of more than 2,046 bytes
K1, B, LEAST_IDF = 1.2, 0.75, 1e-6  # of FTS5's bm25()

_FULL_TEXT = (
    "CREATE TABLE changes (number BIGINT NOT NULL, writer TEXT NOT NULL)",
    "INSERT INTO changes VALUES (0, '')",
    'CREATE TABLE terms (term TEXT COLLATE "C" PRIMARY KEY, texts BIGINT NOT NULL)',
    "CREATE TABLE word_counts (name TEXT PRIMARY KEY, texts BIGINT NOT NULL, tokens BIGINT NOT NULL)",
    """CREATE FUNCTION count_words() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE sign INTEGER := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
    BEGIN
        UPDATE word_counts SET texts = word_counts.texts + sign * own.texts, tokens = word_counts.tokens + sign * own.tokens
        FROM (SELECT count(*) AS texts, coalesce(sum(length), 0) AS tokens FROM changed) AS own WHERE name = TG_TABLE_NAME;
        INSERT INTO terms AS known (term, texts)
        SELECT each, sign * count(*) FROM changed, unnest(tsvector_to_array(changed.terms)) AS each
        GROUP BY each ORDER BY each
        ON CONFLICT (term) DO UPDATE SET texts = known.texts + excluded.texts;
        IF sign < 0 THEN
            DELETE FROM terms WHERE texts <= 0 AND term IN
            (SELECT unnest(tsvector_to_array(changed.terms)) FROM changed);
        END IF;
        RETURN NULL;
    END $$""",
)
_TABLE = (
    """CREATE TABLE {name} (rowid BIGINT PRIMARY KEY, words TEXT NOT NULL, tokens TEXT NOT NULL, length INTEGER NOT NULL,
    terms TSVECTOR NOT NULL)""",
    "CREATE INDEX ix_{name}_terms ON {name} USING gin (terms)",
    "INSERT INTO word_counts VALUES ('{name}', 0, 0)",
    """CREATE TRIGGER {name}_added AFTER INSERT ON {name} REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_words()""",
    """CREATE TRIGGER {name}_dropped AFTER DELETE ON {name} REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION count_words()""",
)
_PUT = {
    name: text(
        f"INSERT INTO {name} (rowid, words, tokens, length, terms) "
        "VALUES (:id, :words, :tokens, :length, array_to_tsvector(CAST(:terms AS TEXT[])))"
    )
    for name in TABLES
}
_DROP = {name: text(f"DELETE FROM {name} WHERE rowid = ANY(CAST(:ids AS BIGINT[]))") for name in TABLES}
_OWNERS = {
    "segment_words": "JOIN segments ON segments.id = own.rowid JOIN assets ON assets.id = segments.asset_id",
    "asset_words": "JOIN assets ON assets.id = own.rowid",
}
_LISTED = "(SELECT each::bigint FROM json_array_elements_text(%s::json) AS each)"
_LISTED_TEXTS = "(SELECT each FROM json_array_elements_text(%s::json) AS each)"


def create_full_text(connection: Connection) -> None:
    """The tables of texts, how many they are, and how many hold each term; rowid is the id of the segment or asset."""
    for statement in (*_FULL_TEXT, *(each.format(name=name) for name in TABLES for each in _TABLE)):
        connection.exec_driver_sql(statement)


def put_texts(
    connection: Connection, table: str, texts: Sequence[tuple[int, str]], split: Callable[[str], list[str]]
) -> None:
    """Adds folded texts with their tokens."""
    connection.execute(_PUT[table], [_row(row, words, split(words)) for row, words in texts])


def _row(row: int, words: str, tokens: list[str]) -> dict[str, Any]:
    terms = sorted({each[:LONGEST] for each in tokens})
    return {"id": row, "words": words, "tokens": _joined(tokens), "length": len(tokens), "terms": terms}


def drop_texts(connection: Connection, table: str, rows: Sequence[int]) -> None:
    """Deletes texts, by id."""
    if rows:
        connection.execute(_DROP[table], {"ids": list(rows)})


def clear_texts(connection: Connection, table: str) -> None:
    """All of them, and their counts by the trigger."""
    connection.exec_driver_sql(f"DELETE FROM {table}")


def stored_texts(connection: Connection, table: str, after: int, limit: int) -> list[tuple[Any, ...]]:
    """By rowid."""
    query = f"SELECT rowid, words FROM {table} WHERE rowid > %s ORDER BY rowid LIMIT %s"
    return [tuple(row) for row in connection.exec_driver_sql(query, (after, limit))]


def _joined(tokens: Iterable[str]) -> str:
    """Tokens between blanks, so that those of a phrase are a part of those of its text."""
    return f" {' '.join(tokens)} "


def _all_terms(tokens: Iterable[str]) -> str:
    """All terms of a phrase in the language of tsquery; they hold letters and digits only."""
    return " & ".join(f"'{each[:LONGEST]}'" for each in tokens)


def texts_with(connection: Connection, wanted: Sequence[tuple[str, Sequence[str], int]]) -> list[Ids]:
    """The index finds texts with all terms, their tokens tell whether these stand side by side."""
    if not wanted:
        return []
    parts = [
        f"SELECT {at}, coalesce(json_agg(rowid), '[]')::text FROM (SELECT rowid FROM {table} "
        "WHERE terms @@ %s::tsquery AND strpos(tokens, %s) > 0 ORDER BY rowid LIMIT %s) AS own"
        for at, (table, _, _) in enumerate(wanted)
    ]
    values = [value for _, own, limit in wanted for value in (_all_terms(own), _joined(own), limit)]
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(values))
    return [ids_of(listed) for _, listed in sorted(tuple(row) for row in rows)]


def matching_texts(
    connection: Connection, phrases: Iterable[Sequence[str]], wanted: Sequence[TextsWanted]
) -> list[list[tuple[Any, ...]]]:
    """The texts, and with them how many texts of each table hold each phrase."""
    asked = [tuple(each) for each in phrases]
    if not wanted or not asked:
        return [[] for _ in wanted]
    parts, values = [], list[str]()
    any_of = " | ".join(f"({_all_terms(each)})" for each in asked)
    for at, own in enumerate(wanted):
        kinds = "" if own.kinds is None else f" AND segments.kind IN {_LISTED_TEXTS}"
        parts.append(
            f"SELECT {at}, own.rowid, assets.id, assets.medium, own.tokens, own.length::bigint, "
            f"CASE WHEN own.rowid IN {_LISTED} THEN own.words END "
            f"FROM {own.table} AS own {_OWNERS[own.table]} WHERE own.terms @@ %s::tsquery AND own.rowid IN {_LISTED}{kinds}"
        )
        values += [id_list(own.read), any_of, id_list(own.ids)]
        values += [] if own.kinds is None else [text_list(own.kinds)]
        counted, counts = _counts(own.table, -1 - at, asked)
        parts += counted
        values += counts
    rows = connection.exec_driver_sql(" UNION ALL ".join(parts), tuple(values)).all()
    weights = [_weights([row for row in rows if row[0] == -1 - at], len(asked)) for at in range(len(wanted))]
    patterns = [re.compile(f"(?={re.escape(_joined(each))})") for each in asked]
    found: list[list[tuple[Any, ...]]] = [[] for _ in wanted]
    for at, row, asset, medium, tokens, length, words in rows:
        if at >= 0 and any(held := [len(each.findall(tokens)) for each in patterns]):
            found[at].append((row, asset, medium, _bm25(held, length, *weights[at]), words))
    return [sorted(each) for each in found]


def _counts(table: str, label: int, phrases: Sequence[Sequence[str]]) -> tuple[list[str], list[str]]:
    """Statements, of as many columns as those of the texts, and their values: the table's texts and tokens, then for each
    phrase the texts that hold it."""
    every = f"SELECT {label}, -1, texts, '', '', tokens, NULL FROM word_counts WHERE name = '{table}'"
    each = "SELECT {}, {}, count(*), '', '', 0, NULL FROM {} WHERE terms @@ %s::tsquery AND strpos(tokens, %s) > 0"
    parts = [every, *(each.format(label, at, table) for at in range(len(phrases)))]
    return parts, [value for phrase in phrases for value in (_all_terms(phrase), _joined(phrase))]


def _weights(rows: Sequence[Any], phrases: int) -> tuple[list[float], float]:
    """The inverse document frequency of each phrase, and the mean number of tokens of a text, by rows of `_counts`."""
    every = {row[1]: row for row in rows}
    texts, tokens = every[-1][2], every[-1][5]
    return [_idf(texts, every[at][2]) for at in range(phrases)], tokens / texts if texts else 0.0


def _idf(texts: int, holding: int) -> float:
    found = math.log((texts - holding + 0.5) / (holding + 0.5))
    return found if found > 0 else LEAST_IDF


def _bm25(counts: Sequence[int], length: int, idf: Sequence[float], mean: float) -> float:
    """FTS5's formula, in the order of its operations, so that equal texts score equally to the last digit."""
    score = 0.0
    for count, own in zip(counts, idf, strict=True):
        score += own * ((count * (K1 + 1.0)) / (count + K1 * (1 - B + B * length / mean)))
    return score


def texts(connection: Connection, wanted: Sequence[tuple[str, Iterable[int]]]) -> list[dict[int, str]]:
    """As they were stored."""
    parts = [f"SELECT {at}, rowid, words FROM {table} WHERE rowid IN {_LISTED}" for at, (table, _) in enumerate(wanted)]
    found: list[dict[int, str]] = [{} for _ in wanted]
    values = tuple(id_list(ids) for _, ids in wanted)
    for at, row, words in connection.exec_driver_sql(" UNION ALL ".join(parts), values) if parts else ():
        found[at][row] = words
    return found


def text_owners(connection: Connection, after: int) -> tuple[Ids, Ids, int, int, str | None]:
    """Both lists are of one order."""
    query = (
        "SELECT coalesce(array_agg(texts.rowid ORDER BY texts.rowid), '{}'), "
        "coalesce(array_agg(segments.asset_id ORDER BY texts.rowid), '{}'), "
        "(SELECT texts FROM word_counts WHERE name = 'segment_words'), "
        "(SELECT texts FROM word_counts WHERE name = 'asset_words'), "
        "(SELECT value FROM library WHERE key = 'words') "
        "FROM segment_words AS texts JOIN segments ON segments.id = texts.rowid WHERE texts.rowid > %s"
    )
    ids, owners, held, names, words = connection.exec_driver_sql(query, (after,)).one()
    return np.array(ids, np.int64), np.array(owners, np.int64), held, names, words


def vocabulary(connection: Connection, beginnings: Sequence[str]) -> list[list[str]]:
    """By the table of terms."""
    if not beginnings:
        return []
    part = "SELECT {}, coalesce(json_agg(term), '[]')::text FROM terms WHERE term >= %s AND term < %s"
    values = tuple(value for each in beginnings for value in (each, each + "\U0010ffff"))
    rows = connection.exec_driver_sql(" UNION ALL ".join(part.format(at) for at in range(len(beginnings))), values)
    return [sorted(json.loads(listed)) for _, listed in sorted(tuple(row) for row in rows)]
