"""The keyword lane on a real catalog: rarity, order, names, quotes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.catalog import write as catalog_write
from retrieval.catalog import dialect
from retrieval.catalog.engine import open_engine
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata
from retrieval.fulltext import analyzer, keyword_search
from retrieval.fulltext.lookup import look_up
from retrieval.fulltext.statistics import MOST_OF_ASSET, read_statistics
from retrieval.protocols import Snapshot
from retrieval.vectors.space import Scope
from tests.building import ROOT, Builder, Thing

TEXTS = {
    "a.txt": "the blue boat engine of the island",
    "b.txt": "the engine of a boat that was painted blue",
    "c.txt": "the engine manual",
    "boat trip.txt": "the weather was fine",
    **{f"f{n}.txt": f"the filler text number {n}" for n in range(40)},
}


@contextmanager
def catalog(home: Path, things: Sequence[Thing]) -> Iterator[Snapshot]:
    """A catalog that is opened for questions."""
    builder = Builder(home)
    builder.add(*things)
    builder.close()
    with open_snapshot(open_engine(home)) as opened:
        yield opened


def document(name: str, *texts: str, **facts: Any) -> Thing:
    return Thing(name, Metadata("document", **facts), [("passage", text) for text in texts])


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    """A catalog of TEXTS, one passage each."""
    with catalog(tmp_path / "library", [document(name, text) for name, text in TEXTS.items()]) as opened:
        yield opened


def evidence(snapshot: Snapshot, question: str, allowed: Scope | None = None) -> dict[str, float]:
    """Evidence by file name, of texts and of names."""
    query = look_up(snapshot, question, read_statistics(snapshot))
    hits = keyword_search.search_keywords(snapshot, query, allowed or Scope())
    found: dict[int, float] = {asset: hit.evidence for asset, hit in hits.assets.items()}
    for segment, hit in hits.segments.items():
        found[hits.owners[segment]] = max(hit.evidence, found.get(hits.owners[segment], 0.0))
    known = snapshot.assets.by_id(found)
    return {known[asset].paths[0].name: value for asset, value in found.items()}


def test_words_in_order_tell_more(snapshot: Snapshot) -> None:
    """All words beside each other beat all words apart, which beat one of them."""
    found = evidence(snapshot, "blue boat")
    assert found["a.txt"] > found["b.txt"] > found["boat trip.txt"] > 0
    assert "c.txt" not in found


def test_a_word_in_most_texts_finds_nothing(snapshot: Snapshot) -> None:
    """It is dropped by its frequency; with a rare one beside it, only the rare one counts."""
    assert evidence(snapshot, "the") == {}
    assert evidence(snapshot, "the engine").keys() == {"a.txt", "b.txt", "c.txt"}


def test_a_quoted_phrase_is_a_must(snapshot: Snapshot) -> None:
    """Other words of the question do not help a text without it."""
    assert evidence(snapshot, '"blue boat" painted').keys() == {"a.txt"}
    assert evidence(snapshot, '"boat blue"') == {}


def test_absent_words_lower_what_the_others_tell(snapshot: Snapshot) -> None:
    """Half a question tells less than a whole one."""
    assert evidence(snapshot, "engine unicorn")["c.txt"] < evidence(snapshot, "engine")["c.txt"]


def test_names_are_words_of_all_segments(snapshot: Snapshot) -> None:
    """A word in the file's name and one in its text count together."""
    assert evidence(snapshot, "boat weather")["boat trip.txt"] > evidence(snapshot, "boat weather")["a.txt"]


def test_filters_hold(snapshot: Snapshot) -> None:
    """What is not allowed is not found."""
    assert evidence(snapshot, "engine", Scope(media=frozenset({"image"}))) == {}


def test_a_filter_keeps_texts_that_come_after_many_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that hold a word, and not only of the first ones."""
    monkeypatch.setattr(keyword_search, "MOST_HITS", 1)
    engines = [document(f"e{number}.txt", f"engine {number}") for number in range(10)]
    others = [document(f"f{number}.txt", f"some filler {number}") for number in range(60)]
    with catalog(tmp_path / "library", [*engines, *others]) as opened:
        last = opened.assets.at(ROOT / "e9.txt")
        assert last is not None
        for scope in (Scope(assets=np.array([last])), Scope.of(frozenset(), np.array([last]))):
            assert evidence(opened, "engine", scope).keys() == {"e9.txt"}


def test_a_filter_for_one_asset_leaves_its_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question without a filter takes a few of each asset; with one, and for a curve, others follow where there is room."""
    monkeypatch.setattr(keyword_search, "MOST_HITS", 20)
    manual = document("manual.txt", *(f"engine {number}" for number in range(190)))
    others = [document(f"f{number}.txt", f"some filler {number}") for number in range(800)]
    with catalog(tmp_path / "library", [*others, manual, document("e.txt", "engine 7")]) as opened:
        query = look_up(opened, "engine", read_statistics(opened))
        asset = opened.assets.at(ROOT / "manual.txt")
        assert asset is not None
        everywhere = keyword_search.search_keywords(opened, query, Scope())
        assert sorted(Counter(everywhere.owners.values()).values()) == [1, MOST_OF_ASSET]
        inside = keyword_search.search_keywords(opened, query, Scope(assets=np.array([asset])))
        assert Counter(inside.owners.values()) == {asset: 20}
        last = int(query.in_segments().ids[189])
        assert keyword_search.evidence_in(opened, query, {last: asset}).keys() == {last}


