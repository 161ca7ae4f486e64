"""Judged questions put to a library, and what it answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.domain import Hit, Medium, Span
from retrieval.evaluation.judged import Judged
from retrieval.library import Library

DEPTH = 100  # hits of each question that are measured


@dataclass(frozen=True, slots=True)
class Ranked:
    """One hit, as far as it is measured. spans: those of its segments, the surest first."""

    asset: str
    medium: Medium
    confidence: float
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """What was answered to one question, best first, each asset once."""

    judged: Judged
    hits: tuple[Ranked, ...]

    @property
    def assets(self) -> list[str]:
        """The assets of the hits, best first."""
        return [each.asset for each in self.hits]


def ask(
    library: Library, questions: Iterable[Judged], *, depth: int = DEPTH, min_confidence: float | None = 0.0
) -> Iterator[Ranking]:
    """The ranking of each question. min_confidence: 0 shows every candidate, None cuts as a search does."""
    for each in questions:
        answer = library.search([each.operand], each.media or None, depth, min_confidence=min_confidence)
        yield Ranking(each, tuple(map(_ranked, answer)))


def _ranked(hit: Hit) -> Ranked:
    spans = [each.span for each in hit.segments if each.span is not None]
    return Ranked(hit.asset, hit.medium, hit.confidence, tuple(spans))


def found_right(ranking: Ranking, first: int) -> bool:
    """Whether one of the right answers is among the first hits."""
    return any(asset in ranking.judged.right for asset in ranking.assets[:first])
