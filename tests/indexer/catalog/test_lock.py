"""indexer.catalog.lock: one writer for each library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indexer.catalog.lock import writer
from retrieval.errors import LibraryLocked

HOLD = """
import sys, pathlib
from indexer.catalog.lock import writer
with writer(pathlib.Path(sys.argv[1]), "crossmedia index"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_told_who_holds_the_library(tmp_path: Path) -> None:
    """Command, process and time of the holder are named; after it was killed the lock is free."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    with holder:
        holder.stdout.readline()
        with pytest.raises(LibraryLocked) as refused, writer(tmp_path, "other"):
            pass
        holder.kill()
    assert f"crossmedia index (process {holder.pid}" in refused.value.what
    assert "since" in refused.value.what
    with writer(tmp_path, "other"):
        pass
