"""Retrievers of one operand: nearest vectors of each kind of segment, keywords, the identical file.

One semantic lane for each pair of (modality of the question, kind of segment), and the keywords.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import Kind, Lane, Medium, Modality, Vectors
from retrieval.domain.records import StoredVectors, distinct, media_of_rows
from retrieval.encoders.calibration import CohortCalibration, LinearCalibration
from retrieval.encoders.registry import USUAL
from retrieval.errors import IndexMismatch
from retrieval.fulltext import keyword_search
from retrieval.fulltext.analyzer import Term
from retrieval.fulltext.keyword_search import WordHits
from retrieval.kinds import KINDS, kinds_in
from retrieval.query.encode import EncodedOperand
from retrieval.search import feedback, fusion
from retrieval.search.context import SearchContext
from retrieval.vectors.exact import rescore
from retrieval.vectors.space import Neighbours, Scope

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from retrieval.encoders.profile import Role
    from retrieval.protocols import Direction, Profile, Snapshot, VectorSpace

CERTAIN = 2 * -fusion.LEAST  # log-odds of the very file that asks
APART = 20_000  # rows of a kind that are compared on a thread of their own
WARY = 0.02  # an index whose scores differ more than this from the catalog's is damaged
WORDS, SAME = (
    "words",
    "same",
)  # the ways of the keywords and of the very file, beside those named by the modality that asked


class Match(NamedTuple):
    """One retriever's score of one segment. odds: log-odds; of words, a log-likelihood ratio (see fusion.agree)."""

    lane: Lane
    odds: float
    score: float
    at_ms: int | None = None


@dataclass(slots=True)
class Matches:
    """The matches of one operand: by segment and retriever; names: by asset; owners: the asset of each segment; media:
    of each asset.

    terms: those of its words that tell anything.
    """

    segments: dict[int, dict[str, Match]] = field(default_factory=dict)
    names: dict[int, Match] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    media: dict[int, Medium] = field(default_factory=dict)
    exhausted: bool = True  # no lane holds back anything as sure as the cut
    terms: tuple[Term, ...] = ()

    def add(self, segment: int, asset: int, way: str, match: Match) -> None:
        """Keeps the best match of one way to find a segment."""
        ways = self.segments.get(segment)
        if ways is None:
            self.segments[segment] = {way: match}
        elif way not in ways or (match.odds, match.score) > (ways[way].odds, ways[way].score):
            ways[way] = match
        self.owners[segment] = asset


