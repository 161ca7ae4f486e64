"""Words and noun phrases of captions, with the photos that show them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training import vocabulary
from training.data import CaptionRow


def _captions(lang: str, *texts: str) -> list[CaptionRow]:
    return [CaptionRow(f"{n}.png", lang, "written", text) for n, text in enumerate(texts)]


ENGLISH = _captions("en", *["a brown dog in the grass"] * 4, *["a man with a brown hat"] * 4)


def test_nouns_end_their_phrases() -> None:
    """What stands before a preposition or at the end is a noun; adjectives are none, and neither is what one cannot see."""
    found = vocabulary.nouns(["a brown dog in the grass", "the brown hat on a man", "a picture of the dogs"])
    assert {"dog", "hat", "man"} <= found.keys()
    assert "brown" not in found
    assert "pictur" not in found


def test_a_term_has_all_photos_that_are_told_to_show_it() -> None:
    """Two captions make sure, one tells; a phrase is a word with its noun; a kind names its broader term."""
    rows = [*ENGLISH, *_captions("en", "the dog", "the dog")]
    found = {term.text: term for term in vocabulary.english(rows)}
    assert found["dog"].told == frozenset(f"{n}.png" for n in range(4))
    assert found["dog"].sure == {"0.png", "1.png"}
    assert found["brown hat"].told == frozenset(f"{n}.png" for n in range(4, 8))
    assert found["animal"].told == found["dog"].told


def test_a_foreign_noun_has_the_photos_of_an_english_one() -> None:
    """Hund stands where dogs are; a word of every photo is one of grammar."""
    german = _captions("de", *["Hier ist ein Hund"] * 4, *["Hier ist ein Mann"] * 4)
    found = vocabulary.foreign(german, "de", vocabulary.english(ENGLISH))
    assert {term.text for term in found} == {"Hund", "Mann"}


def test_chinese_words_are_looked_for_without_spaces() -> None:
    """Words of the dictionary are found inside a caption."""
    chinese = _captions("zh", *["草地上的狗"] * 4, *["戴帽子的男人"] * 4)
    found = vocabulary.foreign(chinese, "zh", vocabulary.english(ENGLISH), ["狗", "男人", "鸟"])
    assert {term.text for term in found} == {"狗", "男人"}


@pytest.fixture
def annotations(tmp_path: Path) -> Path:
    """Names of three signs in every language."""
    for lang in ("en", *vocabulary.LANGUAGES):
        own = "dog" if lang == "en" else f"dog-{lang}"
        rows = {sign: {"default": [own, f"pet-{lang}"], "tts": [own]} for sign in "ABC"}
        path = tmp_path / "annotations" / lang / "annotations.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"annotations": {"annotations": rows}}), "utf-8")
    return tmp_path


def test_names_of_one_sign_translate_each_other(annotations: Path) -> None:
    """A word of another language has the photos of the English one."""
    found = list(vocabulary.translated(vocabulary.english(ENGLISH), vocabulary.cldr(annotations)))
    thai = next(term for term in found if term.text == "dog-th")
    assert (thai.lang, thai.told) == ("th", frozenset(f"{n}.png" for n in range(4)))
