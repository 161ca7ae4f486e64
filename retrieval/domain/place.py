"""Where a medium lies: in a file, or in an object of a bucket, which a path names that begins with `s3:`.

Paths of libraries are absolute, so that none of a file begins so. `Path("s3://photos/a.jpg")` is `s3:/photos/a.jpg`;
names, endings and folders are those of any path, and people see and write the address with two slashes.
"""

from __future__ import annotations

import os
from pathlib import Path

SCHEME = "s3:"


def is_object(path: Path) -> bool:
    """Whether a path names an object, or a folder of objects, of a bucket; `s3:` alone is a file of that name."""
    return path.parts[:1] == (SCHEME,) and len(path.parts) > 1


def address(path: Path) -> tuple[str, str]:
    """Bucket and key of an object, or the beginning of the keys of a folder, which is empty for a whole bucket."""
    _, bucket, *parts = path.parts
    return bucket, "/".join(parts)


def place_of(named: str | Path) -> Path:
    """The absolute path that is meant by a path or by an address as s3://bucket/key."""
    path = Path(named)
    return path if is_object(path) else Path(os.path.abspath(path.expanduser()))


def place_bytes(path: Path | str) -> bytes:
    """The path, or the address of an object (also if it is one already), as the bytes that the operating system gave."""
    raw = os.fsencode(path)
    return b"s3://" + raw.removeprefix(b"s3:").lstrip(b"/") if raw.startswith(b"s3:/") else raw


def place_text(path: Path | str) -> str:
    """The path, or the address of an object; what is not UTF-8 as os.fsdecode gives it."""
    return os.fsdecode(place_bytes(path))