@dataclass(frozen=True, slots=True, eq=False)
class Retrieval:
    """One search under way."""

    context: SearchContext
    cut: float

    @property
    def snapshot(self) -> Snapshot:
        """The state of the catalog that is searched."""
        return self.context.snapshot

    def begin(self, operand: EncodedOperand, k: int) -> list[_Sought]:
        """Begins to seek the k nearest of each vector query; large indexes on threads, so that words are read meanwhile."""
        sought: list[_Sought] = []
        for probe in vector_queries(operand):
            space = self.context.spaces.get(probe.role)
            if space is not None and probe.kind in space.kinds():
                ask = partial(space.nearest, probe.kind, probe.vectors, k, self.context.scope)
                is_large = space.compared(probe.kind) >= APART
                sought.append((probe, space, _threads().submit(_alone, ask).result if is_large else ask))
        return sought

    def evidence(
        self,
        operand: EncodedOperand,
        k: int,
        words: WordHits | None = None,
        begun: Sequence[_Sought] | None = None,
    ) -> Matches:
        """The matches of every retriever, of vectors the k nearest. words, begun: as `by_words` and `begin` gave them, if
        they were asked."""
        matches = Matches()
        self._by_vectors(matches, self.begin(operand, k) if begun is None else begun)
        _add_words(matches, operand, self.by_words(operand, self.context.scope) if words is None else words)
        if operand.identical is not None:
            self._add_identical(matches, operand.identical)
        return matches

    def _add_identical(self, matches: Matches, asset: int) -> None:
        """The very file that asks, where it may be found."""
        medium = self.snapshot.assets.media([asset])[asset]
        first = self.snapshot.segments.first([asset]).get(asset)
        if first is not None and self.context.scope.holds(asset, medium):
            matches.media[asset] = medium
            matches.add(first.id, asset, SAME, Match(KINDS[first.segment.kind].retriever, CERTAIN, 1.0))

    def _by_vectors(self, matches: Matches, sought: Sequence[_Sought]) -> None:
        """The nearest of each vector query, scored again by the catalog's vectors, which one statement fetches."""
        proposed = [(probe, space, nearest()) for probe, space, nearest in sought]
        fetched = self._fetched([(probe.own.shape[1], near) for probe, _, near in proposed])
        scored = []
        for (probe, space, near), stored in zip(proposed, fetched, strict=True):
            scores = rescore(probe.vectors, stored.data)
            _compare(space, near, stored, scores)
            self.context.note(probe, scores[: len(probe.own)], near.count)
            scored.append((probe, near, stored, scores))
        for probe, near, stored, scores in scored:
            rows = near.rows[near.rows["vector"] > 0]
            owners = dict(zip(rows["segment"].tolist(), rows["asset"].tolist(), strict=True))
            matches.media |= media_of_rows(rows)
            lowest = self._add(matches, probe, stored, scores, owners)
            matches.exhausted &= near.complete or lowest < self.cut

    def _fetched(self, proposed: Sequence[tuple[int, Neighbours]]) -> list[StoredVectors]:
        """The vectors of neighbours, given with their dimension; one statement for all."""
        if not proposed:
            return []
        ids = [distinct(near.rows["vector"][near.rows["vector"] > 0]) for _, near in proposed]
        stored = self.snapshot.vectors.by_id(distinct(np.concatenate(ids)), {dimension for dimension, _ in proposed})
        return [stored[dimension].only(own) for own, (dimension, _) in zip(ids, proposed, strict=True)]

    def _add(
        self,
        matches: Matches,
        probe: VectorQuery,
        stored: StoredVectors,
        scores: Vectors,
        owners: Mapping[int, int],
    ) -> float:
        """Adds scored vectors; returns the log-odds of the least sure."""
        if not len(stored.ids):
            return fusion.LEAST
        odds, best = probe.odds(self.context.profile, self.context.calibration(probe), scores)
        rows = zip(stored.segments.tolist(), odds.tolist(), best.tolist(), stored.at_ms.tolist(), strict=True)
        lane, way = KINDS[probe.kind].retriever, probe.modality
        for segment, own, score, at_ms in rows:
            if segment in owners:
                matches.add(segment, owners[segment], way, Match(lane, own, score, at_ms if at_ms >= 0 else None))
        return float(odds.min())

    def by_words(self, operand: EncodedOperand, scope: Scope, *, every: bool = False) -> WordHits:
        """The matches of an operand's words, in the kinds of segment of its lane; they do not depend on k.

        every: of those that most assets hold, too.
        """
        kinds = None if operand.lane is None else kinds_in("sentence", operand.lane)
        if not operand.words or kinds == ():
            return WordHits()
        query = self.context.keywords(operand.words, every=every)
        return keyword_search.search_keywords(self.snapshot, query, scope, kinds)

    def complete(
        self, operands: Sequence[EncodedOperand], evidence: Sequence[Matches], proposing: Sequence[bool]
    ) -> None:
        """Lets every operand judge the segments that those found which propose.

        What is excluded in words is in a text where its words are; in what is seen and heard its meaning decides.
        """
        owners: dict[int, int] = {}
        for each in evidence:
            owners |= each.owners
        kinds = {segment: stored.segment.kind for segment, stored in self.snapshot.segments.by_id(owners).items()}
        found_in = set(owners.values()).union(*(each.names for each in evidence))
        whose = Scope(assets=np.array(sorted(found_in), np.int64))
        unknown: list[tuple[Matches, VectorQuery, list[int]]] = []
        for one, matches, own in zip(operands, evidence, proposing, strict=True):
            if not own:
                _add_words(matches, one, self.by_words(one, whose, every=True))
            if one.identical is not None and not own and one.identical in found_in:
                self._add_identical(matches, one.identical)
            for probe in vector_queries(one):
                if not own and one.is_text and KINDS[probe.kind].modality == "text":
                    continue
                known = matches.segments
                missing = [s for s in kinds if kinds[s] == probe.kind and probe.modality not in known.get(s, {})]
                if missing and probe.role in self.context.spaces:
                    unknown.append((matches, probe, missing))
        self._judge(unknown, owners)

    def _judge(self, unknown: Sequence[tuple[Matches, VectorQuery, Sequence[int]]], owners: Mapping[int, int]) -> None:
        """Scores segments by vector queries that did not find them, and adds the matches; one statement for all."""
        if not unknown:
            return
        stored = self.context.vectors_of({segment for _, _, missing in unknown for segment in missing})
        for matches, probe, missing in unknown:
            own = stored[probe.role].of_segments(missing)
            self._add(matches, probe, own, rescore(probe.vectors, own.data), owners)


