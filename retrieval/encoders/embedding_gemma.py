"""EmbeddingGemma 2 from its ONNX form, without torch: texts, pictures and sounds in one space.

    FOLDER/
      config.json             embed_dim, text_cfg as of any ONNX folder; embedding_gemma: see `_settings`
      textual/embed.onnx      ids (n,) int64 -> (n, hidden)
      textual/model.onnx      states (1, n, hidden) -> (1, embed_dim) unit rows
      textual/tokenizer.json  as the library `tokenizers` writes it
      visual/model.onnx       pixels (n, k * k, 3 * p * p), positions (n, k * k, 2) -> (n, hidden): n soft tokens
      audio/model.onnx        features (1, frames, bands), mask (1, frames) -> (1, m, hidden)
      audio/features.npz      window (length,), filters (bins, bands)

The soft tokens of a picture or a sound pass through the same text graph as words do. `embedding_gemma_export` writes such a
folder from a checkpoint. Everything is encoded by itself: without padding there is nothing to mask. float32 throughout, for
the states leave the range of float16.

Source of pixels, features and layout of tokens: transformers 5.23, models/embedding_gemma2 and models/gemma4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ImageSpec, Modality, Space, Vectors
from retrieval.encoders import onnx

SETTINGS = "embedding_gemma"
EMBED = "textual/embed.onnx"
AUDIO = "audio/model.onnx"
FEATURES = "audio/features.npz"
WINDOW_MS, HOP_MS = 10_000, 5_000  # of a sound; the model itself cuts at 30 s without a word
HALVES: dict[Modality, tuple[str, ...]] = {
    "text": (onnx.CONFIG, EMBED, onnx.TEXTUAL, onnx.TOKENIZER),
    "image": (onnx.VISUAL,),
    "sound": (AUDIO, FEATURES),
}


def is_export(folder: Path) -> bool:
    """Whether a folder is one that `embedding_gemma_export` wrote."""
    return (folder / EMBED).is_file() and SETTINGS in onnx.read_json(folder / onnx.CONFIG)


def modalities(folder: Path) -> frozenset[Modality]:
    """What the folder can encode: a tower that the checkpoint lacks has no graph."""
    return frozenset(modality for modality, names in HALVES.items() if all((folder / name).is_file() for name in names))


class _Backbone:
    """Words and soft tokens -> one vector; the part that all media share."""

    def __init__(self, folder: Path, space: Space) -> None:
        """Reads the configuration only. Raises: EncoderUnavailable."""
        config = onnx.read_json(folder / onnx.CONFIG)
        self.space = space
        self.settings: dict[str, Any] = config[SETTINGS]
        self._length = int(config["text_cfg"]["context_length"])
        self._tokenizer_file = folder / onnx.TOKENIZER
        self._embed, self._model = onnx.Graph(folder / EMBED), onnx.Graph(folder / onnx.TEXTUAL)

    @cached_property
    def _tokenizer(self) -> Any:
        tokenizer = onnx.read_tokenizer(self._tokenizer_file)
        tokenizer.enable_truncation(self._length)
        tokenizer.no_padding()
        return tokenizer

    def text(self, text: str) -> Vectors:
        """(1, dimension) of a text; what is beyond the model's context is cut."""
        return self._vector(self._states(self._tokenizer.encode(text).ids))

    def soft(self, tokens: NDArray[np.float32], around: Sequence[str]) -> Vectors:
        """(1, dimension) float32, not of unit length, of soft tokens (n, hidden) between two special tokens."""
        ids = self._tokenizer.encode("".join(around)).ids
        at = ids.index(self._tokenizer.token_to_id(around[0])) + 1
        return self._vector(np.concatenate([self._states(ids[:at]), tokens, self._states(ids[at:])]))

    def _states(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return self._embed.run({"ids": np.array(ids, np.int64)})

    def _vector(self, states: NDArray[np.float32]) -> Vectors:
        return self._model.run({"states": states[None]})

    def unit(self, rows: Sequence[Vectors]) -> Vectors:
        """The rows (1, dimension) of all items as one array of unit rows (n, dimension)."""
        if not rows:
            return np.zeros((0, self.space.dimension), np.float32)
        return onnx.unit(np.concatenate(rows), self.space)


class GemmaText:
    """Texts. `prompt` stands before a text: a question's, or a document's. Safe from several threads."""

    accepts: Modality = "text"
    form = None

    def __init__(self, folder: Path, space: Space, prompt: str) -> None:
        """Reads the configuration only; prompt: a key of the prompts that the model states. Raises: EncoderUnavailable."""
        self.space = space
        self._backbone = _Backbone(folder, space)
        self._prompt = str(self._backbone.settings["prompts"].get(prompt, ""))

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, dimension) float32 unit rows."""
        return self._backbone.unit([self._backbone.text(self._prompt + item) for item in items])


class GemmaImage:
    """Pictures, which have about the shape that they had. Safe from several threads."""

    accepts: Modality = "image"

    def __init__(self, folder: Path, space: Space) -> None:
        """Reads the configuration only. Raises: EncoderUnavailable."""
        self.space = space
        self._backbone = _Backbone(folder, space)
        image = self._backbone.settings["image"]
        self._patch, self._cell = int(image["patch"]), int(image["cell"])
        step, tokens = self._patch * self._cell, int(image["tokens"])
        self.form = ImageSpec(round(step * tokens**0.5), "grid", "bicubic", step=step, tokens=tokens)
        self._around = self._backbone.settings["around"]["image"]
        self._tower = onnx.Graph(folder / onnx.VISUAL)

    def encode(self, items: Sequence[NDArray[np.uint8]]) -> Vectors:
        """(n, dimension) float32 unit rows of uint8 (height, width, 3) pictures, shaped by `form`."""
        return self._backbone.unit([self._one(item) for item in items])

    def _one(self, picture: NDArray[np.uint8]) -> Vectors:
        pixels, positions = cells(picture, self._patch, self._cell)
        return self._backbone.soft(self._tower.run({"pixels": pixels, "positions": positions}), self._around)


def cells(picture: NDArray[np.uint8], patch: int, cell: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Patches of a picture (height, width, 3), those of one cell beside each other, because one soft token is their mean.

    Returns (n, cell * cell, 3 * patch * patch) float32 in 0..1, and their places (n, cell * cell, 2) as (x, y).
    """
    down, across = (side // (patch * cell) for side in picture.shape[:2])
    shape = (down, cell, patch, across, cell, patch, 3)
    parts = (picture.astype(np.float32) / 255).reshape(shape).transpose(0, 3, 1, 4, 2, 5, 6)
    places = np.stack(np.meshgrid(np.arange(across * cell), np.arange(down * cell), indexing="xy"), axis=-1)
    grouped = places.reshape(down, cell, across, cell, 2).transpose(0, 2, 1, 3, 4)
    count = down * across
    return parts.reshape(count, cell * cell, -1), grouped.reshape(count, cell * cell, 2).astype(np.int64)


def without_filling(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Samples (n,) float32 in -1.0..1 without the zeros that fill up the last window of a recording; at least a tenth of
    a second stays."""
    return samples[: max(rate // 10, len(np.trim_zeros(samples, "b")))]


class GemmaSound:
    """Windows of sound. Safe from several threads."""

    accepts: Modality = "sound"

    def __init__(self, folder: Path, space: Space) -> None:
        """Reads the configuration only. Raises: EncoderUnavailable."""
        self.space = space
        self._backbone = _Backbone(folder, space)
        self._sound = self._backbone.settings["sound"]
        self.form = AudioSpec(int(self._sound["rate"]), int(self._sound["window_ms"]), HOP_MS)
        self._features = folder / FEATURES
        self._around = self._backbone.settings["around"]["sound"]
        self._tower = onnx.Graph(folder / AUDIO)

    def encode(self, items: Sequence[NDArray[np.float32]]) -> Vectors:
        """(n, dimension) float32 unit rows, of windows (samples,) in -1..1; what is beyond `form.window_ms` is cut."""
        return self._backbone.unit([self._one(item) for item in items])

    def _one(self, samples: NDArray[np.float32]) -> Vectors:
        features, mask = self._spectrogram(without_filling(samples, self.form.rate))
        tokens = self._tower.run({"features": features[None], "mask": mask[None]})[0]
        return self._backbone.soft(tokens[: int(mask[::2][::2].sum())], self._around)

    def _spectrogram(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Logarithms of bands (frames, bands), and which frames (frames,) are sound throughout."""
        window, filters = self._tables
        length, hop = len(window), int(self._sound["hop"])
        whole = self.form.rate * self.form.window_ms // 1000
        before = length // 2
        padded = np.pad(samples[:whole].astype(np.float64), (before, max(0, whole - len(samples))))
        frames = np.lib.stride_tricks.sliding_window_view(padded, length + 1)[::hop]
        bins = np.abs(np.fft.rfft(frames[:, :-1] * window, n=int(self._sound["fft"])))
        bands = np.log(bins @ filters + float(self._sound["floor"]))
        mask = np.arange(len(frames)) * hop + length < before + min(len(samples), whole)
        return (bands * mask[:, None]).astype(np.float32), mask

    @cached_property
    def _tables(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        with np.load(self._features) as file:
            return file["window"], file["filters"]
