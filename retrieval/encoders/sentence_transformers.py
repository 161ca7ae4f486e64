"""sentence-transformers models from a folder: by torch, and exported once to ONNX where the model has such a form.

The folder is the library's own format (`modules.json`, pooling and weights beside it); from version 6 on it says which
media the model takes. torch and sentence_transformers are imported when the first item is encoded or a model exported.
Texts go in as {"text": ...}, pictures and sounds as arrays, because a bare string that names a file or an address is opened.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ImageSpec, Modality, Space, Vectors
from retrieval.encoders import embedding_gemma_export, onnx
from retrieval.encoders.embedding_gemma import without_filling
from retrieval.encoders.torch_export import EXTRA, whole_folder, write_graph
from retrieval.errors import EncoderUnavailable, importing

MODULES = "modules.json"
SETTINGS = "sentence_bert_config.json"
SENSES: dict[str, Modality] = {"text": "text", "image": "image", "audio": "sound"}
PROCESSORS = ("processor_config.json", "preprocessor_config.json")
USUAL_SIDE, USUAL_RATE = 384, 16_000  # of pictures and sounds, where a model states none
WINDOW_MS, HOP_MS = 10_000, 5_000  # of a sound


def is_model(folder: Path) -> bool:
    """Whether a folder is one that sentence-transformers saved."""
    return (folder / MODULES).is_file()


def dimension(folder: Path) -> int:
    """Of the model's vectors: what its last dense layer, its pooling or its projection states; 0 where nothing does.

    Raises: EncoderUnavailable where the folder is no such model's.
    """
    try:
        modules = json.loads((folder / MODULES).read_text("utf-8"))
        kinds = {str(module["type"]).rsplit(".", 1)[-1]: folder / module["path"] for module in modules}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderUnavailable(
            f"{folder / MODULES} cannot be read: {error}", "fetch or add the model again"
        ) from error
    if "Dense" in kinds:
        return int(onnx.read_json(kinds["Dense"] / "config.json")["out_features"])
    pooling = onnx.read_json(kinds["Pooling"] / "config.json") if "Pooling" in kinds else {}
    whole = onnx.read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    stated = pooling.get("embedding_dimension") or pooling.get("word_embedding_dimension")
    return int(stated or whole.get("projection_dim") or 0)


def modalities(folder: Path) -> frozenset[Modality]:
    """What the model takes besides texts, as the library itself states it; models of before version 6 take texts."""
    path = folder / SETTINGS
    taken = onnx.read_json(path).get("modality_config", {}) if path.is_file() else {}
    found: set[Modality] = {SENSES[each] for each in taken if each in SENSES}
    return frozenset[Modality]({"text"}) | found


def loaded_dimension(folder: Path) -> int:
    """Of the model's vectors, by loading it. Raises: EncoderUnavailable."""
    return int(load(folder).get_embedding_dimension())


class TorchSentences:
    """Texts through sentence-transformers, on CUDA where there is one. Safe from several threads."""

    accepts: Modality = "text"
    form = None

    def __init__(self, folder: Path, space: Space, prompt: str = "") -> None:
        """`prompt` holds a `{}` for the text; loads nothing yet."""
        self.space = space
        self._folder = folder
        self._prompt = prompt or "{}"
        self._lock = Lock()
        self._model: Any = None

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, dimension) float32 unit rows; text past the model's context is cut."""
        if not items:
            return np.zeros((0, self.space.dimension), np.float32)
        with self._lock:  # its tokenizer keeps state while it cuts and pads
            if self._model is None:
                self._model = load(self._folder)
            texts = [self._prompt.format(item) for item in items]
            rows = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return onnx.unit(rows, self.space)


class _Loaded:
    """One model in torch, shared by the encoders of all its media. Loaded on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._model: Any = None

    def rows(self, items: Sequence[dict[str, Any]], space: Space, *, asks: bool = False) -> Vectors:
        """(n, dimension) float32 unit rows of items that each name their medium. asks: by the prompt of questions.

        One at a time: processors take the pictures of a batch for those of one item.
        """
        if not items:
            return np.zeros((0, space.dimension), np.float32)
        with self._lock:
            if self._model is None:
                self._model = load(self.folder)
            encode = self._model.encode_query if asks else self._model.encode
            rows = encode(list(items), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
        return onnx.unit(rows, space)


class TorchText:
    """Questions through a model of several media."""

    accepts: Modality = "text"
    form = None

    def __init__(self, loaded: _Loaded, space: Space) -> None:
        self.space = space
        self._loaded = loaded

    def encode(self, items: Sequence[str]) -> Vectors:
        """(n, dimension) float32 unit rows; text past the model's context is cut."""
        return self._loaded.rows([{"text": item} for item in items], self.space, asks=True)


