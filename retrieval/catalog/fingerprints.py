"""Perceptual fingerprints of pictures and sounds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from sqlalchemy import Connection, func, select

from retrieval.catalog import dialect
from retrieval.catalog.schema import assets, imprints, segments
from retrieval.domain.media import Medium
from retrieval.domain.records import StoredFingerprints

_STILLS = (
    select(segments.c.asset_id, func.min(imprints.c.data))
    .join_from(segments, imprints, imprints.c.segment_id == segments.c.id)
    .where(segments.c.asset_id.in_(dialect.given()), segments.c.kind == "image", segments.c.page.is_(None))
    .group_by(segments.c.asset_id)
    .having(func.count() == 1)
)


class FingerprintReader:
    """Fingerprints of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_medium(self, medium: Medium, asset: int | None = None) -> StoredFingerprints:
        """What all assets of a medium (or one) look like (images, videos) or sound like (audio), by asset, in the order
        written."""
        kinds = ("sound",) if medium == "audio" else ("image", "shot")
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

    def stills(self, asset_ids: Iterable[int]) -> dict[int, bytes]:
        """The fingerprint of each of these assets that is one picture; of pages and animations none."""
        return dict(self._connection.execute(_STILLS, {"ids": dialect.id_list(asset_ids)}).all())
