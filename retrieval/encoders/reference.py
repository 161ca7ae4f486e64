"""The reference set that ships, as encoders take it: things with drawings and names, texts with questions, sounds.

Sources: drawings by training/reference.py; texts written for this project; sounds of data/samples.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval import resources
from retrieval.domain.media import AudioSpec, ImageSpec

SIDE, DRAWINGS = 128, 2  # pixels of a drawing on the sheet; drawings of each thing
NAMES = 4  # of a thing that are asked: English, Chinese, and two of the others


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, and the number of what answers it."""

    question: str
    answer: int


@cache
def names() -> tuple[Pair, ...]:
    """Names of the drawn things, NAMES of each, in up to sixteen languages."""
    found = []
    for thing, line in enumerate(_lines("names.tsv")):
        known = line.split("\t")
        others = known[2:]
        chosen = known[:2] + [others[(thing + step * len(others) // 2) % len(others)] for step in (0, 1) if others]
        found += [Pair(name, thing) for name in dict.fromkeys(chosen[:NAMES])]
    return tuple(found)


@cache
def everyday() -> tuple[str, ...]:
    """Everyday things, in a word or two each."""
    return tuple(_lines("everyday.txt"))


@cache
def absent() -> tuple[str, ...]:
    """Sentences in sixteen languages about things that few pictures show."""
    return tuple(_lines("absent.txt"))


@cache
def passages() -> tuple[tuple[str, ...], tuple[Pair, ...]]:
    """Short texts in three languages, and for each a question that it answers in other words."""
    rows = [line.split("\t") for line in _lines("passages.tsv")]
    return tuple(row[0] for row in rows), tuple(Pair(row[1], at) for at, row in enumerate(rows))


def drawings(form: ImageSpec) -> Iterator[NDArray[np.uint8]]:
    """DRAWINGS of each thing of `names`, one after the other: uint8 pixels (height, width, 3) as the encoder wants them."""
    return _drawn(form, range(DRAWINGS * len(_lines("names.tsv"))))


def pictures(form: ImageSpec, count: int) -> list[NDArray[np.uint8]]:
    """`count` of the drawings, evenly spread: uint8 pixels (height, width, 3) as the encoder wants them."""
    last = DRAWINGS * len(_lines("names.tsv")) - 1
    return list(_drawn(form, np.linspace(0, last, count).astype(int).tolist()))


def _drawn(form: ImageSpec, numbers: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    from retrieval.media.image.decode import fit, open_image

    sheet = open_image(resources.reference() / "pictures.jpg")
    across = sheet.width // SIDE
    for number in numbers:
        left, top = number % across * SIDE, number // across * SIDE
        yield fit(sheet.crop((left, top, left + SIDE, top + SIDE)), form)


def sounds(form: AudioSpec) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """What is heard, and a window (n,) float32 samples in -1.0..1: of the samples' recordings, speech aside, two of each."""
    from retrieval.media.av.audio import listen_audio

    truth: list[dict[str, Any]] = tomllib.loads((resources.samples() / "truth.toml").read_text("utf-8"))["sample"]
    for row in truth:
        if row["medium"] == "audio" and row.get("sounds"):
            windows = listen_audio(resources.samples() / row["file"], form)
            for _, found in zip(range(2), windows, strict=False):
                yield str(row["sounds"][0]), found.views[0].array


def _lines(name: str) -> Sequence[str]:
    return (resources.reference() / name).read_text("utf-8").split("\n")[:-1]
