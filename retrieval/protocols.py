"""The seams of the query side, each with a device, network, disk or second real form behind it: arrays and values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import InputSpec, Kind, Medium, Modality, Segment, Skip, Space, Vectors
from retrieval.domain.query import Filters
from retrieval.domain.records import (
    Columns,
    Facets,
    Half,
    Ids,
    LiveSpace,
    Looks,
    SeenAsset,
    Status,
    StoredAsset,
    StoredFingerprints,
    StoredSegment,
    StoredVectors,
    Table,
    TextMatches,
    TextOwners,
    Timed,
    Within,
    WordTable,
)

if TYPE_CHECKING:
    from retrieval.encoders.calibration import CohortCalibration, SceneCalibration
    from retrieval.encoders.registry import DefaultCalibration
    from retrieval.vectors.space import Neighbours, Scope

SpaceName: TypeAlias = str
"""What a profile calls one of its spaces, as retrieval.kinds has it: "shared", "sentence"."""

Direction: TypeAlias = str
"""Modality of a question and what it meets, as "text-image" or "text-speech": what is calibrated together."""


@runtime_checkable
class Encoder(Protocol):
    """Turns items of one modality into one space."""

    @property
    def space(self) -> Space:
        """The space that all vectors of this encoder live in."""

    @property
    def accepts(self) -> Modality:
        """`text`: str items; `image`: uint8 (h, w, 3) items; `sound`: float32 (n,) items."""

    @property
    def form(self) -> InputSpec:
        """The shape that image or sound items must have; None for text."""

    def encode(self, items: Sequence[Any]) -> Vectors:
        """(n, dimension) float32, unit rows, in the order of `items`; (0, dimension) for none."""


@runtime_checkable
class Expecting(Protocol):
    """An encoder that works otherwise where many items come."""

    def expect(self, count: int) -> None:
        """About so many items are to come, beside those that came before."""


@runtime_checkable
class VectorIndex(Protocol):
    """Finds nearest rows by inner product."""

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k) float32, best first, and row numbers (q, k) int64.

        `allowed`: (rows,) mask of rows that may be found. Slots without a row hold -inf and -1.
        """


class VectorEngine(Protocol):
    """A database of vectors: generations, each a set of kinds of segment, written once and then asked.

    Raises in each method: LibraryError where it cannot be reached; IndexMismatch where the generation is gone.
    """

    def kinds(self, generation: str, dimension: int) -> dict[Kind, int]:
        """Rows of each kind of a generation; none where it is not there. Raises: LibraryDamaged for another dimension."""

    def nearest(
        self, generation: str, kind: Kind, queries: Vectors, k: int, within: Within
    ) -> tuple[Vectors, NDArray[Any]]:
        """Scores (q, k) float32, -inf for an empty slot, and rows (q, k) of ROW, vector 0 there; in any order."""

    def count(self, generation: str, kind: Kind, within: Within) -> int:
        """Rows of a kind that are in scope."""

    def write(self, generation: str, kind: Kind, rows: NDArray[Any], vectors: Half) -> None:
        """Adds a kind: rows (n,), dtype ROW, and finite unit vectors (n, dimension), n > 0; all are found then."""

    def generations(self) -> set[str]:
        """All that are there, whole or not."""

    def drop(self, generation: str) -> None:
        """Deletes what there is of a generation."""


class VectorSpace(Protocol):
    """One space of a library as of one of its states: what lies nearest, by kind. Scores may be approximate, as those of a
    published index are; a search scores again by SpaceVectors and distrusts an index whose scores differ."""

    @property
    def live(self) -> LiveSpace:
        """Its id in the catalog, its encoder and dimension, and the folder of its index."""

    @property
    def is_exact(self) -> bool:
        """Whether its scores are the catalog's, so that there is nothing to distrust."""

    def kinds(self) -> set[Kind]:
        """Kinds of segment that have vectors in it."""

    def compared(self, kind: Kind) -> int:
        """Rows of a kind that this process itself looks through; an engine's do not count."""

    def nearest(self, kind: Kind, queries: Vectors, k: int, allowed: Scope) -> Neighbours:
        """The k best rows of a kind for each of the queries (q, dimension) float32, unit rows, inside a scope."""


