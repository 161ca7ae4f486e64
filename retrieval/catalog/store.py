"""Every SELECT of the query side. Rows become domain values or arrays here and go no further.

A search reads inside one `snapshot`, so that a writer's commit in the middle changes nothing for it. Many ids travel as
one JSON array, which SQLite turns into a table: no limit on their number, and the statement stays compiled.
"""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Select,
    bindparam,
    create_engine,
    event,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from retrieval.catalog import layout
from retrieval.catalog.schema import (
    HEAD,
    assets,
    deleted_vectors,
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
from retrieval.domain.media import MEDIA, Box, Kind, Medium, Segment, Skip, Space, Span
from retrieval.domain.query import Filters
from retrieval.domain.text import valid_text
from retrieval.errors import LibraryDamaged, LibraryError, LibraryNotFound, LibraryTooNew

Ids: TypeAlias = NDArray[np.int64]
Half: TypeAlias = NDArray[np.float16]
WordTable: TypeAlias = Literal["segment_words", "asset_words"]

PAGE_BYTES = 16_384  # vectors of 1 KiB waste a third of SQLite's usual pages of 4 KiB
MMAP_BYTES = 8 << 30
BUSY_MS = 30_000
EARTH_KM = 6371.0088  # mean radius
NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}
ROW = np.dtype([("vector", "<i8"), ("segment", "<i8"), ("asset", "<i8"), ("medium", "u1")])  # medium: place in MEDIA


# ---------------------------------------------------------------- opening


def open_catalog(home: Path, *, write: bool = False) -> Engine:
    """The catalog of the library in folder `home`; a new, empty file only with `write`.

    Connections are in autocommit: who wants a transaction says BEGIN.

    Raises:
        LibraryNotFound: no catalog there, and not writing.
        LibraryTooNew: a later crossmedia wrote it.
        LibraryError: on a network share, or older than this program and not writing.
        LibraryDamaged: not a catalog.
    """
    file = layout.catalog(home)
    if not write and not file.is_file():
        raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
    _refuse_network(home)
    engine = create_engine(f"sqlite:///{file}", connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare_for(new=write and not file.exists(), write=write))
    try:
        _check_revision(engine, home, write)
    except DBAPIError as error:
        engine.dispose()
        raise LibraryDamaged(f"{file} cannot be read: {error.orig}", "crossmedia doctor; or restore a copy") from None
    except LibraryError:
        engine.dispose()
        raise
    return engine


def _prepare_for(*, new: bool, write: bool) -> Any:
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # the driver would begin and commit by itself
        if new:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        else:
            connection.execute("PRAGMA query_only = ON")
        connection.create_function("km_between", 4, km_between, deterministic=True)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute(f"PRAGMA mmap_size = {MMAP_BYTES}")

    return prepare


def _refuse_network(home: Path) -> None:
    """WAL needs memory that all processes share, which a network share has not."""
    kind = _file_system(home)
    if kind in NETWORK:
        raise LibraryError(
            f"{home} lies on a network share ({kind})", "keep the library on a local disk; media may be anywhere"
        )


def _file_system(folder: Path) -> str:
    """The type of file system that holds a folder; empty where the system does not tell."""
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, found = os.path.realpath(folder), ("", "")
    for line in mounts:
        point, kind = line.split(" ")[1:3]
        point = point.replace("\\040", " ")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1]


def _check_revision(engine: Engine, home: Path, write: bool) -> None:
    with engine.connect() as connection:
        here = revision(connection)
    if here is None and not write:
        raise LibraryDamaged(f"the catalog of {home} is empty", "crossmedia index FOLDER fills it")
    if here is not None and here > HEAD:
        raise LibraryTooNew(
            f"{home} was written by a later crossmedia (revision {here}, known {HEAD})", "update crossmedia"
        )
    if here is not None and here < HEAD and not write:
        raise LibraryError(
            f"{home} was written by an older crossmedia (revision {here})", "crossmedia index upgrades it"
        )


