"""A film for measuring: 60 s of 1080p H.264 without sound, shots of 2 to 6 s that pan over photos, with hard cuts."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT, RATE, SECONDS = 1920, 1080, 25, 60


def make_film(path: Path, photos: Path) -> list[int]:
    """Writes the film; the milliseconds at which its shots begin. photos: folder of JPEG files."""
    import av

    cuts, frames = [], 0
    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for shot in _shots(photos):
            cuts.append(1000 * frames // RATE)
            for pixels in shot:
                if frames == RATE * SECONDS:
                    break
                film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
                frames += 1
            if frames == RATE * SECONDS:
                break
        film.mux(stream.encode())
    return cuts


def _shots(photos: Path) -> Iterator[Iterator[NDArray[np.uint8]]]:
    """Frames (HEIGHT, WIDTH, 3) of one photo after another, each seen through a window that moves."""
    chance = random.Random(0)
    for place in itertools.cycle(sorted(photos.glob("*.jpg"))[::11]):
        picture = Image.open(place).convert("RGB").resize((WIDTH + 200, HEIGHT + 120), Image.Resampling.BICUBIC)
        pixels, count = np.asarray(picture), RATE * chance.randint(2, 6)
        yield (
            np.ascontiguousarray(pixels[120 * at // count :, 200 * at // count :][:HEIGHT, :WIDTH])
            for at in range(count)
        )
