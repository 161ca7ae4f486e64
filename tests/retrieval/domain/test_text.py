"""retrieval.domain.text: texts that every database takes, and questions as they are meant."""

from __future__ import annotations

import pytest

from retrieval.domain.text import is_sentence, normalized, valid_text


@pytest.mark.parametrize(
    "text",
    ["dog", "DOG", "dog,", "(dog)", " dog ", "dog!", '"dog"', "(DOG.)", "「dog」", "（dog）", "dog ?", "[dog]..."],
)
def test_what_is_meant_does_not_depend_on_how_it_is_typed(text: str) -> None:
    """Capitals, brackets, punctuation, blanks."""
    assert normalized(text) == "dog"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a  dog   on the beach.", "a dog on the beach"),
        ("A dog in Paris", "A dog in Paris"),  # capitals that tell something
        ("f(x) of (y)", "f(x) of (y)"),  # brackets that are not around all
        ("(a) or (b)", "(a) or (b)"),
        ("海上的帆船。", "海上的帆船"),
        ("ΣΚΥΛΟΣ", "σκυλος"),
        ("3.5", "3.5"),
        ("?!", "?!"),
        ("", ""),
    ],
)
def test_what_tells_something_stays(text: str, expected: str) -> None:
    """Words and their order, names, numbers, a text of signs alone."""
    assert normalized(text) == expected.replace("σκυλος", "ΣΚΥΛΟΣ".lower())


def test_halves_of_characters_are_replaced() -> None:
    """As SQLite and UTF-8 want it."""
    assert valid_text("a\ud83d") == "a\ufffd"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("The keeper slept in his tower", True),
        ("Please do not feed the birds", True),
        ("Bitte die Türen freihalten, danke", True),
        ("禁止在此停放自行车和汽车", True),
        ("このさきにすすんではいけません", True),
        ("กรุณาอย่าให้อาหารนก", True),
        ("Не кормите птиц в парке", True),
        ("dog", False),
        ("EXIT", False),
        ("STOP SIGN", False),
        ("Café du Monde", False),
        ("1299 2004 17:30 42", False),
        ("GT 350 XR 12 B", False),
        ("KLM BRT XZ PQR SDF", False),
        ("l i n e s o f", False),
        ("出口", False),
        ("北京西站", False),
        ("5 apples 7 pears 12 10 2019 44", False),
        ("", False),
    ],
)
def test_a_line_is_a_sentence_or_only_words(line: str, says: bool) -> None:
    """Signs, names, numbers and misread letters say no more than their words."""
    assert is_sentence(line) == says


def test_an_emoji_is_asked_by_its_name() -> None:
    assert normalized("🐶") == "dog face"
    assert normalized("a ❤️ for you!") == "a heart for you"
    assert normalized("♥") == "heart suit"
