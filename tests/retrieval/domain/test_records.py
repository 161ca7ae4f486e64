"""Rows and ids of the catalog as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from retrieval.domain.records import ROW, distinct, media_of_rows


@given(arrays(np.int64, array_shapes(min_dims=1, max_dims=2, min_side=0), elements=st.integers(-3, 3)))
def test_ids_once_and_ascending(ids: np.ndarray) -> None:
    """As np.unique has them, whatever the shape."""
    assert distinct(ids).tolist() == np.unique(ids).tolist()


def test_rows_tell_the_medium_of_their_asset() -> None:
    """By its place in MEDIA; each asset once."""
    rows = np.array([(7, 1, 5, 0), (8, 2, 5, 0), (9, 3, 6, 3)], ROW)
    assert media_of_rows(rows) == {5: "image", 6: "document"}
    assert media_of_rows(rows[:0]) == {}
    with pytest.raises(IndexError):
        media_of_rows(np.array([(1, 1, 1, 9)], ROW))
