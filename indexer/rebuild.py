"""New generations from the catalog, and new vectors by another profile while the old ones go on answering.

Re-embedding fills spaces that are not live yet. It resumes where a kill left it: what has a vector in the new space is
done. The swap is one transaction; until it the old spaces answer, after it the new ones.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.calibrate import calibrate
from indexer.catalog import check
from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.catalog.segment_ids import segment_keys
from indexer.events import Event, Progress, Published, Skipped
from indexer.pipeline.encoders import indexing_encoders
from indexer.pipeline.options import Options
from indexer.pipeline.stages import NO_NUMBERS, Job, Pipeline, Place, Result, Tower, halved
from indexer.pipeline.steps import STEPS, task_of
from indexer.publish import publish
from retrieval import settings
from retrieval.domain.media import Step
from retrieval.encoders.profile import ROLES, library_profile, make_profile
from retrieval.errors import LibraryError
from retrieval.kinds import has_meaning, kinds_in, space_among
from retrieval.media.worker import Workers
from retrieval.protocols import Profile, SpaceName

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine

TEXTS = 256  # encoded and committed at once


def rebuild(
    library: Path,
    *,
    profile: str | None = None,
    encoders: dict[str, str] | None = None,
    keep: bool | None = None,
    rollback: bool = False,
    options: Options | None = None,
    on_event: Callable[[Event], None] = lambda event: None,
) -> None:
    """Publishes new generations of every space; with a profile, or models for `shared` or `sentence`, re-embeds first.

    Without any of them no media file and no model is opened. keep: the vectors that answered until now stay, for
    `rollback`, which makes them answer again: what came since is encoded by their models first, and the newer ones are
    kept in turn. keep=False alone deletes what is kept.

    Raises:
        LibraryNotFound, LibraryLocked, EncoderUnavailable: see there; the library is as before.
        LibraryError: nothing is kept that `rollback` could go back to.
    """
    with writing(library, "crossmedia rebuild", create=False) as (engine, _):
        if wanted := _wanted(engine, profile, encoders or {}, rollback=rollback):
            reembed(engine, wanted, options or Options(), on_event, keep=rollback or bool(keep))
        elif keep is False:
            with catalog_write.transaction(engine) as connection:
                catalog_vectors.drop_spaces(connection)
                catalog_write.set_fact(connection, catalog_read.KEPT, "[]")
                catalog_write.delete_blind_segments(connection)
        for space, rows in publish(engine, library, always=True):
            on_event(Published(space, rows))
        calibrate(engine, library, _own_profile(engine))


def _own_profile(engine: Engine) -> Profile:
    with engine.connect() as connection:
        own = catalog_read.fact(connection, "profile") or settings.DEFAULT_PROFILE
        return library_profile(own, catalog_read.live_spaces(connection))


def _wanted(engine: Engine, profile: str | None, encoders: dict[str, str], *, rollback: bool) -> Profile | None:
    """The profile to encode by; None where only the indexes are asked for."""
    with engine.connect() as connection:
        own = catalog_read.fact(connection, "profile") or ""
        kept = catalog_read.kept_models(connection)
        held = {(each.name, each.encoder, each.revision) for each in check.all_spaces(connection)}
        spaces = catalog_read.live_spaces(connection)
    if rollback:
        if not kept:
            raise LibraryError("no older vectors are kept", "crossmedia rebuild --keep --profile NAME keeps them")
        name, *models = kept
        wanted = library_profile(name, (), *models)
        for role in wanted.spaces:
            space = wanted.space(role)
            if (space.name, space.encoder, space.revision) not in held:
                raise LibraryError(
                    f"other weights of {space.encoder} are kept than are here", "crossmedia rebuild --no-keep"
                )
        return wanted
    if profile:
        return make_profile(profile, **encoders)
    models = [encoders.get(role, "") for role in ROLES]
    return library_profile(own, spaces, *models) if encoders else None


def reembed(
    engine: Engine, profile: Profile, options: Options, emit: Callable[[Event], None], *, keep: bool = False
) -> None:
    """Gives every segment a vector of the profile, then makes the profile the library's own. keep: see `rebuild`."""
    towers: dict[Place, Tower] = {}
    with catalog_write.transaction(engine) as connection:
        for place, encoder in indexing_encoders(profile).items():
            towers[place] = Tower(catalog_vectors.put_space(connection, encoder.space, live=False), encoder)
    for (space, modality), tower in towers.items():
        if modality == "text":
            _embed_texts(engine, space, tower)
    seen = {place: tower for place, tower in towers.items() if place[1] != "text"}
    decoders = Workers(options.limits, options.nice, lasting=True)
    try:
        for step in STEPS:
            _embed_media(engine, profile, step, seen, decoders, options, emit)
    finally:
        decoders.close()
    with catalog_write.transaction(engine) as connection:
        before = _models(connection)
        live = {tower.space_id for tower in towers.values()}
        catalog_vectors.swap_spaces(connection, live, keep=keep)
        catalog_write.set_fact(connection, "profile", profile.name)
        if before != _models(connection) or not keep:  # kept vectors of the same models are the live ones
            catalog_write.set_fact(connection, catalog_read.KEPT, json.dumps(before if keep else []))
        catalog_write.finish_encoded_steps(connection, NO_NUMBERS.reason)
        catalog_write.delete_blind_segments(connection)


