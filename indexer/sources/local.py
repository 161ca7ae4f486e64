"""Folder -> candidate files: what lies there, without opening anything.

Hidden and system folders are left out, with what cameras, servers and photo programs keep for themselves, and source
code in folders of programs unless a pattern asks for it. Symlinked folders are named but not entered (they would
count twice or loop), symlinked files are followed. Sidecars (`clip.srt` beside `clip.mp4`, `a.xmp` beside `a.jpg`) belong
to their file and are no candidates of their own.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from indexer.sources.base import Candidate, FileState
from retrieval.media.objects import Status
from retrieval.media.sidecars import owners
from retrieval.media.sniff import CODE_SUFFIXES

# Trash, snapshots and caches: of systems, file servers and photo programs.
SYSTEM_FOLDERS = frozenset(
    (
        "$recycle.bin", "system volume information", "lost+found", "@eadir", "#recycle", "#snapshot", "@recycle",
        "@recently-snapshot", "__pycache__", "node_modules", "__macosx", "found.000",
    )
)  # fmt: skip
CACHE_FOLDERS = (".lrdata", ".aplibrary/thumbnails", ".photoslibrary/resources")
PHOTO_LIBRARIES = (".photoslibrary", ".photolibrary", ".migratedphotolibrary")
ORIGINALS = frozenset(("originals", "masters"))  # of a photo library, whose other folders hold copies

SYSTEM_FILES = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))
# Thumbnails, small copies of films, and downloads under way.
COPIES = ("synofile_thumb_*", "*.lrv", "*.thm", "*.part", "*.partial", "*.crdownload", "*.download", "*.!ut", "*.aria2")
NO_MEDIA = b".nomedia"  # a folder beside it holds nothing that its owner wants to see

LINKED_FOLDER, UNREADABLE = "linked folder", "unreadable"  # problems of a folder

# Beside one of these a folder, with those in it, is a program's: its code and data are not what people look for.
CODE_MARKS = frozenset(
    b".git .hg .svn package.json pyproject.toml setup.py Cargo.toml go.mod pom.xml build.gradle CMakeLists.txt Makefile "
    b"composer.json Gemfile".split()
)
CODE = CODE_SUFFIXES | {".json", ".jsonl", ".geojson", ".svg"}


class Entry(Protocol):
    """What lies in a folder: os.DirEntry[bytes], or an object of a bucket as one."""

    @property
    def name(self) -> bytes: ...
    @property
    def path(self) -> bytes: ...
    def is_dir(self, *, follow_symlinks: bool = True) -> bool: ...
    def is_symlink(self) -> bool: ...
    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result | Status: ...


def scan(folder: bytes) -> Sequence[Entry]:
    """What lies in a folder. Raises: OSError."""
    with os.scandir(folder) as listing:
        return list(listing)


@dataclass(slots=True)
class Walk:
    """One pass over a source. `unreadable` fills while `candidates` is consumed: folders that could not be listed."""

    root: bytes
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    leave_out: frozenset[bytes] = frozenset()  # absolute: other sources, the library itself, what was forgotten
    check: Callable[[], None] = lambda: None  # asked for each folder; what it raises ends the walk
    scan: Callable[[bytes], Sequence[Entry]] = scan  # what lies in a folder, by its absolute path
    towards: bytes | None = None  # the only file that is wanted, relative to the root
    unreadable: set[bytes] = field(default_factory=set)
    listed: int = 0
    passed: int = 0  # folders and files of systems and programs that were left out by their names

    def candidates(self) -> Iterator[Candidate]:
        """All candidates, folder by folder, sorted by name in each; relative folders in `unreadable` are unknown, and are
        candidates that cannot be read, but for the root."""
        folders = [(b"", False)]
        while folders:
            folder, is_code = folders.pop()
            self.check()
            try:
                listing = self.scan(os.path.join(self.root, folder) if folder else self.root)
            except OSError as error:
                self.unreadable.add(folder)
                if folder and self.towards is None:
                    why = f"this folder cannot be listed: {error.strerror}"
                    yield Candidate(folder, FileState(0, 0, 0, 0), UNREADABLE, detail=why)
                continue
            entries = sorted(listing, key=lambda entry: entry.name)
            self.listed += len(entries)
            self.passed += sum(self._is_programs(entry.name) for entry in entries)
            if not self.hidden and (_is_photo_library(folder) or any(entry.name == NO_MEDIA for entry in entries)):
                self.passed += 1
                folders += [(os.path.join(folder, e.name), False) for e in entries if self._is_original(e, folder)]
                continue
            is_code = is_code or any(entry.name in CODE_MARKS for entry in entries)
            inner = [(os.path.join(folder, e.name), is_code) for e in entries if self._enters(e, folder)]
            folders.extend(reversed(inner))
            yield from self._files(entries, folder, is_code=is_code)

    def concerns(self, relative: bytes) -> bool:
        """Whether what lies there, if anything, could be a candidate or hold some, as far as its path says it."""
        parts = relative.split(b"/")
        ways = [b"/".join(parts[: count + 1]) for count in range(len(parts))]
        if any(os.path.join(self.root, each) in self.leave_out or self._excluded(each) for each in ways):
            return False
        return all(map(self._wanted_name, parts))

    def _enters(self, entry: Entry, folder: bytes) -> bool:
        if not entry.is_dir(follow_symlinks=False) or entry.path in self.leave_out:
            return False
        if not self._leads_on(os.path.join(folder, entry.name)):
            return False
        if not self.hidden and _is_photo_library(folder) and os.fsdecode(entry.name).lower() not in ORIGINALS:
            return False
        return self._wanted_name(entry.name) and not self._excluded(os.path.join(folder, entry.name))

    def _leads_on(self, folder: bytes) -> bool:
        """Whether a wanted file may lie below a folder, as far as whole paths say it: a home is not listed for one file."""
        paths = (
            [os.fsencode(each[1:]) for each in self.include if _is_path(each)]
            if self.towards is None
            else [self.towards]
        )
        is_told = self.towards is not None or (self.include and len(paths) == len(self.include))
        return not is_told or any(each.startswith(folder + b"/") for each in paths)

    def _is_original(self, entry: Entry, folder: bytes) -> bool:
        """Whether it is the one folder of a photo library that is entered."""
        return _is_photo_library(folder) and self._enters(entry, folder)

    def _wanted_name(self, name: bytes) -> bool:
        return not self._is_programs(name) and (self.hidden or not name.startswith(b"."))

    def _is_programs(self, name: bytes) -> bool:
        """Whether a name is one that systems and programs give to what they keep for themselves."""
        plain = os.fsdecode(name).lower()
        if plain in SYSTEM_FOLDERS or plain in SYSTEM_FILES:
            return True
        copies = plain.endswith(CACHE_FOLDERS) or any(fnmatch.fnmatchcase(plain, copy) for copy in COPIES)
        return copies and not self.hidden

    def _excluded(self, relative: bytes) -> bool:
        return _matches(relative, self.exclude)

    def _files(self, entries: list[Entry], folder: bytes, *, is_code: bool) -> Iterator[Candidate]:
        sidecars = _sidecars(entries)
        belonging = {entry.name for group in sidecars.values() for entry in group}
        for entry in entries:
            relative = os.path.join(folder, entry.name)
            if entry.name in belonging or entry.path in self.leave_out or self.towards not in (None, relative):
                continue
            if not self._wanted_name(entry.name) or self._excluded(relative):
                continue
            if not _matches(relative, self.include) if self.include else is_code and _is_code(entry.name):
                continue
            candidate = _candidate(entry, relative, sidecars.get(entry.name, ()))
            if candidate is not None:
                yield candidate


def _is_photo_library(folder: bytes) -> bool:
    return os.fsdecode(folder).lower().endswith(PHOTO_LIBRARIES)


def _is_code(name: bytes) -> bool:
    return os.path.splitext(os.fsdecode(name))[1].lower() in CODE


def _is_path(pattern: str) -> bool:
    """Whether a pattern is the path of one file."""
    return pattern.startswith("/") and not any(each in pattern for each in "*?[")


def _matches(relative: bytes, patterns: tuple[str, ...]) -> bool:
    """Whether the path, or its last name, fits one of the glob patterns; one that begins with / fits the path alone."""
    path = os.fsdecode(relative)
    name = os.path.basename(path)
    return any(
        fnmatch.fnmatch("/" + path, p) if p.startswith("/") else fnmatch.fnmatch(path, p) or fnmatch.fnmatch(name, p)
        for p in patterns
    )


def _sidecars(entries: list[Entry]) -> dict[bytes, list[Entry]]:
    """File name -> the files beside it that belong to it."""
    named = {os.fsdecode(entry.name): entry for entry in entries}
    return {os.fsencode(owner): [named[one.name] for one in belonging] for owner, belonging in owners(named).items()}


def _candidate(entry: Entry, relative: bytes, sidecars: list[Entry] | tuple[()]) -> Candidate | None:
    try:
        status = entry.stat()
    except OSError:  # a dangling or circular link, or gone since the listing
        return Candidate(relative, FileState(0, 0, 0, 0), "broken link") if entry.is_symlink() else None
    if stat.S_ISDIR(status.st_mode):
        return _linked_folder(entry, relative) if entry.is_symlink() else None
    fingerprint = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if not stat.S_ISREG(status.st_mode):
        return Candidate(relative, fingerprint, "not a file")
    return Candidate(relative, fingerprint, None, b"\0".join(map(_stamp, sidecars)))


def _linked_folder(entry: Entry, relative: bytes) -> Candidate:
    status = entry.stat(follow_symlinks=False)
    own = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    target = os.fsdecode(os.path.realpath(entry.path))
    return Candidate(relative, own, LINKED_FOLDER, detail=f"leads to {target}, which crossmedia index {target} follows")


def _stamp(entry: Entry) -> bytes:
    try:
        status = entry.stat()
    except OSError:
        return entry.name
    return b"%s %d %d" % (entry.name, status.st_size, status.st_mtime_ns)
