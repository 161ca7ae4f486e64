"""Small models and the program itself for these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from indexer.cli.program import app
from tests.tiny_models import checkpoint, clap_folder, minilm, onnx_folder
from tests.tiny_multimodal import clap, clap_export, gemma, gemma_export, multimodal

__all__ = [
    "checkpoint",
    "clap",
    "clap_export",
    "clap_folder",
    "gemma",
    "gemma_export",
    "minilm",
    "multimodal",
    "onnx_folder",
    "run",
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The program with a library and a cache of its own, in this process."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CROSSMEDIA_LIBRARY", str(tmp_path / "library"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))  # what other programs left in the real one is no finding of ours

    def command(*words: str | Path, code: int | None = 0) -> Result:  # None: any
        done = CliRunner().invoke(app, [str(each) for each in words])
        assert done.exit_code == code or code is None, (words, done.stdout, done.stderr, done.exception)
        return done

    return command
