"""Each invariant of a library and of the installation, verified, and repaired where the catalog can."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from indexer.catalog import check
from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.full_disk import shortage
from indexer.catalog.open import writing
from indexer.publish import left_over, publish_space, sweep
from indexer.sources.roots import is_online
from retrieval import telemetry
from retrieval.catalog import layout
from retrieval.catalog.engine import has_catalog, open_engine
from retrieval.domain.place import place_text
from retrieval.errors import InstallationError, LibraryDamaged, LibraryError
from retrieval.render.text import counted
from retrieval.vectors.faiss_index import faiss_library

if TYPE_CHECKING:
    from retrieval.catalog.engine import Connection, Engine

MEND = "crossmedia doctor --repair repairs it"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `repaired`: it is now. `hint`: what to do, or what is left to do."""

    what: str
    hint: str = ""
    repaired: bool = False


Repair: TypeAlias = "Callable[[Engine, Path], None]"
Problem: TypeAlias = "tuple[str, str, Repair | None]"


def examine(library: Path, *, repair: bool = False) -> list[Finding]:
    """Everything that is wrong, repaired where asked and possible; an empty list is a healthy library.

    Where there is no library, what is wrong with the installation alone.

    Raises:
        LibraryLocked: a repair needs the writer's lock. LibraryError: a repair cannot write the library.
    """
    found = [Finding(what, hint) for what, hint in _installation()] + list(_left_behind(repair=repair))
    if not has_catalog(library):
        return found
    found += [Finding(error.what, error.hint) for error in [shortage(library)] if error is not None]
    try:
        with check.reported_damage(library):
            return found + (_repaired(library) if repair else _examined(library))
    except LibraryDamaged as error:
        return [*found, Finding(error.what, _way_back(library))]


def _examined(library: Path) -> list[Finding]:
    engine = open_engine(library, write=False)
    try:
        return [Finding(what, hint if mend is None else MEND) for what, hint, mend in _problems(engine, library)]
    finally:
        engine.dispose()


def _repaired(library: Path) -> list[Finding]:
    found = []
    with writing(library, "crossmedia doctor", create=False) as (engine, _):
        for what, hint, mend in list(_problems(engine, library)):
            if mend is not None:
                mend(engine, library)
            found.append(Finding(what, hint, repaired=mend is not None))
    return found


def _way_back(library: Path) -> str:
    """What to do about a catalog that cannot be read."""
    copies = sorted(library.glob(f"{layout.CATALOG}.revision-*"))
    copy = f" (an older one is {copies[-1]})" if copies else ""
    return (
        f"put a copy from a backup in its place{copy}, or move {library} away and crossmedia index FOLDER again; "
        "no media file was touched"
    )


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
            f"{folder} holds usage records that a Python package wrote",
            "crossmedia doctor --repair removes it",
            repair,
        )


def _owners(package: str) -> set[str]:
    """Distributions that install a top-level package of this name."""
    return set(importlib.metadata.packages_distributions().get(package, []))


# ---------------------------------------------------------------- the library


def _problems(engine: Engine, library: Path) -> Iterator[Problem]:
    with engine.connect() as connection:
        yield from _catalog(connection, library)
        yield from _vectors(connection)
        yield from _generations(connection, library)
        yield from _sources(connection)


def _catalog(connection: Connection, library: Path) -> Iterator[Problem]:
    for line in check.damage(connection):
        yield f"the catalog is damaged: {line}", _way_back(library), None
    if broken := check.broken_references(connection):
        yield f"{counted(broken, 'row')} of the catalog refer to missing rows", "report this", None
    if lost := check.assets_without_path(connection):
        yield f"{counted(lost, 'asset')} without a path", "", _delete_orphans
    if stepless := check.assets_without_step(connection):
        yield f"{counted(stepless, 'asset')} never read", "crossmedia index", None
    if wrong := check.wrong_words(connection):
        yield f"keyword index: {counted(wrong, 'row')} out of step with the catalog", "", _index_words


def _vectors(connection: Connection) -> Iterator[Problem]:
    kept = catalog_read.kept_models(connection)
    for space in check.all_spaces(connection):
        bad = check.bad_vectors(connection, space.id, space.dimension)
        if bad:
            what = (
                f"{counted(len(bad), 'vector')} of the space {space.name} not of length 1 and {space.dimension} numbers"
            )
            yield what, "crossmedia index encodes those files again", _deleter(bad)
        if not space.live and space.encoder not in kept:
            yield (
                f"the space {space.name} of {space.encoder} is incomplete",
                "crossmedia rebuild --profile completes it",
                None,
            )


def _generations(connection: Connection, library: Path) -> Iterator[Problem]:
    from retrieval.vectors.store import store_of

    store = store_of(library)
    for space in catalog_read.publishing(connection):
        if space.folder is None:
            continue
        try:
            store.verify(space.folder, space.dimension)
            held = store.open(space.folder, space.dimension).rows
        except LibraryError as error:
            yield error.what, "", _publisher(space.space_id)
            continue
        if held != space.rows:
            yield (
                f"generation {space.folder} holds {held:,} rows instead of {space.rows:,}",
                "",
                _publisher(space.space_id),
            )
    if stale := left_over(connection, library):
        yield counted(len(stale), "unused generation"), "", lambda engine, home: void(sweep(engine, home))


def _sources(connection: Connection) -> Iterator[Problem]:
    for source in catalog_read.all_sources(connection):
        if not is_online(source.root):
            root = place_text(source.root)
            hint = f"mount it, or crossmedia source move {root} NEW, or crossmedia source remove {root}"
            yield f"{root} is offline", hint, None


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
        catalog_write.index_all_words(connection)


def _publisher(space: int) -> Repair:
    def publish(engine: Engine, library: Path) -> None:
        publish_space(engine, library, space)
        sweep(engine, library)

    return publish


def void(value: object) -> None:
    """Drops a value."""
