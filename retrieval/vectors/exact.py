"""Nearest rows by looking at every row: the truth that all other indexes are measured against. NumPy alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Vectors

BLOCK = 8192  # rows turned to float32 at once; NumPy has no float16 BLAS


class ExactIndex:
    """Rows (n, dimension) float16, searched by inner product in float32."""

    def __init__(self, rows: NDArray[np.float16]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k), best first, and row numbers (q, k); see protocols.VectorIndex. Ties: the lower row number first."""
        if allowed is None:
            return best(self._scores(queries, slice(None)), k)
        kept = np.flatnonzero(allowed)
        scores, places = best(self._scores(queries, kept), k)
        return scores, np.where(places < 0, -1, kept[places] if len(kept) else -1)

    def _scores(self, queries: Vectors, which: slice | NDArray[np.int64]) -> Vectors:
        rows = self._rows[which]
        found = np.empty((len(queries), len(rows)), np.float32)
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK].astype(np.float32)
            with np.errstate(invalid="ignore"):  # of a row that is not finite, which `best` leaves out
                found[:, start : start + BLOCK] = queries @ block.T
        return found


def best(scores: Vectors, k: int) -> tuple[Vectors, NDArray[np.int64]]:
    """The k greatest of each row of `scores` (q, n) and their columns, best first, lower columns first in a tie.

    Scores that are not finite are never among them. Slots left over hold -inf and -1.
    """
    queries, n = scores.shape
    scores = _finite_or_least(scores)
    width = min(k, n)
    values = np.full((queries, k), -np.inf, np.float32)
    columns = np.full((queries, k), -1, np.int64)
    for at, row in enumerate(scores):
        near = np.flatnonzero(row >= np.partition(row, n - width)[n - width]) if 0 < width < n else np.arange(n)
        order = near[np.lexsort((near, -row[near]))][:width]
        values[at, :width], columns[at, :width] = row[order], np.where(np.isneginf(row[order]), -1, order)
    return values, columns


def rescore(queries: Vectors, rows: NDArray[np.float16]) -> Vectors:
    """Inner products (q, n) float32 that do not depend on which other rows are scored with them.

    A matrix product may sum in another order for another shape; a sum over each row alone does not, so a segment has
    the same score whether it came from a generation, the fresh part or an exact search. Rows that are not finite: -inf.
    """
    if not len(queries):
        return np.empty((0, len(rows)), np.float32)
    wide = rows.astype(np.float32)
    with np.errstate(invalid="ignore"):
        return _finite_or_least(np.stack([(wide * query).sum(axis=1) for query in queries]))


def are_finite(rows: NDArray[np.float16]) -> NDArray[np.bool_]:
    """Mask (n,) of the rows (n, dimension) whose numbers are all finite: the others have no nearest neighbours."""
    mask = np.empty(len(rows), np.bool_)
    for start in range(0, len(rows), BLOCK):
        mask[start : start + BLOCK] = np.isfinite(rows[start : start + BLOCK]).all(axis=1)
    return mask


def _finite_or_least(scores: Vectors) -> Vectors:
    """Scores (q, n), -inf in place of what is no number."""
    known = np.isfinite(scores)
    return scores if known.all() else np.where(known, scores, np.float32(-np.inf))
