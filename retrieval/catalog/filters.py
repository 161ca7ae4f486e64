"""Assets that fulfil filters."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, false, or_, select

from retrieval.catalog import dialect, ranges
from retrieval.catalog.schema import assets, paths, segments, sources, spaces, vectors
from retrieval.domain.place import SCHEME
from retrieval.domain.query import Filters
from retrieval.domain.records import Columns, Ids
from retrieval.domain.text import plain_name, valid_text


class FilterReader:
    """Filters over one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def assets(self, filters: Filters, columns: Columns | None = None) -> Ids | None:
        """Ascending ids of the assets that fulfil the filters but for their media.

        None where the media are all that is asked, as every row of a generation knows its medium. columns: of this state,
        kept for later questions.
        """
        if columns is not None:
            fitting = ranges.within(self._connection, ranges.ranges_of(filters), columns)
            if fitting is not None:
                return fitting
        conditions = _conditions(self._connection, filters, with_media=False)
        if not conditions:
            return None
        listed = self._connection.execute(select(dialect.collected(assets.c.id)).where(*conditions)).scalar_one()
        return np.sort(dialect.ids_of(listed))

    def any(self, filters: Filters) -> bool:
        """Whether an asset that was seen fulfils the filters."""
        seen = exists().where(paths.c.asset_id == assets.c.id)  # one by one: the first will do
        query = select(assets.c.id).where(*_conditions(self._connection, filters), seen)
        return self._connection.execute(query.limit(1)).first() is not None

    def by_date(self, filters: Filters) -> list[int]:
        """Ids of the assets that fulfil the filters, newest first; those without a date last."""
        query = select(assets.c.id).where(*_conditions(self._connection, filters), assets.c.id.in_(_seen_assets()))
        return list(self._connection.execute(query.order_by(assets.c.date.desc().nulls_last(), assets.c.id)).scalars())


def _seen_assets() -> Select[Any]:
    return select(paths.c.asset_id).where(paths.c.asset_id.is_not(None))


def _with_newer(commit: int) -> Select[Any]:
    """Assets with vectors of a greater commit number; by space, as the index on the numbers is."""
    later = vectors.c.space_id.in_(select(spaces.c.id).where(spaces.c.live)) & (vectors.c.commit_number > commit)
    return select(segments.c.asset_id).join_from(vectors, segments, segments.c.id == vectors.c.segment_id).where(later)


def _conditions(connection: Connection, filters: Filters, *, with_media: bool = True) -> list[ColumnElement[bool]]:
    """What the assets table must fulfil."""
    found: list[ColumnElement[bool]] = []
    if filters.media and with_media:
        found.append(assets.c.medium.in_(sorted(filters.media)))
    if filters.after:
        found.append(assets.c.date >= filters.after)
    if filters.before:
        found.append(assets.c.date < filters.before)
    if filters.min_duration_ms is not None:
        found.append(assets.c.duration_ms >= filters.min_duration_ms)
    if filters.max_duration_ms is not None:
        found.append(assets.c.duration_ms <= filters.max_duration_ms)
    if filters.camera:
        found.append(dialect.holds_text(assets.c.camera, valid_text(filters.camera)))
    if filters.min_bytes is not None:
        found.append(assets.c.bytes >= filters.min_bytes)
    if filters.max_bytes is not None:
        found.append(assets.c.bytes <= filters.max_bytes)
    if filters.newer_than is not None:
        found.append(assets.c.id.in_(_with_newer(filters.newer_than)))
    if filters.near:
        found += _lies_near(*filters.near)
    if filters.place:
        found.append(_was_taken_at(filters.place))
    if filters.lang:
        found.append(_speaks(filters.lang))
    if filters.path:
        found.append(_lies_at(connection, filters.path))
    return found


def _lies_near(latitude: float, longitude: float, radius: float) -> list[ColumnElement[bool]]:
    """Whether a place lies within radius km; a band of latitudes first, because it costs less than the distance."""
    band = math.degrees(radius / dialect.EARTH_KM)
    away = dialect.kilometres(assets.c.latitude, assets.c.longitude, latitude, longitude)
    return [assets.c.latitude.between(latitude - band, latitude + band), away <= radius]


def _was_taken_at(name: str) -> ColumnElement[bool]:
    """Whether one of an asset's places has this name, or has it as words of its own: York, New York."""
    words = plain_name(name)
    return assets.c.places.contains(f" {words} ", autoescape=True) if words else false()


def _speaks(lang: str) -> ColumnElement[bool]:
    tag = valid_text(lang).split("-", maxsplit=1)[0].lower()
    said = exists().where(segments.c.asset_id == assets.c.id, segments.c.lang == tag)
    return or_(assets.c.lang == tag, said)


def _lies_at(connection: Connection, glob: str) -> ColumnElement[bool]:
    """Whether one of an asset's paths fits a glob."""
    seen = (
        select(paths.c.asset_id)
        .join(sources, sources.c.id == paths.c.source_id)
        .where(fits(connection, glob), paths.c.asset_id.is_not(None))
    )
    return assets.c.id.in_(seen)


def fits(connection: Connection, glob: str) -> ColumnElement[bool]:
    """Whether a path fits a glob, in any case and normal form; a bare name or folder means all below it. Bytes that are not
    UTF-8 fit anything."""
    glob = valid_text(glob).replace("\ufffd", "*")
    pattern = glob.replace("**", "*").replace("[!", "[^")
    pattern = os.path.expanduser(pattern).replace(f"{SCHEME}//", f"{SCHEME}/", 1)
    if not pattern.startswith(("/", "*", f"{SCHEME}/")):
        pattern = "*/" + pattern
    patterns = [pattern] if set(glob) & set("*?[") else [pattern.rstrip("/"), pattern.rstrip("/") + "/*"]
    return dialect.fits_any(connection, patterns)
