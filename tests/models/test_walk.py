"""One walk for every kind of model: add, index, index more, ask, explain, clip, delete the indexes, rebuild, go back."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from retrieval.encoders import open_clip, sentence_transformers
from tests.retrieval.media import made_clips

Run = Callable[..., Result]
SAID = "1\n00:00:00,200 --> 00:00:01,800\nThe bicycle has a puncture again.\n"


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Three pictures, a text, a video with subtitles and a recording."""
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in range(3):
        Image.fromarray(made_clips.pattern(seed)(0.0)).save(folder / f"{seed}.png")
    (folder / "note.txt").write_text("The bicycle has a puncture, and the shop is closed until Monday morning.\n")
    scenes = [made_clips.pattern(seed) for seed in (11, 12)]
    made_clips.write(folder / "ride.mp4", made_clips.frames(scenes, [30, 30]), sound=made_clips.tone(2.4))
    (folder / "ride.srt").write_text(SAID)
    made_clips.write(folder / "hum.mkv", [np.zeros((64, 64, 3), np.uint8)] * 25, sound=made_clips.tone(1.0, 300))
    return folder


def vectors(run: Run) -> dict[str, tuple[bool, int]]:
    """Whether each space answers, and how many vectors it holds, by its name and model."""
    found = json.loads(run("status", "--json").stdout)["spaces"]
    return {f"{each['name']}/{each['encoder']}": (each["live"], each["vectors"]) for each in found}


def first(run: Run, *words: str | Path) -> str:
    """The name of the surest candidate; nothing was left out of the question."""
    done = run("search", *words, "--all", "--json")
    found = json.loads(done.stdout)
    assert found["warnings"] == [], found["warnings"]
    return Path((found["hits"] + found["possible"])[0]["path"]).name


def ask(run: Run, media: Path, home: Path, *, shared: bool) -> None:
    """Every way of asking, by the model and beside it."""
    assert first(run, "the bicycle has a puncture") in ("note.txt", "ride.mp4")
    assert first(run, "--image", media / "1.png") == "1.png"
    told = json.loads(run("explain", "a bicycle with a puncture", "note.txt", "--no-picture", "--json").stdout)
    assert Path(told["hit"]["path"]).name == "note.txt"
    if shared:
        run("explain", "a bicycle", "--image", media / "2.png", "2.png", "-o", home / "why.png", "--force")
        assert (home / "why.png").stat().st_size > 1000
    reel = home / "reel.mp4"
    run("clip", "puncture", "-o", reel, "--all", "--force")
    assert reel.stat().st_size > 1000


def walk(run: Run, media: Path, home: Path, folder: Path, role: str) -> None:
    """All of it, by the program itself."""
    run("models", "add", folder, "--name", "own")
    chosen = ("--shared", "own") if role == "shared" else ("--shared", "starter", "--sentence", "own")
    run("models", "profile", "add", "mine", *chosen)
    run("index", media, "--profile", "mine", "--no-ocr", "--no-speech", "--quiet")
    assert (home / "library" / "calibration" / f"{role}.npz").is_file()
    name = f"{role}/own"
    before = vectors(run)[name]
    assert before[0]
    assert before[1] >= (4 if role == "shared" else 2)
    Image.fromarray(made_clips.pattern(9)(0.0)).save(media / "9.png")
    (media / "later.txt").write_text("The ferry to the island leaves at noon from the old harbour.\n")
    run("index", "--no-ocr", "--no-speech", "--quiet")
    assert vectors(run)[name] == (True, before[1] + 1)
    assert not {"shared/starter"} & set(vectors(run)) or role == "sentence"
    ask(run, media, home, shared=role == "shared")

    shutil.rmtree(home / "library" / "generations")
    run("rebuild", "--quiet")
    assert "No problems" in run("doctor").stdout
    ask(run, media, home, shared=False)

    held = vectors(run)
    run("rebuild", "--profile", "starter", "--keep", "--quiet")
    assert vectors(run)[name] == (False, held[name][1])
    assert first(run, "--image", media / "9.png") == "9.png"
    run("rebuild", "--rollback", "--quiet")
    assert vectors(run)[name] == held[name]
    ask(run, media, home, shared=False)


def test_an_onnx_folder(run: Run, media: Path, tmp_path: Path, onnx_folder: Callable[[str], Path]) -> None:
    """As Immich exports them; no torch anywhere."""
    walk(run, media, tmp_path, onnx_folder("free"), "shared")


@pytest.mark.torch
def test_an_open_clip_checkpoint(run: Run, media: Path, tmp_path: Path, checkpoint: Callable[[str], Path]) -> None:
    """Exported when it is added, and served by that."""
    walk(run, media, tmp_path, checkpoint("vit"), "shared")


@pytest.mark.torch
def test_a_minilm_folder(run: Run, media: Path, tmp_path: Path, minilm: Path) -> None:
    """A text model in the sentence space, beside the starter's pictures."""
    walk(run, media, tmp_path, minilm, "sentence")


@pytest.mark.torch
def test_a_multimodal_folder(run: Run, media: Path, tmp_path: Path, multimodal: Path) -> None:
    """Texts and pictures by sentence-transformers itself."""
    walk(run, media, tmp_path, multimodal, "shared")


@pytest.mark.torch
def test_without_its_library_a_multimodal_model_costs_only_its_own_lane(
    run: Run, media: Path, multimodal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words and texts go on being answered; one line names the model and what to install."""
    run("models", "add", multimodal, "--name", "own")
    run("models", "profile", "add", "mine", "--shared", "own")
    run("index", media, "--profile", "mine", "--no-ocr", "--no-speech", "--quiet")
    seen = util.find_spec
    gone = ("torch", "sentence_transformers")
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name in gone else seen(name, *rest))
    asked = run("search", "puncture")
    assert "note.txt" in asked.stdout
    told = " ".join(asked.stderr.split())
    assert told.count("model own takes several media and runs by sentence-transformers, which is not installed") == 1
    assert "pip install 'crossmedia[clip]'" in told


@pytest.mark.torch
def test_embedding_gemma(run: Run, media: Path, tmp_path: Path, gemma: Path) -> None:
    """One space for texts, pictures and sounds: its checkpoint, exported when it is added and served by that."""
    walk(run, media, tmp_path, gemma, "shared")


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["open_clip", "minilm", "embedding_gemma"])
def test_an_export_of_elsewhere_needs_no_torch(
    kind: str, request: pytest.FixtureRequest, run: Run, media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole walk by the ONNX form that another machine made, where none of its libraries can be imported."""
    folder = request.getfixturevalue("gemma_export") if kind == "embedding_gemma" else tmp_path / "brought"
    if kind == "open_clip":
        open_clip.export(request.getfixturevalue("checkpoint")("vit"), folder)
    elif kind == "minilm":
        sentence_transformers.export(request.getfixturevalue("minilm"), folder)
    for name in ("torch", "torchvision", "open_clip", "sentence_transformers", "transformers", "onnxscript"):
        monkeypatch.setitem(sys.modules, name, None)  # so it is neither found nor imported
    walk(run, media, tmp_path, folder, "sentence" if kind == "minilm" else "shared")
