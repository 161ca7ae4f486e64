"""Values that come back from the catalog in a form of their own."""

from __future__ import annotations

import os
from pathlib import Path


def path_of(root: bytes, relative: bytes) -> Path:
    """The path of a file below the root of its source, both as the bytes of the file system."""
    return Path(os.fsdecode(root)) / os.fsdecode(relative)