def test_no_words_find_nothing(snapshot: Snapshot) -> None:
    """Nor do signs."""
    assert evidence(snapshot, "?!") == {}


# ---------------------------------------------------------------- statistics by asset


def test_a_table_does_not_make_its_words_frequent(tmp_path: Path) -> None:
    """A word of every row of one large table, and of a manual behind it, is asked, and the manual is found."""
    rows = document("stock.csv", *(f"battery row {number}" for number in range(3000)))
    others = [document(f"f{number}.txt", f"some filler {number}") for number in range(60)]
    with catalog(tmp_path / "library", [*others, rows, document("manual.txt", "change the battery")]) as opened:
        assert evidence(opened, "battery").keys() == {"stock.csv", "manual.txt"}


@pytest.mark.parametrize("others", [0, 1, 3, 30])
def test_a_table_hides_no_word_in_a_small_library(tmp_path: Path, others: int) -> None:
    """Nor does a word that is in every file of few."""
    rows = document("stock.csv", *(f"battery row {number}" for number in range(600)))
    filler = [document(f"f{number}.txt", f"some filler {number}") for number in range(others)]
    with catalog(tmp_path / "library", [rows, *filler, document("manual.txt", "change the battery")]) as opened:
        assert evidence(opened, "battery").keys() >= {"manual.txt"}
        assert evidence(opened, "battery change").keys() >= {"manual.txt"}


def test_an_article_is_dropped_where_signs_have_none(tmp_path: Path) -> None:
    """Of 21 long texts with it among 150 lines without, which are most assets: "a dog" asks for dog."""
    books = [document(f"{n}.txt", *(f"a page {p} of a book {n}" for p in range(12))) for n in range(21)]
    signs = [Thing(f"{n}.jpg", Metadata("image"), [("text_line", f"sign{n}")]) for n in range(150)]
    with catalog(
        tmp_path / "library", [*books, *signs, Thing("x.jpg", Metadata("image"), [("text_line", "dog")])]
    ) as opened:
        assert [term.tokens for term in look_up(opened, "a dog", read_statistics(opened)).terms] == [("dog",)]
        assert [term.tokens for term in look_up(opened, "a dog", read_statistics(opened), every=True).terms] == [
            ("a",),
            ("dog",),
        ]


def test_a_word_of_most_assets_is_frequent_whatever_a_table_holds(tmp_path: Path) -> None:
    """In 60 texts beside a table of 3,000 rows it is in few texts and in most assets."""
    rows = document("stock.csv", *(f"battery row {number}" for number in range(3000)))
    others = [document(f"f{number}.txt", f"the filler {number}") for number in range(60)]
    with catalog(tmp_path / "library", [rows, *others]) as opened:
        assert evidence(opened, "the") == {}


def test_statistics_follow_what_is_added(tmp_path: Path) -> None:
    """Of those before, owners are kept; the result is that of a fresh reading."""
    builder = Builder(tmp_path / "library")
    builder.add(document("a.txt", "one", "two"))
    with open_snapshot(open_engine(builder.home)) as opened:
        before = read_statistics(opened)
    builder.add(document("b.txt", "three"), Thing("c.jpg", Metadata("image"), [("image", "sea")]))
    with open_snapshot(open_engine(builder.home)) as opened:
        after, fresh = read_statistics(opened, before), read_statistics(opened)
    builder.close()
    assert (before.texts, before.total, before.names) == (2, 2, 1)
    assert (after.texts, after.total, after.names) == (fresh.texts, fresh.total, fresh.names) == (3, 3, 3)
    assert after.owner[after.owner > 0].tolist() == fresh.owner[fresh.owner > 0].tolist() == [1, 1, 2]


def test_only_frequent_words_are_one_phrase(tmp_path: Path) -> None:
    """ "the who" is found where it stands so."""
    others = [document(f"f{number}.txt", f"the one who has number {number}") for number in range(40)]
    with catalog(tmp_path / "library", [*others, document("band.txt", "we heard the who in Leeds")]) as opened:
        assert evidence(opened, "the who").keys() == {"band.txt"}
        assert evidence(opened, "the") == {}


# ---------------------------------------------------------------- other words


OPEN = [
    ("Kartoffel", {"a.txt"}),
    ("grasshoppers", {"b.txt"}),
    ("cities", {"c.txt"}),
    ("lighthous", {"d.txt"}),
    ("lihgthouse", {"d.txt"}),
    ("lighthouses", {"d.txt"}),
    ("lightxxxse", set()),
    ("lamp", set()),
    ("Häuser", {"e.txt"}),
    ("Hause", {"e.txt"}),
    ("invoice", {"f.txt"}),
    ("zebra", set()),
]


