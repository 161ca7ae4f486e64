"""Sounds made by arithmetic: float32 mono at 16 kHz in -1..1, by random generator and length.

They teach the sound tower what rain, a clock or a hum may sound like, fill its background class, and are the sounds of
`data/samples`. Recordings always count more; these widen them.
"""

from __future__ import annotations

import io
import subprocess
import wave
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
Wave: TypeAlias = NDArray[np.float32]
Maker: TypeAlias = Callable[[np.random.Generator, float], Wave]


def level(wave: NDArray[np.floating], peak: float = 0.5) -> Wave:
    """The same sound with its loudest sample at `peak`; silence stays silence."""
    top = float(np.abs(wave).max(initial=0.0))
    return (wave * (peak / top if top > 0 else 0.0)).astype(np.float32)


def coloured(rng: np.random.Generator, seconds: float, slope: float, low: float = 20.0, high: float = 8_000.0) -> Wave:
    """Noise whose power falls by `slope` (0 white, 1 pink, 2 brown) between two frequencies in Hz, zero outside."""
    count = int(seconds * RATE)
    frequency = np.fft.rfftfreq(count, 1 / RATE)
    shape = np.where((frequency >= low) & (frequency <= high), np.maximum(frequency, low) ** (-slope / 2), 0.0)
    spectrum = shape * np.exp(2j * np.pi * rng.random(frequency.size))
    return level(np.fft.irfft(spectrum, count))


def _impulses(rng: np.random.Generator, seconds: float, rate: float, decay_ms: tuple[float, float], low: float) -> Wave:
    """Short noise bursts at random times, `rate` a second, with falling loudness."""
    count = int(seconds * RATE)
    out = np.zeros(count, np.float64)
    for at in np.sort(rng.integers(0, count, rng.poisson(rate * seconds))):
        length = int(RATE * rng.uniform(*decay_ms) / 1_000 * 5)
        burst = rng.standard_normal(length) * np.exp(-np.arange(length) / (length / 5)) * rng.pareto(2.0)
        out[at : at + length] += burst[: count - at]
    spectrum = np.fft.rfft(out)
    spectrum[np.fft.rfftfreq(count, 1 / RATE) < low] = 0
    limit = 8 * float(out.std())
    return level(np.clip(np.fft.irfft(spectrum, count), -limit, limit))


def rain(rng: np.random.Generator, seconds: float) -> Wave:
    """Steady hiss with many small drops."""
    hiss = coloured(rng, seconds, rng.uniform(0.2, 0.9), rng.uniform(200, 600))
    drops = _impulses(rng, seconds, rng.uniform(60, 250), (0.5, 3.0), rng.uniform(800, 2_000))
    return level(hiss + rng.uniform(0.3, 1.0) * drops, rng.uniform(0.2, 0.6))


def waves(rng: np.random.Generator, seconds: float) -> Wave:
    """Noise that swells and breaks every few seconds."""
    time = np.arange(int(seconds * RATE)) / RATE
    swell = np.sin(2 * np.pi * time / rng.uniform(3.0, 7.0) + rng.uniform(0, 6.3))
    loud = 0.15 + (0.5 + 0.5 * swell) ** rng.uniform(1.5, 3.5)
    deep, bright = coloured(rng, seconds, 1.6, 60), coloured(rng, seconds, rng.uniform(0.4, 0.9), 300)
    return level(loud * (deep + loud * bright), rng.uniform(0.3, 0.7))


def clock(rng: np.random.Generator, seconds: float) -> Wave:
    """Even ticks, every second one a little lower."""
    count = int(seconds * RATE)
    out = np.zeros(count, np.float64)
    gap, pitch = rng.choice((0.25, 0.5, 1.0)) * RATE, rng.uniform(1_800, 4_500)
    length = int(RATE * 0.03)
    time = np.arange(length) / RATE
    for n, at in enumerate(np.arange(rng.uniform(0, gap / 2), count, gap)):
        tone = np.sin(2 * np.pi * pitch * (1.0 if n % 2 else 0.8) * time) + 0.8 * rng.standard_normal(length)
        click = tone * np.exp(-time / rng.uniform(0.002, 0.006))
        out[int(at) : int(at) + length] += click[: count - int(at)]
    return level(out + 0.004 * coloured(rng, seconds, 1.0), rng.uniform(0.3, 0.8))


def helicopter(rng: np.random.Generator, seconds: float) -> Wave:
    """Rotor beats of low noise over an engine's hum."""
    time = np.arange(int(seconds * RATE)) / RATE
    beat = (0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(10, 22) * time)) ** rng.uniform(3, 8)
    body = coloured(rng, seconds, 1.3, 40, 4_000)
    whine = np.sin(2 * np.pi * rng.uniform(200, 500) * time) * 0.08
    return level((0.15 + beat) * body + whine * 0.5 + 0.1 * coloured(rng, seconds, 0.8, 300), rng.uniform(0.3, 0.8))


def chainsaw(rng: np.random.Generator, seconds: float) -> Wave:
    """A two-stroke engine: a buzz rich in harmonics whose speed rises and falls."""
    time = np.arange(int(seconds * RATE)) / RATE
    speed = rng.uniform(70, 130) * (1 + 0.25 * np.clip(np.sin(2 * np.pi * time / rng.uniform(1.5, 4.0)), -0.5, 1))
    phase = np.cumsum(speed) / RATE
    buzz = sum(np.sin(2 * np.pi * n * phase + rng.uniform(0, 6.3)) / n**0.6 for n in range(1, 30))
    rough = 1 + 0.5 * coloured(rng, seconds, 1.0, 20, 400)
    return level(buzz * rough + 2.5 * coloured(rng, seconds, 0.3, 800), rng.uniform(0.3, 0.8))


