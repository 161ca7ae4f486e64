"""FAISS indexes in files: builds them, opens them memory-mapped, searches them.

Up to FLAT_ROWS rows an index is a flat scan of bytes, whose scores are off by thousandths (docs/decisions/0151 and 0155);
above, inverted lists of bytes (0338) whose `nprobe` is tuned against exact search when they are built. A mapped index is
never added to: FAISS would abort the process. Rows and queries have unit length.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.media import Vectors
from retrieval.errors import LibraryDamaged, importing
from retrieval.vectors.exact import ExactIndex, are_finite

FLAT_ROWS = 100_000
DEVIATIONS = 8.0  # of the numbers of a turned unit vector: a byte holds so many, and none is ever larger
CODES_OF_LIST = 64  # learned from for each list
BLOCK = 16_384  # rows handed to FAISS at once
LISTS = 2.0  # inverted lists, times the root of the number of rows
TUNING_QUERIES, TUNING_K, PROPOSED = 64, 20, 3
WANTED_RECALL = 0.99
FEW = 0.05  # where fewer rows are allowed, all lists are looked at: as fast, and exact


def has_faiss() -> bool:
    """Whether FAISS is installed (not whether it works)."""
    return find_spec("faiss") is not None


def faiss_library() -> Any:
    """FAISS, untyped: its stubs do not know its own parameters. Raises: InstallationError."""
    with importing("faiss", "'crossmedia[cpu]'"):
        import faiss
    return faiss


class FaissIndex:
    """A flat or inverted index of FAISS. nprobe 0: flat. findable: mask (rows,) of those that may ever be found."""

    def __init__(self, index: Any, nprobe: int, findable: NDArray[np.bool_] | None = None) -> None:
        self._index = index
        self._findable = findable
        self._nprobe = nprobe
        self._turned = _Turned(index) if hasattr(index, "chain") else None  # those of the first releases: float16

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k), best first, and row numbers (q, k); see protocols.VectorIndex."""
        faiss = faiss_library()
        queries = np.ascontiguousarray(queries, np.float32)
        if self._findable is not None:
            allowed = self._findable if allowed is None else allowed & self._findable
        selector, bits = None, None
        share = 1.0
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")  # must outlive the search: FAISS keeps a bare pointer
            selector = faiss.IDSelectorBitmap(len(allowed), faiss.swig_ptr(bits))
            share = float(np.count_nonzero(allowed)) / max(len(allowed), 1)
        asked = self._turned or self._index
        scores, rows = asked.search(queries, k, params=self._parameters(selector, share))
        return np.where(rows < 0, np.float32(-np.inf), scores), rows.astype(np.int64, copy=False)

    def _parameters(self, selector: Any, share: float) -> Any:
        faiss = faiss_library()
        if not self._nprobe:
            return faiss.SearchParameters(sel=selector)
        lists = int((self._turned or self._index).nlist)
        nprobe = lists if share < FEW else min(lists, int(self._nprobe / min(1.0, 4 * share)))
        return faiss.SearchParametersIVF(sel=selector, nprobe=nprobe)

    def rows(self) -> NDArray[np.float16]:
        """All rows (n, dimension) as far as they are kept, for another device. Flat indexes only."""
        if self._turned:
            return self._turned.rows()
        return np.asarray(self._index.reconstruct_n(0, len(self)), np.float16)


