"""Counts of assets by what can be filtered: dates, folders, media, cameras, languages and places."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from retrieval.catalog import dialect
from retrieval.catalog.rows import path_of
from retrieval.catalog.schema import assets, paths, segments, sources
from retrieval.domain.media import Kind
from retrieval.domain.place import place_text
from retrieval.domain.records import Facets

DEGREES = 1  # digits behind the point that tell places apart: about 11 km


class FacetReader:
    """Counts over one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self, ids: Iterable[int] | None = None) -> Facets:
        """Assets that were seen, of all or of these ids, by each facet but tags; the most frequent values first."""
        chosen = {} if ids is None else {"ids": dialect.id_list(ids)}
        seen = [assets.c.id.in_(select(paths.c.asset_id).where(paths.c.asset_id.is_not(None)))]
        seen += [] if ids is None else [assets.c.id.in_(dialect.given())]
        here = [dialect.rounded(each, DEGREES) for each in (assets.c.latitude, assets.c.longitude)]
        known = assets.c.latitude.is_not(None) & assets.c.longitude.is_not(None)
        places = select(*here, func.count()).where(*seen, known).group_by(*here).order_by(func.count().desc(), *here)
        return Facets(
            total=int(self._connection.scalar(select(func.count()).select_from(assets).where(*seen), chosen) or 0),
            media=self._counted(assets.c.medium, seen, chosen),
            months=dict(sorted(self._counted(func.substr(assets.c.date, 1, 7), seen, chosen).items())),
            cameras=self._counted(assets.c.camera, seen, chosen),
            languages=self._languages(seen, chosen),
            folders=self._folders(seen, chosen),
            places=tuple((row[0], row[1], int(row[2])) for row in self._connection.execute(places, chosen)),
        )

    def segments_of(self, kinds: Iterable[Kind], ids: Iterable[int] | None = None) -> dict[int, tuple[Kind, int]]:
        """Segments of these kinds, of all assets or of those with these ids: kind and asset by the segment's id."""
        query = select(segments.c.id, segments.c.kind, segments.c.asset_id).where(segments.c.kind.in_(list(kinds)))
        chosen = {} if ids is None else {"ids": dialect.id_list(ids)}
        query = query if ids is None else query.where(segments.c.asset_id.in_(dialect.given()))
        return {row.id: (row.kind, row.asset_id) for row in self._connection.execute(query, chosen)}

    def _counted(
        self, value: ColumnElement[Any], seen: Sequence[ColumnElement[bool]], chosen: dict[str, str]
    ) -> dict[str, int]:
        query = select(value, func.count()).where(*seen, value.is_not(None), value != "").group_by(value)
        rows = self._connection.execute(query.order_by(func.count().desc(), value), chosen)
        return {row[0]: row[1] for row in rows}

    def _languages(self, seen: Sequence[ColumnElement[bool]], chosen: dict[str, str]) -> dict[str, int]:
        """Assets by what is said or written in them; one with two languages counts for both."""
        said = select(segments.c.lang.label("lang"), segments.c.asset_id.label("asset")).where(segments.c.lang != "")
        whole = select(assets.c.lang.label("lang"), assets.c.id.label("asset")).where(assets.c.lang != "")
        both = said.union(whole).subquery()
        query = select(both.c.lang, func.count()).join(assets, assets.c.id == both.c.asset).where(*seen)
        rows = self._connection.execute(query.group_by(both.c.lang).order_by(func.count().desc(), both.c.lang), chosen)
        return {row[0]: row[1] for row in rows}

    def _folders(self, seen: Sequence[ColumnElement[bool]], chosen: dict[str, str]) -> dict[str, int]:
        """Files by the folder that they lie in, by path."""
        query = select(sources.c.root, paths.c.relative).join_from(paths, sources, sources.c.id == paths.c.source_id)
        query = query.join(assets, assets.c.id == paths.c.asset_id).where(*seen)
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for root, relative in self._connection.execute(query, chosen):
            counts[root, os.path.dirname(relative)] += 1
        folders = {path_of(*place): count for place, count in counts.items()}
        return {place_text(each): folders[each] for each in sorted(folders)}
