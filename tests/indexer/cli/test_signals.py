"""Ctrl-C and SIGTERM end the program cleanly whenever they come: benchmarks/stops.py does it a hundred times."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stopping import ROOT, completed, fill, heed_signals, stop

PRINTS_THEN_WAITS = """
import time
from indexer.cli import signals
try:
    signals.install()
    print("begun", flush=True)
    for _ in range(600): time.sleep(0.1)
except signals.Stopped:
    signals.end(signals.exit_code())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopping") / "media"
    fill(folder, 12)
    return folder


@pytest.fixture(scope="module")
def clean(folder: Path) -> dict[str, Any]:
    """What a run that nobody stops makes of it."""
    return completed(folder.with_name("clean"), folder)


@pytest.mark.parametrize(("number", "after_s"), [(signal.SIGINT, 0.6), (signal.SIGTERM, 4.0)])
def test_a_run_stops_cleanly_and_the_next_one_ends_where_a_clean_one_does(
    folder: Path, clean: dict[str, Any], tmp_path: Path, number: int, after_s: float
) -> None:
    """While the program still loads, and while it reads: exit code 128 and the signal's number, nothing broken."""
    stopped = stop(tmp_path / "library", folder, after_s, number)
    assert stopped.is_clean, (stopped.problems, stopped.printed)
    assert completed(tmp_path / "library", folder) == clean


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(folder: Path, tmp_path: Path, number: int) -> None:
    """By the same exit code, and never by a core dump."""
    stopped = stop(tmp_path / "library", folder, 3.0, number, twice=True)
    assert stopped.is_clean, (stopped.problems, stopped.printed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_any_other_command_ends_with_the_signal_s_code(number: int) -> None:
    """What was printed is there, and no traceback."""
    process = subprocess.Popen(
        [sys.executable, "-c", PRINTS_THEN_WAITS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_signals,  # noqa: PLW1509
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(number)
    assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 128 + number


def test_signals_that_are_ignored_stay_so() -> None:
    """As `nohup` and a shell's background jobs want it."""
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from indexer.cli import signals; signals.install(); print(signal.getsignal(signal.SIGINT).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == "SIG_IGN\n"
