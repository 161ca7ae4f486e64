"""The full-text indexes, asked by tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import Connection

from retrieval.catalog import dialect
from retrieval.catalog.layout import WORDS
from retrieval.domain.media import MEDIA, Kind
from retrieval.domain.records import ROW, Ids, TextMatches, TextOwners, WordTable

_NOTHING: Mapping[WordTable, Ids] = MappingProxyType({})


class FullTextReader:
    """Full-text indexes of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def owners(self, after: int = 0) -> TextOwners:
        """The assets of all segments with a text and an id greater than `after`."""
        segments, assets, texts, names, words = dialect.text_owners(self._connection, after)
        return TextOwners(segments, assets, texts, names, words != WORDS)

    def vocabulary(self, beginnings: Sequence[str]) -> list[list[str]]:
        """For each beginning the words of the full-text tables that have it, in order."""
        return dialect.vocabulary(self._connection, beginnings)

    def postings(self, wanted: Sequence[tuple[WordTable, Sequence[str], int]]) -> list[Ids]:
        """For each (table, tokens, limit) the ids (n,), n <= limit, of texts that hold the tokens in order, ascending."""
        return dialect.texts_with(self._connection, wanted)

    def matches(
        self,
        phrases: Sequence[Sequence[str]],
        ids: Mapping[WordTable, Ids],
        kinds: Sequence[Kind] | None = None,
        read: Mapping[WordTable, Ids] = _NOTHING,
    ) -> dict[WordTable, TextMatches]:
        """Of the texts with these ids in each table those that hold any of the phrases (tokens each), with their owners.

        kinds: segments' texts of these kinds alone. read: ids of texts that are wanted themselves.
        """
        wanted = [
            dialect.TextsWanted(table, own, kinds if table == "segment_words" else None, read.get(table, ()))
            for table, own in ids.items()
        ]
        found = dialect.matching_texts(self._connection, phrases, wanted)
        return {table: _matches(table, rows) for table, rows in zip(ids, found, strict=True)}

    def texts(self, ids: Mapping[WordTable, Ids]) -> dict[WordTable, dict[int, str]]:
        """The folded texts with these ids in each table."""
        return dict(zip(ids, dialect.texts(self._connection, list(ids.items())), strict=True))


def _matches(table: WordTable, rows: Sequence[tuple[Any, ...]]) -> TextMatches:
    found = np.zeros(len(rows), ROW)
    found["segment"] = [row[0] if table == "segment_words" else 0 for row in rows]
    found["asset"] = [row[1] for row in rows]
    found["medium"] = [MEDIA.index(row[2]) for row in rows]
    texts = {row[0]: row[4] for row in rows if row[4] is not None}
    return TextMatches(found, np.array([row[3] for row in rows], np.float64), texts)
