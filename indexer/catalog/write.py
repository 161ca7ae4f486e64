"""Changes of the catalog. Each public function runs inside one transaction of its caller; see results.py for new files."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, insert, literal, select, text, update

from indexer.catalog import read as catalog_read
from indexer.catalog.vectors import now
from retrieval.catalog import dialect, layout
from retrieval.catalog.schema import (
    HEAD,
    assets,
    commits,
    deleted_vectors,
    imprints,
    library,
    metadata,
    paths,
    runs,
    segments,
    sources,
    steps,
    vectors,
)
from retrieval.domain.media import Metadata, Segment, Step
from retrieval.fulltext import analyzer, asset_terms
from retrieval.kinds import kinds_in

transaction = dialect.write_transaction

PART = 500  # SQLite bounds the parameters of one statement

PUT_FACT = dialect.upsert(library, "key")

PUT_STEP = dialect.upsert(steps, "asset_id", "step")

ADD_SEGMENT = insert(segments).returning(segments.c.id)

ASSETS_BY_ID = select(assets).where(assets.c.id.in_(dialect.given()))

DELETE_PATHS = delete(paths).where(paths.c.id.in_(dialect.given())).returning(paths.c.asset_id)

NAMES_OF = select(paths.c.asset_id, paths.c.relative).where(paths.c.asset_id.in_(dialect.given()))

SEGMENTS_OF = select(segments.c.id).where(segments.c.asset_id == bindparam("id"))

REGIONS = select(segments.c.id).where(segments.c.step == "regions")

WANT_REGIONS = dialect.insert_missing(steps).from_select(
    ["asset_id", "step", "state"],
    select(assets.c.id, literal("regions"), literal("pending")).where(
        assets.c.medium == "image", dialect.lesser(assets.c.width, assets.c.height) >= bindparam("least")
    ),
)

SEGMENTS_OF_STEP = SEGMENTS_OF.where(segments.c.step == bindparam("step"))


class StepState(NamedTuple):
    """Where a step of an asset is. state: pending, done, failed; reason, detail: why it failed; revision: of who did it."""

    asset_id: int
    step: Step
    state: str
    reason: str | None = None
    detail: str | None = None
    revision: str | None = None


def create(connection: Connection, profile: str) -> None:
    """All tables of a new library, stamped with the newest revision."""
    metadata.create_all(connection)
    dialect.create_full_text(connection)
    connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    connection.execute(insert(commits).values(id=1, last=0))
    set_fact(connection, "format", str(layout.FORMAT))
    set_fact(connection, "profile", profile)
    set_fact(connection, "words", layout.WORDS)
    set_fact(connection, "created_at", now())


def set_fact(connection: Connection, key: str, value: str) -> None:
    """One fact about the library itself."""
    connection.execute(PUT_FACT, {"key": key, "value": value})


def note_begun(connection: Connection, generation: str, there: AbstractSet[str]) -> None:
    """A generation is about to be written. there: all that lie where it will."""
    own = catalog_read.begun_generations(connection) | catalog_read.generation_folders(connection)
    set_fact(connection, catalog_read.BEGUN, json.dumps(sorted({generation, *(own & there)})))


def add_source(connection: Connection, root: Path, include: Sequence[str], exclude: Sequence[str]) -> int:
    """The id of the source at `root`, added with these patterns if it is new."""
    raw = os.fsencode(root)
    known = connection.scalar(select(sources.c.id).where(sources.c.root == raw))
    if known is None:
        row = insert(sources).values(root=raw, added_at=now(), include="\n".join(include), exclude="\n".join(exclude))
        known = connection.execute(row).inserted_primary_key[0]  # type: ignore[index]
    return int(known)


def note_scan(connection: Connection, source: int, *, offline: bool, device: int | None) -> None:
    """What the last look at a source's root found."""
    values: dict[str, Any] = {"offline": offline}
    if not offline:
        values |= {"scanned_at": now(), "device": device}
    connection.execute(update(sources).where(sources.c.id == source).values(**values))


def move_source(connection: Connection, old: Path, new: Path) -> bool:
    """Whether a source at `old` was there and now points at `new`; its paths stay, being relative."""
    change = update(sources).where(sources.c.root == os.fsencode(old))
    return connection.execute(change.values(root=os.fsencode(new), device=None, offline=False)).rowcount > 0


def remove_source(connection: Connection, source: int) -> int:
    """Forgets a source and all that was seen only there; returns the number of assets deleted."""
    connection.execute(delete(sources).where(sources.c.id == source))
    return delete_orphans(connection)


