"""A library that a program fills: files and bytes added one by one with words of the program's own, forgotten, rebuilt."""

from __future__ import annotations

import glob
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from indexer.catalog import read as catalog_read
from indexer.catalog import sources as catalog_sources
from indexer.catalog import write as catalog_write
from indexer.catalog.notes import replace_notes
from indexer.catalog.vectors import Half
from indexer.events import Event, Finished
from indexer.pipeline.options import Options
from indexer.pipeline.run import Run, index_folders, opened_run
from indexer.pipeline.stages import halved
from indexer.rebuild import rebuild as rebuild_library
from indexer.sources.base import Candidate, Source
from indexer.sources.local import Walk
from retrieval import settings
from retrieval.catalog import layout
from retrieval.domain.text import valid_text
from retrieval.errors import LibraryError, MediaError, MediaUnreadable
from retrieval.media.documents.passages import Block, cut


class Writer:
    """The library in a folder, for changes (default: CROSSMEDIA_LIBRARY, else the user's own; made when first filled).

    Each method holds the writer's lock while it works and lets it go, so the program `crossmedia` may take turns; a
    `retrieval.Library` sees each change at once. Methods may be called from several threads, which wait for each other.
    on_event: told of all that happens, see indexer.events.

    Raises:
        LibraryLocked: another process is writing.
    """

    def __init__(
        self,
        library: str | Path | None = None,
        *,
        options: Options | None = None,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self._home = settings.library_folder(Path(library or settings.default_library())).expanduser().absolute()
        self._options = options or Options()
        self._on_event = on_event
        self._turn = threading.Lock()
        self._cancelled = threading.Event()

    @property
    def path(self) -> Path:
        """The library's folder."""
        return self._home

    def cancel(self) -> None:
        """Ends what is under way, from any thread, within moments; what is done by then stays. Without work: nothing."""
        self._cancelled.set()

    # ------------------------------------------------------------ adding

    def index(self, *folders: str | Path) -> Finished:
        """Follows folders from now on and brings the whole library up to date; see index_folders."""
        with self._turn:
            self._cancelled.clear()
            return index_folders(
                folders,
                library=self._home,
                options=self._options,
                on_event=self._on_event,
                is_stopped=self._cancelled.is_set,
            )

    def add_file(self, path: str | Path, *, text: str = "", keywords: Iterable[str] = ()) -> str:
        """Reads one file where it lies, and nothing else; gives its content hash, by which Library.show knows it.

        Its folder becomes a source for this file alone, unless the library follows it. text, keywords: what the program
        says of it, found like its own words, in place of what was said before; they belong to the content, so a file
        that changes is to be added again.

        Raises:
            MediaError: the file was left out; `reason` says why.
            LibraryError: the library was told to exclude or forget it, or it was cancelled.
        """
        file = Path(os.path.abspath(Path(path).expanduser()))
        if not file.is_file():
            raise MediaUnreadable(f"there is no file {path}", "check the path")
        with self._turn:
            return self._add(file.parent.resolve() / file.name, _notes(text, keywords))

    def add_bytes(self, data: bytes, name: str, *, text: str = "", keywords: Iterable[str] = ()) -> str:
        """Keeps bytes in the library's own folder, as a file called `name`, and reads it; else as add_file."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise LibraryError(f"a {type(data).__name__} holds no bytes", "give bytes")
        if not name or name != os.path.basename(name) or name.startswith(".") or "\0" in name:
            raise LibraryError(f"{name!r} is not the name of a file", "give a name like photo.jpg")
        notes = _notes(text, keywords)
        folder = layout.added(self._home) / blake2b(data, digest_size=8).hexdigest()
        with self._turn:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                part = folder / f".{name}"[:200]
                part.write_bytes(data)
                os.replace(part, folder / name)
            except OSError as error:
                raise LibraryError(
                    f"{name} cannot be kept in {folder}: {error.strerror}", "choose another name"
                ) from None
            return self._add(folder.resolve() / name, notes, root=layout.added(self._home).resolve())

    def _add(self, file: Path, notes: Sequence[str], root: Path | None = None) -> str:
        self._cancelled.clear()
        options = replace(self._options, dry_run=False)
        with opened_run(self._home, options, self._on_event, self._cancelled.is_set) as (run, _):
            source = self._source_of(run, file, root)
            candidate = self._candidate(run, source, file)
            run.add(source, candidate)
            with run.engine.connect() as connection:
                asset = catalog_read.asset_at(connection, source.id, candidate.relative)
                skip = catalog_read.skip_at(connection, source.id, candidate.relative)
                digest = None if asset is None else catalog_read.hash_of(connection, asset)
            if asset is None or digest is None:
                if skip is None:
                    raise LibraryError(f"adding {file} was cancelled", "add it again")
                raise MediaError(f"{file} was left out: {skip[1] or skip[0]}", "", skip[0])
            if notes:
                _write_notes(run, asset, digest, notes)
            return digest.hex()

    def _source_of(self, run: Run, file: Path, root: Path | None) -> Source:
        """The innermost source around a file; where there is none, its folder for this file alone."""
        with catalog_write.transaction(run.engine) as connection:
            around = [each for each in catalog_read.all_sources(connection) if file.is_relative_to(each.root)]
            if not around:
                pattern = () if root else (_pattern(Path(file.name)),)
                catalog_sources.follow(connection, [root or file.parent], pattern, ())
                around = [each for each in catalog_read.all_sources(connection) if file.is_relative_to(each.root)]
            source = max(around, key=lambda each: len(each.root.parts))
            if source.include:  # a source of single files has one more
                catalog_sources.add_patterns(connection, source, (_pattern(file.relative_to(source.root)),), ())
            return next(each for each in catalog_read.all_sources(connection) if each.id == source.id)

    def _candidate(self, run: Run, source: Source, file: Path) -> Candidate:
        """The file as a walk over its source finds it."""
        with run.engine.connect() as connection:
            forgotten = catalog_read.forgotten_paths(connection)
        relative = os.fsencode(file.relative_to(source.root))
        walk = Walk(os.fsencode(source.root), source.include, source.exclude, self._options.hidden, forgotten)
        walk.towards = relative
        found = next(walk.candidates(), None)
        if found is None:
            raise LibraryError(
                f"{file} is excluded, forgotten, hidden or part of another file", "crossmedia source list"
            )
        if found.problem is not None:
            raise MediaUnreadable(f"{file} was left out: {found.problem}", "", found.problem)
        return found

    # ------------------------------------------------------------ looking, forgetting, rebuilding

    def sources(self) -> list[Source]:
        """The folders that the library follows, oldest first."""
        return catalog_sources.listed(self._home)

    def forget(self, path: str | Path) -> int:
        """Forgets a file, folder or source for good; returns the number of files. Bytes that were added are deleted.

        Raises:
            QueryError: nothing of the library lies there.
        """
        with self._turn:
            count = catalog_sources.forget(self._home, Path(path))
            place, kept = Path(os.path.abspath(path)), layout.added(self._home)
            if place.is_relative_to(kept) and place.is_file():
                place.unlink()
            return count

    def remember(self, path: str | Path) -> Path:
        """Takes back what `forget` was told; the next run reads it again. Raises: QueryError, it was not forgotten."""
        with self._turn:
            return catalog_sources.remember(self._home, Path(path))

    def rebuild(self, profile: str | None = None) -> None:
        """Makes the indexes anew; with a profile, encodes all by its models first. See indexer.rebuild.

        Raises:
            LibraryError: it was cancelled; the library answers as before, and the next rebuild goes on from there.
        """
        with self._turn:
            self._cancelled.clear()
            rebuild_library(self._home, profile=profile, options=self._options, on_event=self._tell_or_stop)

    def _tell_or_stop(self, event: Event) -> None:
        self._on_event(event)
        if self._cancelled.is_set():
            raise LibraryError("the rebuild was cancelled", "the next one goes on from there")


def _pattern(relative: Path) -> str:
    """The pattern that fits one file of a source."""
    return "/" + glob.escape(str(relative))


def _notes(text: str, keywords: Iterable[str]) -> list[str]:
    """Own words as texts of the size of passages, the keywords as the last."""
    names = [keywords] if isinstance(keywords, str) else list(keywords)
    if not isinstance(text, str) or not all(isinstance(each, str) for each in names):
        raise LibraryError("text or keywords are not text", "give text as a str, keywords as several")
    own = [passage.text for passage in cut([Block(line) for line in valid_text(text).splitlines()])]
    listed = ", ".join(filter(None, (valid_text(each).strip() for each in names)))
    return [*own, listed] if listed else own


def _write_notes(run: Run, asset: int, digest: bytes, notes: Sequence[str]) -> None:
    vectors: list[list[tuple[int, int | None, Half]]] = [[] for _ in notes]
    tower = run.towers.get(("sentence", "text"))
    if tower is not None:
        rows, are_numbers = halved(tower.encoder.encode(list(notes)))
        vectors = [[(tower.space_id, None, row)] if fine else [] for row, fine in zip(rows, are_numbers, strict=True)]
    with catalog_write.transaction(run.engine) as connection:
        replace_notes(connection, asset, digest, notes, vectors)
