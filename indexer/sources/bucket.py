"""A folder of a bucket, listed as one of a disk is: one request for each 1,000 objects; an ETag in place of an inode."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.domain.place import address
from retrieval.media.objects import Status, asking, status_of

FOLDER = Status(0o040755, 0, 0, 0)
UNNAMED = Status(0o010644, 0, 0, 0)  # as a pipe, which is "not a file"


@dataclass(frozen=True, slots=True)
class Object:
    """An object, or a folder of objects, under the names of os.DirEntry[bytes]."""

    name: bytes
    path: bytes
    status: Status

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return self.status is FOLDER

    def is_symlink(self) -> bool:
        return False

    def stat(self, *, follow_symlinks: bool = True) -> Status:
        return self.status


def is_empty(folder: Path) -> bool:
    """Whether no object lies in a folder of a bucket or below it; one request. Raises: OSError."""
    bucket, beginning = address(folder)
    with asking(folder) as own:
        return not own.list_objects_v2(Bucket=bucket, Prefix=beginning and beginning + "/", MaxKeys=1).get("Contents")


def objects_in(folder: bytes) -> Sequence[Object]:
    """What lies in a folder of a bucket, by its path (see retrieval/domain/place.py).

    Keys with an empty part, "." or ".." in them, which no path can name, are given as what is no file. Raises: OSError.
    """
    path = Path(os.fsdecode(folder))
    bucket, beginning = address(path)
    prefix = beginning and beginning + "/"
    found = []
    with asking(path) as own:
        for page in own.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
            inner = [(each["Prefix"].removeprefix(prefix)[:-1], FOLDER) for each in page.get("CommonPrefixes", ())]
            keys = [(each["Key"].removeprefix(prefix), status_of(each)) for each in page.get("Contents", ())]
            for name, status in (*inner, *((name, each) for name, each in keys if name)):  # an empty one marks a folder
                raw = os.fsencode(name)
                found.append(Object(raw, os.path.join(folder, raw), UNNAMED if name in ("", ".", "..") else status))
    return found
