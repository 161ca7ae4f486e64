"""A folder of ONNX graphs in the layout that Immich publishes, served without torch.

    FOLDER/
      config.json                       embed_dim, text_cfg: context_length, tokenizer_kwargs (as open_clip names them)
      visual/model.onnx                 image: float32 (n, 3, size, size) -> (n, embed_dim)
      visual/preprocess_cfg.json        size, mean, std, interpolation, resize_mode, fill_color
      textual/model.onnx                text: int (n, context_length) -> (n, embed_dim);
                                        or input_ids and attention_mask, for sentence models
      textual/tokenizer.json            as the library `tokenizers` writes it
      textual/tokenizer_config.json     pad_token

Either half may be absent. Owns normalising of pixels, cleaning and cutting of text, and unit length; the geometry of a
picture (crop, squeeze, pad) is `media.image.fit`'s, which obeys `form`. onnxruntime, tokenizers and ftfy are imported
when the first item is encoded.
Source of the layout: github.com/immich-app/immich, machine-learning; of the text cleaning: open_clip/tokenizer.py.
"""

from __future__ import annotations

import html
import json
import string
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import ImageSpec, Modality, Space, Vectors
from retrieval.encoders import pieces
from retrieval.encoders.onnx_session import open_session
from retrieval.encoders.runtimes import ImageRuntime, Tower
from retrieval.errors import EncoderUnavailable, SpaceMismatch

CONFIG = "config.json"
VISUAL = "visual/model.onnx"
PREPROCESS = "visual/preprocess_cfg.json"
TEXTUAL = "textual/model.onnx"
TOKENIZER = "textual/tokenizer.json"
TOKENIZER_CONFIG = "textual/tokenizer_config.json"
FILES: dict[Modality, tuple[str, ...]] = {
    "text": (CONFIG, TEXTUAL, TOKENIZER, TOKENIZER_CONFIG),
    "image": (CONFIG, VISUAL, PREPROCESS),
}
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)  # of pixels in 0..1, red, green, blue: open_clip's default
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
BRIEF_ITEMS = 20  # texts after which opening a lasting session is paid back
BATCH = 16  # items in one call of a graph: bounds memory, and more is not faster on a CPU

_DTYPES: dict[str, Any] = {"tensor(uint8)": np.uint8, "tensor(float16)": np.float16, "tensor(float)": np.float32}
_FITS: dict[str, Literal["crop", "squeeze", "pad"]] = {"shortest": "crop", "squash": "squeeze", "longest": "pad"}
_RESAMPLES: dict[str, Literal["bicubic", "bilinear", "lanczos"]] = {"bilinear": "bilinear", "lanczos": "lanczos"}


def modalities(folder: Path) -> frozenset[Modality]:
    """Which halves the folder holds completely."""
    return frozenset(modality for modality, names in FILES.items() if all((folder / name).is_file() for name in names))


def dimension(folder: Path) -> int:
    """Of the folder's vectors, as config.json states it. Raises: EncoderUnavailable."""
    config = read_json(folder / CONFIG)
    if not isinstance(config.get("embed_dim"), int):
        raise EncoderUnavailable(
            f"{folder / CONFIG} states no embed_dim", "it is not the configuration of a CLIP model"
        )
    return int(config["embed_dim"])


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises: EncoderUnavailable where it is missing or broken."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EncoderUnavailable(
            f"{path} cannot be read: {error.strerror}", "crossmedia models fetch or add"
        ) from error
    except ValueError as error:
        raise EncoderUnavailable(f"{path} is not JSON", "fetch or export the model again") from error
    if not isinstance(value, dict):
        raise EncoderUnavailable(f"{path} holds no JSON object", "fetch or export the model again")
    return value


