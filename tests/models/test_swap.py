"""Questions at ten a second while the program itself changes a library's models and changes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from click.testing import Result
from PIL import Image

from benchmarks import swap
from retrieval import Library
from tests.retrieval.media import made_clips

RATE = 10.0


def test_no_question_fails_or_meets_both_models(
    run: Callable[..., Result], tmp_path: Path, onnx_folder: Callable[[str], Path]
) -> None:
    """Each is answered as by the one model or as by the other; the library changes once, and once back."""
    photos, home = tmp_path / "photos", tmp_path / "library"
    photos.mkdir()
    for seed in range(8):
        Image.fromarray(made_clips.pattern(seed, (64, 48))(0.0)).save(photos / f"{seed}.png")
    run("index", photos, "--no-ocr", "--no-speech", "--quiet")
    run("models", "add", Path(shutil.copytree(onnx_folder("free"), tmp_path / "other")))
    run("models", "profile", "add", "other", "--shared", "other")
    run("index", photos, "--no-ocr", "--no-speech", "--quiet", "--profile", "other", "--library", tmp_path / "by-other")
    known = swap.differing(home, tmp_path / "by-other", sorted(photos.iterdir()))
    assert len(known) >= 6  # nearly all are answered otherwise by the other model, so a mixed answer would be seen
    with Library.open(home) as library:
        found = swap.watch(library, known, [swap.to_profile(home, "other"), swap.back(home)], RATE)
    assert found.problems == []
    assert [each for each, _ in groupby(found.answers)] == ["old", "new", "old"]