def revision(connection: Connection) -> str | None:
    """The schema's revision; None for an empty catalog."""
    named = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").first()
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() if named else None


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection on which all SELECTs see one state of the catalog."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        try:
            yield connection
        finally:
            connection.exec_driver_sql("ROLLBACK")


def data_version(connection: Connection) -> int:
    """Changes whenever another connection has committed."""
    return int(connection.exec_driver_sql("PRAGMA data_version").scalar_one())


# ---------------------------------------------------------------- ids as a table


def _given(name: str = "ids") -> Select[tuple[int]]:
    """The ids of a JSON array parameter."""
    return select(func.json_each(bindparam(name)).table_valued("value").c.value)


def _json(ids: Iterable[int]) -> str:
    return json.dumps(ids.tolist() if isinstance(ids, np.ndarray) else list(ids))


# ---------------------------------------------------------------- facts, spaces, vectors


def facts(connection: Connection) -> dict[str, str]:
    """What the library says of itself: profile, created_at, ..."""
    return dict(connection.execute(select(library.c.key, library.c.value)).all())


@dataclass(frozen=True, slots=True)
class LiveSpace:
    """A space that answers, and the generation its pointer row names (None: not published yet)."""

    id: int
    space: Space
    folder: str | None
    last_vector_id: int
    rows: int


def live_spaces(connection: Connection) -> list[LiveSpace]:
    """Every space that answers, oldest first."""
    joined = spaces.outerjoin(generations, generations.c.id == spaces.c.generation_id)
    columns = (spaces, generations.c.folder, generations.c.last_vector_id, generations.c.rows)
    query = select(*columns).select_from(joined).where(spaces.c.live).order_by(spaces.c.id)
    return [
        LiveSpace(
            row.id,
            Space(row.name, row.encoder, row.revision, row.dimension),
            row.folder,
            row.last_vector_id or 0,
            row.rows or 0,
        )
        for row in connection.execute(query)
    ]


Table: TypeAlias = tuple[NDArray[Any], Half]
"""Rows (n,) of ROW and their vectors (n, dimension)."""


def vectors_between(
    connection: Connection, space: int, dimension: int, after: int, last: int | None
) -> dict[Kind, Table]:
    """Vectors of a space with after < id <= last (None: no end), by kind of segment, by ascending id."""
    query = (
        select(vectors.c.id, segments.c.id, assets.c.id, segments.c.kind, assets.c.medium, vectors.c.data)
        .join_from(vectors, segments, segments.c.id == vectors.c.segment_id)
        .join(assets, assets.c.id == segments.c.asset_id)
        .where(vectors.c.space_id == space, vectors.c.id > after)
        .order_by(vectors.c.id)
    )
    if last is not None:
        query = query.where(vectors.c.id <= last)
    found: dict[Kind, tuple[list[tuple[int, int, int, int]], bytearray]] = {}
    for vector, segment, asset, kind, medium, data in connection.execute(query):
        if len(data) != 2 * dimension:
            continue  # damaged: `doctor` names it
        rows, raw = found.setdefault(kind, ([], bytearray()))
        rows.append((vector, segment, asset, MEDIA.index(medium)))
        raw += data
    return {
        kind: (np.array(rows, ROW), np.frombuffer(raw, "<f2").reshape(-1, dimension))
        for kind, (rows, raw) in found.items()
    }


def newest_vector(connection: Connection) -> int:
    """The greatest vector id, 0 where there is none."""
    return connection.execute(select(func.max(vectors.c.id))).scalar() or 0


