"""Values that a snapshot of the catalog hands out: assets, segments, vectors, spaces and the state of the library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import MEDIA, DateFrom, Kind, Medium, Segment, Space

Ids: TypeAlias = NDArray[np.int64]
Half: TypeAlias = NDArray[np.float16]
WordTable: TypeAlias = Literal["segment_words", "asset_words"]

MANY_IDS, CLOSE_IDS = 10_000, 16  # so many ids, among so many numbers for each, are found by a table

ROW = np.dtype([("vector", "<i8"), ("segment", "<i8"), ("asset", "<i8"), ("medium", "u1")])  # medium: place in MEDIA

Table: TypeAlias = tuple[NDArray[Any], Half]
"""Rows (n,) of ROW and their vectors (n, dimension)."""


def distinct(ids: NDArray[np.int64]) -> Ids:
    """The ids (any shape), each once, ascending (n,). As np.unique, which imports numpy.ma: 13 ms of a cold question."""
    ordered = np.sort(ids, axis=None)
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def contains(ascending: Ids, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask (n,) of `ids` (n,) that are among the ascending ones (m,).

    Of many ids that lie close together a table is asked: a tenth of the time of searching for each.
    """
    if not len(ascending):
        return np.zeros(len(ids), np.bool_)
    last = int(ascending[-1])
    if ascending[0] > 0 and len(ids) >= MANY_IDS and last < CLOSE_IDS * (len(ids) + len(ascending)):
        table = np.zeros(last + 2, np.bool_)
        table[ascending] = True
        return table.take(ids, mode="clip")  # the first and the last of the table are nobody's
    places = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.asarray(ascending[places] == ids)


def runs(ascending: Ids) -> tuple[Ids, Ids]:
    """The first (r,) and the last (r,) of each run of ids (n,) that follow each other without a gap."""
    breaks = np.flatnonzero(np.diff(ascending) != 1)
    if not len(ascending):
        return ascending, ascending
    return ascending[np.r_[0, breaks + 1]], ascending[np.r_[breaks, len(ascending) - 1]]


def media_of_rows(rows: NDArray[Any]) -> dict[int, Medium]:
    """The medium of each asset that has any of the rows (n,), whose dtype is ROW."""
    return {asset: MEDIA[code] for asset, code in zip(rows["asset"].tolist(), rows["medium"].tolist(), strict=True)}


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of the assets in order: the values (n,) that there are, ascending, and whose they are (n,)."""

    values: NDArray[Any]
    ids: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns that are kept while one state of the catalog is asked, by name. asked: all that were asked for."""

    held: dict[str, Column] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


# ---------------------------------------------------------------- spaces and vectors


@dataclass(frozen=True, slots=True)
class LiveSpace:
    """A space that answers, and the generation its pointer row names (None: not published yet).

    last_commit: the greatest commit number of the vectors that the generation holds.
    """

    id: int
    space: Space
    folder: str | None
    last_commit: int
    rows: int


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """The rows of one kind that an engine may find. media: places in MEDIA, all if empty; assets (n,): ascending ids, None
    for all; without (m,): ids of vectors that may not. rows, of: how many these are, and all; 0 before they are counted."""

    media: tuple[int, ...] = ()
    assets: Ids | None = None
    without: Ids = field(default_factory=lambda: np.empty(0, np.int64))
    rows: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class StoredVectors:
    """Vectors of the catalog: ids (n,), their segments (n,), frame times (n,) with -1 for none, data (n, dimension)."""

    ids: Ids
    segments: Ids
    at_ms: Ids
    data: Half

    def only(self, ids: Ids) -> StoredVectors:
        """Those of the vectors that have one of the ids (m,)."""
        return self._kept(contains(distinct(ids), self.ids))

    def of_segments(self, ids: Ids | Sequence[int]) -> StoredVectors:
        """Those of the segments with these ids (m,)."""
        return self._kept(contains(distinct(np.asarray(ids, np.int64)), self.segments))

    def _kept(self, kept: NDArray[np.bool_]) -> StoredVectors:
        return StoredVectors(self.ids[kept], self.segments[kept], self.at_ms[kept], self.data[kept])


# ---------------------------------------------------------------- full text


@dataclass(frozen=True, slots=True, eq=False)
class TextOwners:
    """Segments (n,) with texts, ascending, and their assets (n,); texts: how many there are in all; names: how many assets
    have names. legacy: words were folded by an older program."""

    segments: Ids
    assets: Ids
    texts: int
    names: int
    legacy: bool


