"""What a run would do, and how long it would take: reads the catalog and lists the folders, and changes neither."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog.open import reading
from indexer.events import Event, Finished, Opened, Planned
from indexer.pipeline.steps import STEPS
from indexer.sources import base, changes
from indexer.sources.base import Source
from retrieval.catalog import layout
from retrieval.domain.media import Step

if TYPE_CHECKING:
    from sqlalchemy import Connection

PICTURE_MS = 2_000  # of a video are as much work as a picture: text is looked for once in so long
USUAL_MS = 60_000  # what a video or recording is taken to last that was not read yet


def weight(step: Step, duration_ms: int | None) -> int:
    """How much work a file is among those of its step: 1 where each is read as a whole, else its length in ms."""
    if step == "read":
        return 1
    return duration_ms or (PICTURE_MS if STEPS[step].is_per_file else 1)


def plan(
    home: Path,
    named: Sequence[Source],
    profile: str,
    wanted: Sequence[Step],
    emit: Callable[[Event], None],
    *,
    hidden: bool = False,
    large: Callable[[str], int] = lambda profile: 0,
) -> Finished:
    """Reports what `crossmedia index` would do in the library at `home`, which need not be there.

    named: the folders that are named now; id 0, patterns empty where none are given. wanted: the steps of the run.
    large: the shorter side (pixels) from which on pictures have regions, by the name of the library's profile.
    """
    start = time.perf_counter()
    if not layout.catalog(home).exists():
        state = _State(profile, list(named), lambda source: {}, {})
        return _report(home, state, wanted, emit, hidden, start)
    with reading(home) as connection:
        sources = _joined(catalog_read.all_sources(connection), named)
        known = partial(catalog_read.known_files, connection)
        own = catalog_read.fact(connection, "profile") or profile
        left = _pending(connection)
        if "regions" in wanted:
            left["regions"] = catalog_read.without_regions(connection, large(own)), 0
        return _report(home, _State(own, sources, known, left), wanted, emit, hidden, start)


def _joined(sources: list[Source], named: Sequence[Source]) -> list[Source]:
    """The library's sources, with the patterns that are given now, and then the new ones."""
    given = {each.root: each for each in named}
    known = {source.root for source in sources}
    updated = [_with_patterns(source, given[source.root]) if source.root in given else source for source in sources]
    return updated + [each for each in given.values() if each.root not in known]


def _with_patterns(source: Source, given: Source) -> Source:
    return replace(source, include=given.include or source.include, exclude=given.exclude or source.exclude)


def _pending(connection: Connection) -> dict[Step, tuple[int, int]]:
    """Files and milliseconds that each step was left for by earlier runs."""
    left: dict[Step, tuple[int, int]] = {}
    for step in catalog_read.pending(connection):
        lengths = [due.duration_ms for due in catalog_read.due(connection, step)]
        left[step] = len(lengths), sum(lengths)
    return left


@dataclass(frozen=True, slots=True)
class _State:
    """What a run would start from. known: files of a source by its id. left: files and milliseconds of each step."""

    profile: str
    sources: list[Source]
    known: Callable[[int], dict[bytes, base.Known]]
    left: dict[Step, tuple[int, int]]


def _report(
    home: Path, state: _State, wanted: Sequence[Step], emit: Callable[[Event], None], hidden: bool, start: float
) -> Finished:
    emit(Opened(home, not layout.catalog(home).exists(), state.profile, len(state.sources)))
    found, scanned = changes.compare_all(state.sources, state.known, home, hidden=hidden)
    emit(scanned)
    changed = [candidate for each in found for candidate in each.changed if candidate.problem is None]
    timed = sum(map(changes.is_timed, changed))
    files: dict[Step, int] = {}
    seconds = 0.0
    for step in wanted:
        new = len(changed) if STEPS[step].is_per_file else timed
        before, ms = state.left.get(step, (0, 0))
        files[step] = new + before
        seconds += (files[step] if STEPS[step].is_per_file else new * USUAL_MS + ms) / STEPS[step].usual_rate
    emit(Planned(files, seconds))
    return Finished(0, 0, 0, pending=files, seconds=time.perf_counter() - start)
