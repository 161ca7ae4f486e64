"""Dates in questions: what is read as one, in which languages, and what is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.domain.query import Filters
from retrieval.query import date_words, dates
from retrieval.query.build import build_query, parse
from retrieval.query.format import format_query
from retrieval.query.parser import plain_words

TODAY = date(2026, 11, 29)  # a Sunday

READ = [  # question, what is left of it, after, before
    ("photos from 2019", "photos", "2019", "2020"),
    ("dogs in 2019 on the beach", "dogs on the beach", "2019", "2020"),
    ("Fotos aus dem Jahr 2019", "Fotos", "2019", "2020"),
    ("fotos de 2019", "fotos", "2019", "2020"),
    ("фото в 2019 году", "фото", "2019", "2020"),
    ("zdjęcia z 2019", "zdjęcia", "2019", "2020"),
    ("since 2018", "", "2018", None),
    ("dog after 2019", "dog", "2020", None),
    ("dog before July 2019", "dog", None, "2019-07"),
    ("dog until 2019", "dog", None, "2020"),
    ("Hund vor 1945", "Hund", None, "1945"),
    ("between 2018 and 2020", "", "2018", "2021"),
    ("dog from 2018 to 2020", "dog", "2018", "2021"),
    ("von Mai 2018 bis Juli 2020", "", "2018-05", "2020-08"),
    ("July 2020", "", "2020-07", "2020-08"),
    ("dec 2019", "", "2019-12", "2020-01"),
    ("im Juli 2020", "", "2020-07", "2020-08"),
    ("juillet 2020 plage", "plage", "2020-07", "2020-08"),
    ("en julio de 2020", "", "2020-07", "2020-08"),
    ("w lipcu 2020", "", "2020-07", "2020-08"),
    ("в июле 2020", "", "2020-07", "2020-08"),
    ("July 14, 2020 party", "party", "2020-07-14", "2020-07-15"),
    ("14. Juli 2020", "", "2020-07-14", "2020-07-15"),
    ("on 14.07.2019", "", "2019-07-14", "2019-07-15"),
    ("from 2019-07", "", "2019-07", "2019-08"),
    ("2019年7月的照片", "照片", "2019-07", "2019-08"),
    ("2019年の犬", "犬", "2019", "2020"),
    ("2019년 개", "개", "2019", "2020"),
    ("2019年夏天的海", "海", "2019-06", "2019-09"),
    ("the summer of 2019", "", "2019-06", "2019-09"),
    ("Winter 2019", "", "2019-12", "2020-03"),
    ("estate 2019", "", "2019-06", "2019-09"),
    ("летом 2019", "", "2019-06", "2019-09"),
    ("last summer", "", "2026-06", "2026-09"),
    ("last winter", "", "2025-12", "2026-03"),
    ("our trip last summer to Italy", "our trip to Italy", "2026-06", "2026-09"),
    ("l'été dernier", "", "2026-06", "2026-09"),
    ("geçen yaz", "", "2026-06", "2026-09"),
    ("الصيف الماضي", "", "2026-06", "2026-09"),
    ("去年夏天", "", "2025-06", "2025-09"),
    ("작년 여름", "", "2025-06", "2025-09"),
    ("this summer", "", "2026-06", "2026-09"),
    ("yesterday", "", "2026-11-28", "2026-11-29"),
    ("a dog from yesterday in the snow", "a dog in the snow", "2026-11-28", "2026-11-29"),
    ("dog today", "dog", "2026-11-29", "2026-11-30"),
    ("вчера", "", "2026-11-28", "2026-11-29"),
    ("昨日の犬", "犬", "2026-11-28", "2026-11-29"),
    ("一昨日", "", "2026-11-27", "2026-11-28"),
    ("เมื่อวาน", "", "2026-11-28", "2026-11-29"),
    ("last week on the beach", "on the beach", "2026-11-16", "2026-11-23"),
    ("last weekend", "", "2026-11-21", "2026-11-23"),
    ("letzte Woche", "", "2026-11-16", "2026-11-23"),
    ("la semana pasada", "", "2026-11-16", "2026-11-23"),
    ("上周", "", "2026-11-16", "2026-11-23"),
    ("上周的狗", "狗", "2026-11-16", "2026-11-23"),
    ("上個月", "", "2026-10", "2026-11"),
    ("先月", "", "2026-10", "2026-11"),
    ("last month", "", "2026-10", "2026-11"),
    ("el año pasado", "", "2025", "2026"),
    ("去年", "", "2025", "2026"),
    ("3 days ago", "", "2026-11-26", "2026-11-27"),
    ("two weeks ago", "", "2026-11-09", "2026-11-16"),
    ("vor 3 Tagen", "", "2026-11-26", "2026-11-27"),
    ("il y a 3 jours", "", "2026-11-26", "2026-11-27"),
    ("3天前", "", "2026-11-26", "2026-11-27"),
    ("the last 3 weeks", "", "2026-11-08", "2026-11-30"),
]

WORDS = [
    "beach 2019",
    "invoice 2019-07-14",
    "blade runner 2049",
    "space odyssey 2001",
    "usa today logo",
    "may the force be with you",
    "march of the penguins",
    "photos of august macke",
    "a red car",
    "the man in the sun",
    "second hand shop",
    "10 people on a boat",
    "mar de plata",
    "invoice 4711",
    "IMG_20190714_160311",
    "from 2018-2020-x",
    "in 20190",
    "from 2019 with love from 2020",
]


@pytest.mark.parametrize(("question", "left", "after", "before"), READ)
def test_a_date_is_read_where_it_stands_as_one(question: str, left: str, after: str | None, before: str | None) -> None:
    """In the languages of the encoder; what is left is the question."""
    [read] = dates.read_dates(question, TODAY)
    rest = question[: read.start] + question[read.end :]
    assert (" ".join(rest.split()), read.after, read.before) == (left, after, before)


@pytest.mark.parametrize("question", WORDS)
def test_words_that_only_look_like_dates_stay(question: str) -> None:
    assert dates.read_dates(question, TODAY) == []


def test_the_ends_of_a_year_are_months_and_weeks_of_two_years() -> None:
    """On the first of January last month is December, last week and yesterday lie in the old year."""
    today = date(2026, 1, 1)
    assert [dates.read_dates(each, today)[0].after for each in ("last month", "last week", "yesterday")] == [
        "2025-12", "2025-12-22", "2025-12-31",
    ]  # fmt: skip


def test_dates_become_filters_and_the_rest_stays_the_question() -> None:
    query = parse("a dog from 2019 in the snow")
    assert ([each.value for each in query.operands], query.filters) == (
        ["a dog in the snow"],
        Filters(after="2019", before="2020"),
    )
    assert query.notes == ("“from 2019” is read as a date: quotes or --no-dates keep the words",)
    assert format_query(query) == "a dog in the snow after:2019 before:2020"


@pytest.mark.parametrize(
    ("question", "filters"),
    [
        ("photos from 2019", Filters(frozenset({"image"}), after="2019", before="2020")),
        ("my videos from 2019", Filters(frozenset({"video"}), after="2019", before="2020")),
        ("2019年的照片", Filters(frozenset({"image"}), after="2019", before="2020")),
        ("from 2019", Filters(after="2019", before="2020")),
        ("from 2019 path:x/**", Filters(path="x/**", after="2019", before="2020")),
    ],
)
def test_a_medium_beside_a_date_is_a_filter_too(question: str, filters: Filters) -> None:
    """Photos from 2019 are all of them."""
    query = parse(question)
    assert (query.operands, query.filters) == ((), filters)


def test_dates_stand_beside_operators() -> None:
    """Excluded words and filters stay; alternatives, orders, excluded dates and other filters of a time are words."""
    query = parse("dog from 2019 -snow")
    assert (format_query(query), query.filters.after) == ("dog -snow after:2019 before:2020", "2019")
    for words in (
        "dog from 2019 OR cat",
        "dog -(from 2019)",
        "dog from 2019 before:2018",
        "a then b from 2019 within 3s",
    ):
        assert "from 2019" in str([each.value for each in parse(words).operands])


@pytest.mark.parametrize(
    "question", ['"last summer"', "film “from 2019”", "\\from 2019", "a \\last summer day", "「去年」的书"]
)
def test_quotes_and_backslashes_keep_the_words(question: str) -> None:
    assert not parse(question).filters


def test_dates_are_switched_off() -> None:
    """By the option, as plain text, and beside filters of a time."""
    for query in (
        build_query("photos from 2019", dates=False),
        build_query("photos from 2019", plain=True),
        build_query("photos from 2019", filters=Filters(after="2018")),
    ):
        assert [each.value for each in query.operands] == ["photos from 2019"]
        assert parse(format_query(query)).filters.before is None


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from('photos from 2019 last summer yesterday - + ( ) " OR 上周 的 July 14 , in: dog'.split(" ")),
        max_size=7,
    )
)
def test_words_kept_as_words_are_written_so_that_they_stay_words(words: list[str]) -> None:
    """What --explain prints asks the same again; a quotation mark alone names nothing."""
    text = " ".join(words)
    query = build_query(text, plain=True) if text.strip() else build_query("x")
    again = parse(format_query(query))
    assert again.filters == query.filters
    assert [_words(each.value) for each in again.operands] == [_words(text) or "x"]


def _words(text: str) -> str:
    return " ".join(plain_words(text).split()) or text.strip()


def test_every_word_of_the_tables_is_looked_for() -> None:
    """The quick look before the grammar misses no form of it."""
    for question, *_ in READ:
        assert date_words.may_tell(question)
    assert not any(date_words.may_tell(each) for each in ("a red car", "dog", "海边的狗", "march of the penguins"))


@pytest.mark.parametrize(
    ("question", "hint"),
    [
        ("dog date:>2026", "date: is not a field, so date:>2026 is asked as words (perhaps after: and before:)"),
        ("type:image dog", "type: is not a field, so type:image is asked as words (perhaps in:)"),
    ],
)
def test_a_field_that_there_is_none_of_gives_a_hint(question: str, hint: str) -> None:
    query = parse(question)
    assert query.warnings == (hint,)
    assert [each.value for each in query.operands] == [question]


@pytest.mark.parametrize(
    "question", ["note: dogs", "https://example.org/a", "10:30 train", "what:ever", "C:\\x", "dog in:image"]
)
def test_other_colons_are_a_persons(question: str) -> None:
    assert parse(question).warnings == ()
