"""Ranges of dates, lengths and sizes of assets, looked up in columns that are kept in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from retrieval.catalog import dialect
from retrieval.catalog.schema import assets
from retrieval.domain.query import Filters
from retrieval.domain.records import Column, Columns, Ids


@dataclass(frozen=True, slots=True)
class Range:
    """Values from `least` on up to `most`, which is one of them if `included`; None: no such bound."""

    least: str | int | None
    most: str | int | None
    included: bool = True

    def of(self, column: Column) -> Ids:
        """The assets whose value lies in it, by value."""
        first = 0 if self.least is None else _place(column.values, self.least, after=False)
        last = len(column.values) if self.most is None else _place(column.values, self.most, after=self.included)
        return column.ids[first:last]


def ranges_of(filters: Filters) -> Mapping[str, Range]:
    """The range of each column that filters ask for; none where they ask for anything else. Media and tags do not count."""
    unbounded: Mapping[str, Any] = dict.fromkeys(("min_duration_ms", "max_duration_ms", "min_bytes", "max_bytes"))
    if replace(filters, media=frozenset(), tag=None, after=None, before=None, **unbounded):
        return {}
    ranges = {
        "date": Range(filters.after or None, filters.before or None, included=False),
        "duration_ms": Range(filters.min_duration_ms, filters.max_duration_ms),
        "bytes": Range(filters.min_bytes, filters.max_bytes),
    }
    return {name: own for name, own in ranges.items() if own.least is not None or own.most is not None}


def within(connection: Connection, ranges: Mapping[str, Range], columns: Columns) -> Ids | None:
    """Ascending ids of the assets that lie in every range; None while a column is not kept.

    A column is read whole when it is asked for the second time: that takes several times as long as one question.
    """
    for name in ranges:
        if name in columns.asked and name not in columns.held:
            columns.held[name] = _read(connection, name)
    columns.asked.update(ranges)
    if not ranges or not all(name in columns.held for name in ranges):
        return None
    return _common([own.of(columns.held[name]) for name, own in ranges.items()])


def _common(lists: Sequence[Ids]) -> Ids:
    """Ids that are in each of the lists, ascending; a list holds none twice."""
    counts = np.zeros(max(int(ids.max(initial=0)) for ids in lists) + 1, np.uint8)
    for ids in lists:
        counts[ids] += 1
    return np.flatnonzero(counts == len(lists))


def _read(connection: Connection, name: str) -> Column:
    column = assets.c[name]
    there = select(assets.c.id, column.label("value")).where(column.is_not(None)).order_by(column).subquery()
    listed = select(dialect.collected(there.c.id), dialect.collected(there.c.value))
    ids, values = connection.execute(listed).one()
    if name != "date":
        return _ordered(dialect.ids_of(values), dialect.ids_of(ids))
    return _ordered(np.array([date.encode() for date in dialect.values_of(values)], np.bytes_), dialect.ids_of(ids))


def _ordered(values: NDArray[Any], ids: Ids) -> Column:
    """By value: no database promises to collect rows in the order of a subquery."""
    if np.any(values[1:] < values[:-1]):
        order = np.argsort(values, kind="stable")
        values, ids = values[order], ids[order]
    return Column(values, ids)


def _place(values: NDArray[Any], bound: str | int, *, after: bool) -> int:
    """Where a bound stands among ascending values (n,), before or after its equals."""
    if isinstance(bound, str):
        text, width = bound.encode(), values.dtype.itemsize
        after = after or len(text) > width  # what it begins with is less
        return int(np.searchsorted(values, np.bytes_(text[:width]), "right" if after else "left"))
    return int(np.searchsorted(values, bound, "right" if after else "left"))
