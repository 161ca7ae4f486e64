"""What changed in the sources since the last run: catalog against folders, without opening a file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from indexer.events import Scanned
from indexer.sources.base import Candidate, FileState, Known, Source
from indexer.sources.bucket import objects_in
from indexer.sources.local import LINKED_FOLDER, Walk, scan
from retrieval.domain.place import is_object
from retrieval.media.sidecars import TIMED


@dataclass(slots=True)
class Changes:
    """One source compared. Untouched files are only counted."""

    source: Source
    offline: bool = False
    device: int | None = None
    files: int = 0
    changed: list[Candidate] = field(default_factory=list)  # new, or not what the catalog holds
    resubtitled: list[tuple[Candidate, int]] = field(default_factory=list)  # only the sidecars changed; asset id
    gone: list[int] = field(default_factory=list)  # ids of paths whose file was deleted, moved or left out
    passed: int = 0  # folders and files of systems and programs, left out by their names
    left_out: int = 0  # those of them whose file is still there: a pattern or a switch leaves it out now

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Files, changed ones, those that are gone, folders and files of systems and programs."""
        return self.files, len(self.changed), len(self.gone), self.passed


def compare_all(
    sources: Sequence[Source],
    known: Callable[[int], dict[bytes, Known]],
    library: Path,
    *,
    hidden: bool = False,
    forgotten: frozenset[bytes] = frozenset(),
    unfinished: frozenset[bytes] = frozenset(),
    check: Callable[[], None] = lambda: None,
) -> tuple[list[Changes], Scanned]:
    """Every source compared, and what is told of it. known: the files of a source, by its id.

    forgotten: absolute paths of files and folders that are not looked at. unfinished: absolute paths of files that are
    still written, and stay as they are known until a later run. check: asked for each folder; what it raises
    ends the comparison.
    """
    start = time.perf_counter()
    roots = [source.root for source in sources]
    found = []
    for source in sources:
        others = [root for root in roots if root != source.root]
        found.append(
            compare(source, known(source.id), others, library, hidden=hidden, forgotten=forgotten, check=check)
        )
    for each in found if unfinished else ():
        root = os.fsencode(each.source.root)
        each.changed = [new for new in each.changed if os.path.join(root, new.relative) not in unfinished]
    offline = tuple(each.source.root for each in found if each.offline)
    files, changed, gone, passed = (sum(each.counts[n] for each in found) for n in range(4))
    return found, Scanned(files, changed, gone, time.perf_counter() - start, offline, passed)


def compare(
    source: Source,
    known: dict[bytes, Known],
    others: Sequence[Path],
    library: Path,
    *,
    hidden: bool = False,
    forgotten: frozenset[bytes] = frozenset(),
    check: Callable[[], None] = lambda: None,
) -> Changes:
    """What a walk over the source finds, compared with what the catalog knows.

    A root that is missing or cannot be listed is offline, as is one that is empty or on another device while none
    of its known files is there. A file is gone only if a folder above it could be listed and does not hold it.
    """
    changes = Changes(source, device=_device(source.root))
    root = os.fsencode(source.root)
    inner = {os.fsencode(other) for other in (*others, library) if _is_inside(other, source.root)}
    listing, is_same = (objects_in, FileState.is_same_object) if is_object(source.root) else (scan, FileState.__eq__)
    walk = Walk(root, source.include, source.exclude, hidden, forgotten | inner, check, listing)
    missing = dict(known)
    for candidate in walk.candidates():
        if candidate.problem == LINKED_FOLDER and not is_object(source.root):
            if _is_followed(source.root / os.fsdecode(candidate.relative), (source.root, *others)):
                continue
        else:
            changes.files += 1
        before = missing.pop(candidate.relative, None)
        if before is None or not is_same(before.fingerprint, candidate.fingerprint):
            changes.changed.append(candidate)
        elif before.asset_id is not None and before.sidecars != candidate.sidecars:
            changes.resubtitled.append((candidate, before.asset_id))
    changes.passed = walk.passed
    moved_device = source.device is not None and changes.device != source.device
    none_left = bool(known) and len(missing) == len(known)
    changes.offline = b"" in walk.unreadable or (none_left and (moved_device or not walk.listed))
    if not changes.offline:
        gone = {path: each.id for path, each in missing.items() if not _under(path, walk.unreadable)}
        changes.gone = [*gone.values()]
        there = (os.path.join(root, path) for path in gone)
        # None of a bucket's; a folder among them can be listed again.
        changes.left_out = sum(os.path.lexists(path) and not os.path.isdir(path) for path in there)
    changes.changed.sort(key=is_timed)
    return changes


def _device(root: Path) -> int | None:
    try:
        return root.stat().st_dev
    except OSError:
        return None


def _is_followed(link: Path, roots: Sequence[Path]) -> bool:
    target = link.resolve()
    return any(target.is_relative_to(root) for root in roots)


def _is_inside(path: Path, root: Path) -> bool:
    return path != root and path.is_relative_to(root)


def _under(relative: bytes, folders: set[bytes]) -> bool:
    return any(relative.startswith(folder + b"/") for folder in folders)


def is_timed(candidate: Candidate) -> bool:
    """Whether it is video or sound by its name: these come after pictures and documents, as search is useful early."""
    return os.path.splitext(os.fsdecode(candidate.relative))[1].lower() in TIMED
