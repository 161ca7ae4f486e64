"""open_clip models from a local checkpoint folder: by torch, and exported once to ONNX.

    FOLDER/
      open_clip_config.json             model_cfg and preprocess_cfg
      open_clip_model.safetensors       the weights (or open_clip_pytorch_model.bin, or one *.pt)
      tokenizer.json, ...               only where the model takes a tokenizer of a hub

That is open_clip's own format (`save_for_hf`, `local-dir:`). Any model name and tag becomes such a folder by `save`.
torch and open_clip are imported when the first item is encoded, saved or exported: about 4 s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import ImageSpec, Modality, Space, Vectors
from retrieval.encoders import onnx
from retrieval.encoders.torch_export import EXTRA, torch_library, whole_folder, write_graph
from retrieval.errors import EncoderUnavailable, SpaceMismatch, importing

CONFIG = "open_clip_config.json"


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is one that open_clip saved."""
    return (folder / CONFIG).is_file()


def dimension(folder: Path) -> int:
    """Of the model's vectors, as its configuration states it. Raises: EncoderUnavailable."""
    return int(model_cfg(folder)["embed_dim"])


def model_cfg(folder: Path) -> dict[str, Any]:
    """The architecture in open_clip_config.json. Raises: EncoderUnavailable."""
    config = onnx.read_json(folder / CONFIG).get("model_cfg")
    if not isinstance(config, dict) or "embed_dim" not in config:
        raise EncoderUnavailable(f"{folder / CONFIG} holds no model_cfg", "save the model with open_clip again")
    return config


def preprocess_cfg(folder: Path) -> dict[str, Any]:
    """size, mean, std, interpolation, resize_mode, fill_color, as open_clip itself completes them."""
    stated = onnx.read_json(folder / CONFIG).get("preprocess_cfg") or {}
    size = model_cfg(folder).get("vision_cfg", {}).get("image_size", 224)
    given = {key: value for key, value in stated.items() if value is not None}
    return {"size": size, "mean": onnx.CLIP_MEAN, "std": onnx.CLIP_STD, **given}


class _Loaded:
    """One model in torch, shared by its two encoders. Loaded on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._model: Any = None

    @property
    def device(self) -> str:
        torch = torch_library()
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def model(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _create(self.folder).to(self.device)
            return self._model

    @cached_property
    def tokenizer(self) -> Any:
        return _library().get_tokenizer(f"local-dir:{self.folder}")

    def rows(self, tensor: Any, half: str) -> NDArray[np.float32]:
        """Rows (n, dimension) of one half for a batch, not yet of unit length.

        Half precision on a GPU would cost more than it saves here.
        """
        torch = torch_library()
        with torch.inference_mode():
            rows = getattr(self.model, f"encode_{half}")(tensor.to(self.device), normalize=True)
        return np.asarray(rows.float().cpu().numpy(), np.float32)


class TorchImage:
    """Pictures through open_clip's own model, on CUDA where there is one."""

    accepts: Modality = "image"

    def __init__(self, loaded: _Loaded, space: Space) -> None:
        preprocess = preprocess_cfg(loaded.folder)
        self.space = space
        self.form: ImageSpec = onnx.pixels_of(preprocess)
        self._mean, self._std = (np.asarray(preprocess[key], np.float32) * 255 for key in ("mean", "std"))
        self._loaded = loaded

    def encode(self, items: Sequence[NDArray[np.uint8]]) -> Vectors:
        """(n, dimension) float32 unit rows of uint8 (size, size, 3) pictures."""
        shape = (self.form.size, self.form.size, 3)
        if any(item.shape != shape or item.dtype != np.uint8 for item in items):
            raise SpaceMismatch(
                f"{self.space.name} takes uint8 pictures of shape {shape}",
                "retrieval.media.image.decode.fit brings a picture to the encoder's form",
            )
        step = 128 if items and self._loaded.device == "cuda" else onnx.BATCH
        parts = [self._rows(items[at : at + step]) for at in range(0, len(items), step)]
        return (
            onnx.unit(np.concatenate(parts), self.space) if parts else np.zeros((0, self.space.dimension), np.float32)
        )

    def _rows(self, items: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        scaled = ((np.stack(items) - self._mean) / self._std).transpose(0, 3, 1, 2)
        return self._loaded.rows(torch_library().from_numpy(np.ascontiguousarray(scaled, np.float32)), "image")


class TorchText:
    """Texts through open_clip's own model and tokenizer."""

    accepts: Modality = "text"
    form = None

    def __init__(self, loaded: _Loaded, space: Space, prompt: str = "") -> None:
        self.space = space
        self._prompt = prompt or "{}"
        self._loaded = loaded

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, dimension) float32 unit rows; text past the model's context is cut."""
        parts = []
        for at in range(0, len(items), onnx.BATCH):
            texts = [self._prompt.format(item) for item in items[at : at + onnx.BATCH]]
            parts.append(self._loaded.rows(self._loaded.tokenizer(texts), "text"))
        return (
            onnx.unit(np.concatenate(parts), self.space) if parts else np.zeros((0, self.space.dimension), np.float32)
        )


def torch_encoders(folder: Path, space: Space, prompt: str = "") -> tuple[TorchText, TorchImage]:
    """Both encoders over one model, which loads on first use."""
    loaded = _Loaded(folder)
    return TorchText(loaded, space, prompt), TorchImage(loaded, space)


