"""What the writer needs to know of the catalog before it changes something: sources, known files, pending steps."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Select, exists, func, select

from indexer.sources.base import FileState, Known, Source
from retrieval.catalog import dialect
from retrieval.catalog.schema import (
    assets,
    deleted_vectors,
    forgotten,
    generations,
    imprints,
    library,
    paths,
    segments,
    sources,
    spaces,
    steps,
    vectors,
)
from retrieval.catalog.snapshot import Snapshot
from retrieval.domain.media import Kind, Medium, Space, Step
from retrieval.domain.records import Table
from retrieval.kinds import kinds_in

KEPT = "kept"  # the fact that `kept_models` reads
BEGUN = "begun"  # the fact that `begun_generations` reads


@dataclass(frozen=True, slots=True)
class Due:
    """A step that an asset still needs, and where the asset lies."""

    asset_id: int
    hash: bytes
    medium: Medium
    step: Step
    path: Path
    duration_ms: int


def fact(connection: Connection, key: str) -> str | None:
    """One fact about the library itself."""
    return connection.scalar(select(library.c.value).where(library.c.key == key))


def live_spaces(connection: Connection) -> list[Space]:
    """Every space that searches ask, oldest first."""
    return [each.space for each in Snapshot(connection).vectors.live_spaces()]


def kept_models(connection: Connection) -> list[str]:
    """What `rebuild --rollback` goes back to: profile, models of shared and of sentence; empty where nothing is kept."""
    models: list[str] = json.loads(fact(connection, KEPT) or "[]")
    return models


def wants_regions(connection: Connection) -> bool:
    """Whether large pictures have regions here."""
    return fact(connection, "regions") == "yes"


def all_sources(connection: Connection) -> list[Source]:
    """Every source, oldest first."""
    rows = connection.execute(select(sources).order_by(sources.c.id))
    return [
        Source(
            row.id,
            Path(os.fsdecode(row.root)),
            row.device,
            tuple(filter(None, row.include.split("\n"))),
            tuple(filter(None, row.exclude.split("\n"))),
            row.offline,
        )
        for row in rows
    ]


def forgotten_paths(connection: Connection) -> frozenset[bytes]:
    """Files and folders, as absolute paths, that are not read again."""
    return frozenset(connection.scalars(select(forgotten.c.path)))


def contents_only_at(connection: Connection, ids: Sequence[int]) -> int:
    """How many assets are at these paths (by id) and nowhere else."""
    other = paths.alias()
    elsewhere = exists().where(other.c.asset_id == paths.c.asset_id, other.c.id.not_in(dialect.given()))
    query = select(func.count(paths.c.asset_id.distinct())).where(paths.c.id.in_(dialect.given()), ~elsewhere)
    return connection.scalar(query, {"ids": dialect.id_list(ids)}) or 0


def known_files(connection: Connection, source: int) -> dict[bytes, Known]:
    """Relative path -> what is known of the file."""
    columns = (
        paths.c.relative, paths.c.id, paths.c.bytes, paths.c.mtime_ns, paths.c.ctime_ns, paths.c.inode,
        paths.c.asset_id, assets.c.sidecar,
    )  # fmt: skip
    joined = paths.outerjoin(assets, paths.c.asset_id == assets.c.id)
    rows = connection.execute(select(*columns).select_from(joined).where(paths.c.source_id == source))
    return {
        relative: Known(path, FileState(size, mtime, ctime, inode), asset, sidecar or b"")
        for relative, path, size, mtime, ctime, inode, asset, sidecar in rows
    }


def known_hashes(connection: Connection) -> set[bytes]:
    """The content of every asset."""
    return set(connection.execute(select(assets.c.hash)).scalars())


def due(connection: Connection, step: Step, only: set[int] | None = None) -> Iterator[Due]:
    """Assets that a step is pending for, of sources that are online; shortest first, each at its first path."""
    place = select(func.min(paths.c.id)).join(sources, paths.c.source_id == sources.c.id)
    place = place.where(paths.c.asset_id == assets.c.id, sources.c.offline.is_(False))
    query = (
        select(assets, paths.c.relative, sources.c.root)
        .select_from(
            steps.join(assets, steps.c.asset_id == assets.c.id)
            .join(paths, paths.c.asset_id == assets.c.id)
            .join(sources, paths.c.source_id == sources.c.id)
        )
        .where(steps.c.step == step, steps.c.state == "pending", paths.c.id == place.scalar_subquery())
        .order_by(assets.c.duration_ms.nulls_first(), assets.c.id)
    )
    for row in connection.execute(query):
        if only is None or row.id in only:
            path = Path(os.fsdecode(os.path.join(row.root, row.relative)))
            yield Due(row.id, row.hash, row.medium, step, path, row.duration_ms or 0)


@dataclass(frozen=True, slots=True)
class Place:
    """An asset and the first path that leads to it."""

    asset_id: int
    hash: bytes
    medium: Medium
    path: Path


def places(connection: Connection, wanted: set[int]) -> list[Place]:
    """Where each of these assets lies; those of offline sources are left out."""
    query = (
        select(assets.c.id, assets.c.hash, assets.c.medium, sources.c.root, paths.c.relative)
        .select_from(paths.join(assets, paths.c.asset_id == assets.c.id).join(sources))
        .where(sources.c.offline.is_(False))
        .order_by(assets.c.id, paths.c.relative.desc())
    )
    last = {
        asset: Place(asset, digest, medium, Path(os.fsdecode(os.path.join(root, relative))))
        for asset, digest, medium, root, relative in connection.execute(query)
        if asset in wanted
    }
    return list(last.values())


def without_fingerprints(connection: Connection, step: Step) -> list[Place]:
    """Assets with pictures or sounds of this step that have no fingerprint, as libraries from before there were any."""
    has = exists().where(imprints.c.segment_id == segments.c.id)
    lacking = select(segments.c.asset_id).where(segments.c.step == step, segments.c.kind.in_(kinds_in("shared")), ~has)
    wanted = set(connection.execute(lacking.distinct()).scalars())
    return places(connection, wanted) if wanted else []


def without_regions(connection: Connection, least_side: int) -> int:
    """How many pictures of that shorter side (pixels) have not been looked at part by part."""
    had = exists().where(steps.c.asset_id == assets.c.id, steps.c.step == "regions", steps.c.state != "pending")
    large = (assets.c.medium == "image") & (dialect.lesser(assets.c.width, assets.c.height) >= least_side)
    return connection.scalar(select(func.count()).select_from(assets).where(large, ~had)) or 0


def pending(connection: Connection) -> dict[Step, int]:
    """Step -> files that it is still to be done for; of `read` also those that no run has come to yet."""
    rows = connection.execute(
        select(steps.c.step, func.count()).where(steps.c.state == "pending").group_by(steps.c.step)
    )
    left: dict[Step, int] = dict(map(tuple, rows))
    if unread := int(fact(connection, "unread") or 0):
        left["read"] = left.get("read", 0) + unread
    return left


def skipped(connection: Connection) -> dict[str, int]:
    """Reason -> files of the library that were skipped, wholly or for one step."""
    whole = select(paths.c.skip_reason, func.count()).where(paths.c.skip_reason.is_not(None))
    parts = select(steps.c.reason, func.count()).where(steps.c.state == "failed")
    counts: dict[str, int] = {}
    for query in (whole.group_by(paths.c.skip_reason), parts.group_by(steps.c.reason)):
        for reason, count in connection.execute(query):
            counts[reason] = counts.get(reason, 0) + count
    return counts


@dataclass(frozen=True, slots=True)
class Publishing:
    """A space and how far its live generation is behind."""

    space_id: int
    name: str
    dimension: int
    folder: str | None
    rows: int
    fresh: int
    deleted: int


def publishing(connection: Connection) -> list[Publishing]:
    """Every space that answers."""
    found = []
    for space in connection.execute(select(spaces).where(spaces.c.live).order_by(spaces.c.id)):
        generation = connection.execute(select(generations).where(generations.c.id == space.generation_id)).first()
        last = generation.last_commit if generation else 0
        fresh = select(func.count()).where(vectors.c.space_id == space.id, vectors.c.commit_number > last)
        gone = select(func.count()).where(deleted_vectors.c.space_id == space.id)
        found.append(
            Publishing(
                space.id,
                space.name,
                space.dimension,
                generation.folder if generation else None,
                generation.rows if generation else 0,
                connection.scalar(fresh) or 0,
                connection.scalar(gone) or 0,
            )
        )
    return found


def dimension_of(connection: Connection, space: int) -> int:
    """The length of a space's vectors."""
    return connection.scalar(select(spaces.c.dimension).where(spaces.c.id == space)) or 0


