"""Profiles: which encoder makes which vectors, loaded when first asked.

Owns the words profile and role. What models there are and where their files lie is `registry`, how a family becomes an
encoder `factory`, how models come to this machine `install`. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from retrieval.domain.media import Modality, Space, Vectors
from retrieval.encoders.calibration import CohortCalibration, SceneCalibration
from retrieval.encoders.factory import Role, make_encoder
from retrieval.encoders.profile_registry import named_profile, profile_entry, sound_here
from retrieval.encoders.registry import ABSENT, DefaultCalibration, Model, find_model, is_unknown, recorded_model
from retrieval.errors import EncoderUnavailable, SpaceMismatch

if TYPE_CHECKING:
    from retrieval.encoders.self_calibration import SelfCalibration
    from retrieval.protocols import Direction, Encoder, Transcriber

__all__ = ["ModelProfile", "Role", "library_profile", "make_profile"]


SPACES: tuple[Role, ...] = ("shared", "sentence")
ROLES: tuple[Role, ...] = (*SPACES, "sound")


@dataclass(frozen=True)
class ModelProfile:
    """A profile of models that this machine knows. Safe from several threads; each encoder is made once, on first use.

    sound: the model of sounds and of questions to them, where these have a space of their own. home: the folder of the
    library that it serves, where that keeps calibrations of its own.
    """

    name: str
    shared: Model
    sentence: Model
    speech: str = "auto"
    sound: Model | None = None
    home: Path | None = field(default=None, compare=False)
    _made: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    _lock: Any = field(default_factory=RLock, compare=False, repr=False)

    @property
    def spaces(self) -> tuple[Role, ...]:
        """One for pictures, sounds and questions to them, one for texts, and one for sounds where a model has them alone."""
        return ROLES if self.sound else SPACES

    def model(self, role: Role) -> Model:
        """The model behind one of the spaces."""
        if role == "sound" and self.sound:
            return self.sound
        return self.shared if role == "shared" else self.sentence

    def modalities(self, role: Role) -> frozenset[Modality]:
        """What can be brought into that space; {"text"} for "sentence"."""
        if role == "sound" and self.sound:
            return self.sound.senses & {"text", "sound"}
        return self.shared.senses - ({"sound"} if self.sound else set()) if role == "shared" else frozenset({"text"})

    def encoder(self, role: Role, modality: Modality) -> Encoder:
        """The encoder of one modality into one space; the text one loads no image tower.

        Raises:
            EncoderUnavailable: the profile has none for that modality, or its files are not on this machine.
            SpaceMismatch: its files are not those that were recorded.
        """
        if modality not in self.modalities(role):
            hint = "rebuild the library with profile starter, which has one" if role == "shared" else ""
            raise EncoderUnavailable(f"profile {self.name} has no encoder of {modality} in its {role} space", hint)
        with self._lock:
            if (role, modality) not in self._made:
                self._made[role, modality] = make_encoder(self.model(role), role, modality)
            encoder: Encoder = self._made[role, modality]
            return encoder

    def space(self, role: Role) -> Space:
        """The space of that role, without loading weights. Raises: as `encoder`."""
        return self.encoder(role, "text").space

    def transcriber(self) -> Transcriber:
        """The profile's transcriber, made once. Raises: EncoderUnavailable where no weights are on this machine."""
        from retrieval.encoders.speech.whisper import make_transcriber

        with self._lock:
            if "transcriber" not in self._made:
                self._made["transcriber"] = make_transcriber(self.speech)
            transcriber: Transcriber = self._made["transcriber"]
            return transcriber

    def prior(self, direction: Direction) -> DefaultCalibration:
        """The curve of that direction, for what is asked by no question: as fitted, or as measured on this machine.

        Sentences that are spoken have a curve of their own beside that of passages.
        """
        role: Role = "sentence" if direction in ("text-text", "text-speech") else "shared"
        if self.sound and direction in ("text-sound", "sound-sound"):
            role = "sound"
        model = self.model(role)
        if is_unknown(model):
            measured = self._calibrated(role)
            return (measured and measured.priors.get(direction)) or DefaultCalibration()
        fitted = _measured_priors() if model.family == "starter" else {}
        return fitted.get(direction) or model.prior.get(direction) or DefaultCalibration()

    def background(self, direction: Direction) -> CohortCalibration | SceneCalibration | None:
        """What questions of that direction are held against; None where nothing was measured: the curve counts."""
        if direction == "text-text":
            return self._scene()
        if direction == "text-image" and is_unknown(self.shared):
            measured = self._calibrated("shared")
            return measured.cohort if measured else None
        return _measured_backgrounds().get(direction) if self.shared.family == "starter" else None

    def _scene(self) -> SceneCalibration | None:
        if not is_unknown(self.sentence):
            fitted = _measured_scene()
            return SceneCalibration(*fitted, self.prior("text-text").line) if fitted else None
        measured = self._calibrated("sentence")
        if measured is None or measured.scene is None:
            return None
        return SceneCalibration(measured.scene, measured.free, self.prior("text-text").line)

    def _calibrated(self, role: Role) -> SelfCalibration | None:
        """What was measured of the model of that role, by the library or else when it came to this machine."""
        from retrieval.encoders.self_calibration import calibration_of

        if ("calibration", role) not in self._made:
            try:
                found = calibration_of(self.model(role), self.space(role), self.home)
            except (EncoderUnavailable, SpaceMismatch):
                found = None
            self._made["calibration", role] = found
        measured: SelfCalibration | None = self._made["calibration", role]
        return measured


