"""Which folders a library follows, and what it is to forget. Each public function holds the writer's lock."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select, update

from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.open import reading, writing
from indexer.catalog.vectors import now
from indexer.sources.base import Source
from indexer.sources.roots import configured_roots, existing_root
from retrieval.catalog import dialect
from retrieval.catalog.engine import has_catalog
from retrieval.catalog.schema import forgotten, paths, sources
from retrieval.domain.place import is_object, place_text
from retrieval.errors import LibraryError, QueryError
from retrieval.media.objects import status
from retrieval.settings import LIBRARY_SETTINGS

ENOUGH = 0.5  # share of a source's files that must lie in a folder which it is said to have moved to
LOOKED_AT = 1_000  # files of a moved source that are looked for, evenly chosen

FORGET = dialect.upsert(forgotten, "path")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A file or folder that no run reads again."""

    path: Path
    since: str


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a source's files: `files` were forgotten, or all stay, as the source at `outer` follows them."""

    files: int
    outer: Path | None = None


def listed(library: Path) -> list[Source]:
    """The sources of a library, oldest first. Reads only."""
    with reading(library) as connection:
        return catalog_read.all_sources(connection)


def all_forgotten(library: Path) -> list[Forgotten]:
    """What is not read again, by path. Reads only."""
    with reading(library) as connection:
        rows = connection.execute(select(forgotten).order_by(forgotten.c.path))
        return [Forgotten(Path(os.fsdecode(row.path)), row.forgotten_at) for row in rows]


# ---------------------------------------------------------------- following


def follow(
    connection: Connection, roots: Sequence[Path], include: Sequence[str], exclude: Sequence[str]
) -> list[Source]:
    """Adds sources, and patterns to them, or to all sources where no root is named; gives what was added to which.

    Raises:
        LibraryError: a root was forgotten.
    """
    _refuse_forgotten(connection, roots)
    for root in roots:
        catalog_write.add_source(connection, root, (), ())
    chosen = [each for each in catalog_read.all_sources(connection) if not roots or each.root in roots]
    changes = [add_patterns(connection, each, include, exclude) for each in chosen]
    return [each for each in changes if each.include or each.exclude]


def follow_settings(connection: Connection, library: Path) -> list[str]:
    """Adds the sources that the library's settings file names. Those that were forgotten stay so; gives a line for each."""
    roots, left = _standing(connection, configured_roots(library))
    follow(connection, roots, (), ())
    return [
        f"{place_text(root)} is named in {LIBRARY_SETTINGS} but was forgotten "
        f"(crossmedia forget --undo {place_text(place)} takes it back)"
        for root, place in left.items()
    ]


def sources_of_run(library: Path, roots: Sequence[Path]) -> list[Path]:
    """The roots that a run would follow, of those named now and those of the settings file; the library need not be there.

    Raises:
        LibraryError: one that is named now was forgotten.
    """
    named = configured_roots(library)
    if not has_catalog(library):
        return [*roots, *named]
    with reading(library) as connection:
        _refuse_forgotten(connection, roots)
        return [*roots, *_standing(connection, named)[0]]


def _standing(connection: Connection, roots: Sequence[Path]) -> tuple[list[Path], dict[Path, Path]]:
    """Those of some roots that were not forgotten; and the others, each with the path that was."""
    left = {root: place for root in roots if (place := _forgotten_around(connection, root)) is not None}
    return [each for each in roots if each not in left], left


def add_patterns(connection: Connection, source: Source, include: Iterable[str], exclude: Iterable[str]) -> Source:
    """Adds patterns to those of a source; gives the source with the new ones alone."""
    new = replace(
        source,
        include=tuple(each for each in _patterns(include) if each not in source.include),
        exclude=tuple(each for each in _patterns(exclude) if each not in source.exclude),
    )
    _set_patterns(connection, source.id, source.include + new.include, source.exclude + new.exclude)
    return new


