"""The disk that a folder lies on: its device and kind, how much room it has, and whether it can be written."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system; all texts empty where the system does not tell."""

    device: str
    point: str
    kind: str

    @property
    def name(self) -> str:
        """What to call it: its device, and where it is mounted."""
        return f"{self.device} ({self.point})" if self.device else "its disk"


def disk_of(folder: Path) -> Disk:
    """The disk that holds a folder, which need not be there yet."""
    try:
        mounts = Path("/proc/self/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return Disk("", "", "")
    place, found = os.path.realpath(folder), Disk("", "", "")
    for line in mounts:
        device, point, kind = line.split(" ")[:3]
        point = point.replace("\\040", " ")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found.point):
            found = Disk(device, point, kind)
    return found


def free_bytes(folder: Path) -> int:
    """Room left for this user on the disk of a folder that is there."""
    return shutil.disk_usage(folder).free


def can_be_written(folder: Path) -> bool:
    """Whether files could be made in a folder, or where it is not there yet, the folder itself."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)
