"""Evidence of the operands -> candidates: one for each asset that may answer, with its segments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.domain.media import Medium
from retrieval.domain.query import Tree
from retrieval.search import fusion
from retrieval.search.moments import Moment
from retrieval.search.retrievers import WORDS, Match, Matches

TIMED: tuple[Medium, ...] = ("video", "audio")


@dataclass(slots=True)
class Candidate:
    """An asset that may answer. wholes: how sure each operand is of it; row: the moments of an `A then B`."""

    asset: int
    odds: float
    score: float
    segments: list[tuple[float, int]]  # log-odds and id, best first
    collapsed: int = 0  # pictures that this one stands for
    half: int | None = None  # the other half of a Live Photo, for which it stands as well
    wholes: tuple[float, ...] = ()
    is_bound: bool = False  # it is at most so sure: its places are still to be judged
    parts: tuple[Candidate | None, ...] = ()  # of a document whose places are still to be judged: what each leaf found
    by_time: bool = False  # its segments are not so sure as its moments say
    row: tuple[Moment, ...] = ()

    @property
    def order(self) -> tuple[float, float, int]:
        return (-self.odds, -self.score, self.segments[0][1] if self.segments else 0)


def of_one(evidence: Matches) -> dict[int, Candidate]:
    """The candidates of one operand, by asset."""
    candidates: dict[int, Candidate] = {}
    for segment, ways in evidence.segments.items():
        asset = evidence.owners[segment]
        name = evidence.names.get(asset)
        if name is None and len(ways) == 1 and WORDS not in ways:  # most of them: what `_fused` gives of one lane alone
            (match,) = ways.values()
            odds, score = match.odds, match.score
        else:
            odds = _fused(ways, name)
            score = max([match.score for match in ways.values()])
        one = candidates.get(asset)
        if one is None:
            one = candidates[asset] = Candidate(asset, odds, score, [])
        elif (odds, score) > (one.odds, one.score):
            one.odds, one.score = odds, score
        one.segments.append((odds, segment))
    for asset, match in evidence.names.items():
        candidates.setdefault(asset, Candidate(asset, fusion.agree([], match.odds), match.score, []))
    for one in candidates.values():
        if len(one.segments) > 1:
            one.segments.sort(key=lambda each: (-each[0], each[1]))
    return candidates


def _fused(ways: Mapping[str, Match], name: Match | None) -> float:
    """Log-odds of a segment; words in its own text and in its asset's names are one way."""
    said = [match.odds for match in (ways.get(WORDS), name) if match]
    return fusion.agree([match.odds for way, match in ways.items() if way != WORDS], max(said, default=0.0))


Tables = Sequence[Mapping[int, Candidate]]


def of_tree(tree: Tree, evidence: Sequence[Matches], media: Mapping[int, Medium]) -> list[Candidate]:
    """The candidates of a tree whose leaves have these matches; media: of all assets in it.

    A video, recording or document is only bounded where the tree must be judged place by place: see temporal.TreeScorer.
    """
    from retrieval.search import boolean  # a plain question has no tree

    tables = [of_one(matches) for matches in evidence]
    proposing = boolean.generates_candidates(tree)
    wanted = [table for table, own in zip(tables, proposing, strict=True) if own]
    assets = sorted(set().union(*wanted))
    if not assets:
        return []
    wholes = np.array([[table[each].odds if each in table else fusion.LEAST for each in assets] for table in tables])
    by_place = boolean.by_place(tree)
    bounds = boolean.bounds(tree, wholes)
    joined = boolean.together(tree, wholes) if by_place else bounds
    candidates = []
    for number, asset in enumerate(assets):
        parts = [table[asset] for table in wanted if asset in table]
        one = Candidate(asset, float(joined[number]), max(part.score for part in parts), _segments(parts))
        one.wholes = tuple(wholes[:, number].tolist())
        if by_place and media.get(asset) in TIMED:
            one.odds, one.is_bound = float(bounds[number]), True
        elif by_place and media.get(asset) == "document":
            one.odds, one.is_bound = float(bounds[number]), True
            one.parts = tuple(table.get(asset) for table in tables)
        elif by_place:
            one.segments = [(min(own, one.odds), segment) for own, segment in one.segments]
        candidates.append(one)
    return candidates


def _segments(parts: Sequence[Candidate]) -> list[tuple[float, int]]:
    segments: dict[int, float] = {}
    for part in parts:
        for own, segment in part.segments:
            segments[segment] = max(own, segments.get(segment, own))
    return sorted(((own, segment) for segment, own in segments.items()), key=lambda each: (-each[0], each[1]))


def judge_document(tree: Tree, one: Candidate) -> None:
    """Judges a document that was only bounded: every segment is a place of its own."""
    from retrieval.search import boolean

    one.is_bound = False
    places = {segment: place for place, (_, segment) in enumerate(one.segments)}
    given = []
    for part, whole in zip(one.parts, one.wholes, strict=True):
        at = np.full(max(1, len(places)), fusion.LEAST if places else whole)
        for own, segment in part.segments if part else ():
            if segment in places:
                at[places[segment]] = own
        given.append(boolean.Score(at, max(whole, float(at.max()))))
    one.odds = boolean.score_tree(tree, given).whole
    cost = boolean.excluded(tree, given)[: len(places)]
    left = boolean.lowered(np.array([own for own, _ in one.segments]), cost).tolist()
    ordered = zip(left, (segment for _, segment in one.segments), strict=True)
    one.segments = sorted(ordered, key=lambda each: (-each[0], each[1]))