class TorchImage:
    """Pictures through a model of several media, which shapes them itself."""

    accepts: Modality = "image"

    def __init__(self, loaded: _Loaded, space: Space) -> None:
        self.space = space
        self.form = ImageSpec(_side(loaded.folder), "whole")
        self._loaded = loaded

    def encode(self, items: Sequence[NDArray[np.uint8]]) -> Vectors:
        """(n, dimension) float32 unit rows of uint8 (height, width, 3) pictures."""
        return self._loaded.rows([{"image": _picture(item)} for item in items], self.space)


class TorchSound:
    """Windows of sound through a model of several media."""

    accepts: Modality = "sound"

    def __init__(self, loaded: _Loaded, space: Space) -> None:
        self.space = space
        self.form = AudioSpec(_rate(loaded.folder), WINDOW_MS, HOP_MS)
        self._loaded = loaded

    def encode(self, items: Sequence[NDArray[np.float32]]) -> Vectors:
        """(n, dimension) float32 unit rows, of windows (samples,) in -1..1."""
        rate = self.form.rate
        given = [{"audio": {"array": without_filling(each, rate), "sampling_rate": rate}} for each in items]
        return self._loaded.rows(given, self.space)


def torch_encoders(folder: Path, space: Space) -> dict[Modality, TorchText | TorchImage | TorchSound]:
    """The encoders of all media over one model, which loads on first use."""
    loaded = _Loaded(folder)
    made: dict[Modality, TorchText | TorchImage | TorchSound] = {
        "text": TorchText(loaded, space),
        "image": TorchImage(loaded, space),
        "sound": TorchSound(loaded, space),
    }
    return {modality: encoder for modality, encoder in made.items() if modality in modalities(folder)}


def _picture(array: NDArray[np.uint8]) -> Any:
    from PIL import Image

    return Image.fromarray(array)


def _processor(folder: Path, part: str) -> dict[str, Any]:
    """What a folder states of its picture or sound processor, in one of two files."""
    for name in PROCESSORS:
        if (folder / name).is_file():
            stated = onnx.read_json(folder / name)
            return dict(stated.get(part) or stated)
    return {}


def _side(folder: Path) -> int:
    """About the side (pixels) of the pictures that the model sees, of which four times as much is kept."""
    size = _processor(folder, "image_processor").get("size")
    sides = [size] if isinstance(size, int) else list(size.values()) if isinstance(size, dict) else []
    return next((side for side in sides if isinstance(side, int) and 16 <= side <= 2048), USUAL_SIDE)


def _rate(folder: Path) -> int:
    return int(_processor(folder, "feature_extractor").get("sampling_rate") or USUAL_RATE)


def export(folder: Path, target: Path) -> None:
    """The model as the textual half of an ONNX folder at `target`, whole or not at all. Raises: EncoderUnavailable."""
    model = load(folder, device="cpu", attn_implementation="eager").eval()
    if embedding_gemma_export.is_checkpoint(folder):
        embedding_gemma_export.export(model, target, dimension(folder))
        return
    if modalities(folder) != {"text"}:
        raise EncoderUnavailable(f"{folder.name} has no ONNX form: it takes several media", "torch serves it")
    tokenizer = model.tokenizer
    names = {"pad_token": tokenizer.pad_token, "padding_side": tokenizer.padding_side}
    with whole_folder(target) as new:
        (new / "textual").mkdir()
        tokenizer.backend_tokenizer.save(str(new / onnx.TOKENIZER))
        (new / onnx.TOKENIZER_CONFIG).write_text(json.dumps(names), "utf-8")
        (new / onnx.CONFIG).write_text(json.dumps(_config(model, dimension(folder)), indent=2), "utf-8")
        _export_graph(model, new / onnx.TEXTUAL)


def _config(model: Any, dimension: int) -> dict[str, Any]:
    prefix = model.prompts.get(model.default_prompt_name or "", "")
    text = {"context_length": model.max_seq_length, "padding": "longest", "prefix": prefix}
    return {"embed_dim": dimension, "text_cfg": {**text, "tokenizer_kwargs": {"clean": "strip"}}}


def _export_graph(model: Any, path: Path) -> None:
    import torch

    class Sentence(torch.nn.Module):  # type: ignore[misc]
        """All modules of the model, tokens in, one row a text out."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask}
            return self.model(given)["sentence_embedding"]

    ids = torch.ones(2, 9, dtype=torch.int64)
    write_graph(Sentence().eval(), {"input_ids": ids, "attention_mask": ids.clone()}, path, varying=(0, 1))


def load(folder: Path, device: str | None = None, **options: Any) -> Any:
    """The library's own model, in float32: weights that were saved in bfloat16 give norms that are off. options: of its
    transformer.

    Raises: EncoderUnavailable.
    """
    with importing("sentence_transformers", EXTRA, EncoderUnavailable):
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        return SentenceTransformer(
            str(folder), device=device, local_files_only=True, model_kwargs={"dtype": "float32", **options}
        )
    except Exception as error:  # missing files, wrong shapes, broken archives: many kinds
        raise EncoderUnavailable(
            f"{folder} cannot be loaded by sentence-transformers: {str(error)[:200]}", "fetch or add the model again"
        ) from error
