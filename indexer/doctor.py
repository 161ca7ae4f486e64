"""Each invariant of a library and of the installation, verified, and repaired where the catalog can."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine, select, text

from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.publish import left_over, publish_space, sweep
from retrieval import telemetry
from retrieval.catalog import layout
from retrieval.catalog.schema import generations, segments, spaces, vectors
from retrieval.catalog.store import open_catalog
from retrieval.errors import InstallationError, LibraryError, LibraryNotFound
from retrieval.fulltext import analyzer
from retrieval.render.text import counted
from retrieval.vectors.faiss_index import faiss_library

UNIT_TOLERANCE = 5e-3  # of the length of a float16 vector of 512 numbers
MEND = "crossmedia doctor --repair repairs it"
ROWS = 4096  # vectors that are looked at together


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `repaired`: it is now. `hint`: what to do, or what is left to do."""

    what: str
    hint: str = ""
    repaired: bool = False


Repair = Callable[[Engine, Path], None]
Problem = tuple[str, str, Repair | None]


def examine(library: Path, *, repair: bool = False) -> list[Finding]:
    """Everything that is wrong, repaired where asked and possible; an empty list is a healthy library.

    Raises:
        LibraryNotFound: there is none; LibraryLocked: a repair needs the writer's lock.
    """
    found = [Finding(what, hint) for what, hint in _installation()] + list(_left_behind(repair=repair))
    if not layout.catalog(library).exists():
        raise LibraryNotFound(f"there is no library at {library}", "crossmedia index FOLDER makes one")
    if not repair:
        engine = open_catalog(library, write=False)
        try:
            return found + [
                Finding(what, hint if mend is None else MEND) for what, hint, mend in _problems(engine, library)
            ]
        finally:
            engine.dispose()
    with writing(library, "crossmedia doctor", create=False) as (engine, _):
        for what, hint, mend in list(_problems(engine, library)):
            if mend is not None:
                mend(engine, library)
            found.append(Finding(what, hint, repaired=mend is not None))
    return found


# ---------------------------------------------------------------- the installation


def _installation() -> Iterator[tuple[str, str]]:
    faiss = [name for name in _owners("faiss") if name]
    if len(faiss) > 1:
        yield (
            f"{' and '.join(sorted(faiss))} are both installed and overwrite each other",
            "uninstall all of them, then install exactly one of crossmedia[cpu] and crossmedia[gpu]",
        )
    if not faiss:
        yield "FAISS is not installed, so every search is exact and slow", "pip install 'crossmedia[cpu]'"
    else:
        try:
            faiss_library()
        except InstallationError as error:
            yield error.what, error.hint
    for package in ("retrieval", "indexer"):
        others = _owners(package) - {"crossmedia"}
        if others:
            yield (
                f"{', '.join(sorted(others))} also owns the package `{package}`",
                "give crossmedia its own environment",
            )


def _left_behind(*, repair: bool) -> Iterator[Finding]:
    """What libraries recorded about this user before crossmedia switched their reports off."""
    for folder in telemetry.left_behind():
        if repair:
            shutil.rmtree(folder, ignore_errors=True) if folder.is_dir() else folder.unlink(missing_ok=True)
        yield Finding(
            f"{folder} holds usage records of a library",
            "crossmedia doctor --repair removes it",
            repair,
        )


def _owners(package: str) -> set[str]:
    """Distributions that install a top-level package of this name."""
    return set(importlib.metadata.packages_distributions().get(package, []))


# ---------------------------------------------------------------- the library


def _problems(engine: Engine, library: Path) -> Iterator[Problem]:
    with engine.connect() as connection:
        yield from _catalog(connection)
        yield from _words(connection)
        yield from _vectors(connection)
        yield from _generations(connection, library)
        yield from _sources(connection)


def _catalog(connection: Connection) -> Iterator[Problem]:
    for (line,) in connection.execute(text("PRAGMA integrity_check(5)")):
        if line != "ok":
            yield f"the catalog is damaged: {line}", "restore it from a backup, or index again into a new library", None
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    if broken:
        yield f"{counted(len(broken), 'row')} of the catalog refer to missing rows", "report this", None
    lost = connection.scalar(
        text("SELECT count(*) FROM assets WHERE id NOT IN (SELECT asset_id FROM paths WHERE asset_id IS NOT NULL)")
    )
    if lost:
        yield f"{counted(lost, 'asset')} without a path", "", _delete_orphans
    stepless = connection.scalar(text("SELECT count(*) FROM assets WHERE id NOT IN (SELECT asset_id FROM steps)"))
    if stepless:
        yield f"{counted(stepless, 'asset')} never read", "crossmedia index", None