def edit_patterns(
    library: Path, root: Path, *, include: Sequence[str] = (), exclude: Sequence[str] = (), drop: bool = False
) -> Source:
    """Adds patterns to a source or, with `drop`, takes them away; gives the source with those that changed alone.

    Raises:
        QueryError: `root` is no source, or has no such pattern.
    """
    with (
        writing(library, "crossmedia source", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        source = _source_at(connection, root)
        if not drop:
            return add_patterns(connection, source, include, exclude)
        given = replace(source, include=_patterns(include), exclude=_patterns(exclude))
        for name in (*given.include, *given.exclude):
            if name not in (source.include if name in given.include else source.exclude):
                raise QueryError(f"{source.root} has no pattern {name}", "crossmedia source list")
        left = [[each for each in had if each not in gone] for had, gone in (
            (source.include, given.include), (source.exclude, given.exclude),
        )]  # fmt: skip
        _set_patterns(connection, source.id, *left)
        return given


def _patterns(given: Iterable[str]) -> tuple[str, ...]:
    """Each once. They stand on lines of the catalog's text: a line's end or a byte that is not UTF-8 is any character."""
    return tuple(dict.fromkeys(re.sub("[\n\ud800-\udfff]", "?", each) for each in given))


def _set_patterns(connection: Connection, source: int, include: Sequence[str], exclude: Sequence[str]) -> None:
    values = {"include": "\n".join(include), "exclude": "\n".join(exclude)}
    connection.execute(update(sources).where(sources.c.id == source).values(**values))


# ---------------------------------------------------------------- moving


def move(library: Path, old: Path, new: Path) -> None:
    """Points a source at the folder that its files were moved to; nothing is encoded again.

    Raises:
        QueryError: `old` is no source.
        LibraryError: `new` is no folder, a source already, or does not hold the source's files; or the library's settings
            file names `old`.
    """
    target = existing_root(new)
    with (
        writing(library, "crossmedia source move", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        if any(source.root == target for source in catalog_read.all_sources(connection)):
            raise LibraryError(f"{target} is a source already", "crossmedia source list")
        _refuse_forgotten(connection, [target])
        source = _source_at(connection, old)
        _refuse_configured(library, source, "write its new place into `sources` in that file first")
        _refuse_other_files(connection, source, target)
        catalog_write.move_source(connection, source.root, target)
        _move_forgotten(connection, source, target)


def _refuse_other_files(connection: Connection, source: Source, target: Path) -> None:
    known = connection.execute(
        select(paths.c.relative, paths.c.bytes).where(paths.c.source_id == source.id).order_by(paths.c.relative)
    ).all()
    looked_at = known[:: max(1, len(known) // LOOKED_AT)]
    there = sum(_is_file_of(target / os.fsdecode(row.relative), row.bytes) for row in looked_at)
    if looked_at and there < ENOUGH * len(looked_at):
        raise LibraryError(
            f"{target} does not hold the files of {source.root}: {there:,} of {len(looked_at):,} looked for are there",
            f"name the folder they are in; or crossmedia index {target}, then crossmedia source remove {source.root}: "
            "what has the same content is not encoded again",
        )


def _is_file_of(path: Path, size: int) -> bool:
    try:
        return status(path).st_size == size
    except OSError:
        return False


def _move_forgotten(connection: Connection, source: Source, target: Path) -> None:
    """What was forgotten in the source is forgotten at its new place as well, and stays so at the old one."""
    for path in connection.scalars(select(forgotten.c.path)).all():
        place = Path(os.fsdecode(path))
        if place.is_relative_to(source.root):
            _note_forgotten(connection, target / place.relative_to(source.root))


# ---------------------------------------------------------------- removing and forgetting


def remove(library: Path, root: Path) -> Removed:
    """Follows a source no more and forgets what was seen only there, unless a source around it follows it.

    Raises:
        QueryError: `root` is no source. LibraryError: the library's settings file names it, so the next run would add it.
    """
    with (
        writing(library, "crossmedia source remove", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        source = _source_at(connection, root)
        _refuse_configured(library, source, "take it out of `sources` in that file first")
        around = [each for each in catalog_read.all_sources(connection) if _is_below(source.root, each.root)]
        if not around:
            return Removed(_remove(connection, source))
        outer = max(around, key=lambda each: len(each.root.parts))
        _hand_over(connection, source, outer)
        return Removed(_remove(connection, source), outer.root)


def _refuse_configured(library: Path, source: Source, hint: str) -> None:
    if source.root in configured_roots(library):
        file = library / LIBRARY_SETTINGS
        raise LibraryError(f"{place_text(source.root)} is named in {file}, so the next run would add it again", hint)


def _hand_over(connection: Connection, inner: Source, outer: Source) -> None:
    """Makes the files of a source those of the source around it; what that one excludes goes with the next run."""
    prefix = os.fsencode(inner.root.relative_to(outer.root)) + b"/"
    own = select(paths.c.asset_id).where(paths.c.source_id == inner.id, paths.c.asset_id.is_not(None)).distinct()
    touched = connection.scalars(own).all()
    dialect.rebase_paths(connection, inner.id, outer.id, prefix)
    catalog_write.index_names(connection, touched)


def forget(library: Path, target: Path) -> int:
    """Forgets a source, a file or a folder for good; returns the number of files. Their copies elsewhere stay.

    No later run reads what lies at that path, whatever sources and patterns there are, until `remember` takes it back.
    A bare name is taken where one file alone has it.

    Raises:
        QueryError: nothing of the library lies there, or the name is that of several files.
    """
    with (
        writing(library, "crossmedia forget", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        for place in _spellings(target):
            if (count := _forget_at(connection, place)) is not None:
                return count
        named = _named(connection, target)
        if len(named) == 1:
            return _forget_at(connection, named[0]) or 0
    if named:
        raise QueryError(f"{len(named):,} files are named {target}", "one of " + _some(named))
    raise QueryError(f"nothing of the library lies at {target}", "give a path as crossmedia search prints it")


def _forget_at(connection: Connection, place: Path) -> int | None:
    """Forgets all at and below an absolute path; None where the library knows nothing there."""
    every = catalog_read.all_sources(connection)
    below = [each for each in every if each.root.is_relative_to(place)]
    ids = [path for each in every if _is_below(place, each.root) for path in _ids_below(connection, each, place)]
    if not below and not ids:
        return None
    catalog_write.delete_paths(connection, ids)
    count = len(ids) + sum(_remove(connection, each) for each in below)
    catalog_write.delete_orphans(connection)
    _note_forgotten(connection, place)
    return count


def _ids_below(connection: Connection, source: Source, place: Path) -> list[int]:
    relative = os.fsencode(place.relative_to(source.root))
    seen = connection.execute(select(paths.c.id, paths.c.relative).where(paths.c.source_id == source.id))
    return [row.id for row in seen if row.relative == relative or row.relative.startswith(relative + b"/")]


def _note_forgotten(connection: Connection, place: Path) -> None:
    connection.execute(FORGET, {"path": os.fsencode(place), "forgotten_at": now()})


def remember(library: Path, target: Path) -> Path:
    """Takes back what `forget` was told; returns its path. The next run reads it where a source follows it.

    Raises:
        QueryError: nothing of that path or name was forgotten, or several things.
    """
    with (
        writing(library, "crossmedia forget", create=False) as (engine, _),
        catalog_write.transaction(engine) as connection,
    ):
        known = [Path(os.fsdecode(path)) for path in connection.scalars(select(forgotten.c.path))]
        places = _spellings(target)
        found = [each for each in known if each in places] or [each for each in known if each.name == str(target)]
        if len(found) != 1:
            above = [each for each in known if any(_is_below(place, each) for place in places)]
            what = f"{target} was not forgotten" if not found else f"{len(found)} forgotten things are named {target}"
            raise QueryError(what, f"it lies in {above[0]}, which was" if above else "crossmedia source list")
        connection.execute(delete(forgotten).where(forgotten.c.path == os.fsencode(found[0])))
        return found[0]


def _refuse_forgotten(connection: Connection, roots: Iterable[Path]) -> None:
    """Raises: LibraryError where one of them was forgotten."""
    for root in roots:
        if (place := _forgotten_around(connection, root)) is not None:
            raise LibraryError(f"{root} was forgotten", f"crossmedia forget --undo {place} takes it back")


def _forgotten_around(connection: Connection, root: Path) -> Path | None:
    """What was forgotten at a root or above it."""
    places = (Path(os.fsdecode(path)) for path in connection.scalars(select(forgotten.c.path)).all())
    return next((place for place in places if root.is_relative_to(place)), None)


def _named(connection: Connection, target: Path) -> list[Path]:
    """Files of the library with a bare name."""
    if len(target.parts) != 1:
        return []
    name = os.fsencode(target)
    ends = dialect.tail(paths.c.relative, len(name) + 1) == b"/" + name
    query = select(sources.c.root, paths.c.relative).join_from(paths, sources)
    rows = connection.execute(query.where(or_(paths.c.relative == name, ends)))
    return [Path(os.fsdecode(os.path.join(root, relative))) for root, relative in rows]


def _some(found: Sequence[Path]) -> str:
    more = f" and {len(found) - 5:,} more" if len(found) > 5 else ""
    return ", ".join(map(str, found[:5])) + more


def _is_below(path: Path, folder: Path) -> bool:
    return path != folder and path.is_relative_to(folder)


def _spellings(path: Path) -> list[Path]:
    """The path as it is written, made absolute, and where its folder really is."""
    if is_object(path):
        return [path]
    absolute = Path(os.path.abspath(path.expanduser()))
    return list(dict.fromkeys([path, absolute, absolute.parent.resolve() / absolute.name, absolute.resolve()]))


def _remove(connection: Connection, source: Source) -> int:
    count = connection.scalar(select(func.count()).where(*_held(source))) or 0
    catalog_write.remove_source(connection, source.id)
    return count


def _held(source: Source) -> tuple[ColumnElement[bool], ...]:
    """Files of a source that are assets; skips were never remembered as such."""
    return paths.c.source_id == source.id, paths.c.asset_id.is_not(None)


def _source_at(connection: Connection, root: Path) -> Source:
    for source in catalog_read.all_sources(connection):
        if source.root in _spellings(root):
            return source
    raise QueryError(f"{root} is not a source of this library", "crossmedia source list")
