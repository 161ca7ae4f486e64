"""Queries out of texts, options and values, and back to text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retrieval.domain.media import MEDIA
from retrieval.domain.query import Filters, Operand, Query
from retrieval.errors import QueryError, SyntaxRefused
from retrieval.query import units
from retrieval.query.build import build_query, parse, whole_tree, with_changes
from retrieval.query.format import format_query


def parts(query: Query) -> tuple[object, ...]:
    return query.tree, query.filters, [(each.sense, str(each.value), each.lane) for each in query.operands]


ODD = st.text(st.one_of(st.characters(), st.sampled_from(' "“”„「」『』«»()（）^\\:~-+,')), min_size=1, max_size=12)
VISIBLE = ODD.filter(str.strip)
NUMBERS = st.decimals(0, 10**6, places=3, allow_nan=False).map(str)
DATES = st.builds(
    lambda at, form: at.strftime(form),
    st.datetimes(),
    st.sampled_from(["%Y-%m-%d", "%Y-%m", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"]),
).filter(lambda text: text[:4].isdigit() and len(text.split("-")[0]) == 4)
DURATIONS = st.one_of(
    NUMBERS,
    st.builds("{}{}".format, NUMBERS, st.sampled_from(["ms", "s", "sec", "m", "min", "h"])),
    st.builds("{}h{}m{}s".format, *[st.integers(0, 10**6)] * 3),
    st.builds("{}:{:02}:{:02}".format, st.integers(0, 999), st.integers(0, 59), st.integers(0, 59)),
)
SIZES = st.builds("{}{}".format, NUMBERS, st.sampled_from(["", "B", "KB", "m", "GB"]))
PLACES = st.builds(
    "{:.4f},{:.9f},{}{}".format,
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.decimals(0, 99999, places=3),
    st.sampled_from(["km", "m"]),
)
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "media": st.sets(st.sampled_from(MEDIA)).map(frozenset),
        "path": ODD,
        "camera": ODD,
        "tag": ODD,
        "lang": st.sampled_from(["en", "de", "pt-BR", "zh-Hans-CN"]),
        "after": DATES.map(units.date),
        "before": DATES.map(units.date),
        "min_duration_ms": DURATIONS.map(units.duration),
        "max_duration_ms": DURATIONS.map(units.duration),
        "min_bytes": SIZES.map(units.size),
        "max_bytes": SIZES.map(units.size),
        "near": PLACES.map(units.place),
    },
)
OPERANDS = st.lists(
    st.one_of(
        st.builds(Operand, st.sampled_from(MEDIA), VISIBLE.filter(lambda text: "\0" not in text).map(Path)),
        st.builds(Operand, st.just("like"), VISIBLE),
    ),
    max_size=3,
)
TEXTS = st.one_of(
    st.sampled_from(["", "dog", "a dog -indoor", "cat OR dog", "a then b within 1h30m", "said:hello^2 in:video", "ROCK AND ROLL"]),
    st.lists(
        st.sampled_from(["a", "dog", "AND", "OR", "NOT", "then", "within", "10s", "(", ")", "-", '"', "“", "」", "^2", "in:", "x:", " "]),
        max_size=12,
    ).map("".join),
    ODD,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(TEXTS, OPERANDS, FILTERS, st.booleans())
@example('"', [Operand("image", Path("0"))], {}, False)
@example("", [], {"min_bytes": 10**15, "max_duration_ms": 10**15}, False)
@example('"', [], {"media": frozenset({"image"})}, False)
@example("a  b", [], {"camera": ' "“”„「」『』«»'}, True)
@example("dog -x", [Operand("image", Path("~x")), Operand("like", "a 」b")], {}, False)
def test_every_build_query_comes_back(text: str, operands: list[Operand], filters: dict[str, Any], plain: bool) -> None:
    """The printed question is read as the same operands, tree and filters."""
    try:
        query = build_query(text, operands, Filters(**filters), plain=plain)
    except (SyntaxRefused, QueryError):
        return
    assert parts(parse(format_query(query))) == parts(query)


def test_operands_of_options_stand_in_the_tree() -> None:
    """A printed question names files and segments, after the words."""
    query = build_query("red car", [Operand("image", Path("a b.jpg")), Operand("like", "c3f1")])
    assert format_query(query) == 'red car image:"a b.jpg" like:c3f1'
    assert query.tree == whole_tree(query)


def test_options_replace_the_filters_of_the_text() -> None:
    """Only those that are given."""
    query = build_query("dog in:video after:2019", filters=Filters(after="2020"))
    assert query.filters == Filters(media=frozenset({"video"}), after="2020")


def test_weights_are_written() -> None:
    """Operands of a program with weights come back as weighted parts."""
    query = Query((Operand("text", "a b", 2.0), Operand("text", "c"), Operand("like", "d", 0.5)))
    assert format_query(query) == "(a b)^2 c (like:d)^0.5"
    assert [each.value for each in parse(format_query(query)).operands] == ["a b", "c", "d"]


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90", 90_000), ("1.5", 1500), ("500ms", 500), ("1h30m", 5_400_000), ("1h 30m", 5_400_000), ("1:30", 90_000),
        ("1:02:03", 3_723_000), ("2m", 120_000), ("2min", 120_000), ("1m30", 90_000), ("1h30", 5_400_000), ("5sec", 5000),
        ("1h2m3s4ms", 3_723_004), ("0:00.5", 500),
    ],
)  # fmt: skip
def test_a_duration_is_read_alike_everywhere(text: str, ms: int) -> None:
    """In options, and in a field where it holds no blank."""
    assert units.duration(text) == ms
    if " " not in text:
        assert parse(f"duration:>{text}").filters.min_duration_ms == ms
    if text[-1] in "smn" and " " not in text:
        assert parse(f"a then b within {text}").tree.within_ms == (ms,)


@pytest.mark.parametrize("text", ["", "soon", "1:2", "-1", "1e3", "1s2", "1m2h", "ms", "9" * 16, "1:2:3", "٣"])
def test_an_invalid_duration_is_refused(text: str) -> None:
    """With the expected form."""
    with pytest.raises(ValueError, match="time"):
        units.duration(text)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019", "2019"), ("2019-07", "2019-07"), ("2019-07-14", "2019-07-14"), ("2019-07-14T16:03", "2019-07-14T16:03"),
        ("2019-07-14 16", "2019-07-14T16"), ("2020-02-29T23:59:59", "2020-02-29T23:59:59"),
    ],
)  # fmt: skip
def test_a_date_is_read_alike_everywhere(text: str, date: str) -> None:
    """In options, and in a field, quoted where it holds a blank."""
    assert units.date(text) == date
    assert parse(f'after:"{text}"').filters.after == date


@pytest.mark.parametrize("text", ["", "2019-13", "2019-02-29", "14.7.2019", "2019-07-14T25", "2019-7", "２０１９"])
def test_an_invalid_date_is_refused(text: str) -> None:
    """With the expected form."""
    with pytest.raises(ValueError, match="2019-07-14"):
        units.date(text)


def test_changes_are_checked() -> None:
    """Unknown names, limits and empty questions are refused; right answers alone are the question."""
    assert with_changes(parse("dog"), "images", 3, min_bytes=5).filters == Filters(frozenset({"image"}), min_bytes=5)
    assert [each.value for each in with_changes(Query(), more_like=["a", "b"]).operands] == ["a", "b"]
    for broken in ({"media": "song"}, {"limit": 0}, {"offset": -1}, {"colour": "red"}):
        with pytest.raises(QueryError):
            with_changes(parse("dog"), **broken)
    for empty in ({}, {"less_like": "x"}):
        with pytest.raises(QueryError):
            with_changes(Query(), **empty)
