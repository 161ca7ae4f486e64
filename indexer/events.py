"""What a run tells whoever watches it: small frozen values, in order of happening."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from retrieval.domain.media import NOT_MEDIA, Step


@dataclass(frozen=True, slots=True)
class Opened:
    """A library was opened for writing."""

    library: Path
    new: bool
    profile: str
    sources: int


@dataclass(frozen=True, slots=True)
class Upgraded:
    """An older library was brought to this version, its words read anew; `copy` is its catalog as it was."""

    library: Path
    copy: Path


@dataclass(frozen=True, slots=True)
class Filtered:
    """Patterns were added to those of a source, which is kept with the library."""

    source: Path
    include: tuple[str, ...]
    exclude: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scanned:
    """All folders were listed. `changed` files are new or differ from what the catalog holds.

    passed: folders and files of systems and programs that were left out by their names.
    """

    files: int
    changed: int
    gone: int
    seconds: float
    offline: tuple[Path, ...] = ()
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step is, a few times a second.

    done, total: files. rate: files per second. media_ms: length of the video or sound read so far.
    bottleneck: the stage that the others wait for, with its load 0..1. eta_s: of the step, run_eta_s: of the whole run;
    None while unknown.
    """

    step: Step
    done: int
    total: int
    rate: float
    media_ms: int = 0
    seconds: float = 0.0
    bottleneck: str = ""
    load: float = 0.0
    eta_s: float | None = None
    run_eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file was left out."""

    path: Path
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A new generation of a space went live."""

    space: str
    rows: int


@dataclass(frozen=True, slots=True)
class Planned:
    """Answer of a dry run: files for each step, and seconds that they would take about.

    gone: files that would be forgotten, left_out: those of them that are still there, but excluded now. contents: what
    was seen at no other path; fewer are forgotten where a file of the same content turns up among the new ones.
    """

    files: dict[Step, int]
    seconds: float
    gone: int = 0
    left_out: int = 0
    contents: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run. `pending`: files that a step left for a later run."""

    indexed: int
    new: int
    gone: int
    skipped: dict[str, int] = field(default_factory=dict)  # reason -> files, the whole library
    pending: dict[Step, int] = field(default_factory=dict)
    seconds: float = 0.0
    stopped: bool = False  # by Ctrl-C
    warnings: tuple[str, ...] = ()

    @property
    def unread(self) -> dict[str, int]:
        """Reason -> files that hold a medium which could not be read."""
        return {reason: count for reason, count in self.skipped.items() if reason not in NOT_MEDIA}

    @property
    def not_media(self) -> int:
        """Files that hold no medium."""
        return sum(self.skipped.values()) - sum(self.unread.values())


Event: TypeAlias = Upgraded | Opened | Filtered | Scanned | Progress | Skipped | Published | Planned | Finished
