"""A real GPU gives the CPU's answers. Skips without one."""

from __future__ import annotations

import pytest

from benchmarks import gpu as benchmark
from retrieval.vectors import faiss_index, gpu


@pytest.mark.gpu
@pytest.mark.parametrize("share", benchmark.SHARES)
def test_the_top_20_of_100_000_rows_are_those_of_the_cpu(share: float | None) -> None:
    """Filtered ones too: classic GPU indexes ignore a filter silently."""
    import numpy as np

    if not faiss_index.has_faiss() or not gpu.devices():
        pytest.skip("no CUDA device, or FAISS without GPU classes")
    rows, queries = benchmark.data(100_000, 512)
    allowed = None if share is None else np.random.default_rng(5).random(len(rows)) < share
    assert benchmark.differing(faiss_index.build(rows), gpu.on_gpu(rows), queries, allowed) == 0
