"""Follows the folders of a library: when files have changed and are complete, a run brings it up to date.

The system tells of changes; folders on network disks, where it cannot, are looked through now and then. Runs are jobs of
a service (retrieval.service.jobs): a child process of the lowest priority each, which waits for its turn to write.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchfiles import Change, watch

from indexer.catalog import sources as catalog_sources
from indexer.sources.base import Source
from indexer.sources.local import Walk
from indexer.sources.settling import Settling
from retrieval.catalog.disk import disk_of
from retrieval.catalog.engine import NETWORK
from retrieval.errors import LibraryUnavailable
from retrieval.service.jobs import ENDED, Job, Jobs
from retrieval.service.pause import is_paused
from retrieval.service.store import Store

NICE = 19
POLLED = NETWORK | {"davfs", "virtiofs", "vboxsf", "vmhgfs", "drvfs"}  # which tell of no changes that others make


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: settle_s, in which a file stays the same until it counts as complete; poll_s, between two looks through
    what lies on a network; tick_s, between two looks at what is to be done."""

    settle_s: float = 3.0
    poll_s: float = 30.0
    tick_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Root:
    """A followed folder that is there. device: tells a disk that was plugged in from the empty folder before."""

    source: Source
    device: int
    leave_out: frozenset[bytes]

    @property
    def is_polled(self) -> bool:
        """Whether nobody tells of its changes."""
        kind = disk_of(self.source.root).kind
        return kind in POLLED or kind.startswith("fuse.")

    def concerns(self, path: str) -> bool:
        """Whether a run could make anything of a change there."""
        walk = Walk(os.fsencode(self.source.root), self.source.include, self.source.exclude, False, self.leave_out)
        relative = os.path.relpath(os.fsencode(path), walk.root)
        return relative == b"." or (not relative.startswith(b"..") and walk.concerns(relative))


def roots_of(home: Path) -> tuple[Root, ...]:
    """The followed folders that are there now, but for the library's own."""
    own = home.resolve()
    left = frozenset({os.fsencode(own), *(os.fsencode(each.path) for each in catalog_sources.all_forgotten(home))})
    found = []
    for source in catalog_sources.listed(home):
        try:
            device = source.root.stat().st_dev
        except OSError:
            continue
        if source.root.is_dir() and not source.root.is_relative_to(own):
            found.append(Root(source, device, left))
    return tuple(found)


class Listener:
    """Hears of changes below some folders, in a thread of its own: to begin takes as long as to walk through them, and a
    network disk may not answer at all.

    poll_s: seconds between two looks; None: the system tells.
    """

    def __init__(self, group: Sequence[Root], poll_s: float | None) -> None:
        self._group, self._poll_s = group, poll_s
        self._stopped = threading.Event()

    def start(
        self, begun: Callable[[], None], changed: Callable[[set[str]], None], failed: Callable[[Exception], None]
    ) -> None:
        """Begins. All three are called in the event loop of the caller, until `stop`."""
        loop = asyncio.get_running_loop()

        def tell(call: Callable[..., None], *values: Any) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(lambda: None if self._stopped.is_set() else call(*values))

        def listen() -> None:
            has_begun = False
            try:
                for paths in self._heard():
                    if not has_begun:
                        tell(begun)
                    has_begun = True
                    if paths:
                        tell(changed, paths)
            except (OSError, RuntimeError) as error:  # the latter where what watches breaks down later
                tell(failed, error)

        threading.Thread(target=listen, daemon=True, name="crossmedia-watch").start()

    def stop(self) -> None:
        """Hears no more; the thread ends by itself."""
        self._stopped.set()

    def _heard(self) -> Iterator[set[str]]:
        def concerns(change: Change, path: str) -> bool:
            return any(each.concerns(path) for each in self._group)

        heard = watch(
            *(each.source.root for each in self._group),
            watch_filter=concerns,
            debounce=400,
            step=100,
            stop_event=self._stopped,
            rust_timeout=500,
            yield_on_timeout=True,
            force_polling=self._poll_s is not None,
            poll_delay_ms=int((self._poll_s or 0) * 1000),
            ignore_permission_denied=True,
        )
        for changes in heard:
            yield {path for _, path in changes}


