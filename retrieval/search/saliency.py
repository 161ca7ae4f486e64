"""Occlusion saliency: where in a picture the answer to a question lies.

An image encoder gives one vector for a whole picture, whatever the model, so the place is found from outside: parts of
two sizes are cut, encoded and compared, and a spot is as salient as the parts round it are near. The box is the part
round the peak, of several sizes, that is nearest; the whole picture is one of them, and wins where nothing in it
answers better than all of it. See docs/decisions/0220.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Box, ImageSpec, Vectors

if TYPE_CHECKING:
    from PIL.Image import Image

    from retrieval.protocols import Encoder

PARTS = ((0.5, 3), (0.35, 5))  # share of either side that a part has, and how many there are along it
SIZES = (1.0, 0.7, 0.5, 0.35, 0.25)  # of the parts round the peak
SHARPNESS = 1.5  # how much more a part weighs that is one standard deviation nearer: e to this power
CELLS = 24  # of a saliency map, along either side
WHOLE = Box(0, 0, 10_000, 10_000)


@dataclass(frozen=True, slots=True, eq=False)
class SaliencyMap:
    """Where in a picture the answer lies. values: (CELLS, CELLS) float32 in 0..1, the greatest 1; box: the best part."""

    values: NDArray[np.float32]
    box: Box

    @property
    def everywhere(self) -> bool:
        """Whether no part answers better than the whole."""
        return self.box == WHOLE

    @property
    def peak(self) -> tuple[float, float]:
        """The most salient spot, in shares of width and height."""
        row, column = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return (float(column) + 0.5) / CELLS, (float(row) + 0.5) / CELLS


def saliency_map(picture: Image, encoder: Encoder, questions: Sequence[Vectors]) -> SaliencyMap:
    """Where in a picture the answer to all questions lies. questions: of each its vectors (n, dimension), any may fit.

    Costs an encoding of about forty parts.
    """
    form = encoder.form
    if not isinstance(form, ImageSpec):
        raise TypeError("an encoder of pictures takes pixels")
    places = parts()
    values = saliency(places, _nearness(picture, places, encoder, questions))
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    round_it = np.stack([_round((column + 0.5) / CELLS, (row + 0.5) / CELLS, size) for size in SIZES])
    best = round_it[int(_nearness(picture, round_it, encoder, questions).argmax())]
    return SaliencyMap(values, Box(*(round(10_000 * float(each)) for each in best)))


def saliency_within(picture: Image, region: Box, encoder: Encoder, questions: Sequence[Vectors]) -> SaliencyMap:
    """The same where the answer is known to lie in a region of the picture: outside it is 0.

    Finer than over the whole picture, so that the box is about as small as the thing.
    """
    left, top, right, bottom = (at / 10_000 for at in (region.left, region.top, region.right, region.bottom))
    cut = [round(at * side) for at, side in zip((left, top, right, bottom), picture.size * 2, strict=True)]
    part = saliency_map(
        picture.crop((cut[0], cut[1], max(cut[2], cut[0] + 1), max(cut[3], cut[1] + 1))), encoder, questions
    )
    spots = (np.arange(CELLS) + 0.5) / CELLS
    rows, columns = (CELLS * (spots - low) / (high - low) for low, high in ((top, bottom), (left, right)))
    inside = np.outer((rows >= 0) & (rows < CELLS), (columns >= 0) & (columns < CELLS))
    near = np.ix_(rows.clip(0, CELLS - 1).astype(int), columns.clip(0, CELLS - 1).astype(int))
    values = np.where(inside, part.values[near], np.float32(0))
    across, down = (np.array((part.box.left, part.box.right)), np.array((part.box.top, part.box.bottom)))
    (x, x_end), (y, y_end) = (
        (10_000 * low + (high - low) * own).round().astype(int).tolist()
        for low, high, own in ((left, right, across), (top, bottom, down))
    )
    return SaliencyMap(np.asarray(values / max(float(values.max()), 1e-6), np.float32), Box(x, y, x_end, y_end))


def parts() -> NDArray[np.float64]:
    """(n, 4): left, top, right and bottom of every part that is looked at, in shares 0..1 of the sides."""
    found = []
    for size, count in PARTS:
        starts = np.linspace(0, 1 - size, count)
        found += [(x, y, x + size, y + size) for y in starts for x in starts]
    return np.array(found)


def saliency(places: NDArray[np.float64], nearness: NDArray[np.float64]) -> NDArray[np.float32]:
    """(CELLS, CELLS) in 0..1: a spot is as salient as the parts round it are near, the more the nearer their middle is.

    places: (n, 4), nearness: (n,) cosines. Where all are equally near it is 1 everywhere.
    """
    spread = float(nearness.std())
    if spread < 1e-6:
        return np.ones((CELLS, CELLS), np.float32)
    weights = np.exp(SHARPNESS * (nearness - nearness.max()) / spread)
    spots = (np.arange(CELLS) + 0.5) / CELLS
    left, top, right, bottom = (places[:, side, None] for side in range(4))
    across = np.maximum(0, 1 - np.abs(spots - (left + right) / 2) / ((right - left) / 2))
    down = np.maximum(0, 1 - np.abs(spots - (top + bottom) / 2) / ((bottom - top) / 2))
    weights /= across.sum(axis=1) * down.sum(axis=1)
    values = np.einsum("n,ny,nx->yx", weights, down, across)
    values -= values.min()
    return np.asarray(values / values.max(), np.float32)


def _round(x: float, y: float, size: float) -> tuple[float, float, float, float]:
    """A part of that size round a spot, inside the picture."""
    left, top = (min(max(at - size / 2, 0.0), 1 - size) for at in (x, y))
    return left, top, left + size, top + size


def _nearness(
    picture: Image, places: NDArray[np.float64], encoder: Encoder, questions: Sequence[Vectors]
) -> NDArray[np.float64]:
    """(n,) mean over the questions of the best cosine of each part."""
    from retrieval.media.image.decode import fit

    assert isinstance(encoder.form, ImageSpec)
    width, height = picture.size
    cut = [
        (round(left * width), round(top * height), round(right * width), round(bottom * height))
        for left, top, right, bottom in places.tolist()
    ]
    shown = [(x, y, max(x + 1, right), max(y + 1, bottom)) for x, y, right, bottom in cut]
    vectors = encoder.encode([fit(picture.crop(each), encoder.form) for each in shown])
    nearest = np.stack([(vectors @ each.T).max(axis=1) for each in questions])
    return np.asarray(nearest.mean(axis=0), np.float64)
