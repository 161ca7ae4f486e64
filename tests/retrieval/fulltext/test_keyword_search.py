"""The keyword lane on a real catalog: rarity, order, names, quotes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata
from retrieval.fulltext import keyword_search
from retrieval.protocols import Snapshot
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
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    """A catalog of TEXTS, one passage each."""
    builder = Builder(tmp_path / "library")
    builder.add(*(Thing(name, Metadata("document"), [("passage", text)]) for name, text in TEXTS.items()))
    with open_snapshot(builder.engine) as opened:
        yield opened
    builder.close()


def evidence(snapshot: Snapshot, question: str, allowed: Scope | None = None) -> dict[str, float]:
    """Evidence by file name, of texts and of names."""
    query = keyword_search.look_up(snapshot, question, snapshot.fulltext.totals())
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


def test_no_words_find_nothing(snapshot: Snapshot) -> None:
    """Nor do signs."""
    assert evidence(snapshot, "?!") == {}
