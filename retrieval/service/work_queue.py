"""Questions wait for a thread here, and no longer than they should: a pool of threads alone has an endless queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request

Result = TypeVar("Result")


class WorkQueue:
    """at_once: pieces of work under way; queued: waiting beside them, more are refused; wait_s: how long one waits;
    work_s: how long a client waits for one that has begun. Used from one event loop.
    """

    def __init__(self, at_once: int, queued: int, wait_s: float, work_s: float) -> None:
        self._threads = ThreadPoolExecutor(at_once, "crossmedia-service")
        self._room = asyncio.Semaphore(at_once)
        self._most = at_once + queued
        self._wait_s, self._work_s = wait_s, work_s
        self._is_stopping = False
        self._waiting: set[asyncio.Future[None]] = set()  # of each request, done when it shall wait no longer
        self._under_way: set[asyncio.Future[None]] = set()
        self.inside = 0  # waiting or under way
        self.is_leaving = False  # the service is stopped soon; it still answers

    async def run(self, request: Request | None, work: Callable[[], Result]) -> Result:
        """What `work` gives, in a thread; it is dropped where the client leaves before its turn.

        Raises:
            HTTPException: 503 with Retry-After where the queue is full or does not move, the work takes too long, or the
            service stops.
        """
        if self._is_stopping:
            raise stops()
        if self.inside >= self._most:
            raise HTTPException(503, "the service is busy", {"Retry-After": "1"})
        self.inside += 1
        try:
            await self._turn(request)
        except BaseException:
            self.inside -= 1
            raise
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._ended)  # the thread works on, whatever becomes of whoever asked
        with _among(self._under_way) as over:
            await asyncio.wait((running, over), timeout=self._work_s, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        raise stops() if over.done() else HTTPException(503, "the answer takes too long", {"Retry-After": "30"})

    def _ended(self, running: asyncio.Future[Result]) -> None:
        self.inside -= 1
        self._room.release()
        if not running.cancelled():
            running.exception()  # seen, also where nobody waits any more

    async def _turn(self, request: Request | None) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        room, gone = asyncio.ensure_future(self._room.acquire()), asyncio.ensure_future(_left(request))
        try:
            with _among(self._waiting) as stop:
                every = (room, gone, stop)
                done, _ = await asyncio.wait(every, timeout=self._wait_s, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            _give_back(room, self._room)
            raise
        finally:
            gone.cancel()
        if room in done:
            return
        _give_back(room, self._room)
        if stop in done:
            raise stops()
        if gone in done:
            raise HTTPException(499, "the client has left")
        raise HTTPException(503, "the service is busy", {"Retry-After": "5"})

    def leave(self) -> None:
        """Notes that the service is stopped soon: whoever asks whether it is ready is told so, all others are answered."""
        self.is_leaving = True

    def is_busy(self) -> bool:
        """Whether anything waits or is under way."""
        return self.inside > 0

    def stop(self, grace_s: float) -> None:
        """Answers what waits and what comes by 503, and what is under way as well after so many seconds."""
        self._is_stopping = True
        _end(self._waiting)
        asyncio.get_running_loop().call_later(grace_s, _end, self._under_way)

    def close(self) -> None:
        """Takes no more work; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _among(waiters: set[asyncio.Future[None]]) -> Iterator[asyncio.Future[None]]:
    """A future of this event loop that is one of them until the block ends."""
    own: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiters.add(own)
    try:
        yield own
    finally:
        waiters.discard(own)


def _end(waiters: set[asyncio.Future[None]]) -> None:
    for each in waiters:
        if not each.done():
            each.set_result(None)


def stops() -> HTTPException:
    """The answer of a service that ends."""
    return HTTPException(503, "the service is stopping", {"Retry-After": "10"})


def _give_back(room: asyncio.Future[Any], semaphore: asyncio.Semaphore) -> None:
    """Ends a wait for a place; one that was given in the same moment goes to the next."""
    if not room.cancel() and not room.cancelled() and room.exception() is None:
        semaphore.release()


async def _left(request: Request | None) -> None:
    """Ends when the client has closed its connection."""
    if request is None:  # there is none whose end could be seen
        await asyncio.Event().wait()
        return
    while (await request.receive())["type"] != "http.disconnect":
        pass
