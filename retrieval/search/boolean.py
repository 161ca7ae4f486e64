"""Operators of a question over the log-odds of its operands. Pure: log-odds in, log-odds out.

An asset has places: a picture is one, a document one for each segment, a video or recording one for each step of time.
What is looked for may be fulfilled at different places of an asset, so that a bicycle shown and a word said later fit
together; what is excluded lowers only the places where it is. See docs/decisions/0200.

    side by side   weighted mean of log-odds (fusion.conjunction)     +x    no surer than x
    AND, OR        the least, the greatest                            -x^w  p (1 - q)^w, at each place
    A then B       the best row of moments in that order            x^w   counts w times among what stands beside it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.query import And, EventSequence, Leaf, Not, Or, Required, Tree, Weighted, WeightedSum
from retrieval.query.parser import leaves, sought
from retrieval.search import fusion, moments
from retrieval.search.moments import Curve, Ms, Odds

MOST_EVENTS = 60  # moments of one event of `A then B` in one video that are weighed


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """How sure a part of a question is of one asset, in log-odds.

    at: (n,) at each place. whole: of the asset; at least the greatest of `at`, more where names speak for it or where
    its places fulfil different parts. row: the moments of the best `A then B` in it, in order.
    """

    at: Odds
    whole: float
    row: tuple[moments.Moment, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TimeGrid:
    """The places of a video or recording: steps [starts, ends) ms with their best frames, all (n,).

    cuts: (m,) ms where shots end. sentences: (m, 2) ms, or None.
    """

    starts: Ms
    ends: Ms
    frames: Ms
    cuts: Ms
    sentences: Ms | None = None

    def curve(self, odds: Odds) -> Curve:
        """The steps with these log-odds (n,)."""
        return Curve(self.starts, self.ends, odds, self.frames)

    def touched(self, moment: moments.Moment) -> NDArray[np.bool_]:
        """Mask (n,) of the steps that a moment holds."""
        return (self.starts < moment.span.end) & (self.ends > moment.span.start)


def parts(tree: Tree) -> tuple[Tree, ...]:
    """The children of a tree; none of a leaf."""
    if isinstance(tree, Leaf):
        return ()
    return (tree.part,) if isinstance(tree, Weighted | Required | Not) else tree.parts


def generates_candidates(tree: Tree) -> list[bool]:
    """For each leaf whether it brings candidates: what is excluded never does."""
    if isinstance(tree, Leaf):
        return [True]
    return [own and not isinstance(tree, Not) for each in parts(tree) for own in generates_candidates(each)]


def by_place(tree: Tree) -> bool:
    """Whether a tree must be judged place by place: it excludes something, or asks for an order."""
    return isinstance(tree, Not | EventSequence) or any(by_place(each) for each in parts(tree))


def timed(tree: Tree) -> bool:
    """Whether only what has a time can answer: `A then B` in each alternative."""
    if isinstance(tree, EventSequence):
        return True
    ordered = [timed(each) for each in parts(tree) if sought(each)]
    return bool(ordered) and (all(ordered) if isinstance(tree, Or) else any(ordered))


# ---------------------------------------------------------------- numbers


def lowered(odds: Odds, cost: Odds) -> Odds:
    """Log-odds (n,) of p exp(-cost) for p of log-odds (n,), cost (n,) >= 0."""
    left = -np.logaddexp(0.0, -odds) - cost  # ln of it, below 0
    return np.where(cost > 0, left - np.log(-np.expm1(np.minimum(left, -1e-300))), odds)


def cost_of(odds: Odds) -> Odds:
    """-ln(1 - q) for q of log-odds (n,): what excluding it costs."""
    return np.logaddexp(0.0, odds)


def weighted(tree: Tree) -> tuple[Tree, float, bool]:
    """A part without its weights and `+`, the product of its weights, and whether it must be."""
    weight, must = 1.0, False
    while isinstance(tree, Weighted | Required):
        must |= isinstance(tree, Required)
        weight *= tree.weight if isinstance(tree, Weighted) else 1.0
        tree = tree.part
    return tree, weight, must


# ---------------------------------------------------------------- trees


def bounds(tree: Tree, wholes: Odds) -> Odds:
    """(n,) what assets can be at most, of how sure each leaf is of the whole of each (leaves, n): nothing excluded, no
    order asked. Where a tree has neither, it is what they are."""
    left = _without_places(tree, [0])
    return np.full(wholes.shape[1], fusion.LEAST) if left is None else together(left[0], wholes[left[1]])


def together(tree: Tree, wholes: Odds) -> Odds:
    """(n,) how sure a tree is of assets of one place each, of how sure its leaves are (leaves, n)."""
    return score_tree(tree, [Score(row, float(row.max(initial=fusion.LEAST))) for row in wholes]).at


def _without_places(tree: Tree, count: list[int]) -> tuple[Tree, list[int]] | None:
    """A tree without what is excluded, its orders as AND, and which leaves are left; count: leaves seen so far."""
    if isinstance(tree, Leaf):
        count[0] += 1
        return tree, [count[0] - 1]
    if isinstance(tree, Not):
        count[0] += len(leaves(tree))
        return None
    kept = [each for each in [_without_places(part, count) for part in parts(tree)] if each]
    if not kept:
        return None
    order = [leaf for _, each in kept for leaf in each]
    trees = tuple(each for each, _ in kept)
    if isinstance(tree, Weighted):
        return Weighted(trees[0], tree.weight), order
    if isinstance(tree, Required):
        return Required(trees[0]), order
    whole: Tree = (
        WeightedSum(trees) if isinstance(tree, WeightedSum) else Or(trees) if isinstance(tree, Or) else And(trees)
    )
    return whole, order


def score_tree(tree: Tree, given: Sequence[Score | None], times: TimeGrid | None = None) -> Score:
    """How sure a tree is of one asset whose places its leaves judged, all in the same order.

    given: for each leaf; None leaves it out, as for something that nobody here can ask. times: of the places; without
    them nothing comes in order. A tree of which nothing is left is sure of nothing.
    """
    places = next((len(each.at) for each in given if each is not None), 1)
    score = _Judge(given, times, places).part(tree, 0, np.zeros(places))
    return score or Score(np.full(places, fusion.LEAST), fusion.LEAST)


def excluded(tree: Tree, given: Sequence[Score | None]) -> Odds:
    """(n,) what the parts that a tree as a whole excludes cost at each place."""
    places = next((len(each.at) for each in given if each is not None), 1)
    return (
        _Judge(given, None, places).costs(_numbered(tree, 0))
        if isinstance(tree, WeightedSum | And)
        else np.zeros(places)
    )


def _numbered(tree: Tree, first: int) -> list[tuple[Tree, int]]:
    """The parts of a tree, each with the number of its first leaf."""
    numbered = []
    for each in parts(tree):
        numbered.append((each, first))
        first += len(leaves(each))
    return numbered


@dataclass(frozen=True, slots=True, eq=False)
class _Judge:
    """One walk over a tree. cost: (n,) what excluded things around a part take from it at each place."""

    given: Sequence[Score | None]
    times: TimeGrid | None
    places: int

    def part(self, tree: Tree, first: int, cost: Odds) -> Score | None:
        if isinstance(tree, Leaf):
            return self._leaf(first, cost)
        if isinstance(tree, Weighted | Required):
            return self.part(tree.part, first, cost)
        if isinstance(tree, Not):
            return self._not(tree, first, cost)
        if isinstance(tree, EventSequence):
            return self._then(tree, first, cost)
        return self._group(tree, first, cost)

    def _leaf(self, number: int, cost: Odds) -> Score | None:
        own = self.given[number]
        if own is None or not cost.any():
            return own
        raised = own.at + max(0.0, own.whole - float(own.at.max()))  # names speak for every place
        left = lowered(raised, cost)
        return Score(left, float(left.max()))

    def _not(self, tree: Not, first: int, cost: Odds) -> Score | None:
        """1 - q, to the power of its weight."""
        inner, weight, _ = weighted(tree.part)
        score = self.part(inner, first, np.zeros(self.places))
        return None if score is None else self._nothing_but(weight * cost_of(score.at) + cost)

    def _nothing_but(self, cost: Odds) -> Score:
        """Certain but for what is excluded."""
        kept = lowered(np.full(self.places, -2 * fusion.LEAST), cost)
        return Score(kept, float(kept.max()))

    def costs(self, numbered: Sequence[tuple[Tree, int]]) -> Odds:
        """(n,) the cost that excluded parts among these put on those beside them."""
        total = np.zeros(self.places)
        for each, first in numbered:
            inner, weight, _ = weighted(each)
            score = None if sought(each) else self.part(inner, first, np.zeros(self.places))
            if score is not None:
                total += weight * cost_of(-score.at)
        return total

    def _group(self, tree: WeightedSum | And | Or, first: int, cost: Odds) -> Score | None:
        numbered = _numbered(tree, first)
        if not isinstance(tree, Or):
            cost = cost + self.costs(numbered)
            numbered = [(each, at) for each, at in numbered if sought(each)]
            if not numbered:
                return self._nothing_but(cost)
        judged = [(each, self.part(each, at, cost)) for each, at in numbered]
        known = [(each, score) for each, score in judged if score is not None]
        if not known:
            return None
        if len(known) == 1:
            return known[0][1]
        scores = [each for _, each in known]
        table = np.stack([each.at for each in scores])
        wholes = [each.whole for each in scores]
        row = max(scores, key=lambda each: (bool(each.row), each.whole)).row
        if isinstance(tree, Or):
            best = max(scores, key=lambda each: each.whole)
            return Score(table.max(axis=0), best.whole, best.row)
        if isinstance(tree, And):
            return Score(table.min(axis=0), min(wholes), row)
        return _mean([each for each, _ in known], table, wholes, row)

    def _then(self, tree: EventSequence, first: int, cost: Odds) -> Score | None:
        """The steps of every row of moments have the log-odds of the best row through them."""
        judged = [self.part(each, at, cost) for each, at in _numbered(tree, first)]
        events = [each for each in judged if each is not None]
        at = np.full(self.places, fusion.LEAST)
        times = self.times
        if times is None or len(events) < len(judged):
            return Score(at, fusion.LEAST)
        rows = in_order([_events(each.at, times) for each in events], tree.within_ms)
        for row in rows:
            for moment in row:
                touched = times.touched(moment)
                at[touched] = np.maximum(at[touched], min(each.odds for each in row))
        if not rows:
            return Score(at, fusion.LEAST)
        return Score(at, min(each.odds for each in rows[0]), rows[0])


def _mean(trees: Sequence[Tree], table: Odds, wholes: Sequence[float], row: tuple[moments.Moment, ...]) -> Score:
    """Parts side by side: fusion.conjunction, capped by required parts."""
    weights = [weighted(each)[1] for each in trees]
    at = np.average(np.minimum(table, fusion.FULFILLED), axis=0, weights=weights)
    whole = fusion.conjunction(wholes, weights)
    for number, each in enumerate(trees):
        if weighted(each)[2]:
            at, whole = np.minimum(at, table[number]), min(whole, wholes[number])
    return Score(at, whole, row)


# ---------------------------------------------------------------- order


def _events(own: Odds, times: TimeGrid) -> list[moments.Moment]:
    """The moments of one event, of log-odds (n,): those of the level of its best, and those that are sure."""
    return moments.find(times.curve(own), times.cuts, times.sentences, most=MOST_EVENTS, least=fusion.FULFILLED)


def in_order(
    events: Sequence[Sequence[moments.Moment]], within_ms: Sequence[int | None]
) -> list[tuple[moments.Moment, ...]]:
    """For each moment of the last event the best row that ends with it, highest log-odds first; ties: the earlier.

    A row has one moment of each event; each begins after the one before began, and at most within_ms after that ended.
    A row is as sure as the least sure of its moments: dynamic programming over the events, by the best row up to each
    moment. Of equal ones the shortest pause counts.
    """
    rows: list[tuple[moments.Moment, ...]] = [(each,) for each in events[0]]
    best = np.array([each.odds for each in events[0]])
    for following, pause in zip(events[1:], within_ms, strict=True):
        if not rows or not following:
            return []
        longest = np.inf if pause is None else pause
        starts = np.array([row[-1].span.start for row in rows])
        ends = np.array([row[-1].span.end for row in rows])
        grown, odds = [], []
        for each in following:
            fits = (starts < each.span.start) & (each.span.start - ends <= longest)
            if fits.any():
                reach = np.where(fits, np.minimum(best, each.odds), -np.inf)
                place = int(np.lexsort((-ends, -reach))[0])
                grown.append((*rows[place], each))
                odds.append(float(reach[place]))
        rows, best = grown, np.array(odds)
    order = sorted(range(len(rows)), key=lambda each: (-best[each], rows[each][-1].span))
    return [rows[each] for each in order]
