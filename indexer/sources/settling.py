"""Files that changed, until they are complete: until their size and time have stayed the same for a while."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

State: TypeAlias = "tuple[int, int] | None"  # bytes and time of the last change; None: not there
UNSEEN: State = (-1, -1)


def state_of(path: str) -> State:
    """What tells that a file is still written."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


@dataclass(slots=True)
class _Pending:
    state: State
    since: float  # when it was first seen so
    settle_s: float


@dataclass(slots=True)
class Settling:
    """Changed paths. most_s: as long does a complete file wait for others that are still written; times are seconds of any
    clock that goes on evenly. Paths may be noted while another thread asks `is_due`, whose looks take their time."""

    most_s: float = 60.0
    look: Callable[[str], State] = state_of
    _paths: dict[str, _Pending] = field(default_factory=dict)
    _ready_since: float | None = None

    def note(self, paths: Iterable[str], now: float, settle_s: float) -> None:
        """Paths that have changed. settle_s: as long must they stay the same, from the next look on. Looks at none itself: a
        network disk may not answer, and who tells of changes has others to serve."""
        for each in paths:
            self._paths[each] = _Pending(UNSEEN, now, settle_s)

    def is_due(self, now: float) -> bool:
        """Whether a run is to begin: something is complete, and nothing is still written or that takes too long."""
        for path, pending in list(self._paths.items()):
            if (state := self.look(path)) != pending.state:
                pending.state, pending.since = state, now
        complete = self._complete(now)
        if not complete:
            self._ready_since = None
            return False
        if self._ready_since is None:
            self._ready_since = now
        return len(complete) == len(self._paths) or now - self._ready_since >= self.most_s

    def take(self, now: float) -> frozenset[bytes]:
        """Forgets what is complete, for a run that begins; the paths that it must leave alone, as they are still written."""
        for path in self._complete(now):
            del self._paths[path]
        self._ready_since = None
        return frozenset(os.fsencode(each) for each in self._paths)

    def _complete(self, now: float) -> list[str]:
        return [path for path, each in list(self._paths.items()) if now - each.since >= each.settle_s]
