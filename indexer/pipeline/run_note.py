"""How far a run is, written beside the catalog now and then, for `crossmedia status` in another process to read.

A run that ends takes the note away; one that was killed leaves it, and its process is not there any more.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from indexer.catalog.vectors import now
from indexer.events import Progress
from retrieval.catalog import layout
from retrieval.catalog.run_note import started_at

EVERY_S = 1.0


class RunNote:
    """The note of this process's run over the library at `home`. What cannot be written is left out."""

    def __init__(self, home: Path, command: str) -> None:
        self._file = layout.run_note(home)
        self._held = {"command": command, "pid": os.getpid(), "started": started_at(os.getpid()), "since": now()}
        self._written = -EVERY_S
        self.write(None)

    def write(self, event: Progress | None) -> None:
        """Notes how far the run is, at most every EVERY_S seconds."""
        if time.monotonic() - self._written < EVERY_S:
            return
        self._written = time.monotonic()
        far = {"step": event.step, "done": event.done, "total": event.total, "rate": event.rate} if event else {}
        far |= {"eta_s": event.run_eta_s if event.run_eta_s is not None else event.eta_s} if event else {}
        part = self._file.with_name(f"{self._file.name}.part")
        with suppress(OSError):
            part.write_text(json.dumps(self._held | far), "ascii")
            os.replace(part, self._file)

    def remove(self) -> None:
        """The run has ended."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
