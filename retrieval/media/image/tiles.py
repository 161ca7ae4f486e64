"""Overlapping parts of a large picture, so that what is small in it is seen large enough to be known.

Owns which pictures have parts, and which. An encoder sees every picture in one small square; a thing that takes an eighth of
the side is a few pixels there, and in a part of the picture three times as many.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np

from retrieval.domain.media import Box, ExtractedSegment, ImageSpec, ModelInput, Segment
from retrieval.media.image.decode import MARGIN, fit, open_image
from retrieval.settings import LIMITS, Limits

LARGE: Final = 2  # a picture has parts if its shorter side has so many times the pixels that an encoder sees
CUTS: Final = 5  # parts along the shorter side
USUAL: Final = 1.5  # the longer side over the shorter one, as pictures mostly have it: parts are shaped about so
MOST: Final = 20  # parts along the longer side
OVERLAP: Final = 0.1  # share of a part's side that lies in its neighbour as well


def least_side(form: ImageSpec) -> int:
    """Pixels of the shorter side from which on a picture has regions."""
    return LARGE * form.size


def boxes(width: int, height: int) -> list[Box]:
    """The parts of a picture of that shape, row by row; more along the longer side of a panorama or a long screenshot."""
    across, down = (min(MOST, CUTS * max(1, round(side / min(width, height) / USUAL))) for side in (width, height))
    return [Box(left, top, right, bottom) for top, bottom in _cuts(down) for left, right in _cuts(across)]


def _cuts(count: int) -> list[tuple[int, int]]:
    """Begin and end of `count` equal parts of a side, in ten-thousandths of it."""
    length = 1 / (1 + (count - 1) * (1 - OVERLAP))
    return [(round(10_000 * start), round(10_000 * (start + length))) for start in np.linspace(0, 1 - length, count)]


def read_regions(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[ExtractedSegment]:
    """`region` Readings of a picture file (of pages and frames, the first), one view each; none where it is not large.

    Raises: as `open_image`.
    """
    image = open_image(path, limits, side=ceil(CUTS * form.size / MARGIN))
    if min(image.size) < least_side(form):
        return
    for box in boxes(*image.size):
        left, right = (round(share * image.width / 10_000) for share in (box.left, box.right))
        top, bottom = (round(share * image.height / 10_000) for share in (box.top, box.bottom))
        yield ExtractedSegment(
            Segment("region", box=box), (ModelInput(fit(image.crop((left, top, right, bottom)), form)),)
        )
