"""Query -> Answer: look up, rescore, fuse, group, order, cut.

One semantic lane for each pair of (sense of the question, kind of segment), and the keywords. Every finalist is scored by
`exact.rescore` from the catalog's own vector, so an answer is the same whether a generation, its fresh part or an exact
search proposed it. Order: confidence down (in log-odds, which do not saturate), raw score down, segment id up.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from retrieval import duplicates, fusion, keywords, moments, store
from retrieval.domain import (
    LANE_OF,
    SENSE_OF,
    SHARED_KINDS,
    TEXT_KINDS,
    Answer,
    FoundSegment,
    Hit,
    Kind,
    Lane,
    Query,
    Sense,
    Span,
    Vectors,
)
from retrieval.moments import Curve, Moment
from retrieval.nearest.exact import rescore
from retrieval.pinned import Allowed, Found, Pinned
from retrieval.question import Asked
from retrieval.settings import DEFAULT_CUT, LONGEST_SHOT_MS
from retrieval.store import WordTable

if TYPE_CHECKING:
    from retrieval.encoders import Direction, Profile, Role

FIRST_K = 48  # finalists of one lane beyond what is asked for
LARGEST_K = 4096
MOST_SEGMENTS = 5  # listed under one hit
FOLDED = 32  # candidates behind the page that are looked at for copies of pictures on it
AROUND_MS = 60_000  # so far from the best segments of a hit its moments are looked for
EVER = Span(0, 1 << 53)
NAMED_CUT = 0.03  # least confidence that is shown where the question names its media
CERTAIN = 2 * -fusion.LEAST  # log-odds of the very file that asks
WARY = 0.02  # an index whose scores differ more than this from the catalog's is damaged
WORDS = "words"  # the way of the keywords, beside those named by the sense that asked


class IndexDiffers(Exception):
    """A published index gives other scores than the catalog; `folder` is its generation."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What a search needs of the library, as it was at one moment."""

    spaces: Mapping[Role, Pinned]
    totals: dict[WordTable, int]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clue:
    """What one way of looking says of one segment. odds: log-odds; of words, a log-likelihood ratio (see fusion.agree)."""

    lane: Lane
    odds: float
    score: float
    at_ms: int | None = None


@dataclass(slots=True)
class Evidence:
    """What one operand found. by segment and lane; names: by asset; owners: the asset and kind of each segment."""

    segments: dict[int, dict[str, Clue]] = field(default_factory=dict)
    names: dict[int, Clue] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    exhausted: bool = True  # no lane holds back anything as sure as the cut

    def add(self, segment: int, asset: int, way: str, clue: Clue) -> None:
        """Keeps the surest clue of one way to find a segment."""
        ways = self.segments.setdefault(segment, {})
        if way not in ways or (clue.odds, clue.score) > (ways[way].odds, ways[way].score):
            ways[way] = clue
        self.owners[segment] = asset


@dataclass(slots=True)
class Candidate:
    """An asset that may answer."""

    asset: int
    odds: float
    score: float
    segments: list[tuple[float, int]]  # log-odds and id, best first
    alike: int = 0  # pictures that were folded into this one

    @property
    def order(self) -> tuple[float, float, int]:
        return (-self.odds, -self.score, self.segments[0][1] if self.segments else 0)


