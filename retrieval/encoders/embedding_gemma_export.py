"""A checkpoint of EmbeddingGemma 2, as sentence-transformers saves it, as the ONNX folder of `embedding_gemma`.

torch, transformers and sentence_transformers are imported when a model is exported.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.encoders import embedding_gemma, onnx
from retrieval.encoders.torch_export import torch_library, whole_folder, write_graph
from retrieval.errors import EncoderUnavailable

MODEL_TYPE = "embedding_gemma2"


def is_checkpoint(folder: Path) -> bool:
    """Whether the transformer of a sentence-transformers folder is EmbeddingGemma 2."""
    config = folder / "config.json"
    return config.is_file() and onnx.read_json(config).get("model_type") == MODEL_TYPE


def export(model: Any, target: Path, dimension: int) -> None:
    """A loaded SentenceTransformer, attention "eager", as a folder at `target`, whole or not at all.

    Raises: EncoderUnavailable where its features cannot be computed here, or a graph cannot be written.
    """
    transformer = model[0].auto_model
    extractor = getattr(model[0].processor, "feature_extractor", None)
    if extractor is not None and (extractor.preemphasis or extractor.dither or extractor.per_bin_mean is not None):
        raise EncoderUnavailable(
            f"{target.name} has no ONNX form: its sound features take preemphasis, dither or means", "torch serves it"
        )
    with whole_folder(target) as new:
        for name in ("textual", "visual", "audio"):
            (new / name).mkdir()
        model.tokenizer.backend_tokenizer.save(str(new / onnx.TOKENIZER))
        (new / onnx.CONFIG).write_text(json.dumps(_config(model, dimension), indent=2), "utf-8")
        _export_text(model, transformer, new)
        if transformer.vision_tower is not None:
            _export_image(transformer, new)
        if transformer.audio_tower is not None and extractor is not None:
            np.savez(new / embedding_gemma.FEATURES, window=extractor.window, filters=extractor.mel_filters)
            _export_sound(transformer, extractor, new)


def _config(model: Any, dimension: int) -> dict[str, Any]:
    """config.json: all that `embedding_gemma` needs to know of the processor."""
    processor, tokenizer = model[0].processor, model.tokenizer
    settings: dict[str, Any] = {"prompts": dict(model.prompts), "around": {}}
    if (image := getattr(processor, "image_processor", None)) is not None:
        settings["image"] = {
            "patch": image.patch_size,
            "cell": image.pooling_kernel_size,
            "tokens": image.max_soft_tokens,
        }
        settings["around"]["image"] = [tokenizer.boi_token, tokenizer.eoi_token]
    if (sound := getattr(processor, "feature_extractor", None)) is not None:
        settings["sound"] = {
            "rate": sound.sampling_rate,
            "window_ms": embedding_gemma.WINDOW_MS,
            "hop": sound.hop_length,
            "fft": sound.fft_length,
            "floor": float(sound.mel_floor),
        }
        settings["around"]["sound"] = [tokenizer.boa_token, tokenizer.eoa_token]
    length = min(int(model.max_seq_length or 8192), 8192)
    return {"embed_dim": dimension, "text_cfg": {"context_length": length}, embedding_gemma.SETTINGS: settings}


def _export_text(model: Any, transformer: Any, target: Path) -> None:
    torch = torch_library()
    language = transformer.language_model

    class Embed(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Token ids (n,) -> states (n, hidden)."""

        def __init__(self) -> None:
            super().__init__()
            self.table = language.embed_tokens

        def forward(self, ids: Any) -> Any:
            return self.table(ids)

    class Sentence(torch.nn.Module):  # type: ignore[misc, name-defined]
        """States (1, n, hidden) -> a row: the backbone, then the library's own modules behind it."""

        def __init__(self) -> None:
            super().__init__()
            self.language = language
            self.rest = torch.nn.ModuleList(list(model)[1:])
            self.radius = int(language.config.sliding_window)

        def forward(self, states: Any) -> Any:
            places = torch.arange(states.shape[1])
            far = (places[:, None] - places[None, :]).abs() > self.radius
            near = torch.where(far, torch.finfo(states.dtype).min, 0.0)[None, None]
            masks = {"full_attention": None, "sliding_attention": near}
            seen = self.language(inputs_embeds=states, attention_mask=masks).last_hidden_state
            features = {"token_embeddings": seen, "attention_mask": torch.ones_like(states[:, :, 0])}
            for each in self.rest:
                features = each(features)
            return features["sentence_embedding"]

    hidden = language.config.hidden_size
    write_graph(Embed().eval(), {"ids": torch.ones(9, dtype=torch.int64)}, target / embedding_gemma.EMBED)
    write_graph(Sentence().eval(), {"states": torch.randn(1, 9, hidden)}, target / onnx.TEXTUAL, varying=(1,))


def _export_image(transformer: Any, target: Path) -> None:
    torch = torch_library()
    tower = transformer.vision_tower

    class Soft(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Patches, those of a soft token beside each other -> soft tokens (n, hidden)."""

        def __init__(self) -> None:
            super().__init__()
            self.tower, self.embed = tower, transformer.embed_vision

        def forward(self, pixels: Any, positions: Any) -> Any:
            flat, places = pixels.flatten(0, 1)[None], positions.flatten(0, 1)[None]
            states = self.tower.patch_embedder(flat, places, torch.zeros_like(places[..., 0], dtype=torch.bool))
            seen = self.tower.encoder(inputs_embeds=states, attention_mask=None, pixel_position_ids=places)
            pooled = seen.last_hidden_state[0].unflatten(0, (-1, pixels.shape[1])).mean(1)
            pooled = pooled * self.tower.pooler.root_hidden_size
            if self.tower.config.standardize:
                pooled = (pooled - self.tower.std_bias) * self.tower.std_scale
            return self.embed(pooled)

    patch, cell = tower.config.patch_size, tower.config.pooling_kernel_size
    example = {
        "pixels": torch.rand(6, cell * cell, 3 * patch * patch),
        "positions": torch.arange(cell * cell)[None, :, None].expand(6, cell * cell, 2).contiguous(),
    }
    write_graph(Soft().eval(), example, target / onnx.VISUAL)


def _export_sound(transformer: Any, extractor: Any, target: Path) -> None:
    torch = torch_library()

    class Soft(torch.nn.Module):  # type: ignore[misc, name-defined]
        """Bands (1, frames, bands) of one window -> soft tokens (1, m, hidden)."""

        def __init__(self) -> None:
            super().__init__()
            self.tower, self.embed = transformer.audio_tower, transformer.embed_audio

        def forward(self, features: Any, mask: Any) -> Any:
            return self.embed(self.tower(features, mask).last_hidden_state)

    samples = extractor.sampling_rate * embedding_gemma.WINDOW_MS // 1000
    frames = (samples + extractor.frame_length // 2 - extractor.frame_length - 1) // extractor.hop_length + 1
    example = {
        "features": torch.randn(1, frames, extractor.feature_size),
        "mask": torch.arange(frames)[None] < frames - 40,
    }
    write_graph(Soft().eval(), example, target / embedding_gemma.AUDIO, varying=(), optimize=False)
