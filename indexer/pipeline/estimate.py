"""What a run would do, and how long it would take: reads the catalog and lists the folders, and changes neither."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog.open import reading
from indexer.events import Event, Finished, Opened, Planned
from indexer.pipeline.options import Options
from indexer.pipeline.steps import STEPS
from indexer.sources import base, changes
from indexer.sources.base import Source
from retrieval.catalog import layout
from retrieval.domain.media import Space, Step

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection

PICTURE_MS = 2_000  # of a video are as much work as a picture: text is looked for once in so long
USUAL_MS = 60_000  # what a video or recording is taken to last that was not read yet


def weight(step: Step, duration_ms: int | None) -> int:
    """How much work a file is among those of its step: 1 where each is read as a whole, else its length in ms."""
    if step == "read":
        return 1
    return duration_ms or (PICTURE_MS if STEPS[step].is_per_file else 1)


def plan(
    home: Path,
    roots: Sequence[Path],
    profile: str,
    options: Options,
    emit: Callable[[Event], None],
    *,
    large: Callable[[str, Sequence[Space]], int] = lambda profile, spaces: 0,
) -> Finished:
    """Reports what `crossmedia index` would do in the library at `home`, which need not be there.

    roots: the folders that are named now. large: the shorter side (pixels) from which on pictures have regions, by the
    name of the library's profile and the spaces that it was encoded into.
    """
    start = time.perf_counter()
    if not layout.catalog(home).exists():
        return _report(home, _State(profile, _joined([], roots, options)), options, emit, start)
    with reading(home) as connection:
        own = catalog_read.fact(connection, "profile") or profile
        state = _State(
            own,
            _joined(catalog_read.all_sources(connection), roots, options),
            partial(catalog_read.known_files, connection),
            _pending(connection),
            catalog_read.forgotten_paths(connection),
            partial(catalog_read.contents_only_at, connection),
        )
        if "regions" in options.steps:
            least = large(own, catalog_read.live_spaces(connection))
            state.left["regions"] = catalog_read.without_regions(connection, least), 0
        return _report(home, state, options, emit, start)


def _joined(sources: list[Source], roots: Sequence[Path], options: Options) -> list[Source]:
    """The library's sources and the new ones, with the patterns that are given now: for all where no root is named."""
    new = [Source(0, root, None, (), (), offline=False) for root in roots if root not in [s.root for s in sources]]
    return [
        replace(each, include=each.include + options.include, exclude=each.exclude + options.exclude)
        if not roots or each.root in roots
        else each
        for each in sources + new
    ]


def _pending(connection: Connection) -> dict[Step, tuple[int, int]]:
    """Files and milliseconds that each step was left for by earlier runs."""
    left: dict[Step, tuple[int, int]] = {}
    for step in catalog_read.pending(connection):
        lengths = [due.duration_ms for due in catalog_read.due(connection, step)]
        left[step] = len(lengths), sum(lengths)
    return left


@dataclass(frozen=True, slots=True)
class _State:
    """What a run would start from.

    known: files of a source by its id. left: files and milliseconds of each step. forgotten: paths that are not looked
    at. contents: how many assets are at paths (by id) and nowhere else.
    """

    profile: str
    sources: list[Source]
    known: Callable[[int], dict[bytes, base.Known]] = lambda source: {}
    left: dict[Step, tuple[int, int]] = field(default_factory=dict)
    forgotten: frozenset[bytes] = frozenset()
    contents: Callable[[list[int]], int] = len


def _report(home: Path, state: _State, options: Options, emit: Callable[[Event], None], start: float) -> Finished:
    emit(Opened(home, not layout.catalog(home).exists(), state.profile, len(state.sources)))
    found, scanned = changes.compare_all(
        state.sources, state.known, home, hidden=options.hidden, forgotten=state.forgotten
    )
    emit(scanned)
    changed = [candidate for each in found for candidate in each.changed if candidate.problem is None]
    timed = sum(map(changes.is_timed, changed))
    files: dict[Step, int] = {}
    seconds = 0.0
    for step in options.steps:
        new = len(changed) if STEPS[step].is_per_file else timed
        before, ms = state.left.get(step, (0, 0))
        files[step] = new + before
        seconds += (files[step] if STEPS[step].is_per_file else new * USUAL_MS + ms) / STEPS[step].usual_rate
    gone = [path for each in found for path in each.gone]
    emit(Planned(files, seconds, len(gone), sum(each.left_out for each in found), state.contents(gone)))
    return Finished(0, 0, len(gone), pending=files, seconds=time.perf_counter() - start)
