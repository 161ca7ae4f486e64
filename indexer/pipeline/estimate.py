"""What a run would do, and how long it would take: reads the catalog and lists the folders, and changes neither."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.catalog import read as catalog_read
from indexer.catalog.open import reading
from indexer.events import Event, Finished, Opened, Planned
from indexer.pipeline.cost import Rates, expected, read_weight, weight
from indexer.pipeline.options import Options
from indexer.pipeline.steps import STEPS
from indexer.sources import base, changes
from indexer.sources.base import Source
from retrieval.catalog.engine import has_catalog
from retrieval.domain.media import Space, Step

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection


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
    if not has_catalog(home):
        return _report(home, _State(profile, _joined([], roots, options)), options, emit, start)
    with reading(home) as connection:
        own = catalog_read.fact(connection, "profile") or profile
        state = _State(
            own,
            _joined(catalog_read.all_sources(connection), roots, options),
            partial(catalog_read.known_files, connection),
            work_left(connection),
            catalog_read.forgotten_paths(connection),
            partial(catalog_read.contents_only_at, connection),
            known_rates(connection),
        )
        if "regions" in options.steps:
            least = large(own, catalog_read.live_spaces(connection))
            large_ones = catalog_read.without_regions(connection, least)
            state.left["regions"] = large_ones, large_ones * weight("regions", None)
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


def work_left(connection: Connection) -> dict[Step, tuple[int, float]]:
    """Files, and units of work (see cost.py), that each step was left for by earlier runs."""
    left: dict[Step, tuple[int, float]] = {}
    for step in catalog_read.pending(connection):
        units = [weight(step, due.duration_ms) for due in catalog_read.due(connection, step)]
        left[step] = len(units), sum(units)
    return left


def later_work(
    connection: Connection, step: Step, wanted: Sequence[Step], unread: Sequence[base.Candidate]
) -> dict[Step, float]:
    """Units of work of the wanted steps after one: what is pending, and what files may need that were not read yet."""
    left = work_left(connection)
    later = wanted[wanted.index(step) + 1 :] if step in wanted else []
    return {each: left.get(each, (0, 0.0))[1] + sum(expected(each, one) for one in unread) for each in later}


def known_rates(connection: Connection) -> Rates:
    """The rates that earlier runs over a library noted."""
    noted = catalog_read.fact(connection, "rates")
    return Rates(json.loads(noted) if noted else {})


@dataclass(frozen=True, slots=True)
class _State:
    """What a run would start from.

    known: files of a source by its id. left: files and units of work of each step. forgotten: paths that are not looked
    at. contents: how many assets are at paths (by id) and nowhere else.
    """

    profile: str
    sources: list[Source]
    known: Callable[[int], dict[bytes, base.Known]] = lambda source: {}
    left: dict[Step, tuple[int, float]] = field(default_factory=dict)
    forgotten: frozenset[bytes] = frozenset()
    contents: Callable[[list[int]], int] = len
    rates: Rates = field(default_factory=Rates)


def _report(home: Path, state: _State, options: Options, emit: Callable[[Event], None], start: float) -> Finished:
    emit(Opened(home, not has_catalog(home), state.profile, len(state.sources)))
    found, scanned = changes.compare_all(
        state.sources, state.known, home, hidden=options.hidden, forgotten=state.forgotten
    )
    emit(scanned)
    changed = [candidate for each in found for candidate in each.changed if candidate.problem is None]
    timed = sum(map(changes.is_timed, changed))
    files: dict[Step, int] = {}
    work: dict[Step, float] = {}
    for step in options.steps:
        before, units = state.left.get(step, (0, 0.0))
        files[step] = before + (len(changed) if STEPS[step].is_per_file else timed)
        work[step] = units + sum(map(read_weight if step == "read" else partial(expected, step), changed))
    seconds = state.rates.seconds(work)
    gone = [path for each in found for path in each.gone]
    emit(Planned(files, seconds, len(gone), sum(each.left_out for each in found), state.contents(gone)))
    return Finished(0, 0, len(gone), pending=files, seconds=time.perf_counter() - start)
