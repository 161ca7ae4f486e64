"""Perceptual fingerprints of pictures and sounds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from sqlalchemy import CompoundSelect, Connection, Select, func, null, select

from retrieval.catalog import dialect
from retrieval.catalog.schema import assets, imprints, segments
from retrieval.domain.media import Medium
from retrieval.domain.records import Looks, StoredFingerprints

_PAIRS = select(assets.c.id, null(), assets.c.pair, assets.c.medium).where(
    assets.c.id.in_(dialect.given()), assets.c.pair.is_not(None)
)
_LOOKS = (
    select(segments.c.asset_id, dialect.only(imprints.c.data), null(), null())
    .join_from(segments, imprints, imprints.c.segment_id == segments.c.id)
    .where(segments.c.asset_id.in_(dialect.given()), segments.c.kind == "image", segments.c.page.is_(None))
    .group_by(segments.c.asset_id)
    .having(func.count() == 1)
    .union_all(_PAIRS)
)


class FingerprintReader:
    """Fingerprints of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_medium(self, medium: Medium, asset: int | None = None) -> StoredFingerprints:
        """What all assets of a medium (or one) look like (images, videos) or sound like (audio), by asset, in the order
        written."""
        # Not the shot of a picture, which is the film inside a motion photo.
        kinds = {"audio": ("sound",), "image": ("image",)}.get(medium, ("image", "shot"))
        query = (
            select(segments.c.asset_id, imprints.c.at_ms, imprints.c.data)
            .join_from(imprints, segments, segments.c.id == imprints.c.segment_id)
            .join(assets, assets.c.id == segments.c.asset_id)
            .where(assets.c.medium == medium, segments.c.kind.in_(kinds), func.length(imprints.c.data) > 0)
            .order_by(segments.c.asset_id, imprints.c.id)
        )
        rows = list(self._connection.execute(query if asset is None else query.where(assets.c.id == asset)))
        return StoredFingerprints(
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] or 0 for row in rows], np.int64),
            [row[2] for row in rows],
        )

    def looks(self, asset_ids: Iterable[int]) -> Looks:
        """What tells that some of these assets are one picture, or the two halves of a Live Photo. One statement."""
        return self._looks(_LOOKS, asset_ids)

    def halves(self, asset_ids: Iterable[int]) -> Looks:
        """The same without pictures."""
        return self._looks(_PAIRS, asset_ids)

    def _looks(self, query: Select[Any] | CompoundSelect[Any], asset_ids: Iterable[int]) -> Looks:
        rows = self._connection.execute(query, {"ids": dialect.id_list(asset_ids)}).all()
        return Looks(
            {asset: data for asset, data, _, _ in rows if data is not None},
            {asset: (pair, medium) for asset, _, pair, medium in rows if pair is not None},
        )
