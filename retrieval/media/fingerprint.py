"""Perceptual fingerprints of pictures and sounds, small enough to keep, by which near duplicates are told. NumPy alone.

The fingerprint of a picture is the picture itself in SIDE x SIDE greys and HUES x HUES colours. Two pictures are one if some
window of the one, or of its mirror image, is the other: their greys must agree after the tones of the one were brought
to the spread of the other's (which undoes any brightening, also where it burns out), as a whole and in their details, and
their colours must not differ. The fingerprint of a sound is one word of 32 bits for each STEP_MS: whether the energy grows
from band to band and moment to moment.

Sources: for the words of sounds Haitsma and Kalker 2002; thresholds by docs/decisions/0186.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Fingerprint = NDArray[np.uint8]  # (BYTES,): greys row by row, then two planes of colour differences, 128 for none
Words = NDArray[np.uint32]

MAY_BE_ONE = 0.9  # correlation of coarse greys of two pictures or frames that may be one
SIDE = 24
HUES = 8
GREYS = SIDE * SIDE
BYTES = GREYS + 2 * HUES * HUES
CELLS = 16  # a side of what is compared
CUTS = (0.05, 0.09, 0.14)  # shares that a window leaves out of a side
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)  # where, as a share of what is left out
DETAILS = 12  # a side of what is compared for proposals
BLUR = 5  # cells a side of the mean that is taken off for the details
NEARLY_ALIKE = 0.7  # correlation of the greys as they are, below which no change of tones makes two pictures one
ALIKE = 0.9  # correlation of the greys
ALIKE_IN_DETAIL = 0.8  # ... of the details
ALIKE_IN_COLOUR = 0.5  # cosine of the colour differences
PALE = 3.0  # ... where their root mean square is at least so much (0..128) in both
FEW_CELLS = 8  # a side of what is compared first, where many pairs are proposed
MAY_BE_ALIKE = 0.87  # ... and the correlation of the greys, toned, from which a closer look is worth it
AT_ONCE = 16  # pictures whose windows are held at once: 4 MiB, which caches hold
PLAIN = 2.0  # deviation of the greys (0..255) below which a picture shows nothing that could be compared

TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]], np.float32)  # ITU-R BT.601

STEP_MS = 50
FRAME_MS = 400
BANDS = 33
LOWEST_HZ, HIGHEST_HZ = 300.0, 2_000.0
SILENCE = 1e-3  # root mean square (-60 dB) below which a frame has nothing to compare
SAME_BITS = 0.68  # share of equal bits from which two stretches of sound are one


# ---------------------------------------------------------------- pictures


def picture_fingerprint(pixels: Picture) -> Fingerprint:
    """(BYTES,) uint8 of RGB pixels (h, w, 3): brightness and colour, each cell the mean of its area."""
    height, width = pixels.shape[:2]
    rows, columns = _areas(height, SIDE, 0.0, 1.0), _areas(width, SIDE, 0.0, 1.0)
    low = (rows @ pixels.reshape(height, -1).astype(np.float32)).reshape(
        SIDE, width, 3
    )  # small first: six times as fast
    small = (columns @ low) @ TO_YCC.T
    step = SIDE // HUES
    hues = small[:, :, 1:].reshape(HUES, step, HUES, step, 2).mean(axis=(1, 3)) + 128
    cells = np.concatenate([small[:, :, 0].ravel(), hues[:, :, 0].ravel(), hues[:, :, 1].ravel()])
    return np.asarray(np.rint(cells).clip(0, 255), np.uint8)


def greys_of(fingerprints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Greys (n, side, side) in 0..255 of fingerprints (n, bytes)."""
    return fingerprints[:, :GREYS].reshape(-1, SIDE, SIDE).astype(np.float32)


def _hues_of(fingerprints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 2, HUES, HUES) colour differences, 0 for none."""
    return fingerprints[:, GREYS:].reshape(-1, 2, HUES, HUES).astype(np.float32) - 128


@cache
def _areas(cells: int, out: int, start: float, length: float) -> NDArray[np.float32]:
    """(out, cells) weights that average [start, start + length) of a side of `cells` into `out` areas."""
    borders = (start + length * np.arange(out + 1) / out) * cells
    places = np.arange(cells)
    shared = np.minimum(borders[1:, None], places + 1) - np.maximum(borders[:-1, None], places)
    weights = np.maximum(shared, 0.0).astype(np.float32)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@cache
def _windows(cells: int = CELLS) -> NDArray[np.float32]:
    """(n, cells, SIDE): along one side the whole, and every window."""
    parts = [(0.0, 1.0)] + [(place * cut, 1.0 - cut) for cut in CUTS for place in PLACES]
    return np.stack([_areas(SIDE, cells, start, length) for start, length in parts])


def is_plain(fingerprints: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) whether there is too little in each of (n, BYTES) pictures to tell it from others."""
    return np.asarray(fingerprints[:, :GREYS].std(axis=1) < PLAIN)


