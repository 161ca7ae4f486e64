"""Places, confidences and spans in numbers, each computed a second time in a few lines of its own."""

import math
import random

import numpy as np
import pytest

from retrieval.domain.media import Span
from retrieval.evaluation import measures

NAMES = [f"n{at}" for at in range(40)]


def questions(seed: int, count: int = 60) -> tuple[list[list[str]], list[dict[str, float]]]:
    """Rankings of different lengths, and right answers of which some are not found."""
    chance = random.Random(seed)
    ranked = [chance.sample(NAMES, chance.randrange(0, 30)) for _ in range(count)]
    right = [
        {name: chance.choice([1.0, 1.0, 0.5, 2.0]) for name in chance.sample(NAMES, chance.randrange(1, 20))}
        for _ in range(count)
    ]
    return ranked, right


def test_measures_of_places_equal_their_definitions() -> None:
    """Recall, discounted gain and reciprocal rank, written out once more over the raw ranking."""
    ranked, right = questions(1)
    found = measures.places(ranked, right)
    for at, (names, own) in enumerate(zip(ranked, right, strict=True)):
        for k in (1, 5, 10):
            assert found[f"R@{k}"][at] == pytest.approx(sum(name in own for name in names[:k]) / len(own))
        gains = sum(own.get(name, 0.0) / math.log2(place + 2) for place, name in enumerate(names[:10]))
        best = sum(gain / math.log2(place + 2) for place, gain in enumerate(sorted(own.values(), reverse=True)[:10]))
        assert found["nDCG@10"][at] == pytest.approx(gains / best, abs=1e-6)
        hits = [place for place, name in enumerate(names, 1) if name in own]
        assert found["RR"][at] == pytest.approx(1 / hits[0] if hits else 0.0)
        assert measures.first_places(ranked, right)[at] == (hits[0] if hits else math.inf)


def test_places_decide_not_names() -> None:
    """An answer whose name sorts last keeps its place: no two of them count as equally good."""
    assert measures.places([["z", "a"]], [{"z": 1.0}])["R@1"].tolist() == [1.0]
    assert measures.places([["a", "z"]], [{"z": 1.0}])["R@1"].tolist() == [0.0]


def test_nothing_right_is_an_error() -> None:
    """A question without a right answer would count as a failure of the engine."""
    with pytest.raises(ValueError, match="right answer"):
        measures.places([["a"]], [{}])


def test_an_interval_is_as_wide_as_theory_says() -> None:
    """The bootstrap of a mean agrees with 1.96 standard errors, within a twentieth."""
    values = np.random.default_rng(3).normal(0.5, 0.2, 400)
    found = measures.interval(values)
    wide = 1.96 * values.std() / math.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.high - found.mean == pytest.approx(wide, rel=0.05)
    assert found.mean - found.low == pytest.approx(wide, rel=0.05)


def test_a_paired_difference_sees_what_two_intervals_do_not() -> None:
    """The same small gain on every question is certain, however much the questions differ."""
    chance = np.random.default_rng(4)
    values = chance.random(200)
    better = values + 0.02 + chance.normal(0, 0.01, 200)
    found = measures.difference(better, values)
    assert found.low > 0
    assert found.chance < 0.01
    assert measures.interval(better).low < measures.interval(values).high


def test_no_difference_is_put_down_to_chance() -> None:
    """Equal settings differ by nothing, and half of all resamples cannot reverse that."""
    found = measures.difference([0.1, 0.9, 0.5], [0.1, 0.9, 0.5])
    assert (found.mean, found.chance) == (0.0, 1.0)


def test_the_chance_of_a_difference_is_that_of_the_sign() -> None:
    """For two questions one way and one the other, resamples of three are reversed as often as can be counted."""
    found = measures.difference([1.0, 1.0, 0.0], [0.0, 0.0, 1.0], resamples=40_000)
    below = sum(math.comb(3, wins) * 2**wins for wins in (0, 1)) / 27  # resamples of mean -1 or -1/3
    assert found.chance == pytest.approx(2 * below, abs=0.02)


def test_calibration_equals_its_definition() -> None:
    """Error over ten bins of equal mass and Brier score, written out once more."""
    chance = np.random.default_rng(5)
    sure = chance.random(237)
    right = (chance.random(237) < sure**2).astype(float)
    found = measures.calibration(sure, right)
    rows = sorted(zip(sure.tolist(), right.tolist(), strict=True))
    error, first = 0.0, 0
    for at in range(10):
        size = len(rows) // 10 + (at < len(rows) % 10)
        part = rows[first : first + size]
        error += abs(sum(p for p, _ in part) - sum(y for _, y in part)) / len(rows)
        first += size
    assert found.error == pytest.approx(error)
    assert found.brier == pytest.approx(sum((p - y) ** 2 for p, y in rows) / len(rows))
    share = sum(y for _, y in rows) / len(rows)
    assert found.base == pytest.approx(sum((share - y) ** 2 for _, y in rows) / len(rows))
    assert [each.count for each in found.bins] == [24] * 7 + [23] * 3


def test_true_confidences_have_hardly_any_error() -> None:
    """What is right as often as it claims is calibrated; what claims the same of all is not, and yet has no error."""
    chance = np.random.default_rng(6)
    sure = chance.random(20_000)
    right = chance.random(20_000) < sure
    found = measures.calibration(sure, right)
    assert found.error < 0.02
    assert found.brier < 0.7 * found.base
    flat = measures.calibration(np.full(20_000, right.mean()), right)
    assert flat.error < 0.02
    assert flat.brier == pytest.approx(flat.base)


def test_nothing_judged_gives_zeros() -> None:
    """Without any answer there is no mean and no error."""
    assert measures.interval([]) == measures.Interval(0.0, 0.0, 0.0)
    assert measures.difference([], []).chance == 1.0
    assert measures.calibration([], []).bins == ()


def test_spans_overlap_by_union() -> None:
    """Half inside is a third; apart, or no span at all, is nothing; the nearest of several counts."""
    assert measures.overlap(Span(0, 1000), [Span(500, 1500)]) == pytest.approx(1 / 3)
    assert measures.overlap(Span(0, 1000), [Span(5000, 6000), Span(0, 800)]) == pytest.approx(0.8)
    assert measures.overlap(Span(0, 1000), [Span(1000, 2000)]) == 0.0
    assert measures.overlap(None, [Span(0, 1000)]) == 0.0
