"""Files are opened in child processes, those that clients send, and the library's own for pictures and waveforms: a broken
one may crash, hang or devour its decoder.

Of one question every file has SECONDS in all, whatever is read of it. A child lives on for the next question of its thread;
one that goes beyond a limit is killed, and the question is refused.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from retrieval.domain.media import InputSpec, Medium, PictureSpec
from retrieval.domain.query import SentFile
from retrieval.errors import MediaError, MediaUnreadable
from retrieval.media.worker import Task, Workers
from retrieval.settings import Limits

SECONDS = 60.0  # for all that is read of one file
LIMITS = Limits(pixels=100_000_000, pages=500, archive_bytes=128 << 20, progress_s=20.0, memory_bytes=2 << 30)


class Decoders:
    """One child for each thread that asks, started when it is first needed."""

    def __init__(self, limits: Limits = LIMITS, seconds: float = SECONDS) -> None:
        self._limits = limits
        self._seconds = seconds
        self._workers = Workers(limits)

    def file(self, path: Path) -> SentFile:
        """A file that a child opens, and nothing else. Its time begins now."""
        end = time.monotonic() + self._seconds

        def read(step: str, medium: Medium | None = None, spec: InputSpec = None) -> Generator[Any]:
            left = end - time.monotonic()
            if left <= 0:
                raise MediaUnreadable(f"{path.name} takes longer than {self._seconds:.0f} s", reason="too slow")
            task = Task(
                path, step, f"retrieval.media.extract:{step}", medium, spec, replace(self._limits, total_s=left)
            )
            try:
                if step == "identify":
                    (identity,) = self._workers.mine().run(task.identifying)
                    yield identity.medium
                else:
                    yield from self._workers.mine().run(task)
            except MediaError as error:  # where it lies for the moment is nobody's business
                raise MediaError(error.what.replace(f"{path.parent}/", ""), error.hint, error.reason) from None

        return SentFile(path, read)

    def read(self, path: Path, reader: str, medium: Medium, spec: InputSpec | PictureSpec = None) -> list[Any]:
        """All that a reader ("module:function", see retrieval.media.worker) gives of a file of the library.

        Raises: MediaError.
        """
        task = Task(path, "show", reader, medium, spec, replace(self._limits, total_s=self._seconds))
        return list(self._workers.mine().run(task))

    def close(self) -> None:
        """Ends all children, at once."""
        self._workers.close()
