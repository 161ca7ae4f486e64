"""Hits: which words of a text are marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from indexer.catalog.write import add_source, transaction
from retrieval import Library
from retrieval.catalog.schema import sources
from retrieval.domain.media import Metadata
from tests.building import ROOT, Builder, Thing


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("lighthouse keeper", "The old lighthouse had one keeper.", ["lighthouse", "keeper"]),
        ("灯塔", "海边有一座燈塔，灯塔很高。", ["燈塔", "灯塔"]),
        ("ประภาคาร", "มีประภาคารอยู่ริมทะเล", ["ประภาคาร"]),
    ],
)
def test_the_words_by_which_a_passage_was_found_are_marked(
    tmp_path: Path, question: str, text: str, marked: list[str]
) -> None:
    """Marks are the question's words in the text, and no others."""
    builder = Builder(tmp_path / "library")
    builder.add(Thing("a.txt", Metadata("document"), [("passage", text)]))
    builder.add(*(Thing(f"{n}.txt", Metadata("document"), [("passage", f"nothing of it {n}")]) for n in range(8)))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as library:
        best = library.search(question, min_confidence=0.0)[0].segments[0]
    assert best.text == text
    assert [text[each.start : each.end] for each in best.marks] == marked


def test_a_word_that_is_everywhere_is_not_marked(tmp_path: Path) -> None:
    """What tells nothing is not shown as a reason."""
    builder = Builder(tmp_path / "library")
    texts = ["the otter sleeps", *(f"the number {n}" for n in range(40))]
    builder.add(*(Thing(f"{n}.txt", Metadata("document"), [("passage", text)]) for n, text in enumerate(texts)))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as library:
        best = library.search("the otter", min_confidence=0.0)[0].segments[0]
    assert [(each.start, each.end) for each in best.marks] == [(4, 9)]


@pytest.mark.parametrize(("question", "shown"), [("report", "final report.txt"), ("diary", "old diary.txt")])
def test_of_copies_the_one_is_shown_whose_name_was_asked_for(tmp_path: Path, question: str, shown: str) -> None:
    """Not the one that was indexed first."""
    builder = Builder(tmp_path / "library")
    passage = [("passage", "nothing of it")]
    builder.add(*(Thing(each, Metadata("document"), passage, digest=b"1" * 32) for each in ("a.txt", "old diary.txt")))
    builder.add(Thing("final report.txt", Metadata("document"), passage, digest=b"1" * 32))
    builder.add(*(Thing(f"{n}.txt", Metadata("document"), [("passage", f"number {n}")]) for n in range(8)))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as library:
        hit = library.search(question)[0]
    assert hit.path.name == hit.paths[0].name == shown
    assert len(hit.paths) == 3


def test_a_copy_below_the_path_asked_for_is_shown_before_one_that_names_it_better(tmp_path: Path) -> None:
    """A copy elsewhere is no answer to who asks in a folder; nor is one that is away, while another is there."""
    builder = Builder(tmp_path / "library")
    passage, digest = [("passage", "nothing of it")], b"1" * 32
    here, there = "work/report.txt", "private/report report.txt"
    builder.add(*(Thing(each, Metadata("document"), passage, digest=digest) for each in (here, there)))
    builder.add(*(Thing(f"{n}.txt", Metadata("document"), [("passage", f"number {n}")]) for n in range(8)))
    with transaction(builder.engine) as connection:
        builder.source = add_source(connection, Path("/media/away"), [], [])
        connection.execute(update(sources).where(sources.c.id == builder.source).values(offline=True))
    builder.add(Thing("report report report.txt", Metadata("document"), passage, digest=digest))
    builder.close()
    with Library.open(tmp_path / "library", builder.profile) as library:
        inside = library.search("report", path=f"{ROOT}/work")[0]
        anywhere = library.search("report")[0]
    assert inside.paths[0] == inside.path == ROOT / here
    assert anywhere.paths == (ROOT / there, ROOT / here, Path("/media/away/report report report.txt"))
