"""Another runtime for image towers: chosen by what it computes and how fast, compared again after every compilation."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from indexer.cli.models import models_app
from retrieval import resources
from retrieval.encoders import openvino, reference, runtimes
from retrieval.encoders.starter import StarterImage

ROOT = Path(__file__).resolve().parents[3]
FAST = openvino.Plan("bf16")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(runtimes, "FEW", 0)
    monkeypatch.setattr(runtimes, "GOLDEN", 16)
    some = reference.names()[:20]
    monkeypatch.setattr(reference, "names", lambda: some)
    monkeypatch.setattr(runtimes, "versions", lambda: "openvino 1, onnxruntime 1")
    monkeypatch.setattr(openvino, "plans", lambda: (FAST, openvino.Plan("f32")))


def fake(monkeypatch: pytest.MonkeyPatch, changes: Sequence[Any], speeds: dict[str, float]) -> list[str]:
    """Puts a runtime in OpenVINO's place: compilation n gives ONNX Runtime's rows through changes[n]. The plans compiled."""
    tower = StarterImage()._tower
    compiled: list[str] = []

    class Compiled:
        dtype = np.dtype(np.uint8)

        def __init__(self, path: Path, plan: openvino.Plan) -> None:
            self.change = changes[len(compiled)]
            compiled.append(plan.name)

        def run(self, parts: Sequence[Any]) -> list[Any]:
            return [self.change(each) for each in tower.run_parts(parts)]

    monkeypatch.setattr(openvino, "CompiledGraph", Compiled)
    monkeypatch.setattr(runtimes, "PARTS", (8,))
    names = iter(["ONNX Runtime", *speeds])
    monkeypatch.setattr(runtimes, "measured", lambda run, arrays: speeds.get(next(names), 20.0))
    return compiled


def same(rows: Any) -> Any:
    return rows


def swapped(rows: Any) -> Any:
    """Another picture's rows, as from scales that were lost."""
    return np.roll(rows, 1, axis=1)


def marked(rows: Any) -> Any:
    """Rows whose signs tell that this runtime made them, though nothing else changed."""
    return rows * np.float32(2)


def test_a_runtime_that_computes_wrongly_on_its_second_compilation_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It passed when it was chosen; the next process compiles anew, by chance wrongly, and ONNX Runtime serves."""
    compiled = fake(monkeypatch, [same, swapped, same], {FAST.name: 5.0})
    pictures = reference.pictures(StarterImage().form, 4)
    first, second, third = StarterImage(), StarterImage(), StarterImage()
    right = first.encode(pictures)
    assert first._runtime._graph is not None
    with caplog.at_level(logging.WARNING, "crossmedia"):
        assert second.encode(pictures) == pytest.approx(right, abs=1e-5)
    assert second._runtime._graph is None
    assert "OpenVINO bf16 is not used for model starter: cosine to ONNX Runtime's vectors" in caplog.text
    said = CliRunner().invoke(models_app, ["list"]).stdout
    assert " starter-" in said
    assert "   OpenVINO bf16 is not used: cosine to ONNX Runtime's vectors" in said
    third.encode(pictures)
    assert third._runtime._graph is not None
    assert compiled == [FAST.name] * 3
    (told,) = json.loads(CliRunner().invoke(models_app, ["list", "--json"]).stdout)["runtimes"]
    assert (told["plan"], told["reasons"]) == (FAST.name, {})


def test_plans_that_do_not_give_the_same_vectors_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """bf16 differs, so float32 is chosen, which is faster than ONNX Runtime."""
    compiled = fake(monkeypatch, [swapped, same], {"OpenVINO f32": 15.0})
    encoder = StarterImage()
    encoder.encode(reference.pictures(encoder.form, 2))
    record, known = runtimes.read_record(encoder.space)
    assert record is not None
    assert known is not None
    assert compiled == ["OpenVINO bf16", "OpenVINO f32"]
    assert record.plan == "OpenVINO f32"
    assert record.reasons["OpenVINO bf16"].startswith("cosine to ONNX Runtime's vectors")
    assert record.milliseconds == {"ONNX Runtime": 20.0, "OpenVINO f32": 15.0}


def test_a_slower_runtime_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but speed speaks for it; the next process does not even compile it."""
    compiled = fake(monkeypatch, [same, same], {FAST.name: 25.0, "OpenVINO f32": 30.0})
    for _ in range(2):
        encoder = StarterImage()
        encoder.encode(reference.pictures(encoder.form, 2))
        assert encoder._runtime._graph is None
    assert compiled == ["OpenVINO bf16", "OpenVINO f32"]


