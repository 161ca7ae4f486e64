"""A simple search is read twice: by `quick`, and by Typer. Both make the same of it, and what is not simple is Typer's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from indexer.cli.program import app
from retrieval.cli import quick
from retrieval.cli import search as whole

SIMPLE = (
    ["a cat"],
    ["a", "cat", "--limit", "3", "--json"],
    ["--all", "--paths", "a cat"],
    ["a cat", "--sure", "--csv"],
    ["dog -indoor in:image after:2019", "--jsonl"],
    ["dog -indoor", "--plain"],
    ["photos from 2019"],
    ["海滩上的狗"],
    ["a", "--library", "/somewhere/crossmedia.toml"],
    ["a", "--no-server"],
)
NOT_SIMPLE = (
    [],
    ["status"],
    ["search", "a", "--json", "--csv"],
    ["search", "a", "--json", "--json"],
    ["search", "a", "--all", "--sure"],
    ["search", "a", "--limit"],
    ["search", "a", "--limit", "0"],
    ["search", "a", "--limit=3"],
    ["search", "a", "--limit", "x"],
    ["search", "a", "--limit", "9" * 5000],
    ["search", "a", "--library"],
    ["search", "a", "--library", ""],
    ["search", "a", "--in", "image"],
    ["search", "--", "-a"],
    ["search", "--help"],
)


@pytest.mark.parametrize("words", SIMPLE, ids=" ".join)
def test_both_ways_ask_the_same(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same question, of the same library, printed in the same form."""
    asked: list[tuple[Any, ...]] = []

    def answer(*given: Any) -> int:
        asked.append(given)
        return 0

    monkeypatch.setattr(quick, "answer", answer)
    monkeypatch.setattr(whole, "answer", answer)
    for each in (quick, whole):
        monkeypatch.setattr(each, "answer_by_service", lambda *_: None)
    assert quick.search(["search", *words]) == 0
    app(["search", *words], standalone_mode=False)
    assert len(asked) == 2
    assert repr(asked[0]) == repr(asked[1])  # operands, which may hold arrays, are equal by identity alone


@pytest.mark.parametrize("arguments", NOT_SIMPLE, ids=" ".join)
def test_what_is_not_simple_is_left_to_the_program(arguments: list[str]) -> None:
    assert quick.read(arguments) is None


def test_a_service_that_must_answer_is_missed_by_the_program(tmp_path: Path) -> None:
    """Which says so."""
    assert quick.search(["search", "a", "--server", "--library", str(tmp_path)]) is None
