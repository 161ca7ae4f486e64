"""Rows and ids of the catalog as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from retrieval.domain.records import ROW, distinct, media_of_rows, runs


@given(arrays(np.int64, array_shapes(min_dims=1, max_dims=2, min_side=0), elements=st.integers(-3, 3)))
def test_ids_once_and_ascending(ids: np.ndarray) -> None:
    """As np.unique has them, whatever the shape."""
    assert distinct(ids).tolist() == np.unique(ids).tolist()


@given(st.sets(st.integers(0, 12)))
def test_runs_are_the_ids_without_gaps(ids: set[int]) -> None:
    """Together they are the ids, and no two touch."""
    firsts, lasts = (each.tolist() for each in runs(np.array(sorted(ids), np.int64)))
    assert [each for first, last in zip(firsts, lasts, strict=True) for each in range(first, last + 1)] == sorted(ids)
    assert all(last + 1 < after for last, after in zip(lasts, firsts[1:], strict=False))


def test_rows_tell_the_medium_of_their_asset() -> None:
    """By its place in MEDIA; each asset once."""
    rows = np.array([(7, 1, 5, 0), (8, 2, 5, 0), (9, 3, 6, 3)], ROW)
    assert media_of_rows(rows) == {5: "image", 6: "document"}
    assert media_of_rows(rows[:0]) == {}
    with pytest.raises(IndexError):
        media_of_rows(np.array([(1, 1, 1, 9)], ROW))
