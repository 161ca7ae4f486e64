"""The keyword lane on a real catalog: rarity, order, names, quotes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from retrieval.catalog import store
from retrieval.domain.media import Metadata
from retrieval.fulltext import keyword_search
from retrieval.vectors.space import Scope
from tests.building import Builder, Thing

TEXTS = {
    "a.txt": "the blue boat engine of the island",
    "b.txt": "the engine of a boat that was painted blue",
    "c.txt": "the engine manual",
    "boat trip.txt": "the weather was fine",
    **{f"f{n}.txt": f"the filler text number {n}" for n in range(40)},
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A catalog of TEXTS, one passage each."""
    builder = Builder(tmp_path / "library")
    builder.add(*(Thing(name, Metadata("document"), [("passage", text)]) for name, text in TEXTS.items()))
    with store.snapshot(builder.engine) as opened:
        yield opened
    builder.close()


def evidence(connection: Connection, question: str, allowed: Scope | None = None) -> dict[str, float]:
    """Evidence by file name, of texts and of names."""
    hits = keyword_search.search_keywords(connection, question, store.word_totals(connection), allowed or Scope())
    found: dict[int, float] = {asset: hit.evidence for asset, hit in hits.assets.items()}
    for segment, hit in hits.segments.items():
        found[hits.owners[segment]] = max(hit.evidence, found.get(hits.owners[segment], 0.0))
    known = store.assets_by_id(connection, found)
    return {known[asset].paths[0].name: value for asset, value in found.items()}


def test_words_in_order_tell_more(connection: Connection) -> None:
    """All words beside each other beat all words apart, which beat one of them."""
    found = evidence(connection, "blue boat")
    assert found["a.txt"] > found["b.txt"] > found["boat trip.txt"] > 0
    assert "c.txt" not in found


def test_a_word_in_most_texts_finds_nothing(connection: Connection) -> None:
    """It is dropped by its frequency; with a rare one beside it, only the rare one counts."""
    assert evidence(connection, "the") == {}
    assert evidence(connection, "the engine").keys() == {"a.txt", "b.txt", "c.txt"}


def test_a_quoted_phrase_is_a_must(connection: Connection) -> None:
    """Other words of the question do not help a text without it."""
    assert evidence(connection, '"blue boat" painted').keys() == {"a.txt"}
    assert evidence(connection, '"boat blue"') == {}


def test_absent_words_lower_what_the_others_tell(connection: Connection) -> None:
    """Half a question tells less than a whole one."""
    assert evidence(connection, "engine unicorn")["c.txt"] < evidence(connection, "engine")["c.txt"]


def test_names_are_words_of_all_segments(connection: Connection) -> None:
    """A word in the file's name and one in its text count together."""
    assert evidence(connection, "boat weather")["boat trip.txt"] > evidence(connection, "boat weather")["a.txt"]


def test_filters_hold(connection: Connection) -> None:
    """What is not allowed is not found."""
    assert evidence(connection, "engine", Scope(media=frozenset({"image"}))) == {}


def test_no_words_find_nothing(connection: Connection) -> None:
    """Nor do signs."""
    assert evidence(connection, "?!") == {}
