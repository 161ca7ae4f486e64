"""retrieval.vectors.space: a published generation, what came later and what went, searched as one.

The contract of everything that keeps generations: folders, PostgreSQL with pgvector, Milvus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from retrieval.catalog import layout
from retrieval.domain.media import MEDIA, Kind, Medium, Space
from retrieval.domain.records import ROW, Ids, LiveSpace, Table
from retrieval.errors import IndexMismatch
from retrieval.protocols import Snapshot
from retrieval.vectors import faiss_index, space
from retrieval.vectors.exact import ExactIndex
from retrieval.vectors.space import Neighbours, Scope, SpaceSnapshot, contains, open_space, refresh_space
from retrieval.vectors.store import LocalStore, store_of
from tests.scale import milvus
from tests.scale.postgresql import settings

SPACE_ID, DIMENSION = 3, 2
ALL = Scope()


@dataclass
class Catalog:
    """Vectors of one space in memory, as a snapshot of the catalog hands them out."""

    rows: list[tuple[Kind, tuple[int, int, int, int], float]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)

    @property
    def vectors(self) -> Catalog:
        return self

    def add(self, kind: Kind, degrees: float, *, asset: int = 1, medium: Medium = "image") -> int:
        """Adds a unit vector of that direction; its id and commit number are the next ones, its segment's id a
        hundred times that."""
        new = len(self.rows) + 1
        self.rows.append((kind, (new, 100 * new, asset, MEDIA.index(medium)), degrees))
        return new

    def last_commit(self) -> int:
        return len(self.rows)

    def between(self, space: int, dimension: int, after: int, last: int | None) -> dict[Kind, Table]:
        assert (space, dimension) == (SPACE_ID, DIMENSION)
        asked = self.rows[after:last]
        tables = {}
        for kind in {each[0] for each in asked}:
            chosen = [each for each in asked if each[0] == kind]
            rows = np.array([each[1] for each in chosen], ROW)
            tables[kind] = rows, directions(*(each[2] for each in chosen)).astype(np.float16)
        return tables

    def masked(self, space: int) -> Ids:
        assert space == SPACE_ID
        return np.array(sorted(self.deleted), np.int64)


def directions(*degrees: float) -> Any:
    """(n, 2) unit vectors."""
    angles = np.deg2rad(np.array(degrees, np.float64))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def snapshot(catalog: Catalog) -> Snapshot:
    return cast(Snapshot, catalog)


def live(catalog: Catalog, folder: str | None) -> LiveSpace:
    """The space, with its pointer at a generation of all that the catalog holds."""
    last = catalog.last_commit() if folder else 0
    return LiveSpace(SPACE_ID, Space("shared", "fake", "1", DIMENSION), folder, last, last)


Publish = Callable[[Catalog], LiveSpace]


@pytest.fixture(params=["local", "pgvector", "milvus"])
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Publish]:
    """Writes a generation of a catalog where a library keeps them. Without FAISS, so that scores are exact."""
    monkeypatch.setattr(faiss_index, "has_faiss", lambda: False)
    if request.param == "pgvector":
        server = request.getfixturevalue("server")
        settings(tmp_path, server.library(tmp_path), "pgvector")
    elif request.param == "milvus":
        if not milvus.is_installed():
            pytest.skip(milvus.ABSENT)
        settings(tmp_path, None, f"milvus://{tmp_path}/milvus.db")

    def write(catalog: Catalog) -> LiveSpace:
        store = store_of(tmp_path)
        name = store.new_name(1)
        tables = catalog.between(SPACE_ID, DIMENSION, 0, None)
        store.write(name, DIMENSION, [(kind, *table) for kind, table in tables.items()])
        return live(catalog, name)

    yield write
    if request.param == "milvus":
        milvus.release()


def nearest(state: SpaceSnapshot, degrees: float, k: int = 10, scope: Scope = ALL, kind: Kind = "image") -> list[int]:
    """Vector ids of the k nearest, 0 for an empty slot."""
    return [int(each) for each in state.nearest(kind, directions(degrees), k, scope).rows["vector"][0]]


# ---------------------------------------------------------------- order


def test_nearest_are_ordered_over_generation_and_delta(publish: Publish, tmp_path: Path) -> None:
    """Best first whichever part they lie in, each with its own row and score, for each question of its own."""
    catalog = Catalog()
    for degrees in (0, 40, 80):
        catalog.add("image", degrees, asset=7)
    pointer = publish(catalog)
    for degrees in (20, 60):
        catalog.add("image", degrees, asset=8, medium="video")
    state = open_space(snapshot(catalog), tmp_path, pointer)
    found = state.nearest("image", directions(1, 61), 4, ALL)
    assert found.rows["vector"].tolist() == [[1, 4, 2, 5], [5, 3, 2, 4]]
    assert found.rows["segment"].tolist() == [[100, 400, 200, 500], [500, 300, 200, 400]]
    assert found.rows["asset"][0].tolist() == [7, 8, 7, 8]
    assert found.rows["medium"][0].tolist() == [MEDIA.index(each) for each in ("image", "video", "image", "video")]
    expected = np.cos(np.deg2rad([[1, 19, 39, 59], [1, 19, 21, 41]]))
    assert np.abs(found.scores - expected).max() < 1e-3
    assert (found.count, found.complete) == (5, False)
    assert nearest(state, 1, 2) == [1, 4]


def test_ties_keep_the_order_of_ids(publish: Publish, tmp_path: Path) -> None:
    """What was published is older than the delta, and comes first."""
    catalog = Catalog()
    for _ in range(3):
        catalog.add("image", 30)
    pointer = publish(catalog)
    for _ in range(3):
        catalog.add("image", 30)
    state = open_space(snapshot(catalog), tmp_path, pointer)
    assert nearest(state, 50) == [1, 2, 3, 4, 5, 6]
    assert nearest(state, 50, 4) == [1, 2, 3, 4]


def test_a_search_knows_whether_it_saw_all(publish: Publish, tmp_path: Path) -> None:
    """Complete: no row that is allowed was left out, neither by a part nor where the parts are joined."""
    catalog = Catalog()
    for degrees in (0, 10, 20):
        catalog.add("image", degrees)
    pointer = publish(catalog)
    catalog.add("image", 30)
    state = open_space(snapshot(catalog), tmp_path, pointer)
    by_k = [state.nearest("image", directions(0), k, ALL).complete for k in (1, 2, 3, 4, 9)]
    assert by_k == [False, False, False, True, True]
    first = state.nearest("image", directions(0), 1, Scope(assets=np.array([5])))
    assert (first.count, first.complete) == (0, True)


def test_kinds_are_those_of_all_parts_and_are_searched_apart(publish: Publish, tmp_path: Path) -> None:
    """A kind may lie in the generation, in the delta, or in both."""
    catalog = Catalog()
    catalog.add("image", 0)
    catalog.add("shot", 5)
    pointer = publish(catalog)
    catalog.add("shot", 0)
    catalog.add("sound", 0)
    state = open_space(snapshot(catalog), tmp_path, pointer)
    assert state.kinds() == {"image", "shot", "sound"}
    assert [nearest(state, 0, kind=kind) for kind in ("image", "shot", "sound")] == [[1], [3, 2], [4]]
    assert open_space(snapshot(Catalog()), tmp_path, live(Catalog(), None)).kinds() == set()


# ---------------------------------------------------------------- delta


def test_the_delta_is_what_came_after_the_generation(publish: Publish, tmp_path: Path) -> None:
    """No vector is held twice, none is missing, and a state that was read stays as it was."""
    catalog = Catalog()
    catalog.add("image", 0)
    catalog.add("image", 10)
    pointer = publish(catalog)
    first = open_space(snapshot(catalog), tmp_path, pointer)
    assert (dict(first.fresh), first.seen) == ({}, 2)
    catalog.add("image", 20)
    catalog.add("shot", 0)
    second = refresh_space(snapshot(catalog), first)
    catalog.add("image", 30)
    third = refresh_space(snapshot(catalog), second)
    assert [nearest(each, 0) for each in (first, second, third)] == [[1, 2], [1, 2, 3], [1, 2, 3, 5]]
    assert third.fresh["image"].rows["vector"].tolist() == [3, 5]
    assert (second.seen, third.seen) == (4, 5)
    assert third.fresh["shot"] is second.fresh["shot"]
    assert third.generation is first.generation


def test_without_a_generation_all_is_delta(tmp_path: Path) -> None:
    """A space that was never published answers as well, without a warning."""
    catalog = Catalog()
    catalog.add("image", 0)
    catalog.add("image", 90)
    state = open_space(snapshot(catalog), tmp_path, live(catalog, None))
    assert nearest(state, 80) == [2, 1]
    assert (state.warnings, state.generation) == ((), None)


def test_a_large_delta_is_indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And finds the same; a small one is searched exactly."""
    pytest.importorskip("faiss")
    monkeypatch.setattr(space, "INDEXED_FRESH", 3)
    catalog = Catalog()
    for degrees in (0, 30, 60):
        catalog.add("image", degrees)
    small = open_space(snapshot(catalog), tmp_path, live(catalog, None))
    assert isinstance(small.fresh["image"].index, ExactIndex)
    catalog.add("image", 90)
    large = refresh_space(snapshot(catalog), small)
    assert isinstance(large.fresh["image"].index, faiss_index.FaissIndex)
    assert nearest(large, 80) == [4, 3, 2, 1]


