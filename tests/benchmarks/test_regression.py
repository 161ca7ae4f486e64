"""The timing of two trees: who goes first changes, and ratios are of runs that followed each other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.regression import Spent, in_turns, ratios, run


def test_who_goes_first_changes_from_pair_to_pair() -> None:
    """A machine that slows down or warms up favours neither."""
    order: list[str] = []

    def side(name: str) -> Spent:
        order.append(name)
        return Spent(float(name == "after"), 0.0)

    found = in_turns(4, lambda _: side("before"), lambda _: side("after"))
    assert order == ["before", "after", "after", "before"] * 2
    assert found == [(Spent(0.0, 0.0), Spent(1.0, 0.0))] * 4


def test_a_slow_moment_does_not_move_the_ratio() -> None:
    """The third pair fell into a busy moment of the machine, which held both sides up."""
    pairs = [
        (Spent(1.0, 1.0), Spent(1.1, 1.0)),
        (Spent(2.0, 1.0), Spent(2.2, 1.0)),
        (Spent(50.0, 1.0), Spent(5.0, 1.0)),
    ]
    figures = ratios("cold", pairs)
    assert figures["cold wall ratio"] == pytest.approx(1.1)
    assert figures["cold cpu ratio"] == 1.0
    assert figures["cold wall before ms"] == 2000


def test_a_program_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    """A refused command must not count as a fast one."""
    with pytest.raises(SystemExit, match="ended with 3"):
        run(sys.executable, "-c", "raise SystemExit(3)", cwd=tmp_path)
