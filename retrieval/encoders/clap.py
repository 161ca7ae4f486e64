"""CLAP: sounds and texts about sounds in a space of their own; exported from transformers once, served without torch.

    FOLDER, as transformers saves a ClapModel with its processor: config.json (model_type "clap"), weights, tokenizer,
    preprocessor_config.json

    its ONNX form
      config.json             embed_dim, text_cfg as of any ONNX folder; clap: rate, window_ms, hop, padding
      textual/model.onnx      input_ids, attention_mask (n, length) -> (n, embed_dim)
      textual/tokenizer.json  as the library `tokenizers` writes it
      audio/model.onnx        features (n, 1, frames, bands), decibels -> (n, embed_dim)
      audio/features.npz      window (length,), filters (bins, bands)

The library's extractor cuts what is longer than its window at random, and marks a random item of a batch as longer. Here a
recording comes in windows of that length, so that nothing is cut, nothing is random, and the branch of a fused checkpoint
for longer sounds is never taken. Source: transformers 5.23, models/clap.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, Modality, Space, Vectors
from retrieval.encoders import onnx
from retrieval.encoders.embedding_gemma import without_filling
from retrieval.encoders.torch_export import EXTRA, torch_library, whole_folder, write_graph
from retrieval.errors import EncoderUnavailable, importing

SETTINGS = "clap"
AUDIO = "audio/model.onnx"
FEATURES = "audio/features.npz"
HALVES: dict[Modality, tuple[str, ...]] = {
    "text": (onnx.CONFIG, onnx.TEXTUAL, onnx.TOKENIZER, onnx.TOKENIZER_CONFIG),
    "sound": (onnx.CONFIG, AUDIO, FEATURES),
}
FLOOR = 1e-10  # the least power, of which the logarithm is taken


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is one of a CLAP model that transformers saved."""
    config = folder / onnx.CONFIG
    return config.is_file() and onnx.read_json(config).get("model_type") == "clap"


def is_export(folder: Path) -> bool:
    """Whether a folder is an ONNX form that `export` wrote."""
    return (folder / AUDIO).is_file() and SETTINGS in onnx.read_json(folder / onnx.CONFIG)


def modalities(folder: Path) -> frozenset[Modality]:
    """What an exported folder can encode."""
    return frozenset(modality for modality, names in HALVES.items() if all((folder / name).is_file() for name in names))


def dimension(folder: Path) -> int:
    """Of the vectors of a checkpoint, as its configuration states it. Raises: EncoderUnavailable."""
    return int(onnx.read_json(folder / onnx.CONFIG).get("projection_dim", 512))


