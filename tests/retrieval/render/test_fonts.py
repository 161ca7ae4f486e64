"""Text in pictures that we draw: fonts, lines and marks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.domain.media import Span
from retrieval.render.fonts import Lettering, canvas, missing_line

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN = "\U0005ffff"  # a code point that is nobody's


def test_lines_hold_the_whole_text_and_fit() -> None:
    """Every character is on one line, and only a single piece may be wider than the room."""
    letters = Lettering(16)
    text = "a few words that go over several lines, and then some more of them"
    lines = letters.lines(text, 120, 50)
    assert "".join(text[each.start : each.end] for each in lines) == text
    assert all(letters.width(text[each.start : each.end].rstrip()) <= 120 for each in lines)
    assert len(lines) > 3


def test_wide_characters_may_be_parted_anywhere() -> None:
    """Chinese has no blanks, and still breaks."""
    letters = Lettering(16)
    lines = letters.lines("沙滩上的一只狗在追一个红色的球" * 3, 100, 50)
    assert len(lines) > 4


def test_no_text_is_one_empty_line() -> None:
    """Nothing to draw is drawn as nothing."""
    assert Lettering(16).lines("", 100, 5) == [Span(0, 0)]


def test_a_letter_that_no_font_has_is_named() -> None:
    """It does not become an empty box without a word."""
    letters = Lettering(16)
    letters.width("plain")
    assert missing_line(letters.missing) == ""
    letters.width(f"plain {UNKNOWN}")
    assert letters.missing == {UNKNOWN}
    assert UNKNOWN in missing_line(letters.missing)


def test_a_mark_over_a_letter_that_no_font_has_is_not_drawn_alone() -> None:
    """It takes no room, and is not named: the letter is."""
    letters = Lettering(16)
    alone = letters.width(UNKNOWN)
    assert letters.width(UNKNOWN + "\u0335") == alone
    assert letters.missing == {UNKNOWN}


@pytest.mark.parametrize("text", ["the dog runs", "一只狗在跑"])
def test_marks_are_drawn_behind_their_words_alone(text: str) -> None:
    """The bright ground lies between the word's own borders."""
    letters = Lettering(20)
    mark = Span(4, 7) if text.isascii() else Span(2, 3)
    picture, pen = canvas(300, 60, (255, 255, 255))
    letters.write(pen, (10, 10), text, (0, 0, 0), [mark])
    assert not letters.missing
    pixels = np.asarray(picture).astype(int)
    yellow = np.flatnonzero(((pixels[..., 0] > 200) & (pixels[..., 2] < 150)).any(axis=0))
    left, right = 10 + letters.width(text[: mark.start]), 10 + letters.width(text[: mark.end])
    assert abs(yellow.min() - left) <= 3
    assert abs(yellow.max() - right) <= 3


def test_without_fonts_latin_is_drawn_and_the_rest_is_named() -> None:
    """On a machine that has none, one line says which font to install; set to nothing, the folders are none."""
    code = "from retrieval.render.fonts import *; a = Lettering(16); a.width('Dogs 一只狗'); print(missing_line(a.missing))"
    line = [sys.executable, "-c", code]
    env = {**os.environ, "CROSSMEDIA_FONTS": "", "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    said = subprocess.run(line, env=env, capture_output=True, encoding="utf-8", check=True).stdout
    assert said.startswith("no font here has 一 只 狗 (") and "Noto Sans CJK" in said and said.count("\n") == 1
