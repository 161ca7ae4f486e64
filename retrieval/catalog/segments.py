"""Segments of assets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from retrieval.catalog import dialect
from retrieval.catalog.rows import as_one_row, read_rows
from retrieval.catalog.schema import assets, segments
from retrieval.domain.media import Box, Kind, Segment, Span
from retrieval.domain.records import StoredSegment, Timed

_SEGMENT = select(segments)
_OWNERS = (
    as_one_row(segments.c.id, segments.c.asset_id, assets.c.medium)
    .join_from(segments, assets, assets.c.id == segments.c.asset_id)
    .where(segments.c.id.in_(dialect.given()))
)
_SEGMENTS_BY_ID = _SEGMENT.where(segments.c.id.in_(dialect.given()))
_BY_KEY = _SEGMENT.where(segments.c.key.in_(dialect.given("keys")))
_TIMED = (
    select(segments.c.kind, segments.c.id, segments.c.asset_id, segments.c.start_ms, segments.c.end_ms)
    .where(segments.c.asset_id.in_(dialect.given()), segments.c.start_ms.is_not(None))
    .order_by(segments.c.asset_id, segments.c.start_ms, segments.c.id)
)


class SegmentReader:
    """Segments of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_id(self, ids: Iterable[int]) -> dict[int, StoredSegment]:
        """The segments with these ids that there are."""
        return {
            row.id: _segment(row) for row in self._connection.execute(_SEGMENTS_BY_ID, {"ids": dialect.id_list(ids)})
        }

    def of_asset(self, asset: int) -> list[StoredSegment]:
        """All segments of an asset, in the order they were read."""
        query = _SEGMENT.where(segments.c.asset_id == asset)
        found = [_segment(row) for row in self._connection.execute(query)]
        return sorted(
            found, key=lambda each: (each.segment.span or Span(0, 0), each.segment.chars or Span(0, 0), each.id)
        )

    def first(self, asset_ids: Iterable[int]) -> dict[int, StoredSegment]:
        """The first segment of each of these assets, for those that have any."""
        first = (
            select(func.min(segments.c.id))
            .where(segments.c.asset_id.in_(dialect.given()))
            .group_by(segments.c.asset_id)
        )
        rows = self._connection.execute(_SEGMENT.where(segments.c.id.in_(first)), {"ids": dialect.id_list(asset_ids)})
        return {row.asset_id: _segment(row) for row in rows}

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
        for kind, *row in self._connection.execute(_TIMED, {"ids": dialect.id_list(asset_ids)}):
            rows.setdefault(kind, []).append(tuple(row))
        tables = {kind: np.array(found, np.int64) for kind, found in rows.items()}
        return {kind: Timed(table[:, 0], table[:, 1], table[:, 2:]) for kind, table in tables.items()}

    def owners(self, segment_ids: Iterable[int], kinds: Sequence[Kind] | None = None) -> NDArray[Any]:
        """Rows (n,) of dtype ROW, with vector 0, for those of these segments that there are, of some kinds only; by id."""
        query = _OWNERS if kinds is None else _OWNERS.where(segments.c.kind.in_(kinds))
        return read_rows(self._connection, query, segment_ids)


def _segment(row: Any) -> StoredSegment:
    span = None if row.start_ms is None else Span(row.start_ms, row.end_ms)
    chars = None if row.start_char is None else Span(row.start_char, row.end_char)
    found = Segment(
        kind=row.kind, span=span, chars=chars, page=row.page, text=row.text, lang=row.lang, box=_box(row.box)
    )
    return StoredSegment(row.id, row.asset_id, row.key, found)


def _box(stored: str | None) -> Box | None:
    return Box(*map(int, stored.split(","))) if stored else None