def _measured_priors() -> dict[str, DefaultCalibration]:
    """What the training of the starter measured, by direction; none where its files are absent."""
    from retrieval.encoders import starter

    try:
        return starter.priors()
    except EncoderUnavailable:
        return {}


def _measured_backgrounds() -> dict[str, CohortCalibration]:
    from retrieval.encoders import starter

    try:
        return starter.backgrounds()
    except EncoderUnavailable:
        return {}


def _measured_scene() -> tuple[Vectors, float] | None:
    from retrieval.encoders import starter

    try:
        return starter.scene()
    except EncoderUnavailable:
        return None


def make_profile(name: str, shared: str = "", sentence: str = "", speech: str = "", sound: str = "") -> ModelProfile:
    """The profile of that name, with single models replaced by name; "auto" takes the best whose models are all here.

    A sound tower that the profile names is taken where it is on this machine.

    Raises: EncoderUnavailable for a name that is neither in profiles.toml nor fetched or added.
    """
    chosen, entry = named_profile(name)
    profile = ModelProfile(
        chosen,
        find_model(shared or entry["shared"]),
        find_model(sentence or entry["sentence"]),
        speech or entry["transcriber"],
        find_model(sound) if sound else sound_here(entry),
    )
    return _checked(profile)


def library_profile(
    name: str,
    spaces: Iterable[Space],
    shared: str = "",
    sentence: str = "",
    sound: str = "",
    *,
    home: Path | None = None,
) -> ModelProfile:
    """The profile of a library: its name, and the model that each of its live spaces was encoded by. home: its folder.

    The name alone does not tell: a space may have been encoded again by another model (`rebuild --encoder`), and a
    profile of the user's own may have been changed or removed since. shared, sentence, sound: models in their place.
    A model that this machine does not know is found missing when it is asked to encode, not here.

    Raises: EncoderUnavailable where a library without vectors names an unknown profile.
    """
    recorded = {space.name: recorded_model(space.encoder, space.dimension) for space in spaces}
    entry = profile_entry(name)

    def model(role: Role, wanted: str) -> Model:
        if wanted or role not in recorded:
            return find_model(wanted or (entry or named_profile(name)[1])[role])
        return recorded[role]

    transcriber = entry["transcriber"] if entry else "auto"
    heard: Model | None = None
    if sound or "sound" in recorded:
        heard = model("sound", sound)
    elif entry and not (recorded or shared or sentence):  # only a new library takes what its profile names
        heard = sound_here(entry)
    return _checked(ModelProfile(name, model("shared", shared), model("sentence", sentence), transcriber, heard, home))


def _checked(profile: ModelProfile) -> ModelProfile:
    if profile.sound and profile.sound.family != ABSENT and not profile.sound.senses >= {"text", "sound"}:
        raise EncoderUnavailable(
            f"model {profile.sound.name} does not take texts and sounds", "it belongs to --encoder shared= or sentence="
        )
    if profile.sentence.family == ABSENT:
        return profile
    if "text" not in profile.sentence.senses or profile.sentence.senses - {"text"}:
        raise EncoderUnavailable(
            f"model {profile.sentence.name} is not one for sentences", "it belongs to --encoder shared="
        )
    return profile