@dataclass(frozen=True, slots=True, eq=False)
class TextMatches:
    """Texts of one full-text index that hold a phrase: rows (n,) of ROW, vector 0, of asset's texts segment 0, by
    ascending id; their BM25 scores (n,) float64 >= 0; and, by id, the folded texts that were wanted too."""

    rows: NDArray[Any]
    scores: NDArray[np.float64]
    texts: Mapping[int, str]


# ---------------------------------------------------------------- assets and segments


@dataclass(frozen=True, slots=True)
class StoredSegment:
    """A segment and where it belongs."""

    id: int
    asset_id: int
    key: str
    segment: Segment


@dataclass(frozen=True, slots=True, eq=False)
class Timed:
    """Segments of one kind that have a time: ids, assets (n,), spans (n, 2) ms; by asset, then by start."""

    ids: Ids
    assets: Ids
    spans: Ids


@dataclass(frozen=True, slots=True)
class Looks:
    """By asset: the fingerprint of what is one picture, no pages or animation; what the still and the film of a Live Photo
    share, and which of the two it is."""

    stills: Mapping[int, bytes]
    pairs: Mapping[int, tuple[str, Medium]]


@dataclass(frozen=True, slots=True, eq=False)
class StoredFingerprints:
    """Perceptual fingerprints by asset: assets and times (n,), the latter 0 for none; and their bytes."""

    assets: Ids
    at_ms: Ids
    raw: Sequence[bytes]

    @property
    def data(self) -> NDArray[np.uint8]:
        """(n, BYTES) of pictures."""
        return np.frombuffer(b"".join(self.raw), np.uint8).reshape(len(self.raw), -1)

    def words(self, row: int) -> NDArray[np.uint32]:
        """Words (n,) of 32 bits of the fingerprint of one sound."""
        return np.frombuffer(self.raw[row], "<u4").astype(np.uint32)


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset and where it was seen.

    paths: live ones first. offline: its sources are all away. leading: how many of the paths are as live as the first, and
    fit a glob that was asked for as it does.
    """

    id: int
    hash: str
    medium: Medium
    paths: tuple[Path, ...]
    offline: bool
    facts: Mapping[str, Any] = field(default_factory=dict)
    leading: int = 1

    @property
    def date(self) -> str | None:
        """Local date, ISO 8601, as precise as it is known."""
        return self.facts.get("date")

    @property
    def date_from(self) -> DateFrom | None:
        """What says the date; None where an older program read the file."""
        return self.facts.get("date_from")

    @property
    def taken_at(self) -> str | None:
        """The date where it is that of taking or recording, and the file itself says so."""
        return None if self.medium == "document" or self.date_from in ("name", "mtime") else self.date


@dataclass(frozen=True, slots=True)
class SeenAsset:
    """An asset by its content hash, where it was seen, live paths first, and the keywords in its EXIF, IPTC or XMP."""

    hash: str
    medium: Medium
    paths: tuple[Path, ...]
    keywords: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The first path."""
        return self.paths[0]


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
class RunState:
    """A run that is under way, or was killed. done, total: files of the step; rate: files a second; eta_s: seconds."""

    command: str
    pid: int
    since: str
    is_alive: bool
    step: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Facets:
    """Numbers of assets by value, the most frequent first; those without a value are left out.

    months: by local month ("2019-07", or "2019" where no more is known), in order. folders: files by the folder that they
    lie in, by path. places: latitude and longitude in degrees, to a tenth, and assets there. tags: None where not asked for.
    """

    total: int
    media: Mapping[str, int]
    months: Mapping[str, int]
    cameras: Mapping[str, int]
    languages: Mapping[str, int]
    folders: Mapping[str, int]
    places: tuple[tuple[float, float, int], ...]
    tags: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Contents of a library and pending work. bytes: of catalog and generations on disk.

    skipped: files that were left out; not_media: those of them that hold no medium. pending: files by step, of `read`
    also those that no run has come to yet. run: one that is under way or was killed.
    """

    home: Path
    profile: str
    created_at: str
    media: dict[Medium, int]
    segments: dict[Kind, int]
    pending: dict[str, int]
    skipped: int
    not_media: int
    sources: tuple[SourceState, ...]
    spaces: tuple[SpaceState, ...]
    bytes: dict[str, int]
    run: RunState | None = None
