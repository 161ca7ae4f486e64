"""What is sure and what is possible, where a question has operators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval import Library
from retrieval.domain.media import Metadata
from tests.building import Builder, Thing
from tests.fakes import PROFILE

# Cosines of a picture with one of n words that it shows are about n ** -0.5; even odds lie at 0.5.
SHOWN = {
    "shore": "beach",
    "crowd": "beach people",
    "festival": "people",
    "harbour": "beach boats gulls ropes nets",
    "kitchen": "oven",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    built = Builder(tmp_path / "library")
    built.add(*(Thing(f"{name}.jpg", Metadata("image"), [("image", words)]) for name, words in SHOWN.items()))
    built.close()
    with Library.open(tmp_path / "library", profile=PROFILE) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "sure", "possible"),
    [
        ("beach", {"shore", "crowd"}, {"harbour"}),
        ("beach -people", {"shore"}, {"harbour"}),
        ("-people beach", {"shore"}, {"harbour"}),
        ("beach AND people", {"crowd"}, set()),
        ("beach OR people", {"shore", "crowd", "festival"}, {"harbour"}),
        ("people -(beach OR oven)", {"festival"}, set()),
        ("oven AND people", set(), set()),
    ],
)
def test_operators_have_both_parts(library: Library, question: str, sure: set[str], possible: set[str]) -> None:
    """What fulfils all is sure, what may is possible; what is surely excluded is neither, but for a trace of doubt."""
    answer = library.search(question)
    assert {hit.path.stem for hit in answer.hits} == sure
    assert {hit.path.stem for hit in answer.possible if hit.confidence > 0.2} == possible


def test_one_chinese_character_is_often_part_of_another_word(tmp_path: Path) -> None:
    """It stands in a text about pandas (熊猫); quoted, or as a longer word, it is what is meant."""
    built = Builder(tmp_path / "library")
    built.add(Thing("zoo.txt", Metadata("document"), [("passage", "动物园里的熊猫在吃竹子")]))
    built.add(*(Thing(f"{n}.txt", Metadata("document"), [("passage", f"第{n}页没有别的")]) for n in range(9)))
    built.close()
    with Library.open(tmp_path / "library", profile=PROFILE) as opened:
        single, quoted, whole = (
            max((hit.confidence for hit in opened.search(text).shown), default=0.0) for text in ("猫", '"猫"', "熊猫")
        )
    assert single < quoted
    assert single < whole
    assert whole > 0.9
