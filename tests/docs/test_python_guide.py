"""The examples of docs/python.md run."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_first_example_fills_a_library_and_asks_it(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words, a picture with words and an array find something or nothing, without an error."""
    names: dict[str, object] = {}
    exec(compile(EXAMPLES[0], str(PAGE), "exec"), names)
    (tmp_path / "media").mkdir()
    shutil.copy(samples / "images" / "d1.jpg", tmp_path / "media")
    finished = names["fill"](tmp_path / "media", tmp_path / "library")
    assert finished.new == 1
    capsys.readouterr()
    names["ask"](tmp_path / "library")
    assert "d1.jpg" in capsys.readouterr().out


def test_another_program_keeps_and_finds_uploads(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what is in them, and by what the program says of them; in about 25 lines."""
    assert sum(bool(line.strip()) for line in EXAMPLES[1].splitlines()) <= 25
    names: dict[str, Any] = {}
    exec(compile(EXAMPLES[1], str(PAGE), "exec"), names)
    archive = names["Archive"](tmp_path / "library")
    cat = archive.upload((samples / "images/photo1.jpg").read_bytes(), "upload.jpg", "our neighbour's Mimi", "EST-4711")
    boat = archive.upload((samples / "images/d1.jpg").read_bytes(), "two.jpg", "a day by the water")
    assert archive.find("EST-4711")[0][0] == cat
    assert archive.find("a sailing boat")[0][0] == boat
    assert archive.upload(b"\x00\x01\x02", "no.jpg", "nothing") is None
    assert "no.jpg: " in capsys.readouterr().out
    assert archive.find(f"image:{samples / 'images/photo1.jpg'}") == archive.find("cat AND") == []


def test_the_pattern_for_asyncio_answers_several_questions_at_a_time(sample_library: Path) -> None:
    """One library, two threads, two answers."""
    names: dict[str, object] = {}
    exec(compile(EXAMPLES[2], str(PAGE), "exec"), names)
    answers = asyncio.run(names["main"](str(sample_library)))
    assert len(answers) == 2
    assert len(answers[0]) > 0
