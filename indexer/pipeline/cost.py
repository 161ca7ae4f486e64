"""What a run costs, for the time left: expected by what is known before a file is opened, set right by what is measured.

Work is counted in units of each step: seconds of one core for `read`, milliseconds of media for the others, a picture
standing for PICTURE_MS. A rate is units a second: that of earlier runs over the library where there were any, else a usual
one, times how much faster or slower than expected this run has been so far.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from indexer.pipeline.steps import STEPS
from indexer.sources.base import Candidate
from indexer.sources.changes import is_timed
from retrieval.domain.media import Step

PICTURE_MS = 2_000  # of a video are as much work as a picture: text is looked for once in so long
REGIONS = 25  # of a large picture, mostly
LEAST_S = 2.0  # a step that took less tells nothing about rates
SOUNDS = frozenset(b".mp3 .m4a .m4b .ogg .opus .flac .wav .aac .wma".split())
PICTURES = frozenset(b".jpg .jpeg .png .webp .heic .heif .avif .gif .bmp .tif .tiff".split())
SOUND_BYTES_PER_MS, VIDEO_BYTES_PER_MS = 16.0, 250.0  # 128 kbit/s and 2 Mbit/s
READ_CORES = 2.0  # cores that the usual rate of reading is for


def weight(step: Step, duration_ms: int | None) -> float:
    """Units of a step for a file that was read before."""
    if step == "read":
        return 0.05
    return float(duration_ms or (PICTURE_MS if STEPS[step].is_per_file else 1))


def read_weight(candidate: Candidate) -> float:
    """Units of `read` for a file that was not opened yet, by its name and size."""
    size = candidate.fingerprint.bytes / 1e6
    if is_timed(candidate):
        return 0.03 + 0.002 * size  # hashed, and its header is read
    return 0.02 + 0.05 * size if _suffix(candidate) in PICTURES else 0.05 + 0.5 * size


def expected(step: Step, candidate: Candidate) -> float:
    """Units of a later step for a file that was not opened yet, 0 where its kind does not need the step."""
    if step == "ocr":
        return PICTURE_MS if _suffix(candidate) in PICTURES else 0.0 if _is_sound(candidate) else _ms(candidate)
    if step == "watch":
        return 0.0 if _is_sound(candidate) else _ms(candidate)
    return _ms(candidate) if step in ("listen", "transcribe") else 0.0


def likely_views(step: Step, path: Path, units: float) -> float:
    """Pictures that an encoder will about be given of a file. units: of work, as `weight` has it."""
    if step == "watch":
        return units / PICTURE_MS
    return float(os.fsencode(path.suffix.lower()) in PICTURES) * (REGIONS if step == "regions" else 1)


def _ms(candidate: Candidate) -> float:
    if not is_timed(candidate):
        return 0.0
    return candidate.fingerprint.bytes / (SOUND_BYTES_PER_MS if _is_sound(candidate) else VIDEO_BYTES_PER_MS)


def _is_sound(candidate: Candidate) -> bool:
    return _suffix(candidate) in SOUNDS


def _suffix(candidate: Candidate) -> bytes:
    return os.path.splitext(candidate.relative)[1].lower()


def usual_rate(step: Step) -> float:
    """Units a second where no earlier run tells."""
    if step == "read":
        return READ_CORES
    return STEPS[step].usual_rate * (PICTURE_MS if STEPS[step].is_per_file else 1)


@dataclass(slots=True)
class Rates:
    """Rates of one run. known: those of earlier runs; measured: of this one, step -> (units, seconds)."""

    known: Mapping[str, float] = field(default_factory=dict)
    measured: dict[Step, tuple[float, float]] = field(default_factory=dict)

    def base(self, step: Step) -> float:
        """Units a second that were to be expected before this run."""
        return self.known.get(step) or usual_rate(step)

    def rate(self, step: Step) -> float:
        """Units a second to be expected of a step that this run has not come to."""
        logs = [(math.log(units / seconds / self.base(each)), seconds) for each, (units, seconds) in self._telling()]
        total = sum(seconds for _, seconds in logs)
        factor = math.exp(sum(log * seconds for log, seconds in logs) / total) if total else 1.0
        return self.base(step) * factor

    def seconds(self, work: Mapping[Step, float]) -> float:
        """Time that work of several steps would take."""
        return sum(units / self.rate(step) for step, units in work.items())

    def learned(self) -> dict[str, float]:
        """What later runs are to expect."""
        return {**self.known, **{step: units / seconds for step, (units, seconds) in self._telling()}}

    def _telling(self) -> list[tuple[Step, tuple[float, float]]]:
        return [(step, both) for step, both in self.measured.items() if both[0] > 0 and both[1] >= LEAST_S]