def masked(connection: Connection, space: int) -> Ids:
    """Ids of published vectors of a space that must not be found any more, ascending."""
    query = select(deleted_vectors.c.id).where(deleted_vectors.c.space_id == space).order_by(deleted_vectors.c.id)
    return np.fromiter(connection.execute(query).scalars(), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class StoredVectors:
    """Vectors of the catalog: ids (n,), their segments (n,), frame times (n,) with -1 for none, data (n, dimension)."""

    ids: Ids
    segments: Ids
    at_ms: Ids
    data: Half


def vectors_by_id(connection: Connection, ids: Iterable[int], dimension: int) -> StoredVectors:
    """The vectors with these ids that there are, by ascending id."""
    return _stored(connection, _BY_ID, {"ids": _json(ids)}, dimension)


def vectors_of_segments(connection: Connection, space: int, ids: Iterable[int], dimension: int) -> StoredVectors:
    """All vectors that these segments have in a space, by ascending id."""
    return _stored(connection, _BY_SEGMENT, {"ids": _json(ids), "space": space}, dimension)


_VECTOR = select(vectors.c.id, vectors.c.segment_id, vectors.c.at_ms, vectors.c.data)
_BY_ID = _VECTOR.where(vectors.c.id.in_(_given())).order_by(vectors.c.id)
# The plus keeps SQLite from reading all vectors of the space by its index: a segment has few.
_BY_SEGMENT = _VECTOR.where(
    vectors.c.segment_id.in_(_given()), literal_column("+vectors.space_id") == bindparam("space")
)


def _stored(connection: Connection, query: Select[Any], values: Mapping[str, Any], dimension: int) -> StoredVectors:
    rows = [row for row in connection.execute(query, values).all() if len(row[3]) == 2 * dimension]
    rows.sort(key=itemgetter(0))  # ids are unique; rows would compare slowly
    return StoredVectors(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.int64),
        np.array([-1 if row[2] is None else row[2] for row in rows], np.int64),
        np.frombuffer(b"".join(row[3] for row in rows), "<f2").reshape(-1, dimension),
    )


# ---------------------------------------------------------------- segments and assets


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment and where it belongs."""

    id: int
    asset_id: int
    key: str
    segment: Segment


_SEGMENT = select(segments)
_SEGMENTS_BY_ID = _SEGMENT.where(segments.c.id.in_(_given()))


def segments_by_id(connection: Connection, ids: Iterable[int]) -> dict[int, StoredSegment]:
    """The segments with these ids that there are."""
    return {row.id: _segment(row) for row in connection.execute(_SEGMENTS_BY_ID, {"ids": _json(ids)})}


def segments_of(connection: Connection, asset: int) -> list[StoredSegment]:
    """All segments of an asset, in the order they were read."""
    query = _SEGMENT.where(segments.c.asset_id == asset)
    found = [_segment(row) for row in connection.execute(query)]
    return sorted(found, key=lambda each: (each.segment.span or Span(0, 0), each.segment.chars or Span(0, 0), each.id))


def first_segments(connection: Connection, asset_ids: Iterable[int]) -> dict[int, StoredSegment]:
    """The first segment of each of these assets, for those that have any."""
    first = select(func.min(segments.c.id)).where(segments.c.asset_id.in_(_given())).group_by(segments.c.asset_id)
    rows = connection.execute(_SEGMENT.where(segments.c.id.in_(first)), {"ids": _json(asset_ids)})
    return {row.asset_id: _segment(row) for row in rows}


@dataclass(frozen=True, slots=True, eq=False)
class Imprints:
    """Imprints by asset: assets and times (n,), the latter 0 for none; and their bytes."""

    assets: Ids
    at_ms: Ids
    raw: Sequence[bytes]

    @property
    def data(self) -> NDArray[np.uint8]:
        """(n, BYTES) of pictures."""
        return np.frombuffer(b"".join(self.raw), np.uint8).reshape(len(self.raw), -1)

    def words(self, row: int) -> NDArray[np.uint32]:
        """(n,) of one sound."""
        return np.frombuffer(self.raw[row], "<u4").astype(np.uint32)


def imprints_of(connection: Connection, medium: Medium, asset: int | None = None) -> Imprints:
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
    rows = list(connection.execute(query if asset is None else query.where(assets.c.id == asset)))
    return Imprints(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] or 0 for row in rows], np.int64),
        [row[2] for row in rows],
    )


_STILLS = (
    select(segments.c.asset_id, func.min(imprints.c.data))
    .join_from(segments, imprints, imprints.c.segment_id == segments.c.id)
    .where(segments.c.asset_id.in_(_given()), segments.c.kind == "image", segments.c.page.is_(None))
    .group_by(segments.c.asset_id)
    .having(func.count() == 1)
)


def still_imprints(connection: Connection, asset_ids: Iterable[int]) -> dict[int, bytes]:
    """The imprint of each of these assets that is one picture; of pages and animations none."""
    return dict(connection.execute(_STILLS, {"ids": _json(asset_ids)}).all())


def assets_with_copies(connection: Connection, medium: Medium) -> list[int]:
    """Assets of a medium that were seen at more than one path."""
    query = select(paths.c.asset_id).join(assets, assets.c.id == paths.c.asset_id).where(assets.c.medium == medium)
    query = query.group_by(paths.c.asset_id).having(func.count() > 1).order_by(paths.c.asset_id)
    return list(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Segments of one kind that have a time: ids, assets (n,), spans (n, 2) ms; by asset, then by start."""

    ids: Ids
    assets: Ids
    spans: Ids


