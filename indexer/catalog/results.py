"""Results of many files at a time: few statements for a batch, whatever the number of files in it.

Each public function runs inside one transaction of its caller. An asset is written whole: row, paths, steps, segments,
words and vectors of one step in one transaction, so that a kill at any moment leaves either all of it or nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from indexer.catalog import write
from indexer.catalog.segment_ids import segment_keys
from indexer.catalog.vectors import Encoded, add_encoded
from retrieval.catalog import dialect
from retrieval.catalog.schema import assets, paths, segments, steps
from retrieval.domain.media import Metadata, Step
from retrieval.fulltext import analyzer, asset_terms

if TYPE_CHECKING:
    from indexer.sources.base import FileState

PUT_ASSET = dialect.upsert(assets, "hash")
PUT_PATH = dialect.upsert(paths, "source_id", "relative")
WANT_STEP = dialect.insert_missing(steps)
ADD_SEGMENT = insert(segments)

BY_HASH = select(assets.c.hash, assets.c.id).where(assets.c.hash.in_(bindparam("hashes", expanding=True)))
ASSETS_AT = select(paths.c.asset_id).where(
    paths.c.source_id == bindparam("source"), paths.c.relative.in_(bindparam("names", expanding=True))
)
STEPS_OF = select(steps.c.asset_id, steps.c.step).where(steps.c.asset_id.in_(dialect.given()))
SEGMENTS_OF_STEP = select(segments.c.key, segments.c.id).where(
    segments.c.asset_id.in_(dialect.given()), segments.c.step == bindparam("step")
)


@dataclass(frozen=True, slots=True)
class NewAsset:
    """Content that was read, `size` bytes of it. sidecars: digest of subtitles beside it, b"" for none."""

    hash: bytes
    size: int
    facts: Metadata
    sidecars: bytes = b""


class Seen(NamedTuple):
    """Where an asset was seen, or a file that could not become one (`skip`: reason, detail)."""

    source: int
    relative: bytes
    state: FileState
    asset: int | None = None
    skip: tuple[str, str] | None = None


class Found(NamedTuple):
    """What a step found in an asset, all of it."""

    asset: int
    hash: bytes
    step: Step
    encoded: Sequence[Encoded]


# ---------------------------------------------------------------- assets and paths


def with_hashes(connection: Connection, hashes: Collection[bytes]) -> dict[bytes, int]:
    """Content (BLAKE2b-256) -> id of the asset, of those that there are."""
    known: dict[bytes, int] = {}
    for part in _parts(hashes):
        known |= {bytes(digest): asset for digest, asset in connection.execute(BY_HASH, {"hashes": part})}
    return known


def put_assets(connection: Connection, found: Sequence[NewAsset]) -> list[int]:
    """The ids of assets, their facts as now read."""
    if not found:
        return []
    connection.execute(PUT_ASSET, [_asset_row(each) for each in found])
    ids = with_hashes(connection, [each.hash for each in found])
    return [ids[each.hash] for each in found]


def _asset_row(found: NewAsset) -> dict[str, Any]:
    facts = found.facts
    return {
        "hash": found.hash,
        "medium": facts.medium,
        "format": facts.format,
        "bytes": found.size,
        "width": facts.width,
        "height": facts.height,
        "duration_ms": facts.duration_ms,
        "pages": facts.pages,
        "date": facts.date,
        "date_from": facts.date_from,
        "camera": facts.camera,
        "latitude": facts.latitude,
        "longitude": facts.longitude,
        "lang": facts.lang,
        "title": facts.title,
        "artist": facts.artist,
        "keywords": "\n".join(facts.keywords),
        "has_sound": facts.has_sound,
        "has_pictures": facts.has_pictures,
        "has_subtitles": facts.has_subtitles,
        "sidecar": found.sidecars or None,
        "pair": facts.pair,
        "places": asset_terms.stored_places(facts.places),
    }


def put_paths(connection: Connection, seen: Sequence[Seen]) -> None:
    """Where assets were seen and what was left out, in place of what was known of these paths."""
    if not seen:
        return
    touched = {each.asset for each in seen}
    for source, group in groupby(sorted(seen, key=attrgetter("source")), attrgetter("source")):
        for part in _parts([each.relative for each in group]):
            touched.update(connection.scalars(ASSETS_AT, {"source": source, "names": part}))
    connection.execute(PUT_PATH, [_path_row(each) for each in seen])
    write.index_names(connection, touched - {None})  # type: ignore[arg-type]


def _path_row(seen: Seen) -> dict[str, Any]:
    return {
        "source_id": seen.source,
        "relative": seen.relative,
        "asset_id": seen.asset,
        "bytes": seen.state.bytes,
        "mtime_ns": seen.state.mtime_ns,
        "ctime_ns": seen.state.ctime_ns,
        "inode": _signed(seen.state.inode),
        "skip_reason": seen.skip[0] if seen.skip else None,
        "skip_detail": write.writable(seen.skip[1]) if seen.skip else None,
    }


def _signed(inode: int) -> int:
    """Inodes of some network file systems use all 64 bits; SQLite's integers are signed."""
    return inode - (1 << 64) if inode >= 1 << 63 else inode


