"""Calibration of an encoder that nobody fitted, on the machine that uses it, in about as long as a thousand texts take.

The starter and the Universal Sentence Encoder have numbers that were fitted to photos and questions
(training/calibration.py). They and the unknown encoder are put to the same reference set. Where the best answer lies to a
question whose thing is there, and where to one whose thing is not, gives two points on each one's scale; the straight line
through them brings the cosines of the unknown encoder to where the fitted numbers hold. How near a question is to everyday
things and to a typical picture is brought there by mean and deviation; the typical picture is the mean of the library's
own, where it has enough.

Only names that both encoders find count, so that a language which one of them does not know does not move the scale.

Source: equating of two measures by common items (linear equating; Kolen and Brennan 2014, chapter 2).
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ImageSpec, Modality, Space, Vectors
from retrieval.encoders import calibration, reference, starter
from retrieval.encoders.calibration import CohortCalibration, Scale
from retrieval.encoders.registry import DefaultCalibration, Model, find_model, models_dir
from retrieval.protocols import Direction, Encoder

LAYOUT = 1  # of the files, and of the reference set
ENOUGH = 100  # pictures of a library whose mean is a typical picture
LEAST = 30  # questions that both encoders must answer; with fewer all count
FOUND = 0.1  # share of the answers among which the right one counts as found
TELLS = 0.25  # deviations of what is absent by which an encoder must tell what is there from it
STEEPEST = 20.0  # times that one encoder's differences are those of another, at most


@dataclass(frozen=True, slots=True, eq=False)
class SelfCalibration:
    """What was measured of one encoder. priors: by direction; cohort: of words and pictures; scene, free: of texts.

    count: vectors that the library had then.
    """

    revision: str
    priors: Mapping[Direction, DefaultCalibration]
    cohort: CohortCalibration | None = None
    scene: Vectors | None = None
    free: float = 0.0
    count: int = 0

    def with_library(self, pictures: Vectors, count: int) -> SelfCalibration:
        """The same with the typical picture of a library. pictures (n, dimension): its own, some; count: of all vectors."""
        if self.cohort is None or len(pictures) < ENOUGH:
            return replace(self, count=count)
        typical = pictures.astype(np.float32).mean(axis=0)  # nearness to it is the mean of cosines with pictures
        return replace(self, cohort=replace(self.cohort, typical=typical, typical_scale=self.cohort.scale), count=count)


def measure(encoders: Mapping[Modality, Encoder]) -> SelfCalibration:
    """Calibrates the encoders of one space. With pictures or sounds it is a shared space, else one of texts.

    Raises: EncoderUnavailable, SpaceMismatch: as the encoders.
    """
    return _shared(encoders) if len(encoders) > 1 else _sentence(encoders["text"])


# ---------------------------------------------------------------- a space of texts


def _sentence(encoder: Encoder) -> SelfCalibration:
    texts, pairs = reference.passages()
    questions, answers = [each.question for each in pairs], np.array([each.answer for each in pairs])
    fitted = starter.SentenceText()
    own, other = encoder.encode(questions), fitted.encode(questions)
    scale = _scale(own @ encoder.encode(texts).T, other @ fitted.encode(texts).T, answers)
    model = find_model("use-multilingual")
    priors = {way: _moved(prior, scale) for way, prior in model.prior.items()}
    seen, free = starter.scene() or (None, 0.0)
    if seen is None:
        return SelfCalibration(encoder.space.revision, priors)
    mixed = [*questions, *reference.absent()]
    raw = _scene(encoder)
    asked = encoder.encode(mixed) @ raw
    told = fitted.encode(mixed) @ seen
    scale = _by_spread(asked, float(told.mean()), float(told.std()))
    return SelfCalibration(encoder.space.revision, priors, None, raw * scale.factor, free - scale.offset)


def _scene(encoder: Encoder) -> Vectors:
    """(dimension,): what descriptions of things that are seen have in common."""
    things = encoder.encode(reference.everyday()).mean(axis=0)
    told = encoder.encode([f"a picture of {each.question}" for each in reference.names()[:: reference.NAMES]])
    return np.asarray(things + 2 * told.mean(axis=0), np.float32)


# ---------------------------------------------------------------- a space of several media


def _shared(encoders: Mapping[Modality, Encoder]) -> SelfCalibration:
    known: dict[Modality, Encoder] = {"text": starter.StarterText()}
    if "image" in encoders:
        known["image"] = starter.StarterImage()
    if "sound" in encoders:
        known["sound"] = starter.StarterSound()
    priors: dict[Direction, DefaultCalibration] = {}
    cohort = None
    if "image" in encoders:
        own, other = _Drawn.by(encoders), _Drawn.by(known)
        scales = {"text-image": _scale(own.told, other.told, own.answers), "image-image": own.alike(other)}
        priors |= {way: _moved(_prior(way), scale) for way, scale in scales.items()}
        cohort = _cohort(own, other, encoders["text"], scales["text-image"])
    if "sound" in encoders:
        priors |= _sounds(encoders, known)
    return SelfCalibration(encoders["text"].space.revision, priors, cohort)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The names and drawings of the reference set by one encoder: questions (q, d), pictures (p, d), answers (q,)."""

    questions: Vectors
    pictures: Vectors
    answers: NDArray[np.int64]

    @classmethod
    def by(cls, encoders: Mapping[Modality, Encoder]) -> _Drawn:
        pairs = reference.names()
        form = encoders["image"].form
        assert isinstance(form, ImageSpec)
        pictures = _in_parts(encoders["image"], list(reference.drawings(form)))
        questions = _in_parts(encoders["text"], [each.question for each in pairs])
        return cls(questions, pictures, np.array([each.answer for each in pairs]))

    @property
    def told(self) -> Vectors:
        """(q, things): how near each question is to the nearer drawing of each thing."""
        scores = self.questions @ self.pictures.T
        return np.asarray(scores.reshape(len(scores), -1, reference.DRAWINGS).max(axis=2), np.float32)

    def alike(self, other: _Drawn) -> Scale:
        """The scale of pictures that ask for pictures: by the second drawing of each thing."""
        own, its = (
            each.pictures[0 :: reference.DRAWINGS] @ each.pictures[1 :: reference.DRAWINGS].T for each in (self, other)
        )
        return _scale(own, its, np.arange(len(own)))


