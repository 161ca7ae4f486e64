"""sentence-transformers models from a folder: by torch, and exported once to ONNX.

The folder is the library's own format (`modules.json`, pooling and weights beside it). torch and sentence_transformers
are imported when the first text is encoded or a model exported.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from retrieval.domain.media import Modality, Space, Vectors
from retrieval.encoders import onnx
from retrieval.encoders.torch_export import EXTRA, whole_folder, write_graph
from retrieval.errors import EncoderUnavailable, importing

MODULES = "modules.json"


def is_model(folder: Path) -> bool:
    """Whether a folder is one that sentence-transformers saved."""
    return (folder / MODULES).is_file()


def dimension(folder: Path) -> int:
    """Of the model's vectors: what its last dense layer, else its pooling states. Raises: EncoderUnavailable."""
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
    if "word_embedding_dimension" not in pooling:
        raise EncoderUnavailable(f"{folder} states no dimension", "crossmedia wants a model with a pooling layer")
    return int(pooling["word_embedding_dimension"])


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
                self._model = _load(self._folder)
            texts = [self._prompt.format(item) for item in items]
            rows = self._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        return onnx.unit(rows, self.space)


def export(folder: Path, target: Path) -> None:
    """The model as the textual half of an ONNX folder at `target`, whole or not at all. Raises: EncoderUnavailable."""
    model = _load(folder, device="cpu", model_kwargs={"attn_implementation": "eager"}).eval()
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


def _load(folder: Path, **options: Any) -> Any:
    """Raises: EncoderUnavailable."""
    with importing("sentence_transformers", EXTRA, EncoderUnavailable):
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        return SentenceTransformer(str(folder), local_files_only=True, **options)
    except Exception as error:  # missing files, wrong shapes, broken archives: many kinds
        raise EncoderUnavailable(
            f"{folder} cannot be loaded by sentence-transformers: {str(error)[:200]}", "fetch or add the model again"
        ) from error
