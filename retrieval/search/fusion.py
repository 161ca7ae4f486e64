"""Score fusion: lanes and operands -> one list, log-odds -> confidence. Pure: numbers in, numbers out.

Lanes are merged by how sure each is of a segment, in log-odds; see docs/decisions/0152-fusion-by-confidence.md for the
rules that were tried. `reciprocal_rank` is the baseline that the rule must beat.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)

AGREEMENT = 1.0  # log-odds that a further, fully sure lane adds to the best one
FULFILLED = 3.0  # log-odds at which one of several operands is as good as satisfied
LEAST = -8.0  # log-odds of what no lane knows anything about
UNKNOWN = -4.2  # ... of what words alone have found: as for a text whose meaning has nothing to do with the question


def log_odds(confidence: float) -> float:
    """ln(p / (1 - p)), kept within -LEAST."""
    if confidence <= 0.0:
        return LEAST
    if confidence >= 1.0:
        return -LEAST
    return max(LEAST, min(-LEAST, math.log(confidence / (1.0 - confidence))))


def confidence(odds: float) -> float:
    """The probability of log-odds, without overflow."""
    if odds >= 0:
        return 1.0 / (1.0 + math.exp(-odds))
    grown = math.exp(odds)
    return grown / (1.0 + grown)


def agree(odds: Iterable[float], evidence: float = 0.0) -> float:
    """Log-odds of one segment from those of its semantic lanes and the evidence of its words.

    odds: the best lane counts; a further one adds AGREEMENT of its confidence, so one that is unsure neither lifts
    nor lowers. Lanes below UNKNOWN, and no lane at all, count as UNKNOWN where there is evidence.
    evidence: log-likelihood ratio >= 0 of the matched words, added as Bayes' rule says.
    """
    ordered = sorted(odds, reverse=True) or [LEAST]
    sure = ordered[0] + AGREEMENT * sum(confidence(each) for each in ordered[1:])
    return max(sure, UNKNOWN) + evidence if evidence > 0 else sure


def conjunction(odds: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted mean of log-odds: an answer must satisfy every operand.

    An operand is fulfilled at FULFILLED and counts no further, so that one that is more than certain cannot make up for
    another that fails. weights > 0. No operand gives LEAST.
    """
    total = sum(weights)
    return sum(w * min(each, FULFILLED) for w, each in zip(weights, odds, strict=True)) / total if total else LEAST


def shares(confidences: Mapping[Item, float]) -> dict[Item, float]:
    """Each lane's part of the whole; sums to 1. Lanes that say nothing are left out; no lane gives none."""
    total = sum(confidences.values())
    return {lane: value / total for lane, value in confidences.items() if value > 0} if total > 0 else {}


def reciprocal_rank(lists: Sequence[Sequence[Item]], k: float = 60.0) -> list[Item]:
    """One list, merged by reciprocal rank. Lists best first, items unique in each; k > 0 smooths.

    Ties: in the order of first appearance. No lists give an empty list.

    Source: Cormack, Clarke and Büttcher 2009.
    """
    gained: dict[Item, float] = {}
    for ranked in lists:
        for place, item in enumerate(ranked, 1):
            gained[item] = gained.get(item, 0.0) + 1.0 / (k + place)
    return sorted(gained, key=lambda item: -gained[item])
