"""What a service keeps of its own: the file is private, and to use it takes no lock from anybody."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from retrieval.errors import LibraryError
from retrieval.service import store
from retrieval.service.store import FILE, FileStore

WRITE = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"


def test_another_process_does_not_write_while_a_thread_of_this_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes a file releases all locks that its process has of it: none may be opened beside SQLite."""
    kept = FileStore(tmp_path)
    kept.put("job", "a", {})
    monkeypatch.setattr(store, "WAIT_S", 0.0)
    with closing(sqlite3.connect(tmp_path / FILE)) as held:
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LibraryError, match="locked"):
            kept.get("job", "a")
        command = [sys.executable, "-c", WRITE, str(tmp_path / FILE)]
        other = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "database is locked" in other.stderr


@pytest.mark.parametrize("is_there", [False, True])
def test_the_file_is_its_users_own(tmp_path: Path, is_there: bool) -> None:
    """Also one that an earlier version made for all to read."""
    if is_there:
        (tmp_path / FILE).touch(0o644)
        (tmp_path / FILE).chmod(0o644)
    FileStore(tmp_path).put("webhook", "a", {"secret": "x"})
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_look_makes_no_file(tmp_path: Path) -> None:
    """A service looks for webhooks all the time, also in a library that it may not write."""
    kept = FileStore(tmp_path)
    assert (kept.get("search", "a"), kept.all("webhook"), kept.delete("job", "a")) == (None, [], False)
    assert list(tmp_path.iterdir()) == []
