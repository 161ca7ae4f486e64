"""The peaks of a recording or film, as a child process reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.domain.media import AudioSpec, Medium
    from retrieval.settings import Limits

PEAKS = 600  # of a whole file, at most


def read_peaks(
    path: Path, medium: Medium, spec: AudioSpec, limits: Limits, alive: Callable[[], None]
) -> Iterator[tuple[float, ...]]:
    """A reader for retrieval.media.worker: `peaks_of` a file that lasts spec.window_ms, once."""
    yield peaks_of(path, spec.window_ms, spec.rate, alive)


def peaks_of(path: Path, length_ms: int, rate: int, alive: Callable[[], None] = lambda: None) -> tuple[float, ...]:
    """At most PEAKS loudest samples of parts of equal length, in 0..1 of the loudest of all; none for silence.

    Raises: MediaUnreadable.
    """
    import numpy as np

    from retrieval.media.av import audio

    part = max(1, -(-length_ms * rate // (1000 * PEAKS)))
    found: list[float] = []
    rest = np.empty(0, np.float32)
    for chunk in audio.chunks(path, rate):
        samples = np.abs(np.concatenate([rest, chunk]))
        whole = len(samples) // part * part
        found += samples[:whole].reshape(-1, part).max(axis=1).tolist()
        rest = samples[whole:]
        alive()
    found += [float(rest.max())] if len(rest) else []
    loudest = max(found, default=0.0)
    return tuple(round(each / loudest, 3) for each in found[:PEAKS]) if loudest else ()