def pixels_of(preprocess: dict[str, Any]) -> ImageSpec:
    """How open_clip's `preprocess_cfg` wants a picture. Raises: EncoderUnavailable for a form we cannot make."""
    size = preprocess.get("size", 224)
    height, width = (size, size) if isinstance(size, int) else size
    mode = preprocess.get("resize_mode") or "shortest"
    if height != width or mode not in _FITS:
        raise EncoderUnavailable(
            f"the model wants {width}x{height} pictures by resize_mode {mode}",
            "only square ones by " + ", ".join(_FITS),
        )
    resample = _RESAMPLES.get(preprocess.get("interpolation", ""), "bicubic")  # "random" is for training: bicubic here
    return ImageSpec(int(height), _FITS[mode], resample, int(preprocess.get("fill_color", 0)))


class OnnxImage:
    """Pictures through visual/model.onnx. Safe from several threads."""

    accepts: Modality = "image"

    def __init__(self, folder: Path, space: Space) -> None:
        """Reads the configuration only. Raises: EncoderUnavailable."""
        preprocess = read_json(folder / PREPROCESS)
        self.space = space
        self.form = pixels_of(preprocess)
        self._mean = np.asarray(preprocess.get("mean", CLIP_MEAN), np.float32) * 255
        self._std = np.asarray(preprocess.get("std", CLIP_STD), np.float32) * 255
        self._graph = Graph(folder / VISUAL)
        self._folder = folder
        own = self._graph
        self._runtime = ImageRuntime(
            Tower(
                space,
                self.form,
                lambda: folder / VISUAL,
                own.run_parts,
                self._arrays,
                self._golden_questions,
                lambda: own.is_plain,
            )
        )

    def expect(self, count: int) -> None:
        """See protocols.Expecting."""
        self._runtime.expect(count)

    def encode(self, items: Sequence[NDArray[np.uint8]]) -> Vectors:
        """(n, dimension) float32 unit rows of uint8 (size, size, 3) pictures."""
        shape = (self.form.size, self.form.size, 3)
        for item in items:
            if item.shape != shape or item.dtype != np.uint8:
                raise SpaceMismatch(
                    f"{self.space.name} takes uint8 {shape}, not {item.dtype} {item.shape}",
                    "retrieval.media.image.decode.fit brings a picture to the encoder's form",
                )
        rows = self._runtime.rows(items)
        return self._graph.unit_rows(items, self._feed, self.space) if rows is None else unit(rows, self.space)

    def _arrays(self, items: Sequence[NDArray[np.uint8]], part: int, dtype: Any) -> list[NDArray[Any]]:
        """Pictures as a graph of that input takes them, `part` in each array; dtype None: as this graph has it."""
        dtype = _DTYPES[self._graph.inputs[0][1]] if dtype is None else dtype
        return [self._normalised(items[at : at + part], dtype) for at in range(0, len(items), part)]

    def _golden_questions(self) -> Vectors:
        """The names of the reference's drawings in this space (n, dimension); the drawings where there is no text half."""
        from retrieval.encoders import reference

        if "text" in modalities(self._folder):
            return OnnxText(self._folder, self.space).encode([each.question for each in reference.names()])
        return self.encode(reference.pictures(self.form, 64))

    def _feed(self, items: Sequence[NDArray[np.uint8]]) -> dict[str, NDArray[Any]]:
        name, kind = self._graph.inputs[0]
        return {name: self._normalised(items, _DTYPES[kind])}

    def _normalised(self, items: Sequence[NDArray[np.uint8]], dtype: Any) -> NDArray[Any]:
        """(n, 3, size, size) float; a graph of uint8, which normalises by itself, takes (n, size, size, 3)."""
        if dtype == np.uint8:
            return np.stack(items)
        values = np.empty((len(items), 3, self.form.size, self.form.size), np.float32)
        for value, item in zip(values, items, strict=True):  # in place: no array is made for each of the steps
            np.subtract(item.transpose(2, 0, 1), self._mean[:, None, None], out=value)
            np.divide(value, self._std[:, None, None], out=value)
        return values.astype(dtype, copy=False)