_TIMED = (
    select(segments.c.kind, segments.c.id, segments.c.asset_id, segments.c.start_ms, segments.c.end_ms)
    .where(segments.c.asset_id.in_(_given()), segments.c.start_ms.is_not(None))
    .order_by(segments.c.asset_id, segments.c.start_ms, segments.c.id)
)


def timed_segments(connection: Connection, asset_ids: Iterable[int]) -> dict[Kind, Timed]:
    """All shots, sounds and sentences of these assets, by kind."""
    rows: dict[Kind, list[tuple[int, ...]]] = {}
    for kind, *row in connection.execute(_TIMED, {"ids": _json(asset_ids)}):
        rows.setdefault(kind, []).append(tuple(row))
    tables = {kind: np.array(found, np.int64) for kind, found in rows.items()}
    return {kind: Timed(table[:, 0], table[:, 1], table[:, 2:]) for kind, table in tables.items()}


def segment_by_key(connection: Connection, key: str) -> StoredSegment | None:
    """The segment with that public id."""
    if not key.isascii():  # a path, of which the bytes may not even be UTF-8
        return None
    row = connection.execute(_SEGMENT.where(segments.c.key == key)).first()
    return _segment(row) if row else None


def _box(stored: str | None) -> Box | None:
    return Box(*map(int, stored.split(","))) if stored else None


def _segment(row: Any) -> StoredSegment:
    span = None if row.start_ms is None else Span(row.start_ms, row.end_ms)
    chars = None if row.start_char is None else Span(row.start_char, row.end_char)
    found = Segment(
        kind=row.kind, span=span, chars=chars, page=row.page, text=row.text, lang=row.lang, box=_box(row.box)
    )
    return StoredSegment(row.id, row.asset_id, row.key, found)


def owners(connection: Connection, segment_ids: Iterable[int], kinds: Sequence[Kind] | None = None) -> NDArray[Any]:
    """Rows of ROW, with vector 0, for those of these segments that there are (of some kinds only); by segment."""
    query = _OWNERS if kinds is None else _OWNERS.where(segments.c.kind.in_(kinds))
    return _rows(connection, query, segment_ids)


def asset_rows(connection: Connection, asset_ids: Iterable[int]) -> NDArray[Any]:
    """Rows of ROW, with vector and segment 0, for those of these assets that there are; by asset."""
    return _rows(connection, _ASSET_ROWS, asset_ids)


def media_of(connection: Connection, asset_ids: Iterable[int]) -> dict[int, Medium]:
    """The medium of each of these assets."""
    found = asset_rows(connection, asset_ids)
    return {asset: MEDIA[code] for asset, code in zip(found["asset"].tolist(), found["medium"].tolist(), strict=True)}


def _as_one_row(segment: ColumnElement[int], asset: ColumnElement[int], medium: ColumnElement[str]) -> Select[Any]:
    """Three columns as one row of JSON arrays: fetching a thousand rows one by one costs more than finding them."""
    return select(func.json_group_array(segment), func.json_group_array(asset), func.json_group_array(medium))


