"""Windows that the sound tower learns on, and the teacher that hears them, with weights of its shapes made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from training import sound, synthesis, tagger, windows  # noqa: E402
from training.windows import Source  # noqa: E402

pytestmark = pytest.mark.torch

# expanded and outer channels of blocks 1 to 15 at width 0.4, hidden units of the squeeze or 0
BLOCKS = (
    (8, 8, 0), (24, 16, 0), (32, 16, 0), (32, 16, 8), (48, 16, 16), (48, 16, 16), (96, 32, 0), (80, 32, 0), (72, 32, 0),
    (72, 32, 0), (192, 48, 48), (272, 48, 72), (272, 64, 72), (384, 64, 96), (384, 64, 96),
)  # fmt: skip


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> tagger.Tagger:
    folder: Path = tmp_path_factory.mktemp("teacher")
    torch.manual_seed(0)
    state = {}

    def convolution(name: str, *shape: int) -> None:
        state[f"{name}.0.weight"] = torch.randn(shape) * (2 / np.prod(shape[1:])) ** 0.5
        for part, value in (("running_mean", 0.0), ("running_var", 1.0), ("weight", 1.0), ("bias", 0.0)):
            state[f"{name}.1.{part}"] = torch.full(shape[:1], value)

    def linear(name: str, outer: int, inner: int) -> None:
        state[f"{name}.weight"] = torch.randn(outer, inner) * inner**-0.5
        state[f"{name}.bias"] = torch.zeros(outer)

    convolution("features.0", 8, 1, 3, 3)
    inner = 8
    for number, (wide, outer, squeeze) in enumerate(BLOCKS, 1):
        name, at, kernel = f"features.{number}.block", 0, tagger.BLOCKS[number - 1][0]
        if wide != inner:
            convolution(f"{name}.0", wide, inner, 1, 1)
            at = 1
        convolution(f"{name}.{at}", wide, 1, kernel, kernel)
        if squeeze:
            linear(f"{name}.{at + 1}.conc_se_layers.0.fc1", squeeze, wide)
            linear(f"{name}.{at + 1}.conc_se_layers.0.fc2", wide, squeeze)
        convolution(f"{name}.{at + (2 if squeeze else 1)}", outer, wide, 1, 1)
        inner = outer
    convolution("features.16", tagger.FEATURES, inner, 1, 1)
    linear("classifier.2", 512, tagger.FEATURES)
    linear("classifier.5", tagger.CLASSES, 512)
    torch.save(state, folder / tagger.WEIGHTS)
    return tagger.Tagger(folder)


def test_a_tone_lights_the_band_that_holds_it(teacher: tagger.Tagger) -> None:
    """1,000 Hz: band 128 * mel(1,000) / mel(15,000) on Kaldi's scale; the frames are those of a hop of 10 ms."""
    tone = np.sin(2 * np.pi * 1_000 * np.arange(tagger.RATE) / tagger.RATE).astype(np.float32)
    spectra = teacher.spectra(torch.from_numpy(tone)[None])
    assert spectra.shape == (1, 1, 128, 100)
    mel = [1_127 * np.log1p(hertz / 700) for hertz in (1_000, 15_000)]
    assert abs(int(spectra[0, 0, :, 50].argmax()) - 129 * mel[0] / mel[1] + 1) <= 1


def test_twice_the_rate_is_the_same_tone() -> None:
    """440 Hz at 16 kHz is 440 Hz at 32 kHz."""
    tone = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)
    twice = tagger.upsampled(tone)
    assert abs(twice.size - 32_000) < 100
    assert np.abs(np.fft.rfft(twice[:32_000], 32_000)).argmax() == pytest.approx(440, abs=1)


def test_the_teacher_hears_windows_alone(teacher: tagger.Tagger) -> None:
    """Shapes; a row does not depend on the others of its batch."""
    rng = np.random.default_rng(1)
    samples = torch.from_numpy(rng.standard_normal((3, 32_000)).astype(np.float32) * 0.1)
    features, scores = teacher(samples)
    assert features.shape == (3, tagger.FEATURES)
    assert scores.shape == (3, tagger.CLASSES)
    assert torch.allclose(teacher(samples[1:2])[0], features[1:2], atol=1e-4)


@pytest.mark.parametrize("seconds", [0.2, 1.0, 4.0, 9.0])
def test_a_window_holds_part_of_its_sound(seconds: float) -> None:
    """Always LENGTH samples; each a sample of the sound or silence."""
    rng = np.random.default_rng(2)
    samples = (1 + np.arange(int(seconds * synthesis.RATE)) % 999).astype(np.float16)
    for _ in range(20):
        window = windows.placed(samples, rng)
        assert window.shape == (windows.LENGTH,)
        assert set(np.unique(window)) <= {0.0, *samples.astype(np.float32)}
        assert window.any()
        assert windows.changed(window, rng).shape == (windows.LENGTH,)


def test_a_part_is_made_once_and_always_the_same(
    teacher: tagger.Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels are shares of one or two sounds, none where there is no label; a kept part is read again."""
    monkeypatch.setattr(windows, "PART", 40)
    rng = np.random.default_rng(3)
    made = [(synthesis.rain, "rain"), (synthesis.clock, "clock tick"), (synthesis.hum, "noise"), (synthesis.fire, "")]
    sources = [
        Source(maker(rng, 3.0).astype(np.float16), sound.NAMES.index(label) if label else -1, label)
        for maker, label in made
    ]
    maker = windows.Maker(sources, len(sound.NAMES), sound.BACKGROUND, teacher, sound.Front())
    found = windows.made(maker, 2, tmp_path)
    assert found.powers.shape == (80, sound.FRAMES, sound.MELS)
    assert np.isfinite(found.features.astype(np.float32)).all()
    shares = found.labels.astype(np.float32).sum(1)
    unknown = found.sources[:, 0] == 3
    assert np.allclose(shares, np.where(unknown, 0, 1), atol=1e-2)
    assert unknown.any()
    assert (found.sources[~unknown, 1] >= 0).any()
    before = (tmp_path / "windows-1.npz").stat().st_mtime_ns
    (tmp_path / "windows-0.npz").unlink()
    again = windows.made(maker, 2, tmp_path)
    assert np.array_equal(again.sources, found.sources)
    assert (tmp_path / "windows-1.npz").stat().st_mtime_ns == before
