"""What a run over a library notes of itself while it lasts: see indexer/pipeline/run_note.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

from retrieval.catalog import layout
from retrieval.domain.records import RunState


def run_state(home: Path) -> RunState | None:
    """The run over this library that is under way, or that was killed; None where the last one has ended."""
    try:
        held = json.loads(layout.run_note(home).read_text("ascii"))
        return RunState(
            command=held["command"],
            pid=held["pid"],
            since=held["since"],
            is_alive=_is_there(held["pid"]) and started_at(held["pid"]) == held["started"],
            step=held.get("step", ""),
            done=held.get("done", 0),
            total=held.get("total", 0),
            rate=held.get("rate", 0.0),
            eta_s=held.get("eta_s"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def started_at(pid: int) -> str:
    """What tells a process from a later one of the same number: its start in clock ticks; empty where none is told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        return True
    return True
