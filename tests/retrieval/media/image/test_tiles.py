"""Parts of large pictures: which there are, and what an encoder sees of them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from retrieval.domain.media import ImageSpec
from retrieval.errors import MediaUnreadable
from retrieval.media.image.tiles import CUTS, MOST, boxes, least_side, read_regions

FORM = ImageSpec(32)
SIDES = st.integers(1, 20_000)


@given(SIDES, SIDES)
def test_the_parts_cover_the_picture_and_stay_inside(width: int, height: int) -> None:
    """Every spot lies in a part, whatever the picture's shape."""
    found = boxes(width, height)
    spots = np.linspace(0, 10_000, 101)
    for low, high in (("left", "right"), ("top", "bottom")):
        assert min(getattr(each, low) for each in found) == 0
        assert max(getattr(each, high) for each in found) == 10_000
    covered = [
        any(b.left <= x <= b.right and b.top <= y <= b.bottom for b in found) for x in spots for y in spots[::10]
    ]
    assert all(covered)


@given(SIDES, SIDES)
def test_neighbours_overlap_and_all_parts_have_one_size(width: int, height: int) -> None:
    """A thing on a border is whole in one of them if it is small enough."""
    for low, high in (("left", "right"), ("top", "bottom")):
        cuts = sorted({(getattr(each, low), getattr(each, high)) for each in boxes(width, height)})
        lengths = [end - start for start, end in cuts]
        assert max(lengths) - min(lengths) <= 1
        assert all(before[1] > after[0] for before, after in pairwise(cuts))


@pytest.mark.parametrize(
    ("size", "across", "down"),
    [((4000, 3000), CUTS, CUTS), ((3000, 4000), CUTS, CUTS), ((1920, 1080), CUTS, CUTS), ((6000, 1000), MOST, CUTS)],
)
def test_long_pictures_have_more_parts_along_their_longer_side(size: tuple[int, int], across: int, down: int) -> None:
    """A photo is cut alike on both sides, a panorama or a long screenshot is not."""
    found = boxes(*size)
    assert (len({each.left for each in found}), len({each.top for each in found})) == (across, down)


def written(path: Path, width: int, height: int) -> Path:
    """A picture whose right lower corner is white, the rest black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[-height // 5 :, -width // 5 :] = 255
    Image.fromarray(pixels).save(path)
    return path


def test_only_large_pictures_have_regions(tmp_path: Path) -> None:
    """One pixel less on the shorter side, and there are none."""
    side = least_side(FORM)
    assert list(read_regions(written(tmp_path / "small.png", 2 * side, side - 1), FORM)) == []
    assert len(list(read_regions(written(tmp_path / "large.png", side, side), FORM))) == len(boxes(side, side))


def test_a_region_shows_what_lies_in_its_box(tmp_path: Path) -> None:
    """The last one is the white corner, all others but its neighbours are black."""
    found = list(read_regions(written(tmp_path / "corner.png", 320, 240), FORM))
    means = [each.views[0].array.mean() for each in found]
    assert means[-1] > 100
    assert max(means[:-1]) < means[-1]
    assert means[0] == 0
    assert all(each.views[0].array.shape == (32, 32, 3) for each in found)
    assert [each.segment.box for each in found] == boxes(320, 240)


def test_a_jpeg_is_decoded_no_larger_than_its_regions_need(tmp_path: Path) -> None:
    """What is left of a photo of twelve megapixels still has each part at the encoder's size."""
    path = written(tmp_path / "photo.jpg", 4000, 3000)
    found = list(read_regions(path, FORM))
    assert [each.segment.box for each in found] == boxes(4000, 3000)
    assert found[-1].views[0].array[-1, -1].min() > 200


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """As of any other step."""
    path = tmp_path / "cut.png"
    path.write_bytes(written(tmp_path / "whole.png", 320, 240).read_bytes()[:200])
    with pytest.raises(MediaUnreadable, match=r"cut\.png"):
        list(read_regions(path, FORM))