class OnnxText:
    """Texts through textual/model.onnx. Safe from several threads."""

    accepts: Modality = "text"
    form = None

    def __init__(self, folder: Path, space: Space, prompt: str = "") -> None:
        """Reads the configuration only. `prompt` holds a `{}` for the text. Raises: EncoderUnavailable."""
        config = read_json(folder / CONFIG).get("text_cfg", {})
        self.space = space
        self._folder = folder
        self._prompt = prompt or str(config.get("prefix", "")).replace("{", "{{").replace("}", "}}") + "{}"
        self._length = int(config.get("context_length", 77))
        self._fixed = config.get("padding", "fixed") == "fixed"
        self._strip_sep = bool((config.get("tokenizer_kwargs") or {}).get("strip_sep_token"))
        self._clean = CLEANERS[cleaner_of(config)]
        self._graph = Graph(folder / TEXTUAL, brief=True)
        self._brief_texts = BRIEF_ITEMS

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, dimension) float32 unit rows; text past the model's context is cut."""
        return self._graph.unit_rows(items, self._feed, self.space)

    def _feed(self, items: Sequence[str]) -> dict[str, NDArray[Any]]:
        texts = [self._clean(self._prompt.format(item)) for item in items]
        encodings = self._tokenizer_for(texts).encode_batch(texts)
        ids = np.array([each.ids for each in encodings])
        if self._strip_sep:
            ids[ids == self._sep] = 0
        given = {
            "attention_mask": np.array([each.attention_mask for each in encodings]),
            "token_type_ids": np.zeros_like(ids),
        }
        return {
            name: given.get(name, ids).astype(np.int32 if kind == "tensor(int32)" else np.int64)
            for name, kind in self._graph.inputs
        }

    def _tokenizer_for(self, texts: Sequence[str]) -> Any:
        """A single one of the first texts is cut without the whole tokenizer, which takes 0.1 s to read."""
        if "_tokenizer" not in self.__dict__ and len(texts) == 1 and self._brief_texts > 0:
            self._brief_texts -= 1
            names = read_json(self._folder / TOKENIZER_CONFIG)
            also = [_token(names, key) for key in ("pad_token", "sep_token")]
            if few := pieces.tokenizer_for(self._folder / TOKENIZER, texts[0], also):
                return self._configured(few)
        return self._tokenizer

    @cached_property
    def _tokenizer(self) -> Any:
        return self._configured(read_tokenizer(self._folder / TOKENIZER))

    def _configured(self, tokenizer: Any) -> Any:
        """The tokenizer with the padding and the length of this model."""
        path, names = self._folder / TOKENIZER, read_json(self._folder / TOKENIZER_CONFIG)
        pad = _token(names, "pad_token")
        pad_id = tokenizer.token_to_id(pad)
        if pad_id is None:
            raise EncoderUnavailable(f"{path} has no token {pad!r} to pad with", "fetch or export the model again")
        self._sep = tokenizer.token_to_id(_token(names, "sep_token")) if self._strip_sep else -1
        side = str(names.get("padding_side", "right"))
        tokenizer.enable_padding(
            direction=side, pad_id=pad_id, pad_token=pad, length=self._length if self._fixed else None
        )
        tokenizer.enable_truncation(self._length)
        return tokenizer


def read_tokenizer(path: Path) -> Any:
    """The `tokenizers.Tokenizer` in a file. Raises: EncoderUnavailable."""
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception for a broken file
        raise EncoderUnavailable(f"{path} cannot be read: {error}", "fetch or export the model again") from error


def _token(names: dict[str, Any], key: str) -> str:
    """A special token of tokenizer_config.json: a string, or an object that describes it."""
    value = names.get(key, "")
    return str(value["content"] if isinstance(value, dict) else value)


