"""Generations on a GPU: the same 20 answers as on the CPU, filtered or not, and how fast. Prints one JSON object.

    python -m benchmarks.gpu [--rows 100000] [--dimension 512]

Needs faiss-gpu and a CUDA device; without them it says so and exits with 0, as there is nothing to check. Exits with 1
where an answer differs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.protocols import VectorIndex
from retrieval.vectors import faiss_index, gpu

QUERIES, K = 200, 20
SHARES = (None, 0.5, 0.05, 0.001)  # of rows that a filter lets through
TIE = 1e-5  # scores nearer than this may change places


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=512)
    given = parser.parse_args()
    if not faiss_index.has_faiss() or not gpu.devices():
        print(json.dumps({"skipped": "no CUDA device, or FAISS without GPU classes"}))
        return
    rows, queries = data(given.rows, given.dimension)
    start = time.perf_counter()
    device = gpu.on_gpu(rows)
    figures: dict[str, Any] = {"rows": len(rows), "to_device_s": round(time.perf_counter() - start, 2)}
    host = faiss_index.build(rows, flat_rows=len(rows))
    wrong = 0
    for share in SHARES:
        allowed = None if share is None else np.random.default_rng(5).random(len(rows)) < share
        wrong += differing(host, device, queries, allowed)
        name = "all" if share is None else f"{share:.1%}"
        figures[name] = {"cpu_ms": speed(host, queries, allowed), "gpu_ms": speed(device, queries, allowed)}
    figures["differing"] = wrong
    print(json.dumps(figures, indent=1))
    sys.exit(1 if wrong else 0)


def data(n: int, dimension: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Unit rows (n, dimension) in loose clusters, and questions among them."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(500, dimension)).astype(np.float32)

    def draw(count: int) -> NDArray[np.float32]:
        drawn = centres[rng.integers(0, 500, count)] + rng.normal(size=(count, dimension)).astype(np.float32)
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)

    return draw(n).astype(np.float16), draw(QUERIES)


def differing(
    host: VectorIndex, device: VectorIndex, queries: NDArray[np.float32], allowed: NDArray[np.bool_] | None
) -> int:
    """Questions whose best rows differ by more than a change of places among ties."""
    host_scores, host_rows = host.search(queries, K, allowed)
    scores, rows = device.search(queries, K, allowed)
    outside = allowed is not None and not allowed[rows[rows >= 0]].all()
    moved = (rows != host_rows) & (np.abs(scores - host_scores) > TIE)
    return len(queries) if outside else int(moved.any(axis=1).sum())


def speed(index: VectorIndex, queries: NDArray[np.float32], allowed: NDArray[np.bool_] | None) -> float:
    """Median milliseconds of one question."""
    index.search(queries[:1], K, allowed)
    found = []
    for query in queries[:50]:
        start = time.perf_counter()
        index.search(query[None], K, allowed)
        found.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(found), 3)


if __name__ == "__main__":
    main()