def fire(rng: np.random.Generator, seconds: float) -> Wave:
    """Crackles over a soft rumble."""
    cracks = _impulses(rng, seconds, rng.uniform(8, 30), (0.4, 2.5), 500)
    return level(cracks + rng.uniform(0.03, 0.12) * coloured(rng, seconds, 1.5, 40), rng.uniform(0.3, 0.8))


def hum(rng: np.random.Generator, seconds: float) -> Wave:
    """Mains or fan: a few low harmonics and a little noise."""
    time = np.arange(int(seconds * RATE)) / RATE
    base = rng.choice((50.0, 60.0, 100.0, 120.0)) * rng.uniform(0.98, 1.02)
    tones = sum(rng.random() / n * np.sin(2 * np.pi * base * n * time) for n in range(1, 9))
    return level(tones + rng.uniform(0.02, 0.5) * coloured(rng, seconds, 1.5), rng.uniform(0.01, 0.4))


def noise(rng: np.random.Generator, seconds: float) -> Wave:
    """Room, wind or device noise: deep colours, slowly changing. Bright, steady hiss is left to `rain`."""
    time = np.arange(int(seconds * RATE)) / RATE
    gust = 1 + rng.uniform(0, 0.8) * np.sin(2 * np.pi * time / rng.uniform(1, 6) + rng.uniform(0, 6.3))
    return level(gust * coloured(rng, seconds, rng.uniform(1.6, 3.0), 30), rng.uniform(0.005, 0.4))


def silence(rng: np.random.Generator, seconds: float) -> Wave:
    """Digital silence, or the last bit flickering."""
    return (rng.standard_normal(int(seconds * RATE)) * rng.choice((0.0, 1e-5, 1e-4))).astype(np.float32)


def tone(rng: np.random.Generator, seconds: float) -> Wave:
    """A test tone, steady, pulsed or sweeping."""
    time = np.arange(int(seconds * RATE)) / RATE
    start = np.exp(rng.uniform(np.log(100), np.log(4_000)))
    end = start * rng.choice((1.0, 1.0, 0.5, 2.0))
    phase = np.cumsum(np.linspace(start, end, time.size)) / RATE
    gate = 1.0 if rng.random() < 0.5 else (np.sin(2 * np.pi * time * rng.uniform(0.5, 5)) > 0)
    return level(np.sin(2 * np.pi * phase) * gate, rng.uniform(0.1, 0.7))


def music(rng: np.random.Generator, seconds: float) -> Wave:
    """A small piece: chords and a melody in one key, plucked, blown or struck, with an even beat."""
    count = int(seconds * RATE)
    out = np.zeros(count + RATE, np.float64)
    scale = np.array((0, 2, 4, 5, 7, 9, 11)) if rng.random() < 0.6 else np.array((0, 2, 3, 5, 7, 8, 10))
    root, beat = rng.uniform(110, 260), RATE * rng.uniform(0.2, 0.6)
    plucked, bright = rng.random() < 0.6, rng.uniform(0.8, 2.2)
    for step, at in enumerate(np.arange(0, count, beat)):
        degrees = [rng.integers(0, 7)] + ([0, 2, 4] if step % 4 == 0 else [])
        for degree in degrees:
            note = root * 2 ** ((scale[degree % 7] + 12 * (len(degrees) == 1)) / 12)
            _note(out, rng, int(at), note, beat * rng.uniform(0.9, 2.0), bright, plucked=plucked)
    return level(out[:count], rng.uniform(0.2, 0.7))


def _note(
    out: NDArray[np.float64],
    rng: np.random.Generator,
    at: int,
    pitch: float,
    length: float,
    bright: float,
    *,
    plucked: bool,
) -> None:
    """Add one note of `length` samples to `out` at sample `at`."""
    time = np.arange(min(int(length), out.size - at)) / RATE
    wobble = 1 + 0.003 * np.sin(2 * np.pi * 5 * time)
    wave = sum(np.sin(2 * np.pi * pitch * n * time * wobble) / n**bright for n in range(1, 8))
    shape = np.exp(-time * rng.uniform(3, 6)) if plucked else np.minimum(1, time * 20) * np.minimum(1, time[::-1] * 20)
    out[at : at + time.size] += wave * shape


def spoken(text: str, voice: str, speed: int = 165, pitch: int = 50) -> Wave:
    """espeak-ng's reading of a sentence."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(raw)) as held:
        rate = held.getframerate()
        samples = np.frombuffer(raw[44:], "<i2").astype(np.float32) / 32_768
    steps = np.arange(0, samples.size - 1, rate / RATE)
    return np.interp(steps, np.arange(samples.size), samples).astype(np.float32)


LABELLED: dict[str, Maker] = {
    "rain": rain,
    "sea waves": waves,
    "clock tick": clock,
    "helicopter": helicopter,
    "chainsaw": chainsaw,
    "fire crackling": fire,
}
BACKGROUND: dict[str, Maker] = {"hum": hum, "noise": noise, "silence": silence, "tone": tone, "music": music}
