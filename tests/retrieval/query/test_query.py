"""The query language: what a text asks, where it is refused, and back to text."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.domain.query import (
    And,
    EventSequence,
    Filters,
    Leaf,
    Not,
    Or,
    Query,
    Required,
    Tree,
    Weighted,
    WeightedSum,
)
from retrieval.errors import SyntaxRefused
from retrieval.query.build import parse
from retrieval.query.format import format_query


def t(text: str) -> Leaf:
    return Leaf("text", text)


PLAIN = [
    "a dog on the beach", "T-shirt - red", "10:30 meeting", "it's", "C++", "ROCK AND ROLL", "NOT", "AND", "-", "- -",
    'a 5" pipe', 'stray "quote', '"exact phrase"', 'a "red car" at night', "a man runs then jumps", "a (brown) dog",
    "within 10s", "-5 degrees", "+49 30 123", "rock -n- roll", "in: the house", "foo:bar", "x^2 + y^2", ":)", "(", "a ) b",
    "https://example.org/a", "狗（棕色）", "他说：「你好」", "well-known, isn't it?", "--", "a -- b", "sunset^abc", "",
]  # fmt: skip

TREES: list[tuple[str, Tree]] = [
    ('dog -"indoor"', WeightedSum((t("dog"), Not(t('"indoor"'))))),
    ('image:cat.jpg -"indoor" +snow', WeightedSum((Leaf("image", "cat.jpg"), Not(t('"indoor"')), Required(t("snow"))))),
    ("sunset^2 beach", WeightedSum((Weighted(t("sunset"), 2.0), t("beach")))),
    ('"red car"^0.5 night', WeightedSum((Weighted(t('"red car"'), 0.5), t("night")))),
    ("a dog -indoor on the beach", WeightedSum((t("a dog on the beach"), Not(t("indoor"))))),
    ("cat OR dog", Or((t("cat"), t("dog")))),
    ("salt AND pepper", And((t("salt"), t("pepper")))),
    ("a AND b OR c d", Or((And((t("a"), t("b"))), t("c d")))),
    ("(cat OR dog) AND snow", And((Or((t("cat"), t("dog"))), t("snow")))),
    ("(cat OR dog)^2 NOT snow", WeightedSum((Weighted(Or((t("cat"), t("dog"))), 2.0), Not(t("snow"))))),
    ("dog NOT NOT cat", WeightedSum((t("dog"), Not(Not(t("cat")))))),
    ("a goal then a cheer within 10s", EventSequence((t("a goal"), t("a cheer")), (10_000,))),
    ("door then steps within 1:30", EventSequence((t("door"), t("steps")), (90_000,))),
    ("x then y then z within 2m", EventSequence((t("x"), t("y"), t("z")), (120_000, 120_000))),
    ("x then y within 5s then z within 2m", EventSequence((t("x"), t("y"), t("z")), (5_000, 120_000))),
    (
        'said:"thank you" shows:bicycle',
        WeightedSum((Leaf("text", '"thank you"', "said"), Leaf("text", "bicycle", "shows"))),
    ),
    ("reads:exit sounds:rain", WeightedSum((Leaf("text", "exit", "reads"), Leaf("text", "rain", "sounds")))),
    ("like:abc -snow", WeightedSum((Leaf("like", "abc"), Not(t("snow"))))),
    ("dog +image:cat.jpg", WeightedSum((t("dog"), Required(Leaf("image", "cat.jpg"))))),
    ("狗 －室内 （海 OR 沙滩）", WeightedSum((t("狗"), Not(t("室内")), Or((t("海"), t("沙滩")))))),
    ("狗 -「室内」", WeightedSum((t("狗"), Not(t('"室内"'))))),
    ("said：谢谢 狗", WeightedSum((Leaf("text", "谢谢", "said"), t("狗")))),
    ("dog -(cat OR bird)", WeightedSum((t("dog"), Not(Or((t("cat"), t("bird"))))))),
    # signs
    ("+snow dog", WeightedSum((Required(t("snow")), t("dog")))),
    ("dog +snow +ice", WeightedSum((t("dog"), Required(t("snow")), Required(t("ice"))))),
    ("dog -snow -ice -fog", WeightedSum((t("dog"), Not(t("snow")), Not(t("ice")), Not(t("fog"))))),
    ("dog −snow ＋ice", WeightedSum((t("dog"), Not(t("snow")), Required(t("ice"))))),
    ("a red-brown dog -black-white", WeightedSum((t("a red-brown dog"), Not(t("black-white"))))),
    ("dog -snow^3", WeightedSum((t("dog"), Not(Weighted(t("snow"), 3.0))))),
    ('dog -"deep snow"^0.5', WeightedSum((t("dog"), Not(Weighted(t('"deep snow"'), 0.5))))),
    ("dog (-snow)^2", WeightedSum((t("dog"), Weighted(Not(t("snow")), 2.0)))),
    ("-snow dog in the garden", WeightedSum((Not(t("snow")), t("dog in the garden")))),
    ("at -5 degrees -indoor", WeightedSum((t("at -5 degrees"), Not(t("indoor"))))),
    ("T-shirt -red", WeightedSum((t("T-shirt"), Not(t("red"))))),
    ("dog +(snow OR ice)", WeightedSum((t("dog"), Required(Or((t("snow"), t("ice"))))))),
    ("+dog", Required(t("dog"))),
    ("dog -#holiday", WeightedSum((t("dog"), Not(t("#holiday"))))),
    ("Müller -Straße", WeightedSum((t("Müller"), Not(t("Straße"))))),
    ("a day in Köln +Dom -Regen", WeightedSum((t("a day in Köln"), Required(t("Dom")), Not(t("Regen"))))),
    # weights
    ("sunset^2", Weighted(t("sunset"), 2.0)),
    ("sunset^0.25 sea^1.5 sand", WeightedSum((Weighted(t("sunset"), 0.25), Weighted(t("sea"), 1.5), t("sand")))),
    ("(red car)^3 street", WeightedSum((Weighted(t("red car"), 3.0), t("street")))),
    ("日落^2 海", WeightedSum((Weighted(t("日落"), 2.0), t("海")))),
    ("shows:dog^2 snow", WeightedSum((Weighted(Leaf("text", "dog", "shows"), 2.0), t("snow")))),
    ("image:cat.jpg^2 snow", WeightedSum((Weighted(Leaf("image", "cat.jpg"), 2.0), t("snow")))),
    ("「红色 汽车」^2 夜", WeightedSum((Weighted(t('"红色 汽车"'), 2.0), t("夜")))),
    # AND, OR, NOT, brackets
    ("a OR b OR c", Or((t("a"), t("b"), t("c")))),
    ("a AND b AND c", And((t("a"), t("b"), t("c")))),
    ("red car OR blue bike", Or((t("red car"), t("blue bike")))),
    ("a OR b AND c", Or((t("a"), And((t("b"), t("c")))))),
    ("(a OR b) (c OR d)", WeightedSum((Or((t("a"), t("b"))), Or((t("c"), t("d")))))),
    ("((a OR b))", Or((t("a"), t("b")))),
    ("(a AND (b OR (c AND d)))", And((t("a"), Or((t("b"), And((t("c"), t("d")))))))),
    ("dog AND NOT snow", And((t("dog"), Not(t("snow"))))),
    ("dog AND -snow", And((t("dog"), Not(t("snow"))))),
    ("NOT snow dog", WeightedSum((Not(t("snow")), t("dog")))),
    ("dog NOT snow AND sea", And((WeightedSum((t("dog"), Not(t("snow")))), t("sea")))),
    ("dog NOT (snow AND fog)", WeightedSum((t("dog"), Not(And((t("snow"), t("fog"))))))),
    (
        "(dog -snow) OR (cat -fog)",
        Or((WeightedSum((t("dog"), Not(t("snow")))), WeightedSum((t("cat"), Not(t("fog")))))),
    ),
    ('"rock AND roll" OR jazz', Or((t('"rock AND roll"'), t("jazz")))),
    ("this and that OR nothing", Or((t("this and that"), t("nothing")))),
    ("USA OR Kanada", Or((t("USA"), t("Kanada")))),
    ("Hund ODER Katze OR Maus", Or((t("Hund ODER Katze"), t("Maus")))),
    ("猫 OR 狗", Or((t("猫"), t("狗")))),
    ("（猫 OR 狗） AND 雪", And((Or((t("猫"), t("狗"))), t("雪")))),
    ("「早上 好」 OR 『晚安』", Or((t('"早上 好"'), t('"晚安"')))),
    ("犬 OR 猫 -雨", Or((t("犬"), WeightedSum((t("猫"), Not(t("雨"))))))),
    ("หมา OR แมว", Or((t("หมา"), t("แมว")))),
    ("„rotes Auto“ OR «voiture rouge»", Or((t('"rotes Auto"'), t('"voiture rouge"')))),
    ("it's OR isn't", Or((t("it's"), t("isn't")))),
    # order
    ("a THEN b", EventSequence((t("a"), t("b")), (None,))),
    ("a THEN b THEN c", EventSequence((t("a"), t("b"), t("c")), (None, None))),
    ("a dog barks then a door opens within 500ms", EventSequence((t("a dog barks"), t("a door opens")), (500,))),
    ("a then b within 1h", EventSequence((t("a"), t("b")), (3_600_000,))),
    ("a then b within 1.5s", EventSequence((t("a"), t("b")), (1500,))),
    ("a then b within 1:02:03", EventSequence((t("a"), t("b")), (3_723_000,))),
    ("a THEN b THEN c within 3s", EventSequence((t("a"), t("b"), t("c")), (3000, 3000))),
    ("(a OR b) then c within 9s", EventSequence((Or((t("a"), t("b"))), t("c")), (9000,))),
    ("a OR b then c within 9s", EventSequence((Or((t("a"), t("b"))), t("c")), (9000,))),
    ("(dog -snow) then cat within 5s", EventSequence((WeightedSum((t("dog"), Not(t("snow")))), t("cat")), (5000,))),
    ("(a then b within 2s) -snow", WeightedSum((EventSequence((t("a"), t("b")), (2000,)), Not(t("snow"))))),
    (
        "sounds:bell then said:hello within 10s",
        EventSequence((Leaf("text", "bell", "sounds"), Leaf("text", "hello", "said")), (10_000,)),
    ),
    ("进球 then 欢呼 within 10s", EventSequence((t("进球"), t("欢呼")), (10_000,))),
    ("now and then a dog then a cat within 3s", EventSequence((t("now and"), t("a dog"), t("a cat")), (3000, 3000))),
    # lanes, files, things of the library
    (
        "said:hello shows:dog reads:exit sounds:rain",
        WeightedSum(
            (
                Leaf("text", "hello", "said"),
                Leaf("text", "dog", "shows"),
                Leaf("text", "exit", "reads"),
                Leaf("text", "rain", "sounds"),
            )
        ),
    ),
    ("dog -said:no", WeightedSum((t("dog"), Not(Leaf("text", "no", "said"))))),
    (
        'reads:"no exit" -shows:"a door"',
        WeightedSum((Leaf("text", '"no exit"', "reads"), Not(Leaf("text", '"a door"', "shows")))),
    ),
    ("reads:出口 OR reads:入口", Or((Leaf("text", "出口", "reads"), Leaf("text", "入口", "reads")))),
    ("shows：自行车 路", WeightedSum((Leaf("text", "自行车", "shows"), t("路")))),
    ('image:"my cat.jpg" dog', WeightedSum((Leaf("image", "my cat.jpg"), t("dog")))),
    (
        "audio:bell.wav video:goal.mp4 document:rules.pdf",
        WeightedSum((Leaf("audio", "bell.wav"), Leaf("video", "goal.mp4"), Leaf("document", "rules.pdf"))),
    ),
    ("image:~/Bilder/Hündin.jpg +Schnee", WeightedSum((Leaf("image", "~/Bilder/Hündin.jpg"), Required(t("Schnee"))))),
    ("image:/照片/猫.jpg -室内", WeightedSum((Leaf("image", "/照片/猫.jpg"), Not(t("室内"))))),
    ("image:a(1).jpg dog", WeightedSum((Leaf("image", "a(1).jpg"), t("dog")))),
    ("like:/a/b.mp4 like:c3f1", WeightedSum((Leaf("like", "/a/b.mp4"), Leaf("like", "c3f1")))),
    ("dog -image:cat.jpg -like:abc", WeightedSum((t("dog"), Not(Leaf("image", "cat.jpg")), Not(Leaf("like", "abc"))))),
    ("said:10:30 clock", WeightedSum((Leaf("text", "10:30", "said"), t("clock")))),
    # plain words beside operators
    ("note: dogs -cats", WeightedSum((t("note: dogs"), Not(t("cats"))))),
    ("https://example.org/a?b=c -ads", WeightedSum((t("https://example.org/a?b=c"), Not(t("ads"))))),
    ("\\-dog -cat", WeightedSum((t("-dog"), Not(t("cat"))))),
    ("\\AND OR gates", Or((t("AND"), t("gates")))),
    ("\\said:hello -cat", WeightedSum((t("said:hello"), Not(t("cat"))))),
    ('a 5" pipe -plastic', WeightedSum((t('a 5" pipe'), Not(t("plastic"))))),
    ("C++ -C#", WeightedSum((t("C++"), Not(t("C#"))))),
    ("x^y dog -cat", WeightedSum((t("x^y dog"), Not(t("cat"))))),
]

FILTERS = [
    ("dog in:video", Filters(media=frozenset({"video"}))),
    ("dog in:images,video", Filters(media=frozenset({"image", "video"}))),
    ("path:holiday/** after:2024-05 duration:<60", Filters(path="holiday/**", after="2024-05", max_duration_ms=60_000)),
    ('camera:"X100 V" near:48.85,2.35,5km', Filters(camera="X100 V", near=(48.85, 2.35, 5.0))),
    ("lang:de size:>2MB before:2020", Filters(lang="de", min_bytes=2_000_000, before="2020")),
    ("in:video,audio", Filters(media=frozenset({"video", "audio"}))),
    ("狗 in:image，video", Filters(media=frozenset({"image", "video"}))),
    ("path:旅行/** 狗", Filters(path="旅行/**")),
    ('path:"my holiday/*.jpg"', Filters(path="my holiday/*.jpg")),
    ("after:2024 before:2024-06-15", Filters(after="2024", before="2024-06-15")),
    ("after:2024-02-29", Filters(after="2024-02-29")),
    ("duration:>1:30 duration:<1h", Filters(min_duration_ms=90_000, max_duration_ms=3_600_000)),
    ("duration:>2m", Filters(min_duration_ms=120_000)),
    ("duration:<1:00:00", Filters(max_duration_ms=3_600_000)),
    ("duration:<500ms", Filters(max_duration_ms=500)),
    ("size:<500KB size:>1k", Filters(max_bytes=500_000, min_bytes=1000)),
    ("size:>1.5GB", Filters(min_bytes=1_500_000_000)),
    ("camera:Canon", Filters(camera="Canon")),
    ("tag:狗", Filters(tag="狗")),
    ('tag:"palm tree" beach', Filters(tag="palm tree")),
    ("near:-33.86,151.21,800m", Filters(near=(-33.86, 151.21, 0.8))),
    ("near:0,0,1km lang:pt-BR", Filters(near=(0.0, 0.0, 1.0), lang="pt-BR")),
    ("(cat OR dog) in:image", Filters(media=frozenset({"image"}))),
    ("in:video goal then cheer within 10s", Filters(media=frozenset({"video"}))),
]

BROKEN = [
    ("dog AND", 7), ("dog OR", 6), ("dog NOT", 7), ("OR dog", 0), ("AND dog", 0), ("a OR OR b", 5), ("a AND OR b", 6),
    ("(a OR b", 7), ("a OR b)", 6), ("dog -()", 6), ("-indoor", 0), ("NOT indoor", 0), ("a OR -b", 5), ("dog in:vidoe", 7),
    ('dog -"indoor', 5), ('said:"thank', 5), ("after:2024-13 x", 6), ("before:soon", 7), ("duration:60", 9),
    ("size:>2XB", 5), ("near:95,2,5km", 5), ("near:1,2", 5), ("lang:german", 5), ("in:video in:image", 9), ("dog^0", 4),
    ("(dog in:video) OR cat", 5), ("dog -in:video", 5), ("dog OR in:video", 7), ("then b within 5s", 0),
    ("a then within 5s", 7), ("dog -" + "(" * 41, 45),
    # operators without their part
    ("NOT dog OR", 10), ("dog OR NOT", 10), ("dog AND NOT", 11), ("dog AND OR cat", 8), ("dog OR AND cat", 7),
    ("dog AND AND cat", 8), ("(OR dog)", 1), ("(dog OR)", 7), ("(AND cat)", 1), ("(dog AND)", 8), ("dog -(cat OR)", 12),
    ("THEN dog", 0), ("dog THEN", 8), ("dog THEN THEN cat", 9), ("dog THEN OR cat", 9), ("(THEN) -a", 1), ("猫 AND", 5),
    ("猫 OR OR 狗", 5), ("Hund OR", 7), ("a OR b OR", 9), ("a AND b OR", 10), ("dog then cat within 5s within 6s", 23),
    ("a within 5s then b within 6s", 2), ("a THEN b then within 5s", 14), ("dog ^2 -cat OR", 14),
    # brackets
    ("(dog OR cat", 11), ("dog OR cat)", 10), ("((a OR b)", 9), ("(a OR b))", 8), ("dog -(", 6), ("dog -()", 6),
    ("dog AND ()", 9), ("() OR dog", 1), (")( OR dog", 0), ("（猫 OR 狗", 7), ("猫 OR 狗）", 6), ("dog +(cat", 9),
    ("(a AND b))^2", 9),
    # only what must not be
    ("NOT dog", 0), ("-dog -cat", 0), ("NOT (dog OR cat)", 0), ("dog OR -cat", 7), ("dog OR NOT cat", 7),
    ("(-dog) OR cat", 1), ("-dog in:image", 0), ("dog THEN -cat", 9), ("-狗", 0), ("(NOT a) THEN b", 1),
    ("a OR (-b -c)", 6),
    # quotations, weights
    ('dog +"deep', 5), ("狗 -「室内", 3), ('reads:"no exit', 6), ('path:"my holiday', 5), ("dog -“indoor", 5),
    ('"red car"^0', 10), ("(a OR b)^0", 9), ("dog^0.0", 4), ("狗^0 雪", 2),
    # values of filters
    ("in:music", 3), ("in:video,", 3), ("in:图片", 3), ("after:2024-02-30", 6), ("after:14.7.2019", 6), ("after:20240501", 6),
    ("before:2019-7", 7), ("duration:<", 9), ("duration:>abc", 9), ("duration:<1:2", 9), ("duration:=60", 9), ("size:2MB", 5),
    ("size:<MB", 5), ("size:>-1", 5), ("near:48.85", 5), ("near:48.85,2.35,5", 5), ("near:48.85,200,5km", 5),
    ("near:a,b,5km", 5), ("lang:1", 5), ("lang:de,en", 5), ("after:2019 after:2020", 11), ("size:>1MB size:>2MB", 10),
    ("camera:a camera:b", 9), ("lang:de x lang:en", 10), ("near:1,2,3km near:1,2,3km", 13), ("path:a path:b", 7),
    # filters where they cannot stand
    ("dog AND in:video", 8), ("in:video OR dog", 0), ("NOT in:video dog", 4), ("dog +in:video", 5), ("(in:video dog) -a", 1),
    ("dog THEN in:video", 17),
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
    assert asked(parse(format_query(query))) == asked(query)


@pytest.mark.parametrize(("text", "filters"), FILTERS)
def test_fields_make_filters(text: str, filters: Filters) -> None:
    """Known fields become filters, and come back from what is written."""
    query = parse(text)
    assert query.filters == filters
    assert asked(parse(format_query(query))) == asked(query)


@pytest.mark.parametrize(("text", "at"), BROKEN)
def test_what_does_not_fit_is_refused_where_it_stands(text: str, at: int) -> None:
    """The caret stands under the character, and the error says what was expected."""
    with pytest.raises(SyntaxRefused) as refused:
        parse(text)
    assert refused.value.at == at
    assert "expected" in refused.value.hint
    columns = sum(2 if east_asian_width(each) in "WF" else 1 for each in text[:at])
    assert refused.value.picture.splitlines()[1] == " " * columns + "^"


def test_the_tables_are_large_enough() -> None:
    """A hundred questions with operators, a hundred broken ones, each once."""
    assert len({text for text, _ in TREES + FILTERS}) >= 100
    assert len({text for text, _ in BROKEN}) >= 100


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
    assert asked(parse(format_query(query))) == asked(query)


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
