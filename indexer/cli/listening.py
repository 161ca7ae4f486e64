"""The HTTP server of `crossmedia serve`: uvicorn, which would wait for ever for a request, and for streams at its end."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from retrieval.errors import RetrievalError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOK_S = 0.1  # between two looks whether a second signal came
LINGER_S = 60.0  # in which questions under way may end, where a service drains
LEAVE_S = 3  # seconds in which requests under way may end when the service is stopped


class Protocol(H11Protocol):
    """Closes a connection whose request does not come: its head has `head_s` seconds. A body has those of the guard."""

    head_s = 20.0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """As asyncio has it."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """As asyncio has it."""
        super().data_received(data)
        if self._is_idle():
            self._wait()
        else:
            self._end_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio has it."""
        self._end_wait()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self.head_s, self._cut_off)

    def _end_wait(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _cut_off(self) -> None:
        if self._is_idle():
            self.transport.close()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a service ends. close: ends jobs and streams of events, which would keep it waiting. leave: tells those who ask
    whether it is ready that it is not; then it answers as before for drain_s seconds, in which they may go elsewhere, and
    LINGER_S more at most while there is work (is_busy).
    """

    close: Callable[[], Awaitable[None]]
    leave: Callable[[], None] = lambda: None
    is_busy: Callable[[], bool] = lambda: False
    drain_s: float = 0.0

    def waits(self, since_s: float) -> bool:
        """Whether the service still answers, so many seconds after it was asked to end."""
        return since_s < self.drain_s or (self.drain_s > 0 and since_s < self.drain_s + LINGER_S and self.is_busy())


class Server(uvicorn.Server):
    """One that ends as it is told; a second Ctrl-C ends the wait."""

    def __init__(self, config: uvicorn.Config, ending: Ending) -> None:
        super().__init__(config)
        self._ending = ending

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn has it."""
        self._ending.leave()
        start = time.monotonic()
        while not self.force_exit and self._ending.waits(time.monotonic() - start):  # noqa: ASYNC110 - as uvicorn does
            await asyncio.sleep(LOOK_S)
        await asyncio.gather(self._ending.close(), super().shutdown(sockets))


def listening(
    app: ASGIApp, host: str, port: int, ending: Ending, protocol: type[Protocol] = Protocol
) -> tuple[Server, socket.socket]:
    """A server that is still to be run, and its socket, which takes connections already.

    Raises:
        RetrievalError: the address cannot be had, as another program listens there.
    """
    config = uvicorn.Config(
        _ended_quietly(app),
        host=host,
        port=port,
        http=protocol,
        log_level="warning",
        access_log=False,  # a line for each request would keep what is asked for
        server_header=False,
        timeout_graceful_shutdown=LEAVE_S,
        timeout_keep_alive=5,
        lifespan="on",
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:  # uvicorn would print a line of its own, and end the program
        listener = socket.create_server((host, port), family=family, backlog=config.backlog)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise RetrievalError(f"{host}:{port} cannot be served: {why}", "--port 0 takes a free one") from None
    return Server(config, ending), listener


def _ended_quietly(app: ASGIApp) -> ASGIApp:
    """The server cancels what is under way at the very end, as a body that never comes, and would log that as an error."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await app(scope, receive, sending)
        except asyncio.CancelledError:
            if scope["type"] == "http" and not has_begun:
                await send({"type": "http.response.start", "status": 503, "headers": [(b"connection", b"close")]})
                await send({"type": "http.response.body", "body": b""})

    return run