def same_pictures(one: Fingerprint, others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) whether `one`, or a window of it, shows what each of `others` (n, BYTES) does, mirrored or not.

    Not symmetrical: ask both ways. Plain pictures are like none.
    """
    pairs = np.stack([np.zeros(len(others), np.int64), np.arange(1, len(others) + 1)], axis=1)
    data = np.concatenate([one[None], others])
    return _same(data, is_plain(data), pairs, (CELLS,))


def same_pairs(data: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(m,) `same_pictures(data[a], data[b])` of pairs (m, 2) of rows a, b, sorted by a, for a tenth of the cost.

    The same steps in FEW_CELLS come first: of pairs that are the same 1 in 1,000 is missed.
    """
    plain = is_plain(data)
    borders = np.searchsorted(pairs[:, 0], np.arange(0, len(data) + AT_ONCE, AT_ONCE))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        parts = threads.map(lambda part: _same(data, plain, part, (FEW_CELLS, CELLS)), np.split(pairs, borders[1:-1]))
        return np.concatenate([*parts])


def _same(
    data: NDArray[np.uint8], plain: NDArray[np.bool_], pairs: NDArray[np.int64], steps: tuple[int, ...]
) -> NDArray[np.bool_]:
    """(m,) of pairs (m, 2) of rows of data, sorted by the first; each step, in so many cells a side, takes what is left.

    plain: (n,) of the data.
    """
    same = np.zeros(len(pairs), np.bool_)
    colours = _same_colours(data, pairs)
    rows = np.flatnonzero(colours.any(axis=0) & ~plain[pairs].any(axis=1))
    for cells in steps:
        if not len(rows):
            return same
        scores, sides, windows, theirs = _best_windows(data, pairs[rows], cells)
        if cells == CELLS:
            near = np.flatnonzero((scores >= NEARLY_ALIKE) & colours[sides, rows])
            same[rows[near]] = _agree(windows[near], theirs[near])
        else:
            near = np.flatnonzero(scores >= NEARLY_ALIKE)
            rows = rows[near[_may_agree(windows[near], theirs[near])]]
    return same


