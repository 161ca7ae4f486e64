"""Slopes and the chart of how work grows."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from benchmarks import growth


def test_a_slope_is_the_power_of_the_growth() -> None:
    """Twice the work for twice the segments is 1; with the logarithm of them it is more."""
    sizes = [1_000, 10_000, 100_000]
    assert growth.slope(sizes, [0.002 * size for size in sizes]) == pytest.approx(1.0)
    assert growth.slope(sizes, [size**1.5 for size in sizes]) == pytest.approx(1.5)


def test_the_chart_holds_every_work() -> None:
    """It is XML, with a line of as many points as sizes for each."""
    seconds = {size: {"write": size / 1e3, "rebuild": size / 1e4, "scan": size / 1e5} for size in (1_000, 10_000)}
    root = ET.fromstring(growth.chart(seconds))
    lines = [each.get("points", "").split() for each in root.iter() if each.tag.endswith("polyline")]
    assert [len(each) for each in lines] == [2, 2, 2]
    assert len({tuple(each) for each in lines}) == 3
