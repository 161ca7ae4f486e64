"""One suite for every form of VectorSpace: published, fresh, both, and a plain one of these tests, which searches use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval import Library
from retrieval.domain.media import Kind, Metadata, Vectors
from retrieval.domain.records import ROW, LiveSpace
from retrieval.protocols import VectorSpace
from retrieval.query.build import as_query
from retrieval.query.encode import encode_query
from retrieval.search import executor
from retrieval.search.context import SearchContext
from retrieval.vectors.space import Neighbours, Scope, SpaceSnapshot
from tests.building import Builder, Thing
from tests.fakes import FakeProfile, text_vector

NAMES = ("red", "green", "blue", "red car", "green car")


@dataclass(frozen=True)
class PlainSpace:
    """Every row of one kind compared, one after another: another form than the library's own."""

    live: LiveSpace
    kind: Kind
    rows: Any  # (n,) of ROW
    data: Vectors
    is_exact: bool = True

    def kinds(self) -> set[Kind]:
        return {self.kind}

    def compared(self, kind: Kind) -> int:
        return 0

    def nearest(self, kind: Kind, queries: Vectors, k: int, allowed: Scope) -> Neighbours:
        mask = allowed.rows(self.rows)
        inside = np.arange(len(self.rows)) if mask is None else np.flatnonzero(mask)
        scores = queries @ self.data[inside].astype(np.float32).T
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        found = self.rows[inside][order]
        return Neighbours(np.take_along_axis(scores, order, 1), found, len(inside), complete=len(inside) <= k)


def plain(space: SpaceSnapshot) -> VectorSpace:
    """A space of fresh vectors in the plain form."""
    ((kind, (rows, data)),) = space.tables.items()
    return PlainSpace(space.live, kind, rows, data)


def fresh(space: SpaceSnapshot) -> VectorSpace:
    assert space.is_exact
    return space


@dataclass(frozen=True)
class Opened:
    """A form of the shared space of a library, and the context of a search in it."""

    space: VectorSpace
    context: SearchContext


@pytest.fixture(params=["fresh", "published", "both", "plain"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    """Five pictures, assets 1 to 5."""
    builder = Builder(tmp_path / "library")
    things = [Thing(f"{name}.jpg", Metadata("image"), [("image", name)]) for name in NAMES]
    builder.add(*things[:3])
    if request.param in ("published", "both"):
        builder.publish()
    builder.add(*things[3:])
    if request.param == "published":
        builder.publish()
    builder.close()
    with Library.open(builder.home, FakeProfile()) as library, library._open_catalog().snapshot() as snapshot:
        index, profile = library._current(snapshot)
        own = index.spaces["shared"]
        form: Callable[[SpaceSnapshot], Any] = {"plain": plain, "fresh": fresh}.get(request.param, lambda each: each)
        space: Any = form(own)
        index = replace(index, spaces={**index.spaces, "shared": space})
        yield Opened(space, SearchContext(index, profile, snapshot))


QUERY = np.stack([text_vector("red"), text_vector("green car")]).astype(np.float32)


def test_the_nearest_rows_come_first(opened: Opened) -> None:
    """(q, k) scores and rows, with how many there are."""
    found = opened.space.nearest("image", QUERY, 2, Scope())
    assert found.scores.shape == found.rows.shape == (2, 2)
    assert found.rows.dtype == ROW
    assert found.rows["asset"].tolist() == [[1, 4], [5, 2]]
    assert found.scores[0, 0] == pytest.approx(1.0, abs=0.01)
    assert (found.count, found.complete) == (5, False)


def test_a_scope_leaves_out(opened: Opened) -> None:
    """What is left is counted, and complete where it is no more than was asked for."""
    found = opened.space.nearest("image", QUERY, 3, Scope(assets=np.array([2, 4])))
    real = found.rows["vector"] > 0
    assert set(found.rows["asset"][real].tolist()) == {2, 4}
    assert (found.count, found.complete) == (2, True)


def test_kinds_and_identity(opened: Opened) -> None:
    """Of the space that the catalog names."""
    assert opened.space.kinds() == {"image"}
    assert opened.space.live.space == FakeProfile().space("shared")


def test_a_search_needs_no_more_of_it(opened: Opened) -> None:
    """Answers are the same by every form."""
    encoded = encode_query(as_query("red car", files=False), FakeProfile())
    answer = executor.answer(encoded.changed(min_confidence=0.0), opened.context)
    assert [hit.path.name for hit in answer][:2] == ["red car.jpg", "red.jpg"]
    assert answer.hits[0].segments[0].score == pytest.approx(1.0, abs=0.01)
