"""A model of one's own through every command: add, index, encode again, ask, go back, remove; by the program itself."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

from retrieval import Library
from retrieval.domain.query import Operand

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 40), "blue": (30, 60, 220)}
Run = Callable[..., Result]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures of one colour each, and a text."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (96, 72), colour).save(folder / f"{name}.png")
    (folder / "puncture.txt").write_text("The bicycle has a puncture, and the shop is closed until Monday morning.\n")
    return folder


@pytest.fixture
def tiny(tmp_path: Path, onnx_folder: Callable[[str], Path]) -> Path:
    """A model of the user's own, in a folder of that name."""
    return Path(shutil.copytree(onnx_folder("free"), tmp_path / "tiny"))


def spaces(run: Run) -> dict[str, tuple[bool, int]]:
    """Whether each space answers, and how many vectors it holds, by its name and model."""
    found = json.loads(run("status", "--json").stdout)["spaces"]
    return {f"{each['name']}/{each['encoder']}": (each["live"], each["vectors"]) for each in found}


def best(run: Run, *words: str | Path) -> str:
    """The name of the surest candidate."""
    return Path(json.loads(run("search", *words, "--all", "--json").stdout)["hits"][0]["path"]).name


def test_a_model_of_ones_own_goes_through_every_command(run: Run, photos: Path, tiny: Path) -> None:
    """After `rebuild --encoder` the library is asked and indexed by the model that it records, and goes back."""
    run("index", photos, "--no-ocr", "--quiet")
    run("models", "add", tiny)
    run("rebuild", "--encoder", "shared=tiny", "--keep", "--quiet")
    assert spaces(run) == {
        "shared/starter": (False, 3),
        "sentence/use-multilingual": (True, 1),
        "shared/tiny": (True, 3),
    }
    assert best(run, "--image", photos / "red.png") == "red.png"
    asked = run("search", "bicycle", "--all")
    assert "not asked" not in asked.stderr
    assert "words alone" not in asked.stderr

    Image.new("RGB", (96, 72), (240, 240, 20)).save(photos / "yellow.png")
    run("index", "--no-ocr", "--quiet")
    assert spaces(run)["shared/tiny"] == (True, 4)
    assert best(run, "--image", photos / "yellow.png") == "yellow.png"
    assert "starter" in run("doctor").stdout or "No problems" in run("doctor").stdout

    run("rebuild", "--rollback", "--quiet")
    assert spaces(run)["shared/starter"] == (True, 4)  # what came since is encoded
    assert spaces(run)["shared/tiny"] == (False, 4)
    assert best(run, "--image", photos / "green.png") == "green.png"
    assert "No problems" in run("doctor").stdout

    run("rebuild", "--no-keep", "--quiet")
    assert "shared/tiny" not in spaces(run)
    assert "no older vectors are kept" in run("rebuild", "--rollback", code=1).stderr
    run("models", "remove", "tiny")
    assert tiny.is_dir()
    assert "no model is called tiny" in run("rebuild", "--encoder", "shared=tiny", code=1).stderr


def test_a_library_of_a_model_that_is_gone_answers_by_words(run: Run, photos: Path, tiny: Path) -> None:
    """Keywords and texts go on; one line names the model and what to do; nothing is indexed into a second space."""
    run("models", "add", tiny)
    run("models", "profile", "add", "mine", "--shared", "tiny")
    run("index", photos, "--profile", "mine", "--no-ocr", "--quiet")
    assert spaces(run)["shared/tiny"] == (True, 3)
    assert "mine" in run("models", "profile").stdout
    assert "needs model tiny" in "".join(run("models", "remove", "tiny", code=1).stderr.splitlines())
    run("models", "profile", "remove", "mine")
    run("models", "remove", "tiny")
    asked = run("search", "puncture")
    assert "puncture.txt" in asked.stdout
    assert "model tiny, which encoded this library, is not known on this machine" in asked.stderr
    assert "model tiny" in run("index", code=1).stderr
    assert set(spaces(run)) == {"sentence/use-multilingual", "shared/tiny"}
    run("models", "add", tiny)
    assert best(run, "--image", photos / "blue.png") == "blue.png"


def test_two_libraries_of_two_models_on_one_machine(run: Run, photos: Path, tmp_path: Path, tiny: Path) -> None:
    """Indexed and asked in turns, each by its own model."""
    run("models", "add", tiny)
    run("models", "profile", "add", "mine", "--shared", "tiny")
    other = tmp_path / "other"
    run("index", photos, "--profile", "mine", "--no-ocr", "--quiet")
    run("index", photos, "--no-ocr", "--quiet", "--library", other)
    for name in COLOURS:
        assert best(run, "--image", photos / f"{name}.png") == f"{name}.png"
        assert best(run, "--image", photos / f"{name}.png", "--library", other) == f"{name}.png"
        Image.new("RGB", (60, 60), COLOURS[name][::-1]).save(photos / f"{name}-turned.png")
        run("index", "--no-ocr", "--quiet")
        run("index", "--no-ocr", "--quiet", "--library", other)
    assert spaces(run)["shared/tiny"] == (True, 6)
    assert "shared/starter" not in spaces(run)


def test_questions_go_on_while_a_library_is_encoded_again(run: Run, photos: Path, tmp_path: Path, tiny: Path) -> None:
    """An open library is asked by three threads over two swaps: no error, no warning, no answer of the other space."""
    run("index", photos, "--no-ocr", "--quiet")
    run("models", "add", tiny)
    stop, problems, answered = threading.Event(), list[str](), dict.fromkeys(COLOURS, 0)

    def ask(library: Library, name: str) -> None:
        operand = Operand("image", photos / f"{name}.png")
        while not stop.is_set():
            answer = library.search(operand, limit=1, min_confidence=0.0)
            first = [hit.path.name for hit in answer if hit.path]
            if first != [f"{name}.png"] or answer.warnings:
                problems.append(f"{name}: {first} {answer.warnings}")
            answered[name] += 1

    with Library.open(tmp_path / "library") as library, ThreadPoolExecutor() as threads:
        asking = [threads.submit(ask, library, name) for name in COLOURS]
        seen = []
        for step in (("--encoder", "shared=tiny", "--keep"), ("--rollback",)):
            run("rebuild", *step, "--quiet")
            seen.append(sum(answered.values()))
            while sum(answered.values()) < seen[-1] + 10 and not any(each.done() for each in asking):
                time.sleep(0.01)
        stop.set()
        for each in asking:
            each.result()
    assert problems == []
    assert seen[0] > 0
    assert sum(answered.values()) >= seen[1] + 10
