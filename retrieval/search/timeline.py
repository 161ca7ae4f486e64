"""How sure operands are of videos and recordings over time, and the moments of the hits on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Kind, Span
from retrieval.domain.records import Ids, StoredAsset, StoredVectors, Timed
from retrieval.fulltext import keyword_search
from retrieval.kinds import kinds_in
from retrieval.query.encode import EncodedOperand
from retrieval.search import fusion, moments
from retrieval.search.candidates import TIMED, Candidate
from retrieval.search.context import SearchContext
from retrieval.search.moments import Curve, Moment
from retrieval.search.retrievers import vector_queries
from retrieval.settings import LONGEST_SHOT_MS, MOST_SEGMENTS
from retrieval.vectors.exact import rescore

if TYPE_CHECKING:
    from retrieval.encoders.profile import Role

AROUND_MS = 60_000  # so far from the best segments of a hit its moments are looked for
EVER = Span(0, 1 << 53)


def curves(operand: EncodedOperand, context: SearchContext, assets: Iterable[int]) -> dict[int, Curve]:
    """How sure one operand is of each of these videos and recordings over time: all its lanes, joined.

    Log-odds as those of segments (see moments.Curve). What has no timed segment, or what the operand cannot ask at all,
    has no curve. It costs a read of all their vectors: ask for the assets that are shown.
    """
    whole = dict.fromkeys(sorted(set(assets)), (EVER,))
    by_kind = Timeline(context, whole, context.snapshot.segments.timed(whole)).by_lane(operand)
    return {asset: moments.joined(lanes.values()) for asset, lanes in by_kind.items()}


def windows(
    page: Sequence[Candidate], assets: Mapping[int, StoredAsset], timed: Mapping[Kind, Timed]
) -> dict[int, list[Span]]:
    """Where moments of the videos and recordings on a page are looked for: around each of their best segments.

    assets: those of the page; timed: the segments of the videos and recordings among them.
    """
    spans = {
        segment: Span(start, end)
        for table in timed.values()
        for segment, (start, end) in zip(table.ids.tolist(), table.spans.tolist(), strict=True)
    }
    spans_of_hits: dict[int, list[Span]] = {}
    for each in page:
        if each.asset not in assets or assets[each.asset].medium not in TIMED:
            continue
        best = [spans[segment] for _, segment in each.segments[:MOST_SEGMENTS] if segment in spans]
        if best:
            spans_of_hits[each.asset] = [Span(max(0, span.start - AROUND_MS), span.end + AROUND_MS) for span in best]
    return spans_of_hits


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The timed segments of some assets, those within some spans of each, and what an operand says of them."""

    context: SearchContext
    assets: Mapping[int, Sequence[Span]]
    timed: Mapping[Kind, Timed]

    def moments(self, operand: EncodedOperand, least: float) -> dict[int, list[tuple[Moment, int]]]:
        """For each asset its moments of every kind, highest confidence first, with the segment that holds the best frame."""
        if not self.assets:
            return {}
        timed = self.timed
        lanes = self.by_lane(operand)
        found: dict[int, list[tuple[Moment, int]]] = {}
        for asset in self.assets:
            cuts, sentences = cuts_of(timed.get("shot"), asset), spans_of(timed.get("speech"), asset)
            for kind, table in timed.items():
                curve = lanes.get(asset, {}).get(kind, moments.EMPTY)
                for each in moments.find(curve, cuts, sentences, most=MOST_SEGMENTS, least=least):
                    found.setdefault(asset, []).append((each, holding(table, asset, each.at_ms)))
        return {asset: sorted(each, key=lambda one: (-one[0].odds, one[1])) for asset, each in found.items()}

    def by_lane(self, operand: EncodedOperand) -> dict[int, dict[Kind, Curve]]:
        """For each asset the curve of each kind of its segments. Vectors are read once, as are words."""
        by_asset: dict[int, dict[Kind, Curve]] = {}
        tables = {kind: self._within(whole) for kind, whole in self.timed.items()}
        asked = {probe.kind for probe in vector_queries(operand) if probe.role in self.context.spaces}
        ids = [own for kind, table in tables.items() if kind in asked for own in table.ids.tolist()]
        stored = self.context.vectors_of(ids) if ids else {}
        words = self._evidence(operand)
        for kind, table in tables.items():
            odds = self._odds(operand, kind, table, stored)
            if operand.words and kind in kinds_in("sentence", operand.lane):
                odds = odds.with_words({own: words[own] for own in table.ids.tolist() if own in words})
            for asset, first, last in _runs(table.assets):
                curve = self._curve(kind, table, odds, slice(first, last))
                if len(curve):
                    by_asset.setdefault(asset, {})[kind] = curve
        return by_asset

    def _within(self, table: Timed) -> Timed:
        """The segments that touch the spans of their assets."""
        near = np.zeros(len(table.ids), np.bool_)
        for asset, spans in self.assets.items():
            own = table.assets == asset
            for span in spans:
                near |= own & (table.spans[:, 0] < span.end) & (table.spans[:, 1] > span.start)
        return Timed(table.ids[near], table.assets[near], table.spans[near])

    def _odds(self, operand: EncodedOperand, kind: Kind, table: Timed, stored: Mapping[Role, StoredVectors]) -> _Frames:
        """Every vector of the segments with its log-odds: those of the modality that gives the highest."""
        best: _Frames | None = None
        for probe in vector_queries(operand):
            if kind != probe.kind or probe.role not in stored:
                continue
            own = stored[probe.role].of_segments(table.ids)
            if not len(own.ids):  # a kind whose vectors lie in another space
                continue
            calibration = self.context.calibration(probe)
            odds, _ = probe.odds(self.context.profile, calibration, rescore(probe.vectors, own.data))
            best = _Frames(own.segments, own.at_ms, odds if best is None else np.maximum(best.odds, odds))
        return best or _Frames(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))

    def _evidence(self, operand: EncodedOperand) -> dict[int, float]:
        """The evidence of the words of an operand for each segment that matches any."""
        kinds = [kind for kind in self.timed if kind in kinds_in("sentence", operand.lane)]
        if not operand.words or not any(len(self.timed[kind].ids) for kind in kinds):
            return {}
        owners = {
            segment: asset
            for table in self.timed.values()
            for segment, asset in zip(table.ids.tolist(), table.assets.tolist(), strict=True)
            if asset in self.assets
        }
        return keyword_search.evidence_in(self.context.snapshot, self.context.keywords(operand.words), owners)

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

    def with_words(self, evidence: Mapping[int, float]) -> _Frames:
        """Joined with the evidence of words, by segment; without any, times of frames are kept no more."""
        known = dict(zip(self.segments.tolist(), self.odds.tolist(), strict=True))
        known |= {own: fusion.agree([known[own]] if own in known else [], more) for own, more in evidence.items()}
        ids = np.array(sorted(known), np.int64)
        return _Frames(ids, np.full(len(ids), -1), np.array([known[own] for own in ids.tolist()]))


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
