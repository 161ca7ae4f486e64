"""How good an answer is, over tables of results. Pure.

`found` is a list of ids, best first, each once; `wanted` the ids that are right. A question without any right answer has
no value, and a mean leaves it out.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def recall(found: Sequence[Hashable], wanted: Collection[Hashable], k: int) -> float:
    """Share of `wanted` among the first k; 0..1. ValueError for an empty `wanted`."""
    return len(set(found[:k]) & set(_some(wanted))) / len(set(wanted))


def hit(found: Sequence[Hashable], wanted: Collection[Hashable], k: int) -> float:
    """1.0 if any of `wanted` is among the first k, else 0.0."""
    return float(bool(set(found[:k]) & set(_some(wanted))))


def reciprocal_rank(found: Sequence[Hashable], wanted: Collection[Hashable]) -> float:
    """1 / place of the first right answer, 0.0 where there is none. Its mean over questions is MRR."""
    right = set(_some(wanted))
    return next((1.0 / place for place, item in enumerate(found, 1) if item in right), 0.0)


def ndcg(found: Sequence[Hashable], gains: Mapping[Hashable, float], k: int) -> float:
    """Discounted cumulative gain of the first k over the best possible one; 0..1.

    gains: > 0 for right answers. Source: Järvelin and Kekäläinen 2002, with log2(place + 1).
    """
    ideal = _discounted(sorted(_some(gains.values()), reverse=True)[:k])
    return _discounted([gains.get(item, 0.0) for item in found[:k]]) / ideal


def mean(values: Iterable[float]) -> float:
    """The mean, 0.0 of nothing."""
    kept = list(values)
    return sum(kept) / len(kept) if kept else 0.0


def _discounted(gains: Iterable[float]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, 1))


def _some(wanted: Collection[Item]) -> Collection[Item]:
    if not wanted:
        raise ValueError("a question without a right answer has no value")
    return wanted
