"""What a reader holds of one space: the generation it pins, the vectors that came later, and those that went.

Immutable: a newer state is a new value, so threads that search with the old one are not disturbed. What came later
has a greater commit number than the last one seen; ids say nothing of order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import MEDIA, Kind, Medium, Vectors
from retrieval.domain.records import Ids, LiveSpace, Table, Within, contains
from retrieval.errors import LibraryDamaged
from retrieval.vectors import faiss_index
from retrieval.vectors.exact import ExactIndex
from retrieval.vectors.generation import EnginePart, Generation, Part
from retrieval.vectors.store import store_of

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

LARGEST_TABLE = 1 << 24  # the greatest id of an asset up to which a scope is kept as a table, of a byte for each
INDEXED_FRESH = 4_000  # more fresh rows than this are indexed in memory


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What may be found. media: all if empty; assets: ascending ids, or None for all.

    table: (n,) by id whether an asset is one of them, where it is kept for several looks; ids beyond it are not.
    """

    media: frozenset[Medium] = frozenset()
    assets: Ids | None = None
    table: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, media: frozenset[Medium], assets: Ids | None) -> Self:
        """The scope of a question that is asked of several parts."""
        if assets is None or not len(assets) or assets[0] < 1 or assets[-1] > LARGEST_TABLE:
            return cls(media, assets)
        table = np.zeros(int(assets[-1]) + 2, np.bool_)
        table[assets] = True
        return cls(media, assets, table)

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.media and self.assets is None

    def holds(self, asset: int, medium: Medium) -> bool:
        """Whether an asset of that medium may be found."""
        if self.media and medium not in self.media:
            return False
        return self.assets is None or bool(contains(self.assets, np.array([asset]))[0])

    def within(self, without: Ids) -> Within:
        """The same for an engine. without: ids (n,) of vectors that may not be found."""
        return Within(tuple(sorted(MEDIA.index(medium) for medium in self.media)), self.assets, without)

    def owners(self, assets: Ids) -> NDArray[np.bool_]:
        """(n,) mask over assets (n,), whatever their media, where not all are allowed."""
        assert self.assets is not None
        if self.table is None:
            return contains(self.assets, assets)
        return self.table.take(assets, mode="clip")  # the first and the last of the table are nobody's

    def rows(self, rows: NDArray[Any], assets: Ids | None = None) -> NDArray[np.bool_] | None:
        """(n,) mask over rows of a part; None where all are allowed. assets (n,): theirs, where they lie side by side."""
        mask: NDArray[np.bool_] | None = None
        if self.media:
            wanted = np.zeros(256, np.bool_)
            wanted[[MEDIA.index(medium) for medium in self.media]] = True
            mask = wanted[rows["medium"]]
        if self.assets is not None:
            fits = self.owners(rows["asset"] if assets is None else assets)
            mask = fits if mask is None else mask & fits
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Nearest rows of one kind: approximate scores (q, n), rows (q, n) of ROW with vector 0 for an empty slot.

    count: rows that were allowed. complete: none of them was left out.
    """

    scores: Vectors
    rows: NDArray[Any]
    count: int
    complete: bool


_Found: TypeAlias = tuple[Vectors, NDArray[Any], int]
"""Of one part: scores (q, n), rows (q, n) and the number of rows that were allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class SpaceSnapshot:
    """One space as it was when it was read, see retrieval.protocols.VectorSpace.

    alive: for each part the rows that still are; absent: all.
    seen: the last commit number then.
    """

    live: LiveSpace
    generation: Generation | None
    fresh: Mapping[Kind, Part]
    masked: Ids
    seen: int
    warnings: tuple[str, ...] = ()
    tables: Mapping[Kind, Table] = field(default_factory=dict)
    alive: Mapping[tuple[str, Kind], NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def is_exact(self) -> bool:
        """Whether no published index is asked."""
        return self.generation is None

    def kinds(self) -> set[Kind]:
        """Kinds of segment that have vectors here."""
        return set(self.fresh) | (set(self.generation.parts) if self.generation else set())

    def compared(self, kind: Kind) -> int:
        """Rows of a kind that this process itself looks through."""
        return sum(len(part) for _, part in self._parts(kind) if isinstance(part, Part))

    def nearest(self, kind: Kind, queries: Vectors, k: int, allowed: Scope) -> Neighbours:
        """The k best rows of one kind for each query (q, dimension), over all parts."""
        found = [self._part(name, kind, part, queries, k, allowed) for name, part in self._parts(kind)]
        scores = np.concatenate([each[0] for each in found], axis=1)
        rows = np.concatenate([each[1] for each in found], axis=1)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        count = sum(each[2] for each in found)
        return Neighbours(
            np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1), count, complete=count <= k
        )

    def _parts(self, kind: Kind) -> list[tuple[str, Part | EnginePart]]:
        parts: list[tuple[str, Part | EnginePart | None]] = [
            ("generation", self.generation.parts.get(kind) if self.generation else None),
            ("fresh", self.fresh.get(kind)),
        ]
        return [(name, part) for name, part in parts if part is not None]

    def _part(self, name: str, kind: Kind, part: Part | EnginePart, queries: Vectors, k: int, allowed: Scope) -> _Found:
        if isinstance(part, EnginePart):
            return part.nearest(queries, k, allowed.within(self.masked))
        mask = _both(
            self.alive.get((name, kind)), allowed.rows(part.rows, None if allowed.assets is None else part.assets)
        )
        k = min(k, len(part.rows))
        scores, places = part.index.search(queries, k, mask)
        rows = np.where(places < 0, np.zeros(1, part.rows.dtype), part.rows[np.maximum(places, 0)])
        count = len(part.rows) if mask is None else int(np.count_nonzero(mask))
        return scores, rows, count


