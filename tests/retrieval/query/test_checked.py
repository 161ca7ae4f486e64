"""Whatever a program passes on as a question is understood, or refused in our own words."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from retrieval.domain.query import Filters, Operand, Query
from retrieval.errors import QueryError
from retrieval.query.build import as_query, with_changes
from retrieval.query.checked import MOST_OPERANDS

CAT = Query((Operand("text", "cat"),))


@pytest.mark.parametrize("limit", [0, -1, "5", 2.5, True, object()])
def test_limits_are_whole_numbers(limit: Any) -> None:
    """limit from 1, offset from 0."""
    with pytest.raises(QueryError, match="limit is"):
        with_changes(CAT, limit=limit)
    with pytest.raises(QueryError, match="offset is"):
        with_changes(CAT, offset=-1 if limit in (0, True) else limit)


@pytest.mark.parametrize("parts", [
    {"sort": "size"}, {"sort": None}, {"min_confidence": "high"}, {"min_confidence": 2}, {"min_confidence": float("nan")},
    {"media": 7}, {"media": [None]}, {"media": "films"}, {"path": 7}, {"after": 2019}, {"near": 3}, {"near": (1, 2)},
    {"near": ("a", "b", "c")}, {"min_duration_ms": "1m"}, {"min_bytes": -1}, {"max_bytes": 1 << 63}, {"tag": ["dog"]}, {"camera": b"Canon"},
    {"more_like": 7}, {"less_like": [7]}, {"colour": "red"},
])  # fmt: skip
def test_parts_of_another_type_are_refused(parts: dict[str, Any]) -> None:
    """Named, with what to give."""
    with pytest.raises(QueryError) as caught:
        with_changes(CAT, **parts)
    assert caught.value.hint


@pytest.mark.parametrize("operand", [
    Operand("smell", "rose"), Operand("text", "cat", weight="heavy"), Operand("text", "cat", weight=0),
    Operand("text", "cat", weight=float("inf")), Operand("text", "cat", lane="felt"),
])  # fmt: skip
def test_operands_of_another_kind_are_refused(operand: Operand) -> None:
    """Before anything is encoded."""
    for question in (operand, [operand], Query((operand,))):
        with pytest.raises(QueryError):
            as_query(question)


def test_paths_and_dates_are_taken_as_texts() -> None:
    """A program has them as such."""
    query = with_changes(CAT, path=Path("/media/a"), after=date(2019, 7, 14))
    assert (query.filters.path, query.filters.after) == ("/media/a", "2019-07-14")


def test_more_parts_than_are_searched_at_a_time_are_refused() -> None:
    """In a text, a list, a Query and with right answers beside; as many as that are fine."""
    most = [Operand("text", f"word {n}") for n in range(MOST_OPERANDS)]
    assert len(as_query(most).operands) == MOST_OPERANDS
    for question in (" OR ".join(f"word{n}" for n in range(1_200)), [*most, *most], Query((*most, *most))):
        with pytest.raises(QueryError, match=r"the question has [\d,]+ parts.*at most 64"):
            as_query(question)
    with pytest.raises(QueryError, match="65 parts"):
        with_changes(Query(tuple(most)), more_like=["a.jpg"])


def test_filters_of_a_query_are_checked_as_well() -> None:
    """Built by the program itself."""
    with pytest.raises(QueryError, match="the filter near"):
        as_query(Query((Operand("text", "cat"),), Filters(near="here")))  # type: ignore[arg-type]
