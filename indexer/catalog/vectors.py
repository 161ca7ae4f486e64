"""Writing spaces, their vectors and fingerprints; the pointer to the published generation."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Insert, bindparam, delete, insert, select, update

from indexer.catalog.segment_ids import segment_keys
from retrieval.catalog.schema import (
    commits,
    deleted_vectors,
    generations,
    imprints,
    segments,
    spaces,
    vectors,
)
from retrieval.domain.media import Segment, Space

Half = NDArray[np.float16]

ADD_VECTOR = insert(vectors)

NEXT_COMMIT = update(commits).values(last=commits.c.last + 1).returning(commits.c.last)

ADD_FINGERPRINT = insert(imprints)

NO_FINGERPRINTS = delete(imprints).where(imprints.c.segment_id == bindparam("id"))

KEYS_OF = select(segments.c.key, segments.c.id).where(segments.c.asset_id == bindparam("id"))


@dataclass(slots=True)
class Encoded:
    """A segment ready to be written: its vectors as (space id, time of the frame or None, float16 (dimension,)).

    fingerprints: the same times, each with the bytes of what retrieval.media.fingerprint makes of the view.
    """

    segment: Segment
    vectors: list[tuple[int, int | None, Half]] = field(default_factory=list)
    fingerprints: list[tuple[int | None, bytes]] = field(default_factory=list)


def now() -> str:
    """Local time to the second, ISO 8601."""
    return datetime.now().isoformat(timespec="seconds")


def next_commit(connection: Connection) -> int:
    """A number greater than those of all vectors that there were, for vectors that this transaction adds.

    The counter's row stays locked until the transaction ends, so numbers become visible in their order.
    """
    return int(connection.execute(NEXT_COMMIT).scalar_one())


def put_vectors(
    connection: Connection, segment: int, found: Sequence[tuple[int, int | None, Half]], commit: int
) -> None:
    """Adds vectors to a segment. commit: from `next_commit` in the same transaction, which may use it many times."""
    _execute(connection, ADD_VECTOR, _vector_rows(segment, found, commit))


def add_encoded(connection: Connection, found: Sequence[tuple[int, Encoded]]) -> None:
    """Adds vectors and fingerprints of many segments, by id, that were just added."""
    commit = next_commit(connection)
    _execute(
        connection, ADD_VECTOR, [row for segment, each in found for row in _vector_rows(segment, each.vectors, commit)]
    )
    imprinted = [row for segment, each in found for row in _fingerprint_rows(segment, each.fingerprints)]
    _execute(connection, ADD_FINGERPRINT, imprinted)


def _vector_rows(segment: int, found: Sequence[tuple[int, int | None, Half]], commit: int) -> list[dict[str, Any]]:
    """Of vectors (space id, time or None, (dimension,) float16) of one segment."""
    return [
        {
            "space_id": space,
            "segment_id": segment,
            "at_ms": at_ms,
            "data": np.asarray(vector, "<f2").tobytes(),
            "commit_number": commit,
        }
        for space, at_ms, vector in found
    ]


def _fingerprint_rows(segment: int, found: Sequence[tuple[int | None, bytes]]) -> list[dict[str, Any]]:
    return [{"segment_id": segment, "at_ms": at_ms, "data": data} for at_ms, data in found]


def _execute(connection: Connection, statement: Insert, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(statement, rows)


def put_fingerprints(connection: Connection, segment: int, found: Sequence[tuple[int | None, bytes]]) -> None:
    """Gives a segment the fingerprints of its views, in place of those it had."""
    connection.execute(NO_FINGERPRINTS, {"id": segment})
    _execute(connection, ADD_FINGERPRINT, _fingerprint_rows(segment, found))


def add_fingerprints(connection: Connection, asset: int, asset_hash: bytes, found: Sequence[Encoded]) -> None:
    """Gives the segments that an asset already has the fingerprints that were made of them now."""
    there = dict(map(tuple, connection.execute(KEYS_OF, {"id": asset})))
    for key, each in zip(segment_keys(asset_hash, [each.segment for each in found]), found, strict=True):
        if key in there and each.fingerprints:
            put_fingerprints(connection, there[key], each.fingerprints)


def put_space(connection: Connection, space: Space, *, live: bool) -> int:
    """The id of a space, added if it is new."""
    same = (spaces.c.name == space.name) & (spaces.c.encoder == space.encoder) & (spaces.c.revision == space.revision)
    known = connection.scalar(select(spaces.c.id).where(same))
    if known is not None:
        return int(known)
    row = insert(spaces).values(
        name=space.name, encoder=space.encoder, revision=space.revision, dimension=space.dimension, live=live
    )
    return int(connection.execute(row).inserted_primary_key[0])  # type: ignore[index]


def swap_spaces(connection: Connection, live: Collection[int], *, keep: bool) -> None:
    """Makes exactly these spaces answer. keep: those that answered until now keep their vectors; all others go."""
    if keep:
        kept = set(connection.scalars(select(spaces.c.id).where(spaces.c.live)))
        drop_spaces(connection, {*live, *kept})
    else:
        drop_spaces(connection, live)
    connection.execute(update(spaces).values(live=spaces.c.id.in_(live)))


def drop_spaces(connection: Connection, but: Collection[int] | None = None) -> int:
    """Deletes all spaces but these (default: but the live ones) with their vectors; how many there were."""
    keep = but if but is not None else set(connection.scalars(select(spaces.c.id).where(spaces.c.live)))
    connection.execute(delete(vectors).where(vectors.c.space_id.not_in(keep)))
    connection.execute(delete(deleted_vectors).where(deleted_vectors.c.space_id.not_in(keep)))
    return connection.execute(delete(spaces).where(spaces.c.id.not_in(keep))).rowcount


def point_at(connection: Connection, space: int, folder: str, last_commit: int, rows: int) -> None:
    """The commit point of publishing: from here on readers pin the generation in `folder`."""
    row = insert(generations).values(
        space_id=space, folder=folder, last_commit=last_commit, rows=rows, created_at=now()
    )
    generation = connection.execute(row).inserted_primary_key[0]  # type: ignore[index]
    connection.execute(update(spaces).where(spaces.c.id == space).values(generation_id=generation))
    connection.execute(delete(deleted_vectors).where(deleted_vectors.c.space_id == space))
    older = (generations.c.space_id == space) & (generations.c.id != generation)
    connection.execute(delete(generations).where(older))