class ClapSound:
    """Windows of sound through audio/model.onnx; zeros at an end count as what filled it up. Safe from several threads."""

    accepts: Modality = "sound"

    def __init__(self, folder: Path, space: Space) -> None:
        """Reads the configuration only. Raises: EncoderUnavailable."""
        self._settings: dict[str, Any] = onnx.read_json(folder / onnx.CONFIG)[SETTINGS]
        window = int(self._settings["window_ms"])
        self.space = space
        self.form = AudioSpec(int(self._settings["rate"]), window, window // 2)
        self._features = folder / FEATURES
        self._graph = onnx.Graph(folder / AUDIO)

    def encode(self, items: Sequence[NDArray[np.float32]]) -> Vectors:
        """(n, dimension) float32 unit rows, of windows (samples,) in -1..1; what is beyond `form.window_ms` is cut."""
        return self._graph.unit_rows(items, self._feed, self.space)

    def _feed(self, items: Sequence[NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
        return {"features": np.stack([self._decibels(each) for each in items])[:, None]}

    def _decibels(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(frames, bands) of a window (samples,): powers of the bands of a spectrum at every hop, in decibels."""
        window, filters = self._tables
        samples = self._filled(without_filling(samples, self.form.rate))
        padded = np.pad(samples.astype(np.float64), len(window) // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, len(window))[:: int(self._settings["hop"])]
        powers = np.abs(np.fft.rfft(frames * window)) ** 2 @ filters
        return np.asarray(10 * np.log10(np.maximum(powers, FLOOR)), np.float32)

    def _filled(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """A window (n,) of exactly `form.window_ms`: a shorter sound is repeated, as the model's padding says."""
        whole = self.form.rate * self.form.window_ms // 1000
        times, padding = whole // len(samples), self._settings["padding"]
        if padding == "repeat":
            samples = np.tile(samples, times + 1)
        elif padding == "repeatpad" and times:
            samples = np.tile(samples, times)
        return np.pad(samples[:whole], (0, max(0, whole - len(samples))))

    @cached_property
    def _tables(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        with np.load(self._features) as file:
            return file["window"], file["filters"]


# ---------------------------------------------------------------- the ONNX form


def export(folder: Path, target: Path) -> None:
    """A checkpoint as the ONNX form at `target`, whole or not at all. Raises: EncoderUnavailable."""
    model, extractor, tokenizer = _load(folder)
    audio = model.config.audio_config
    if audio.enable_fusion and audio.fusion_type == "channel_map":
        raise EncoderUnavailable(
            f"{folder.name} has no ONNX form: its fusion channel_map runs in no library", "take another checkpoint"
        )
    names = {"pad_token": tokenizer.pad_token, "padding_side": tokenizer.padding_side}
    with whole_folder(target) as new:
        for name in ("textual", "audio"):
            (new / name).mkdir()
        tokenizer.backend_tokenizer.save(str(new / onnx.TOKENIZER))
        (new / onnx.TOKENIZER_CONFIG).write_text(json.dumps(names), "utf-8")
        (new / onnx.CONFIG).write_text(json.dumps(_config(model, extractor, tokenizer), indent=2), "utf-8")
        is_fused = extractor.truncation == "fusion"
        filters = extractor.mel_filters if is_fused else extractor.mel_filters_slaney
        window = np.hanning(extractor.fft_window_size + 1)[:-1]
        np.savez(new / FEATURES, window=window, filters=filters)
        _export_halves(model, extractor, new)


def _config(model: Any, extractor: Any, tokenizer: Any) -> dict[str, Any]:
    places = int(model.config.text_config.max_position_embeddings) - int(model.config.text_config.pad_token_id) - 1
    text = {"context_length": min(int(tokenizer.model_max_length), places), "padding": "longest"}
    sound = {
        "rate": extractor.sampling_rate,
        "window_ms": 1000 * extractor.max_length_s,
        "hop": extractor.hop_length,
        "padding": extractor.padding,
    }
    return {
        "embed_dim": int(model.config.projection_dim),
        "text_cfg": {**text, "tokenizer_kwargs": {"clean": "strip"}},
        SETTINGS: sound,
    }


def _export_halves(model: Any, extractor: Any, target: Path) -> None:
    torch = torch_library()
    encoder = model.audio_model.audio_encoder
    for part in (encoder, encoder.patch_embed):  # no window is longer than the model's
        part.enable_fusion = False

    class Sound(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Features (n, 1, frames, bands) -> rows."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, features: Any) -> Any:
            return self.model.get_audio_features(features).pooler_output

    class Text(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Tokens (n, length) -> rows."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.model.get_text_features(input_ids=input_ids, attention_mask=attention_mask).pooler_output

    ids = torch.full((2, 9), 5, dtype=torch.int64)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    write_graph(Text().eval(), given, target / onnx.TEXTUAL, varying=(0, 1))
    frames = extractor.nb_max_samples // extractor.hop_length + 1
    features = torch.randn(2, 1, frames, extractor.feature_size)
    write_graph(Sound().eval(), {"features": features}, target / AUDIO)


def _load(folder: Path) -> tuple[Any, Any, Any]:
    """The library's model in float32, its feature extractor and its tokenizer. Raises: EncoderUnavailable."""
    with importing("transformers", EXTRA, EncoderUnavailable):
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel
        from transformers.utils.logging import disable_progress_bar

    torch = torch_library()
    disable_progress_bar()
    try:
        model = ClapModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
        ).eval()
        extractor = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        return model, extractor, AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # missing files, wrong shapes, broken archives: many kinds
        raise EncoderUnavailable(
            f"{folder} cannot be loaded by transformers: {str(error)[:200]}", "fetch or add the model again"
        ) from error
