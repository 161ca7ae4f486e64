"""The shipped sound tower: sizes, shapes, unit rows, silence, and the sounds that the project can make itself."""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import synthesis
from training.scenes import TESTING

onnxruntime = pytest.importorskip("onnxruntime")
FOLDER = Path(__file__).resolve().parents[2] / "data" / "starter"


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    if not (FOLDER / "sound.toml").is_file():
        pytest.skip("data/starter/sound.toml is not in this checkout")
    return tomllib.loads((FOLDER / "sound.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def session(card: dict[str, Any]) -> Any:
    return onnxruntime.InferenceSession(str(FOLDER / card["file"]), providers=["CPUExecutionProvider"])


def _window(card: dict[str, Any], sound: synthesis.Wave) -> np.ndarray[Any, Any]:
    length = card["rate"] * card["window_ms"] // 1_000
    return np.pad(sound[:length], (0, max(0, length - sound.size))).astype(np.float32)


def test_the_file_is_the_one_of_its_card(card: dict[str, Any]) -> None:
    """Digest and size."""
    data = (FOLDER / card["file"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == card["sha256"]
    assert len(data) <= 3_000_000


def test_golden_vector(card: dict[str, Any], session: Any) -> None:
    """A fixed sound gives the numbers of the card: file and runtime did not change."""
    sound = synthesis.clock(np.random.default_rng(11), card["window_ms"] / 1_000)
    found = session.run(["vector"], {"samples": sound[None]})[0][0, :8]
    assert np.allclose(found, card["golden"], atol=2e-3)


@pytest.mark.parametrize("count", [1, 3])
def test_unit_rows_and_probabilities(card: dict[str, Any], session: Any, count: int) -> None:
    """Any number of windows; rows of length 1; background in 0..1."""
    rng = np.random.default_rng(3)
    windows = np.stack([_window(card, synthesis.rain(rng, 5.0)) for _ in range(count)])
    vectors, background = session.run(["vector", "background"], {"samples": windows})
    assert vectors.shape == (count, 512)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert background.shape == (count,)
    assert (background >= 0).all()
    assert (background <= 1).all()


def test_short_and_odd_lengths_work(session: Any) -> None:
    """One second instead of five gives a vector as well."""
    vector = session.run(["vector"], {"samples": np.zeros((1, 16_000), np.float32)})[0]
    assert np.isfinite(vector).all()


@pytest.mark.parametrize("name", ["silence", "hum", "tone", "music", "noise"])
def test_background_is_called_background(card: dict[str, Any], session: Any, name: str) -> None:
    """Made background of seeds that training never saw."""
    rng = np.random.default_rng(TESTING.start + len(name))
    windows = np.stack([_window(card, synthesis.BACKGROUND[name](rng, 5.0)) for _ in range(8)])
    background = session.run(["background"], {"samples": windows})[0]
    assert (background > 0.5).mean() >= 0.75


def test_one_class_is_nearer_than_another(card: dict[str, Any], session: Any) -> None:
    """Two rains lie nearer to each other than to a clock."""
    rng = np.random.default_rng(TESTING.start)
    sounds = [synthesis.rain(rng, 5.0), synthesis.rain(rng, 5.0), synthesis.clock(rng, 5.0)]
    one, two, other = session.run(["vector"], {"samples": np.stack([_window(card, s) for s in sounds])})[0]
    assert one @ two > one @ other + 0.2


@pytest.mark.torch
def test_a_new_tower_changes_three_lines_of_the_starter(tmp_path: Path) -> None:
    """Its digest, the revision and its curve; what was measured on pictures and words stays."""
    pytest.importorskip("torch")
    from training import sound

    for name in ("starter.toml", "image.onnx", "adapter.npz", "sound.onnx"):
        shutil.copy(FOLDER / name, tmp_path)
    before = (tmp_path / "starter.toml").read_text("utf-8")
    sound.restate(tmp_path, -tomllib.loads(before)["calibration"]["text-sound"]["offset"] / sound.TEXT_SOUND_SLOPE)
    assert (tmp_path / "starter.toml").read_text("utf-8") == before
    with (tmp_path / "sound.onnx").open("ab") as file:
        file.write(b"other weights")
    sound.restate(tmp_path, 0.5)
    lines = zip(before.splitlines(), (tmp_path / "starter.toml").read_text("utf-8").splitlines(), strict=True)
    differ = [new for old, new in lines if new != old]
    assert [line.partition(" = ")[0] for line in differ] == ["revision", '"sound.onnx"', "text-sound"]
    assert differ[2] == "text-sound = { slope = 14.000, offset = -7.000 }"