def newest_generation(connection: Connection) -> int:
    """The greatest id of a generation, 0 where there is none."""
    return connection.scalar(select(func.max(generations.c.id))) or 0


def generation_folders(connection: Connection) -> set[str]:
    """Folders of all generations that a row names."""
    return set(connection.execute(select(generations.c.folder)).scalars())


def begun_generations(connection: Connection) -> set[str]:
    """Names of the generations that this library has begun, and had not deleted when it began the last one."""
    return set(json.loads(fact(connection, BEGUN) or "[]"))


def all_vectors(connection: Connection, space: int, dimension: int) -> tuple[int, dict[Kind, Table]]:
    """The last commit number, and all vectors of a space by kind of segment: what a generation of it holds."""
    read = Snapshot(connection).vectors
    last = read.last_commit()
    return last, read.between(space, dimension, 0, last)


# ---------------------------------------------------------------- missing vectors


def _without_vector(space: int, kinds: Sequence[Kind]) -> Select[tuple[int]]:
    """Ids of segments of these kinds that have no vector in the space."""
    has = exists().where(vectors.c.segment_id == segments.c.id, vectors.c.space_id == space)
    return select(segments.c.id).where(segments.c.kind.in_(kinds), ~has)


def texts_without_vector(
    connection: Connection, space: int, kinds: Sequence[Kind], after: int, limit: int
) -> list[tuple[int, Kind, str]]:
    """The first `limit` segments of these kinds, with their texts, that have no vector in a space and an id > after."""
    lacking = _without_vector(space, kinds).where(segments.c.text != "", segments.c.id > after)
    lacking = lacking.order_by(segments.c.id).limit(limit)
    query = select(segments.c.id, segments.c.kind, segments.c.text).where(segments.c.id.in_(lacking))
    return [(segment, kind, text) for segment, kind, text in connection.execute(query.order_by(segments.c.id))]


