"""Jobs that change the library: each a child process of low priority, one after the other, watched and cancelled.

The service itself never writes. A program reads one task as a line of JSON and prints events, one JSON object a line:

    task     {"do": "index" | "rebuild" | "add" | "forget" | "remove source", "library": DIR, ...}
    events   those of `index --json-events`; last {"event": "result", ...} or {"event": "failed", "what", "hint", "locked"}

SIGTERM asks it to end soon; what is done by then stays. Where several services share a store, each tells the others of
its jobs every few seconds, and they may ask it to cancel one.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from retrieval.errors import RetrievalError
from retrieval.service.store import Store

MOST_KEPT = 200  # jobs that have ended and are remembered, those of earlier services among them
MOST_WAITING = 100
AGAIN_S = 2.0  # until a library is tried again that another process writes
PATIENCE_S = 3.0  # for a child that was asked to end because the service ends
NOTE_S = 10.0  # in which others are told that nothing comes of what waits, because the service ends
LINE_BYTES = 1 << 20
HEARTBEAT_S = 15.0
TELL_S = 2.0  # between two notes of a job for other services
LOST_S = 60.0  # after the last one, its service has ended without a word
ENDED = ("done", "failed", "cancelled")


def _now() -> str:
    return datetime.now().isoformat(timespec="seconds")


@dataclass(slots=True, eq=False)
class Job:
    """A piece of work. state: queued, waiting (another process writes), running, done, failed or cancelled."""

    id: str
    task: dict[str, Any]
    state: str = "queued"
    created_at: str = field(default_factory=_now)
    ended_at: str | None = None
    progress: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    problem: dict[str, str] | None = None
    skipped: int = 0

    def report(self) -> dict[str, Any]:
        """Its JSON; where files lie in the folder of the service is left out."""
        task = {
            name: value for name, value in self.task.items() if name not in ("library", "file", "nice", "unfinished")
        }
        names = ("id", "state", "created_at", "ended_at", "progress", "result", "problem", "skipped")
        return {"version": 1, "task": task, **{name: getattr(self, name) for name in names}}


class Jobs:
    """The jobs of one library. Used from one event loop.

    program: what does a task, see above. on_done: called when a job has changed the library.
    """

    def __init__(
        self, program: Sequence[str], library: Path, store: Store, on_done: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._program = list(program)
        self._library = library
        self._store = store
        self._on_done = on_done
        self._jobs: dict[str, Job] = {}
        self._watchers: set[asyncio.Event] = set()
        self._runner: asyncio.Task[None] | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._running: Job | None = None
        self._teller: asyncio.Task[None] | None = None
        self._noting = threading.Lock()
        self._coming = 0  # jobs that are being kept, before anything is done of them
        self.closing = asyncio.Event()

    # ------------------------------------------------------------ what clients do

    async def add(self, task: dict[str, Any]) -> Job | None:
        """Takes a task; None where too many wait already, or the service ends. Raises: LibraryError: the store is away."""
        waiting = self._coming + sum(each.state not in ENDED for each in self._jobs.values())
        if waiting >= MOST_WAITING or self.closing.is_set():
            return None
        job = Job(uuid4().hex[:16], task | {"library": str(self._library)})
        self._coming += 1
        try:
            await self._forget_oldest()
            if self._store.is_shared:
                await asyncio.to_thread(self._note, job)
        finally:
            self._coming -= 1
        if self.closing.is_set():  # meanwhile
            await self._end(job, "cancelled")
            return None
        self._jobs[job.id] = job  # not before: nothing is done of what was refused because the store is away
        if self._store.is_shared and (self._teller is None or self._teller.done()):
            self._teller = asyncio.get_running_loop().create_task(self._tell_others())
        if self._runner is None or self._runner.done():
            self._runner = asyncio.get_running_loop().create_task(self._work())
        return job

    async def get(self, name: str) -> Job | None:
        """The job of an id, also one of an earlier service, or of another one. Raises: as add."""
        return self._jobs.get(name) or await asyncio.to_thread(self._kept, name)

    async def all(self) -> list[Job]:
        """All jobs, the oldest first. Raises: as add."""
        kept = await asyncio.to_thread(self._all_kept)
        return [*(each for each in kept if each.id not in self._jobs), *self._jobs.values()]

    async def _forget_oldest(self) -> None:
        ended = [each.id for each in await self.all() if each.ended_at is not None]
        for old in ended[: max(0, len(ended) - MOST_KEPT)]:
            self._jobs.pop(old, None)
            await asyncio.to_thread(self._store.delete, "job", old)

    def _kept(self, name: str) -> Job | None:
        kept = self._store.get("job", name)
        return None if kept is None else _job_of(kept, self._store)

    def _all_kept(self) -> list[Job]:
        return [_job_of(each, self._store) for each in self._store.all("job")]

    async def cancel(self, job: Job) -> None:
        """Ends a job soon, or keeps it from beginning; one of another service is asked to."""
        if job.id not in self._jobs:
            if job.state not in ENDED:
                await asyncio.to_thread(self._store.put, "cancel", job.id, {})
        elif job is self._running and self._child is not None:
            job.state = "cancelled"
            with suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGTERM)
        elif job.state not in ENDED:
            await self._end(job, "cancelled")

    async def follow(self, job: Job) -> AsyncIterator[dict[str, Any] | None]:
        """The job's reports, now and after each change, until it or the service ends; None now and then between them."""
        changed = asyncio.Event()
        self._watchers.add(changed)
        last: dict[str, Any] | None = None
        try:
            while not self.closing.is_set():
                changed.clear()
                report = job.report()
                yield report if report != last else None
                last = report
                if report["ended_at"]:
                    return
                is_own = job.id in self._jobs
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), HEARTBEAT_S if is_own else TELL_S)
                if not is_own:
                    with suppress(
                        RetrievalError
                    ):  # a server that is away: whoever waits hears of the job when it is back
                        job = await self.get(job.id) or job
        finally:
            self._watchers.discard(changed)

    def _changed(self) -> None:
        for each in self._watchers:
            each.set()

    async def close(self) -> None:
        """Ends what runs; what waits is forgotten, or cancelled where others know of it."""
        self.closing.set()
        self._changed()
        if self._store.is_shared:
            with suppress(TimeoutError):  # others take them for lost, where the server is away
                async with asyncio.timeout(NOTE_S):
                    for job in [each for each in self._jobs.values() if each.state == "queued"]:
                        await self._end(job, "cancelled")
        if self._running is not None:
            await self.cancel(self._running)
        if self._runner is not None:
            done, _ = await asyncio.wait((self._runner,), timeout=PATIENCE_S)
            if not done:
                self._runner.cancel()

    # ------------------------------------------------------------ the work

    async def _work(self) -> None:
        while not self.closing.is_set():
            job = next((each for each in self._jobs.values() if each.state == "queued"), None)
            if job is None:
                return
            self._running = job
            try:
                await self._do(job)
            except OSError as error:
                job.problem = {"what": f"the work cannot be started: {error.strerror}", "hint": "look at the server"}
                await self._end(job, "failed")
            finally:
                self._running = self._child = None
            if job.state == "done" and self._on_done is not None:
                await self._on_done()

    async def _do(self, job: Job) -> None:
        """Until it is done, failed or cancelled; again and again while another process writes the library."""
        while True:
            self._tell(job, "running")
            locked = await self._attempt(job)
            if job.state == "cancelled" or not locked:
                break
            self._tell(job, "waiting")
            with suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), AGAIN_S)
            if self.closing.is_set() or job.state == "cancelled":
                job.state = "cancelled"
                break
        if job.state == "running":
            job.state = "done" if job.result is not None else "failed"
        await self._end(job, job.state)

    async def _attempt(self, job: Job) -> bool:
        """Runs the program once; whether it found the library in use."""
        job.problem = job.result = None
        paths = os.pathsep.join(filter(None, sys.path))
        self._child = child = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            limit=LINE_BYTES,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        locked = False
        try:
            if job.state == "cancelled" or self.closing.is_set():  # while it was started
                job.state = "cancelled"
                child.terminate()
            with suppress(ConnectionError):
                child.stdin.write(json.dumps(job.task).encode() + b"\n")
                await child.stdin.drain()
            child.stdin.close()
            async for line in child.stdout:
                locked = self._take(job, json.loads(line)) or locked
                self._changed()
            code = await child.wait()
            if job.result is None and job.problem is None and job.state != "cancelled":
                job.problem = {"what": f"the work ended with code {code}", "hint": "try again"}
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        return locked

    def _take(self, job: Job, event: dict[str, Any]) -> bool:
        """Notes an event; whether it says that the library is in use."""
        kind = event.pop("event", "")
        if kind == "progress":
            job.progress = event
        elif kind == "skipped":
            job.skipped += 1
        elif kind == "result":
            job.result = event
        elif kind == "failed":
            job.problem = {"what": str(event["what"]), "hint": str(event["hint"])}
            return bool(event.get("locked"))
        return False

    def _tell(self, job: Job, state: str) -> None:
        if job.state != "cancelled":
            job.state = state
        self._changed()

    async def _end(self, job: Job, state: str) -> None:
        job.state, job.ended_at = state, _now()
        with suppress(RetrievalError):  # a server that is away: the job is known here
            await asyncio.to_thread(self._note_end, job)
        self._changed()

    def _note_end(self, job: Job) -> None:
        if job.task["do"] == "add" and job.task.get("keep"):
            Path(job.task["file"]).unlink(missing_ok=True)
        self._note(job, has_ended=True)

    def _note(self, job: Job, *, has_ended: bool = False) -> None:
        """Keeps what is known of a job; from any thread. has_ended: nothing else is kept of it later."""
        with self._noting:
            if has_ended or job.ended_at is None:
                self._store.put("job", job.id, job.report() | {"told_at": self._store.now()})

    async def _tell_others(self) -> None:
        while under_way := [each for each in self._jobs.values() if each.state not in ENDED]:
            for job in under_way:
                with suppress(RetrievalError):
                    if await asyncio.to_thread(self._store.delete, "cancel", job.id):
                        await self.cancel(job)
                    await asyncio.to_thread(self._note, job)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.closing.wait(), TELL_S)
                return


def _job_of(report: dict[str, Any], store: Store) -> Job:
    """The job that a service told of, by the clock of the store: those of services may differ."""
    kept = {name: value for name, value in report.items() if name not in ("version", "told_at")}
    job = Job(**kept)
    if job.state not in ENDED and store.now() - report.get("told_at", 0.0) > LOST_S:
        job.state, job.ended_at = "failed", _now()
        job.problem = {"what": "the service that did the work has ended", "hint": "try again"}
    return job
