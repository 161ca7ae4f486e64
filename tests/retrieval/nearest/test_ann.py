"""The approximate indexes: what FAISS finds, and what we make of it."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.nearest import ann


@pytest.mark.parametrize("share", [1.0, 0.3, 0.001])
def test_a_flat_index_searched_in_parts_finds_what_one_thread_finds(share: float) -> None:
    """Same rows and scores, filtered or not; a part may hold nothing that is allowed."""
    random = np.random.default_rng(3)
    rows = random.normal(size=(ann.PARTED_ROWS, 32)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    allowed = None if share == 1.0 else random.random(len(rows)) < share
    index = ann.build(rows.astype(np.float16))
    scores, found = index.search(rows[:3], 40, allowed)
    exact = rows[:3].astype(np.float16).astype(np.float32) @ rows.astype(np.float16).astype(np.float32).T
    if allowed is not None:
        exact[:, ~allowed] = -np.inf
    wanted = -np.sort(-exact, axis=1)[:, :40]
    np.testing.assert_allclose(scores, wanted, atol=1e-3)
    there = np.isfinite(scores)
    assert (found[~there] == -1).all()
    np.testing.assert_allclose(np.take_along_axis(exact, np.maximum(found, 0), 1)[there], scores[there], atol=1e-3)
