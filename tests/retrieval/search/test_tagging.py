"""Tags: the vocabulary, what segments are tagged with, and the filter by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval import Library, LibraryError, QueryError, resources
from retrieval.catalog import layout
from retrieval.domain.media import Metadata
from retrieval.search import tagging
from retrieval.search.tagging import Concept
from tests.building import Builder, Thing
from tests.fakes import FakeProfile

OWN = """\
# what a test knows
mirabelle
red mirabelle
boat, ship
engine

[heard]
rain, 雨声
bell
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with tags of its own; what pictures show is their text."""
    builder = Builder(tmp_path / "library")
    builder.add(
        Thing("apple.jpg", Metadata("image", date="2020-01-01"), [("image", "mirabelle")]),
        Thing("red.jpg", Metadata("image", date="2022-01-01"), [("image", "red mirabelle")]),
        Thing(
            "trip.mp4",
            Metadata("video", date="2021-01-01"),
            [("shot", "zeppelin"), ("shot", "boat"), ("speech", "a mirabelle")],
        ),
        Thing("rain.mp3", Metadata("audio"), [("sound", "rain")]),
        Thing("notes.txt", Metadata("document"), [("passage", "mirabelle mirabelle")]),
    )
    builder.close()
    layout.tags(tmp_path / "library").write_text(OWN, encoding="utf-8")
    with Library.open(tmp_path / "library", builder.profile) as opened:
        yield opened


def tagged(library: Library, path: str) -> list[list[str]]:
    """The names of the tags of each segment of an asset."""
    keys = [each.key for each in library.show(f"/media/test/{path}").segments]
    found = library.tags(keys)
    return [[each.name for each in found.get(key, ())] for key in keys]


def found(library: Library, question: str = "", **filters: str) -> list[str]:
    return [hit.path.name for hit in library.search(question, min_confidence=0.0, **filters)]


def test_a_picture_is_tagged_with_what_it_shows(library: Library) -> None:
    """The surest concept first; what is less sure than the cut is left out."""
    assert tagged(library, "apple.jpg")[0][0] == "mirabelle"
    assert tagged(library, "red.jpg")[0][0] == "red mirabelle"
    assert "boat" not in tagged(library, "apple.jpg")[0]


def test_shots_and_sounds_are_tagged_and_texts_are_not(library: Library) -> None:
    """Each shot has its own tags; sounds are tagged with what is heard alone."""
    assert tagged(library, "trip.mp4")[1][0] == "boat"
    assert tagged(library, "rain.mp3")[0][0] == "rain"
    assert tagged(library, "notes.txt") == [[]]


@pytest.mark.parametrize(
    ("name", "assets"),
    [
        ("mirabelle", {"apple.jpg", "red.jpg"}),
        ("Mirabelle", {"apple.jpg", "red.jpg"}),
        ("ship", {"trip.mp4"}),
        ("rain", {"rain.mp3"}),
        ("雨声", {"rain.mp3"}),
        ("雨聲", {"rain.mp3"}),
        ("engine", set()),
    ],
)
def test_a_tag_filters_by_any_of_its_names(tmp_path: Path, library: Library, name: str, assets: set[str]) -> None:
    """The filter keeps what has the tag, whatever name of the concept is given."""
    assert set(found(library, tag=name)) == assets


def test_the_filter_holds_beside_a_question_and_lists_by_date_without_one(library: Library) -> None:
    """An answer that is sure but has not the tag is left out; paging counts what is left."""
    assert "trip.mp4" not in found(library, "boat", tag="mirabelle")
    assert found(library, tag="mirabelle") == ["red.jpg", "apple.jpg"]
    assert [hit.path.name for hit in library.search("tag:mirabelle", limit=1, offset=1)] == ["apple.jpg"]


def test_every_asset_that_shows_a_tag_is_kept_by_its_filter(library: Library) -> None:
    """The filter and what is shown never differ."""
    for path in ("apple.jpg", "red.jpg", "trip.mp4", "rain.mp3"):
        for name in {name for own in tagged(library, path) for name in own}:
            assert path in found(library, tag=name)


def test_a_name_outside_the_vocabulary_tags_as_well(library: Library) -> None:
    """Whatever is asked for becomes a concept; nothing has to be indexed again."""
    assert found(library, tag="zeppelin") == ["trip.mp4"]


def test_an_own_word_needs_nothing_but_a_line(tmp_path: Path, library: Library) -> None:
    """A word added to the library's own file tags at the next question."""
    assert "zeppelin" not in tagged(library, "trip.mp4")[0]
    with layout.tags(tmp_path / "library").open("a", encoding="utf-8") as file:
        file.write("\n[seen]\nzeppelin, 飞艇\n")
    assert tagged(library, "trip.mp4")[0][0] == "zeppelin"
    assert found(library, tag="飞艇") == ["trip.mp4"]


