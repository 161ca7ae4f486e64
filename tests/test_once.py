"""What is made once in a run is made by one process, also where two need it at the same time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.once import once


def test_who_comes_second_waits_for_the_first(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It gets the same folder, whole."""
    made: list[Path] = []

    def make(folder: Path) -> None:
        folder.mkdir()
        made.append(folder)
        (folder / "whole").touch()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: once(tmp_path_factory, f"one-{os.getpid()}", make), range(8)))
    assert made == found[:1]
    assert found == found[:1] * 8
    assert (found[0] / "whole").exists()


def test_what_was_begun_and_not_ended_is_made_anew(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A process that fails leaves nothing that another takes for whole."""
    name = f"failing-{os.getpid()}"

    def fail(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").touch()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        once(tmp_path_factory, name, fail)
    found = once(tmp_path_factory, name, Path.mkdir)
    assert found.is_dir()
    assert list(found.iterdir()) == []
