"""Folder -> candidate files: what lies there, without opening anything.

Hidden and system folders are left out, symlinked folders are named but not entered (they would count twice or loop),
symlinked files are followed. Sidecar subtitles (`clip.srt`, `clip.en.srt` beside `clip.mp4`) belong to their video and
are no candidates of their own.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from indexer.sources.base import Candidate, FileState

SYSTEM_FOLDERS = frozenset(
    name.encode()
    for name in (
        "$RECYCLE.BIN", "System Volume Information", "lost+found", "@eaDir", "#recycle", "__pycache__", "node_modules",
        "__MACOSX", "found.000",
    )
)  # fmt: skip

SYSTEM_FILES = frozenset((b"Thumbs.db", b"desktop.ini", b"ehthumbs.db"))

SIDECARS = frozenset((b".srt", b".vtt"))

LINKED_FOLDER = "linked folder"

TIMED = frozenset(
    b".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .wmv .flv .ogv .3gp .vob .mp3 .m4a .m4b .ogg .opus "
    b".flac .wav .aac .wma".split()
)


@dataclass(slots=True)
class Walk:
    """One pass over a source. `unreadable` fills while `candidates` is consumed: folders that could not be listed."""

    root: bytes
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    hidden: bool = False
    leave_out: frozenset[bytes] = frozenset()  # absolute: other sources, the library itself, what was forgotten
    check: Callable[[], None] = lambda: None  # asked for each folder; what it raises ends the walk
    unreadable: set[bytes] = field(default_factory=set)
    listed: int = 0

    def candidates(self) -> Iterator[Candidate]:
        """All candidates, folder by folder, sorted by name in each; relative folders in `unreadable` are unknown."""
        folders = [b""]
        while folders:
            folder = folders.pop()
            self.check()
            try:
                with os.scandir(os.path.join(self.root, folder) if folder else self.root) as listing:
                    entries = sorted(listing, key=lambda entry: entry.name)
            except OSError:
                self.unreadable.add(folder)
                continue
            self.listed += len(entries)
            folders.extend(reversed([os.path.join(folder, e.name) for e in entries if self._enters(e, folder)]))
            yield from self._files(entries, folder)

    def _enters(self, entry: os.DirEntry[bytes], folder: bytes) -> bool:
        if not entry.is_dir(follow_symlinks=False) or entry.path in self.leave_out:
            return False
        return self._wanted_name(entry.name) and not self._excluded(os.path.join(folder, entry.name))

    def _wanted_name(self, name: bytes) -> bool:
        return name not in SYSTEM_FOLDERS and name not in SYSTEM_FILES and (self.hidden or not name.startswith(b"."))

    def _excluded(self, relative: bytes) -> bool:
        return _matches(relative, self.exclude)

    def _files(self, entries: list[os.DirEntry[bytes]], folder: bytes) -> Iterator[Candidate]:
        subtitles = _sidecars_by_stem(entries)
        belonging = {entry.name for group in subtitles.values() for entry in group}
        for entry in entries:
            relative = os.path.join(folder, entry.name)
            if entry.name in belonging or entry.path in self.leave_out:
                continue
            if not self._wanted_name(entry.name) or self._excluded(relative):
                continue
            if self.include and not _matches(relative, self.include):
                continue
            candidate = _candidate(entry, relative, subtitles.get(entry.name, ()))
            if candidate is not None:
                yield candidate


def _matches(relative: bytes, patterns: tuple[str, ...]) -> bool:
    """Whether the path, or its last name, fits one of the glob patterns; one that begins with / fits the path alone."""
    path = os.fsdecode(relative)
    name = os.path.basename(path)
    return any(
        fnmatch.fnmatch("/" + path, p) if p.startswith("/") else fnmatch.fnmatch(path, p) or fnmatch.fnmatch(name, p)
        for p in patterns
    )


def _sidecars_by_stem(entries: list[os.DirEntry[bytes]]) -> dict[bytes, list[os.DirEntry[bytes]]]:
    """Timed file name -> the subtitles that share its stem, a language tag between allowed."""
    texts = [entry for entry in entries if os.path.splitext(entry.name)[1].lower() in SIDECARS]
    if not texts:
        return {}
    timed = {os.path.splitext(e.name)[0]: e.name for e in entries if os.path.splitext(e.name)[1].lower() in TIMED}
    found: dict[bytes, list[os.DirEntry[bytes]]] = {}
    for entry in texts:
        stem = os.path.splitext(entry.name)[0]
        owner = timed.get(stem) or timed.get(os.path.splitext(stem)[0])
        if owner is not None:
            found.setdefault(owner, []).append(entry)
    return found


def _candidate(
    entry: os.DirEntry[bytes], relative: bytes, subtitles: list[os.DirEntry[bytes]] | tuple[()]
) -> Candidate | None:
    try:
        status = entry.stat()
    except OSError:  # a dangling or circular link, or gone since the listing
        return Candidate(relative, FileState(0, 0, 0, 0), "broken link") if entry.is_symlink() else None
    if stat.S_ISDIR(status.st_mode):
        return _linked_folder(entry, relative) if entry.is_symlink() else None
    fingerprint = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    if not stat.S_ISREG(status.st_mode):
        return Candidate(relative, fingerprint, "not a file")
    return Candidate(relative, fingerprint, None, b"\0".join(map(_stamp, subtitles)))


def _linked_folder(entry: os.DirEntry[bytes], relative: bytes) -> Candidate:
    status = entry.stat(follow_symlinks=False)
    own = FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    target = os.fsdecode(os.path.realpath(entry.path))
    return Candidate(relative, own, LINKED_FOLDER, detail=f"leads to {target}, which crossmedia index {target} follows")


def _stamp(entry: os.DirEntry[bytes]) -> bytes:
    try:
        status = entry.stat()
    except OSError:
        return entry.name
    return b"%s %d %d" % (entry.name, status.st_size, status.st_mtime_ns)
