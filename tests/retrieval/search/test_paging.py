"""Levels of an answer's parts, and how media are mixed among what is possible."""

from __future__ import annotations

import pytest

from retrieval.domain.query import Query
from retrieval.search import fusion
from retrieval.search.candidates import Candidate
from retrieval.search.paging import Levels, mixed
from retrieval.settings import POSSIBLE, SURE

LEAST = fusion.log_odds(POSSIBLE)
MEDIA = dict.fromkeys(range(10), "image") | dict.fromkeys(range(10, 20), "document") | {20: "video"}


def candidates(*numbers: int, bound: int = -1) -> list[Candidate]:
    """Best first, all possible."""
    return [Candidate(each, -0.01 * at, 0.0, [], is_bound=each == bound) for at, each in enumerate(numbers)]


def order(found: list[Candidate]) -> list[int]:
    return [each.asset for each in mixed(found, MEDIA, LEAST)]


def test_one_medium_does_not_crowd_out_the_others() -> None:
    """Three of five places at most; behind them the order is that of confidence."""
    assert order(candidates(0, 1, 2, 3, 4, 5, 10, 11, 12)) == [0, 1, 2, 10, 11, 3, 4, 5, 12]
    assert order(candidates(0, 1, 2, 3, 4, 20)) == [0, 1, 2, 20, 3, 4]


def test_nothing_is_moved_where_no_other_medium_stands_out() -> None:
    """Alone, already mixed, or the others are below the level."""
    assert order(candidates(0, 1, 2, 3, 4, 5)) == [0, 1, 2, 3, 4, 5]
    assert order(candidates(0, 10, 1, 11, 2, 3, 12)) == [0, 10, 1, 11, 2, 3, 12]
    low = candidates(0, 1, 2, 3, 4)
    assert order([*low, Candidate(10, LEAST - 0.1, 0.0, [])]) == [0, 1, 2, 3, 4, 10]


def test_what_is_only_bounded_is_not_moved_up() -> None:
    """It may be less sure than it seems."""
    assert order(candidates(0, 1, 2, 3, 10, 11, bound=10)) == [0, 1, 2, 11, 3, 10]


@pytest.mark.parametrize("media", [frozenset(), frozenset({"image"})])
@pytest.mark.parametrize("sort", ["confidence", "date"])
def test_the_levels_do_not_depend_on_what_is_asked(media: frozenset, sort: str) -> None:
    """Nor on how hits are sorted; only what is asked of the answer itself moves them."""
    query = Query.plain("a dog", sort=sort, limit=7)
    named = Query(query.operands, query.filters.__class__(media=media), limit=7, sort=sort)
    sure = fusion.log_odds(SURE)
    assert Levels.of(named) == Levels(sure, LEAST, 7)
    assert Levels.of(Query.plain("a dog", reach="sure")) == Levels(sure, sure, 0)
    assert Levels.of(Query.plain("a dog", reach="all")) == Levels(sure, fusion.LEAST, None)
    given = fusion.log_odds(0.3)
    assert Levels.of(Query.plain("a dog", min_confidence=0.3)) == Levels(given, given, 0)
