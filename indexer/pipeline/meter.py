"""How far a step is: files done, speed, the stage that the others wait for, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from indexer.events import Progress
from indexer.pipeline.cost import Rates
from indexer.pipeline.stages import TICK_S, Job, Pipeline, Result
from retrieval.domain.media import Step

if TYPE_CHECKING:
    from indexer.pipeline.cluster import Cluster


class Meter:
    """How far a step is, and which stage the others wait for."""

    def __init__(
        self,
        step: Step,
        jobs: list[Job],
        pipeline: Pipeline | Cluster,
        rates: Rates | None = None,
        later: Mapping[Step, float] | None = None,
    ) -> None:
        """rates, later: of the run, and the work of its later steps in their units; for the time left of all."""
        self._step = step
        self._rates = rates or Rates()
        self._later = later or {}
        self._pipeline = pipeline
        self._total = len(jobs)
        self._all_weight = sum(job.weight for job in jobs)
        self._done = 0
        self._weight = 0.0
        self._start = self._told = self._counted = time.perf_counter()

    def count(self, result: Result) -> None:
        self._done += 1
        self._weight += result.job.weight
        self._counted = time.perf_counter()

    def tell(self, emit: Callable[[Progress], None], *, at_end: bool = False) -> None:
        """Emits a Progress, at most every TICK_S seconds."""
        now = time.perf_counter()
        if now - self._told < TICK_S and not at_end:
            return
        self._told = now
        seconds = max(now - self._start, 1e-6)
        load = min(self._pipeline.encoding_s / seconds, 1.0)
        self._rates.measured[self._step] = self._weight, seconds
        left = self._left(now, seconds)
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
                left,
                left + self._rates.seconds(self._later) if left is not None else None,
            )
        )

    def _left(self, now: float, seconds: float) -> float | None:
        """Seconds that the step still takes; None before its first result.

        What has been silent for a while is expected to be so once more: a file that takes a minute at the end of many
        that took a tenth of a second is not done in a tenth.
        """
        if self._done >= self._total:
            return 0.0
        if not self._weight:
            return None
        return max((self._all_weight - self._weight) * seconds / self._weight, now - self._counted)
