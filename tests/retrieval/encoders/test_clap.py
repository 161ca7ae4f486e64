"""CLAP by our own features, tokens and graphs against transformers' own output, from file and from string."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.domain.media import Space, Vectors
from retrieval.encoders import clap as family
from retrieval.encoders import onnx
from retrieval.media.av.audio import listen_audio

RATE = 48_000
SPACE = Space("sound", "m", "1", 40)
TEXTS = ["a dog barks", "沙滩上的一只狗", "собака лает", "rain on a roof, and far away a train " * 30]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """WAV files of 48 kHz: ten seconds of a chord, 25 of noise that swells, 3 of a tone, 0.4 of a click."""
    folder, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(3)
    seconds = np.arange(25 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (220, 277, 330))[: 10 * RATE] / 8
    swell = np.convolve(random.normal(0, 0.1, len(seconds)), np.ones(200) / 14, "same") * seconds / 25
    click = np.exp(-seconds[: int(0.4 * RATE)] * 10) * random.normal(0, 0.4, int(0.4 * RATE))
    made = []
    for number, samples in enumerate([chord, swell, np.sin(5000 * seconds)[: 3 * RATE] / 3, click]):
        made.append(folder / f"{number}.wav")
        with wave.open(str(made[-1]), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return made


def library_sounds(folder: Path, files: list[Path]) -> Vectors:
    """The library's own vectors of the first ten seconds of WAV files; no item is marked as longer."""
    import torch
    from transformers import ClapFeatureExtractor, ClapModel

    model, extractor = ClapModel.from_pretrained(folder).eval(), ClapFeatureExtractor.from_pretrained(folder)
    rows = []
    for path in files:
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(10 * RATE), "<i2").astype(np.float32) / 32768
        given = extractor(samples, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            features = given["input_features"].float()
            rows.append(model.get_audio_features(features, is_longer=torch.tensor([[False]])).pooler_output[0].numpy())
    return np.stack(rows)


def library_texts(folder: Path, texts: list[str]) -> Vectors:
    """The library's own vectors of texts, one at a time."""
    import torch
    from transformers import AutoTokenizer, ClapModel

    model, tokenizer = ClapModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    rows = []
    for text in texts:
        with torch.inference_mode():
            given = tokenizer([text], truncation=True, return_tensors="pt")
            found = model.get_text_features(given["input_ids"], attention_mask=given["attention_mask"])
            rows.append(found.pooler_output[0].numpy())
    return np.stack(rows)


def lowest(ours: Any, theirs: Vectors) -> float:
    """The least cosine of any two rows that belong together."""
    return float((np.asarray(ours) * theirs).sum(axis=1).min())


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["plain", "fused"])
def test_clap_is_the_librarys(
    kind: str, clap: Callable[[str], Path], clap_export: Callable[[str], Path], recordings: list[Path]
) -> None:
    """Both ways of padding and both banks of filters; the comparison can fail."""
    folder, made = clap(kind), clap_export(kind)
    sound = family.ClapSound(made, SPACE)
    assert (sound.form.rate, sound.form.window_ms) == (RATE, 10_000)
    heard = sound.encode([next(iter(listen_audio(file, sound.form))).views[0].array for file in recordings])
    assert lowest(heard, library_sounds(folder, recordings)) >= 0.999
    asked = onnx.OnnxText(made, SPACE).encode(TEXTS)
    assert lowest(asked, library_texts(folder, TEXTS)) >= 0.999
    for rows in (heard, asked):
        assert (rows @ rows.T)[~np.eye(len(rows), dtype=bool)].max() < 0.99


@pytest.mark.torch
def test_features_count(
    clap_export: Callable[[str], Path], clap: Callable[[str], Path], recordings: list[Path]
) -> None:
    """By the filters of the other kind, or with silence after a short sound, it is another vector."""
    sound = family.ClapSound(clap_export("plain"), SPACE)
    theirs = library_sounds(clap("plain"), recordings)
    items = [next(iter(listen_audio(file, sound.form))).views[0].array for file in recordings]
    with np.load(clap_export("fused") / family.FEATURES) as file:
        sound.__dict__["_tables"] = file["window"], file["filters"]
    assert lowest(sound.encode(items), theirs) < 0.999
    silent = family.ClapSound(clap_export("plain"), SPACE)
    silent._settings["padding"] = "pad"
    assert lowest(silent.encode(items), theirs) < 0.999
