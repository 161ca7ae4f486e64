"""Deterministic stand-ins at the seams: encoders whose vectors follow from words and colours, no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ImageSpec, InputSpec, Modality, Segment, Space, Span, Vectors
from retrieval.encoders.calibration import CohortCalibration, SceneCalibration
from retrieval.encoders.registry import DefaultCalibration
from retrieval.errors import EncoderUnavailable
from retrieval.protocols import Profile

DIMENSION = 64
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (230, 230, 20),
    "black": (5, 5, 5),
    "white": (250, 250, 250),
}


def word_vector(word: str, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """(dimension,) unit vector that depends on the word alone."""
    seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    vector = np.random.default_rng(seed).normal(size=dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def text_vector(text: str, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """The unit sum of a text's words: texts that share words are near."""
    total = np.sum([word_vector(word, dimension) for word in text.lower().split() or [""]], axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float32)


def colour_name(pixels: NDArray[np.uint8]) -> str:
    """The colour nearest to a picture's mean."""
    mean = pixels.reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(mean - COLOURS[name]).sum()))


def pitch_name(samples: NDArray[np.float32]) -> str:
    """`high` or `low`, by the number of zero crossings."""
    crossings = np.count_nonzero(np.diff(np.signbit(samples)))
    return "high" if crossings > len(samples) / 20 else "low"


@dataclass(frozen=True)
class FakeEncoder:
    """One modality into one space of hashed words."""

    space: Space
    accepts: Modality
    form: InputSpec = None

    def encode(self, items: Sequence[Any]) -> Vectors:
        """See protocols.Encoder."""
        names: dict[Modality, Callable[[Any], str]] = {"text": str, "image": colour_name, "sound": pitch_name}
        named = names[self.accepts]
        rows = [text_vector(named(item), self.space.dimension) for item in items]
        return np.array(rows, np.float32).reshape(len(rows), self.space.dimension)


class FakeTranscriber:
    """Hears the words it was made with, whatever is played, or nothing in silence."""

    revision = "fake 1"

    def __init__(self, said: str) -> None:
        self._said = said

    def transcribe(self, chunks: Iterable[NDArray[np.float32]]) -> Iterator[Segment]:
        """See protocols.Transcriber."""
        if any(np.abs(chunk).max(initial=0) > 0.01 for chunk in chunks) and self._said:
            yield Segment("speech", Span(0, 1000), text=self._said, lang="en")


class FakeProfile:
    """A profile as `retrieval.encoders` makes them, of fake encoders. missing: senses without an encoder."""

    name = "fake"
    spaces = ("shared", "sentence")

    def __init__(
        self,
        revision: str = "1",
        said: str = "",
        missing: frozenset[Modality] = frozenset(),
        backgrounds: Mapping[str, CohortCalibration | SceneCalibration] | None = None,
    ) -> None:
        self._backgrounds = backgrounds or {}
        self._revision = revision
        self._said = said
        self._missing = missing

    def space(self, role: str) -> Space:
        return Space(role, "fake", self._revision, DIMENSION)

    def modalities(self, role: str) -> frozenset[Modality]:
        every: frozenset[Modality] = frozenset(("text", "image", "sound")) if role == "shared" else frozenset(("text",))
        return every - self._missing

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        if modality in self._missing:
            raise EncoderUnavailable(f"profile fake has no encoder for {modality}")
        forms: dict[Modality, InputSpec] = {"text": None, "image": ImageSpec(32), "sound": AudioSpec()}
        return FakeEncoder(self.space(role), modality, forms[modality])

    def transcriber(self) -> FakeTranscriber:
        return FakeTranscriber(self._said)

    def prior(self, direction: str) -> DefaultCalibration:
        return DefaultCalibration(0.5, 12.0)

    def background(self, direction: str) -> CohortCalibration | SceneCalibration | None:
        return self._backgrounds.get(direction)


PROFILE: Profile = FakeProfile()  # holds the fake to the protocol: `make check` runs mypy on this file
