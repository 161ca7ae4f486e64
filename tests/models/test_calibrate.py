"""A library of an unknown encoder keeps its calibration, and measures it again when it has grown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from indexer import calibrate
from retrieval.encoders import self_calibration
from tests.retrieval.media import made_clips


def test_a_library_is_calibrated_once_and_again_when_it_has_grown(
    run: Callable[..., Result], tmp_path: Path, onnx_folder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the number of vectors; a space whose numbers are fitted gets none; a rebuild by other models forgets nothing."""
    photos = tmp_path / "photos"
    photos.mkdir()

    def photograph(first: int, last: int) -> int:
        for seed in range(first, last):
            Image.fromarray(made_clips.pattern(seed, (64, 48))(0.0)).save(photos / f"{seed}.png")
        run("index", photos, "--no-ocr", "--no-speech", "--quiet", *(("--profile", "mine") if first == 0 else ()))
        found = self_calibration.read(kept, revision())
        assert found is not None
        return found.count

    def revision() -> str:
        return next((tmp_path / "cache/models/calibrations").glob("shared-*.npz")).stem.partition("-")[2]

    kept = self_calibration.library_file(tmp_path / "library", "shared")
    run("models", "add", Path(shutil.copytree(onnx_folder("free"), tmp_path / "tiny")))
    run("models", "profile", "add", "mine", "--shared", "tiny")
    assert photograph(0, 2) == 2
    assert not self_calibration.library_file(tmp_path / "library", "sentence").exists()
    assert photograph(2, 6) == 2
    monkeypatch.setattr(self_calibration, "ENOUGH", 1)
    monkeypatch.setattr(calibrate, "GROWN", 3)
    assert photograph(6, 7) == 7
    kept.unlink()
    run("rebuild", "--quiet")
    assert kept.is_file()
