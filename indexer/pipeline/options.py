"""How an index run goes: what is read, by how many workers, within which limits."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field

from indexer.pipeline.steps import STEPS
from retrieval.domain.media import Step
from retrieval.protocols import Profile
from retrieval.settings import LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Options:
    """How a run goes. include, exclude: glob patterns kept with the sources that are named. unfinished: absolute paths of
    files that are still written, which a later run reads.
    """

    profile: str | Profile | None = None  # None: the library's own, or the default
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    speech: bool = True
    video: bool = True
    ocr: bool = True
    regions: bool | None = None  # kept with the library; None: as it was
    dry_run: bool = False
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    nice: int = 0
    limits: Limits = LIMITS
    unfinished: frozenset[bytes] = frozenset()

    @property
    def steps(self) -> list[Step]:
        """The steps that are wanted, in order."""
        wanted = {
            "watch": self.video,
            "transcribe": self.speech,
            "ocr": self.ocr and reads_text(),
            "regions": bool(self.regions),
        }
        return [step for step in STEPS if wanted.get(step, True)]


def reads_text() -> bool:
    """Whether text in pictures can be read here: the extra `ocr` is installed."""
    return importlib.util.find_spec("rapidocr") is not None
