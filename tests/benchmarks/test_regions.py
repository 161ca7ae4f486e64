"""The scenes by which regions are measured: the truth told of them is what their pixels show."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.regions import HEIGHT, LARGE, SMALL, WIDTH, Scene, in_box, scenes_of
from retrieval.domain.media import Box
from retrieval.domain.result import FoundSegment, Hit


def test_a_thing_lies_where_the_scene_says_and_every_other_picture_has_none(tmp_path: Path) -> None:
    """White things on black grounds: what is white is as large as told, and its middle is the one told."""
    (tmp_path / "media").mkdir()
    (tmp_path / "things").mkdir()
    grounds = [(f"caption {number}", Image.new("RGB", (176, 176))) for number in range(8)]
    things = [(f"label {number}", Image.new("RGB", (128, 170), "white")) for number in range(4)]
    found = list(scenes_of(tmp_path / "media", things, grounds, 8, random.Random(3)))
    assert [each.label for each in found] == ["label 0", "", "label 1", "", "label 2", "", "label 3", ""]
    for each in found:
        pixels = np.asarray(Image.open(each.file).convert("L"))
        assert pixels.shape == (HEIGHT, WIDTH)
        rows, columns = np.nonzero(pixels > 128)
        if not each.label:
            assert not len(rows)
            continue
        assert SMALL <= each.share <= LARGE
        assert np.ptp(columns) + 1 == pytest.approx(each.share * HEIGHT, abs=2)
        middle = (columns.min() + columns.max() + 1) / 2 / WIDTH, (rows.min() + rows.max() + 1) / 2 / HEIGHT
        assert middle == pytest.approx(each.middle, abs=0.002)
        assert each.thing.is_file()


def test_a_thing_is_in_a_box_that_holds_its_middle() -> None:
    """Nothing is said where the picture was not found by a part of it."""
    scene = Scene(Path("/a.jpg"), "", "cup", 0.2, (0.9, 0.1))

    def hit(box: Box | None) -> Hit:
        segment = FoundSegment("x", "region" if box else "image", None, None, None, 0.9, 0.5, {"shows": 1.0}, box=box)
        return Hit(scene.file, (scene.file,), "00", "image", 0.5, 0.9, (segment,))

    assert in_box(scene, [hit(Box(8_000, 0, 10_000, 2_000))]) is True
    assert in_box(scene, [hit(Box(0, 0, 2_000, 2_000))]) is False
    assert in_box(scene, [hit(None)]) is None
    assert in_box(scene, []) is None