def _words(connection: Connection) -> Iterator[Problem]:
    lacking = connection.scalar(
        text("SELECT count(*) FROM segments WHERE text <> '' AND id NOT IN (SELECT rowid FROM segment_words)")
    )
    excess = connection.scalar(text("SELECT count(*) FROM segment_words WHERE rowid NOT IN (SELECT id FROM segments)"))
    unnamed = connection.scalar(text("SELECT count(*) FROM assets WHERE id NOT IN (SELECT rowid FROM asset_words)"))
    ghosts = connection.scalar(text("SELECT count(*) FROM asset_words WHERE rowid NOT IN (SELECT id FROM assets)"))
    wrong = sum(filter(None, (lacking, excess, unnamed, ghosts)))
    if wrong:
        yield f"keyword index: {counted(wrong, 'row')} out of step with the catalog", "", _index_words


def _vectors(connection: Connection) -> Iterator[Problem]:
    for space in connection.execute(select(spaces)).all():
        bad = _bad_vectors(connection, space.id, space.dimension)
        if bad:
            what = (
                f"{counted(len(bad), 'vector')} of the space {space.name} not of length 1 and {space.dimension} numbers"
            )
            yield what, "crossmedia index encodes those files again", _deleter(bad)
        if not space.live:
            yield (
                f"the space {space.name} of {space.encoder} is incomplete",
                "crossmedia rebuild --profile completes it",
                None,
            )


def _bad_vectors(connection: Connection, space: int, dimension: int) -> list[int]:
    """Ids of vectors that have another length in bytes than they should, or another length than 1, or are not numbers."""
    query = select(vectors.c.id, vectors.c.data).where(vectors.c.space_id == space)
    bad: list[int] = []
    for rows in connection.execution_options(yield_per=ROWS).execute(query).partitions():
        whole = [row for row in rows if len(row.data) == 2 * dimension]
        bad += [row.id for row in rows if len(row.data) != 2 * dimension]
        held = np.frombuffer(b"".join(row.data for row in whole), "<f2").reshape(-1, dimension).astype(np.float32)
        fine = np.abs(np.einsum("ij,ij->i", held, held) - 1) < 2 * UNIT_TOLERANCE  # false for what is not a number
        bad += [whole[at].id for at in np.flatnonzero(~fine)]
    return bad


def _generations(connection: Connection, library: Path) -> Iterator[Problem]:
    from retrieval.vectors.generation import open_generation, verify

    for space in connection.execute(select(spaces).where(spaces.c.live)).all():
        row = connection.execute(select(generations).where(generations.c.id == space.generation_id)).first()
        if row is None:
            continue
        try:
            verify(layout.generation(library, row.folder), space.dimension)
            held = open_generation(layout.generation(library, row.folder), space.dimension).rows
        except LibraryError as error:
            yield error.what, "", _publisher(space.id)
            continue
        if held != row.rows:
            yield f"generation {row.folder} holds {held:,} rows instead of {row.rows:,}", "", _publisher(space.id)
    if stale := left_over(connection, library):
        yield counted(len(stale), "unused generation"), "", lambda engine, home: void(sweep(engine, home))


def _sources(connection: Connection) -> Iterator[Problem]:
    for source in catalog_read.all_sources(connection):
        if not source.root.is_dir():
            hint = f"mount it, or crossmedia source move {source.root} NEW, or crossmedia source remove {source.root}"
            yield f"{source.root} is offline", hint, None


# ---------------------------------------------------------------- repairs


def _delete_orphans(engine: Engine, library: Path) -> None:
    with catalog_write.transaction(engine) as connection:
        catalog_write.delete_orphans(connection)


def _deleter(bad: Sequence[int]) -> Repair:
    def delete(engine: Engine, library: Path) -> None:
        with catalog_write.transaction(engine) as connection:
            catalog_write.delete_vectors(connection, bad)

    return delete


def _index_words(engine: Engine, library: Path) -> None:
    with catalog_write.transaction(engine) as connection:
        connection.execute(text("DELETE FROM segment_words"))
        connection.execute(text("DELETE FROM asset_words"))
        entry = text("INSERT INTO segment_words(rowid, words) VALUES (:id, :words)")
        for row in connection.execute(select(segments.c.id, segments.c.text).where(segments.c.text != "")).all():
            connection.execute(entry, {"id": row.id, "words": analyzer.fold(row.text)})
        for asset in connection.execute(text("SELECT id FROM assets")).scalars().all():
            catalog_write.index_names(connection, asset)


def _publisher(space: int) -> Repair:
    def publish(engine: Engine, library: Path) -> None:
        publish_space(engine, library, space)
        sweep(engine, library)

    return publish


def void(value: object) -> None:
    """Drops a value."""