_OWNERS = (
    _as_one_row(segments.c.id, segments.c.asset_id, assets.c.medium)
    .join_from(segments, assets, assets.c.id == segments.c.asset_id)
    .where(segments.c.id.in_(_given()))
)
_ASSET_ROWS = _as_one_row(literal_column("0"), assets.c.id, assets.c.medium).where(assets.c.id.in_(_given()))


def _rows(connection: Connection, query: Select[Any], ids: Iterable[int]) -> NDArray[Any]:
    segment, asset, medium = map(json.loads, connection.execute(query, {"ids": _json(ids)}).one())
    found = np.zeros(len(asset), ROW)
    found["segment"], found["asset"] = segment, asset
    found["medium"] = [MEDIA.index(each) for each in medium]
    found.sort(order=["segment", "asset"])
    return found


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset and where it was seen. `paths`: live ones first; `offline`: its sources are all away."""

    id: int
    hash: str
    medium: Medium
    paths: tuple[Path, ...]
    offline: bool
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def taken_at(self) -> str | None:
        return self.facts.get("taken_at")


_ASSETS = select(assets).where(assets.c.id.in_(_given()))
_PATHS = (
    select(paths.c.asset_id, sources.c.root, paths.c.relative, sources.c.offline)
    .join_from(paths, sources, sources.c.id == paths.c.source_id)
    .where(paths.c.asset_id.in_(_given()))
    .order_by(sources.c.offline, paths.c.id)
)
_FACTS = ("format", "bytes", "width", "height", "duration_ms", "pages", "taken_at", "camera", "latitude", "longitude")
_SAID = ("lang", "title", "artist", "keywords", "has_sound", "has_subtitles")


def assets_by_id(connection: Connection, ids: Iterable[int], glob: str | None = None) -> dict[int, StoredAsset]:
    """The assets with these ids that there are. glob: of the paths of one asset, those that fit it come first."""
    given = {"ids": _json(ids)}
    places: dict[int, list[tuple[Path, bool]]] = {}
    ordered = _PATHS if glob is None else _PATHS.order_by(None).order_by(~_fits(glob), sources.c.offline, paths.c.id)
    for asset, root, relative, offline in connection.execute(ordered, given):
        places.setdefault(asset, []).append((_path(root, relative), offline))
    return {row.id: _asset(row, places.get(row.id, [])) for row in connection.execute(_ASSETS, given)}


@dataclass(frozen=True, slots=True)
class SeenAsset:
    """An asset by its content hash, where it was seen, live paths first, and the keywords in its EXIF, IPTC or XMP."""

    hash: str
    medium: Medium
    paths: tuple[Path, ...]
    keywords: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return self.paths[0]


_SEEN = (
    select(assets.c.hash, assets.c.medium, assets.c.keywords, sources.c.root, paths.c.relative)
    .join_from(paths, sources, sources.c.id == paths.c.source_id)
    .join(assets, assets.c.id == paths.c.asset_id)
    .order_by(sources.c.offline, paths.c.id)
)


def seen(connection: Connection) -> dict[str, SeenAsset]:
    """Every asset that was seen, by its content hash."""
    known: dict[str, tuple[Medium, str]] = {}
    places: dict[str, list[Path]] = {}
    for digest, medium, keywords, root, relative in connection.execute(_SEEN):
        known[digest.hex()] = (medium, keywords)
        places.setdefault(digest.hex(), []).append(_path(root, relative))
    return {
        own: SeenAsset(own, medium, tuple(places[own]), _lines(keywords)) for own, (medium, keywords) in known.items()
    }


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split("\n")))


def _path(root: bytes, relative: bytes) -> Path:
    return Path(os.fsdecode(root)) / os.fsdecode(relative)


def _asset(row: Any, places: Sequence[tuple[Path, bool]]) -> StoredAsset:
    known = {name: getattr(row, name) for name in (*_FACTS, *_SAID)}
    known["keywords"] = _lines(known["keywords"])
    offline = all(away for _, away in places)
    return StoredAsset(row.id, row.hash.hex(), row.medium, tuple(path for path, _ in places), offline, known)


def asset_with_hash(connection: Connection, digest: bytes) -> int | None:
    """The asset with this content (BLAKE2b-256), if the catalog holds it."""
    return connection.scalar(select(assets.c.id).where(assets.c.hash == digest))


def asset_with_key(connection: Connection, key: str) -> int | None:
    """The asset whose hash, in hex, is or begins with `key` (8 characters at least)."""
    if len(key) < 8 or len(key) > 64 or not set(key) <= set("0123456789abcdef"):
        return None
    found = connection.scalars(
        select(assets.c.id).where(func.lower(func.hex(assets.c.hash)).startswith(key)).limit(2)
    ).all()
    return found[0] if len(found) == 1 else None


def asset_at(connection: Connection, path: Path) -> int | None:
    """The asset that was seen at this absolute path, or at the place where its folder really is."""
    found = _asset_at(connection, os.fsencode(path))
    real = path.parent.resolve() / path.name  # sources are kept without links
    return found if found is not None or real == path else _asset_at(connection, os.fsencode(real))


def roots(connection: Connection) -> list[Path]:
    """The folders that the library follows."""
    return [Path(os.fsdecode(root)) for root in connection.scalars(select(sources.c.root).order_by(sources.c.id))]


def _asset_at(connection: Connection, raw: bytes) -> int | None:
    for source, root in connection.execute(select(sources.c.id, sources.c.root)):
        prefix = root.rstrip(b"/") + b"/"
        if raw.startswith(prefix):
            here = (paths.c.source_id == source) & (paths.c.relative == raw[len(prefix) :])
            found = connection.scalar(select(paths.c.asset_id).where(here))
            if found is not None:
                return int(found)
    return None


# ---------------------------------------------------------------- filters


def _conditions(filters: Filters, *, with_media: bool = True) -> list[ColumnElement[bool]]:
    """What the assets table must fulfil."""
    found: list[ColumnElement[bool]] = []
    if filters.media and with_media:
        found.append(assets.c.medium.in_(sorted(filters.media)))
    if filters.after:
        found.append(assets.c.taken_at >= filters.after)
    if filters.before:
        found.append(assets.c.taken_at < filters.before)
    if filters.min_duration_ms is not None:
        found.append(assets.c.duration_ms >= filters.min_duration_ms)
    if filters.max_duration_ms is not None:
        found.append(assets.c.duration_ms <= filters.max_duration_ms)
    if filters.camera:
        found.append(assets.c.camera.icontains(valid_text(filters.camera), autoescape=True))
    if filters.min_bytes is not None:
        found.append(assets.c.bytes >= filters.min_bytes)
    if filters.max_bytes is not None:
        found.append(assets.c.bytes <= filters.max_bytes)
    if filters.near:
        found += _lies_near(*filters.near)
    if filters.lang:
        found.append(_speaks(filters.lang))
    if filters.path:
        found.append(_lies_at(filters.path))
    return found


def _lies_near(latitude: float, longitude: float, radius: float) -> list[ColumnElement[bool]]:
    """Whether a place lies within radius km; a band of latitudes first, because it costs less than the distance."""
    band = math.degrees(radius / EARTH_KM)
    away = func.km_between(assets.c.latitude, assets.c.longitude, latitude, longitude)
    return [assets.c.latitude.between(latitude - band, latitude + band), away <= radius]


def km_between(latitude: float | None, longitude: float | None, other: float, meridian: float) -> float | None:
    """Kilometres on the sphere between two places in degrees; None where one is not known. Source: haversine formula."""
    if latitude is None or longitude is None:
        return None
    north, south = math.radians(latitude), math.radians(other)
    across = math.sin((north - south) / 2) ** 2
    along = math.cos(north) * math.cos(south) * math.sin(math.radians(longitude - meridian) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))


def _speaks(lang: str) -> ColumnElement[bool]:
    tag = valid_text(lang).split("-", maxsplit=1)[0].lower()
    said = exists().where(segments.c.asset_id == assets.c.id, segments.c.lang == tag)
    return or_(assets.c.lang == tag, said)


def _lies_at(glob: str) -> ColumnElement[bool]:
    """Whether one of an asset's paths fits a glob."""
    seen = (
        select(paths.c.asset_id)
        .join(sources, sources.c.id == paths.c.source_id)
        .where(_fits(glob), paths.c.asset_id.is_not(None))
    )
    return assets.c.id.in_(seen)


