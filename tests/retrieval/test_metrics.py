"""Measures of answers, against values worked out by hand."""

from __future__ import annotations

import pytest

from retrieval import metrics


def test_recall_counts_the_right_among_the_first() -> None:
    """Two of three wanted are among the first four."""
    assert metrics.recall(["a", "x", "b", "y", "c"], {"a", "b", "c"}, 4) == pytest.approx(2 / 3)
    assert metrics.hit(["x", "a"], {"a"}, 1) == 0.0
    assert metrics.hit(["x", "a"], {"a"}, 2) == 1.0


def test_reciprocal_rank_is_one_over_the_first_right_place() -> None:
    """Third place gives a third, absence nothing."""
    assert metrics.reciprocal_rank(["x", "y", "a", "b"], {"a", "b"}) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(["x"], {"a"}) == 0.0


def test_ndcg_discounts_by_place() -> None:
    """Gains 3 and 1 in the wrong order: (1 + 3/log2 3) / (3 + 1/log2 3)."""
    assert metrics.ndcg(["b", "a"], {"a": 3.0, "b": 1.0}, 2) == pytest.approx(0.7967, abs=1e-4)
    assert metrics.ndcg(["a", "b"], {"a": 3.0, "b": 1.0}, 2) == 1.0


def test_a_question_without_an_answer_has_no_value() -> None:
    """It is an error of the table, not a zero."""
    with pytest.raises(ValueError, match="no value"):
        metrics.recall(["a"], set(), 1)


def test_the_mean_of_nothing_is_zero() -> None:
    """So that an empty table prints."""
    assert metrics.mean([]) == 0.0
    assert metrics.mean([1.0, 0.0]) == 0.5
