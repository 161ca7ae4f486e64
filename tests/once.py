"""What takes long to make and is only read: made once in a run, though its tests are spread over several processes."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def is_alone() -> bool:
    """Whether this is the only process of its run."""
    return "PYTEST_XDIST_WORKER" not in os.environ


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder of that name, made by the first process that needs it; the others wait. make: fills a folder that is
    not there yet. What a process changes in it is seen by all, so whoever writes takes a copy."""
    base = factory.getbasetemp()
    shared = base if is_alone() else base.parent
    made, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(made, ignore_errors=True)  # what a process left that did not end it
            make(made)
            done.touch()
    return made