def _fits(glob: str) -> ColumnElement[bool]:
    """Whether a path fits a glob; a bare name or folder means all below it. Bytes that are not UTF-8 fit anything."""
    glob = valid_text(glob).replace("\ufffd", "*")
    pattern = glob.replace("**", "*").replace("[!", "[^")
    pattern = os.path.expanduser(pattern)
    if not pattern.startswith(("/", "*")):
        pattern = "*/" + pattern
    patterns = [pattern] if set(glob) & set("*?[") else [pattern.rstrip("/"), pattern.rstrip("/") + "/*"]
    whole: ColumnElement[str] = literal_column("CAST(sources.root AS TEXT) || '/' || CAST(paths.relative AS TEXT)")
    return or_(*(whole.op("GLOB")(each) for each in patterns))


def allowed_assets(connection: Connection, filters: Filters) -> Ids | None:
    """Ascending ids of the assets that fulfil the filters but for their media.

    None where the media are all that is asked, as every row of a generation knows its medium.
    """
    conditions = _conditions(filters, with_media=False)
    if not conditions:
        return None
    listed = connection.execute(select(func.json_group_array(assets.c.id)).where(*conditions)).scalar_one()
    return np.sort(np.array(json.loads(listed), np.int64))


def assets_by_date(connection: Connection, filters: Filters, limit: int, offset: int) -> list[int]:
    """Ids of the assets that fulfil the filters, newest first; those without a date last."""
    query = select(assets.c.id).where(*_conditions(filters), assets.c.id.in_(_seen_assets()))
    query = query.order_by(assets.c.taken_at.desc().nulls_last(), assets.c.id)
    return list(connection.execute(query.limit(limit).offset(offset)).scalars())


