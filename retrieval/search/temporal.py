"""A tree over time: scores of its operands, step by step of one video or recording, and of the tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Span
from retrieval.domain.query import Tree
from retrieval.domain.records import Ids, Timed, distinct
from retrieval.query.encode import EncodedOperand
from retrieval.search import boolean, fusion, moments
from retrieval.search.boolean import Score, TimeGrid
from retrieval.search.candidates import Candidate, judge_document
from retrieval.search.context import SearchContext
from retrieval.search.moments import Curve, Moment, Odds
from retrieval.search.timeline import EVER, Timeline, cuts_of, holding, spans_of
from retrieval.settings import MOST_SEGMENTS

AT_ONCE = 32  # candidates whose tracks are read together


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One asset's steps, and by leaf and kind of segment the log-odds (n,) of each; fusion.LEAST where nothing is known.

    known: by kind, (n,) which steps it has.
    """

    times: TimeGrid
    leaves: tuple[Mapping[Kind, Odds], ...]
    known: Mapping[Kind, NDArray[np.bool_]]

    def highest(self, leaf: int) -> Odds:
        """(n,) of one leaf whatever the kind."""
        lanes = self.leaves[leaf].values()
        return np.max(list(lanes), axis=0) if lanes else np.full(len(self.times.starts), fusion.LEAST)

    def judge(self, tree: Tree, wholes: Sequence[float]) -> Score:
        """How sure a tree is of the asset; wholes: of each leaf, names included."""
        return boolean.score_tree(tree, [self._sure(leaf, whole) for leaf, whole in enumerate(wholes)], self.times)

    def _sure(self, leaf: int, whole: float) -> Score:
        """Names speak for every step."""
        own = self.highest(leaf)
        at = own + max(0.0, whole - float(own.max()))
        return Score(at, float(at.max()))

    def of_kind(self, tree: Tree, kind: Kind) -> Curve:
        """The curve of a tree over one kind of segment; leaves that do not ask it are left out, not what is excluded."""
        given: list[Score | None] = []
        for leaf, own in enumerate(boolean.generates_candidates(tree)):
            at = self.leaves[leaf].get(kind) if own else self.highest(leaf)
            given.append(None if at is None else Score(at, float(at.max())))
        return self._curve(boolean.score_tree(tree, given, self.times).at, self.known[kind])

    def curve(self, tree: Tree, wholes: Sequence[float]) -> Curve:
        """The curve of a tree over all kinds."""
        return self._curve(self.judge(tree, wholes).at, np.any(list(self.known.values()), axis=0))

    def _curve(self, odds: Odds, known: NDArray[np.bool_]) -> Curve:
        return Curve(self.times.starts[known], self.times.ends[known], odds[known], self.times.frames[known])

    def kind_at(self, at_ms: int, proposing: Sequence[bool]) -> Kind:
        """The kind of segment with the highest log-odds at a time."""
        step = int(np.clip(np.searchsorted(self.times.starts, at_ms, "right") - 1, 0, len(self.times.starts) - 1))
        asked = [
            (float(odds[step]), kind)
            for own, lanes in zip(proposing, self.leaves, strict=True)
            for kind, odds in lanes.items()
            if own and self.known[kind][step]
        ]
        return max(asked)[1] if asked else next(iter(self.known))


def tracks(timeline: Timeline, operands: Sequence[EncodedOperand]) -> dict[int, Track]:
    """The track of each asset of a timeline that has timed segments which can be asked."""
    timed = timeline.timed
    lanes = [timeline.by_lane(each) for each in operands]
    by_asset = {}
    for asset in timeline.assets:
        own = [each.get(asset, {}) for each in lanes]
        if any(own):
            cuts, sentences = cuts_of(timed.get("shot"), asset), spans_of(timed.get("speech"), asset)
            by_asset[asset] = _track(own, cuts, sentences)
    return by_asset


def _track(lanes: Sequence[Mapping[Kind, Curve]], cuts: Ids, sentences: Ids) -> Track:
    """All curves over the steps between all of their borders."""
    curves = [(kind, curve) for each in lanes for kind, curve in each.items()]
    borders = distinct(np.concatenate([times for _, each in curves for times in (each.starts, each.ends)]))
    inside: dict[Kind, NDArray[np.bool_]] = {}
    for kind, curve in curves:
        inside[kind] = inside.get(kind, False) | curve.covers(borders[:-1])
    known = np.any(list(inside.values()), axis=0)
    starts, ends = borders[:-1][known], borders[1:][known]
    frames = starts
    for kind, curve in curves:
        if kind == "shot":
            frames = np.where(curve.covers(starts), np.clip(curve.frames_at(starts), starts, ends - 1), frames)
    times = TimeGrid(starts, ends, frames, cuts, sentences)
    leaves = tuple({kind: curve.at(starts) for kind, curve in each.items()} for each in lanes)
    return Track(times, leaves, {kind: own[known] for kind, own in inside.items()})


