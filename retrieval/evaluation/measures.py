"""How good answers are, in numbers: places, confidences, moments, and how far chance may have moved the numbers. Pure.

Measures of places are computed by ir-measures (trec_eval), the extra `evaluate`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.domain.media import Span
from retrieval.errors import importing

Values: TypeAlias = NDArray[np.float64]

MEASURES = ("R@1", "R@5", "R@10", "nDCG@10", "RR")  # as ir-measures writes them
RESAMPLES = 10_000
SEED = 11  # of the resampling: the same rankings give the same intervals
BLOCK = 500  # resamples held at once


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over questions, and the 95 % interval of a bootstrap over them; 0, 0, 0 of no question."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference over the same questions, its 95 % interval, and how often chance reverses it (two-sided, 0..1)."""

    mean: float
    low: float
    high: float
    chance: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence: how many, how sure on average, how many of them right (0..1)."""

    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether confidences are what they claim. error: expected calibration error over the bins, 0 best.

    brier: mean squared distance of confidence and truth. base: that of always answering the share of right answers.
    """

    error: float
    brier: float
    base: float
    bins: tuple[Bin, ...]


def require() -> None:
    """Raises InstallationError where ir-measures is missing or broken, before thousands of questions are asked in vain."""
    with importing("ir_measures", "'crossmedia[evaluate]'"):
        import ir_measures  # noqa: F401


def places(ranked: Sequence[Sequence[str]], right: Sequence[Mapping[str, float]]) -> dict[str, Values]:
    """Each of MEASURES for each question, (n,) in 0..1.

    ranked: names, best first, each once; right: gain of each right name. A question without right answers is an error.

    Raises:
        ValueError: a question has no right answer.
        InstallationError: ir-measures is missing or broken.

    Source: trec_eval; nDCG after Järvelin and Kekäläinen 2002 with the gains as they are.
    """
    require()
    from ir_measures import Qrel, ScoredDoc, iter_calc, parse_measure

    if not all(right):
        raise ValueError("a question without a right answer has no value")
    found = {name: np.zeros(len(ranked)) for name in MEASURES}
    # trec_eval knows whole gains only, and orders equal scores by name: thousandths and places stand for them.
    judged = [
        Qrel(str(at), name, max(1, round(1000 * gain))) for at, own in enumerate(right) for name, gain in own.items()
    ]
    given = [
        ScoredDoc(str(at), name, float(-place)) for at, names in enumerate(ranked) for place, name in enumerate(names)
    ]
    for each in iter_calc([parse_measure(name) for name in MEASURES], judged, given):
        found[str(each.measure)][int(each.query_id)] = each.value
    return found


def first_places(ranked: Sequence[Sequence[str]], right: Sequence[Mapping[str, float]]) -> Values:
    """Place of the first right answer of each question, from 1; infinite where none was found."""
    return np.array(
        [
            next((float(place) for place, name in enumerate(names, 1) if name in own), np.inf)
            for names, own in zip(ranked, right, strict=True)
        ]
    )


def median(places: Values) -> float:
    """The middle place, the later one of two; infinite where at least half have none, or nothing was asked."""
    return float(np.sort(places)[len(places) // 2]) if len(places) else np.inf


def interval(values: ArrayLike, resamples: int = RESAMPLES) -> Interval:
    """The mean of one value for each question, with its percentile bootstrap.

    Source: Efron and Tibshirani 1993.
    """
    found = np.asarray(values, np.float64)
    if not len(found):
        return Interval(0.0, 0.0, 0.0)
    low, high = np.quantile(_means(found, resamples), [0.025, 0.975])
    return Interval(float(found.mean()), float(low), float(high))


def difference(values: ArrayLike, others: ArrayLike, resamples: int = RESAMPLES) -> Difference:
    """By how much `values` are greater than `others`, question by question: a paired bootstrap.

    Source: Sakai 2006, "Evaluating evaluation metrics based on the bootstrap".
    """
    gained = np.asarray(values, np.float64) - np.asarray(others, np.float64)
    if not len(gained):
        return Difference(0.0, 0.0, 0.0, 1.0)
    means = _means(gained, resamples)
    low, high = np.quantile(means, [0.025, 0.975])
    against = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return Difference(float(gained.mean()), float(low), float(high), min(1.0, 2 * against))


def _means(values: Values, resamples: int) -> Values:
    """Means of samples drawn with replacement, (resamples,)."""
    chance = np.random.default_rng(SEED)
    sizes = [min(BLOCK, resamples - done) for done in range(0, resamples, BLOCK)]
    drawn = [values[chance.integers(0, len(values), (size, len(values)))].mean(axis=1) for size in sizes]
    return np.concatenate(drawn)


def calibration(confidences: ArrayLike, right: ArrayLike, bins: int = 10) -> Calibration:
    """Confidences (n,) in 0..1 against truth (n,) of 0 and 1, in bins of equal mass.

    Equal confidences may fall into two bins; fewer answers than bins make fewer bins; none give zeros.

    Source: Naeini, Cooper and Hauskrecht 2015; Brier 1950; equal mass after Nguyen and O'Connor 2015.
    """
    sure, truth = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    if not len(sure):
        return Calibration(0.0, 0.0, 0.0, ())
    order = np.argsort(sure, kind="stable")
    parts = [each for each in np.array_split(order, bins) if len(each)]
    filled = tuple(Bin(len(each), float(sure[each].mean()), float(truth[each].mean())) for each in parts)
    error = sum(each.count * abs(each.confidence - each.right) for each in filled) / len(sure)
    base = float(truth.mean())
    return Calibration(error, float(((sure - truth) ** 2).mean()), base * (1 - base), filled)


def overlap(found: Span | None, spans: Sequence[Span]) -> float:
    """Length that a found span shares with the nearest right one, over that of both together: 0..1."""
    if found is None:
        return 0.0
    return max((_shared(found, each) for each in spans), default=0.0)


def _shared(one: Span, other: Span) -> float:
    both = one.overlap(other)
    whole = one.length + other.length - both
    return both / whole if whole else 0.0