def _best_windows(
    data: NDArray[np.uint8], pairs: NDArray[np.int64], cells: int
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Of pairs (m, 2) of rows of data, sorted by the first: which window of the first is most like the second.

    Their correlation (m,); 1 where the second is mirrored (m,); what the window shows, and the second, (m, cells * cells).
    """
    ones, firsts, counts = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    seen, both = _seen(greys_of(data[ones]), cells), _unit(_both(data[pairs[:, 1]], cells))
    squares = np.einsum("nwc,nwc->nw", seen, seen) - seen.shape[2] * np.square(seen.mean(axis=2))
    inverse = 1 / np.sqrt(np.maximum(squares, 1e-6))
    scores, sides = np.empty(len(pairs), np.float32), np.empty(len(pairs), np.int64)
    windows, theirs = np.empty((2, *both[:, 0].shape), np.float32)
    for one, (first, count) in enumerate(zip(firsts.tolist(), counts.tolist(), strict=True)):
        rows, at = slice(first, first + count), np.arange(count)
        found = (both[rows].reshape(2 * count, -1) @ seen[one].T) * inverse[one]
        window = found.argmax(axis=1)
        best = found[np.arange(2 * count), window].reshape(-1, 2)
        side = sides[rows] = best.argmax(axis=1)
        scores[rows] = best[at, side]
        windows[rows], theirs[rows] = seen[one][window.reshape(-1, 2)[at, side]], both[rows][at, side]
    return scores, sides, windows, theirs


def _seen(greys: NDArray[np.float32], cells: int) -> NDArray[np.float32]:
    """(n, windows of both sides, cells * cells): what each window shows of greys (n, SIDE, SIDE)."""
    windows = _windows(cells)
    lines = windows.reshape(-1, SIDE)
    seen = (lines @ greys @ lines.T).reshape(-1, len(windows), cells, len(windows), cells)  # rows, then columns
    return np.asarray(seen.transpose(0, 1, 3, 2, 4).reshape(len(greys), -1, cells * cells), np.float32)


def _both(fingerprints: NDArray[np.uint8], cells: int) -> NDArray[np.float32]:
    """(n, 2, cells * cells) greys of whole pictures, and mirrored."""
    whole = _windows(cells)[0] @ greys_of(fingerprints) @ _windows(cells)[0].T
    both = np.stack([whole, whole[:, :, ::-1]], axis=1)
    return np.asarray(both.reshape(len(fingerprints), 2, -1), np.float32)


def _same_colours(data: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(2, m) whether in pairs (m, 2) of rows of data colours point the same way, or hardly are any; then mirrored."""
    ours, theirs = (_hues_of(data[rows]) for rows in pairs.T)
    dots = [np.einsum("nchw,nchw->n", ours, each) for each in (theirs, theirs[:, :, :, ::-1])]
    size, sizes = (np.sqrt(np.einsum("nchw,nchw->n", each, each)) for each in (ours, theirs))
    pale = np.minimum(size, sizes) < PALE * (2 * HUES * HUES) ** 0.5
    return np.asarray(pale | (np.stack(dots) >= ALIKE_IN_COLOUR * size * sizes))


def _may_agree(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """`_agree` of pictures in FEW_CELLS, with room for what these do not show."""
    sides = ((_toned(ones, others), others), (_toned(others, ones), ones))
    return np.maximum(*(_cosines(a, b) for a, b in sides)) >= MAY_BE_ALIKE


def _agree(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n,) whether pictures (n, CELLS * CELLS) agree row by row, the tones of either brought to those of the other."""
    agree = np.zeros(len(ones), np.bool_)
    for a, b in ((_toned(ones, others), others), (_toned(others, ones), ones)):
        near = np.flatnonzero(~agree & (_cosines(a, b) >= ALIKE))
        agree[near] = _cosines(a[near] @ _details(CELLS), b[near] @ _details(CELLS)) >= ALIKE_IN_DETAIL
    return agree


def _cosines(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) of rows without their means."""
    return np.asarray(np.einsum("nc,nc->n", _unit(ones), _unit(others)))


def _toned(greys: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """The greys (n, cells) with the spread of those of `like`, row by row: the darkest becomes its darkest, and so on."""
    toned = np.empty_like(greys)
    np.put_along_axis(toned, np.argsort(greys, axis=1, kind="stable"), np.sort(like, axis=1), axis=1)
    return toned


@cache
def _details(side: int) -> NDArray[np.float32]:
    """(side * side, side * side), by which a row of greys becomes their difference from the mean of BLUR x BLUR cells.

    Beyond the border the cells are those of the mirror image.
    """
    places = np.pad(np.arange(side * side).reshape(side, side), BLUR // 2, mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(places, (BLUR, BLUR)).reshape(side * side, -1)
    taken = np.eye(side * side, dtype=np.float32)
    for cell, cells in enumerate(around):
        np.subtract.at(taken[:, cell], cells, 1 / BLUR**2)
    return taken


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows without their mean, of length 1."""
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-3))


def coarse(fingerprints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(2 n, 64) unit rows of fingerprints (n, BYTES): the greys in 8 x 8 cells, then all of them mirrored. For proposals."""
    side = SIDE // 8
    small = greys_of(fingerprints).reshape(-1, 8, side, 8, side).mean(axis=(2, 4))
    return _unit(np.concatenate([small, small[:, :, ::-1]]).reshape(-1, 64))


def detail_rows(
    fingerprints: NDArray[np.uint8],
    rows: tuple[float, float] = (0.0, 1.0),
    columns: tuple[float, float] = (0.0, 1.0),
    *,
    mirrored: bool = False,
) -> NDArray[np.float32]:
    """(n, DETAILS * DETAILS) unit rows of fingerprints (n, BYTES): greys of a window, less the mean of BLUR x BLUR cells.

    rows, columns: where the window begins and how long it is, as shares (0..1) of a side. For proposals.
    """
    down, across = (_areas(SIDE, DETAILS, *part) for part in (rows, columns))
    seen = down @ greys_of(fingerprints) @ (across[::-1] if mirrored else across).T
    greys = np.asarray(seen, np.float32)
    return _unit(greys.reshape(-1, DETAILS * DETAILS) @ _details(DETAILS))


# ---------------------------------------------------------------- sounds


def sound_fingerprint(samples: NDArray[np.float32], rate: int) -> Words:
    """(n,) uint32 of mono samples at `rate`: one word for each STEP_MS in which a whole frame of FRAME_MS begins.

    Bit b: whether the energy between band b and b + 1 grows from this moment to the next. 0 where it is silent.
    """
    step, frame = rate * STEP_MS // 1000, rate * FRAME_MS // 1000
    count = (len(samples) - frame) // step + 1
    if count < 2:
        return np.empty(0, np.uint32)
    places = np.arange(count)[:, None] * step + np.arange(frame)
    frames = samples[places]
    silent = np.square(frames).mean(axis=1) < SILENCE**2
    power = np.abs(np.fft.rfft(frames * np.hanning(frame).astype(np.float32), axis=1)) ** 2
    borders = np.geomspace(LOWEST_HZ, HIGHEST_HZ, BANDS + 1) * frame / rate
    energy = np.log(np.add.reduceat(power, np.rint(borders).astype(int), axis=1)[:, :BANDS] + 1e-9)
    grows = np.diff(energy[:, :-1] - energy[:, 1:], axis=0) > 0
    words = (grows.astype(np.uint32) << np.arange(BANDS - 1, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return np.where(silent[:-1] | silent[1:], np.uint32(0), np.asarray(words, np.uint32))


def equal_bits(one: Words, other: Words) -> float:
    """Share (0..1) of equal bits of two rows of words of one length; 0 for none."""
    return 1.0 - float(np.bitwise_count(one ^ other).sum()) / (32 * len(one)) if len(one) else 0.0
