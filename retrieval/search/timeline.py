"""How sure operands are of videos and recordings over time, and the moments of the hits on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Span
from retrieval.domain.records import Ids, Timed
from retrieval.fulltext import keyword_search
from retrieval.kinds import kinds_in
from retrieval.protocols import Snapshot
from retrieval.query.encode import EncodedOperand
from retrieval.search import fusion, moments
from retrieval.search.candidates import Candidate
from retrieval.search.context import SearchContext
from retrieval.search.moments import Curve, Moment
from retrieval.search.retrievers import vector_queries
from retrieval.settings import LONGEST_SHOT_MS, MOST_SEGMENTS
from retrieval.vectors.exact import rescore
from retrieval.vectors.space import Scope

AROUND_MS = 60_000  # so far from the best segments of a hit its moments are looked for
EVER = Span(0, 1 << 53)


def curves(operand: EncodedOperand, context: SearchContext, assets: Iterable[int]) -> dict[int, Curve]:
    """How sure one operand is of each of these videos and recordings over time: all its lanes, joined.

    Log-odds as those of segments (see moments.Curve). What has no timed segment, or what the operand cannot ask at all,
    has no curve. It costs a read of all their vectors: ask for the assets that are shown.
    """
    timeline = Timeline(context, dict.fromkeys(sorted(set(assets)), (EVER,)))
    found = timeline.by_lane(operand, context.snapshot.segments.timed(timeline.assets))
    return {asset: moments.joined(lanes.values()) for asset, lanes in found.items()}


def windows(snapshot: Snapshot, page: Sequence[Candidate]) -> dict[int, list[Span]]:
    """Where moments of the videos and recordings on a page are looked for: around each of their best segments."""
    media = snapshot.assets.media([each.asset for each in page])
    timed = [each for each in page if media.get(each.asset) in ("video", "audio") and each.segments]
    stored = snapshot.segments.by_id({segment for each in timed for _, segment in each.segments[:MOST_SEGMENTS]})
    found: dict[int, list[Span]] = {}
    for each in timed:
        spans = [stored[segment].segment.span for _, segment in each.segments[:MOST_SEGMENTS] if segment in stored]
        known = [Span(max(0, span.start - AROUND_MS), span.end + AROUND_MS) for span in spans if span is not None]
        if known:
            found[each.asset] = known
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The timed segments of some assets, those within some spans of each, and what an operand says of them."""

    context: SearchContext
    assets: Mapping[int, Sequence[Span]]

    def moments(self, operand: EncodedOperand, least: float) -> dict[int, list[tuple[Moment, int]]]:
        """For each asset its moments of every kind, the surest first, with the segment that holds the best frame."""
        if not self.assets:
            return {}
        timed = self.context.snapshot.segments.timed(self.assets)
        lanes = self.by_lane(operand, timed)
        found: dict[int, list[tuple[Moment, int]]] = {}
        for asset in self.assets:
            cuts, sentences = cuts_of(timed.get("shot"), asset), spans_of(timed.get("speech"), asset)
            for kind, table in timed.items():
                curve = lanes.get(asset, {}).get(kind, moments.EMPTY)
                for each in moments.find(curve, cuts, sentences, most=MOST_SEGMENTS, least=least):
                    found.setdefault(asset, []).append((each, holding(table, asset, each.at_ms)))
        return {asset: sorted(each, key=lambda one: (-one[0].odds, one[1])) for asset, each in found.items()}

    def by_lane(self, operand: EncodedOperand, timed: Mapping[Kind, Timed]) -> dict[int, dict[Kind, Curve]]:
        """For each asset the curve of each kind of its segments; timed: those of all the assets."""
        found: dict[int, dict[Kind, Curve]] = {}
        for kind, whole in timed.items():
            table = self._within(whole)
            odds = self._odds(operand, kind, table)
            for asset, first, last in _runs(table.assets):
                curve = self._curve(kind, table, odds, slice(first, last))
                if len(curve):
                    found.setdefault(asset, {})[kind] = curve
        return found

    def _within(self, table: Timed) -> Timed:
        """The segments that touch the spans of their assets."""
        near = np.zeros(len(table.ids), np.bool_)
        for asset, spans in self.assets.items():
            own = table.assets == asset
            for span in spans:
                near |= own & (table.spans[:, 0] < span.end) & (table.spans[:, 1] > span.start)
        return Timed(table.ids[near], table.assets[near], table.spans[near])

    def _odds(self, operand: EncodedOperand, kind: Kind, table: Timed) -> _Frames:
        """Every vector of the segments with its log-odds: those of the surest sense that asks."""
        best: _Frames | None = None
        for probe in vector_queries(operand):
            pinned = self.context.spaces.get(probe.role)
            if kind != probe.kind or pinned is None:
                continue
            queries = probe.vectors
            stored = self.context.snapshot.vectors.of_segments(pinned.live.id, table.ids.tolist(), queries.shape[1])
            line = self.context.calibration(probe)
            odds, _ = probe.odds(self.context.profile, line, rescore(queries, stored.data))
            best = _Frames(stored.segments, stored.at_ms, odds if best is None else np.maximum(best.odds, odds))
        best = best or _Frames(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return self._with_words(operand, kind, table, best)

    def _with_words(self, operand: EncodedOperand, kind: Kind, table: Timed, frames: _Frames) -> _Frames:
        if kind not in kinds_in("sentence", operand.lane) or not operand.words:
            return frames
        allowed = Scope(assets=np.array(sorted(self.assets), np.int64))
        hits = keyword_search.search_keywords(
            self.context.snapshot, operand.words, self.context.index.totals, allowed
        ).segments
        known = dict(zip(frames.segments.tolist(), frames.odds.tolist(), strict=True))
        said = {own: hits[own].evidence for own in table.ids.tolist() if own in hits}
        known |= {own: fusion.agree([known[own]] if own in known else [], more) for own, more in said.items()}
        ids = np.array(sorted(known), np.int64)
        return _Frames(ids, np.full(len(ids), -1), np.array([known[own] for own in ids.tolist()]))

    def _curve(self, kind: Kind, table: Timed, frames: _Frames, rows: slice) -> Curve:
        """One asset's curve of one kind."""
        order = np.argsort(table.ids[rows], kind="stable")
        ids, spans = table.ids[rows][order], table.spans[rows][order]
        places = np.minimum(np.searchsorted(ids, frames.segments), len(ids) - 1)
        own = ids[places] == frames.segments
        spans, odds, times = spans[places[own]], frames.odds[own], frames.at_ms[own]
        times = np.where(times < 0, spans[:, 0], times)
        by_time = np.lexsort((times, spans[:, 0]))
        if kind == "shot":
            return moments.of_frames(times[by_time], odds[by_time], spans[by_time])
        return moments.of_spans(spans[by_time], odds[by_time])


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Vectors by segment: its id (n,), the frame's time (n,) with -1 for none, log-odds (n,)."""

    segments: Ids
    at_ms: Ids
    odds: NDArray[np.float64]


def _runs(assets: Ids) -> Iterable[tuple[int, int, int]]:
    """Each asset of ascending ones, and the rows [first, last) that are its own."""
    ids, firsts, counts = np.unique(assets, return_index=True, return_counts=True)
    return zip(ids.tolist(), firsts.tolist(), (firsts + counts).tolist(), strict=True)


def spans_of(table: Timed | None, asset: int) -> Ids:
    """The spans (n, 2) of one asset's segments."""
    return np.empty((0, 2), np.int64) if table is None else table.spans[table.assets == asset]


def cuts_of(table: Timed | None, asset: int) -> Ids:
    """Where shots end and begin; not where a long one was given in parts."""
    shots = spans_of(table, asset)
    parted = shots[:, 1] - shots[:, 0] >= LONGEST_SHOT_MS
    return np.setdiff1d(shots, shots[parted, 1])


def holding(table: Timed, asset: int, at_ms: int) -> int:
    """The segment of an asset that holds a time, or begins last before it."""
    rows = np.flatnonzero(table.assets == asset)
    before = rows[table.spans[rows, 0] <= at_ms]
    inside = before[table.spans[before, 1] > at_ms]
    return int(table.ids[(inside if len(inside) else before if len(before) else rows)[-1]])