def test_names_are_encoded_once(tmp_path: Path) -> None:
    """A second reader takes the vectors of the cache, a damaged cache is made again, and both are equal."""
    vocabulary = (Concept(("apple", "苹果"), "seen"), Concept(("rain",), "heard"))
    first = tagging.name_vectors(vocabulary, FakeProfile())
    (file,) = (tmp_path / "cache" / "tags").iterdir()
    np.save(file, first * 2)
    assert np.array_equal(tagging.name_vectors(vocabulary, FakeProfile()), first * 2)
    file.write_bytes(b"broken")
    assert np.array_equal(tagging.name_vectors(vocabulary, FakeProfile()), first)
    assert np.allclose(np.linalg.norm(first, axis=1), 1)
    tagging.name_vectors(vocabulary[:1], FakeProfile())
    assert len(list((tmp_path / "cache" / "tags").iterdir())) == 2


def test_a_line_adds_names_to_a_concept_that_is_known(tmp_path: Path) -> None:
    """Files are read in order; sections keep their own names; comments and odd commas do no harm."""
    (tmp_path / "a.txt").write_text("dog, 狗\n[heard]\ndog\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("\ufeff犬，DOG,, # too\n\n猫\n", encoding="utf-8")
    read = tagging.read([tmp_path / "a.txt", tmp_path / "missing.txt", tmp_path / "b.txt"])
    assert read == (
        Concept(("dog", "狗", "犬", "DOG"), "seen"),
        Concept(("dog",), "heard"),
        Concept(("猫",), "seen"),
    )


@pytest.mark.parametrize(("content", "said"), [(b"[tasted]\nsalt\n", "line 1"), (b"snow, \xff\n", "UTF-8")])
def test_a_file_that_cannot_be_understood_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    """It says which file, and what to do."""
    (tmp_path / "tags.txt").write_bytes(content)
    with pytest.raises(LibraryError, match=said):
        tagging.read([tmp_path / "tags.txt"])


def test_the_vocabulary_that_ships_is_whole() -> None:
    """Some hundred concepts, each in two languages, no name twice in a section."""
    vocabulary = tagging.read([resources.vocabulary()])
    assert len(vocabulary) > 400
    assert all(any(not name.isascii() for name in each.names) for each in vocabulary)
    assert all(any(name.isascii() for name in each.names) or each.names[0] == "café" for each in vocabulary)


def test_the_filter_asks_of_one_concept_what_is_shown_of_all() -> None:
    """With ties, unsure concepts and those of the other section among them."""
    odds = np.random.default_rng(3).integers(-4, 4, (200, 30)).astype(float)
    odds[:, ::7] = -np.inf
    every = tagging._tagged(odds)
    assert all(np.array_equal(tagging._has(odds, at), every[:, at]) for at in range(30))
    assert every.sum(axis=1).max() == tagging.MOST


def test_a_filter_that_does_not_exist_is_refused(library: Library) -> None:
    """The error names the filters that there are, tags among them."""
    with pytest.raises(QueryError, match="tag"):
        library.search("mirabelle", tags="mirabelle")
