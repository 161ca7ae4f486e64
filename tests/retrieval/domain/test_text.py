"""retrieval.domain.text: texts that every database takes, and questions as they are meant."""

from __future__ import annotations

import pytest

from retrieval.domain.text import normalized, valid_text


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
