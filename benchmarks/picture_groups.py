"""Near-duplicate groups of many pictures: python -m benchmarks.picture_groups --photos DIR|ZIP... [--count N] [--out FILE].

The fingerprints of N pictures are mixed from those of real photos, two at a time; every twentieth is a copy of the one
before, cut. Processor seconds of `alike_pictures` with BLAS on one thread, as the library asks it; recall over the pairs
that comparing SAMPLE of the pictures with all others finds; seconds of a quarter of the pictures, for the growth.
"""

from __future__ import annotations

import argparse
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.duplicates import PICTURES, contents
from benchmarks.report import report
from retrieval.blas_threads import single_threaded_blas
from retrieval.domain.records import StoredFingerprints
from retrieval.media import fingerprint
from retrieval.search.duplicates import alike_pictures

SAMPLE = 100
COPY_EVERY = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--photos", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    data = mixed(real(given.photos), given.count)
    quarter, _, _ = timed(data[: len(data) // 4])
    seconds, wall, pairs = timed(data)
    sample = np.random.default_rng(1).choice(len(data) // COPY_EVERY - 1, SAMPLE, replace=False) * COPY_EVERY
    true = {pair for one in sample.tolist() for pair in same_as(one, data)}
    figures: dict[str, float | str] = {
        "pictures": str(len(data)),
        "processor seconds": seconds,
        "seconds": wall,
        "exponent of growth from a quarter": math.log(seconds / quarter) / math.log(4),
        "pairs found": str(len(pairs)),
        "pairs of the sample": str(len(true)),
        "recall of the sample's pairs": len(true & pairs) / max(1, len(true)),
    }
    report("picture_groups", figures, given.out)


def real(places: Sequence[Path]) -> NDArray[np.uint8]:
    """(n, BYTES) fingerprints of the photos in folders and ZIP files."""
    found = []
    for content in contents(places, PICTURES, 10_000):
        picture = Image.open(io.BytesIO(content))
        picture.draft("RGB", (128, 128))
        found.append(fingerprint.picture_fingerprint(np.asarray(picture.convert("RGB"))))
    return np.stack(found)


def mixed(photos: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    """(count, BYTES): means of two photos each; every COPY_EVERY-th but the first is followed by a cut copy of itself."""
    rng = np.random.default_rng(0)
    rows = np.empty((count, fingerprint.BYTES), np.uint8)
    for start in range(0, count, 10_000):
        pairs = rng.integers(0, len(photos), (2, min(10_000, count - start)))
        rows[start : start + 10_000] = np.rint(photos[pairs[0]] * 0.6 + photos[pairs[1]] * 0.4)
    for at in range(0, count - 1, COPY_EVERY):
        rows[at + 1] = cut(rows[at])
    return rows


def cut(one: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(BYTES,): the fingerprint of a picture's upper left, without a tenth of each side; colours as they are."""
    inner = Image.fromarray(fingerprint.greys_of(one[None])[0].astype(np.uint8))
    side = fingerprint.SIDE
    part = inner.resize((side, side), Image.Resampling.BILINEAR, box=(0, 0, 0.92 * side, 0.92 * side))
    return np.concatenate([np.asarray(part).ravel(), one[fingerprint.GREYS :]])


def timed(data: NDArray[np.uint8]) -> tuple[float, float, set[tuple[int, int]]]:
    """Processor seconds and seconds of proposing and comparing, and the pairs found, each ascending."""
    ids = np.arange(len(data))
    kept = StoredFingerprints(ids, np.zeros_like(ids), [row.tobytes() for row in data])
    start, began = time.process_time(), time.perf_counter()
    with single_threaded_blas:
        links = alike_pictures(kept)
    spent = time.process_time() - start, time.perf_counter() - began
    return *spent, {(min(pair), max(pair)) for pair in links}


def same_as(one: int, data: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Pairs of one picture with any other that is the same when either is asked."""
    others = np.delete(np.arange(len(data)), one)
    forth = others[fingerprint.same_pictures(data[one], data[others])]
    copy = [one + 1] if fingerprint.same_pictures(data[one + 1], data[[one]])[0] else []
    return {(min(one, other), max(one, other)) for other in [*forth.tolist(), *copy]}


if __name__ == "__main__":
    main()