def answer(query: Query, asked: Sequence[Asked], held: Held, profile: Profile, connection: Connection) -> Answer:
    """Hits of a query whose operands are `asked`; without operands, the assets that fulfil its filters by date.

    Raises:
        IndexDiffers: a generation must not be trusted; the caller searches without it.
    """
    start = time.perf_counter()
    allowed = Allowed(query.filters.media, store.allowed_assets(connection, query.filters))
    warnings = tuple(dict.fromkeys([*held.warnings, *(line for each in asked for line in each.warnings)]))
    if not asked:
        ids = store.assets_by_date(connection, query.filters, query.limit, query.offset)
        candidates = [Candidate(each, CERTAIN, 0.0, []) for each in ids]
        hits = _hits(connection, candidates, [], {}, query.filters.path)
        return Answer(tuple(hits), _elapsed(start), 1.0 if hits else 0.0, warnings)
    cut = fusion.log_odds(_default_cut(query) if query.min_confidence is None else query.min_confidence)
    found, evidence = _candidates(query, asked, _Search(held, profile, connection, allowed, cut))
    best = fusion.confidence(found[0].odds) if found else 0.0
    page = _page(connection, query, [each for each in found if each.odds >= cut], asked)
    timeline = _Timeline(held, profile, connection, _windows(connection, page))
    hits = _hits(connection, page, evidence, timeline.moments(asked, cut), query.filters.path)
    return Answer(tuple(hits), _elapsed(start), best, warnings)


def _default_cut(query: Query) -> float:
    """Who names the media says that the thing is there, and wants the nearest; see docs/decisions/0153."""
    return NAMED_CUT if query.filters.media else DEFAULT_CUT


def _elapsed(start: float) -> float:
    return 1000 * (time.perf_counter() - start)


def _page(connection: Connection, query: Query, found: list[Candidate], asked: Sequence[Asked]) -> list[Candidate]:
    if query.sort == "date":
        known = store.assets_by_id(connection, [each.asset for each in found])
        dates = {asset: stored.taken_at or "" for asset, stored in known.items()}
        found = sorted(found, key=lambda each: dates.get(each.asset, ""), reverse=True)
    if all(each.shared.keys() <= {"text"} for each in asked):  # who asks with a picture may look for its copies
        found = _folded(connection, found, query.offset + query.limit)
    return found[query.offset : query.offset + query.limit]


def _folded(connection: Connection, found: Sequence[Candidate], wanted: int) -> list[Candidate]:
    """The first `wanted` candidates, and pictures that show what one before them does counted there instead."""
    near = found[: wanted + FOLDED]
    looks = store.still_imprints(connection, [each.asset for each in near])
    pictures = [each for each in near if each.asset in looks]
    if len(pictures) < 2:
        return list(found)
    first = duplicates.folded(np.stack([np.frombuffer(looks[each.asset], np.uint8) for each in pictures]))
    gone = set()
    for at, same in enumerate(first.tolist()):
        if same != at:
            pictures[same].alike += 1
            gone.add(pictures[at].asset)
    return [each for each in found if each.asset not in gone]


# ---------------------------------------------------------------- candidates


def _candidates(query: Query, asked: Sequence[Asked], search: _Search) -> tuple[list[Candidate], list[Evidence]]:
    """All candidates, best first, with what each operand found; looks deeper until the page is full or lanes run dry."""
    wanted = query.offset + query.limit
    k = FIRST_K + (4 if len(asked) > 1 else 1) * wanted
    while True:
        evidence = [search.evidence(each, k) for each in asked]
        if len(asked) > 1:
            search.complete(asked, evidence)
        found = sorted(_grouped(asked, evidence), key=lambda each: each.order)
        full = sum(each.odds >= search.cut for each in found) >= wanted
        if (full and query.sort != "date") or k >= LARGEST_K or all(each.exhausted for each in evidence):
            return found, evidence
        k *= 4


def _grouped(asked: Sequence[Asked], evidence: Sequence[Evidence]) -> list[Candidate]:
    """One candidate for each asset; it must fit every operand."""
    if len(asked) == 1:
        return list(_by_asset(asked[0], evidence[0]).values())
    tables = [_by_asset(one, found) for one, found in zip(asked, evidence, strict=True)]
    weights = [each.weight for each in asked]
    return [_joined(asset, tables, weights) for asset in set().union(*tables)]


