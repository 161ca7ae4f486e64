"""ONNX Runtime sessions, opened from a prepared graph: optimised once, its weights mapped instead of read.

    CACHE/models/prepared/DIGEST/KEY/     DIGEST: of the graph and all files beside it; KEY: see `_key`
      model.onnx      the graph, optimised at ENABLE_EXTENDED
      weights.bin     its initialisers of 1,024 bytes and more
      sizes.json      bytes of both
      unfit           in their place: why ONNX Runtime cannot save this graph

Optimised at ENABLE_ALL a graph would hold layouts of this processor alone. A folder is written whole and renamed, never
changed in place: weights stay mapped as long as a session lives. Prepared by whoever opens a graph first, `models add`,
`fetch` and `export` before all others; where it cannot be written, the plain graph serves.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from retrieval.encoders import pieces
from retrieval.encoders.openvino import processor_line
from retrieval.encoders.registry import models_dir
from retrieval.encoders.speech.weights import digest
from retrieval.errors import EncoderUnavailable

LAYOUT = 1  # of the folder
LEAST_BYTES = 20_000_000  # of a graph with its weights; a smaller one is read in no time
ABANDONED_S = 3600  # age of a folder that nobody finishes any more
KEPT = 2  # of one graph: two environments with their own runtimes may take turns
GRAPH, WEIGHTS, SIZES, UNFIT = "model.onnx", "weights.bin", "sizes.json", "unfit"
MAPPED_FROM = "1024"  # bytes of an initialiser


def open_session(path: Path, *, brief: bool = False) -> Any:
    """An onnxruntime.InferenceSession over the graph in `path`, on CUDA where there is one.

    brief: for a few runs; weights are used as they lie in the mapped file instead of being packed anew at the start, and
    threads do not spin. Raises: EncoderUnavailable.
    """
    import onnxruntime

    if not path.is_file():
        raise EncoderUnavailable(f"{path} is not there", "crossmedia models fetch, add or export")
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    if providers == ["CPUExecutionProvider"] and (served := prepared(path)):
        try:
            return onnxruntime.InferenceSession(str(served), _options(brief=brief), providers=providers)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, the plain graph is still there
            _set_aside(served.parent, str(error))
    try:
        return onnxruntime.InferenceSession(str(path), _options(brief=brief), providers=providers)
    except Exception as error:  # its errors have no common base of their own
        raise EncoderUnavailable(f"{path} cannot be loaded: {str(error)[:200]}", "fetch or export it again") from error


def _options(*, brief: bool = False) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    if brief:
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def prepared(path: Path) -> Path | None:
    """The prepared form of a graph, made now where it is not there; None where the plain one is to be opened."""
    try:
        if _size(path) < LEAST_BYTES:
            return None
        folder = _home(path) / _key()
        if not _is_whole(folder) and not (folder / UNFIT).is_file():
            _make(path, folder)
    except OSError:
        return None
    return folder / GRAPH if _is_whole(folder) else None


def forget(folder: Path) -> int:
    """Deletes what was prepared of the graphs and tokenizers of a model's folder; returns the bytes that this frees."""
    freed = pieces.forget(folder)
    for path in folder.rglob("*.onnx"):
        home = _home(path)
        freed += sum(each.stat().st_size for each in home.rglob("*") if each.is_file())
        shutil.rmtree(home, ignore_errors=True)
    return freed


def _size(path: Path) -> int:
    """Bytes of a graph and what lies beside it, tokenizers aside."""
    return sum(each.stat().st_size for each in path.parent.iterdir() if each.is_file() and each.suffix != ".json")


def _home(path: Path) -> Path:
    """The folder of all prepared forms of a graph; weights outside the graph may have any name."""
    names = sorted(each.name for each in path.parent.iterdir() if each.is_file() and each.suffix != ".json")
    lines = [f"{digest(path.parent / name)}  {name}\n" for name in names]
    whole = hashlib.sha256("".join([f"{path.name}\n", *lines]).encode()).hexdigest()
    return models_dir() / "prepared" / whole[:32]


def _key() -> str:
    """Of the runtime's version and the processor, which an optimised graph belongs to."""
    import onnxruntime

    about = (LAYOUT, onnxruntime.__version__, processor_line("model name"), processor_line("flags"), os.uname().machine)
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]


def _is_whole(folder: Path) -> bool:
    """Whether both files have the sizes that they were written with: weights that were cut would end the process."""
    try:
        sizes = json.loads((folder / SIZES).read_text("utf-8"))
        return bool(sizes) and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _make(path: Path, folder: Path) -> None:
    """Prepares a graph where there is room for it. Raises: OSError where nothing can be written."""
    home = folder.parent
    home.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(home).free < 2 * _size(path):
        return
    with TemporaryDirectory(dir=home, prefix=".new.") as place:
        new = Path(place) / "whole"
        new.mkdir()
        _write(path, new)
        _replace(new, folder)
    _drop_older(home)


def _write(path: Path, new: Path) -> None:
    """The prepared form of a graph into a folder, or the reason why there is none. Raises: OSError."""
    import onnxruntime

    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(new / GRAPH)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS)
    options.add_session_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", MAPPED_FROM)
    try:
        onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  a damaged graph fails again when it is opened as it is
        _set_aside(new, str(error))
        return
    sizes = {}
    for each in sorted(new.iterdir()):
        sizes[each.name] = each.stat().st_size
        with each.open("rb") as file:
            os.fsync(file.fileno())
    (new / SIZES).write_text(json.dumps(sizes), "utf-8")


def _set_aside(folder: Path, reason: str) -> None:
    """Leaves the reason in a folder in place of a prepared graph that cannot be opened, so that it is not made again."""
    with suppress(OSError):
        for each in folder.iterdir():
            each.unlink()
        (folder / UNFIT).write_text(reason[:500], "utf-8")


def _replace(new: Path, folder: Path) -> None:
    """Who comes second gives way to a whole one; what is damaged goes."""
    if folder.exists() and not _is_whole(folder):
        shutil.rmtree(folder)
    try:
        new.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _drop_older(home: Path) -> None:
    """All but the newest KEPT forms of a graph, of runtimes that are no longer here, and what a stopped process left."""
    made = sorted(home.iterdir(), key=lambda each: each.stat().st_mtime)
    unfinished = [
        each for each in made if each.name.startswith(".") and each.stat().st_mtime < time.time() - ABANDONED_S
    ]
    for folder in [*[each for each in made if not each.name.startswith(".")][:-KEPT], *unfinished]:
        shutil.rmtree(folder, ignore_errors=True)