def writable(text: str) -> str:
    """The text with `?` for what is not Unicode: bytes of a file name that are not UTF-8, which SQLite refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def delete_paths(connection: Connection, ids: Iterable[int]) -> None:
    """Forgets where files were seen, and their names; orphaned assets stay until `delete_orphans`."""
    gone = connection.scalars(DELETE_PATHS, {"ids": dialect.id_list(ids)}).all()
    index_names(connection, {asset for asset in gone if asset is not None})


def index_names(connection: Connection, of_assets: Collection[int]) -> None:
    """Makes file and folder names, titles and tags of assets searchable words."""
    if not of_assets:
        return
    ids = {"ids": dialect.id_list(of_assets)}
    names: dict[int, list[str]] = {}
    for asset, relative in connection.execute(NAMES_OF, ids):
        names.setdefault(asset, []).append(writable(os.fsdecode(relative)))
    words = [(row.id, _words_of(row, names.get(row.id, ()))) for row in connection.execute(ASSETS_BY_ID, ids)]
    dialect.drop_texts(connection, "asset_words", [*of_assets])
    dialect.put_texts(connection, "asset_words", words, analyzer.split)


def _words_of(row: Any, names: Sequence[str]) -> str:
    """Folded words of an asset as the catalog holds it. names: its paths relative to their sources."""
    facts = Metadata(
        medium=row.medium,
        format=row.format,
        lang=row.lang,
        title=row.title,
        artist=row.artist,
        camera=row.camera,
        keywords=tuple(row.keywords.split("\n")) if row.keywords else (),
        has_subtitles=row.has_subtitles,
        places=asset_terms.read_places(row.places)[1:],
    )
    return asset_terms.asset_terms(facts, names)


def index_all_words(connection: Connection) -> None:
    """Fills both full-text indexes anew."""
    set_fact(connection, "words", layout.WORDS)
    connection.execute(text("DELETE FROM segment_words"))
    connection.execute(text("DELETE FROM asset_words"))
    told = connection.execute(select(segments.c.id, segments.c.text).where(segments.c.text != "")).all()
    for at in range(0, len(told), PART):
        words = [(row.id, analyzer.fold(row.text)) for row in told[at : at + PART]]
        dialect.put_texts(connection, "segment_words", words, analyzer.split)
    named = connection.scalars(select(assets.c.id)).all()
    for at in range(0, len(named), PART):
        index_names(connection, named[at : at + PART])


def delete_orphans(connection: Connection) -> int:
    """Deletes every asset that no path leads to, with all that hangs on it; returns how many."""
    seen = select(paths.c.asset_id).where(paths.c.asset_id.is_not(None))
    lost = connection.execute(select(assets.c.id).where(assets.c.id.not_in(seen))).scalars().all()
    for asset in lost:
        delete_segments(connection, asset)
        dialect.drop_texts(connection, "asset_words", [asset])
        connection.execute(delete(assets).where(assets.c.id == asset))
    return len(lost)


def set_regions(connection: Connection, *, wanted: bool) -> None:
    """Whether large pictures have regions from now on; where not, those that there are are forgotten."""
    set_fact(connection, "regions", "yes" if wanted else "no")
    if not wanted:
        delete_segments_by_id(connection, connection.execute(REGIONS).scalars().all())
        connection.execute(delete(steps).where(steps.c.step == "regions"))


def want_regions(connection: Connection, least_side: int) -> None:
    """Marks the step `regions` as pending for every picture of that shorter side (pixels) that never had it."""
    connection.execute(WANT_REGIONS, {"least": least_side})


def finish_step(connection: Connection, asset: int, step: Step, revision: str | None = None) -> None:
    """Notes that a step of an asset is done."""
    put_steps(connection, [StepState(asset, step, "done", revision=revision)])


def fail_step(connection: Connection, asset: int, step: Step, reason: str, detail: str) -> None:
    """Notes why a step of an asset gave nothing; tried again when the file changes."""
    put_steps(connection, [StepState(asset, step, "failed", reason, detail)])


def reset_steps(connection: Connection, where_asset: Iterable[int], step: Step) -> None:
    """Marks a step as pending again; what it gave is still found until it is replaced."""
    put_steps(connection, [StepState(asset, step, "pending") for asset in where_asset])


def put_steps(connection: Connection, states: Sequence[StepState]) -> None:
    """Notes where steps of assets are."""
    if states:
        connection.execute(PUT_STEP, [_step_row(each) for each in states])


def _step_row(state: StepState) -> dict[str, Any]:
    return {name: writable(value) if isinstance(value, str) else value for name, value in state._asdict().items()}


def add_segment(connection: Connection, asset: int, step: Step, key: str, segment: Segment) -> int:
    """The catalog's id of a new segment; its text becomes searchable words."""
    row = {"asset_id": asset, "step": step, "key": key, **segment_values(segment)}
    new = int(connection.execute(ADD_SEGMENT, row).scalar_one())
    if segment.text:
        dialect.put_texts(connection, "segment_words", [(new, analyzer.fold(segment.text))], analyzer.split)
    return new


