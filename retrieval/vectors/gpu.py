"""Generations on a GPU: all rows in float16 on the device, searched flat, so exact.

Classic GPU indexes ignore a selector without a word. A filter is therefore ours: the device gives a long unfiltered list,
and where that holds too few allowed rows, the allowed rows alone are scanned on the host. Both are exact.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import Vectors
from retrieval.vectors.exact import ExactIndex
from retrieval.vectors.faiss_index import faiss_library

LONGEST = 2048  # results of one GPU search


class Unfiltered(Protocol):
    """An index of FAISS that knows no filters."""

    def search(self, queries: Vectors, k: int) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k), best first, and row numbers (q, k) of the nearest rows."""


def devices() -> int:
    """Number of GPUs that the installed FAISS can use."""
    faiss = faiss_library()
    return int(faiss.get_num_gpus()) if hasattr(faiss, "StandardGpuResources") else 0


def on_gpu(rows: NDArray[np.float16], device: int = 0) -> GpuIndex:
    """Rows (n, dimension) brought to a device. Raises RuntimeError where it has no room for them."""
    faiss = faiss_library()
    resources = faiss.StandardGpuResources()
    config = faiss.GpuIndexFlatConfig()
    config.device, config.useFloat16 = device, True
    index = faiss.GpuIndexFlatIP(resources, rows.shape[1], config)
    for start in range(0, len(rows), 65_536):
        index.add(rows[start : start + 65_536].astype(np.float32))
    return GpuIndex(index, rows, keep=resources)


class GpuIndex:
    """An unfiltered index and the host's copy of its rows. `keep`: what must live as long as the index."""

    def __init__(self, index: Unfiltered, rows: NDArray[np.float16], keep: Any = None) -> None:
        self._index = index
        self._rows = rows
        self._keep = keep

    def __len__(self) -> int:
        return len(self._rows)

    def search(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_] | None = None
    ) -> tuple[Vectors, NDArray[np.int64]]:
        """Scores (q, k), best first, and row numbers (q, k); see protocols.VectorIndex."""
        queries = np.ascontiguousarray(queries, np.float32)
        if allowed is None and k <= LONGEST:
            scores, rows = self._index.search(queries, k)
            return np.where(rows < 0, np.float32(-np.inf), scores), rows
        if allowed is not None and k <= LONGEST:
            found = self._thinned(queries, k, allowed)
            if found is not None:
                return found
        return ExactIndex(self._rows).search(queries, k, allowed)

    def _thinned(
        self, queries: Vectors, k: int, allowed: NDArray[np.bool_]
    ) -> tuple[Vectors, NDArray[np.int64]] | None:
        """The allowed among the LONGEST nearest rows; None where those are too few to be sure."""
        wanted = min(k, int(np.count_nonzero(allowed)))
        scores, rows = self._index.search(queries, min(LONGEST, len(self)))
        keep = (rows >= 0) & allowed[np.maximum(rows, 0)]
        if len(queries) and keep.sum(axis=1).min() < wanted:
            return None
        out = np.full((len(queries), k), -np.inf, np.float32), np.full((len(queries), k), -1, np.int64)
        for at in range(len(queries)):
            places = np.flatnonzero(keep[at])[:wanted]
            out[0][at, : len(places)], out[1][at, : len(places)] = scores[at, places], rows[at, places]
        return out
