"""Indexes a folder in a process that kills itself at a chosen moment: python tests/indexing.py HOME FOLDER N [regions].

The process counts every statement sent to the catalog and every file that is opened, renamed, made or deleted, and ends
itself by SIGKILL at number N (0: never). It prints the count at its end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EVENTS = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}


def index_and_die(home: Path, folder: Path, kill_at: int, *, regions: bool = False) -> int | None:
    """The number of countable moments of the whole run; None if it was killed."""
    done = subprocess.run(
        [sys.executable, __file__, str(home), str(folder), str(kill_at), *["regions"] * regions],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def _main(home: str, folder: str, kill_at: str, regions: str = "") -> None:
    from sqlalchemy import Engine, event

    from indexer.pipeline.options import Options
    from indexer.pipeline.run import index_folders
    from tests.fakes import FakeProfile

    moments = 0

    def moment(*_: object) -> None:
        nonlocal moments
        moments += 1
        if moments == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(name: str, _: object) -> None:
        if name in EVENTS:
            moment()

    event.listen(Engine, "after_cursor_execute", moment)
    sys.addaudithook(audit)
    options = Options(profile=FakeProfile(said="hello"), workers=1, regions=bool(regions) or None)
    index_folders([folder], library=home, options=options)
    sys.stdout.write(f"{moments}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