def _by_asset(asked: Asked, evidence: Evidence) -> dict[int, Candidate]:
    found: dict[int, Candidate] = {}
    for segment, ways in evidence.segments.items():
        asset = evidence.owners[segment]
        odds = _fused(ways, evidence.names.get(asset))
        score = max([clue.score for clue in ways.values()])
        one = found.get(asset)
        if one is None:
            one = found[asset] = Candidate(asset, odds, score, [])
        elif (odds, score) > (one.odds, one.score):
            one.odds, one.score = odds, score
        one.segments.append((odds, segment))
    for asset, clue in evidence.names.items():
        found.setdefault(asset, Candidate(asset, fusion.agree([], clue.odds), clue.score, []))
    for one in found.values():
        one.segments.sort(key=lambda each: (-each[0], each[1]))
    return found


def _fused(ways: Mapping[str, Clue], name: Clue | None) -> float:
    """Log-odds of a segment; words in its own text and in its asset's names are one way."""
    said = [clue.odds for clue in (ways.get(WORDS), name) if clue]
    return fusion.agree([clue.odds for way, clue in ways.items() if way != WORDS], max(said, default=0.0))


def _joined(asset: int, tables: Sequence[dict[int, Candidate]], weights: Sequence[float]) -> Candidate:
    parts = [table.get(asset) for table in tables]
    odds = fusion.conjunction([part.odds if part else fusion.LEAST for part in parts], weights)
    segments: dict[int, float] = {}
    for part in parts:
        for own, segment in part.segments if part else []:
            segments[segment] = max(own, segments.get(segment, own))
    ordered = sorted(((own, segment) for segment, own in segments.items()), key=lambda each: (-each[0], each[1]))
    return Candidate(asset, odds, max(part.score for part in parts if part), ordered)


# ---------------------------------------------------------------- lanes


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """One search under way."""

    held: Held
    profile: Profile
    connection: Connection
    allowed: Allowed
    cut: float

    def evidence(self, asked: Asked, k: int) -> Evidence:
        """What the k nearest of each lane, and the keywords, say."""
        found = Evidence()
        for role, sense, kinds, queries in _lanes(asked):
            for kind in kinds:
                self._near(found, role, sense, kind, queries, k)
        if asked.words:
            self._by_words(found, asked.words)
        if asked.identical is not None:
            self._add_identical(found, asked.identical)
        return found

    def _add_identical(self, found: Evidence, asset: int) -> None:
        """The very file that asks, where it may be found."""
        medium = store.media_of(self.connection, [asset])[asset]
        first = store.first_segments(self.connection, [asset]).get(asset)
        if first is not None and self.allowed.holds(asset, medium):
            found.add(first.id, asset, "same", Clue(LANE_OF[first.segment.kind], CERTAIN, 1.0))

    def _near(self, found: Evidence, role: Role, sense: Sense, kind: Kind, queries: Vectors, k: int) -> None:
        pinned = self.held.spaces.get(role)
        if pinned is None or kind not in pinned.kinds():
            return
        near = pinned.nearest(kind, queries, k, self.allowed)
        rows = near.rows[near.rows["vector"] > 0]
        stored = store.vectors_by_id(self.connection, np.unique(rows["vector"]), queries.shape[1])
        owners = dict(zip(rows["segment"].tolist(), rows["asset"].tolist(), strict=True))
        scores = rescore(queries, stored.data)
        _compare(pinned, near, stored, scores)
        lowest = self._add(found, sense, kind, stored, scores, owners)
        found.exhausted &= near.complete or lowest < self.cut

    def _add(
        self,
        found: Evidence,
        sense: Sense,
        kind: Kind,
        stored: store.StoredVectors,
        scores: Vectors,
        owners: Mapping[int, int],
    ) -> float:
        """Adds scored vectors; returns the log-odds of the least sure."""
        if not len(stored.ids):
            return fusion.LEAST
        best = scores.max(axis=0).astype(float)
        odds = _log_odds(self.profile, sense, kind, best)
        rows = zip(stored.segments.tolist(), odds.tolist(), best.tolist(), stored.at_ms.tolist(), strict=True)
        for segment, own, score, at_ms in rows:
            if segment in owners:
                at = at_ms if at_ms >= 0 else None
                found.add(segment, owners[segment], sense, Clue(LANE_OF[kind], own, score, at))
        return float(odds.min())

    def _by_words(self, found: Evidence, question: str) -> None:
        hits = keywords.find(self.connection, question, self.held.totals, self.allowed)
        for segment, hit in hits.segments.items():
            found.add(segment, hits.owners[segment], WORDS, Clue("words", hit.evidence, hit.score))
        for asset, hit in hits.assets.items():
            found.names[asset] = Clue("words", hit.evidence, hit.score)

    def complete(self, asked: Sequence[Asked], evidence: Sequence[Evidence]) -> None:
        """Lets every operand judge the segments that the other ones found."""
        owners: dict[int, int] = {}
        for each in evidence:
            owners |= each.owners
        kinds = {
            segment: stored.segment.kind for segment, stored in store.segments_by_id(self.connection, owners).items()
        }
        for one, found in zip(asked, evidence, strict=True):
            for role, sense, lane_kinds, queries in _lanes(one):
                for kind in lane_kinds:
                    missing = [s for s in kinds if kinds[s] == kind and sense not in found.segments.get(s, {})]
                    self._judge(found, role, sense, kind, queries, missing, owners)

    def _judge(
        self,
        found: Evidence,
        role: Role,
        sense: Sense,
        kind: Kind,
        queries: Vectors,
        segments: Sequence[int],
        owners: Mapping[int, int],
    ) -> None:
        pinned = self.held.spaces.get(role)
        if pinned is not None and segments:
            stored = store.vectors_of_segments(self.connection, pinned.live.id, segments, queries.shape[1])
            self._add(found, sense, kind, stored, rescore(queries, stored.data), owners)