@dataclass(frozen=True, slots=True, eq=False)
class TreeScorer:
    """One tree over the videos and recordings that may answer it; each is read once."""

    tree: Tree
    operands: Sequence[EncodedOperand]
    context: SearchContext
    _tracks: dict[int, Track] = field(default_factory=dict)
    _timed: dict[int, Mapping[Kind, Timed]] = field(default_factory=dict)

    @property
    def proposing(self) -> list[bool]:
        """For each leaf whether it brings candidates."""
        return boolean.generates_candidates(self.tree)

    def curve(self, asset: int) -> Curve:
        """How sure the tree is of one video or recording over time, names not counted; empty for what has no time."""
        self.read({asset: (EVER,)})
        track = self._tracks.get(asset)
        return track.curve(self.tree, [fusion.LEAST] * len(track.leaves)) if track else moments.EMPTY

    def read(self, assets: Mapping[int, Sequence[Span]], timed: Mapping[Kind, Timed] | None = None) -> None:
        """Reads the tracks of assets, within spans of each. timed: their segments, where they were read already."""
        if not assets:
            return
        timed = self.context.snapshot.segments.timed(assets) if timed is None else timed
        by_asset = tracks(Timeline(self.context, assets, timed), self.operands)
        self._tracks.update(by_asset)
        self._timed.update(dict.fromkeys(by_asset, timed))

    def settle(self, candidates: list[Candidate], wanted: int, cut: float) -> list[Candidate]:
        """Candidates in their order, none of the first `wanted` with a bound of `cut` or more being only bounded."""
        candidates = sorted(candidates, key=lambda each: each.order)
        while bounded := [each for each in candidates[:wanted] if each.is_bound and each.odds >= cut]:
            for first in range(0, len(bounded), AT_ONCE):
                self._judge(bounded[first : first + AT_ONCE])
            candidates.sort(key=lambda each: each.order)
        return candidates

    def _judge(self, bounded: Sequence[Candidate]) -> None:
        timed = [each for each in bounded if not each.parts]
        self.read({each.asset: (EVER,) for each in timed if each.asset not in self._tracks})
        for each in bounded:
            if each.parts:
                judge_document(self.tree, each)
                continue
            track = self._tracks.get(each.asset)
            at_once = np.array(each.wholes)[:, None]
            judged = track.judge(self.tree, each.wholes) if track else None
            each.odds = judged.whole if judged else float(boolean.together(self.tree, at_once)[0])
            each.row = judged.row if judged else ()
            each.is_bound, each.by_time = False, True

    def moments(
        self, page: Iterable[Candidate], near: Mapping[int, Sequence[Span]], of_page: Mapping[Kind, Timed], least: float
    ) -> dict[int, list[tuple[Moment, int]]]:
        """As Timeline.moments, looked for in `near` where nothing was read yet; of `A then B` its events, in order.

        of_page: the segments of the videos and recordings on the page.
        """
        self.read({asset: spans for asset, spans in near.items() if asset not in self._tracks}, of_page)
        by_asset: dict[int, list[tuple[Moment, int]]] = {}
        for each in page:
            track, timed = self._tracks.get(each.asset), self._timed.get(each.asset, {})
            if track is None or (boolean.timed(self.tree) and not each.row):
                continue
            if each.row:
                by_asset[each.asset] = self._events(each, track, timed)
                continue
            rows = [
                (moment, holding(timed[kind], each.asset, moment.at_ms))
                for kind in track.known
                for moment in self._of_kind(track, kind, least)
            ]
            by_asset[each.asset] = sorted(rows, key=lambda one: (-one[0].odds, one[1]))
        return by_asset

    def _of_kind(self, track: Track, kind: Kind, least: float) -> list[Moment]:
        curve = track.of_kind(self.tree, kind)
        return moments.find(curve, track.times.cuts, track.times.sentences, most=MOST_SEGMENTS, least=least)

    def _events(self, candidate: Candidate, track: Track, timed: Mapping[Kind, Timed]) -> list[tuple[Moment, int]]:
        proposing = boolean.generates_candidates(self.tree)
        return [
            (each, holding(timed[track.kind_at(each.at_ms, proposing)], candidate.asset, each.at_ms))
            for each in candidate.row
        ]