# ---------------------------------------------------------------- tombstones


def test_deleted_vectors_are_not_found_in_any_part(publish: Publish, tmp_path: Path) -> None:
    """They take no place in a short list, and are not counted; other parts are searched without a mask."""
    catalog = Catalog()
    for degrees in (0, 10, 20):
        catalog.add("image", degrees)
    catalog.add("shot", 0)
    pointer = publish(catalog)
    catalog.add("image", 30)
    catalog.add("image", 40)
    before = open_space(snapshot(catalog), tmp_path, pointer)
    catalog.deleted += [5, 1]
    after = refresh_space(snapshot(catalog), before)
    assert nearest(before, 0, 2) == [1, 2]
    assert nearest(after, 0, 2) == [2, 3]
    assert [each for each in nearest(after, 0) if each] == [2, 3, 6]
    found = after.nearest("image", directions(0), 10, ALL)
    assert (found.count, found.complete) == (3, True)
    asked = {("generation", "image")} if isinstance(store_of(tmp_path), LocalStore) else set()
    assert set(after.alive) == {*asked, ("fresh", "image")}
    catalog.deleted.clear()  # they were of a generation that is gone
    assert nearest(refresh_space(snapshot(catalog), after), 0, 2) == [1, 2]


def test_an_empty_slot_has_no_vector_and_the_least_score(publish: Publish, tmp_path: Path) -> None:
    """Where all rows of a part are gone, the other part's come first."""
    catalog = Catalog()
    catalog.add("image", 0)
    pointer = publish(catalog)
    catalog.add("image", 170)
    catalog.deleted.append(1)
    found = open_space(snapshot(catalog), tmp_path, pointer).nearest("image", directions(0), 5, ALL)
    assert found.rows[0].tolist() == [(2, 200, 1, MEDIA.index("image")), (0, 0, 0, 0)]
    assert np.isneginf(found.scores[0, 1])


