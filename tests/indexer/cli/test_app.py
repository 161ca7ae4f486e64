"""indexer.cli.app: how the program ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

FOUND = """
from indexer.cli import app
from retrieval.cli import quick
quick.search = lambda arguments: print("found") or 0
app.main()
"""


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-", "0>&- 1>&- 2>&-"])
def test_a_closed_stream_changes_no_exit_code(closed: str) -> None:
    """Where there is no stream to flush, what was found stays found."""
    done = subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, FOUND], check=False)
    assert done.returncode == 0
