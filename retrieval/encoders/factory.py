"""How the models of each family become encoders. Imports a family's module when a model of it is asked for."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from retrieval.domain.media import Modality, Space
from retrieval.encoders.registry import ABSENT, Files, Model, files_of, has_gpu
from retrieval.errors import EncoderUnavailable, SpaceMismatch

if TYPE_CHECKING:
    from retrieval.protocols import Encoder, SpaceName

Role: TypeAlias = "SpaceName"


def make_encoder(model: Model, role: Role, modality: Modality) -> Encoder:
    """The encoder of one modality. Configuration is read here, weights when the first item is encoded.

    Raises:
        EncoderUnavailable: its files or packages are not on this machine.
        SpaceMismatch: its files are not those that were recorded, or of another dimension.
    """
    if model.family == ABSENT:
        raise EncoderUnavailable(
            f"model {model.name}, which encoded this library, is not known on this machine",
            f"crossmedia models add FOLDER --name {model.name}, or crossmedia rebuild --profile auto encodes again",
        )
    if model.family not in FAMILIES:
        raise EncoderUnavailable(f"model {model.name} is of an unknown family {model.family}", ", ".join(FAMILIES))
    return FAMILIES[model.family](model, role, modality)


def _starter(model: Model, role: Role, modality: Modality) -> Encoder:
    from retrieval.encoders import starter

    made: dict[Modality, Callable[[], Encoder]] = {
        "text": starter.StarterText,
        "image": starter.StarterImage,
        "sound": starter.StarterSound,
    }
    return made[modality]()


def _use(model: Model, role: Role, modality: Modality) -> Encoder:
    from retrieval.encoders import starter

    return starter.SentenceText()


def _onnx(model: Model, role: Role, modality: Modality) -> Encoder:
    from retrieval.encoders import onnx

    files = files_of(model)
    space = _space(model, role, files, onnx.dimension(files.folder))
    return (
        onnx.OnnxText(files.folder, space, model.prompt) if modality == "text" else onnx.OnnxImage(files.folder, space)
    )


def _open_clip(model: Model, role: Role, modality: Modality) -> Encoder:
    """Pictures on CUDA by torch; all else by the ONNX form, which is made once where torch is installed."""
    from retrieval.encoders import onnx, open_clip

    files = files_of(model)
    space = _space(model, role, files, open_clip.dimension(files.folder))
    if not (modality == "image" and has_gpu()) and _exported(model, files, open_clip.export):
        return (
            onnx.OnnxText(files.export, space, model.prompt)
            if modality == "text"
            else onnx.OnnxImage(files.export, space)
        )
    text, image = open_clip.torch_encoders(files.folder, space, model.prompt)
    return text if modality == "text" else image


def _sentences(model: Model, role: Role, modality: Modality) -> Encoder:
    """By the ONNX form where the model has one and there is no CUDA device, on which torch is faster; else by torch."""
    from retrieval.encoders import embedding_gemma_export, onnx, sentence_transformers

    files = files_of(model)
    space = _space(model, role, files, sentence_transformers.dimension(files.folder))
    if embedding_gemma_export.is_checkpoint(files.folder):
        if not has_gpu() and _exported(model, files, sentence_transformers.export):
            return _gemma(files.export, space, modality)
    elif model.senses == {"text"}:
        if not has_gpu() and _exported(model, files, sentence_transformers.export):
            return onnx.OnnxText(files.export, space, model.prompt)
        return sentence_transformers.TorchSentences(files.folder, space, model.prompt)
    elif importlib.util.find_spec("sentence_transformers") is None:
        raise EncoderUnavailable(
            f"model {model.name} takes several media and runs by sentence-transformers, which is not installed",
            "pip install 'crossmedia[clip]'",
        )
    return sentence_transformers.torch_encoders(files.folder, space)[modality]


def _embedding_gemma(model: Model, role: Role, modality: Modality) -> Encoder:
    from retrieval.encoders import onnx

    files = files_of(model)
    return _gemma(files.folder, _space(model, role, files, onnx.dimension(files.folder)), modality)


def _gemma(folder: Path, space: Space, modality: Modality) -> Encoder:
    from retrieval.encoders import embedding_gemma

    made: dict[Modality, Callable[[], Encoder]] = {
        "text": lambda: embedding_gemma.GemmaText(folder, space, "query"),
        "image": lambda: embedding_gemma.GemmaImage(folder, space),
        "sound": lambda: embedding_gemma.GemmaSound(folder, space),
    }
    return made[modality]()


def _clap(model: Model, role: Role, modality: Modality) -> Encoder:
    """By the ONNX form, which is made once where torch is installed; an added folder may be that form itself."""
    from retrieval.encoders import clap, onnx

    files = files_of(model)
    folder = files.folder
    space = _space(model, role, files, model.dimension or clap.dimension(folder))
    if clap.is_checkpoint(folder):
        if not _exported(model, files, clap.export):
            raise EncoderUnavailable(
                f"model {model.name} cannot be exported to ONNX", "take another checkpoint of CLAP"
            )
        folder = files.export
    return onnx.OnnxText(folder, space, model.prompt) if modality == "text" else clap.ClapSound(folder, space)


def _exported(model: Model, files: Files, export: Callable[..., None]) -> bool:
    """Whether the ONNX form is there, after making it where it can be made. A model without one is served by torch."""
    if files.export.is_dir():
        return True
    if importlib.util.find_spec("torch") is None:
        raise EncoderUnavailable(
            f"model {model.name} has not been exported to ONNX, and torch is not installed",
            "pip install 'crossmedia[clip]'; the export runs once, and then serves without torch",
        )
    try:
        export(files.folder, files.export)
    except EncoderUnavailable as error:
        if "no ONNX form" not in error.what:
            raise
        logging.getLogger(__name__).warning("%s; it is served by torch", error.what)
        return False
    return True


def _space(model: Model, role: Role, files: Files, dimension: int) -> Space:
    """dimension: as the files state it, 0 where they do not. Raises: SpaceMismatch where the entry says another."""
    dimension = dimension or model.dimension
    if model.dimension not in (0, dimension):
        raise SpaceMismatch(
            f"the files of model {model.name} give {dimension} dimensions, not {model.dimension}",
            "they are another model's: fetch or add it again",
        )
    return Space(role, model.name, files.revision, dimension)


FAMILIES: dict[str, Callable[[Model, Role, Modality], Encoder]] = {
    "starter": _starter,
    "use": _use,
    "onnx": _onnx,
    "open_clip": _open_clip,
    "sentence_transformers": _sentences,
    "embedding_gemma": _embedding_gemma,
    "clap": _clap,
}