def _lanes(asked: Asked) -> Iterable[tuple[Role, Sense, tuple[Kind, ...], Vectors]]:
    """Space, sense of the question, kinds of segment and vectors of each semantic lane."""
    for sense, vectors in asked.shared.items():
        yield "shared", sense, SHARED_KINDS, vectors
    if asked.sentence is not None:
        yield "sentence", "text", TEXT_KINDS, asked.sentence


def _compare(pinned: Pinned, near: Found, stored: store.StoredVectors, scores: Vectors) -> None:
    """Raises IndexDiffers where an index gave other scores than the catalog's vectors."""
    if pinned.generation is None or not len(stored.ids):
        return
    ids = near.rows["vector"]
    places = np.minimum(np.searchsorted(stored.ids, ids), len(stored.ids) - 1)
    known = stored.ids[places] == ids
    exact = np.take_along_axis(scores, places, 1)
    if np.any(np.abs(exact - near.scores)[known] > WARY):
        raise IndexDiffers(pinned.live.folder or "")


# ---------------------------------------------------------------- curves


def curves(
    asked: Asked, held: Held, profile: Profile, connection: Connection, assets: Iterable[int]
) -> dict[int, Curve]:
    """How sure one operand is of each of these videos and recordings over time: all its lanes, joined.

    Log-odds as those of segments (see moments.Curve). What has no timed segment, or what the operand cannot ask at all,
    has no curve. It costs a read of all their vectors: ask for the assets that are shown.
    """
    found = _Timeline(held, profile, connection, dict.fromkeys(sorted(set(assets)), (EVER,))).by_lane(asked)
    return {asset: moments.joined(lanes.values()) for asset, lanes in found.items()}


