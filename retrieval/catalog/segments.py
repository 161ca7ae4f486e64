"""Segments of assets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, select, union_all

from retrieval.catalog import dialect
from retrieval.catalog.schema import segments
from retrieval.domain.media import Box, Kind, Segment, Span
from retrieval.domain.records import StoredSegment, Timed

_SEGMENT = select(segments)
_FIRST = select(func.min(segments.c.id)).where(segments.c.asset_id.in_(dialect.given("assets")))
_FIRST = _FIRST.group_by(segments.c.asset_id)
_BY_ID = _SEGMENT.where(segments.c.id.in_(dialect.given()))
_BY_ID_OR_FIRST = _SEGMENT.where(segments.c.id.in_(union_all(dialect.given(), _FIRST)))
_BY_KEY = _SEGMENT.where(segments.c.key.in_(dialect.given_texts("keys")))
_TIMED = (
    select(segments.c.kind, segments.c.id, segments.c.asset_id, segments.c.start_ms, segments.c.end_ms)
    .where(segments.c.asset_id.in_(dialect.given()), segments.c.start_ms.is_not(None))
    .order_by(segments.c.asset_id, segments.c.start_ms, segments.c.id)
)


class SegmentReader:
    """Segments of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, ids: Iterable[int], first_of: Iterable[int] = ()) -> dict[int, StoredSegment]:
        """The segments with these ids that there are, and the first segment of each of some assets."""
        given, wanted = {"ids": dialect.id_list(ids)}, list(first_of)
        if wanted:
            rows = self._connection.execute(_BY_ID_OR_FIRST, {**given, "assets": dialect.id_list(wanted)}).all()
        else:
            rows = self._connection.execute(_BY_ID, given).all()
        return {row[0]: _segment(row) for row in rows}

    def of_asset(self, asset: int) -> list[StoredSegment]:
        """All segments of an asset, in the order they were read."""
        query = _SEGMENT.where(segments.c.asset_id == asset)
        found = [_segment(row) for row in self._connection.execute(query)]
        return sorted(
            found, key=lambda each: (each.segment.span or Span(0, 0), each.segment.chars or Span(0, 0), each.id)
        )

    def first(self, asset_ids: Iterable[int]) -> dict[int, StoredSegment]:
        """The first segment of each of these assets, for those that have any."""
        return {each.asset_id: each for each in self.by_id([], asset_ids).values()}

    def with_key(self, key: str) -> StoredSegment | None:
        """The segment with that public id."""
        if not key.isascii():  # a path, of which the bytes may not even be UTF-8
            return None
        row = self._connection.execute(_SEGMENT.where(segments.c.key == key)).first()
        return _segment(row) if row else None

    def with_keys(self, keys: Iterable[str]) -> dict[str, StoredSegment]:
        """The segments with these public ids that there are, by id."""
        named = dialect.text_list(key for key in keys if key.isascii())
        return {row.key: _segment(row) for row in self._connection.execute(_BY_KEY, {"keys": named})}

    def timed(self, asset_ids: Iterable[int]) -> dict[Kind, Timed]:
        """All shots, sounds and sentences of these assets, by kind."""
        rows: dict[Kind, list[tuple[int, ...]]] = {}
        for row in self._connection.execute(_TIMED, {"ids": dialect.id_list(asset_ids)}).all():
            rows.setdefault(row[0], []).append(row[1:])
        tables = {kind: np.array(found, np.int64) for kind, found in rows.items()}
        return {kind: Timed(table[:, 0], table[:, 1], table[:, 2:]) for kind, table in tables.items()}


def _segment(row: Any) -> StoredSegment:
    """The segment of a row of the whole table; by place, for names cost several times as much."""
    own, asset, _, key, kind, start_ms, end_ms, start_char, end_char, page, text, lang, box = row
    span = None if start_ms is None else Span(start_ms, end_ms)
    chars = None if start_char is None else Span(start_char, end_char)
    return StoredSegment(own, asset, key, Segment(kind, span, chars, page, text, lang, _box(box)))


def _box(stored: str | None) -> Box | None:
    return Box(*map(int, stored.split(","))) if stored else None