@runtime_checkable
class Transcriber(Protocol):
    """Turns speech into timed text in the language spoken."""

    @property
    def revision(self) -> str:
        """Name and version of the weights, kept with every transcript."""

    def transcribe(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[Segment]:
        """Speech segments in time order. `chunks`: consecutive mono samples (n,) at 16 kHz in -1..1, any lengths.

        Memory does not grow with the length of the recording. Silence, noise and music give nothing.
        """


@runtime_checkable
class BatchTranscriber(Transcriber, Protocol):
    """A `Transcriber` that works faster on several recordings than on one."""

    def transcribe_each(self, recordings: Iterable[Iterable[NDArray[np.float32]]]) -> Iterator[list[Segment]]:
        """The segments of each recording, in order. Each is samples (n,) as of `transcribe`, read ahead of the results."""


class Profile(Protocol):
    """A named set of encoders and a transcriber, each loaded when it is first asked for. Safe from several threads."""

    @property
    def name(self) -> str:
        """As a library records it."""

    @property
    def spaces(self) -> tuple[SpaceName, ...]:
        """The names of its spaces; those of retrieval.kinds that are missing are not searched."""

    def modalities(self, role: SpaceName) -> frozenset[Modality]:
        """The modalities that can be brought into that space."""

    def encoder(self, role: SpaceName, modality: Modality) -> Encoder:
        """The encoder of one modality into one space.

        Raises:
            EncoderUnavailable: there is none, or its files are not on this machine.
            SpaceMismatch: its files are not those that were recorded.
        """

    def space(self, role: SpaceName) -> Space:
        """The space of that name, without loading weights. Raises: as `encoder`."""

    def transcriber(self) -> Transcriber:
        """Raises: EncoderUnavailable where no weights are on this machine."""

    def prior(self, direction: Direction) -> DefaultCalibration:
        """The calibration of that direction while a library knows no better."""

    def background(self, direction: Direction) -> CohortCalibration | SceneCalibration | None:
        """The calibration against a cohort that was measured for that direction; None: the prior counts."""


# ---------------------------------------------------------------- the catalog, read


class Assets(Protocol):
    """Assets and their paths. Ids that are not there are left out of every result."""

    def by_id(self, ids: Iterable[int], glob: str | None = None) -> dict[int, StoredAsset]:
        """Assets by id. glob: of the paths of one asset, those that fit it come first."""

    def with_hash(self, digest: bytes) -> int | None:
        """The asset with this content (BLAKE2b-256, 32 bytes)."""

    def with_key(self, key: str) -> int | None:
        """The asset whose hash, in lower-case hex, is or begins with `key` (8..64 characters), if it is the only one."""

    def at(self, path: Path) -> int | None:
        """The asset that was seen at this absolute path, or at the place where its folder really is."""

    def called(self, end: Path) -> list[tuple[int, Path]]:
        """Assets with the paths that end in `end`, a relative one of whole parts, by path."""

    def media(self, asset_ids: Iterable[int]) -> dict[int, Medium]:
        """The medium of each asset."""

    def with_copies(self, medium: Medium) -> list[int]:
        """Assets of a medium that were seen at more than one path, ascending."""

    def seen(self) -> dict[str, SeenAsset]:
        """Every asset that was seen, by its content hash in hex."""


class Segments(Protocol):
    """Segments of assets. Ids that are not there are left out of every result."""

    def by_id(self, ids: Iterable[int], first_of: Iterable[int] = ()) -> dict[int, StoredSegment]:
        """Segments by id, and with them the first segment of each of some assets."""

    def of_asset(self, asset: int) -> list[StoredSegment]:
        """All segments of an asset, by start."""

    def first(self, asset_ids: Iterable[int]) -> dict[int, StoredSegment]:
        """The first segment of each asset that has any."""

    def with_key(self, key: str) -> StoredSegment | None:
        """The segment with that public id."""

    def with_keys(self, keys: Iterable[str]) -> dict[str, StoredSegment]:
        """Segments by their public ids."""

    def timed(self, asset_ids: Iterable[int]) -> dict[Kind, Timed]:
        """All segments of these assets that have a time, by kind."""


class Fingerprints(Protocol):
    """Perceptual fingerprints."""

    def of_medium(self, medium: Medium, asset: int | None = None) -> StoredFingerprints:
        """Fingerprints of all assets of a medium, or of one, by ascending asset."""

    def looks(self, asset_ids: Iterable[int]) -> Looks:
        """What tells that some of these assets are one picture, or the two halves of a Live Photo."""

    def halves(self, asset_ids: Iterable[int]) -> Looks:
        """As `looks`, without the pictures."""


class SpaceVectors(Protocol):
    """Spaces and their vectors: float16, unit length."""

    def live_spaces(self) -> list[LiveSpace]:
        """Every space that searches ask, oldest first."""

    def between(self, space: int, dimension: int, after: int, last: int | None) -> dict[Kind, Table]:
        """Vectors of a space with after < commit number <= last (None: no end), by kind; by commit number, then by id."""

    def last_commit(self) -> int:
        """The greatest commit number; all vectors that will come have a greater one. 0 where there were none yet."""

    def came(self, keys: Iterable[str], after: int, last: int) -> set[str]:
        """Those of these segments, by their public ids, that have a vector with after < commit number <= last."""

    def masked(self, space: int) -> Ids:
        """(n,) ids of published vectors of a space that were deleted since, ascending."""

    def by_id(self, ids: Iterable[int], dimensions: Iterable[int]) -> dict[int, StoredVectors]:
        """The vectors with these ids that there are, by their dimension, then by ascending id."""

    def of_segments(self, spaces: Mapping[int, int], ids: Iterable[int]) -> dict[int, StoredVectors]:
        """All vectors that these segments have in each space, given with its dimension, by ascending id."""


class FullText(Protocol):
    """The full-text indexes: of segments' texts, and of assets' names and tags."""

    def owners(self, after: int = 0) -> TextOwners:
        """The assets of all segments with a text and an id greater than `after`."""

    def vocabulary(self, beginnings: Sequence[str]) -> list[list[str]]:
        """For each beginning the words of both indexes that have it, in order."""

    def postings(self, wanted: Sequence[tuple[WordTable, Sequence[str], int]]) -> list[Ids]:
        """For each (table, tokens, limit) the ids (n,), n <= limit, of texts that hold the tokens in order, ascending."""

    def matches(
        self,
        phrases: Sequence[Sequence[str]],
        ids: Mapping[WordTable, Ids],
        kinds: Sequence[Kind] | None = None,
        read: Mapping[WordTable, Ids] = ...,
    ) -> dict[WordTable, TextMatches]:
        """Of the texts with these ids (n,) in each index those that hold any of the phrases (tokens each).

        kinds: segments' texts of these kinds alone. read: ids (m,) of texts that are wanted themselves; default none.
        """

    def texts(self, ids: Mapping[WordTable, Ids]) -> dict[WordTable, dict[int, str]]:
        """The folded texts with these ids (n,) in each index."""


class AssetFilters(Protocol):
    """Assets that fulfil filters."""

    def assets(self, filters: Filters, columns: Columns | None = None) -> Ids | None:
        """(n,) ids of assets that fulfil the filters but for their media, ascending; None where only media are asked."""

    def any(self, filters: Filters) -> bool:
        """Whether an asset that was seen fulfils the filters."""

    def by_date(self, filters: Filters) -> list[int]:
        """Ids of assets that fulfil the filters, newest first, those without a date last."""


class FacetCounts(Protocol):
    """Counts of assets by what can be filtered."""

    def counts(self, ids: Iterable[int] | None = None) -> Facets:
        """Assets that were seen, of all or of these ids, by each facet but tags."""

    def segments_of(self, kinds: Iterable[Kind], ids: Iterable[int] | None = None) -> dict[int, tuple[Kind, int]]:
        """Segments of these kinds, of all assets or of those with these ids: kind and asset by the segment's id."""


class LibraryStatus(Protocol):
    """The library as a whole."""

    def facts(self) -> dict[str, str]:
        """Facts about the library itself: profile, created_at, ..."""

    def roots(self) -> list[Path]:
        """The folders that the library follows."""

    def report(self, home: Path) -> Status:
        """Counts of everything. home: the library's folder."""

    def skips(self) -> list[Skip]:
        """Files that were left out, and steps that failed, with their reasons; by path."""


class Snapshot(Protocol):
    """One state of the catalog, unchanged by a writer's commits."""

    @property
    def assets(self) -> Assets:
        """Assets and their paths."""

    @property
    def segments(self) -> Segments:
        """Segments of assets."""

    @property
    def fingerprints(self) -> Fingerprints:
        """Perceptual fingerprints."""

    @property
    def vectors(self) -> SpaceVectors:
        """Spaces and vectors."""

    @property
    def fulltext(self) -> FullText:
        """Full-text indexes."""

    @property
    def filters(self) -> AssetFilters:
        """Filters."""

    @property
    def facets(self) -> FacetCounts:
        """Counts by what can be filtered."""

    @property
    def status(self) -> LibraryStatus:
        """Facts and counts."""


class Catalog(Protocol):
    """The catalog of a library, opened for reading."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The present state, until the block ends; several threads may hold one each."""

    def version(self) -> int:
        """A number that differs from the last one if a writer has committed in between; one thread at a time."""

    def close(self) -> None:
        """Closes all connections."""