def segment_values(segment: Segment) -> dict[str, Any]:
    """A segment's own columns."""
    return {
        "kind": segment.kind,
        "start_ms": segment.span.start if segment.span else None,
        "end_ms": segment.span.end if segment.span else None,
        "start_char": segment.chars.start if segment.chars else None,
        "end_char": segment.chars.end if segment.chars else None,
        "page": segment.page,
        "text": segment.text,
        "lang": segment.lang,
        "box": ",".join(map(str, astuple(segment.box))) if segment.box else None,
    }


def delete_vectors(connection: Connection, ids: Sequence[int]) -> None:
    """Deletes vectors, published ones are masked; the steps that made them are pending again."""
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        made = vectors.join(segments, segments.c.id == vectors.c.segment_id)
        which = select(segments.c.asset_id, segments.c.step).select_from(made).where(vectors.c.id.in_(part)).distinct()
        for asset, step in connection.execute(which).all():
            reset_steps(connection, [asset], step)
        masked = select(vectors.c.space_id, vectors.c.id).where(vectors.c.id.in_(part))
        connection.execute(insert(deleted_vectors).from_select(["space_id", "id"], masked))
        connection.execute(delete(vectors).where(vectors.c.id.in_(part)))


def delete_segments(connection: Connection, asset: int, step: str | None = None) -> None:
    """Deletes the segments of an asset (of one step), their words and vectors; published vectors are masked."""
    if step is None:
        ids = connection.execute(SEGMENTS_OF, {"id": asset}).scalars().all()
    else:
        ids = connection.execute(SEGMENTS_OF_STEP, {"id": asset, "step": step}).scalars().all()
    delete_segments_by_id(connection, ids)


def delete_blind_segments(connection: Connection) -> None:
    """Deletes what is neither text nor has a vector: segments that only a former encoder had cut."""
    has = exists().where(vectors.c.segment_id == segments.c.id)
    blind = select(segments.c.id).where(segments.c.kind.in_(kinds_in("shared")), ~has)
    delete_segments_by_id(connection, connection.execute(blind).scalars().all())


def finish_encoded_steps(connection: Connection, reason: str) -> None:
    """Notes as done the steps that failed for this reason, and of whose segments none lacks a vector any more."""
    own = (segments.c.asset_id == steps.c.asset_id) & (segments.c.step == steps.c.step)
    has = exists().where(vectors.c.segment_id == segments.c.id)
    there, blind = exists(select(1).select_from(segments).where(own)), exists(select(1).where(own, ~has))
    mended = update(steps).where(steps.c.state == "failed", steps.c.reason == reason, there, ~blind)
    connection.execute(mended.values(state="done", reason=None, detail=None))


def delete_segments_by_id(connection: Connection, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), PART):
        part = ids[start : start + PART]
        masked = select(vectors.c.space_id, vectors.c.id).where(vectors.c.segment_id.in_(part))
        connection.execute(insert(deleted_vectors).from_select(["space_id", "id"], masked))
        dialect.drop_texts(connection, "segment_words", part)
        connection.execute(delete(vectors).where(vectors.c.segment_id.in_(part)))
        connection.execute(delete(imprints).where(imprints.c.segment_id.in_(part)))
        connection.execute(delete(segments).where(segments.c.id.in_(part)))


def start_run(connection: Connection, command: str) -> int:
    """The id of a run that begins now."""
    return int(connection.execute(insert(runs).values(started_at=now(), command=command)).inserted_primary_key[0])  # type: ignore[index]


def end_run(connection: Connection, run: int, indexed: int, skipped: int) -> None:
    """Closes a run; one that was killed stays without an end."""
    values: Mapping[str, Any] = {"ended_at": now(), "indexed": indexed, "skipped": skipped}
    connection.execute(update(runs).where(runs.c.id == run).values(**values))