@dataclass(frozen=True, slots=True, eq=False)
class VectorQuery:
    """One retriever by vectors: of one operand's modality, over one kind of segment.

    own (q, dimension): the question's, from one modality. more, less (0 or 1, dimension): the mean of what it shall be more
    like, or less.
    """

    operand: EncodedOperand
    role: Role
    modality: Modality
    kind: Kind
    own: Vectors
    more: Vectors | None = None
    less: Vectors | None = None

    @property
    def vectors(self) -> Vectors:
        """(n, dimension) all of them, the question's first."""
        moved = [each for each in (self.more, self.less) if each is not None]
        return np.concatenate([self.own, *moved]) if moved else self.own

    @property
    def direction(self) -> Direction:
        """Its modality and what it is compared with."""
        return _direction(self.modality, self.kind)

    def handicap(self, profile: Profile) -> float:
        """The multi-instance correction, taken off a cosine before it is calibrated; see docs/decisions/0250."""
        correction = KINDS[self.kind].multi_instance_correction
        if not correction:
            return 0.0
        background = profile.background(self.direction)
        judged = (
            background.steepness if isinstance(background, CohortCalibration) else profile.prior(self.direction).slope
        )
        return correction / judged

    def odds(
        self, profile: Profile, line: LinearCalibration, scores: Vectors
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log-odds (n,) and the question's own scores (n,) of vectors whose scores with `vectors` are (all, n).

        line: how the question's own scores are judged, see SearchContext.calibration.

        With feedback Rocchio's sum, each term by the calibration of its own direction, because a text is never as near
        to a picture as another picture is; see docs/decisions/0201.
        """
        count = len(self.own)
        best = scores[:count].max(axis=0, initial=-1.0).astype(float)
        odds = line.odds(best - self.handicap(profile))
        modality = KINDS[self.kind].modality
        more = None if self.more is None else log_odds(profile, modality, self.kind, scores[count])
        less = None if self.less is None else log_odds(profile, modality, self.kind, scores[-1])
        odds = feedback.moved(odds, more, less)
        return odds, best


_Sought: TypeAlias = "tuple[VectorQuery, VectorSpace, Callable[[], Neighbours]]"
"""A vector query of a space, and what gives its nearest."""


@cache
def _threads() -> ThreadPoolExecutor:
    """Of all searches, so that many questions at once start no more of them."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(os.cpu_count(), "nearest")


def _alone(ask: Callable[[], Neighbours]) -> Neighbours:
    with single_threaded_blas:
        return ask()


def _add_words(matches: Matches, operand: EncodedOperand, hits: WordHits) -> None:
    matches.terms = hits.terms
    matches.media |= hits.media
    for segment, hit in hits.segments.items():
        matches.add(segment, hits.owners[segment], WORDS, Match(operand.lane or "words", hit.evidence, hit.score))
    for asset, hit in hits.assets.items():
        matches.names[asset] = Match("words", hit.evidence, hit.score)


def media_of(evidence: Iterable[Matches]) -> dict[int, Medium]:
    """The medium of every asset in evidence."""
    return {asset: medium for each in evidence for asset, medium in each.media.items()}


def vector_queries(operand: EncodedOperand) -> Iterable[VectorQuery]:
    """Every semantic lane of an operand."""
    for (space, modality), vectors in operand.vectors.items():
        yield from _probes(operand, space, modality, kinds_in(space, operand.lane), vectors)


def _probes(
    operand: EncodedOperand, role: Role, modality: Modality, kinds: Iterable[Kind], vectors: Vectors
) -> Iterable[VectorQuery]:
    for kind in kinds:
        place = (role, KINDS[kind].modality)
        yield VectorQuery(operand, role, modality, kind, vectors, operand.more.get(place), operand.less.get(place))


def _compare(space: VectorSpace, near: Neighbours, stored: StoredVectors, scores: Vectors) -> None:
    """Raises IndexMismatch where an index gave other scores than the catalog's vectors."""
    if space.is_exact or not len(stored.ids):
        return
    ids = near.rows["vector"]
    places = np.minimum(np.searchsorted(stored.ids, ids), len(stored.ids) - 1)
    known = stored.ids[places] == ids
    exact = np.take_along_axis(scores, places, 1)
    if np.any(np.abs(exact - near.scores)[known] > WARY):
        raise IndexMismatch(space.live.folder or "")


def log_odds(profile: Profile, modality: Modality, kind: Kind, scores: Vectors) -> NDArray[np.float64]:
    """Log-odds (n,) of cosines (n,) by the profile's default calibration, whatever else the library holds."""
    return profile.prior(_direction(modality, kind)).line(USUAL).odds(scores)


def _direction(modality: Modality, kind: Kind) -> Direction:
    row = KINDS[kind]
    return f"{modality}-{row.calibration or row.modality}"