def _cohort(own: _Drawn, other: _Drawn, text: Encoder, scale: Scale) -> CohortCalibration | None:
    fitted = starter.backgrounds().get("text-image")
    if fitted is None:
        return None
    extra = list(reference.absent())
    asked = np.concatenate([own.questions, _in_parts(text, extra)])
    theirs = np.concatenate([other.questions, starter.StarterText().encode(extra)])
    bank, typical = _in_parts(text, list(reference.everyday())), own.pictures.mean(axis=0)
    wanted = calibration.traits(theirs, fitted.everyday, fitted.typical)
    reached = calibration.traits(asked, bank, typical)
    near = _by_spread(reached[:, :2].ravel(), float(wanted[:, :2].mean()), float(wanted[:, :2].std()))
    middle = _by_spread(reached[:, 2], float(wanted[:, 2].mean()), float(wanted[:, 2].std()))
    return CohortCalibration(fitted.weights, bank, typical, None, scale, near, middle)


def _sounds(
    encoders: Mapping[Modality, Encoder], known: Mapping[Modality, Encoder]
) -> dict[Direction, DefaultCalibration]:
    """Of the few sounds among the samples: rough, but of this encoder."""
    tables = []
    for each in (encoders, known):
        form = each["sound"].form
        assert isinstance(form, AudioSpec)
        names, windows = zip(*reference.sounds(form), strict=True)
        things = list(dict.fromkeys(names))
        rows = _in_parts(each["sound"], windows)
        owner = np.array([things.index(name) for name in names])
        mean = np.stack([rows[owner == thing].mean(axis=0) for thing in range(len(things))])
        tables.append((each["text"].encode(things) @ mean.T, rows @ mean.T, owner))
    (told, alike, owner), (its_told, its_alike, its_owner) = tables
    text = _scale(told, its_told, np.arange(len(told)))
    heard = _line(_leads(alike, owner), _leads(its_alike, its_owner))
    ways: dict[Direction, Scale] = {"text-sound": text, "sound-sound": heard, "image-sound": text, "sound-image": text}
    return {way: _moved(_prior(way), scale) for way, scale in ways.items()}


# ---------------------------------------------------------------- scales


def _prior(way: Direction) -> DefaultCalibration:
    return starter.priors().get(way) or find_model("starter").prior[way]


def _moved(prior: DefaultCalibration, scale: Scale) -> DefaultCalibration:
    """A fitted curve for cosines that lie elsewhere."""
    factor = scale.factor
    return DefaultCalibration((prior.midpoint - scale.offset) / factor, prior.slope * factor, prior.growth / factor)