class Graph:
    """An ONNX session that opens on first use; one lock for opening, none for running (onnxruntime needs none).

    A brief one is for a process that asks once: it is opened in a fifth of the time and half the memory, runs a tenth
    slower, and gives way to a lasting one after BRIEF_ITEMS: docs/decisions/0336.
    """

    def __init__(self, path: Path, *, brief: bool = False) -> None:
        self._path = path
        self._lock = Lock()
        self._session: Any = None
        self._brief_items = BRIEF_ITEMS if brief else 0  # until it gives way

    @property
    def session(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = open_session(self._path, brief=self._brief_items > 0)
            return self._session

    def _foresee(self, count: int) -> None:
        """A brief session that has run its time, or is to run many items, gives way to a lasting one."""
        with self._lock:
            if self._brief_items > 0:
                self._brief_items -= count
                if self._brief_items <= 0:
                    self._session = None

    @property
    def inputs(self) -> list[tuple[str, str]]:
        """Name and element type of each input."""
        return [(each.name, each.type) for each in self.session.get_inputs()]

    @property
    def is_plain(self) -> bool:
        """Whether it runs on the CPU and takes one array of any number of items."""
        inputs = self.session.get_inputs()
        return (
            self.session.get_providers()[0] == "CPUExecutionProvider" and len(inputs) == 1 and inputs[0].shape[0] != 1
        )

    def run_parts(self, parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Rows (n, ...) of the first output for each part, (n, ...) of the dtype of the only input."""
        name = self.session.get_inputs()[0].name
        return [self.session.run(None, {name: part})[0] for part in parts]

    def run(self, feed: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """The graph's first output (any shape), float32 numbers of any size. feed: arrays of its inputs, by name."""
        return np.asarray(self.session.run(None, feed)[0], np.float32)

    def unit_rows(
        self, items: Sequence[Any], feed: Callable[[Sequence[Any]], dict[str, NDArray[Any]]], space: Space
    ) -> Vectors:
        """The graph's first output for all items, in batches, as unit rows (n, dimension). Raises: SpaceMismatch.

        feed: items to the arrays of the graph's inputs, each (batch, ...) of the graph's own dtype.
        """
        if not len(items):
            return np.zeros((0, space.dimension), np.float32)
        self._foresee(len(items))
        step = 1 if self.session.get_inputs()[0].shape[0] == 1 else BATCH  # some exports fix the batch at one
        parts = [self.session.run(None, feed(items[at : at + step]))[0] for at in range(0, len(items), step)]
        return unit(np.concatenate(parts), space)


def unit(rows: NDArray[Any], space: Space) -> Vectors:
    """Rows (n, dimension) of length 1 in float32; a row of zeros stays. Raises: SpaceMismatch for another dimension."""
    vectors = np.asarray(rows, np.float32)
    if vectors.ndim != 2 or vectors.shape[1] != space.dimension:
        raise SpaceMismatch(
            f"the model of {space.name} gives vectors of shape {vectors.shape[1:]}, not {space.dimension}",
            "its files are not the ones that were recorded; fetch or add it again",
        )
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def cleaner_of(text_cfg: dict[str, Any]) -> str:
    """The name of open_clip's cleaning for a text configuration: its own tokenizer lowers, a hub's keeps case."""
    stated = (text_cfg.get("tokenizer_kwargs") or {}).get("clean")
    return str(stated or ("whitespace" if text_cfg.get("hf_tokenizer_name") else "lower"))


def _mend(text: str) -> str:
    """Broken encodings and HTML entities repaired; plain ASCII needs none of it and spares 0.1 s of import."""
    if text.isascii() and text.isprintable() and "&" not in text:
        return text
    import ftfy

    return html.unescape(html.unescape(ftfy.fix_text(text)))


def _whitespace(text: str) -> str:
    return " ".join(_mend(text).split())


def _lower(text: str) -> str:
    return _whitespace(text).lower()


def _canonicalize(text: str) -> str:
    bare = _mend(text).replace("_", " ").translate(str.maketrans("", "", string.punctuation))
    return " ".join(bare.lower().split())


CLEANERS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "whitespace": _whitespace,
    "lower": _lower,
    "canonicalize": _canonicalize,
}
