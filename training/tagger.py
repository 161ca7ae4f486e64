"""The teacher of the sound tower: an AudioSet tagger, EfficientAT's mn04_as (Schmid, Koutini, Widmer 2023; MIT).

A MobileNetV3 of width 0.4 over log-mel spectra, read from its state dict. It teaches by its pooled features and its 527
class scores, and none of its weights ship. Source of layers and spectra: Howard et al. 2019 and EfficientAT's
`models/mn/model.py` and `models/preprocess.py`.
"""

from __future__ import annotations

import csv
from pathlib import Path

import av
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.synthesis import Wave

RATE = 32_000
FEATURES, CLASSES = 384, 527
WEIGHTS = "mn04_as_mAP_432.pt"
_WINDOW, _HOP, _BINS, _MELS, _TOP = 800, 320, 1024, 128, 15_000.0  # samples, samples, points, bands, Hz
_EPSILON = 1e-3  # of the batch norms
# kernel, stride, hardswish instead of relu; of blocks 1 to 15, as in MobileNetV3 large
BLOCKS = (
    (3, 1, False), (3, 2, False), (3, 1, False), (5, 2, False), (5, 1, False), (5, 1, False), (3, 2, True), (3, 1, True),
    (3, 1, True), (3, 1, True), (3, 1, True), (3, 1, True), (5, 2, True), (5, 1, True), (5, 1, True),
)  # fmt: skip


def names(folder: Path) -> list[str]:
    """The 527 AudioSet classes by number, of audioset_labels.csv."""
    with (folder / "audioset_labels.csv").open(encoding="utf-8") as table:
        return [row["display_name"] for row in csv.DictReader(table)]


def upsampled(samples: Wave) -> Wave:
    """Samples at 16 kHz as twice as many at 32 kHz."""
    turner = av.AudioResampler("flt", "mono", RATE)
    frame = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
    frame.sample_rate = RATE // 2
    parts = [part.to_ndarray()[0] for part in (*turner.resample(frame), *turner.resample(None))]
    return np.concatenate(parts).astype(np.float32)


def _mel_banks() -> Tensor:
    """(MELS, 513) triangles on Kaldi's mel scale, from 0 to 15,000 Hz."""
    mel = lambda hertz: 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)  # noqa: E731
    edges = np.linspace(0.0, float(mel(_TOP)), _MELS + 2)
    left, centre, right = (edges[n : n + _MELS, None] for n in range(3))
    bins = mel(np.arange(_BINS // 2) * RATE / _BINS)[None]
    banks = np.maximum(0.0, np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)))
    return torch.from_numpy(np.pad(banks, ((0, 0), (0, 1))).astype(np.float32))


class Tagger:
    """Windows of sound to features and class scores; nothing learns."""

    def __init__(self, folder: Path) -> None:
        """folder: holds the state dict mn04_as_mAP_432.pt."""
        state = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
        self._state: dict[str, Tensor] = {name: value.float() for name, value in state.items()}
        self._banks, self._hann = _mel_banks(), torch.hann_window(_WINDOW, periodic=False)

    @torch.inference_mode()
    def spectra(self, samples: Tensor) -> Tensor:
        """Log-mel spectra (n, 1, MELS, frames) of samples (n, samples) at 32 kHz."""
        emphasised = samples[:, 1:] - 0.97 * samples[:, :-1]
        turned = torch.stft(
            emphasised, _BINS, _HOP, _WINDOW, self._hann, center=True, normalized=False, return_complex=True
        )
        return ((self._banks @ turned.abs().square() + 1e-5).log()[:, None] + 4.5) / 5

    @torch.inference_mode()
    def __call__(self, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Mean-pooled features (n, 384) and class scores (n, 527), log-odds, of samples (n, samples) at 32 kHz."""
        x = functional.hardswish(self._convolved(self.spectra(samples), "features.0", 3, 2))
        for number, (kernel, stride, is_hard) in enumerate(BLOCKS, 1):
            x = self._block(
                x, f"features.{number}.block", kernel, stride, functional.hardswish if is_hard else torch.relu
            )
        features = functional.hardswish(self._convolved(x, "features.16", 1, 1)).mean((2, 3))
        hidden = functional.hardswish(self._linear(features, "classifier.2"))
        return features, self._linear(hidden, "classifier.5")

    def _block(self, x: Tensor, name: str, kernel: int, stride: int, active: nn.Module) -> Tensor:
        widened = f"{name}.2.0.weight" in self._state or f"{name}.3.0.weight" in self._state
        at, out = 0, x
        if widened:
            out, at = active(self._convolved(out, f"{name}.0", 1, 1)), 1
        out = active(self._convolved(out, f"{name}.{at}", kernel, stride))
        at += 1
        squeeze = f"{name}.{at}.conc_se_layers.0"
        if f"{squeeze}.fc1.weight" in self._state:
            share = torch.relu(self._linear(out.mean((2, 3)), f"{squeeze}.fc1"))
            out, at = out * self._linear(share, f"{squeeze}.fc2").sigmoid()[:, :, None, None], at + 1
        out = self._convolved(out, f"{name}.{at}", 1, 1)
        return x + out if out.shape == x.shape else out

    def _convolved(self, x: Tensor, name: str, kernel: int, stride: int) -> Tensor:
        weight = self._state[f"{name}.0.weight"]
        groups = x.shape[1] // weight.shape[1]
        out = functional.conv2d(x, weight, None, stride, (kernel - 1) // 2, groups=groups)
        norm = [self._state[f"{name}.1.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        return functional.batch_norm(out, *norm, eps=_EPSILON)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._state[f"{name}.weight"], self._state[f"{name}.bias"])