def _scale(own: Vectors, other: Vectors, answers: NDArray[np.int64]) -> Scale:
    """own, other (q, n): cosines of questions and answers by two encoders; answers (q,): which one is right."""
    both = _found(own, answers) & _found(other, answers)
    if both.sum() < min(LEAST, len(answers) // 2):
        both[:] = True
    return _line(_leads(own[both], answers[both]), _leads(other[both], answers[both]))


def _found(scores: Vectors, answers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(q,) whether the right answer is among the nearest."""
    right = scores[np.arange(len(scores)), answers]
    return np.asarray((scores > right[:, None]).mean(axis=1) <= FOUND)


@dataclass(frozen=True, slots=True)
class _Leads:
    """Best cosines of questions: their mean where the answer is there, mean and deviation without it."""

    present: float
    absent: float
    deviation: float


def _leads(scores: Vectors, answers: NDArray[np.int64]) -> _Leads:
    right = scores[np.arange(len(scores)), answers]
    wrong = scores.copy()
    wrong[np.arange(len(scores)), answers] = -1.0
    best = wrong.max(axis=1)
    return _Leads(float(np.maximum(right, best).mean()), float(best.mean()), float(best.std()))


def _line(own: _Leads, other: _Leads) -> Scale:
    """Through two points: present and absent. Of an encoder that hardly tells these apart, only by what is absent."""
    gap = own.present - own.absent
    if gap < TELLS * own.deviation:
        factor = other.deviation / max(own.deviation, 1e-6)
    else:
        factor = (other.present - other.absent) / gap
    factor = float(np.clip(factor, 1 / STEEPEST, STEEPEST))
    return Scale(factor, other.absent - factor * own.absent)


def _by_spread(own: NDArray[Any], mean: float, deviation: float) -> Scale:
    """To a mean and a deviation."""
    factor = float(np.clip(deviation / max(float(own.std()), 1e-6), 1 / STEEPEST, STEEPEST))
    return Scale(factor, mean - factor * float(own.mean()))


def _in_parts(encoder: Encoder, items: Sequence[Any]) -> Vectors:
    return np.concatenate([encoder.encode(items[at : at + 64]) for at in range(0, len(items), 64)])


# ---------------------------------------------------------------- files


def write(found: SelfCalibration, path: Path) -> None:
    """Keeps a calibration, whole or not at all."""
    about: dict[str, Any] = {
        "layout": LAYOUT,
        "fitted": str(starter.config().values["revision"]),
        "revision": found.revision,
        "priors": {way: asdict(prior) for way, prior in found.priors.items()},
        "free": found.free,
        "count": found.count,
    }
    arrays: dict[str, Any] = {}
    if found.cohort is not None:
        about["weights"] = asdict(found.cohort.weights)
        about["scales"] = [
            asdict(each) for each in (found.cohort.scale, found.cohort.bank_scale, found.cohort.typical_scale)
        ]
        arrays |= {"everyday": found.cohort.everyday.astype(np.float16), "typical": found.cohort.typical}
    if found.scene is not None:
        arrays["scene"] = found.scene
    content = io.BytesIO()
    np.savez(content, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(content.getvalue())
    new.replace(path)


def read(path: Path, revision: str) -> SelfCalibration | None:
    """The calibration in a file; None where it is not there, of another encoder's revision or of another fitted one."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            arrays = {name: file[name].astype(np.float32) for name in file.files if name != "about"}
            about = json.loads(file["about"].tobytes())
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    if (about["layout"], about["fitted"], about["revision"]) != (
        LAYOUT,
        str(starter.config().values["revision"]),
        revision,
    ):
        return None
    cohort = None
    if "weights" in about:
        scales = (Scale(**each) for each in about["scales"])
        cohort = CohortCalibration(
            calibration.Weights(**about["weights"]), arrays["everyday"], arrays["typical"], None, *scales
        )
    priors = {way: DefaultCalibration(**prior) for way, prior in about["priors"].items()}
    return SelfCalibration(revision, priors, cohort, arrays.get("scene"), float(about["free"]), int(about["count"]))


def calibration_of(model: Model, space: Space, home: Path | None) -> SelfCalibration | None:
    """What was measured of a model in a space: by the library in folder `home`, else when it came to this machine."""
    places = [library_file(home, space.name)] if home else []
    found = (read(path, space.revision) for path in (*places, model_file(space)))
    return next((each for each in found if each is not None), None)


def library_file(home: Path, role: str) -> Path:
    """Where a library keeps the calibration of one of its spaces."""
    return home / "calibration" / f"{role}.npz"


def model_file(space: Space) -> Path:
    """Where the calibration of a model lies that no library has changed."""
    return models_dir() / "calibrations" / f"{space.name}-{space.revision}.npz"


def measured(model: Model, encoders: Mapping[Modality, Encoder]) -> SelfCalibration:
    """The calibration of a model that is on this machine, measured now where it was not before. Raises: as `measure`."""
    path = model_file(encoders["text"].space)
    found = read(path, encoders["text"].space.revision)
    if found is None:
        found = measure(encoders)
        write(found, path)
    return found
