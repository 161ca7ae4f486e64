"""The query language: what a text asks, where it is refused, and back to text."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.domain import All, Both, Either, Filters, Leaf, Must, Not, Query, Then, Tree, Weighted
from retrieval.errors import SyntaxRefused
from retrieval.grammar import parse, written


def t(text: str) -> Leaf:
    return Leaf("text", text)


PLAIN = [
    "a dog on the beach", "T-shirt - red", "10:30 meeting", "it's", "C++", "ROCK AND ROLL", "NOT", "AND", "-", "- -",
    'a 5" pipe', 'stray "quote', '"exact phrase"', 'a "red car" at night', "a man runs then jumps", "a (brown) dog",
    "within 10s", "-5 degrees", "+49 30 123", "rock -n- roll", "in: the house", "foo:bar", "x^2 + y^2", ":)", "(", "a ) b",
    "https://example.org/a", "狗（棕色）", "他说：「你好」", "well-known, isn't it?", "--", "a -- b", "sunset^abc", "",
]  # fmt: skip

TREES: list[tuple[str, Tree]] = [
    ('dog -"indoor"', All((t("dog"), Not(t('"indoor"'))))),
    ('image:cat.jpg -"indoor" +snow', All((Leaf("image", "cat.jpg"), Not(t('"indoor"')), Must(t("snow"))))),
    ("sunset^2 beach", All((Weighted(t("sunset"), 2.0), t("beach")))),
    ('"red car"^0.5 night', All((Weighted(t('"red car"'), 0.5), t("night")))),
    ("a dog -indoor on the beach", All((t("a dog on the beach"), Not(t("indoor"))))),
    ("cat OR dog", Either((t("cat"), t("dog")))),
    ("salt AND pepper", Both((t("salt"), t("pepper")))),
    ("a AND b OR c d", Either((Both((t("a"), t("b"))), t("c d")))),
    ("(cat OR dog) AND snow", Both((Either((t("cat"), t("dog"))), t("snow")))),
    ("(cat OR dog)^2 NOT snow", All((Weighted(Either((t("cat"), t("dog"))), 2.0), Not(t("snow"))))),
    ("dog NOT NOT cat", All((t("dog"), Not(Not(t("cat")))))),
    ("a goal then a cheer within 10s", Then((t("a goal"), t("a cheer")), (10_000,))),
    ("door then steps within 1:30", Then((t("door"), t("steps")), (90_000,))),
    ("x then y then z within 2m", Then((t("x"), t("y"), t("z")), (120_000, 120_000))),
    ("x then y within 5s then z within 2m", Then((t("x"), t("y"), t("z")), (5_000, 120_000))),
    ('said:"thank you" shows:bicycle', All((Leaf("text", '"thank you"', "said"), Leaf("text", "bicycle", "shows")))),
    ("reads:exit sounds:rain", All((Leaf("text", "exit", "reads"), Leaf("text", "rain", "sounds")))),
    ("like:abc -snow", All((Leaf("like", "abc"), Not(t("snow"))))),
    ("dog +image:cat.jpg", All((t("dog"), Must(Leaf("image", "cat.jpg"))))),
    ("狗 －室内 （海 OR 沙滩）", All((t("狗"), Not(t("室内")), Either((t("海"), t("沙滩")))))),
    ("狗 -「室内」", All((t("狗"), Not(t('"室内"'))))),
    ("said：谢谢 狗", All((Leaf("text", "谢谢", "said"), t("狗")))),
    ("dog -(cat OR bird)", All((t("dog"), Not(Either((t("cat"), t("bird"))))))),
]

FILTERS = [
    ("dog in:video", Filters(media=frozenset({"video"}))),
    ("dog in:images,video", Filters(media=frozenset({"image", "video"}))),
    ("path:holiday/** after:2024-05 duration:<60", Filters(path="holiday/**", after="2024-05", max_duration_ms=60_000)),
    ('camera:"X100 V" near:48.85,2.35,5km', Filters(camera="X100 V", near=(48.85, 2.35, 5.0))),
    ("lang:de size:>2MB before:2020", Filters(lang="de", min_bytes=2_000_000, before="2020")),
]

BROKEN = [
    ("dog AND", 7), ("dog OR", 6), ("dog NOT", 7), ("OR dog", 0), ("AND dog", 0), ("a OR OR b", 5), ("a AND OR b", 6),
    ("(a OR b", 7), ("a OR b)", 6), ("dog -()", 6), ("-indoor", 0), ("NOT indoor", 0), ("a OR -b", 5), ("dog in:vidoe", 7),
    ('dog -"indoor', 5), ('said:"thank', 5), ("after:2024-13 x", 6), ("before:soon", 7), ("duration:60", 9),
    ("size:>2XB", 5), ("near:95,2,5km", 5), ("near:1,2", 5), ("lang:german", 5), ("in:video in:image", 9), ("dog^0", 4),
    ("(dog in:video) OR cat", 5), ("dog -in:video", 5), ("dog OR in:video", 7), ("then b within 5s", 0),
    ("a then within 5s", 7), ("dog -" + "(" * 41, 45),
]  # fmt: skip


def asked(query: Query) -> tuple[object, ...]:
    return query.tree, query.filters, [(each.sense, str(each.value), each.lane) for each in query.operands]


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_stays_one_text(text: str) -> None:
    """Stray signs, colons, quotes and brackets are no operators."""
    assert asked(parse(text)) == asked(Query.plain(text))


@pytest.mark.parametrize(("text", "tree"), TREES)
def test_operators_make_a_tree(text: str, tree: Tree) -> None:
    """Each operator binds as docs/query.md says, and comes back from what is written."""
    query = parse(text)
    assert query.tree == tree
    assert asked(parse(written(query))) == asked(query)


@pytest.mark.parametrize(("text", "filters"), FILTERS)
def test_fields_make_filters(text: str, filters: Filters) -> None:
    """Known fields become filters, and come back from what is written."""
    query = parse(text)
    assert query.filters == filters
    assert asked(parse(written(query))) == asked(query)


@pytest.mark.parametrize(("text", "at"), BROKEN)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, at: int) -> None:
    """The caret stands under the character, and the error says what was expected."""
    with pytest.raises(SyntaxRefused) as refused:
        parse(text)
    assert refused.value.at == at
    assert "expected" in refused.value.hint
    assert refused.value.picture.splitlines()[1] == " " * at + "^"


PIECES = st.lists(
    st.sampled_from([
        "a", "dog", "AND", "OR", "NOT", "then", "THEN", "within", "10s", "(", ")", "-", "+", '"', "“", "”", "「", "」", "^2",
        "in:", "video", "said:", "image:", "like:", " ", " ", " ", "\\", "（", "）", "：", "－", "狗", ":", "5", "size:>2MB",
    ]),
    max_size=30,
).map("".join)  # fmt: skip


@given(st.one_of(PIECES, st.text()))
@example("dog^2^2")
@example("a \\-a")
@example("said:(")
@example("-a a（a)")
@example("a（a(）-a")
@example('\\"a"in:a')
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a refusal with a place comes out, and what is read comes back from what is written."""
    try:
        query = parse(text)
    except SyntaxRefused as error:
        assert 0 <= error.at <= len(text)  # noqa: PT017  not every text is refused
        return
    assert asked(parse(written(query))) == asked(query)


@given(st.text())
def test_plain_takes_any_text(text: str) -> None:
    """Query.plain reads no operator."""
    query = Query.plain(text)
    assert query.tree is None
    assert [each.value for each in query.operands] == ([text] if text.strip() else [])


@pytest.mark.parametrize("piece", ["(", "NOT ", "-(", "a OR ", '"', "-a ", "a) ", "a then b within 5s "])
def test_long_texts_neither_recurse_nor_hang(piece: str) -> None:
    """Twenty thousand of anything ends in a query or a refusal."""
    try:
        parse("dog " + piece * 20_000)
    except SyntaxRefused as error:
        assert error.hint  # noqa: PT017  not every text is refused
