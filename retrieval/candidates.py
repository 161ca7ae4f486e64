"""Evidence of the operands -> candidates: one for each asset that may answer, with its segments. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval import fusion
from retrieval.lanes import WORDS, Clue, Evidence
from retrieval.question import Asked


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


def grouped(asked: Sequence[Asked], evidence: Sequence[Evidence]) -> list[Candidate]:
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
