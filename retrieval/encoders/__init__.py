"""Profiles: which encoder makes which vectors, loaded when first asked.

Owns the binding of names to encoders. What models there are and where their files lie is `models`; how each family
computes is `starter`, `onnx`, `open_clip`, `sentence` and `whisper`. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import RLock
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.domain import Sense, Space
from retrieval.encoders.models import Model, Prior, find_model, profile_entries, resolve_profile
from retrieval.errors import EncoderUnavailable
from retrieval.protocols import Encoder, Transcriber

Role: TypeAlias = Literal["shared", "sentence"]
Direction: TypeAlias = Literal[
    "text-text", "text-image", "text-sound", "image-image", "image-sound", "sound-image", "sound-sound"
]

__all__ = ["Direction", "Profile", "Role", "make_profile"]


@dataclass(frozen=True)
class Profile:
    """A named set of encoders and a transcriber. Safe from several threads; each encoder is made once, on first use."""

    name: str
    shared: Model
    sentence: Model
    speech: str
    _made: dict[tuple[str, Sense], Encoder] = field(default_factory=dict, compare=False, repr=False)
    _lock: RLock = field(default_factory=RLock, compare=False, repr=False)

    def model(self, role: Role) -> Model:
        """The model behind one of the two spaces."""
        return self.shared if role == "shared" else self.sentence

    def senses(self, role: Role) -> frozenset[Sense]:
        """What can be brought into that space; {"text"} for "sentence"."""
        return self.model(role).senses

    def encoder(self, role: Role, sense: Sense) -> Encoder:
        """The encoder of one sense into one space; the text one loads no image tower.

        Raises: EncoderUnavailable where the profile has none for that sense, or its files are not on this machine.
        """
        model = self.model(role)
        if sense not in model.senses:
            raise EncoderUnavailable(
                f"profile {self.name} has no encoder for {sense} in its {role} space",
                "profile starter has one" if role == "shared" else "",
            )
        with self._lock:
            key = (model.name, sense)
            if key not in self._made:
                self._made[key] = FAMILIES[model.family](model, sense)
            return self._made[key]

    def space(self, role: Role) -> Space:
        """The space of that role, without loading weights. Raises: EncoderUnavailable."""
        return self.encoder(role, "text").space

    def transcriber(self) -> Transcriber:
        """The profile's transcriber; weights load on first use. Raises: EncoderUnavailable."""
        from retrieval.encoders import whisper

        return whisper.make_transcriber(self.speech)

    def prior(self, direction: Direction) -> Prior:
        """How cosines of that direction become confidences while a library knows no better."""
        model = self.sentence if direction == "text-text" else self.shared
        return model.prior.get(direction, Prior())

    def confidence(self, direction: Direction, cosine: ArrayLike) -> NDArray[np.float32]:
        """Prior confidence in 0..1, of the shape of `cosine`."""
        return self.prior(direction).confidence(cosine)


def make_profile(name: str, shared: str | None = None, sentence: str | None = None, speech: str | None = None) -> Profile:
    """The profile of that name, with single models replaced by name; "auto" takes the best whose models are all here.

    Raises: EncoderUnavailable for a name that is neither in profiles.toml nor added.
    """
    chosen = resolve_profile(name)
    entry = profile_entries()[chosen]
    return Profile(
        chosen,
        find_model(shared or entry["shared"]),
        find_model(sentence or entry["sentence"]),
        speech or entry["transcriber"],
    )


def _starter(model: Model, sense: Sense) -> Encoder:
    from retrieval.encoders import starter

    made: dict[Sense, Callable[[], Encoder]] = {
        "text": starter.StarterText,
        "image": starter.StarterImage,
        "sound": starter.StarterSound,
    }
    return made[sense]()


def _use(model: Model, sense: Sense) -> Encoder:
    from retrieval.encoders import starter

    return starter.SentenceText()


FAMILIES: dict[str, Callable[[Model, Sense], Encoder]] = {"starter": _starter, "use": _use}