def _both(one: NDArray[np.bool_] | None, other: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    return other if one is None else one if other is None else one & other


def open_space(snapshot: Snapshot, home: Path, live: LiveSpace, *, distrust: Collection[str] = ()) -> SpaceSnapshot:
    """The present state of a space. Generations in `distrust` (folder names), missing or damaged ones are not used:
    all their vectors are then fresh, so answers stay exact, with a warning."""
    generation = None
    warnings: tuple[str, ...] = ()
    if live.folder is not None:
        try:
            generation = _trusted(home, live, live.folder, distrust)
        except LibraryDamaged as error:
            warnings = (f"{error.what}; answers come from the catalog, which is slower ({error.hint})",)
    seen = live.last_commit if generation else 0
    empty = SpaceSnapshot(live, generation, {}, np.empty(0, np.int64), seen, warnings)
    return refresh_space(snapshot, empty)


def _trusted(home: Path, live: LiveSpace, folder: str, distrust: Collection[str]) -> Generation:
    if folder in distrust:
        raise LibraryDamaged(f"the index of {live.space.name} does not fit the catalog", "crossmedia rebuild")
    generation = store_of(home).open(folder, live.space.dimension)
    if generation.rows != live.rows:
        what = f"the index {folder} holds {generation.rows:,} rows instead of {live.rows:,}"
        raise LibraryDamaged(what, "crossmedia rebuild")
    return generation


def refresh_space(snapshot: Snapshot, old: SpaceSnapshot) -> SpaceSnapshot:
    """The same generation with what was added and deleted since."""
    newest = snapshot.vectors.last_commit()
    tables = dict(old.tables)
    if newest > old.seen:
        dimension = old.live.space.dimension
        added = snapshot.vectors.between(old.live.id, dimension, old.seen, None)
        for kind, table in added.items():
            tables[kind] = _joined(tables[kind], table) if kind in tables else table
    changed = {kind for kind in tables if tables[kind] is not old.tables.get(kind)}
    fresh = {kind: _part(tables[kind]) if kind in changed else old.fresh[kind] for kind in tables}
    masked = snapshot.vectors.masked(old.live.id)
    state = replace(old, tables=tables, fresh=fresh, seen=max(newest, old.seen), masked=masked, alive={})
    return replace(state, alive=_alive(state))


def _joined(old: Table, new: Table) -> Table:
    return np.concatenate([old[0], new[0]]), np.concatenate([old[1], new[1]])


def _part(table: Table) -> Part:
    """Fresh rows, ready to be searched."""
    rows, vectors = table
    many = len(rows) > INDEXED_FRESH and faiss_index.has_faiss()
    return Part(faiss_index.build(vectors, flat_rows=len(vectors)) if many else ExactIndex(vectors), rows)


def _alive(state: SpaceSnapshot) -> dict[tuple[str, Kind], NDArray[np.bool_]]:
    """Masks of the parts that hold deleted vectors."""
    found = {}
    for kind in state.kinds() if len(state.masked) else ():
        for name, part in state._parts(kind):
            if isinstance(part, EnginePart):
                continue  # which leaves them out by itself
            gone = contains(state.masked, part.rows["vector"])
            if gone.any():
                found[name, kind] = ~gone
    return found
