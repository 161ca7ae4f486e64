"""The full-text indexes, asked by tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import Connection

from retrieval.catalog import dialect
from retrieval.domain.records import Ids, WordTable


class FullTextReader:
    """Full-text indexes of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def totals(self) -> dict[WordTable, int]:
        """Number of texts in each full-text table."""
        tables: tuple[WordTable, ...] = ("segment_words", "asset_words")
        return {name: dialect.count_texts(self._connection, name) for name in tables}

    def postings(self, wanted: Sequence[tuple[WordTable, Sequence[str], int]]) -> list[Ids]:
        """For each (table, tokens, limit) the ids (n,), n <= limit, of texts that hold the tokens in order, ascending."""
        return [np.array(ids, np.int64) for ids in dialect.texts_with(self._connection, wanted)]

    def bm25(self, table: WordTable, phrases: Iterable[Sequence[str]], ids: Iterable[int]) -> dict[int, float]:
        """BM25 of these texts for any of the phrases (tokens each), greater is better; those that hold none are left out."""
        return dialect.bm25(self._connection, table, phrases, ids)

    def texts(self, table: WordTable, ids: Iterable[int]) -> dict[int, str]:
        """The folded texts with these ids."""
        return dialect.texts(self._connection, table, ids)