@pytest.mark.parametrize(("word", "found"), OPEN)
def test_a_word_that_no_text_holds_is_asked_by_others(tmp_path: Path, word: str, found: set[str]) -> None:
    """By other endings; a long one by a slip of one letter."""
    texts = [
        "frische Kartoffeln",
        "a grasshopper sang",
        "the old city",
        "up the lighthouse",
        "ein Haus",
        "three invoices",
        "lam",
    ]
    things = [document(f"{letter}.txt", text) for letter, text in zip("abcdefg", texts, strict=True)]
    with catalog(tmp_path / "library", things) as opened:
        assert evidence(opened, word).keys() == found


def test_a_word_that_is_there_is_asked_as_it_is(tmp_path: Path) -> None:
    """Its other forms are not."""
    with catalog(tmp_path / "library", [document("a.txt", "one boat"), document("b.txt", "two boats")]) as opened:
        assert evidence(opened, "boat").keys() == {"a.txt"}


def test_a_slip_is_told_and_other_endings_are_not(tmp_path: Path) -> None:
    with catalog(
        tmp_path / "library", [document("a.txt", "up the lighthouse"), document("b.txt", "Kartoffeln")]
    ) as opened:
        statistics = read_statistics(opened)
        assert look_up(opened, "up lihgthouse", statistics).suggestions == (("lihgthouse", ("lighthouse",)),)
        assert look_up(opened, "Kartoffel", statistics).suggestions == ()
        assert look_up(opened, "ein lihgthouse am Meer", statistics).suggestions == ()  # another language


def test_what_stands_in_tells_less_than_the_word(tmp_path: Path) -> None:
    """The right word beats another ending, which beats a slip."""
    things = [document("a.txt", "up the lighthouse")]
    with catalog(tmp_path / "library", things) as opened:
        told = [evidence(opened, word)["a.txt"] for word in ("lighthouse", "lighthouses", "lihgthouse")]
    assert told == sorted(told, reverse=True) and len(set(told)) == 3 and told[-1] > 4


# ---------------------------------------------------------------- kinds


def test_kinds_tell_less_than_names_and_texts(tmp_path: Path) -> None:
    """mp3 in a text is sure, as the format of a file nearly nothing beside other words; music is no mp3; an ending is no
    word of a name."""
    song = Thing("song.mp3", Metadata("audio", format="mp3"), [("sound", "hum")])
    notes = document("notes.txt", "convert it to mp3", format="txt")
    film = document("film.srt", "good evening", format="srt", lang="ja")
    with catalog(tmp_path / "library", [song, notes, film, *(document(f"{n}.txt", "x y") for n in range(9))]) as opened:
        found = evidence(opened, "to mp3")
        assert found["notes.txt"] > 5
        assert found.get("song.mp3", 0.0) < 2
        assert evidence(opened, "music") == {}
        assert evidence(opened, "song").keys() == {"song.mp3"}
        assert evidence(opened, "song.mp3").keys() == {"song.mp3"}
        assert evidence(opened, "song.mp3")["song.mp3"] == evidence(opened, "song")["song.mp3"]
        assert 0 < evidence(opened, "japanese subtitles")["film.srt"] < 3
        assert evidence(opened, "evening subtitles")["film.srt"] > evidence(opened, "evening unicorn")["film.srt"]


@pytest.mark.parametrize(("others", "form"), [(9, "txt"), (2, "mp3")])
def test_a_format_that_is_all_of_a_question_finds_its_files(tmp_path: Path, others: int, form: str) -> None:
    """Surely, by the format or by the ending, though most files of the library are of it; no word beside it does."""
    song = Thing("song.mp3", Metadata("audio", format="mp3"), [("sound", "hum")])
    voice = Thing("voice.ogg", Metadata("audio", format="opus"), [("sound", "hum")])
    things = [song, voice, *(document(f"{n}.{form}", "x y", format=form) for n in range(others))]
    with catalog(tmp_path / "library", things) as opened:
        for question, name in (("mp3", "song.mp3"), (".MP3", "song.mp3"), ("ogg", "voice.ogg"), ("opus", "voice.ogg")):
            assert evidence(opened, question)[name] > 5, question
        assert len(evidence(opened, form)) == others + (form == "mp3")
        assert evidence(opened, "mp3 hum").get("song.mp3", 0.0) < 2
        assert "song.mp3" not in evidence(opened, "ogg")


def test_an_older_library_is_asked_as_it_was_folded(tmp_path: Path) -> None:
    """Its words have marks that newer ones have not."""
    builder = Builder(tmp_path / "library")
    builder.add(document("a.txt", "x"))
    with catalog_write.transaction(builder.engine) as connection:
        ((row, _),) = dialect.stored_texts(connection, "segment_words", 0, 2)
        dialect.clear_texts(connection, "segment_words")
        dialect.put_texts(connection, "segment_words", [(row, "ёлка")], analyzer.split)
        connection.exec_driver_sql("DELETE FROM library WHERE key = 'words'")
    builder.close()
    with open_snapshot(open_engine(builder.home)) as opened:
        assert evidence(opened, "Ёлка").keys() == {"a.txt"}
