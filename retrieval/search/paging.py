"""Candidates -> one page of an answer in two parts: what is sure, then what is possible.

One rule, whatever media are asked and however hits are sorted. Log-odds are what is left of a score when what the
question reaches by chance in that medium is taken off (encoders.calibration), so one level of them is right for all
media; docs/decisions/0107 has the figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from retrieval.domain.media import Medium
from retrieval.domain.query import Query
from retrieval.search import collapse, fusion
from retrieval.search.candidates import Candidate
from retrieval.settings import POSSIBLE, SURE

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot

MIXED, MOST_ALIKE = 5, 3  # of the first so many possible hits at most so many are of one medium, if others are possible


@dataclass(frozen=True, slots=True)
class Levels:
    """Log-odds from which a candidate is sure, and from which it is shown at all; most: possible hits of an answer."""

    sure: float
    least: float
    most: int | None

    @classmethod
    def of(cls, query: Query) -> Self:
        """The levels that a query asks for; its own least confidence replaces the rule."""
        if query.min_confidence is not None:
            given = fusion.log_odds(query.min_confidence)
            return cls(given, given, 0)
        sure = fusion.log_odds(SURE)
        if query.reach == "sure":
            return cls(sure, sure, 0)
        return (
            cls(sure, fusion.LEAST, None) if query.reach == "all" else cls(sure, fusion.log_odds(POSSIBLE), query.limit)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Candidates of one page, and how many there are in all: at least so many where has_more."""

    sure: Sequence[Candidate]
    possible: Sequence[Candidate]
    total: int
    has_more: bool

    @property
    def shown(self) -> list[Candidate]:
        """Both parts."""
        return [*self.sure, *self.possible]


def page_of(
    snapshot: Snapshot,
    query: Query,
    levels: Levels,
    candidates: Sequence[Candidate],
    media: Mapping[int, Medium],
    *,
    fold: bool,
) -> Page:
    """The page that a query asks for of its candidates, best first.

    media: of the candidates. fold: leave out pictures that show what a better one does; of a
    Live Photo one half stands for both anyway.
    """
    kept = [each for each in candidates if each.odds >= levels.least]
    kept = collapse.collapsed(snapshot, kept, query.offset + query.limit, copies=fold)
    sure = [each for each in kept if each.odds >= levels.sure]
    possible = mixed(kept[len(sure) :], media, fusion.log_odds(POSSIBLE))[: levels.most]
    if query.sort == "date":
        sure, possible = _by_date(snapshot, sure), _by_date(snapshot, possible)
    first, last, count = query.offset, query.offset + query.limit, len(sure)
    total = count + len(possible)
    return Page(sure[first:last], possible[max(0, first - count) : max(0, last - count)], total, total > last)


def mixed(candidates: Sequence[Candidate], media: Mapping[int, Medium], least: float) -> list[Candidate]:
    """Candidates, best first, no medium crowding out the others at their head: see MIXED. least: log-odds of those moved."""
    left, head = list(candidates), list[Candidate]()
    taken = Counter[Medium | None]()
    while left and len(head) < MIXED:
        free = (
            at
            for at, each in enumerate(left)
            if taken[media.get(each.asset)] < MOST_ALIKE and not each.is_bound and each.odds >= least
        )
        chosen = left.pop(next(free, 0))
        taken[media.get(chosen.asset)] += 1
        head.append(chosen)
    return head + left


def _by_date(snapshot: Snapshot, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The newest first; those without a date last."""
    known = snapshot.assets.by_id([each.asset for each in candidates])
    dates = {asset: stored.date or "" for asset, stored in known.items()}
    return sorted(candidates, key=lambda each: dates.get(each.asset, ""), reverse=True)