class Watch:
    """Follows one library with its jobs, until `run` is cancelled. tell: takes a line about each run, and what else a person
    should know."""

    def __init__(
        self, home: Path, jobs: Jobs, store: Store, tell: Callable[[str], None], pace: Pace | None = None
    ) -> None:
        self._home, self._jobs, self._store, self._tell = home, jobs, store, tell
        self._pace = pace or Pace()
        self._settling = Settling()
        self._roots: tuple[Root, ...] = ()
        self._listeners: list[Listener] = []
        self._job: Job | None = None
        self._began = 0.0
        self._is_wanted = False
        self._is_away = False

    async def run(self) -> None:
        """Until it is cancelled; a server of the library that is away is waited for.

        Raises: LibraryError where the library cannot be read any more."""
        try:
            while True:
                try:
                    await self._follow()
                    await self._work()
                    self._note_away(None)
                except LibraryUnavailable as error:
                    self._note_away(error)
                await asyncio.sleep(self._pace.tick_s)
        finally:
            self._stop_listening()

    def _note_away(self, error: LibraryUnavailable | None) -> None:
        """Tells once that a server is away, and once that it is back: then all is looked through."""
        if error is not None and not self._is_away:
            self._tell(f"{error.what}; it is tried again and again.")
        elif error is None and self._is_away:
            self._tell("The library can be reached again.")
            self._is_wanted = True
        self._is_away = error is not None

    # ------------------------------------------------------------ what changes

    async def _follow(self) -> None:
        """Listens to the folders that are there now."""
        roots = await asyncio.to_thread(roots_of, self._home)
        if roots == self._roots:
            return
        if self._roots:
            self._is_wanted = True
        self._stop_listening()
        self._roots = roots
        polled = await asyncio.to_thread(lambda: [each for each in roots if each.is_polled])
        for group, is_polled in (([each for each in roots if each not in polled], False), (polled, True)):
            if group:
                self._listen(group, is_polled=is_polled)

    def _listen(self, group: Sequence[Root], *, is_polled: bool) -> None:
        settle_s = max(self._pace.settle_s, self._pace.poll_s) if is_polled else self._pace.settle_s

        def begun() -> None:
            self._is_wanted = True  # for what changed before

        def changed(paths: set[str]) -> None:
            self._settling.note(paths, time.monotonic(), settle_s)

        def failed(error: Exception) -> None:
            if isinstance(error, FileNotFoundError):
                self._roots = ()  # one is gone in this moment
            elif is_polled:
                self._tell(f"Some folders cannot be followed: {error}.")
            else:
                self._tell(f"The system does not tell of changes: {error}; the folders are looked through.")
                self._listen(group, is_polled=True)

        listener = Listener(group, self._pace.poll_s if is_polled else None)
        listener.start(begun, changed, failed)
        self._listeners.append(listener)

    def _stop_listening(self) -> None:
        for each in self._listeners:
            each.stop()
        self._listeners = []

    # ------------------------------------------------------------ runs

    async def _work(self) -> None:
        """Begins a run that is due, tells of one that has ended, and ends one that is paused."""
        paused = await asyncio.to_thread(is_paused, self._store)
        if self._job is not None:
            if self._job.state in ENDED:
                self._tell_end(self._job)
                self._job = None
            elif paused:
                self._is_wanted = True
                await self._jobs.cancel(self._job)
            return
        now = time.monotonic()
        is_due = await asyncio.to_thread(self._settling.is_due, now)
        if paused or not (is_due or self._is_wanted):
            return
        unfinished = [os.fsdecode(each) for each in self._settling.take(now)]
        self._is_wanted = False  # whoever wants one from here on wants the next
        try:
            self._job = await self._jobs.add({"do": "index", "nice": NICE, "unfinished": unfinished})
        finally:
            self._is_wanted = self._is_wanted or self._job is None
        self._began = now

    def _tell_end(self, job: Job) -> None:
        self._tell(f"{time.strftime('%H:%M:%S')}  {line_of(job, time.monotonic() - self._began)}")


def line_of(job: Job, seconds: float) -> str:
    """What became of a run."""
    if job.state == "cancelled":
        return "stopped; goes on with the next run"
    if job.result is None:
        problem: dict[str, Any] = job.problem or {}
        return f"failed: {problem.get('what')} ({problem.get('hint')})"
    new, gone, left = (job.result.get(name, 0) for name in ("new", "gone", "skipped"))
    parts = [f"{new:,} new" if new else "", f"{gone:,} gone" if gone else "", f"{left:,} left out" if left else ""]
    return f"{', '.join(filter(None, parts)) or 'nothing new'} ({seconds:.1f} s)"