def _models(connection: Connection) -> list[str]:
    """The library's profile, and the models of its live spaces shared, sentence and sound, "" for none."""
    encoders = {space.name: space.encoder for space in catalog_read.live_spaces(connection)}
    return [catalog_read.fact(connection, "profile") or "", *(encoders.get(role, "") for role in ROLES)]


def _embed_texts(engine: Engine, space: SpaceName, tower: Tower) -> None:
    last = 0
    while True:
        with engine.connect() as connection:
            rows = catalog_read.texts_without_vector(connection, tower.space_id, kinds_in(space), last, TEXTS)
        if not rows:
            return
        texts = [(segment, text) for segment, kind, text in rows if has_meaning(kind, text)]
        encoded, are_numbers = halved(tower.encoder.encode([text for _, text in texts]))
        with catalog_write.transaction(engine) as connection:
            commit = catalog_vectors.next_commit(connection)
            for (segment, _), vector, is_number in zip(texts, encoded, are_numbers, strict=True):
                if is_number:
                    catalog_vectors.put_vectors(connection, segment, [(tower.space_id, None, vector)], commit)
        last = rows[-1][0]


def _embed_media(
    engine: Engine,
    profile: Profile,
    step: Step,
    towers: dict[Place, Tower],
    decoders: Workers,
    options: Options,
    emit: Callable[[Event], None],
) -> None:
    row = STEPS[step]
    tower = towers.get((space_among(row, {space for space, _ in towers}), row.modality)) if row.modality else None
    if tower is None:
        return
    with engine.connect() as connection:
        jobs = list(_jobs(connection, step, tower, options))
    if not jobs:
        return
    pipeline = Pipeline(decoders, towers, profile.transcriber, lambda identity: False, min(options.workers, len(jobs)))
    start, done = time.perf_counter(), 0
    for result in pipeline.results(jobs):
        if result is None:
            continue
        if failure := result.failure or result.unencoded:
            emit(Skipped(result.job.task.path, failure.reason, failure.detail))
        with catalog_write.transaction(engine) as connection:
            _write(connection, result, step)
        done += 1
        seconds = time.perf_counter() - start
        emit(
            Progress(step, done, len(jobs), done / seconds, seconds=seconds, eta_s=seconds / done * (len(jobs) - done))
        )


def _jobs(connection: Connection, step: Step, tower: Tower, options: Options) -> Iterator[Job]:
    """Assets with a segment of this step that the new encoder has not seen, or of which an encoder made nothing."""
    wanted = catalog_read.assets_without_vector(connection, tower.space_id, step, kinds_in(STEPS[step].space))
    wanted |= catalog_read.assets_failed(connection, step, NO_NUMBERS.reason, tower.space_id)
    for place in catalog_read.places(connection, wanted):
        task = task_of(step, place.path, place.medium, tower.encoder.form, options.limits)
        yield Job(task, place)


def _write(connection: Connection, result: Result, step: Step) -> None:
    """Adds the new vectors to the segments that are there; a segment that only the new encoder cuts is added."""
    place = result.job.origin
    keys = segment_keys(place.hash, [each.segment for each in result.encoded])
    there = catalog_read.segment_ids(connection, place.asset_id)
    commit = catalog_vectors.next_commit(connection)
    for key, each in zip(keys, result.encoded, strict=True):
        if each.vectors:
            segment = there.get(key) or catalog_write.add_segment(connection, place.asset_id, step, key, each.segment)
            catalog_vectors.put_vectors(connection, segment, each.vectors, commit)
            catalog_vectors.put_fingerprints(connection, segment, each.fingerprints)
    if result.unencoded:
        catalog_write.fail_step(connection, place.asset_id, step, result.unencoded.reason, result.unencoded.detail)
