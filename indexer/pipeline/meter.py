"""How far a step is: files done, speed, the stage that the others wait for, time left."""

from __future__ import annotations

import time
from collections.abc import Callable

from indexer.events import Progress
from indexer.pipeline.stages import TICK_S, Job, Pipeline, Result
from retrieval.domain.media import Step


class Meter:
    """How far a step is, and which stage the others wait for."""

    def __init__(self, step: Step, jobs: list[Job], pipeline: Pipeline) -> None:
        self._step = step
        self._pipeline = pipeline
        self._total = len(jobs)
        self._all_weight = sum(job.weight for job in jobs)
        self._done = 0
        self._weight = 0.0
        self._start = self._told = time.perf_counter()

    def count(self, result: Result) -> None:
        self._done += 1
        self._weight += result.job.weight

    def tell(self, emit: Callable[[Progress], None], *, at_end: bool = False) -> None:
        """Emits a Progress, at most every TICK_S seconds."""
        now = time.perf_counter()
        if now - self._told < TICK_S and not at_end:
            return
        self._told = now
        seconds = max(now - self._start, 1e-6)
        load = min(self._pipeline.encoding_s / seconds, 1.0)
        speed = self._weight / seconds
        emit(
            Progress(
                self._step,
                self._done,
                self._total,
                self._done / seconds,
                0 if self._step == "read" else int(self._weight),
                seconds,
                "encoder" if load > 0.5 else "decoder",
                load if load > 0.5 else 1 - load,
                (self._all_weight - self._weight) / speed if speed else None,
            )
        )