def _seen_assets() -> Select[Any]:
    return select(paths.c.asset_id).where(paths.c.asset_id.is_not(None))


# ---------------------------------------------------------------- keywords


def word_totals(connection: Connection) -> dict[WordTable, int]:
    """Number of texts in each full-text table."""
    tables: tuple[WordTable, ...] = ("segment_words", "asset_words")
    return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}_docsize").scalar_one() for name in tables}


def postings(connection: Connection, table: WordTable, expression: str, limit: int) -> Ids:
    """Ids of at most `limit` texts that fit an FTS5 expression, ascending."""
    # One row of JSON: fetching thousands of rows one by one costs more than finding them.
    found = f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid LIMIT ?"
    listed = connection.exec_driver_sql(f"SELECT json_group_array(rowid) FROM ({found})", (expression, limit))
    return np.array(json.loads(listed.scalar_one()), np.int64)


def bm25(connection: Connection, table: WordTable, expression: str, ids: Iterable[int]) -> dict[int, float]:
    """BM25 of these texts for an expression, greater is better; those that do not fit are left out."""
    # The plus keeps SQLite from running the whole expression once for each id.
    query = (
        f"SELECT rowid, -bm25({table}) FROM {table} WHERE {table} MATCH ? "
        "AND +rowid IN (SELECT value FROM json_each(?))"
    )
    return dict(connection.exec_driver_sql(query, (expression, _json(ids))).all())


def word_texts(connection: Connection, table: WordTable, ids: Iterable[int]) -> dict[int, str]:
    """The folded texts with these ids."""
    query = f"SELECT rowid, words FROM {table} WHERE rowid IN (SELECT value FROM json_each(?))"
    return {row[0]: row[1] for row in connection.exec_driver_sql(query, (_json(ids),))}


# ---------------------------------------------------------------- the library as a whole


@dataclass(frozen=True, slots=True)
class SourceState:
    """A followed folder."""

    root: Path
    offline: bool
    scanned_at: str | None
    files: int


@dataclass(frozen=True, slots=True)
class SpaceState:
    """A space: its vectors, those of them that its generation holds, and whether searches ask it."""

    name: str
    encoder: str
    revision: str
    dimension: int
    live: bool
    vectors: int
    published: int


