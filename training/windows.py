"""Windows of sound that the sound tower learns on, and what its teacher hears in them.

A window is part of a recording, changed (tempo, tone, band limits), alone, before a background or mixed with another; its
mel powers are what the tower sees. The teacher (`training.tagger`) hears the same samples: its features and class scores
are targets, also for recordings without a label. Parts of PART windows are kept in a folder and not made again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import tagger
from training.synthesis import RATE, Wave

LENGTH = 5 * RATE  # samples of a window
PART = 400  # windows of a kept part
FURTHER = 0.28  # share of the windows that begin with a recording without a label
BEHIND, MIXED = 0.4, 0.15  # share with a background behind, share of two sounds of any kind
QUIETEST = 1e-10  # power, below which nothing is told apart


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A recording: float16 samples at 16 kHz, its label's number or -1, and a group that is never split."""

    samples: NDArray[np.float16]
    label: int
    group: str


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Rows of windows: logarithms of mel powers, labels, and what the teacher says.

    powers (n, frames, mels), labels (n, classes) shares of each, zeros without a label, features (n, 384), scores (n, 527)
    log-odds, all float16; sources (n, 2) numbers of recordings, -1 for none.
    """

    powers: NDArray[np.float16]
    labels: NDArray[np.float16]
    features: NDArray[np.float16]
    scores: NDArray[np.float16]
    sources: NDArray[np.int32]

    def only(self, kept: NDArray[np.bool_]) -> Windows:
        """Those rows."""
        return Windows(*(getattr(self, name)[kept] for name in self.__slots__))


def placed(samples: NDArray[np.float16], rng: np.random.Generator) -> Wave:
    """LENGTH samples: a random part of a long sound; a short one at a random place, in part, or repeated."""
    samples = samples.astype(np.float32) if samples.size else np.zeros(1, np.float32)
    if samples.size < LENGTH // 2 and rng.random() < 0.3:
        gap = np.zeros(int(rng.integers(0, RATE)), np.float32)
        repeated = np.concatenate([samples, gap] * (LENGTH // (samples.size + gap.size) + 1))
        samples = repeated[: int(rng.integers(LENGTH // 2, LENGTH))]
    elif samples.size > 2 * RATE and rng.random() < 0.25:
        length = int(rng.integers(3 * RATE // 2, samples.size))
        start = int(rng.integers(0, samples.size - length + 1))
        samples = samples[start : start + length]
    if samples.size >= LENGTH:
        start = int(rng.integers(0, samples.size - LENGTH + 1))
        return samples[start : start + LENGTH].copy()
    out = np.zeros(LENGTH, np.float32)
    start = 0 if rng.random() < 0.5 else int(rng.integers(0, LENGTH - samples.size + 1))
    out[start : start + samples.size] = samples
    return out


def changed(samples: Wave, rng: np.random.Generator) -> Wave:
    """Another recording of the same: tempo and pitch, tone, band limits; as many samples."""
    if rng.random() < 0.4:
        steps = np.arange(samples.size) * rng.uniform(0.85, 1.18)
        samples = np.interp(steps, np.arange(samples.size), samples, right=0.0).astype(np.float32)
    hertz = np.fft.rfftfreq(samples.size, 1 / RATE)
    bands = np.geomspace(60, RATE / 2, 5)
    gain = 10 ** np.interp(hertz, bands, rng.normal(0, 0.16, 5))
    if rng.random() < 0.25:
        gain *= 1 / (1 + (hertz / rng.uniform(1_500, 7_000)) ** 8)
    if rng.random() < 0.12:
        gain *= 1 - 1 / (1 + (hertz / rng.uniform(60, 500)) ** 4)
    return np.asarray(np.fft.irfft(np.fft.rfft(samples) * gain, samples.size), np.float32)


def _power(samples: Wave) -> float:
    return float(np.square(samples, dtype=np.float64).mean()) + 1e-12


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes windows of recordings. `background`: the labels that may stand behind others."""

    sources: Sequence[Source]
    classes: int
    background: Sequence[int]
    teacher: tagger.Tagger
    front: Callable[[Tensor], Tensor]  # samples (n, samples) to mel powers (n, frames, mels)

    def part(self, number: int) -> Windows:
        """PART windows, the same whenever they are made."""
        rng = np.random.default_rng((17, number))
        known = np.array([source.label for source in self.sources])
        counts = np.bincount(known[known >= 0], minlength=self.classes).astype(float)
        chances = np.where(known >= 0, np.maximum(counts, 1)[np.maximum(known, 0)] ** -0.6, 0.0)
        chances *= np.where(np.isin(known, self.background), 1.8, 1.0)
        is_further = known < 0
        share = FURTHER if is_further.any() else 0.0
        chances = (1 - share) * chances / chances.sum() + share * is_further / max(1, is_further.sum())
        rows = [self._window(rng, chances) for _ in range(PART)]
        samples = np.stack([row[0] for row in rows])
        with torch.inference_mode():
            powers = self.front(torch.from_numpy(samples)).clamp(min=QUIETEST).log()
            heard = [self._heard(few) for few in np.array_split(samples, PART // 20)]
        features, scores = (torch.cat([pair[n] for pair in heard]).half().numpy() for n in range(2))
        labels, sources = np.stack([row[1] for row in rows]), np.array([row[2] for row in rows], np.int32)
        return Windows(powers.half().numpy(), labels, features, scores, sources)

    def _heard(self, samples: Wave) -> tuple[Tensor, Tensor]:
        return self.teacher(torch.from_numpy(np.stack([tagger.upsampled(each) for each in samples])))

    def _window(
        self, rng: np.random.Generator, chances: NDArray[np.float64]
    ) -> tuple[Wave, NDArray[np.float16], tuple[int, int]]:
        chosen, other = int(rng.choice(len(chances), p=chances)), -1
        source, labels = self.sources[chosen], np.zeros(self.classes, np.float16)
        samples = changed(placed(source.samples, rng), rng)
        is_known = source.label >= 0 and source.label not in self.background
        labels[source.label] = source.label >= 0
        drawn = rng.random()
        if drawn < BEHIND and is_known:
            behind = [n for n, each in enumerate(self.sources) if each.label in self.background]
            other = int(rng.choice(behind))
            extra = placed(self.sources[other].samples, rng)
            samples = samples + extra * np.float32(
                (_power(samples) / _power(extra) * 10 ** -rng.uniform(0.2, 2.2)) ** 0.5
            )
        elif BEHIND <= drawn < BEHIND + MIXED and source.label >= 0:
            other = chosen
            while other == chosen or self.sources[other].label < 0:
                other = int(rng.choice(len(chances), p=chances))
            share = rng.uniform(0.3, 0.7)
            extra = changed(placed(self.sources[other].samples, rng), rng)
            extra = extra * np.float32((_power(samples) / _power(extra)) ** 0.5)
            samples = np.float32(share**0.5) * samples + np.float32((1 - share) ** 0.5) * extra
            labels[:] = 0
            labels[source.label] += share
            labels[self.sources[other].label] += 1 - share
        return np.clip(samples, -4, 4).astype(np.float32), labels, (chosen, other)


def made(maker: Maker, parts: int, work: Path) -> Windows:
    """`parts` parts, those that lie in `work` from there."""
    return joined(list(itertools.islice(_parts(maker, work), parts)))


def _parts(maker: Maker, work: Path) -> Iterator[Windows]:
    for number in itertools.count():
        path = work / f"windows-{number}.npz"
        if not path.is_file():
            part = maker.part(number)
            new = path.with_suffix(".new.npz")
            np.savez(new, **{name: getattr(part, name) for name in Windows.__slots__})
            new.rename(path)
        with np.load(path) as file:
            yield Windows(*(file[name] for name in Windows.__slots__))


def joined(parts: Sequence[Windows]) -> Windows:
    """All rows of several."""
    return Windows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Windows.__slots__))
