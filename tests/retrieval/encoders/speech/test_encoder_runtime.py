"""Another runtime for Whisper's encoder: chosen by what it computes and how fast, compared again after every compilation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from indexer.cli.models import models_app
from retrieval.encoders import openvino, runtimes
from retrieval.encoders.speech import encoder_runtime
from retrieval.encoders.speech.encoder_runtime import (
    KNOWN,
    USUAL,
    Encoder,
    EncoderRuntime,
    drawn_voices,
    window_vectors,
)
from retrieval.settings import RATE

BF16, F32 = openvino.Plan("bf16"), openvino.Plan("f32")


def exact(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """An encoder of sorts: (n, 2, 60) -> (n, 30, 4), each window's own."""
    rows = frames.reshape(len(frames), 30, 4)
    return np.asarray(np.sin(3 * rows) + rows, np.float32)


def rough(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """What serves without another runtime: a little off."""
    return exact(frames) + np.float32(0.1) * np.cos(40 * frames.reshape(len(frames), 30, 4))


def swapped(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """As from a compilation that lost what it was given."""
    return rows[:, ::-1]


def same(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return rows


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """Puts a runtime in OpenVINO's place: compilation n gives the exact rows through changes[n]. The plans compiled."""
    monkeypatch.setenv("CROSSMEDIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(runtimes, "versions", lambda: "openvino 1, onnxruntime 1")
    monkeypatch.setattr(openvino, "plans", lambda: (BF16, openvino.Plan("bf16", head=1 / 8), F32))

    def puts(changes: Sequence[Any], speeds: dict[str, float]) -> list[str]:
        plans: list[str] = []

        class Compiled:
            def __init__(self, source: Any, plan: openvino.Plan) -> None:
                self.change = changes[len(plans)]
                plans.append(plan.name)

            def run(self, parts: Sequence[Any]) -> list[Any]:
                return [self.change(exact(part)) for part in parts]

        names = iter([USUAL, *speeds])
        monkeypatch.setattr(openvino, "CompiledGraph", Compiled)
        monkeypatch.setattr(runtimes, "measured", lambda run, arrays: speeds.get(next(names), 900.0))
        return plans

    return puts


def spectrogram(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """(2, 60) of a drawn voice: its loudness in parts."""
    return np.abs(sound[: 120 * 2_000].reshape(2, 60, 2_000)).mean(axis=2) * 30


def made(tmp_path: Path) -> EncoderRuntime:
    path = tmp_path / "model.bin"
    path.write_bytes(b"weights")
    return EncoderRuntime(Encoder("tiny", "5eed" * 16, path, spectrogram, rough, lambda: exact))


def windows(count: int = encoder_runtime.FEW + 1) -> NDArray[np.float32]:
    return np.random.default_rng(3).standard_normal((count, 2, 60)).astype(np.float32)


def test_a_runtime_that_computes_wrongly_on_its_second_compilation_is_not_used(
    compiled: Callable[..., list[str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It passed when it was chosen; the next process compiles anew, by chance wrongly, and CTranslate2 serves there."""
    plans = compiled([same, swapped, same], {BF16.name: 200.0})
    first, second, third = made(tmp_path), made(tmp_path), made(tmp_path)
    assert np.array_equal(first.rows(windows()), exact(windows()))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING, "crossmedia"):
        assert second.rows(windows()) is None
    assert "OpenVINO bf16 is not used for whisper-tiny: cosine to CTranslate2 float32's vectors" in caplog.text
    said = CliRunner().invoke(models_app, ["list"]).stdout
    assert "CTranslate2 (CTranslate2 900.0 ms, OpenVINO bf16 200.0 ms of processor time a window)" in said
    assert third.rows(windows()) is not None
    assert plans == [BF16.name] * 3


def test_what_differs_or_is_slower_is_passed_over(compiled: Callable[..., list[str]], tmp_path: Path) -> None:
    """bf16 differs, float32 is slower; the next process compiles neither."""
    plans = compiled([swapped, same], {F32.name: 950.0})
    for _ in range(2):
        runtime = made(tmp_path)
        assert runtime.rows(windows()) is None
    record, known = runtimes.read_record(runtime._space)
    assert record is not None
    assert known is not None
    assert len(known) == KNOWN
    assert (plans, record.plan) == ([BF16.name, F32.name], "")
    assert record.reasons[BF16.name].startswith("cosine to CTranslate2 float32's vectors")
    assert record.reasons[F32.name] == "it is slower here than CTranslate2"


def test_a_choice_that_runs_out_of_memory_ends_no_run(
    compiled: Callable[..., list[str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """CTranslate2 goes on alone, and it is not tried again in this process."""

    def too_large() -> encoder_runtime.Encode:
        raise MemoryError

    plans = compiled([same], {BF16.name: 200.0})
    runtime = made(tmp_path)
    runtime._encoder = replace(runtime._encoder, exact=too_large)
    with caplog.at_level(logging.WARNING, "crossmedia"):
        assert runtime.rows(windows()) is None
        assert runtime.rows(windows()) is None
    assert [each.getMessage() for each in caplog.records] == [
        "crossmedia: OpenVINO is not used for whisper-tiny: there is not enough memory"
    ]
    assert plans == []


def test_few_windows_start_no_other_runtime(compiled: Callable[..., list[str]], tmp_path: Path) -> None:
    """A short recording compiles nothing; with the next ones together it does."""
    plans = compiled([same], {BF16.name: 200.0})
    runtime = made(tmp_path)
    assert runtime.rows(windows(encoder_runtime.FEW)) is None
    assert plans == []
    assert runtime.rows(windows(1)) is not None
    assert plans == [BF16.name]


def test_large_weights_are_not_held_twice(
    compiled: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither compiled nor measured."""
    monkeypatch.setattr(encoder_runtime, "LARGEST", 3)
    plans = compiled([same], {BF16.name: 200.0})
    assert made(tmp_path).rows(windows()) is None
    assert plans == []


def test_drawn_voices_are_always_the_same_and_apart() -> None:
    """20 s each, within -1..1, and no two alike."""
    voices, again = drawn_voices(2), drawn_voices(2)
    assert np.array_equal(voices, again)
    assert all(len(voice) == 20 * RATE and 0.4 < np.abs(voice).max() <= 1 for voice in voices)
    assert abs(float(np.corrcoef(*voices)[0, 1])) < 0.2


def test_windows_are_compared_without_what_they_share() -> None:
    """Two unlike windows on one large pedestal have vectors far apart."""
    rows = np.random.default_rng(0).standard_normal((2, 50, 8)).astype(np.float32) + 100
    first, second = window_vectors(rows)
    assert abs(float(first @ second)) < 0.2
