"""What the lanes say of one operand: nearest vectors of each kind of segment, keywords, the very file that asks.

One semantic lane for each pair of (sense of the question, kind of segment), and the keywords.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from retrieval import fusion, keywords, store
from retrieval.domain import LANE_OF, SENSE_OF, SHARED_KINDS, TEXT_KINDS, Kind, Lane, Medium, Sense, Vectors
from retrieval.nearest.exact import rescore
from retrieval.pinned import Allowed, Found, Pinned
from retrieval.question import Asked
from retrieval.store import WordTable
from retrieval.words import Term

if TYPE_CHECKING:
    from retrieval.encoders import Direction, Profile, Role

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
    """What one operand found. by segment and lane; names: by asset; owners: the asset and kind of each segment.

    terms: those of its words that tell anything.
    """

    segments: dict[int, dict[str, Clue]] = field(default_factory=dict)
    names: dict[int, Clue] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    exhausted: bool = True  # no lane holds back anything as sure as the cut
    terms: tuple[Term, ...] = ()

    def add(self, segment: int, asset: int, way: str, clue: Clue) -> None:
        """Keeps the surest clue of one way to find a segment."""
        ways = self.segments.setdefault(segment, {})
        if way not in ways or (clue.odds, clue.score) > (ways[way].odds, ways[way].score):
            ways[way] = clue
        self.owners[segment] = asset


@dataclass(frozen=True, slots=True, eq=False)
class Lookup:
    """One search under way."""

    held: Held
    profile: Profile
    connection: Connection
    allowed: Allowed
    cut: float

    def evidence(self, asked: Asked, k: int) -> Evidence:
        """What the k nearest of each lane, and the keywords, say."""
        found = Evidence()
        for role, sense, kinds, queries in lanes_of(asked):
            for kind in kinds:
                self._near(found, role, sense, kind, queries, k)
        if asked.words:
            self._by_words(found, asked, self.allowed)
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
        odds = log_odds(self.profile, sense, kind, best)
        rows = zip(stored.segments.tolist(), odds.tolist(), best.tolist(), stored.at_ms.tolist(), strict=True)
        for segment, own, score, at_ms in rows:
            if segment in owners:
                at = at_ms if at_ms >= 0 else None
                found.add(segment, owners[segment], sense, Clue(LANE_OF[kind], own, score, at))
        return float(odds.min())

    def _by_words(self, found: Evidence, asked: Asked, allowed: Allowed) -> None:
        kinds = None if asked.lane is None else kinds_of(TEXT_KINDS, asked.lane)
        if kinds == ():
            return
        hits = keywords.find(self.connection, asked.words, self.held.totals, allowed, kinds)
        found.terms = hits.terms
        for segment, hit in hits.segments.items():
            found.add(segment, hits.owners[segment], WORDS, Clue(asked.lane or "words", hit.evidence, hit.score))
        for asset, hit in hits.assets.items():
            found.names[asset] = Clue("words", hit.evidence, hit.score)

    def complete(self, asked: Sequence[Asked], evidence: Sequence[Evidence], proposing: Sequence[bool]) -> None:
        """Lets every operand judge the segments that those found which propose; the others by their words as well."""
        owners: dict[int, int] = {}
        for each in evidence:
            owners |= each.owners
        kinds = {
            segment: stored.segment.kind for segment, stored in store.segments_by_id(self.connection, owners).items()
        }
        found_in = set(owners.values()).union(*(each.names for each in evidence))
        whose = Allowed(assets=np.array(sorted(found_in), np.int64))
        for one, found, own in zip(asked, evidence, proposing, strict=True):
            if one.words and not own:
                self._by_words(found, one, whose)
            if one.identical is not None and not own and one.identical in found_in:
                self._add_identical(found, one.identical)
            for role, sense, lane_kinds, queries in lanes_of(one):
                for kind in lane_kinds:
                    missing = [s for s in kinds if kinds[s] == kind and sense not in found.segments.get(s, {})]
                    self._judge(found, role, sense, kind, queries, missing, owners)

    def media_of(self, evidence: Sequence[Evidence]) -> dict[int, Medium]:
        """The medium of every asset in evidence."""
        return store.media_of(
            self.connection, {asset for each in evidence for asset in (*each.owners.values(), *each.names)}
        )

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


def lanes_of(asked: Asked) -> Iterable[tuple[Role, Sense, tuple[Kind, ...], Vectors]]:
    """Space, sense of the question, kinds of segment and vectors of each semantic lane."""
    for sense, vectors in asked.shared.items():
        yield "shared", sense, kinds_of(SHARED_KINDS, asked.lane), vectors
    if asked.sentence is not None:
        yield "sentence", "text", kinds_of(TEXT_KINDS, asked.lane), asked.sentence


def kinds_of(kinds: tuple[Kind, ...], lane: Lane | None) -> tuple[Kind, ...]:
    """Those of some kinds of segment that a lane finds; all of them without one."""
    return kinds if lane is None else tuple(each for each in kinds if LANE_OF[each] == lane)


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


def log_odds(profile: Profile, sense: Sense, kind: Kind, scores: Vectors) -> NDArray[np.float64]:
    spoken = kind in ("speech", "text_line")  # both are short, and short sentences are near to many questions
    prior = profile.prior(cast("Direction", f"{sense}-{'speech' if spoken else SENSE_OF[kind]}"))
    return prior.slope * (scores.astype(float) - prior.midpoint)
