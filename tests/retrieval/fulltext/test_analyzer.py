"""Keywords: folding, terms and what SQLite's full-text search then finds."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalog.dialect import sqlite
from retrieval.catalog.dialect.sqlite import FULL_TEXT
from retrieval.domain.media import Metadata
from retrieval.fulltext import analyzer, asset_terms, fold, highlight

TEXTS = {
    1: "Preliminary Estimate EST-1008 for the Café, don't lose it",
    2: "半熟鸡蛋的做法：先烧水",
    3: "今日は良い天気です。ﾊﾝﾊﾞｰｶﾞｰ",
    4: "กินข้าวหรือยัง",
    5: "हिन्दी में समाचार",
    6: "ＦＵＬＬ width, STRASSE, Ёлка",
    7: "오늘은 날씨가 좋다",
    8: "the quick brown fox",
    9: "Łódź, Đà Nẵng, Søren, αγάπη ΑΘΗΝΑ καφές, أحمد و سلامي, ısparta, カメラ, æble",
    10: "due: 1,299.00 EUR, order 000417, or 2.500,75",
    11: "written in C++ and C#, 🐶 on a 🏖️",
    12: "no. ٤٢١٧",
}


def find(question: str) -> set[int]:
    """Ids of TEXTS that the question's keywords find in a real full-text table."""
    connection = sqlite3.connect(":memory:")
    connection.execute(FULL_TEXT[0])
    connection.executemany(
        "INSERT INTO segment_words(rowid, words) VALUES (?, ?)", [(i, analyzer.fold(t)) for i, t in TEXTS.items()]
    )
    expression = " OR ".join(sqlite.phrase(each.tokens) for each in analyzer.terms(question))
    if not expression:
        return set()
    rows = connection.execute("SELECT rowid FROM segment_words WHERE segment_words MATCH ?", [expression])
    return {row[0] for row in rows}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("est-1008", {1}),
        ("EST 1008", {1}),
        ("cafe", {1}),
        ("don’t", {1}),
        ("半熟雞蛋", {2}),
        ("鸡蛋", {2}),
        ("水", {2}),
        ("ハンバーガー", {3}),
        ("天気", {3}),
        ("ข้าว", {4}),
        ("हिन्दी", {5}),
        ("full", {6}),
        ("Straße", {6}),
        ("날씨", {7}),
        ('"brown fox"', {8}),
        ('"fox brown"', set()),
        ("蛋鸡", set()),
        ("елка", {6}),
        ("lodz", {9}),
        ("da nang", {9}),
        ("soren", {9}),
        ("Αθήνα", {9}),
        ("ΚΑΦΕΣ", {9}),
        ("احمد", {9}),
        ("سلامی", {9}),
        ("Isparta", {9}),
        ("かめら", {9}),
        ("aeble", {9}),
        ("1299", {10}),
        ("1,299.00", {10}),
        ("1.299,00", {10}),
        ("1'299", {10}),
        ("299", {10}),
        ("417", {10}),
        ("2500.75", {10}),
        ("2,500.75", {10}),
        ("2500", {10}),
        ("C++", {11}),
        ("c#", {11}),
        ("c", set()),
        ("🐶", {11}),
        ("dog face", {11}),
        ("🏖", {11}),
        ("4217", {12}),
    ],
)
def test_a_word_finds_its_text_in_any_script(question: str, found: set[int]) -> None:
    """Case, width, accents and Chinese script do not matter; order within a phrase does."""
    assert find(question) == found


@given(st.text(max_size=60))
def test_no_question_breaks_the_full_text_language(question: str) -> None:
    """Whatever is typed, SQLite takes the expression."""
    find(question)


@given(st.text(max_size=40))
def test_folding_twice_changes_no_token(text: str) -> None:
    """Index and question meet because folding is idempotent on tokens."""
    assert analyzer.tokens(" ".join(analyzer.tokens(text))) == analyzer.tokens(text)


def test_rarity_falls_with_frequency_and_stays_positive() -> None:
    """A rare word tells more than a frequent one; even a word in all texts is not negative."""
    values = [analyzer.idf(n, 1000) for n in (1, 10, 100, 1000)]
    assert values == sorted(values, reverse=True)
    assert values[-1] > 0


def words_of(facts: Metadata, *names: str) -> set[str]:
    return set(analyzer.split(asset_terms.asset_terms(facts, names)))


def test_kind_and_language_are_words_of_their_own() -> None:
    """A Japanese .srt has "japanese" and "subtitles", in English, Chinese and its own language, apart from its name."""
    found = words_of(Metadata("document", format="srt", lang="ja"), "films/d_12.srt")
    kinds = {word[1:] for word in found if word.startswith(fold.KIND)}
    assert {"document", "srt", "japanese", "subtitles", "日语", "字幕", "日本", "本语"} <= kinds
    assert {word for word in found if not word.startswith(fold.KIND)} == {"films", "d", "12", fold.BARRIER}


