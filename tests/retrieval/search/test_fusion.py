"""Fusion: pure numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.search import fusion

ODDS = st.floats(-8, 8)


@given(st.floats(0.001, 0.999))
def test_confidence_undoes_log_odds(probability: float) -> None:
    """One turns into the other and back."""
    assert fusion.confidence(fusion.log_odds(probability)) == pytest.approx(probability)


def test_certainty_is_bounded() -> None:
    """0 and 1 stay finite; huge odds do not overflow."""
    assert fusion.log_odds(0.0) == fusion.LEAST == -fusion.log_odds(1.0)
    assert fusion.confidence(-1e6) == 0.0
    assert fusion.confidence(1e6) == 1.0


@given(st.lists(ODDS, min_size=1, max_size=5), ODDS)
def test_a_further_lane_never_lowers(odds: list[float], more: float) -> None:
    """Agreement is at least the surest lane, and grows with each lane, in whatever order."""
    assert fusion.agree(odds) >= max(odds)
    assert fusion.agree([*odds, more]) >= fusion.agree(odds) - 1e-9
    assert fusion.agree(odds) == pytest.approx(fusion.agree(odds[::-1]))


def test_an_unsure_lane_hardly_lifts() -> None:
    """A lane that says no adds next to nothing to one that is sure."""
    assert fusion.agree([2.0, -8.0]) - 2.0 < 0.01
    assert fusion.agree([]) == fusion.LEAST


@given(st.lists(ODDS, max_size=3), st.floats(0.01, 12))
def test_words_add_to_what_the_meaning_says(odds: list[float], evidence: float) -> None:
    """Evidence is added in full, to no less than what an unrelated text has."""
    assert fusion.agree(odds, evidence) == pytest.approx(max(fusion.agree(odds), fusion.UNKNOWN) + evidence)


@given(st.lists(st.tuples(ODDS, st.floats(0.1, 5)), min_size=1, max_size=4))
def test_conjunction_lies_between_its_operands(parts: list[tuple[float, float]]) -> None:
    """A weighted mean: one operand that fails cannot be outvoted beyond its weight."""
    odds, weights = zip(*parts, strict=True)
    mean = fusion.conjunction(odds, weights)
    assert min(*odds, fusion.FULFILLED) - 1e-9 <= mean <= max(odds) + 1e-9


def test_certainty_of_one_operand_does_not_make_up_for_another() -> None:
    """Two operands half fulfilled beat one that is more than certain and one that fails."""
    assert fusion.conjunction([1.0, 1.0], [1, 1]) > fusion.conjunction([20.0, -4.0], [1, 1])


def test_shares_sum_to_one() -> None:
    """Lanes that say nothing have no share."""
    assert fusion.shares({"said": 0.9, "words": 0.3, "shows": 0.0}) == pytest.approx({"said": 0.75, "words": 0.25})
    assert fusion.shares({}) == {}


def test_reciprocal_rank_is_the_published_formula() -> None:
    """1 / (60 + rank), summed; ties in the order of first appearance."""
    assert fusion.reciprocal_rank([["a", "b"], ["b", "c"]]) == ["b", "a", "c"]
    assert fusion.reciprocal_rank([["x"], ["y"]]) == ["x", "y"]
    assert fusion.reciprocal_rank([]) == []
