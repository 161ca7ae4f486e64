"""Which runtime serves an image tower: ONNX Runtime, or OpenVINO where that gives the same vectors faster.

What was found out of Whisper's encoder is kept here too, see `retrieval.encoders.speech.encoder_runtime`.

    CACHE/models/runtimes/MODEL-REVISION.json      what was measured on this machine, and the plan that was chosen
    CACHE/models/runtimes/MODEL-REVISION.npy       ONNX Runtime's vectors of KNOWN golden pictures, float32

Chosen once for a model, the versions of both runtimes and the processor: of the plans that pass the parity check over the
golden set, the first in bfloat16, else float32 where it takes less processor time than ONNX Runtime; with it how many
pictures one stream is best given at once. After every compilation KNOWN golden pictures are compared again, because a
compilation may be wrong by chance.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import ImageSpec, Space, Vectors
from retrieval.settings import cache_dir

FEW = 128  # pictures that a process encodes before the start of another runtime pays
GOLDEN, KNOWN = 64, 8  # golden pictures; those that are compared after every later compilation
LEAST_MEAN, LEAST = 0.999, 0.995  # cosine to ONNX Runtime's vectors: the mean, and the lowest
SHARED, TOP = 0.98, 10  # share of the best TOP hits of all golden questions that must be the same
MEASURED_S = 5.0  # seconds that measuring one runtime may take
PART = 8  # pictures that one stream takes at once, where nothing else was measured
PARTS = (4, 8, 16)  # what is measured
Run = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]  # arrays of the graph's input -> those of its output
# Pictures uint8 (size, size, 3), how many to an array, dtype (None: ONNX Runtime's own) -> arrays of the graph's input.
Arrays = Callable[[Sequence[NDArray[np.uint8]], int, Any], list[NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class Record:
    """What was found out. plan: the chosen one, "" for ONNX Runtime; reasons: why others are not used, by their name;
    milliseconds: of processor time for each item, by runtime; part: items that one stream takes at once; usual: what serves
    where no plan does; item: what is encoded."""

    versions: str
    processor: str
    plan: str = ""
    reasons: dict[str, str] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    part: int = PART
    usual: str = "ONNX Runtime"
    item: str = "picture"


@dataclass(frozen=True, slots=True)
class Tower:
    """An image tower as ONNX Runtime has it.

    path: of the ONNX file. run: ONNX Runtime, to rows of any length. questions: unit rows of golden questions to pictures,
    in the same space. is_plain: whether the graph takes one array of any number of pictures.
    """

    space: Space
    form: ImageSpec
    path: Callable[[], Path]
    run: Run
    arrays: Arrays
    questions: Callable[[], Vectors]
    is_plain: Callable[[], bool] = lambda: True


class ImageRuntime:
    """The faster runtime of one image tower, made when it pays. Safe from several threads."""

    def __init__(self, tower: Tower) -> None:
        self._tower = tower
        self._space = tower.space
        self._lock = RLock()  # golden questions may be pictures, which come back here
        self._seen = 0
        self._foreseen = 0  # of those seen and those announced, as of the last time that some were
        self._part = PART
        self._graph: Any = None
        self._is_settled = False

    def expect(self, count: int) -> None:
        """So many pictures are to come: with more than FEW the first one starts the faster runtime."""
        with self._lock:
            self._foreseen = self._seen + count

    def rows(self, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[Any] | None:
        """Rows (n, dimension) float32 of any length, of pictures uint8 (size, size, 3); None: ONNX Runtime is to encode."""
        with self._lock:
            self._seen += len(pictures)
            if not self._is_settled and max(self._seen, self._foreseen) > FEW:
                self._is_settled = True
                if versions():
                    self._graph = self._settle()
            graph = self._graph
        if graph is None or not len(pictures):
            return None
        return np.concatenate(graph.run(self._tower.arrays(pictures, self._part, graph.dtype)))

    def _settle(self) -> Any:
        from retrieval.encoders import openvino
        from retrieval.encoders import reference as golden_set

        first = golden_set.pictures(self._tower.form, KNOWN)
        record, known = read_record(self._space)
        if record is None or known is None or record.processor != openvino.processor():
            golden = golden_set.pictures(self._tower.form, GOLDEN)
            return self._choose(golden, first) if self._tower.is_plain() else None
        if not record.plan:
            return None
        graph, reason = self._again(record, known, first)
        keep_again(self._space, record, known, reason, f"model {self._space.encoder}")
        return graph

    def _again(self, record: Record, known: Vectors, first: Sequence[NDArray[np.uint8]]) -> tuple[Any, str]:
        """The graph by the recorded plan, or None and why it must not be used."""
        from retrieval.encoders import openvino

        plan = next((each for each in openvino.plans() if each.name == record.plan), None)
        if plan is None:
            return None, "this processor lacks it"
        graph = self._compiled(plan)
        reason = graph if isinstance(graph, str) else differs(known, self._unit_rows(graph, first))
        self._part = record.part
        return (None, reason) if reason else (graph, "")

    def _unit_rows(self, graph: Any, pictures: Sequence[NDArray[np.uint8]]) -> Vectors:
        return _rows(graph.run, self._tower.arrays(pictures, PART, graph.dtype))

    def _compiled(self, plan: Any) -> Any:
        """The graph by that plan, or why there is none."""
        from retrieval.encoders import openvino

        try:
            return openvino.CompiledGraph(self._tower.path(), plan)
        except (RuntimeError, ValueError) as error:
            return str(error).strip().split("\n")[-1][:200]

    def _choose(self, pictures: Sequence[NDArray[np.uint8]], first: Sequence[NDArray[np.uint8]]) -> Any:
        """The first plan that passes; what was found is kept, and the rows of the `first` pictures with it."""
        from retrieval.encoders import openvino

        own = self._tower.arrays(pictures, PART, None)
        wanted = _rows(self._tower.run, own)
        record = Record(versions(), openvino.processor(), milliseconds={"ONNX Runtime": measured(self._tower.run, own)})
        questions, chosen = self._tower.questions(), None
        for plan in openvino.plans():
            graph = self._compiled(plan)
            reason = graph if isinstance(graph, str) else parity(wanted, self._unit_rows(graph, pictures), questions)
            if not reason:
                spent = self._measured_parts(graph, pictures)
                part = min(spent, key=spent.__getitem__)
                record.milliseconds[plan.name] = spent[part]
                if spent[part] < record.milliseconds["ONNX Runtime"]:
                    chosen, record, self._part = graph, replace(record, plan=plan.name, part=part), part
                    break
                reason = "it is slower here than ONNX Runtime"
            record.reasons[plan.name] = reason
        keep(self._space, record, _rows(self._tower.run, self._tower.arrays(first, PART, None)))
        return chosen

    def _measured_parts(self, graph: Any, pictures: Sequence[NDArray[np.uint8]]) -> dict[int, float]:
        """Milliseconds of processor time for each picture, by the number of pictures that a stream takes at once."""
        return {part: measured(graph.run, self._tower.arrays(pictures, part, graph.dtype)) for part in PARTS}


def keep_again(space: Space, record: Record, known: Vectors, reason: str, whose: str) -> None:
    """Keeps what comparing the recorded plan again has found: why it must not be used, "" where it may. whose: for the line
    that says so."""
    if reason != record.reasons.get(record.plan, ""):
        others = {name: why for name, why in record.reasons.items() if name != record.plan}
        keep(space, replace(record, reasons={**others, record.plan: reason} if reason else others), known)
    if reason:
        log_unused(record.plan, whose, reason)


def log_unused(name: str, whose: str, reason: str) -> None:
    """Warns that a runtime of that name does not encode what is said."""
    logging.getLogger("crossmedia").warning("crossmedia: %s is not used for %s: %s", name, whose, reason)


def parity(wanted: Vectors, given: Vectors, questions: Vectors) -> str:
    """Why vectors (n, dimension) of another runtime must not stand for the wanted ones; "" where they may.

    questions: unit rows (q, dimension); their best hits among the n rows must be the same.
    """
    if reason := differs(wanted, given):
        return reason
    best = [np.argsort(-(questions @ rows.T), axis=1, kind="stable")[:, :TOP] for rows in (wanted, given)]
    shared = [len(set(ours) & set(others)) / len(ours) for ours, others in zip(*best, strict=True)]
    return "" if np.mean(shared) >= SHARED else f"{np.mean(shared):.1%} of the best hits are the same, not {SHARED:.0%}"


def differs(wanted: Vectors, given: Vectors, usual: str = "ONNX Runtime") -> str:
    """Why the unit rows (n, dimension) are not those wanted, which are those of the usual runtime; "" where they are."""
    if given.shape != wanted.shape or not np.isfinite(given).all():
        return f"it gives rows of shape {given.shape}, or no numbers"
    cosines = (wanted * given).sum(axis=1)
    if cosines.mean() >= LEAST_MEAN and cosines.min() >= LEAST:
        return ""
    return f"cosine to {usual}'s vectors {cosines.mean():.4f} in the mean, {cosines.min():.4f} at least"


def measured(run: Run, arrays: list[Any]) -> float:
    """Milliseconds of processor time for each picture, the least of some runs."""
    found: list[float] = []
    end = time.perf_counter() + MEASURED_S
    while len(found) < 3 and (not found or time.perf_counter() < end):
        start = time.process_time()
        run(arrays)
        found.append(1000 * (time.process_time() - start) / sum(map(len, arrays)))
    return round(min(found), 2)


def _rows(run: Run, arrays: list[Any]) -> Vectors:
    """Unit rows (n, dimension) float32."""
    rows = np.concatenate(run(arrays)).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12), np.float32)


# ---------------------------------------------------------------- what is kept


def versions() -> str:
    """The versions of both runtimes; "" where there is only one, or ONNX Runtime runs on CUDA."""
    try:
        found = f"openvino {version('openvino')}, "
    except PackageNotFoundError:
        return ""
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            return f"{found}{name} {version(name)}" if name == "onnxruntime" else ""
        except PackageNotFoundError:
            continue
    return ""


def read_record(space: Space) -> tuple[Record | None, Vectors | None]:
    """What was measured of a model with these runtimes, and ONNX Runtime's rows (KNOWN, dimension); or nothing."""
    try:
        record = Record(**json.loads(_place(space, "json").read_text("utf-8")))
        known = np.load(_place(space, "npy"), allow_pickle=False)
    except (OSError, ValueError, TypeError):
        return None, None
    return (record, known) if record.versions == versions() and known.shape[1:] == (space.dimension,) else (None, None)


def records() -> dict[str, Record]:
    """What was measured with these runtimes, by model and revision."""
    found = {}
    for path in sorted(_folder().glob("*.json")):
        try:
            record = Record(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            continue
        if record.versions == versions():
            found[path.stem] = record
    return found


def keep(space: Space, record: Record, known: Vectors) -> None:
    """A cache that cannot be written costs the measurement again, nothing else."""
    try:
        _folder().mkdir(parents=True, exist_ok=True)
        for ending, write in (
            ("npy", lambda file: np.save(file, known)),
            ("json", lambda file: file.write(json.dumps(asdict(record), indent=1).encode())),
        ):
            handle, name = tempfile.mkstemp(dir=_folder(), prefix=".new.")
            with os.fdopen(handle, "wb") as file:
                write(file)
            Path(name).replace(_place(space, ending))
    except OSError as error:
        logging.getLogger("crossmedia").warning("crossmedia: what was measured of runtimes is not kept: %s", error)


def _place(space: Space, ending: str) -> Path:
    return _folder() / f"{space.encoder}-{space.revision[:16]}.{ending}"


def _folder() -> Path:
    return cache_dir() / "models" / "runtimes"
