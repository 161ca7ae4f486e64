"""The files of a generation: written once, opened mapped, checked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from retrieval.domain.records import ROW
from retrieval.errors import LibraryDamaged
from retrieval.vectors import faiss_index
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


@pytest.mark.parametrize(("flat_rows", "written"), [(faiss_index.FLAT_ROWS, 1), (20, 2)])
def test_only_inverted_lists_need_a_new_reader(
    flat_rows: int, written: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers of format 1 would take them for flat bytes; both are opened by this one, and find a row by itself."""
    pytest.importorskip("faiss")
    monkeypatch.setattr(faiss_index.build, "__defaults__", (flat_rows,))
    rows = np.zeros(200, ROW)
    rows["vector"] = np.arange(1, 201)
    vectors = np.random.default_rng(2).normal(size=(200, 8))
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    write_generation(tmp_path, 8, [("image", rows, unit)])
    assert json.loads((tmp_path / "generation.json").read_text())["format"] == written
    index = open_generation(tmp_path, 8).parts["image"].index
    assert index.search(unit[:9].astype(np.float32), 10)[1][:, 0].tolist() == list(range(9))
    only = np.arange(200) == 77
    assert index.search(unit[:1].astype(np.float32), 1, only)[1].tolist() == [[77]]


def test_questions_that_are_asked_in_turns_keep_their_own_vectors(tmp_path: Path) -> None:
    """What a question was turned to is kept for the next kind of segment, not for the next question or dimension."""
    pytest.importorskip("faiss")
    wide = np.eye(16, dtype=np.float16)
    for rows in (VECTORS / 8, wide):
        index = faiss_index.build(np.asarray(rows, np.float16))
        asked = np.zeros((1, rows.shape[1]), np.float32)
        for each in (2, 5, 2):
            asked[:] = rows[each]  # in place: the array is the same
            assert index.search(asked, 1)[1].tolist() == [[int((rows.astype(np.float32) @ rows[each]).argmax())]]