# ---------------------------------------------------------------- scope


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), [1, 2, 3, 4]),
        (Scope(frozenset({"video"})), [2, 4]),
        (Scope(frozenset({"image", "video"})), [1, 2, 3, 4]),
        (Scope(frozenset({"audio"})), []),
        (Scope(assets=np.array([5, 8])), [1, 3, 4]),
        (Scope(assets=np.array([], np.int64)), []),
        (Scope(frozenset({"video"}), np.array([5, 8])), [4]),
        (Scope.of(frozenset(), np.array([5, 6])), [1, 2, 3]),
        (Scope.of(frozenset({"video"}), np.array([5, 8])), [4]),
        (Scope.of(frozenset({"image"}), None), [1, 3]),
        (Scope.of(frozenset(), np.array([], np.int64)), []),
    ],
)
def test_a_scope_is_a_filter_before_the_search(
    publish: Publish, tmp_path: Path, scope: Scope, expected: list[int]
) -> None:
    """In both parts: all that is allowed is found, however near what is not; media and assets must both fit."""
    catalog = Catalog()
    catalog.add("image", 40, asset=5, medium="image")
    catalog.add("image", 30, asset=6, medium="video")
    pointer = publish(catalog)
    catalog.add("image", 20, asset=5, medium="image")
    catalog.add("image", 10, asset=8, medium="video")
    state = open_space(snapshot(catalog), tmp_path, pointer)
    found: Neighbours = state.nearest("image", directions(0), 4, scope)
    assert sorted(each for each in found.rows["vector"][0].tolist() if each) == expected
    assert found.count == len(expected)
    held = [row[1][0] for row in catalog.rows if scope.holds(row[1][2], MEDIA[row[1][3]])]
    assert held == expected
    assert nearest(state, 0, 1, scope) == ([expected[-1]] if expected else [0])
    assert scope.everything == (scope.media == frozenset() and scope.assets is None)