def save(architecture: str, tag: str, folder: Path, cache: Path) -> None:
    """Weights of any open_clip name and tag (or checkpoint file as tag), written as a checkpoint folder.

    The library downloads what is not in `cache`. Raises: EncoderUnavailable.
    """
    library = _library()
    if architecture not in library.list_models():
        raise EncoderUnavailable(
            f"open_clip knows no architecture {architecture}", "its names: open_clip.list_models()"
        )
    from open_clip.push_to_hf_hub import save_for_hf

    try:
        model = library.create_model(architecture, pretrained=tag, cache_dir=str(cache), precision="fp32").eval()
        tokenizer = library.get_tokenizer(architecture, cache_dir=str(cache))
    except Exception as error:  # the hub's, the loader's and urllib's errors have no common base
        raise EncoderUnavailable(
            f"{architecture}/{tag} could not be fetched: {str(error)[:200]}", "try again"
        ) from error
    kept = tokenizer if hasattr(tokenizer, "save_pretrained") else _Unsaved()
    save_for_hf(model, kept, library.get_model_config(architecture), str(folder), safe_serialization=True)


class _Unsaved:
    """Stands for open_clip's own tokenizer, which needs no files."""

    def save_pretrained(self, folder: Any) -> None:
        """Writes nothing."""


def export(folder: Path, target: Path) -> None:
    """A checkpoint folder as an ONNX folder in Immich's layout, at `target`, whole or not at all.

    Raises: EncoderUnavailable where packages are missing or the model has no ONNX form.
    """
    model = _create(folder)
    with whole_folder(target) as new:
        for name in ("visual", "textual"):
            (new / name).mkdir()
        _write_tokenizer(folder, new)
        (new / onnx.CONFIG).write_text(json.dumps(model_cfg(folder), indent=2), "utf-8")
        (new / onnx.PREPROCESS).write_text(json.dumps(preprocess_cfg(folder), indent=2), "utf-8")
        _export_halves(model, folder, new)


def _export_halves(model: Any, folder: Path, target: Path) -> None:
    torch = torch_library()
    preprocess = preprocess_cfg(folder)
    size = onnx.pixels_of(preprocess).size
    length = int(model_cfg(folder)["text_cfg"].get("context_length", 77))
    picture = torch.zeros(2, 3, size, size)
    tokens = torch.ones(2, length, dtype=torch.int64)
    write_graph(_half(model, "image"), {"image": picture}, target / onnx.VISUAL)
    write_graph(_half(model, "text"), {"text": tokens}, target / onnx.TEXTUAL)


def _half(model: Any, name: str) -> Any:
    """A module of one half alone: unit rows out."""
    torch = torch_library()

    class Half(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, batch: Any) -> Any:
            return getattr(self.model, f"encode_{name}")(batch, normalize=True)

    return Half().eval()


def _write_tokenizer(folder: Path, target: Path) -> None:
    """tokenizer.json and tokenizer_config.json that give open_clip's own ids."""
    text_cfg = model_cfg(folder)["text_cfg"]
    if text_cfg.get("tokenizer_mode"):
        raise EncoderUnavailable(f"tokenizer mode {text_cfg['tokenizer_mode']} has no ONNX form", "torch serves it")
    tokenizer = _library().get_tokenizer(f"local-dir:{folder}")
    if text_cfg.get("hf_tokenizer_name"):
        inner = tokenizer.tokenizer
        inner.backend_tokenizer.save(str(target / onnx.TOKENIZER))
        names = {"pad_token": inner.pad_token, "sep_token": inner.sep_token or "", "padding_side": inner.padding_side}
    else:
        _clip_tokenizer(tokenizer).save(str(target / onnx.TOKENIZER))
        names = {"pad_token": "!"}  # its id is 0, with which open_clip pads
    (target / onnx.TOKENIZER_CONFIG).write_text(json.dumps(names), "utf-8")


def _clip_tokenizer(simple: Any) -> Any:
    """open_clip's SimpleTokenizer as a `tokenizers.Tokenizer` of equal ids (text is cleaned before it gets here)."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    ranked = sorted(simple.bpe_ranks, key=simple.bpe_ranks.__getitem__)
    first, last = (simple.decoder[each] for each in simple.all_special_ids[:2])
    tokenizer = Tokenizer(models.BPE(vocab=simple.encoder, merges=ranked, end_of_word_suffix="</w>", fuse_unk=False))
    words = Regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.add_special_tokens([simple.decoder[each] for each in simple.all_special_ids])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(each, simple.encoder[each]) for each in (first, last)]
    )
    return tokenizer


def _create(folder: Path) -> Any:
    """The model of a checkpoint folder, on the CPU, in float32, for inference. Raises: EncoderUnavailable."""
    library = _library()
    try:
        return library.create_model(f"local-dir:{folder}", precision="fp32", device="cpu").eval()
    except Exception as error:  # missing files, wrong shapes, broken archives: open_clip raises many kinds
        raise EncoderUnavailable(
            f"{folder} cannot be loaded by open_clip: {str(error)[:200]}", "save or fetch the checkpoint again"
        ) from error


def _library() -> Any:
    with importing("open_clip", EXTRA, EncoderUnavailable):
        import open_clip
    return open_clip
