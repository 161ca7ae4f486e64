"""FAISS indexes in files: builds them, opens them memory-mapped, searches them.

Up to FLAT_ROWS rows an index is a flat scan of float16 (exact in practice); above, inverted lists whose `nprobe` is tuned
against exact search when they are built. A mapped index is never added to: FAISS would abort the process.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.domain import Vectors
from retrieval.errors import LibraryDamaged
from retrieval.nearest.exact import ExactIndex

FLAT_ROWS = 300_000
PARTED_ROWS = 20_000  # from here on handing parts to threads costs less than it saves
TRAIN_ROWS = 200_000
TUNING_QUERIES, TUNING_K = 64, 20
WANTED_RECALL = 0.98
FEW = 0.05  # where fewer rows are allowed, all lists are looked at: as fast, and exact


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "nearest")


def has_faiss() -> bool:
    """Whether FAISS is installed (not whether it works)."""
    return find_spec("faiss") is not None


def _faiss() -> Any:
    """FAISS, untyped: its stubs do not know its own parameters."""
    import faiss

    return faiss


class FaissIndex:
    """A flat or inverted index of FAISS. nprobe 0: flat."""

    def __init__(self, index: Any, nprobe: int) -> None:
        self._index = index
        self._nprobe = nprobe

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """See protocols.VectorIndex."""
        faiss = _faiss()
        queries = np.ascontiguousarray(queries, np.float32)
        selector, bits = None, None
        share = 1.0
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")  # must outlive the search: FAISS keeps a bare pointer
            selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bits))
            share = float(np.count_nonzero(allowed)) / max(len(allowed), 1)
        if self._nprobe or len(self) < PARTED_ROWS:
            scores, rows = self._index.search(queries, k, params=self._parameters(selector, share))
        else:
            scores, rows = self._in_parts(queries, k, selector)
        return np.where(rows < 0, np.float32(-np.inf), scores), rows.astype(np.int64, copy=False)

    def _in_parts(self, queries: Vectors, k: int, selector: Any) -> tuple[Vectors, NDArray[np.int64]]:
        """A flat search by all cores: FAISS gives each question one thread, and mostly there is one question."""
        faiss = _faiss()
        borders = np.linspace(0, len(self), (os.cpu_count() or 1) + 1).astype(int).tolist()

        def part(first: int, last: int) -> tuple[Vectors, NDArray[np.int64]]:
            own = faiss.IDSelectorRange(first, last)
            both = own if selector is None else faiss.IDSelectorAnd(own, selector)
            found: tuple[Vectors, NDArray[np.int64]] = self._index.search(
                queries, k, params=faiss.SearchParameters(sel=both)
            )
            return found

        found = list(_threads().map(part, borders[:-1], borders[1:]))
        scores, rows = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
        scores = np.where(rows < 0, np.float32(-np.inf), scores)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(scores, best, 1), np.take_along_axis(rows, best, 1)

    def _parameters(self, selector: Any, share: float) -> Any:
        faiss = _faiss()
        if not self._nprobe:
            return faiss.SearchParameters(sel=selector) if selector is not None else None
        lists = int(self._index.nlist)
        nprobe = lists if share < FEW else min(lists, int(self._nprobe / min(1.0, 4 * share)))
        return faiss.SearchParametersIVF(sel=selector, nprobe=nprobe)

    def rows(self) -> NDArray[np.float16]:
        """All rows (n, dimension) as they are stored, for another device. Flat indexes only."""
        faiss = _faiss()
        codes: NDArray[np.uint8] = faiss.rev_swig_ptr(self._index.codes.data(), len(self) * self.dimension * 2)
        return codes.view(np.float16).reshape(len(self), self.dimension)


def build(rows: NDArray[np.float16], flat_rows: int = FLAT_ROWS) -> FaissIndex:
    """An index in memory over rows (n, dimension)."""
    faiss = _faiss()
    n, dimension = rows.shape
    if n <= flat_rows:
        index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        _add(index, rows)
        return FaissIndex(index, 0)
    lists = int(min(4 * np.sqrt(n), n / 39))
    index = faiss.index_factory(dimension, f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT)
    index.by_residual = False  # codes are then the rows themselves, so scores are those of the catalog
    sample = np.random.default_rng(0).choice(n, min(n, TRAIN_ROWS), replace=False)
    index.train(rows[np.sort(sample)].astype(np.float32))
    _add(index, rows)
    return FaissIndex(index, _tune(index, rows))


def _add(index: Any, rows: NDArray[np.float16], block: int = 16_384) -> None:
    for start in range(0, len(rows), block):
        index.add(rows[start : start + block].astype(np.float32))


def _tune(index: Any, rows: NDArray[np.float16]) -> int:
    """The least power of two of lists whose recall at TUNING_K reaches WANTED_RECALL.

    The questions lie midway between two rows each: off the data, as the vector of a text lies off those of pictures.
    """
    pairs = np.random.default_rng(1).choice(len(rows), (2, TUNING_QUERIES))
    queries = rows[pairs[0]].astype(np.float32) + rows[pairs[1]].astype(np.float32)
    queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-6)
    truth = ExactIndex(rows).search(queries, TUNING_K)[1]
    nprobe = 4
    while nprobe < index.nlist and _recall(FaissIndex(index, nprobe), queries, truth) < WANTED_RECALL:
        nprobe *= 2
    return min(nprobe, int(index.nlist))


def _recall(index: FaissIndex, queries: Vectors, truth: NDArray[np.int64]) -> float:
    found = index.search(queries, truth.shape[1])[1]
    return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, truth, strict=True)]))


def write(index: FaissIndex, file: Path) -> dict[str, int]:
    """Writes an index; returns the settings that `open_file` needs."""
    faiss = _faiss()
    faiss.write_index(index._index, str(file))
    return {"nprobe": index._nprobe}


def open_file(file: Path, *, rows: int, dimension: int, nprobe: int) -> FaissIndex:
    """An index in its file, memory-mapped.

    Raises:
        LibraryDamaged: missing, not readable, or of another size than stated.
    """
    faiss = _faiss()
    try:
        index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][-120:]
        raise LibraryDamaged(f"the index {file} cannot be opened: {reason}", "crossmedia rebuild") from None
    if (index.ntotal, index.d) != (rows, dimension):
        raise LibraryDamaged(f"the index {file} is not the one that was written", "crossmedia rebuild")
    return FaissIndex(index, nprobe)