# ---------------------------------------------------------------- steps and segments


def want_steps(connection: Connection, wanted: Mapping[int, Sequence[Step]]) -> None:
    """Marks steps as pending that assets (by id) have not had, and drops those that they do not need."""
    rows = [
        {"asset_id": asset, "step": step, "state": "pending", "reason": None, "detail": None, "revision": None}
        for asset, names in wanted.items()
        for step in names
    ]
    had = connection.execute(STEPS_OF, {"ids": dialect.id_list(wanted)}).all()
    if rows:
        connection.execute(WANT_STEP, rows)
    for asset, step in had:
        if step not in (*wanted[asset], "read"):
            write.delete_segments(connection, asset, step)
            connection.execute(delete(steps).where(steps.c.asset_id == asset, steps.c.step == step))


def replace_segments(connection: Connection, found: Sequence[Found]) -> None:
    """Writes what steps found in assets, in place of what they had found before; no asset twice for one step."""
    for step, group in groupby(sorted(found, key=attrgetter("step")), attrgetter("step")):
        _replace_step(connection, step, list(group))


def _replace_step(connection: Connection, step: Step, found: Sequence[Found]) -> None:
    of_step = {"ids": dialect.id_list(each.asset for each in found), "step": step}
    write.delete_segments_by_id(connection, [row.id for row in connection.execute(SEGMENTS_OF_STEP, of_step)])
    rows: list[dict[str, Any]] = []
    encoded: list[Encoded] = []
    for each in found:
        keys = segment_keys(each.hash, [one.segment for one in each.encoded])
        rows += [
            {"asset_id": each.asset, "step": step, "key": key, **write.segment_values(one.segment)}
            for key, one in zip(keys, each.encoded, strict=True)
        ]
        encoded += each.encoded
    if not rows:
        return
    connection.execute(ADD_SEGMENT, rows)
    ids: dict[str, int] = dict(map(tuple, connection.execute(SEGMENTS_OF_STEP, of_step)))
    _add_what_hangs_on(connection, [ids[row["key"]] for row in rows], encoded)


def _add_what_hangs_on(connection: Connection, ids: Sequence[int], encoded: Sequence[Encoded]) -> None:
    """Words, vectors and fingerprints of segments that were just added."""
    both = list(zip(ids, encoded, strict=True))
    words = [(segment, analyzer.fold(each.segment.text)) for segment, each in both if each.segment.text]
    dialect.put_texts(connection, "segment_words", words, analyzer.split)
    add_encoded(connection, both)


def _parts(values: Iterable[bytes]) -> Iterable[list[bytes]]:
    listed = list(values)
    return (listed[at : at + write.PART] for at in range(0, len(listed), write.PART))
