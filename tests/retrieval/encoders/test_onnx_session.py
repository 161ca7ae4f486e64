"""Prepared graphs: the vectors of the plain ones, made once for a runtime and a processor, remade, given up and removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.domain.media import Space, Vectors
from retrieval.encoders import install, onnx, onnx_session
from retrieval.encoders.registry import models_dir
from retrieval.errors import EncoderUnavailable

TEXTS = ["a dog runs on the beach", "two cats sleep", "собака"]


@pytest.fixture(autouse=True)
def _small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(onnx_session, "LEAST_BYTES", 0)


@pytest.fixture
def folder(tmp_path: Path, onnx_folder: Callable[[str], Path]) -> Path:
    """An ONNX folder of this test's own."""
    return Path(shutil.copytree(onnx_folder("free"), tmp_path / "model"))


def rows(folder: Path) -> tuple[Vectors, Vectors]:
    """Vectors of texts and of pictures by sessions that are opened now."""
    space = Space("shared", "m", "1", onnx.dimension(folder))
    image = onnx.OnnxImage(folder, space)
    pictures = np.random.default_rng(4).integers(0, 255, (3, image.form.size, image.form.size, 3), dtype=np.uint8)
    return onnx.OnnxText(folder, space).encode(TEXTS), image.encode(list(pictures))


def forms() -> list[Path]:
    """The folders of all prepared graphs."""
    return sorted((models_dir() / "prepared").glob("*/*"))


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that sessions are opened from, from now on."""
    import onnxruntime

    seen: list[str] = []
    real = onnxruntime.InferenceSession

    def session(path: str, *rest: Any, **named: Any) -> Any:
        seen.append(path)
        return real(path, *rest, **named)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    return seen


def test_a_prepared_graph_gives_the_plain_vectors_and_is_made_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights lie in a second file, and later sessions open it alone."""
    monkeypatch.setattr(onnx_session, "LEAST_BYTES", 10**9)
    plain = rows(folder)
    assert not forms()
    monkeypatch.setattr(onnx_session, "LEAST_BYTES", 0)
    first = rows(folder)
    assert len(forms()) == 2
    visual = onnx_session.prepared(folder / onnx.VISUAL)
    assert visual is not None
    assert (visual.parent / "weights.bin").stat().st_size > 10 * visual.stat().st_size
    seen = opened(monkeypatch)
    second = rows(folder)
    assert seen == [str(onnx_session.prepared(folder / name)) for name in (onnx.TEXTUAL, onnx.VISUAL)]
    for one, other, third in zip(plain, first, second, strict=True):
        assert np.allclose(one, other, atol=1e-6)
        assert np.array_equal(other, third)


def test_weights_in_a_second_file_count(folder: Path) -> None:
    """A graph whose weights lie beside it is another one when they change, though its own file does not."""
    import onnx as library

    def save(factor: float) -> None:
        model = library.load(str(plain))
        for each in model.graph.initializer:
            values = library.numpy_helper.to_array(each)
            if values.size > 100:
                changed = values.copy()
                changed[:, 0] *= factor
                each.CopyFrom(library.numpy_helper.from_array(changed, each.name))
        library.save(model, str(path), save_as_external_data=True, location="outside")

    path, plain = folder / onnx.VISUAL, folder / "plain.onnx"
    path.rename(plain)
    save(1.0)
    head = path.read_bytes()
    first = rows(folder)[1]
    (path.parent / "outside").unlink()
    save(-3.0)
    assert path.read_bytes() == head
    assert float((first * rows(folder)[1]).sum(axis=1).max()) < 0.999


def test_another_runtime_or_processor_prepares_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them take turns; of a third the oldest goes."""
    path, made = folder / onnx.TEXTUAL, []
    for version in ("1", "2", "1", "3"):
        monkeypatch.setattr(onnx_session, "_key", lambda version=version: version)
        found = onnx_session.prepared(path)
        assert found is not None
        made.append(found.stat().st_ino)
        os.utime(found, (int(version), int(version)))  # the clock of files takes several milliseconds for one moment
    assert made[0] == made[2] != made[1]
    assert [each.name for each in forms()] == ["2", "3"]


def test_a_cut_file_is_made_again(folder: Path) -> None:
    """A file of weights that is too short would end the process that maps it."""
    before = rows(folder)[1]
    weights = next(each for each in forms() if (each / "weights.bin").stat().st_size > 20_000) / "weights.bin"
    whole = weights.stat().st_size
    weights.write_bytes(b"")
    assert np.array_equal(rows(folder)[1], before)
    assert weights.stat().st_size == whole


def test_a_damaged_form_gives_way_to_the_plain_graph(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once seen, it is not tried again."""
    before = rows(folder)[1]
    found = onnx_session.prepared(folder / onnx.VISUAL)
    assert found is not None
    found.write_bytes(b"x" * found.stat().st_size)
    assert np.allclose(rows(folder)[1], before, atol=1e-6)
    seen = opened(monkeypatch)
    rows(folder)
    assert str(folder / onnx.VISUAL) in seen
    assert str(found) not in seen


@pytest.mark.parametrize("why", ["no room", "no place"])
def test_where_nothing_can_be_kept_the_plain_graph_serves(
    why: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk, or a cache that cannot be written."""
    if why == "no room":
        monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))  # type: ignore[attr-defined]
    else:
        models_dir().mkdir(parents=True)
        (models_dir() / "prepared").write_text("a file")
    seen = opened(monkeypatch)
    assert rows(folder)[0].shape[0] == len(TEXTS)
    assert seen == [str(folder / onnx.TEXTUAL), str(folder / onnx.VISUAL)]


def test_a_graph_that_is_none_says_so(folder: Path) -> None:
    """In the words of the graph itself, not of its preparation."""
    (folder / onnx.VISUAL).write_bytes(b"no graph" * 10)
    with pytest.raises(EncoderUnavailable, match=r"visual/model\.onnx cannot be loaded"):
        rows(folder)


def test_added_and_removed_with_the_model(folder: Path) -> None:
    """`models add` prepares, `models remove` deletes it and counts its bytes."""
    install.add(folder, "own")
    held = sum(each.stat().st_size for form in forms() for each in form.iterdir())
    assert len(forms()) == 2
    assert install.remove("own").bytes == held
    assert not forms()


def test_a_text_tower_that_is_asked_often_gets_a_lasting_session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first questions are answered by one that opens quickly; a batch, and what follows, by one that runs quickly."""
    space = Space("shared", "m", "1", onnx.dimension(folder))
    opened_as: list[bool] = []
    real = onnx_session.open_session

    def open_session(path: Path, *, brief: bool = False) -> Any:
        opened_as.append(brief)
        return real(path, brief=brief)

    monkeypatch.setattr(onnx, "open_session", open_session)
    monkeypatch.setattr(onnx, "BRIEF_ITEMS", 3)
    asked = onnx.OnnxText(folder, space)
    alone = [asked.encode([text]) for text in [*TEXTS, *TEXTS]]
    assert opened_as == [True, False]
    together = onnx.OnnxText(folder, space).encode([*TEXTS, *TEXTS])
    assert opened_as == [True, False, False]
    assert np.allclose(np.concatenate(alone), together, atol=1e-6)
