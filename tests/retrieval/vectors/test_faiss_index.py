"""The approximate indexes: what FAISS finds, and what we make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.vectors import faiss_index

faiss = pytest.importorskip("faiss")


def leaning(count: int, dimension: int) -> NDArray[np.float16]:
    """(count, dimension) unit rows with two numbers far larger than the others, as some models give."""
    rows = np.random.default_rng(3).normal(size=(count, dimension))
    rows[:, :2] += (9.0, -14.0)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float16)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.001])
def test_bytes_propose_what_an_exact_search_finds(share: float) -> None:
    """The 20 nearest are among the first 68, filtered or not, though two numbers make a third of a row's length."""
    rows = leaning(8_000, 512)
    allowed = None if share == 1.0 else np.random.default_rng(4).random(len(rows)) < share
    scores, found = faiss_index.build(rows).search(rows[:20].astype(np.float32), 68, allowed)
    exact = rows[:20].astype(np.float32) @ rows.astype(np.float32).T
    if allowed is not None:
        exact[:, ~allowed] = -np.inf
    there = np.isfinite(scores)
    assert (found[~there] == -1).all()
    assert np.abs(np.take_along_axis(exact, np.maximum(found, 0), 1)[there] - scores[there]).max() < 0.007
    for best, row, allowed_rows in zip(np.argsort(-exact, axis=1)[:, :20], found, np.isfinite(exact), strict=True):
        assert set(best[allowed_rows[best]]) <= set(row)


def test_a_flat_index_of_the_first_releases_is_still_searched(tmp_path: Path) -> None:
    """It holds float16 rows alone."""
    rows = leaning(50, 16)
    old = faiss.IndexScalarQuantizer(16, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    old.add(rows.astype(np.float32))
    faiss.write_index(old, str(tmp_path / "old.faiss"))
    opened = faiss_index.open_file(tmp_path / "old.faiss", rows=50, dimension=16, nprobe=0)
    assert opened.search(rows[7:8].astype(np.float32), 1)[1].tolist() == [[7]]
    assert (opened.rows() == rows).all()
    assert np.abs(faiss_index.build(rows).rows() - rows).max() < 0.03


@pytest.mark.parametrize("dimension", [65, 384])
def test_a_vector_along_an_axis_is_nearest_to_itself(dimension: int) -> None:
    """Turned, it is one large number, which a byte does not hold."""
    axes = faiss_index._rotation(dimension)[:3]
    rows = np.concatenate([axes, -axes, leaning(200, dimension)]).astype(np.float16)
    scores, found = faiss_index.build(rows).search(rows[:6].astype(np.float32), 1)
    assert found[:, 0].tolist() == list(range(6))
    assert (scores[:, 0] > 0.1).all()  # 8 of the square root of the dimension
