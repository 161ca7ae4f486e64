"""A question as plain data is the same question again: from Python, the program and the service."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retrieval import Filters, Operand, Query, QueryError, as_dict, query_from_dict
from retrieval.query.build import build_query, parse
from retrieval.query.checked import checked

TEXTS = (
    "a dog on the beach", "dog -snow in:image after:2019", 'said:"thank you" in:video', "cat^2 OR +dog", "goal then cheer within 10s",
    "in:image,video path:/photos place:Bergen size:>2MB", "photos from 2019", "“from 2019”", "日落 AND 海", "near:60.4,5.3,10km tag:boat",
)  # fmt: skip


def parts(query: Query) -> tuple[Any, ...]:
    operands = [(each.sense, each.value, each.lane) for each in query.operands]
    return operands, query.tree, query.filters, query.limit, query.offset, query.sort, query.reach, query.min_confidence


@pytest.mark.parametrize("text", TEXTS)
def test_there_and_back(text: str) -> None:
    """Through JSON, as an answer tells its question."""
    query = parse(text)
    again = query_from_dict(json.loads(json.dumps(as_dict(query))))
    assert parts(again) == parts(checked(query))


def test_what_stands_beside_the_text_comes_back() -> None:
    """Segments, feedback, the page and its order; words that are no operators."""
    beside = {"limit": 7, "offset": 3, "sort": "date", "reach": "all", "min_confidence": 0.25, "more_like": ("a1b2",)}
    filters = Filters(frozenset({"image"}), near=(1.5, 2.5, 3.0), newer_than=7)
    query = build_query("cat OR (dog", [Operand("like", "c3d4")], filters, plain=True, **beside)
    again = query_from_dict(json.loads(json.dumps(as_dict(query))))
    assert parts(again) == parts(query)
    assert again.more_like == ("a1b2",)
    body = {
        "query": "cat OR (dog",
        "plain": True,
        "like": "c3d4",
        "filters": {"media": ["image"], "near": [1.5, 2.5, 3]},
    }
    sent = query_from_dict(body | {"filters": body["filters"] | {"newer_than": 7}, **beside, "more_like": ["a1b2"]})  # type: ignore[operator]
    assert parts(sent) == parts(query)


@pytest.mark.parametrize(
    "data",
    [
        7, "cat", {}, {"words": "cat"}, {"query": 7}, {"query": "cat AND"}, {"query": "image:/etc/passwd"}, {"query": "cat", "limit": 0},
        {"query": "cat", "limit": "7"}, {"query": "cat", "sort": "size"}, {"query": "cat", "reach": "far"}, {"query": "cat", "like": 7},
        {"query": "cat", "filters": ["dog"]}, {"query": "cat", "filters": {"color": "red"}}, {"query": "cat", "filters": {"near": [1]}},
        {"query": "cat", "filters": {"media": ["smell"]}}, {"query": "cat", "more_like": [7]}, {"query": "cat", "min_confidence": 2},
    ],
)  # fmt: skip
def test_what_is_no_question(data: Any) -> None:
    """Each is refused by an error that says so."""
    with pytest.raises(QueryError):
        query_from_dict(data)
