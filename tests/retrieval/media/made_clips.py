"""Clips with known shots, written by PyAV: moving coloured patterns, or pictures given, with cuts, dissolves and black between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Pixmap = NDArray[np.uint8]
Scene = Callable[[float], Pixmap]  # time in the scene, 0..1 -> (h, w, 3)


def pattern(seed: int, size: tuple[int, int] = (160, 120), move: float = 0.3) -> Scene:
    """A picture of smooth coloured blobs, other for each seed, that a camera pans over."""
    rng = np.random.default_rng(seed)
    width, height = size
    coarse = rng.integers(0, 255, (6, 9, 3)).astype(np.float32) * 0.6 + rng.integers(0, 255, 3) * 0.4
    rows = np.linspace(0, 5, height * 2)
    columns = np.linspace(0, 8, width * 2)
    canvas = _smooth(coarse, rows, columns)
    angle = rng.uniform(0, 6.28)

    def at(time: float) -> Pixmap:
        left = int(width * (0.5 + 0.5 * move * np.cos(angle) * (time - 0.5)))
        top = int(height * (0.5 + 0.5 * move * np.sin(angle) * (time - 0.5)))
        return canvas[top : top + height, left : left + width].astype(np.uint8)

    return at


def _smooth(
    coarse: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    top, left = np.minimum(rows.astype(int), 4), np.minimum(columns.astype(int), 7)
    down, right = (rows - top)[:, None, None], (columns - left)[None, :, None]
    upper = coarse[top][:, left] * (1 - right) + coarse[top][:, left + 1] * right
    lower = coarse[top + 1][:, left] * (1 - right) + coarse[top + 1][:, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def frames(
    scenes: Sequence[Scene], counts: Sequence[int], mix: int = 0, black: int = 0, noise: float = 0.0, seed: int = 0
) -> Iterator[Pixmap]:
    """All frames. `mix`: frames over which a scene dissolves into the next. `black`: frames of black between scenes."""
    rng = np.random.default_rng(seed)
    for number, (scene, count) in enumerate(zip(scenes, counts, strict=True)):
        for n in range(count):
            picture = scene(n / count).astype(np.float32)
            after = count - n
            if number + 1 < len(scenes) and after <= mix:
                part = 1 - (after - 0.5) / mix
                picture = (1 - part) * picture + part * scenes[number + 1](0.0)
            if noise:
                picture = picture + rng.normal(0, noise, picture.shape)
            yield picture.clip(0, 255).astype(np.uint8)
        if number + 1 < len(scenes):
            for _ in range(black):
                yield np.zeros_like(scene(0.0))


def write(
    path: Path,
    pictures: Iterator[Pixmap] | Sequence[Pixmap],
    rate: int = 25,
    codec: str = "libx264",
    times: Sequence[int] | None = None,
    sound: NDArray[np.float32] | None = None,
    sound_rate: int = 16_000,
    rotation: int = 0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A clip of pictures, at `rate` or at `times` (ms), with mono sound beside them."""
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=rate)
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        track = (
            container.add_stream(
                "aac" if path.suffix in (".mp4", ".mov", ".mkv") else "libopus", rate=sound_rate, layout="mono"
            )
            if sound is not None
            else None
        )
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p" if codec != "mjpeg" else "yuvj420p"
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = times[number] if times is not None else round(number * 1000 / rate)
            frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None and sound is not None:
            _write_sound(container, track, sound, sound_rate)
    return path


def _write_sound(
    container: av.container.OutputContainer, track: av.AudioStream, sound: NDArray[np.float32], rate: int
) -> None:
    for at in range(0, len(sound), 960):
        frame = av.AudioFrame.from_ndarray(sound[None, at : at + 960].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def tone(seconds: float, pitch: float = 440.0, rate: int = 16_000, loud: float = 0.5) -> NDArray[np.float32]:
    """A sine, float32 mono."""
    return (loud * np.sin(2 * np.pi * pitch * np.arange(int(seconds * rate)) / rate)).astype(np.float32)
