"""A model of sounds alone gives them a space of their own, beside another model's pictures: CLAP beside CLIP."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from retrieval.encoders.profile import library_profile, make_profile
from retrieval.encoders.profile_registry import profile_state
from retrieval.encoders.starter import StarterText
from tests.retrieval.media import made_clips

Run = Callable[..., Result]


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Two pictures, a text, and recordings of a high and of a low tone."""
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in range(2):
        Image.fromarray(made_clips.pattern(seed)(0.0)).save(folder / f"{seed}.png")
    (folder / "note.txt").write_text("The bicycle has a puncture, and the shop is closed until Monday morning.\n")
    for name, pitch in (("low", 220), ("high", 3000)):
        made_clips.write(
            folder / f"{name}.mkv", [np.zeros((64, 64, 3), np.uint8)] * 25, sound=made_clips.tone(1.0, pitch)
        )
    return folder


def spaces(run: Run) -> dict[str, tuple[bool, int]]:
    """Whether each space answers, and how many vectors it holds."""
    found = json.loads(run("status", "--json").stdout)["spaces"]
    return {f"{each['name']}/{each['encoder']}": (each["live"], each["vectors"]) for each in found}


def sounds(run: Run, media: Path, *words: str | Path) -> list[str]:
    """Files found by sound, best first; nothing was left out of the question."""
    found = json.loads(run("search", *words, "--all", "--json", code=None).stdout)
    assert not [each for each in found["warnings"] if "Whisper" not in each]
    hits: list[dict[str, Any]] = [*found["hits"], *found["possible"]]
    return [Path(each["path"]).name for each in hits if any("sounds" in one["lanes"] for one in each["segments"])]


def walk(run: Run, media: Path, heard: Path) -> None:
    """Add, index beside the starter's pictures, ask by words and by a sound, index more, rebuild and go back."""
    run("models", "add", heard, "--name", "heard")
    run("models", "profile", "add", "mine", "--shared", "starter", "--sound", "heard")
    run("index", media, "--profile", "mine", "--no-ocr", "--no-speech", "--quiet")
    pictures = spaces(run)["shared/starter"]
    assert (pictures[1], spaces(run)["sound/heard"]) == (2, (True, 2))
    assert sounds(run, media, "--audio", media / "high.mkv")[0] == "high.mkv"
    assert sounds(run, media, "--audio", media / "low.mkv")[0] == "low.mkv"
    assert set(sounds(run, media, 'sounds:"a dog runs on the beach"')) == {"high.mkv", "low.mkv"}
    made_clips.write(media / "more.mkv", [np.zeros((64, 64, 3), np.uint8)] * 25, sound=made_clips.tone(1.0, 900))
    run("index", "--no-ocr", "--no-speech", "--quiet")
    assert spaces(run)["sound/heard"] == (True, 3)
    assert "No problems" in run("doctor").stdout
    assert run("explain", "a dog runs", "low.mkv", "--no-picture", "--json").stdout

    run("rebuild", "--profile", "starter", "--keep", "--quiet")
    assert spaces(run)["sound/heard"] == (False, 3)
    assert spaces(run)["shared/starter"] == (True, 5)  # sounds are among its pictures again
    assert sounds(run, media, "--audio", media / "high.mkv")[0] == "high.mkv"
    run("rebuild", "--rollback", "--quiet")
    assert spaces(run)["sound/heard"] == (True, 3)
    assert sounds(run, media, "--audio", media / "more.mkv")[0] == "more.mkv"


def test_a_library_gets_a_tower_of_sounds_later(run: Run, media: Path, clap_folder: Path) -> None:
    """`rebuild --encoder sound=` encodes the sounds alone, and the library records it."""
    run("models", "add", clap_folder, "--name", "heard")
    run("index", media, "--profile", "starter", "--no-ocr", "--no-speech", "--quiet")
    run("rebuild", "--encoder", "sound=heard", "--quiet")
    assert spaces(run)["sound/heard"] == (True, 2)
    assert sounds(run, media, "--audio", media / "high.mkv")[0] == "high.mkv"
    run("rebuild", "--encoder", "sound=use-multilingual", code=1)


def test_the_tower_of_a_profile_that_ships_is_taken_where_it_is(run: Run, clap_folder: Path) -> None:
    """Without it the profile is as ready as with it, and a library that has no such space does not get one by itself."""
    assert profile_state("clip").sound is not None
    assert make_profile("clip", shared="starter").sound is None
    run("models", "add", clap_folder, "--name", "heard")
    run("models", "profile", "add", "mine", "--shared", "starter", "--sound", "heard")
    assert make_profile("mine").spaces == ("shared", "sentence", "sound")
    assert library_profile("mine", ()).spaces == ("shared", "sentence", "sound")
    assert library_profile("mine", [StarterText().space]).sound is None
    assert "heard" in run("models", "profile", "show", "mine").stdout
    assert "clap-htsat-unfused" in run("models", "profile", "show", "clip").stdout
    run("models", "remove", "heard", code=1)
    run("models", "profile", "add", "other", "--shared", "starter", "--sound", "use-multilingual", code=1)


@pytest.mark.torch
def test_a_clap_checkpoint(
    run: Run, media: Path, tmp_path: Path, clap: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As transformers saves it: exported when it is added. All of the walk by that export, where torch cannot be imported."""
    assert "exported to ONNX" in run("models", "add", clap("plain"), "--name", "checkpoint").stdout
    (made,) = (tmp_path / "cache" / "models" / "exports").iterdir()
    for name in ("torch", "torchvision", "transformers", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)
    walk(run, media, Path(shutil.copytree(made, tmp_path / "brought")))