def _windows(connection: Connection, page: Sequence[Candidate]) -> dict[int, list[Span]]:
    """Where moments of the videos and recordings on a page are looked for: around each of their best segments."""
    media = store.media_of(connection, [each.asset for each in page])
    timed = [each for each in page if media.get(each.asset) in ("video", "audio") and each.segments]
    stored = store.segments_by_id(
        connection, {segment for each in timed for _, segment in each.segments[:MOST_SEGMENTS]}
    )
    found: dict[int, list[Span]] = {}
    for each in timed:
        spans = [stored[segment].segment.span for _, segment in each.segments[:MOST_SEGMENTS] if segment in stored]
        known = [Span(max(0, span.start - AROUND_MS), span.end + AROUND_MS) for span in spans if span is not None]
        if known:
            found[each.asset] = known
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Timeline:
    """The timed segments of some assets, those within some spans of each, and what an operand says of them."""

    held: Held
    profile: Profile
    connection: Connection
    assets: Mapping[int, Sequence[Span]]

    def moments(self, asked: Sequence[Asked], least: float) -> dict[int, list[tuple[Moment, int]]]:
        """For each asset its moments of every kind, the surest first, with the segment that holds the best frame."""
        if not self.assets:
            return {}
        timed = store.timed_segments(self.connection, self.assets)
        weights = [each.weight for each in asked]
        lanes = [self._by_lane(each, timed) for each in asked]
        found: dict[int, list[tuple[Moment, int]]] = {}
        for asset in self.assets:
            cuts, sentences = _cuts(timed.get("shot"), asset), _spans(timed.get("speech"), asset)
            for kind, table in timed.items():
                curves = [each.get(asset, {}).get(kind, moments.EMPTY) for each in lanes]
                curve = moments.blended(curves, weights) if len(curves) > 1 else curves[0]
                for each in moments.find(curve, cuts, sentences, most=MOST_SEGMENTS, least=least):
                    found.setdefault(asset, []).append((each, _holding(table, asset, each.at_ms)))
        return {asset: sorted(each, key=lambda one: (-one[0].odds, one[1])) for asset, each in found.items()}

    def by_lane(self, asked: Asked) -> dict[int, dict[Kind, Curve]]:
        """For each asset the curve of each kind of its segments."""
        return self._by_lane(asked, store.timed_segments(self.connection, self.assets))

    def _by_lane(self, asked: Asked, timed: Mapping[Kind, store.Timed]) -> dict[int, dict[Kind, Curve]]:
        found: dict[int, dict[Kind, Curve]] = {}
        for kind, whole in timed.items():
            table = self._within(whole)
            odds = self._odds(asked, kind, table)
            for asset, first, last in _runs(table.assets):
                curve = self._curve(kind, table, odds, slice(first, last))
                if len(curve):
                    found.setdefault(asset, {})[kind] = curve
        return found

    def _within(self, table: store.Timed) -> store.Timed:
        """The segments that touch the spans of their assets."""
        near = np.zeros(len(table.ids), np.bool_)
        for asset, spans in self.assets.items():
            own = table.assets == asset
            for span in spans:
                near |= own & (table.spans[:, 0] < span.end) & (table.spans[:, 1] > span.start)
        return store.Timed(table.ids[near], table.assets[near], table.spans[near])

    def _odds(self, asked: Asked, kind: Kind, table: store.Timed) -> _Frames:
        """Every vector of the segments with its log-odds: those of the surest sense that asks."""
        best: _Frames | None = None
        for role, sense, kinds, queries in _lanes(asked):
            pinned = self.held.spaces.get(role)
            if kind not in kinds or pinned is None:
                continue
            stored = store.vectors_of_segments(self.connection, pinned.live.id, table.ids.tolist(), queries.shape[1])
            odds = _log_odds(self.profile, sense, kind, rescore(queries, stored.data).max(axis=0, initial=-1.0))
            best = _Frames(stored.segments, stored.at_ms, odds if best is None else np.maximum(best.odds, odds))
        best = best or _Frames(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        return self._with_words(asked, kind, table, best)

    def _with_words(self, asked: Asked, kind: Kind, table: store.Timed, frames: _Frames) -> _Frames:
        if kind not in TEXT_KINDS or not asked.words:
            return frames
        allowed = Allowed(assets=np.array(sorted(self.assets), np.int64))
        hits = keywords.find(self.connection, asked.words, self.held.totals, allowed).segments
        known = dict(zip(frames.segments.tolist(), frames.odds.tolist(), strict=True))
        said = {own: hits[own].evidence for own in table.ids.tolist() if own in hits}
        known |= {own: fusion.agree([known[own]] if own in known else [], more) for own, more in said.items()}
        ids = np.array(sorted(known), np.int64)
        return _Frames(ids, np.full(len(ids), -1), np.array([known[own] for own in ids.tolist()]))

    def _curve(self, kind: Kind, table: store.Timed, frames: _Frames, rows: slice) -> Curve:
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

    segments: store.Ids
    at_ms: store.Ids
    odds: NDArray[np.float64]


def _runs(assets: store.Ids) -> Iterable[tuple[int, int, int]]:
    """Each asset of ascending ones, and the rows [first, last) that are its own."""
    ids, firsts, counts = np.unique(assets, return_index=True, return_counts=True)
    return zip(ids.tolist(), firsts.tolist(), (firsts + counts).tolist(), strict=True)


def _spans(table: store.Timed | None, asset: int) -> store.Ids:
    """The spans (n, 2) of one asset's segments."""
    return np.empty((0, 2), np.int64) if table is None else table.spans[table.assets == asset]


def _cuts(table: store.Timed | None, asset: int) -> store.Ids:
    """Where shots end and begin; not where a long one was given in parts."""
    shots = _spans(table, asset)
    parted = shots[:, 1] - shots[:, 0] >= LONGEST_SHOT_MS
    return np.setdiff1d(shots, shots[parted, 1])


def _holding(table: store.Timed, asset: int, at_ms: int) -> int:
    """The segment of an asset that holds a time, or begins last before it."""
    rows = np.flatnonzero(table.assets == asset)
    before = rows[table.spans[rows, 0] <= at_ms]
    inside = before[table.spans[before, 1] > at_ms]
    return int(table.ids[(inside if len(inside) else before if len(before) else rows)[-1]])


def _log_odds(profile: Profile, sense: Sense, kind: Kind, scores: Vectors) -> NDArray[np.float64]:
    spoken = kind in ("speech", "text_line")  # both are short, and short sentences are near to many questions
    prior = profile.prior(cast("Direction", f"{sense}-{'speech' if spoken else SENSE_OF[kind]}"))
    return prior.slope * (scores.astype(float) - prior.midpoint)


# ---------------------------------------------------------------- hits


def _hits(
    connection: Connection,
    page: Sequence[Candidate],
    evidence: Sequence[Evidence],
    found: Mapping[int, Sequence[tuple[Moment, int]]],
    glob: str | None,
) -> list[Hit]:
    """The hits of a page; found: the moments of its videos and recordings, with their segments.

    glob: the paths that were asked for; a hit is shown at one of them, not at a copy elsewhere.
    """
    known = store.assets_by_id(connection, [each.asset for each in page], glob)
    named = [each.asset for each in page if not each.segments]
    first = store.first_segments(connection, named) if named else {}
    listed = {segment for each in page for _, segment in each.segments[: 4 * MOST_SEGMENTS]}
    listed |= {segment for own in found.values() for _, segment in own}
    stored = store.segments_by_id(connection, listed) | {each.id: each for each in first.values()}
    hits = []
    for each in page:
        if each.asset not in known:
            continue  # went away since the snapshot of the index
        if not each.segments and each.asset in first:
            each.segments.append((each.odds, first[each.asset].id))
        timed = found.get(each.asset, ())
        rows: list[_Row] = [(odds, stored[segment], None) for odds, segment in each.segments if segment in stored]
        shown = _shown(_as_moments(rows, [(moment, stored[own]) for moment, own in timed if own in stored]))
        segments = [_found_segment(odds, segment, moment, each, evidence) for odds, segment, moment in shown]
        hits.append(_hit(known[each.asset], each, tuple(segments)))
    return hits


_Row: TypeAlias = tuple[float, store.StoredSegment, Moment | None]


def _as_moments(rows: Sequence[_Row], found: Sequence[tuple[Moment, store.StoredSegment]]) -> list[_Row]:
    """Rows with the segments of each timed kind replaced by its moments, as sure as the surest of their segments.

    A segment lends its confidence, which counts words and names as well, to the first moment that it is part of. Best
    first.
    """
    kinds = {segment.segment.kind for _, segment in found}
    kept = [row for row in rows if row[1].segment.kind not in kinds]
    lent = {row[1].id: row[0] for row in rows}
    spans = {row[1].id: row[1].segment.span for row in rows if row[1].segment.kind in kinds}
    kind_of = {row[1].id: row[1].segment.kind for row in rows}
    for moment, segment in found:
        inside = [
            own
            for own, span in spans.items()
            if own in lent and span and kind_of[own] == segment.segment.kind and span.overlap(moment.span)
        ]
        kept.append((max((lent.pop(own) for own in inside), default=moment.odds), segment, moment))
    return sorted(kept, key=lambda each: (-each[0], each[1].key))


def _shown(segments: Sequence[_Row]) -> list[_Row]:
    """The best segments, the best of each kind among them, best first."""
    leaders: dict[str, _Row] = {}
    for each in segments:
        leaders.setdefault(each[1].segment.kind, each)
    rest = [each for each in segments if all(each is not leader for leader in leaders.values())]
    chosen = [*leaders.values(), *rest][: max(MOST_SEGMENTS, len(leaders))]
    return sorted(chosen, key=lambda each: (-each[0], each[1].key))


def _found_segment(
    odds: float,
    stored: store.StoredSegment,
    moment: Moment | None,
    candidate: Candidate,
    evidence: Sequence[Evidence],
) -> FoundSegment:
    ways = [(way, clue) for each in evidence for way, clue in each.segments.get(stored.id, {}).items()]
    ways += [(WORDS, each.names[candidate.asset]) for each in evidence if candidate.asset in each.names]
    lanes: dict[Lane, float] = {}
    for way, clue in ways:
        sure = fusion.confidence(fusion.agree([], clue.odds) if way == WORDS else clue.odds)
        lanes[clue.lane] = max(lanes.get(clue.lane, 0.0), sure)
    clues = [clue for way, clue in ways if way != WORDS] or [clue for _, clue in ways]
    best = max(clues, key=lambda clue: clue.odds, default=None)
    framed = [clue for clue in clues if clue.at_ms is not None]
    at_ms = max(framed, key=lambda clue: clue.odds).at_ms if framed else None
    segment = stored.segment
    if moment is not None and segment.kind == "shot":
        at_ms = moment.at_ms
    return FoundSegment(
        id=stored.key,
        kind=segment.kind,
        span=segment.span if moment is None else moment.span,
        page=segment.page,
        text=segment.text,
        confidence=fusion.confidence(odds),
        score=best.score if best else 0.0,
        lanes=fusion.shares(lanes) or {LANE_OF[segment.kind]: 1.0},
        at_ms=at_ms,
    )


def _hit(stored: store.StoredAsset, candidate: Candidate, segments: tuple[FoundSegment, ...]) -> Hit:
    return Hit(
        path=stored.paths[0],
        paths=stored.paths,
        asset=stored.hash,
        medium=stored.medium,
        score=candidate.score,
        confidence=fusion.confidence(candidate.odds),
        segments=segments,
        taken_at=stored.taken_at,
        offline=stored.offline,
        alike=candidate.alike,
    )
