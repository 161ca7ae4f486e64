"""Spaces and their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, select

from retrieval.catalog import dialect
from retrieval.catalog.schema import assets, commits, deleted_vectors, generations, segments, spaces, vectors
from retrieval.domain.media import MEDIA, Kind, Space
from retrieval.domain.records import ROW, Ids, LiveSpace, StoredVectors, Table

_VECTOR = select(vectors.c.id, vectors.c.segment_id, vectors.c.at_ms, vectors.c.data)
_BY_ID = _VECTOR.where(vectors.c.id.in_(dialect.given())).order_by(vectors.c.id)
# Not by the index of the space, which holds all its vectors: a segment has few.
_BY_SEGMENT = _VECTOR.add_columns(vectors.c.space_id).where(
    vectors.c.segment_id.in_(dialect.given()), dialect.unindexed(vectors.c.space_id).in_(dialect.given("spaces"))
)

_CAME = (
    select(segments.c.key)
    .distinct()
    .join_from(segments, vectors, vectors.c.segment_id == segments.c.id)
    .where(
        segments.c.key.in_(dialect.given_texts("keys")),
        vectors.c.commit_number > bindparam("after"),
        vectors.c.commit_number <= bindparam("last"),
    )
)


class VectorReader:
    """Spaces and vectors of one state of the catalog."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def live_spaces(self) -> list[LiveSpace]:
        """Every space that answers, oldest first."""
        joined = spaces.outerjoin(generations, generations.c.id == spaces.c.generation_id)
        columns = (spaces, generations.c.folder, generations.c.last_commit, generations.c.rows)
        query = select(*columns).select_from(joined).where(spaces.c.live).order_by(spaces.c.id)
        return [
            LiveSpace(
                row.id,
                Space(row.name, row.encoder, row.revision, row.dimension),
                row.folder,
                row.last_commit or 0,
                row.rows or 0,
            )
            for row in self._connection.execute(query)
        ]

    def between(self, space: int, dimension: int, after: int, last: int | None) -> dict[Kind, Table]:
        """Vectors of a space with after < commit number <= last (None: no end), by kind of segment; in the order of
        commit numbers, then of ids."""
        query = (
            select(vectors.c.id, segments.c.id, assets.c.id, segments.c.kind, assets.c.medium, vectors.c.data)
            .join_from(vectors, segments, segments.c.id == vectors.c.segment_id)
            .join(assets, assets.c.id == segments.c.asset_id)
            .where(vectors.c.space_id == space, vectors.c.commit_number > after)
            .order_by(vectors.c.commit_number, vectors.c.id)
        )
        if last is not None:
            query = query.where(vectors.c.commit_number <= last)
        found: dict[Kind, tuple[list[tuple[int, int, int, int]], bytearray]] = {}
        for vector, segment, asset, kind, medium, data in self._connection.execute(query):
            if len(data) != 2 * dimension:
                continue  # damaged: `doctor` names it
            rows, raw = found.setdefault(kind, ([], bytearray()))
            rows.append((vector, segment, asset, MEDIA.index(medium)))
            raw += data
        return {
            kind: (np.array(rows, ROW), np.frombuffer(raw, "<f2").reshape(-1, dimension))
            for kind, (rows, raw) in found.items()
        }

    def last_commit(self) -> int:
        """The greatest commit number; all vectors that will come have a greater one. 0 where there were none yet."""
        return int(self._connection.execute(select(commits.c.last)).scalar_one())

    def came(self, keys: Iterable[str], after: int, last: int) -> set[str]:
        """Those of these segments, by their public ids, that have a vector with after < commit number <= last."""
        named = dialect.text_list(key for key in keys if key.isascii())
        return set(self._connection.execute(_CAME, {"keys": named, "after": after, "last": last}).scalars())

    def masked(self, space: int) -> Ids:
        """Ids of published vectors of a space that must not be found any more, ascending."""
        query = select(deleted_vectors.c.id).where(deleted_vectors.c.space_id == space).order_by(deleted_vectors.c.id)
        return np.fromiter(self._connection.execute(query).scalars(), np.int64)

    def by_id(self, ids: Iterable[int], dimensions: Iterable[int]) -> dict[int, StoredVectors]:
        """The vectors with these ids that there are, by their dimension, then by ascending id."""
        rows = self._connection.execute(_BY_ID, {"ids": dialect.id_list(ids)}).all()
        return {dimension: _stored(rows, dimension) for dimension in dimensions}

    def of_segments(self, spaces: Mapping[int, int], ids: Iterable[int]) -> dict[int, StoredVectors]:
        """All vectors that these segments have in each space, given with its dimension, by ascending id."""
        given = {"ids": dialect.id_list(ids), "spaces": dialect.id_list(spaces)}
        rows: dict[int, list[Any]] = {space: [] for space in spaces}
        for row in self._connection.execute(_BY_SEGMENT, given).all():
            rows[row[4]].append(row)
        return {space: _stored(rows[space], dimension) for space, dimension in spaces.items()}


def _stored(rows: Sequence[Any], dimension: int) -> StoredVectors:
    """Rows of a dimension; damaged ones are left out, `doctor` names them."""
    rows = [row for row in rows if len(row[3]) == 2 * dimension]
    rows.sort(key=itemgetter(0))  # ids are unique; rows would compare slowly
    return StoredVectors(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([-1 if row[2] is None else row[2] for row in rows], np.int64),
        np.frombuffer(b"".join(row[3] for row in rows), "<f2").reshape(-1, dimension),
    )