def test_a_scope_and_tombstones_hold_together(publish: Publish, tmp_path: Path) -> None:
    """A row must be alive and allowed."""
    catalog = Catalog()
    for degrees, asset in ((0, 5), (10, 5), (20, 6)):
        catalog.add("image", degrees, asset=asset)
    pointer = publish(catalog)
    catalog.deleted.append(1)
    state = open_space(snapshot(catalog), tmp_path, pointer)
    found = state.nearest("image", directions(0), 3, Scope(assets=np.array([5])))
    assert (found.rows["vector"].tolist(), found.count) == ([[2, 0, 0]], 1)


def test_ids_are_looked_up_among_ascending_ones() -> None:
    """Below, between, beside and above them."""
    among = contains(np.array([2, 5, 9]), np.array([1, 2, 3, 5, 9, 10]))
    assert among.tolist() == [False, True, False, True, True, False]
    assert contains(np.array([], np.int64), np.array([1, 2])).tolist() == [False, False]


# ---------------------------------------------------------------- distrust


@pytest.mark.parametrize("harm", ["distrusted", "missing", "short"])
def test_without_a_trusted_generation_answers_are_the_same_with_a_warning(
    publish: Publish, tmp_path: Path, harm: str
) -> None:
    """All vectors are then read from the catalog; the warning says what to do."""
    catalog = Catalog()
    for degrees in (0, 40, 80):
        catalog.add("image", degrees)
    pointer = publish(catalog)
    catalog.add("image", 20)
    whole = open_space(snapshot(catalog), tmp_path, pointer, distrust=["000009"])
    assert (whole.warnings, whole.generation is None) == ((), False)
    store, name = store_of(tmp_path), str(pointer.folder)
    if harm == "missing":
        store.delete(name)
    elif harm == "short" and isinstance(store, LocalStore):
        file = layout.generation(tmp_path, name) / "image.rows.npy"
        file.write_bytes(file.read_bytes()[:-1])
    elif harm == "short":
        pointer = replace(pointer, rows=pointer.rows + 1)
    state = open_space(snapshot(catalog), tmp_path, pointer, distrust=[name] if harm == "distrusted" else [])
    assert state.generation is None
    assert state.fresh["image"].rows["vector"].tolist() == [1, 2, 3, 4]
    (warning,) = state.warnings
    assert "answers come from the catalog" in warning
    assert "crossmedia rebuild" in warning
    other = state.nearest("image", directions(50), 4, ALL)
    assert other.rows["vector"].tolist() == [[2, 3, 4, 1]]
    if harm == "missing" and not isinstance(store, LocalStore):
        with pytest.raises(IndexMismatch, match=name):
            whole.nearest("image", directions(50), 4, ALL)
        return
    one = whole.nearest("image", directions(50), 4, ALL)
    assert one.rows["vector"].tolist() == [[2, 3, 4, 1]]
    assert np.abs(one.scores - other.scores).max() < (1e-9 if isinstance(store, LocalStore) else 1e-3)
