"""kill -9 at any moment of a run: the next run ends in the library that a clean build makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.contents import contents
from tests.indexing import index_and_die

KILLS = 12  # spread evenly over the moments of one run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, a copy, a text and a broken file."""
    root = tmp_path_factory.mktemp("media")
    for name, colour in (("a", "red"), ("b", "green"), ("c", "blue")):
        Image.new("RGB", (40, 30), colour).save(root / f"{name}.png")
    shutil.copy(root / "a.png", root / "copy of a.png")
    (root / "note.txt").write_text("The lighthouse keeper counts ships. Nobody comes by.\n", "utf-8")
    (root / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    return root


@pytest.fixture(scope="module")
def clean(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], int]:
    """Contents of an undisturbed library, and how many moments its run had."""
    home = tmp_path_factory.mktemp("clean")
    moments = index_and_die(home, folder, 0)
    assert moments is not None
    return contents(home), moments


@pytest.mark.parametrize("part", range(KILLS))
def test_a_killed_run_is_completed_by_the_next(
    folder: Path, clean: tuple[dict[str, object], int], tmp_path: Path, part: int
) -> None:
    """Whatever was under way when the process died, the next run ends where a clean one does."""
    expected, moments = clean
    assert index_and_die(tmp_path / "library", folder, 1 + part * moments // KILLS) is None
    assert index_and_die(tmp_path / "library", folder, 0) is not None
    assert contents(tmp_path / "library") == expected
