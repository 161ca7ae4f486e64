"""The files of one generation: an immutable, published index of one space.

    KIND.faiss          the index of one kind of segment (without FAISS: KIND.vectors.npy, float16, searched exactly)
    KIND.rows.npy       its rows in order: vector id, segment id, asset id, medium (structured, little endian)
    generation.json     format, dimension, and for each kind rows, nprobe, and size and BLAKE2b-256 of its files

generation.json is written last. Opening compares sizes and row counts; `verify` compares the digests as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.catalog import layout
from retrieval.domain.media import Kind, Vectors
from retrieval.domain.records import ROW, Ids, Within
from retrieval.errors import LibraryDamaged
from retrieval.vectors import faiss_index
from retrieval.vectors.exact import ExactIndex, are_finite

if TYPE_CHECKING:
    from retrieval.protocols import VectorEngine, VectorIndex

FORMAT = 2  # the newest that is read; 1: no inverted lists of bytes, and so written where there are none
SUMMARY = "generation.json"


@dataclass(frozen=True, eq=False)
class Part:
    """One kind of a generation. rows: (n,) vector id, segment id, asset id, medium; ascending vector ids."""

    index: VectorIndex
    rows: NDArray[Any]

    @cached_property
    def assets(self) -> Ids:
        """(n,) asset ids of the rows, side by side: each question with a filter looks at all of them."""
        return np.ascontiguousarray(self.rows["asset"])

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class EnginePart:
    """One kind of a generation that lies in an engine. count: its rows."""

    engine: VectorEngine
    generation: str
    kind: Kind
    count: int

    def __len__(self) -> int:
        return self.count

    def nearest(self, queries: Vectors, k: int, within: Within) -> tuple[Vectors, NDArray[Any], int]:
        """Scores (q, n) in -1..1, best first; rows (q, n), dtype ROW, vector 0 for an empty slot; the number in scope."""
        everything = not within.media and within.assets is None and not len(within.without)
        count = self.count if everything else self.engine.count(self.generation, self.kind, within)
        k = min(k, self.count)
        if not count:
            return np.full((len(queries), k), -np.inf, np.float32), np.zeros((len(queries), k), ROW), 0
        asked = replace(within, rows=count, of=self.count)
        scores, rows = self.engine.nearest(self.generation, self.kind, queries, k, asked)
        order = np.lexsort((rows["vector"], -scores))
        return np.take_along_axis(scores, order, 1), np.take_along_axis(rows, order, 1), count


@dataclass(frozen=True, slots=True, eq=False)
class Generation:
    """An opened generation; files of it stay mapped after they are deleted."""

    parts: Mapping[Kind, Part | EnginePart]

    @property
    def rows(self) -> int:
        return sum(len(part) for part in self.parts.values())


def write_generation(
    folder: Path, dimension: int, tables: Iterable[tuple[Kind, NDArray[Any], NDArray[np.float16]]]
) -> int:
    """Writes every kind into an existing, empty folder, each file synced; returns the number of rows written.

    tables: kind, rows (n,) of the dtype ROW (ids of vector, segment and asset, medium) by ascending vector id, vectors
    (n, dimension) of unit length; those that are not finite are left out.
    """
    kinds = {}
    for kind, rows, vectors in tables:
        finite = are_finite(vectors)
        kept = (rows, vectors) if finite.all() else (rows[finite], vectors[finite])
        if finite.any():
            kinds[kind] = _write_kind(folder, kind, *kept)
    inverted = any(kind.get("nprobe") for kind in kinds.values())
    summary = {"format": FORMAT if inverted else 1, "dimension": dimension, "kinds": kinds}
    (folder / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="ascii")
    for file in folder.iterdir():
        sync(file)
    return sum(kind["rows"] for kind in kinds.values())


def _write_kind(folder: Path, kind: str, rows: NDArray[Any], vectors: NDArray[np.float16]) -> dict[str, Any]:
    about: dict[str, Any] = {"rows": len(rows)}
    file = layout.index_file(folder, kind)
    if faiss_index.has_faiss():
        about |= faiss_index.write(faiss_index.build(vectors), file)
    else:
        file = _plain_file(folder, kind)
        np.save(file, vectors)
    np.save(layout.rows_file(folder, kind), rows)
    written = (file, layout.rows_file(folder, kind))
    about["files"] = {each.name: {"bytes": each.stat().st_size, "blake2b": digest(each)} for each in written}
    return about


def _plain_file(folder: Path, kind: str) -> Path:
    return folder / f"{kind}.vectors.npy"


def digest(file: Path) -> str:
    """BLAKE2b-256 of a file, hex."""
    state = hashlib.blake2b(digest_size=32)
    with open(file, "rb") as opened:
        while block := opened.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def sync(path: Path) -> None:
    """Makes the content of a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_generation(folder: Path, dimension: int) -> Generation:
    """A generation, memory-mapped.

    Raises:
        LibraryDamaged: a file is missing or not what was written.
    """
    kinds = _summary(folder, dimension)["kinds"]
    return Generation({kind: _open_kind(folder, kind, about, dimension) for kind, about in kinds.items()})


def _summary(folder: Path, dimension: int) -> dict[str, Any]:
    try:
        summary: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="ascii"))
        fits = summary["format"] <= FORMAT and summary["dimension"] == dimension
    except (OSError, ValueError, KeyError, TypeError):
        raise LibraryDamaged(f"the index in {folder} is missing or damaged", "crossmedia rebuild") from None
    if not fits:
        raise LibraryDamaged(f"the index in {folder} is of another format or dimension", "crossmedia rebuild")
    return summary


def _open_kind(folder: Path, kind: str, about: Mapping[str, Any], dimension: int) -> Part:
    for name, stated in about["files"].items():
        _check_size(folder / name, stated["bytes"])
    rows = np.load(layout.rows_file(folder, kind), mmap_mode="r")
    file = layout.index_file(folder, kind)
    if file.name not in about["files"]:
        return Part(ExactIndex(np.load(_plain_file(folder, kind), mmap_mode="r")), rows)
    if not faiss_index.has_faiss():
        raise LibraryDamaged(
            "FAISS is not installed, so the published index cannot be read", "pip install 'crossmedia[cpu]'"
        )
    index = faiss_index.open_file(file, rows=about["rows"], dimension=dimension, nprobe=about["nprobe"])
    return Part(_served(index, about["nprobe"]), rows)


def _check_size(file: Path, stated: int) -> None:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise LibraryDamaged(f"the index file {file} is missing: {error.strerror}", "crossmedia rebuild") from None
    if size != stated:
        raise LibraryDamaged(f"the index file {file} has {size} bytes, not {stated}", "crossmedia rebuild")


def _served(index: faiss_index.FaissIndex, nprobe: int) -> VectorIndex:
    """The index, on a GPU where there is one with room for it."""
    from retrieval.vectors import gpu

    if not nprobe and gpu.devices():
        try:
            return gpu.on_gpu(index.rows())
        except RuntimeError:
            return index
    return index


def verify(folder: Path, dimension: int) -> None:
    """Reads every file of a generation.

    Raises:
        LibraryDamaged: one of them is not, byte for byte, what was written.
    """
    for about in _summary(folder, dimension)["kinds"].values():
        for name, stated in about["files"].items():
            _check_size(folder / name, stated["bytes"])
            if digest(folder / name) != stated["blake2b"]:
                raise LibraryDamaged(f"the index file {folder / name} is damaged", "crossmedia rebuild")