def test_an_ending_is_no_word_of_a_name() -> None:
    """song.mp3 is found by mp3 as a kind alone; it is not music."""
    found = words_of(Metadata("audio", format="mp3"), "my/song.mp3", "Report.v2.PDF", "no.dot")
    assert {"song", "report", "v2", "no", "dot", fold.KIND + "mp3", fold.KIND + "pdf"} <= found
    assert not {"mp3", "pdf", fold.KIND + "music"} & found
    assert [each.tokens for each in analyzer.terms("song.mp3 Report.v2.PDF example.org")] == [
        ("song",), ("report", "v2"), ("example", "org"),
    ]  # fmt: skip


def test_glued_names_are_given_apart() -> None:
    """HolidayPhoto2019.jpg is found by holiday and by 2019, IMG_0412.jpg by 412."""
    found = words_of(Metadata("image", format="jpeg"), "trip/HolidayPhoto2019.jpg", "IMG_0412.jpg", "DSC01234.jpg")
    assert {"holiday", "photo", "2019", "img", "0412", "412", "dsc", "01234", "1234"} <= found


@pytest.mark.parametrize(
    ("text", "question", "marked"),
    [
        ("The dog and the DOGS", "dog", ["dog"]),
        ("a quick  brown fox", '"quick brown"', ["quick  brown"]),
        ("no brown quick fox", '"quick brown"', []),
        ("see EST-1008 there", "est-1008", ["EST-1008"]),
        ("沙滩上的一只狗", "沙滩", ["沙滩"]),
        ("沙灘上有狗在沙灘", "沙滩", ["沙灘", "沙灘"]),
        ("半熟鸡蛋的做法", "半熟鸡蛋", ["半熟鸡蛋"]),
        ("食べたのはﾊﾝﾊﾞｰｶﾞｰだ", "ハンバーガー", ["ﾊﾝﾊﾞｰｶﾞｰ"]),
        ("กินข้าวหรือยัง", "ข้าว", ["ข้าว"]),
        ("हिन्दी में समाचार", "समाचार", ["समाचार"]),
        ("오늘은 날씨가 좋다", "날씨", ["날씨"]),
        ("in der Straße, beim Café", "STRASSE cafe", ["Straße", "Café"]),
        ("Ёлка и ёлка", "ёлка", ["Ёлка", "ёлка"]),
        ("ＦＵＬＬ width", "full", ["ＦＵＬＬ"]),
        ("the ﬁnal ﬁle", "final", ["ﬁnal"]),
        ("nothing here", "dog", []),
        ("Łódź and Łódź", "lodz", ["Łódź", "Łódź"]),
        ("due 1,299.00 now", "1299", ["1,299.00"]),
        ("order 000417", "417", ["000417"]),
        ("C++, C and c#", "C++", ["C++"]),
        ("ein 🐶 für C++", "dog", ["🐶"]),
        ("カメラを買う", "かめら", ["カメラ"]),
        ("", "dog", []),
    ],
)
def test_what_matches_is_what_is_marked(text: str, question: str, marked: list[str]) -> None:
    """The marked characters are those of the words that were found, in any script and form."""
    found = highlight.highlights(text, analyzer.terms(question))
    assert [text[each.start : each.end] for each in found] == marked


def _finds(text: str, term: analyzer.Term) -> bool:
    connection = sqlite3.connect(":memory:")
    connection.execute(FULL_TEXT[0])
    connection.execute("INSERT INTO segment_words(words) VALUES (?)", [analyzer.fold(text)])
    query = "SELECT count(*) FROM segment_words WHERE segment_words MATCH ?"
    return bool(connection.execute(query, [sqlite.phrase(term.tokens)]).fetchone()[0])


_SCRIPTS = "aAéeÉ ßsS-_1 2.0,+#cłŁカか🐶'狗貓猫的ガがｶﾞカ゛กินข้าว날씨ЁёйИ हिन्दीﬁ①²"


@given(st.text(st.sampled_from(_SCRIPTS), max_size=14), st.text(st.sampled_from(_SCRIPTS), min_size=1, max_size=4))
def test_a_term_is_marked_exactly_where_the_full_text_search_finds_it(text: str, question: str) -> None:
    """No term is found but not marked, none marked but not found."""
    for term in analyzer.terms(question):
        assert bool(highlight.highlights(text, [term])) == _finds(text, term)


@given(st.text(max_size=40), st.text(max_size=10))
def test_marks_ascend_inside_the_text(text: str, question: str) -> None:
    """Spans lie in the text, are not empty, and leave a gap between them."""
    found = highlight.highlights(text, analyzer.terms(question))
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end < other.start for one, other in pairwise(found))


def test_parts_glued_in_a_name_are_marked() -> None:
    """Names are marked at the parts that they are found by."""
    name = "Trips/HolidayPhoto2019_beach.jpg"
    found = highlight.name_highlights(name, analyzer.terms("photo 2019 beach"))
    assert [name[each.start : each.end] for each in found] == ["Photo2019", "beach"]
