"""What the constant part of the tower sees in pictures, computed once and kept beside a run.

The class network never learns, so training reads its logits instead of running it: those of a photo varied `COUNT` times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from training import data
from training.data import Picture
from training.export import known_graph
from training.model import Starter

COUNT = 8  # views of each photo
SIDE = 192  # of a view in pixels
BATCH = 32

Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Views:
    """Class logits (n, 1000) and statistics (n, any) of n pictures or views."""

    logits: Half
    statistics: Half


def session(made: onnx.ModelProto, threads: int = 0) -> Any:
    """A graph as a session of ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(made.SerializeToString(), options)


def pictures(count: int, picture: Callable[[int], Picture]) -> Iterator[Picture]:
    """Batches of `picture(0..count-1)`, made in threads."""
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, count, BATCH):
            yield np.stack(list(pool.map(picture, range(start, min(start + BATCH, count)))))


def _read(folder: Path) -> Views:
    return Views(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("logits", "statistics")))


def of_pictures(folder: Path, model: Starter, size: int, count: int, picture: Callable[[int], Picture]) -> Views:
    """Views of `picture(0..count-1)`, pixels (size, size, 3); read from `folder` where they lie there."""
    if (folder / "statistics.npy").is_file():
        return _read(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tower, row, found = session(known_graph(model, size)), 0, {}
    for batch in pictures(count, picture):
        parts = dict(zip(("logits", "statistics"), tower.run(None, {"pixels": batch}), strict=True))
        for name, part in parts.items():
            if name not in found:
                found[name] = open_memmap(folder / f"{name}.new", "w+", np.float16, (count, part.shape[1]))
            found[name][row : row + len(part)] = part
        row += len(batch)
    for name in found:
        (folder / f"{name}.new").replace(folder / f"{name}.npy")
    return _read(folder)


def varied(folder: Path, model: Starter, pixels: Picture, seed: int, count: int = COUNT, side: int = SIDE) -> Views:
    """So many varied views of each picture; those of picture n are the rows n * count and on."""

    def view(number: int) -> Picture:
        return data.vary(np.random.default_rng((seed, number)), pixels[number // count], side)

    return of_pictures(folder, model, side, len(pixels) * count, view)


def squeezed(pixels: Picture, rows: list[int], size: int) -> Callable[[int], Picture]:
    """The pictures of some rows as they are, squeezed to (size, size)."""
    return lambda number: data.squeezed(Image.fromarray(pixels[rows[number]]), size)
