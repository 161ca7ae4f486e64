"""Perceptual fingerprints of pictures and sounds, small enough to keep, by which near duplicates are told. NumPy alone.

The fingerprint of a picture is the picture itself in SIDE x SIDE greys and HUES x HUES colours. Two pictures are one if some
window of the one, or of its mirror image, is the other: their greys must agree after the tones of the one were brought
to the spread of the other's (which undoes any brightening, also where it burns out), as a whole and in their details, and
their colours must not differ. The fingerprint of a sound is one word of 32 bits for each STEP_MS: whether the energy grows
from band to band and moment to moment.

Sources: for the words of sounds Haitsma and Kalker 2002; thresholds by docs/decisions/0186.
"""

from __future__ import annotations

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
BLUR = 5  # cells a side of the mean that is taken off for the details
NEARLY_ALIKE = 0.7  # correlation of the greys as they are, below which no change of tones makes two pictures one
ALIKE = 0.9  # correlation of the greys
ALIKE_IN_DETAIL = 0.8  # ... of the details
ALIKE_IN_COLOUR = 0.5  # cosine of the colour differences
PALE = 3.0  # ... where their root mean square is at least so much (0..128) in both
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
    small = np.einsum("cw,rwk->rck", columns, low, optimize=True) @ TO_YCC.T
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
def _windows() -> NDArray[np.float32]:
    """(n, CELLS, SIDE): along one side the whole, and every window."""
    parts = [(0.0, 1.0)] + [(place * cut, 1.0 - cut) for cut in CUTS for place in PLACES]
    return np.stack([_areas(SIDE, CELLS, start, length) for start, length in parts])


def is_plain(fingerprints: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) whether there is too little in each of (n, BYTES) pictures to tell it from others."""
    return np.asarray(fingerprints[:, :GREYS].std(axis=1) < PLAIN)


def same_pictures(one: Fingerprint, others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(n,) whether `one`, or a window of it, shows what each of `others` (n, BYTES) does, mirrored or not.

    Not symmetrical: ask both ways. Plain pictures are like none.
    """
    same = np.zeros(len(others), np.bool_)
    may_be = _may_be_same(one, others)
    others = others[may_be]
    if not len(others):
        return same
    windows = _windows()
    lines = windows.reshape(-1, SIDE)
    seen = lines @ greys_of(one[None])[0] @ lines.T  # (window and row, window and column)
    seen = seen.reshape(len(windows), CELLS, len(windows), CELLS).transpose(0, 2, 1, 3).reshape(-1, CELLS * CELLS)
    whole = windows[0] @ greys_of(others) @ windows[0].T
    both = np.stack([whole, whole[:, :, ::-1]], axis=1).reshape(2 * len(others), -1)
    scores = _correlations(seen, both)  # (windows of both sides, 2 n)
    mirrored = scores.max(axis=0).reshape(-1, 2).argmax(axis=1)
    near = 2 * np.arange(len(others)) + mirrored
    kept = np.flatnonzero(
        (scores.max(axis=0)[near] >= NEARLY_ALIKE) & _same_colours(one, others)[mirrored, np.arange(len(others))]
    )
    same[may_be[kept]] = _agree(seen[scores[:, near[kept]].argmax(axis=0)], both[near[kept]])
    return same


def _may_be_same(one: Fingerprint, others: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Places (m,) of those (n, BYTES) whose colours fit in either direction and that, as `one`, are not plain."""
    if is_plain(one[None])[0]:
        return np.empty(0, np.int64)
    places = np.flatnonzero(_same_colours(one, others).any(axis=0))
    return places[~is_plain(others[places])]


def _same_colours(one: Fingerprint, others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(2, n) whether colours point the same way as those of each of (n, BYTES) or its mirror image, or hardly are any."""
    ours, theirs = _hues_of(one[None]).ravel(), _hues_of(others)
    both = np.stack([theirs, theirs[:, :, :, ::-1]]).reshape(2, len(others), ours.size)
    size, sizes = float(np.linalg.norm(ours)), np.linalg.norm(both, axis=2)
    pale = np.minimum(size, sizes) < PALE * ours.size**0.5
    return np.asarray(pale | (both @ ours >= ALIKE_IN_COLOUR * size * sizes))


def _agree(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """(n,) whether pictures (n, CELLS * CELLS) agree row by row, the tones of either brought to those of the other."""
    agree = np.zeros(len(ones), np.bool_)
    for a, b in ((_toned(ones, others), others), (_toned(others, ones), ones)):
        near = np.flatnonzero(~agree & (_cosines(a, b) >= ALIKE))
        agree[near] = _cosines(a[near] @ _details(), b[near] @ _details()) >= ALIKE_IN_DETAIL
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
def _details() -> NDArray[np.float32]:
    """(CELLS * CELLS, CELLS * CELLS), by which a row of greys becomes their difference from the mean of BLUR x BLUR cells.

    Beyond the border the cells are those of the mirror image.
    """
    places = np.pad(np.arange(CELLS * CELLS).reshape(CELLS, CELLS), BLUR // 2, mode="reflect")
    around = np.lib.stride_tricks.sliding_window_view(places, (BLUR, BLUR)).reshape(CELLS * CELLS, -1)
    taken = np.eye(CELLS * CELLS, dtype=np.float32)
    for cell, cells in enumerate(around):
        np.subtract.at(taken[:, cell], cells, 1 / BLUR**2)
    return taken


def _correlations(ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """(m, n) of rows (m, cells) and (n, cells); the many are not made unit rows, which would take most of the time."""
    squares = np.einsum("mc,mc->m", ones, ones) - ones.shape[1] * np.square(ones.mean(axis=1))
    return np.asarray((ones @ _unit(others).T) / np.sqrt(np.maximum(squares, 1e-6))[:, None])


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows without their mean, of length 1."""
    rows = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-3))


def coarse(fingerprints: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(2 n, 64) unit rows of fingerprints (n, BYTES): the greys in 8 x 8 cells, then all of them mirrored. For proposals."""
    side = SIDE // 8
    small = greys_of(fingerprints).reshape(-1, 8, side, 8, side).mean(axis=(2, 4))
    return _unit(np.concatenate([small, small[:, :, ::-1]]).reshape(-1, 64))


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
