"""What a source is, and what is known of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells an unchanged file without opening it."""

    bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int

    def is_same_object(self, other: FileState) -> bool:
        """Whether nothing tells two states of an object in a bucket apart: its ETag, which stands for the inode, stays when
        the same bytes are sent again at another time."""
        return (self.bytes, self.inode) == (other.bytes, other.inode)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file under a source. `relative`: path below the root, as the operating system's bytes.

    problem: why it cannot be read at all ("not a file", "unreadable"), else None; detail: more of that.
    sidecars: names and times of the subtitles beside it, empty for none.
    """

    relative: bytes
    fingerprint: FileState
    problem: str | None = None
    sidecars: bytes = b""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A followed folder, or the folder of a bucket: see retrieval/domain/place.py."""

    id: int
    root: Path
    device: int | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    offline: bool


@dataclass(frozen=True, slots=True)
class Known:
    """A file as it was last seen. asset_id None: it was skipped."""

    id: int
    fingerprint: FileState
    asset_id: int | None
    sidecars: bytes
