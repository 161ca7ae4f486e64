"""A torch module as an ONNX graph. Imports torch when called; shared by the families that export."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from retrieval.errors import EncoderUnavailable, importing

EXTRA = "'crossmedia[clip]'"
OPSET = 18
PROTOBUF_LIMIT = 1_500_000_000  # bytes; a graph file ends at 2 GB, greater weights lie beside it


def torch_library() -> Any:
    """The module torch. Raises: EncoderUnavailable where it is missing or broken."""
    with importing("torch", EXTRA, EncoderUnavailable):
        import torch
    return torch


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A new folder to fill, which becomes `target` at the end, whole or not at all; who comes second gives way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".new.") as place:
        new = Path(place) / "whole"
        new.mkdir()
        yield new
        try:
            new.rename(target)
        except OSError:
            if not target.is_dir():
                raise


def write_graph(
    module: Any, example: dict[str, Any], path: Path, varying: Sequence[int] = (0,), *, optimize: bool = True
) -> None:
    """A torch module as an ONNX graph whose axes `varying` take any length. Raises: EncoderUnavailable.

    optimize: by the exporter's own rules; onnxscript 0.7 loses a bound where two clips follow each other.
    """
    torch = torch_library()
    names = {0: "batch", 1: "length"}
    shapes = tuple({axis: torch.export.Dim(names[axis], min=1, max=65_536) for axis in varying} for _ in example)
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        try:
            torch.onnx.export(
                module,
                tuple(example.values()),
                str(path),
                input_names=list(example),
                output_names=["vectors"],
                opset_version=OPSET,
                dynamo=True,
                optimize=optimize,
                dynamic_shapes=shapes,
                external_data=_bytes(module) > PROTOBUF_LIMIT,
                verbose=False,
            )
        except Exception as error:  # whatever stops the exporter, the model stays usable by torch
            raise EncoderUnavailable(
                f"{path.parent.name} has no ONNX form: {str(error)[:200]}", "torch serves it"
            ) from error


def _bytes(module: Any) -> int:
    """Of a module's parameters."""
    return sum(each.numel() * each.element_size() for each in module.parameters())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the exporter's notes and its own deprecations off the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