def assets_without_vector(connection: Connection, space: int, step: Step, kinds: Sequence[Kind]) -> set[int]:
    """Assets with a segment of this step and these kinds that has no vector in the space."""
    lacking = _without_vector(space, kinds).where(segments.c.step == step)
    query = select(segments.c.asset_id).where(segments.c.id.in_(lacking)).distinct()
    return set(connection.execute(query).scalars())


def assets_failed(connection: Connection, step: Step, reason: str, space: int) -> set[int]:
    """Assets of which a step failed for this reason, and of which the space holds nothing of that step."""
    query = select(steps.c.asset_id).where(steps.c.step == step, steps.c.state == "failed", steps.c.reason == reason)
    held = select(segments.c.asset_id).join(vectors, vectors.c.segment_id == segments.c.id)
    held = held.where(vectors.c.space_id == space, segments.c.step == step)
    return set(connection.scalars(query.where(steps.c.asset_id.not_in(held))))


def segment_ids(connection: Connection, asset: int) -> dict[str, int]:
    """Public id -> id of every segment of an asset."""
    rows = connection.execute(select(segments.c.key, segments.c.id).where(segments.c.asset_id == asset))
    return dict(map(tuple, rows))


def asset_at(connection: Connection, source: int, relative: bytes) -> int | None:
    """The asset at a path of a source; None where there is none, or the file was left out."""
    here = (paths.c.source_id == source) & (paths.c.relative == relative)
    return connection.scalar(select(paths.c.asset_id).where(here))


def skip_at(connection: Connection, source: int, relative: bytes) -> tuple[str, str] | None:
    """Why the file at a path of a source was left out, and the detail."""
    here = (paths.c.source_id == source) & (paths.c.relative == relative) & paths.c.skip_reason.is_not(None)
    row = connection.execute(select(paths.c.skip_reason, paths.c.skip_detail).where(here)).first()
    return None if row is None else (row[0], row[1] or "")


def hash_of(connection: Connection, asset: int) -> bytes:
    """The content hash (BLAKE2b-256) of an asset that is there."""
    return bytes(connection.execute(select(assets.c.hash).where(assets.c.id == asset)).scalar_one())