@dataclass(frozen=True, slots=True)
class Status:
    """What is in a library, and what is still to be done. bytes: of catalog and generations on disk."""

    home: Path
    profile: str
    created_at: str
    media: dict[Medium, int]
    segments: dict[Kind, int]
    pending: dict[str, int]
    skipped: int
    sources: tuple[SourceState, ...]
    spaces: tuple[SpaceState, ...]
    bytes: dict[str, int]


def status(connection: Connection, home: Path) -> Status:
    """Counts of everything."""
    known = facts(connection)
    waiting = select(steps.c.step, func.count()).where(steps.c.state == "pending").group_by(steps.c.step)
    return Status(
        home=home,
        profile=known.get("profile", ""),
        created_at=known.get("created_at", ""),
        media=_counts(connection, select(assets.c.medium, func.count()).group_by(assets.c.medium)),
        segments=_counts(connection, select(segments.c.kind, func.count()).group_by(segments.c.kind)),
        pending=_counts(connection, waiting),
        skipped=len(skips(connection)),
        sources=tuple(_sources(connection)),
        spaces=tuple(_spaces(connection)),
        bytes=_bytes(home),
    )


def _counts(connection: Connection, query: Select[Any]) -> dict[Any, int]:
    return {row[0]: row[1] for row in connection.execute(query)}


def _sources(connection: Connection) -> Iterator[SourceState]:
    files = select(func.count()).where(paths.c.source_id == sources.c.id).scalar_subquery()
    for row in connection.execute(select(sources, files.label("files")).order_by(sources.c.id)):
        yield SourceState(Path(os.fsdecode(row.root)), row.offline, row.scanned_at, row.files)


def _spaces(connection: Connection) -> Iterator[SpaceState]:
    held = select(func.count()).where(vectors.c.space_id == spaces.c.id).scalar_subquery()
    last = func.coalesce(generations.c.last_vector_id, 0)
    there = (vectors.c.space_id == spaces.c.id) & (vectors.c.id <= last)
    published = select(func.count()).select_from(vectors).where(there).correlate(spaces, generations).scalar_subquery()
    joined = spaces.outerjoin(generations, generations.c.id == spaces.c.generation_id)
    query = select(spaces, published.label("published"), held.label("held")).select_from(joined).order_by(spaces.c.id)
    for row in connection.execute(query):
        yield SpaceState(row.name, row.encoder, row.revision, row.dimension, row.live, row.held, row.published)


def _bytes(home: Path) -> dict[str, int]:
    catalog = layout.catalog(home)
    parts = [catalog.with_name(catalog.name + end) for end in ("", "-wal", "-shm")]
    published = [each for each in (home / layout.GENERATIONS).rglob("*") if each.is_file()]
    return {
        "catalog": sum(each.stat().st_size for each in parts if each.exists()),
        "generations": sum(each.stat().st_size for each in published),
    }


def skips(connection: Connection) -> list[Skip]:
    """Files that were left out, and steps of assets that failed, with their reasons; by path."""
    joined = paths.join(sources, sources.c.id == paths.c.source_id)
    left_out = select(sources.c.root, paths.c.relative, paths.c.skip_reason, paths.c.skip_detail)
    left_out = left_out.select_from(joined).where(paths.c.skip_reason.is_not(None))
    failed = select(sources.c.root, paths.c.relative, steps.c.reason, steps.c.detail)
    failed = failed.select_from(joined.join(steps, steps.c.asset_id == paths.c.asset_id)).where(
        steps.c.state == "failed"
    )
    rows = [*connection.execute(left_out), *connection.execute(failed)]
    found = [Skip(_path(root, relative), reason or "", detail or "") for root, relative, reason, detail in rows]
    return sorted(found, key=lambda each: os.fsencode(each.path))


def integrity(connection: Connection) -> str:
    """`ok`, or the first thing that is wrong with the catalog's file."""
    return str(connection.execute(text("PRAGMA quick_check(1)")).scalar_one())
