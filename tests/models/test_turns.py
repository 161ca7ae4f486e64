"""Two libraries of two models on one machine, filled and asked in turns: no vector, no answer of the other one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.domain.query import Operand
from retrieval.encoders.install import add
from retrieval.encoders.profile_registry import add_profile
from tests.retrieval.media import made_clips

TURNS = 50


def test_fifty_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, onnx_folder: Callable[[str], Path]) -> None:
    """In each turn one of them gets a picture, and both are asked by what they have; every vector knows its space."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    add(Path(shutil.copytree(onnx_folder("free"), tmp_path / "tiny")))
    add_profile("mine", shared="tiny", sentence="use-multilingual")
    homes = {name: tmp_path / f"library-{name}" for name in ("mine", "starter")}
    folders = {name: tmp_path / f"photos-{name}" for name in homes}
    for folder in folders.values():
        folder.mkdir()
    held = dict.fromkeys(homes, 0)
    for turn in range(TURNS):
        name = ("mine", "starter")[turn % 2]
        picture = folders[name] / f"{turn}.png"
        Image.fromarray(made_clips.pattern(turn)(0.0)).save(picture)
        index_folders(
            [folders[name]],
            library=homes[name],
            options=Options(profile=name, speech=False, ocr=False, video=False, workers=1),
        )
        held[name] += 1
        with Library.open(homes[name]) as library:
            answer = library.search(Operand("image", picture), limit=1, min_confidence=0.0)
            assert [hit.path for hit in answer if hit.path] == [picture]
            assert answer.warnings == ()
    for name, model, dimension in (("mine", "tiny", 16), ("starter", "starter", 512)):
        with Library.open(homes[name]) as library:
            spaces = {each.name: each for each in library.status().spaces}
            assert (spaces["shared"].encoder, spaces["shared"].dimension) == (model, dimension)
            assert spaces["shared"].vectors == held[name] == TURNS // 2
