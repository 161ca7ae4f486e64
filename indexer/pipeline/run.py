"""The loop: scan, then each step over all files that need it, in the order that makes search useful early.

    scan -> read (pictures, documents, facts of all media) -> watch (video) -> listen (sound) -> transcribe (speech)
         -> ocr (text in pictures) -> regions (parts of large pictures, where they are wanted)

Binds the parts. Results are written in batches, one transaction each; a kill loses at most the batch under way.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.calibrate import calibrate
from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.open import reading, writing
from indexer.catalog.sources import follow, follow_settings, sources_of_run
from indexer.events import Event, Filtered, Finished, Opened, Progress, Published
from indexer.pipeline import spool
from indexer.pipeline.cluster import Cluster, cluster_of
from indexer.pipeline.cost import Rates, read_weight, weight
from indexer.pipeline.encoders import indexing_encoders, least_region_side, refuse_other_weights
from indexer.pipeline.estimate import known_rates, later_work, plan
from indexer.pipeline.meter import Meter
from indexer.pipeline.options import Options, reads_text
from indexer.pipeline.run_note import RunNote
from indexer.pipeline.sink import Origin, Sink
from indexer.pipeline.stages import Job, Pipeline, Place, Result, Tower
from indexer.pipeline.steps import STEPS, task_of
from indexer.publish import publish
from indexer.sources import base, changes
from indexer.sources.roots import existing_root
from retrieval import settings
from retrieval.catalog import layout
from retrieval.catalog.engine import has_catalog
from retrieval.domain.media import ImageSpec, InputSpec, Medium, Step
from retrieval.domain.place import place_text
from retrieval.encoders.profile import library_profile
from retrieval.encoders.profile_registry import resolve_profile
from retrieval.errors import LibraryError
from retrieval.kinds import space_among
from retrieval.media.worker import Task, Workers

if TYPE_CHECKING:
    from retrieval.catalog.engine import Engine
    from retrieval.protocols import Profile

COMMIT_S, COMMIT_ROWS = 0.5, 128  # results are committed at least so often, and in batches of so many


def index_folders(
    folders: Sequence[str | Path] = (),
    *,
    library: str | Path | None = None,
    options: Options | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Finished:
    """Adds folders as sources of a library and brings all its sources up to date.

    The library is created if it is not there. Without folders, every known source is updated. A file that cannot be
    used is a Skip; the run goes on. is_stopped: asked often; the run ends soon after it says yes, as it does after
    Ctrl-C, and the next one goes on from there.

    Raises:
        LibraryLocked: another process is writing.
        LibraryError: a folder is not there, or the catalog cannot be written (disk full): nothing of the batch is kept.
    """
    options = options or Options()
    home = settings.library_folder(Path(library or settings.default_library())).expanduser().absolute()
    roots = [existing_root(Path(folder)) for folder in folders]
    if options.dry_run:
        options = replace(options, regions=_known_regions(home) if options.regions is None else options.regions)
        large = partial(least_region_side, options.profile)
        wanted, name = sources_of_run(home, roots), _name(home, options.profile) or settings.DEFAULT_PROFILE
        return plan(home, wanted, name, options, on_event, large=large)
    with opened_run(home, options, on_event, is_stopped) as (run, is_new):
        return run.index(roots, is_new)


@contextmanager
def opened_run(
    home: Path, options: Options, on_event: Callable[[Event], None], is_stopped: Callable[[], bool]
) -> Iterator[tuple[Run, bool]]:
    """A run over the library in `home`, held for writing, and whether it made the library. Raises: as index_folders."""
    profile, name = options.profile, _name(home, options.profile)
    with writing(home, "crossmedia index", name, tell=on_event) as (engine, is_new):
        with engine.connect() as connection:
            own = catalog_read.fact(connection, "profile") or settings.DEFAULT_PROFILE
            spaces = catalog_read.live_spaces(connection)
        if name not in (None, own):
            raise LibraryError(f"{home} was made with the profile {own}", f"crossmedia rebuild --profile {name}")
        profile = library_profile(own, spaces) if profile is None or isinstance(profile, str) else profile
        refuse_other_weights(engine, profile)
        options = replace(options, regions=_keep_regions(engine, options.regions))
        yield Run(home, engine, profile, options, on_event, is_stopped), is_new
        if not is_stopped():
            calibrate(engine, home, profile)


def _name(home: Path, profile: Profile | str | None) -> str | None:
    """What the profile of a library is to be called; None: whatever it has."""
    name = profile if profile is None or isinstance(profile, str) else profile.name
    if name != "auto":  # of a new library; one that is there has its encoders
        return name
    return None if has_catalog(home) else resolve_profile(name)


def _known_regions(home: Path) -> bool:
    """Whether large pictures have regions in the library at `home`, which need not be there."""
    if not has_catalog(home):
        return False
    with reading(home) as connection:
        return catalog_read.wants_regions(connection)


def _keep_regions(engine: Engine, wanted: bool | None) -> bool:
    """Whether large pictures have regions from now on; where they are not wanted any more, those there are go."""
    with catalog_write.transaction(engine) as connection:
        if wanted is not None:
            catalog_write.set_regions(connection, wanted=wanted)
        return catalog_read.wants_regions(connection)


class _StopAsked(Exception):
    """Somebody wants the run to end here."""


class Run:
    """One run over a library that is held for writing."""

    def __init__(
        self,
        home: Path,
        engine: Engine,
        profile: Profile,
        options: Options,
        emit: Callable[[Event], None],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._home = home
        self.engine = engine
        self._profile = profile
        self._options = options
        self._emit = emit
        self._is_stopped = is_stopped
        self._started = time.perf_counter()
        self._gone = 0
        self._cluster: Cluster | None = None
        self._on_progress: Callable[[Progress], None] = lambda event: None
        self._warnings: list[str] = []
        self._unread: list[base.Candidate] = []
        with engine.connect() as connection:
            self._rates: Rates = known_rates(connection)
        self._sink = Sink(engine, profile.transcriber, emit)
        self.towers: dict[Place, Tower] = {}
        encoders = indexing_encoders(profile).items()
        with catalog_write.transaction(engine) as connection:  # one: by the spaces that are there it goes on
            for place, encoder in encoders:
                self.towers[place] = Tower(catalog_vectors.put_space(connection, encoder.space, live=True), encoder)

    def index(self, roots: Sequence[Path], is_new: bool) -> Finished:
        """The whole run; see `index_folders`."""
        with catalog_write.transaction(self.engine) as connection:
            self._warnings += follow_settings(connection, self._home)
            filtered = follow(connection, roots, self._options.include, self._options.exclude)
            sources = catalog_read.all_sources(connection)
        self._emit(Opened(self._home, is_new, self._profile.name, len(sources)))
        for each in filtered:
            self._emit(Filtered(each.root, each.include, each.exclude))
        if self._options.ocr and not reads_text():
            self._warnings.append("text in pictures is left for later: pip install 'crossmedia[ocr]' reads it")
        with catalog_write.transaction(self.engine) as connection:
            run = catalog_write.start_run(connection, "index")
        note = RunNote(self._home, "crossmedia index")
        self._on_progress = note.write
        try:
            finished = self._finish(stopped=self._work(sources))
        finally:
            note.remove()
        with catalog_write.transaction(self.engine) as connection:
            catalog_write.set_fact(connection, "rates", json.dumps(self._rates.learned()))
            catalog_write.end_run(connection, run, finished.indexed, sum(finished.skipped.values()))
        self._emit(finished)
        return finished

    def add(self, source: base.Source, candidate: base.Candidate) -> None:
        """Takes one file of a source through all steps, whatever else has changed."""
        with suppress(_StopAsked), closing(Workers(self._options.limits, self._options.nice, lasting=True)) as decoders:
            found = [changes.Changes(source, changed=[candidate])]
            self._do_step("read", self._jobs("read", found, only=set()), decoders)
            with self.engine.connect() as connection:
                asset = catalog_read.asset_at(connection, source.id, candidate.relative)
            for step in self._options.steps:
                self._check()
                self._do_step(step, self._jobs(step, [], only=set() if asset is None else {asset}), decoders)
            self._publish()

    def _work(self, sources: list[base.Source]) -> bool:
        """Whether it was ended early."""
        try:
            found = self._scan(sources)
            if self._options.nice:
                os.nice(self._options.nice)
            self._do_steps(found)
        except (KeyboardInterrupt, _StopAsked):
            return True
        return False

    def _check(self) -> None:
        if self._is_stopped():
            raise _StopAsked

    # ------------------------------------------------------------ scan

    def _scan(self, sources: list[base.Source]) -> list[changes.Changes]:
        with self.engine.connect() as connection:
            known = partial(catalog_read.known_files, connection)
            found, scanned = changes.compare_all(
                sources,
                known,
                self._home,
                hidden=self._options.hidden,
                forgotten=catalog_read.forgotten_paths(connection),
                unfinished=self._options.unfinished,
                check=self._check,
            )
        self._warnings += [f"{place_text(root)} is offline: what it holds stays searchable" for root in scanned.offline]
        self._emit(scanned)
        return found

    # ------------------------------------------------------------ steps

    def _do_steps(self, found: list[changes.Changes]) -> None:
        decoders = Workers(self._options.limits, self._options.nice, lasting=True)
        self._cluster = cluster_of(self._home, self._profile, self.towers, self._options, self._sink)
        try:
            self._note_scans(found)
            for step in self._options.steps:
                self._do_step(step, self._jobs(step, found), decoders)
                if step == "read":
                    self._forget_gone(found)
                    self._want_regions()
                self._check()
                self._publish()
            for step in STEPS:
                if STEPS[step].has_fingerprints:
                    self._add_fingerprints(step, decoders)
            spool.clear(layout.partial(self._home))
        finally:
            decoders.close()
            if self._cluster is not None:
                self._cluster.close()

    def _want_regions(self) -> None:
        """Where regions are kept, every large picture that has not had the step needs it, whenever it was indexed."""
        form = self._spec("regions")
        if self._options.regions and isinstance(form, ImageSpec):
            from retrieval.media.image.tiles import least_side  # imports decoders

            with catalog_write.transaction(self.engine) as connection:
                catalog_write.want_regions(connection, least_side(form))

    def _note_scans(self, found: list[changes.Changes]) -> None:
        with catalog_write.transaction(self.engine) as connection:
            for each in found:
                catalog_write.note_scan(connection, each.source.id, offline=each.offline, device=each.device)
                catalog_write.reset_steps(connection, [asset for _, asset in each.resubtitled], "read")
                for candidate in each.changed:
                    if candidate.problem is not None:
                        self._sink.skip(
                            connection, Origin(each.source.id, candidate), candidate.problem, candidate.detail
                        )

            self._unread = [candidate for each in found for candidate in each.changed if candidate.problem is None]
            self._sink.set_unread(connection, len(self._unread))

    def _jobs(self, step: Step, found: list[changes.Changes], only: set[int] | None = None) -> list[Job]:
        """Files that a step is to read: those found, and those it is pending for (only: of these assets)."""
        if STEPS[step].modality is not None and self._spec(step) is None:
            return []  # no encoder here would see what the step gives
        jobs = []
        if step == "read":
            for source_changes in found:
                for candidate in source_changes.changed:
                    if candidate.problem is None:
                        path = source_changes.source.root / os.fsdecode(candidate.relative)
                        origin = Origin(source_changes.source.id, candidate)
                        jobs.append(Job(self._task(step, path, None), origin, read_weight(candidate)))
        sidecars = {asset: candidate for each in found for candidate, asset in each.resubtitled}
        with self.engine.connect() as connection:
            for due in catalog_read.due(connection, step, only):
                origin = Origin(0, sidecars.get(due.asset_id), due.asset_id, due.hash)
                jobs.append(Job(self._task(step, due.path, due.medium), origin, weight(step, due.duration_ms)))
        return jobs

    def _task(self, step: Step, path: Path, medium: Medium | None) -> Task:
        return task_of(step, path, medium, self._spec(step), self._options.limits)

    def _spec(self, step: Step) -> InputSpec:
        """What the encoder that sees the step's segments takes; None where there is none."""
        row = STEPS[step]
        spaces = {space for space, _ in self.towers}
        tower = self.towers.get((space_among(row, spaces), row.modality)) if row.modality else None
        return tower.encoder.form if tower else None

    def _do_step(self, step: Step, jobs: list[Job], decoders: Workers) -> None:
        if not jobs:
            return
        workers = min(STEPS[step].max_workers or self._options.workers, self._options.workers, len(jobs))
        kept = layout.partial(self._home)
        pipeline: Pipeline | Cluster = self._cluster or Pipeline(
            decoders, self.towers, self._profile.transcriber, self._sink.is_new, workers, kept
        )
        meter = Meter(step, jobs, pipeline, self._rates, self._later(step))
        batch: list[Result] = []
        committed = time.perf_counter()
        try:
            for result in pipeline.results(jobs):
                self._check()
                if result is not None:
                    batch.append(result)
                    meter.count(result)
                if batch and (len(batch) >= COMMIT_ROWS or time.perf_counter() - committed > COMMIT_S):
                    self._sink.write(batch)
                    batch, committed = [], time.perf_counter()
                meter.tell(self._tell)
        finally:
            if batch:
                self._sink.write(batch)
        meter.tell(self._tell, at_end=True)

    def _later(self, step: Step) -> dict[Step, float]:
        with self.engine.connect() as connection:
            return later_work(connection, step, self._options.steps, self._unread if step == "read" else ())

    def _tell(self, progress: Progress) -> None:
        self._on_progress(progress)
        self._emit(progress)

    def _add_fingerprints(self, step: Step, decoders: Workers) -> None:
        """Fingerprints of what was indexed before there were any; nothing is encoded again."""
        if self._spec(step) is None:
            return
        with self.engine.connect() as connection:
            lacking = catalog_read.without_fingerprints(connection, step)
        jobs = [Job(self._task(step, each.path, each.medium), each) for each in lacking]
        if not jobs:
            return
        pipeline = Pipeline(decoders, {}, self._profile.transcriber, self._sink.is_new, self._options.workers)
        meter = Meter(step, jobs, pipeline)
        for result in pipeline.results(jobs):
            self._check()
            if result is not None and result.failure is None:
                place: catalog_read.Place = result.job.origin
                with catalog_write.transaction(self.engine) as connection:
                    catalog_vectors.add_fingerprints(connection, place.asset_id, place.hash, result.encoded)
                meter.count(result)
            meter.tell(self._tell)

    def _forget_gone(self, found: list[changes.Changes]) -> None:
        """After new places were linked, so that moved files keep their vectors."""
        with catalog_write.transaction(self.engine) as connection:
            for each in found:
                catalog_write.delete_paths(connection, each.gone)
            self._gone = catalog_write.delete_orphans(connection)

    # ------------------------------------------------------------ end

    def _publish(self) -> None:
        for space, rows in publish(self.engine, self._home):
            self._emit(Published(space, rows))

    def _finish(self, stopped: bool) -> Finished:
        with self.engine.connect() as connection:
            left = catalog_read.pending(connection)
            return Finished(
                self._sink.indexed,
                self._sink.new,
                self._gone,
                catalog_read.skipped(connection),
                left,
                time.perf_counter() - self._started,
                stopped,
                tuple(self._warnings),
            )