class _Turned:
    """An index of rows that were turned at random and rounded to bytes: half as large as float16, and several times as fast.

    Once turned, all numbers of a unit vector are about equally large, whatever a model makes of its dimensions, so one
    step fits all. FAISS compares bytes, but cuts off what follows the point: rounding is ours.
    """

    def __init__(self, index: Any) -> None:
        faiss = faiss_library()
        self._whole = index  # owns the other two
        self._turn = faiss.downcast_VectorTransform(index.chain.at(0))
        self._bytes = faiss.downcast_index(index.index)
        self._unit = np.float32(_steps(index.d) ** 2)
        self._key = faiss.rev_swig_ptr(self._turn.A.data(), index.d).tobytes()  # one row tells two rotations apart

    @classmethod
    def empty(cls, dimension: int, lists: int = 0) -> _Turned:
        """Of no rows yet; lists: how many inverted ones, to be trained first."""
        faiss = faiss_library()
        turn = faiss.LinearTransform(dimension, dimension, False)
        faiss.copy_array_to_vector((_rotation(dimension) * _steps(dimension)).astype(np.float32).ravel(), turn.A)
        turn.is_trained = True
        signed, inner = faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
        if not lists:
            return cls(faiss.IndexPreTransform(turn, faiss.IndexScalarQuantizer(dimension, signed, inner)))
        nearest = faiss.IndexFlatIP(dimension)
        inverted = faiss.IndexIVFScalarQuantizer(nearest, dimension, lists, signed, inner, False)  # codes are the rows
        return cls(faiss.IndexPreTransform(turn, inverted))

    @property
    def nlist(self) -> int:
        return int(self._bytes.nlist)

    def train(self, rows: NDArray[np.float16]) -> None:
        """Learns the inverted lists from unit rows (n, dimension)."""
        self._bytes.train(self._round(rows.astype(np.float32)))

    def add(self, rows: NDArray[np.float16]) -> Any:
        """Adds unit rows (n, dimension); returns the index of FAISS, which is written."""
        for start in range(0, len(rows), BLOCK):
            self._bytes.add(self._round(rows[start : start + BLOCK].astype(np.float32)))
        self._whole.is_trained, self._whole.ntotal = True, self._bytes.ntotal
        return self._whole

    def _round(self, vectors: Vectors) -> Vectors:
        turned: Vectors = np.rint(self._turn.apply(vectors)).clip(
            -128, 127
        )  # a byte beyond them begins at the other end
        return turned

    def _asked(self, queries: Vectors) -> Vectors:
        """Queries turned and rounded. One question asks several kinds of segment: those of one rotation share the work."""
        global _last_turned
        last, key, turned = _last_turned
        if key != self._key or not np.array_equal(last, queries):
            turned = self._round(queries)
            _last_turned = queries.copy(), self._key, turned
        return turned

    def search(self, queries: Vectors, k: int, params: Any) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k), best first, off by thousandths, and row numbers (q, k), -1 for none."""
        scores, rows = self._bytes.search(self._asked(queries), k, params=params)
        return scores / self._unit, rows

    def rows(self) -> NDArray[np.float16]:
        """All rows (n, dimension) in -1..1, rotated back; of flat ones."""
        dimension, count = self._whole.d, self._whole.ntotal
        back = faiss_library().vector_to_array(self._turn.A).reshape(dimension, dimension) / self._unit
        parts = [self._bytes.reconstruct_n(at, min(BLOCK, count - at)) @ back for at in range(0, count, BLOCK)]
        return np.concatenate(parts).astype(np.float16)


_nothing = np.empty((0, 0), np.float32)
_last_turned: tuple[Vectors, bytes, Vectors] = (_nothing, b"", _nothing)  # replaced whole, so threads only miss it


@cache
def _rotation(dimension: int) -> NDArray[np.float64]:
    """(dimension, dimension), one of all there are; a tenth of a second, on busy cores two where threads wait."""
    with single_threaded_blas:
        return np.asarray(np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, dimension)))[0])


def _steps(dimension: int) -> float:
    """Steps of a byte in a length of 1: DEVIATIONS of a number of a turned unit vector are 127."""
    return float(127 * np.sqrt(dimension) / DEVIATIONS)


def build(rows: NDArray[np.float16], flat_rows: int = FLAT_ROWS) -> FaissIndex:
    """An index in memory over rows (n, dimension); those that are not finite are never found in it."""
    finite = are_finite(rows)
    if not finite.all():
        built = build(np.where(finite[:, None], rows, np.float16(0)), flat_rows)
        return FaissIndex(built._index, built._nprobe, finite)
    n, dimension = rows.shape
    if n <= flat_rows:
        return FaissIndex(_Turned.empty(dimension).add(rows), 0)
    lists = max(1, int(min(LISTS * np.sqrt(n), n / CODES_OF_LIST)))
    turned = _Turned.empty(dimension, lists)
    sample = np.random.default_rng(0).choice(n, CODES_OF_LIST * lists, replace=False)
    turned.train(rows[np.sort(sample)])
    index = turned.add(rows)
    return FaissIndex(index, _tune(index, rows))


def _tune(index: Any, rows: NDArray[np.float16]) -> int:
    """How many lists to look at: from 4 by half more, the least whose recall at TUNING_K reaches WANTED_RECALL.

    The questions lie midway between two rows each: off the data, as the vector of a text lies off those of pictures.
    """
    pairs = np.random.default_rng(1).choice(len(rows), (2, TUNING_QUERIES))
    queries = rows[pairs[0]].astype(np.float32) + rows[pairs[1]].astype(np.float32)
    queries /= np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-6)
    truth = ExactIndex(rows).search(queries, TUNING_K)[1]
    nprobe, lists = 4, _Turned(index).nlist
    while nprobe < lists and _recall(FaissIndex(index, nprobe), queries, truth) < WANTED_RECALL:
        nprobe += nprobe // 2
    return min(nprobe, lists)


def _recall(index: FaissIndex, queries: Vectors, truth: NDArray[np.int64]) -> float:
    """Share of the true nearest that are among PROPOSED times as many: a search scores its finalists again."""
    found = index.search(queries, PROPOSED * truth.shape[1])[1]
    return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, truth, strict=True)]))


def write(index: FaissIndex, file: Path) -> dict[str, int]:
    """Writes an index of finite rows; returns the settings that `open_file` needs."""
    faiss = faiss_library()
    faiss.write_index(index._index, str(file))
    return {"nprobe": index._nprobe}


def open_file(file: Path, *, rows: int, dimension: int, nprobe: int) -> FaissIndex:
    """An index in its file, memory-mapped.

    Raises:
        LibraryDamaged: missing, not readable, or of another size than stated.
    """
    faiss = faiss_library()
    try:
        index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1][-120:]
        raise LibraryDamaged(f"the index {file} cannot be opened: {reason}", "crossmedia rebuild") from None
    if (index.ntotal, index.d) != (rows, dimension):
        raise LibraryDamaged(f"the index {file} is not the one that was written", "crossmedia rebuild")
    return FaissIndex(index, nprobe)
