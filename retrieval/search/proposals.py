"""Pairs of pictures that may be one, by an index: what differs from its surroundings in them is alike.

The windows of one picture are sought among the others as they are, in cells of a Voronoi partition, of which the NEAR_CELLS
nearest are read; in their principal components first, then with all numbers. See docs/decisions/0187.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.records import distinct
from retrieval.media import fingerprint

Rows = NDArray[np.float32]
Found = tuple[NDArray[np.int64], NDArray[np.int64], Rows]

SOUGHT = ((0.0, 0.94), (0.06, 0.94))  # where a window begins and how long it is, as shares of a side; of both sides
COMPARED = ((0.0, 1.0), (0.0, 0.91), (0.09, 0.91))  # ... where those found are compared once more
COMPONENTS = 64
LEARNED = 20_000  # pictures of which these are learned
NEAR_CELLS = 24  # of about the root of the number of pictures
ROUNDS, OF_CELL = 5, 16  # of k-means; pictures for each cell
MAY_BE = 0.5  # correlation in COMPONENTS, below which two pictures are not looked at
LIKELY = 0.7  # ... with all numbers, below which they are not one
MOST = 64  # pictures proposed for a window: all of a time lapse are alike, and neighbours link them
HELD = 1 << 21  # pairs of a window that are held before those beyond MOST are left out
AT_ONCE = 4_096  # windows that are held against one cell at once
WINDOWS_AT_ONCE = 256  # pictures whose windows are compared once more


def proposed(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Pairs (m, 2) of rows of fingerprints (n, BYTES), ascending: some window of the first is like the second.

    Of pictures that are all alike each has MOST for a window, so that pairs do not grow with the square of their number.
    """
    if len(data) < 2:
        return np.empty((0, 2), np.int64)
    whole = fingerprint.detail_rows(data)
    basis = _principal(whole)
    rows = whole @ basis
    cells = _Cells(rows)
    keys = [np.empty(0, np.int64)]
    for window, mirrored in product(product(SOUGHT, SOUGHT), (False, True)):
        asked = fingerprint.detail_rows(data, *window, mirrored=mirrored) @ basis
        ones, others, _ = _closest(cells.like(asked), len(data))
        keys.append(ones * len(data) + others)
    pairs: NDArray[np.int64] = np.stack(np.divmod(distinct(np.concatenate(keys)), len(data)), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return pairs[_likely(data, whole, pairs)]


def _principal(rows: Rows) -> Rows:
    """(d, COMPONENTS): the directions in which unit rows (n, d) differ most."""
    some = rows[:: max(1, len(rows) // LEARNED)]
    _, directions = np.linalg.eigh(some.T @ some)
    return np.ascontiguousarray(directions[:, ::-1][:, :COMPONENTS])


class _Cells:
    """Rows (n, d) by the nearest of about the root of n centres."""

    def __init__(self, rows: Rows) -> None:
        self._centres = _centres(rows, max(1, int(np.sqrt(len(rows)))))
        cell = _nearest(rows, self._centres, 1)[:, 0]
        self._order = np.argsort(cell, kind="stable")
        self._borders = np.searchsorted(cell[self._order], np.arange(len(self._centres) + 1))
        self._rows = rows[self._order]

    def like(self, asked: Rows) -> Iterator[Found]:
        """Places of those asked (m, d), of rows whose product with them is MAY_BE or more, and these; cell by cell."""
        near = _nearest(asked, self._centres, min(NEAR_CELLS, len(self._centres)))
        which = np.argsort(near, axis=None, kind="stable")
        borders = np.searchsorted(near.ravel()[which], np.arange(len(self._centres) + 1))
        askers = which // near.shape[1]
        for cell in range(len(self._centres)):
            inside = slice(*self._borders[cell : cell + 2])
            for start in range(borders[cell], borders[cell + 1], AT_ONCE):
                ones = askers[start : min(start + AT_ONCE, borders[cell + 1])]
                products = asked[ones] @ self._rows[inside].T
                found = np.flatnonzero(products >= MAY_BE)
                one, other = np.divmod(found, inside.stop - inside.start)
                yield ones[one], self._order[inside][other], products.ravel()[found]


def _closest(found: Iterable[Found], count: int) -> Found:
    """Of what `_Cells.like` finds for each of `count` windows, the MOST that are most like it; of equals the first ones."""
    held: list[Found] = []
    size, most = 0, HELD
    for part in found:
        held.append(part)
        size += len(part[0])
        if size > most:
            held = [_best(held, count)]
            size = len(held[0][0])
            most = max(HELD, 2 * size)
    return _best(held, count)


def _best(held: list[Found], count: int) -> Found:
    ones, others, products = (np.concatenate(each) for each in zip(*held, strict=True))
    crowded = np.bincount(ones, minlength=count)[ones] > MOST
    many = np.flatnonzero(crowded)
    many = many[np.lexsort((others[many], -products[many], ones[many]))]
    place = np.arange(len(many)) - np.searchsorted(ones[many], ones[many])
    kept = np.concatenate([np.flatnonzero(~crowded), many[place < MOST]])
    return ones[kept], others[kept], products[kept]


def _centres(rows: Rows, count: int) -> Rows:
    """(count, d) unit rows by spherical k-means of some of the rows (n, d)."""
    rng = np.random.default_rng(0)
    some = rows[rng.permutation(len(rows))[: OF_CELL * count]]
    centres = some[:count]
    for _ in range(ROUNDS if count > 1 else 0):
        nearest = _nearest(some, centres, 1)[:, 0]
        order = np.argsort(nearest, kind="stable")
        there, firsts = np.unique(nearest[order], return_index=True)
        means = np.add.reduceat(some[order], firsts)
        centres = centres.copy()
        centres[there] = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
    return centres


def _nearest(rows: Rows, centres: Rows, count: int) -> NDArray[np.int64]:
    """(n, count) places of the centres nearest to rows (n, d), in no order."""
    found = np.empty((len(rows), count), np.int64)
    for start in range(0, len(rows), AT_ONCE):
        away = -(rows[start : start + AT_ONCE] @ centres.T)
        part = away.argmin(axis=1)[:, None] if count == 1 else np.argpartition(away, count - 1, axis=1)[:, :count]
        found[start : start + AT_ONCE] = part
    return found


def _likely(data: NDArray[np.uint8], whole: Rows, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m,) whether some window of the first of pairs (m, 2) of fingerprints, sorted by it, is like the second.

    whole (n, d): details of the pictures as they are.
    """
    likely = np.zeros(len(pairs), np.bool_)
    ones, firsts = np.unique(pairs[:, 0], return_index=True)
    ends = np.append(firsts[1:], len(pairs))
    for start in range(0, len(ones), WINDOWS_AT_ONCE):
        some = data[ones[start : start + WINDOWS_AT_ONCE]]
        windows = product(product(COMPARED, COMPARED), (False, True))
        shown = np.stack([fingerprint.detail_rows(some, *each, mirrored=side) for each, side in windows], axis=1)
        for at, first, end in zip(range(len(some)), firsts[start:].tolist(), ends[start:].tolist(), strict=False):
            likely[first:end] = (whole[pairs[first:end, 1]] @ shown[at].T).max(axis=1) >= LIKELY
    return likely
