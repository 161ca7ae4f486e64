"""The files of a generation: written once, opened mapped, checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.domain.records import ROW
from retrieval.errors import LibraryDamaged
from retrieval.vectors.generation import open_generation, verify, write_generation

VECTORS = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A generation of two kinds."""
    rows = np.zeros(50, ROW)
    rows["vector"] = np.arange(1, 51)
    assert write_generation(tmp_path, 8, [("image", rows, VECTORS), ("shot", rows[:10], VECTORS[:10])]) == 60
    return tmp_path


def test_what_was_written_is_opened(folder: Path) -> None:
    """Kinds, rows and nearest neighbours come back."""
    opened = open_generation(folder, 8)
    assert opened.rows == 60
    part = opened.parts["image"]
    found = part.index.search(VECTORS[:5].astype(np.float32), 50)[1]
    assert (np.sort(found, axis=1) == np.arange(50)).all()
    assert part.rows["vector"].tolist() == list(range(1, 51))
    verify(folder, 8)


def test_rows_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    """Of the index and of its list of rows, so that both still fit."""
    vectors = VECTORS.copy()
    vectors[[4, 9], 2] = (np.nan, np.inf)
    rows = np.zeros(50, ROW)
    rows["vector"] = np.arange(1, 51)
    assert write_generation(tmp_path, 8, [("image", rows, vectors)]) == 48
    part = open_generation(tmp_path, 8).parts["image"]
    assert set(range(1, 51)) - set(part.rows["vector"].tolist()) == {5, 10}
    nearest = part.index.search(VECTORS[10:11].astype(np.float32), 48)[1]
    assert np.sort(nearest).tolist() == [list(range(48))]


def test_another_dimension_is_refused(folder: Path) -> None:
    """A caller who claims another space gets an error, not wrong neighbours."""
    with pytest.raises(LibraryDamaged, match="dimension"):
        open_generation(folder, 16)


@pytest.mark.parametrize("name", ["image.faiss", "image.rows.npy", "generation.json"])
def test_a_missing_or_short_file_is_refused(folder: Path, name: str) -> None:
    """Each file is needed, whole."""
    file = folder / name
    content = file.read_bytes()
    file.write_bytes(content[:-3])
    with pytest.raises(LibraryDamaged, match="rebuild"):
        open_generation(folder, 8)
    file.unlink()
    with pytest.raises(LibraryDamaged, match="rebuild"):
        open_generation(folder, 8)


def test_a_flipped_bit_is_found_by_verify(folder: Path) -> None:
    """Opening looks at sizes only; verify reads every byte."""
    file = folder / "image.faiss"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    open_generation(folder, 8)
    with pytest.raises(LibraryDamaged, match="damaged"):
        verify(folder, 8)


def test_a_mapped_generation_outlives_its_files(folder: Path) -> None:
    """A reader that pinned it goes on when the writer deletes it."""
    opened = open_generation(folder, 8)
    for file in list(folder.iterdir()):
        file.unlink()
    assert opened.parts["shot"].index.search(VECTORS[:1].astype(np.float32), 1)[1].shape == (1, 1)
