"""One suite for every form of VectorIndex: exact, FAISS flat and inverted, in memory and mapped, and on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.protocols import VectorIndex
from retrieval.vectors import faiss_index, gpu
from retrieval.vectors.exact import ExactIndex, best, rescore

ROWS, DIMENSION = 3_000, 256
Half = NDArray[np.float16]
Make = Callable[[Half, Path], VectorIndex]


def clustered(seed: int, n: int = ROWS) -> Half:
    """(n, DIMENSION) unit rows in loose clusters, as real vectors lie."""
    centres = np.random.default_rng(99).normal(size=(40, DIMENSION))
    rng = np.random.default_rng(seed)
    rows = centres[rng.integers(0, 40, n)] + 0.6 * rng.normal(size=(n, DIMENSION))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float16)


def exact(rows: Half, folder: Path) -> VectorIndex:
    return ExactIndex(rows)


def faiss_in_memory(rows: Half, folder: Path, flat_rows: int = faiss_index.FLAT_ROWS) -> VectorIndex:
    pytest.importorskip("faiss")
    return faiss_index.build(rows, flat_rows)


def faiss_mapped(rows: Half, folder: Path, flat_rows: int = faiss_index.FLAT_ROWS) -> VectorIndex:
    pytest.importorskip("faiss")
    settings = faiss_index.write(faiss_index.build(rows, flat_rows), folder / "x.faiss")
    return faiss_index.open_file(folder / "x.faiss", rows=len(rows), dimension=DIMENSION, **settings)


class Deaf:
    """What a classic GPU index is to a filter: it searches all rows whatever is allowed."""

    def __init__(self, rows: Half) -> None:
        self._index = ExactIndex(rows)

    def search(self, queries: Any, k: int) -> tuple[Any, Any]:
        return self._index.search(queries, k)


def gpu_filter(rows: Half, folder: Path) -> VectorIndex:
    return gpu.GpuIndex(Deaf(rows), rows)


def on_device(rows: Half, folder: Path) -> VectorIndex:
    pytest.importorskip("faiss")
    if not gpu.devices():
        pytest.skip("no GPU, or FAISS without GPU classes")
    return gpu.on_gpu(rows)


FORMS: dict[str, tuple[Make, float]] = {  # and the recall that each promises
    "exact": (exact, 1.0),
    "flat": (faiss_in_memory, 0.92),
    "flat mapped": (faiss_mapped, 0.92),
    "inverted": (partial(faiss_in_memory, flat_rows=100), 0.92),
    "inverted mapped": (partial(faiss_mapped, flat_rows=100), 0.92),
    "gpu filter": (gpu_filter, 1.0),
    "gpu": (on_device, 1.0),
}


@pytest.fixture(params=FORMS, scope="module")
def form(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[VectorIndex, float]:
    """An index over `clustered(0)` and the recall it promises."""
    make, recall = FORMS[request.param]
    return make(clustered(0), tmp_path_factory.mktemp("index")), recall


QUERIES = clustered(7, 25).astype(np.float32)


@pytest.mark.parametrize("share", [None, 0.5, 0.05, 0.004])
def test_nearest_rows_are_those_of_an_exact_search(form: tuple[VectorIndex, float], share: float | None) -> None:
    """Recall at 10 against NumPy is as promised, filtered or not, and no row lies outside the filter."""
    index, promised = form
    allowed = None if share is None else np.random.default_rng(3).random(ROWS) < share
    found = index.search(QUERIES, 10, allowed)[1]
    truth = ExactIndex(clustered(0)).search(QUERIES, 10, allowed)[1]
    assert allowed is None or allowed[found[found >= 0]].all()
    held = [
        len(np.intersect1d(a[a >= 0], b[b >= 0])) / max((b >= 0).sum(), 1) for a, b in zip(found, truth, strict=True)
    ]
    assert float(np.mean(held)) >= promised


def test_scores_are_inner_products_best_first(form: tuple[VectorIndex, float]) -> None:
    """Scores fall, and each is that of its row in float32, nearly so where an index proposes from bytes."""
    scores, rows = form[0].search(QUERIES, 10)
    close = 1e-5 if form[1] != 0.92 else 0.008
    expected = np.take_along_axis(QUERIES @ clustered(0).astype(np.float32).T, rows, 1)
    assert scores.dtype == np.float32
    assert (np.diff(scores, axis=1) <= 0).all()
    assert np.abs(scores - expected).max() < close


def test_slots_without_a_row_are_marked(form: tuple[VectorIndex, float]) -> None:
    """Three allowed rows fill three of ten slots; the others hold -inf and -1."""
    allowed = np.zeros(ROWS, np.bool_)
    allowed[[5, 700, 2900]] = True
    scores, rows = form[0].search(QUERIES[:2], 10, allowed)
    assert set(rows[0, :3]) == {5, 700, 2900}
    assert (rows[:, 3:] == -1).all()
    assert np.isneginf(scores[:, 3:]).all()


def test_nothing_allowed_gives_nothing(form: tuple[VectorIndex, float]) -> None:
    """An empty filter is not the same as no filter."""
    rows = form[0].search(QUERIES[:1], 4, np.zeros(ROWS, np.bool_))[1]
    assert (rows == -1).all()


@pytest.mark.parametrize("make", [exact, faiss_in_memory, partial(faiss_in_memory, flat_rows=100)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_never_found(make: Make, bad: float, tmp_path: Path) -> None:
    """One number of it is enough; all other rows are found as before, in lists shorter and longer than the rows."""
    rows = clustered(0, 800)
    without = make(rows, tmp_path).search(QUERIES, 5)[1]
    rows = np.concatenate([rows, rows[:3]])
    rows[800:, 7] = bad
    index = make(rows, tmp_path)
    scores, found = index.search(QUERIES, 900)
    assert np.isfinite(scores[found >= 0]).all()
    assert found.max() < 800
    overlap = [len(np.intersect1d(a, b)) for a, b in zip(without, index.search(QUERIES, 5)[1], strict=True)]
    assert np.mean(overlap) >= 4.9
    only = np.arange(803) >= 799
    few = index.search(QUERIES, 3, only)
    assert few[1].tolist() == [[799, -1, -1]] * len(QUERIES)
    assert np.isneginf(few[0][:, 1:]).all()
    assert (rescore(QUERIES, rows)[:, 800:] == -np.inf).all()


def test_ties_go_to_the_lower_row() -> None:
    """Equal rows come in their order, at the edge of the list as well."""
    same = np.ones((5, 4), np.float16)
    assert ExactIndex(same).search(np.ones((1, 4), np.float32), 3)[1].tolist() == [[0, 1, 2]]
    assert best(np.array([[1, 2, 2, 2]], np.float32), 2)[1].tolist() == [[1, 2]]


def test_a_score_does_not_depend_on_its_neighbours() -> None:
    """rescore gives the same bits for a row alone and among others."""
    rows, queries = clustered(1, 257), clustered(2, 3).astype(np.float32)
    together = rescore(queries, rows)
    alone = np.concatenate([rescore(queries, rows[at : at + 1]) for at in range(len(rows))], axis=1)
    assert (together == alone).all()