def test_few_pictures_start_no_other_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question by a picture, or a handful of new photos, compiles nothing."""
    monkeypatch.setattr(runtimes, "FEW", 4)
    compiled = fake(monkeypatch, [marked], {FAST.name: 5.0})
    encoder = StarterImage()
    pictures = reference.pictures(encoder.form, 3)
    encoder.encode(pictures)
    assert compiled == []
    encoder.encode(pictures)
    assert compiled == [FAST.name]


def test_many_that_are_announced_start_it_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index run tells how many come, so that none of them is encoded slowly first."""
    monkeypatch.setattr(runtimes, "FEW", 4)
    compiled = fake(monkeypatch, [marked], {FAST.name: 5.0})
    encoder = StarterImage()
    encoder.expect(5)
    assert compiled == []
    encoder.encode(reference.pictures(encoder.form, 1))
    assert compiled == [FAST.name]


def test_few_that_are_announced_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when they are announced and again when they come: the start would pay for none, at their end."""
    monkeypatch.setattr(runtimes, "FEW", 4)
    compiled = fake(monkeypatch, [marked], {FAST.name: 5.0})
    encoder = StarterImage()
    for _ in range(2):
        encoder.expect(2)
        encoder.encode(reference.pictures(encoder.form, 2))
    assert compiled == []
    encoder.expect(1)
    encoder.encode(reference.pictures(encoder.form, 1))
    assert compiled == [FAST.name]


def test_a_known_faster_runtime_needs_no_session_of_onnx_runtime(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What it was measured by is kept: a later process opens the graph once, not twice."""
    fake(monkeypatch, [same, same], {FAST.name: 5.0})
    pictures = reference.pictures(StarterImage().form, 2)
    right = StarterImage().encode(pictures)
    later = StarterImage()
    monkeypatch.setattr(later._tower, "_open", pytest.fail)
    assert later.encode(pictures) == pytest.approx(right, abs=1e-5)


def test_the_best_size_of_a_part_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those measured the one with the least processor time for a picture serves, now and later."""
    fake(monkeypatch, [same, same], {})
    monkeypatch.setattr(runtimes, "PARTS", (2, 4, 8))
    spent = iter([20.0, 9.0, 5.0, 6.0])
    monkeypatch.setattr(runtimes, "measured", lambda run, arrays: next(spent))
    for _ in range(2):
        encoder = StarterImage()
        encoder.encode(reference.pictures(encoder.form, 2))
        assert encoder._runtime._part == 4
    record, _ = runtimes.read_record(encoder.space)
    assert record is not None
    assert (record.part, record.milliseconds) == (4, {"ONNX Runtime": 20.0, FAST.name: 5.0})


def test_the_parity_check() -> None:
    """Noise that moves no hit passes; one wrong row, other hits, no numbers, do not."""
    rng = np.random.default_rng(0)

    def unit(rows: Any) -> Any:
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    rows, questions = unit(rng.normal(size=(40, 32))), unit(rng.normal(size=(20, 32)))
    assert runtimes.parity(rows, unit(rows + 1e-4 * rng.normal(size=rows.shape)), questions) == ""
    wrong = rows.copy()
    wrong[7] = rows[8]
    assert runtimes.parity(rows, wrong, questions).startswith("cosine")
    alike = unit(rows[:1] + 5e-3 * rng.normal(size=rows.shape))  # so near to each other that noise changes places
    assert "best hits" in runtimes.parity(alike, unit(alike + 3e-3 * rng.normal(size=rows.shape)), questions)
    assert "no numbers" in runtimes.parity(rows, np.full_like(rows, np.nan), questions)


def test_openvino_gives_the_towers_vectors() -> None:
    """The shipped tower in float32, compiled several times with all streams: int8 weights keep their scales."""
    pytest.importorskip("openvino")
    encoder = StarterImage()
    pictures = reference.pictures(encoder.form, 12)
    parts = [np.stack(pictures[at : at + 4]) for at in (0, 4, 8)]
    wanted = np.concatenate(encoder._tower.run_parts(parts))
    for plan in (openvino.Plan("f32"), openvino.Plan("f32", head=1 / 8), openvino.Plan("f32")):
        given = np.concatenate(openvino.CompiledGraph(resources.starter() / "image.onnx", plan).run(parts))
        assert (wanted * given).sum(axis=1) == pytest.approx(np.ones(12), abs=1e-4)


def test_openvino_records_nothing(tmp_path: Path) -> None:
    """A tower that it serves leaves nothing in a user's home; without the variable CI, which would keep it still."""
    pytest.importorskip("openvino")
    code = (
        "from pathlib import Path\nfrom retrieval import resources\nfrom retrieval.encoders.openvino import *\n"
        "CompiledGraph(resources.starter() / 'image.onnx', Plan('f32'))"
    )
    bare = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], env=bare, cwd=ROOT, check=True, capture_output=True)
    assert list(tmp_path.rglob("*")) == []
