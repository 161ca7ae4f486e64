"""The HTTP API of one library or several: search, what is known of files and moments, why they answer, and the media.

It reads; what writes is a program of its own that whoever serves names (see jobs). A text names no files (Library.search
keeps `files` off), and what is served lies under a folder that the library follows, after symbolic links are resolved.
Answers are those of `--json`: docs/cli.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrieval import settings
from retrieval.errors import RetrievalError
from retrieval.library import Library
from retrieval.service import assets, exports, overview, questions, searches, suggestions, watch, waveform, writes
from retrieval.service import libraries as several
from retrieval.service.context import Service
from retrieval.service.desktop import Desktop, Opener
from retrieval.service.guard import Guard, Rules, path_of
from retrieval.service.jobs import Jobs
from retrieval.service.news import News
from retrieval.service.openapi import document, methods_at
from retrieval.service.pictures import PictureCache
from retrieval.service.problems import problem, problem_of
from retrieval.service.store import Store, store_of
from retrieval.service.web import add_page
from retrieval.service.work_queue import WorkQueue

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Beside: TypeAlias = Callable[[Path, Jobs, Store], Coroutine[Any, Any, None]]
ABOUT: dict[str, Any] = {
    "title": "crossmedia",
    "version": settings.VERSION,
    "summary": "Search photos, videos, recordings and documents.",
    "docs_url": None,
    "redoc_url": None,
    "telemetry": {"tracing": False, "metrics": False},  # a tracer's spans would hold the questions
}
LOG = logging.getLogger(__name__)
PAUSE_S = 10.0  # until a work begins anew that an unexpected error has ended
GRACE_S = 2.0  # in which questions under way may end when the service is stopped
# Each request stands alone, so that no stream keeps the service from stopping; hosts and origins are the guard's.
AT_MCP: dict[str, Any] = {"streamable_http_path": "/mcp", "json_response": True, "stateless_http": True}


def create_app(
    libraries: Library | Mapping[str, Library],
    rules: Rules,
    writer: Sequence[str] = (),
    *,
    mcp: bool = False,
    beside: Beside | None = None,
    opener: Opener | None = None,
) -> FastAPI:
    """The application, to be served or mounted. It does not close the libraries.

    libraries: one, or several by name; a request names one by `?library=NAME`, else it is the first.
    writer: the program that does what changes a library, see retrieval.service.jobs; without one it only reads.
    mcp: with the Model Context Protocol at /mcp, which needs the lifespan of the application: not where it is mounted.
    beside: what follows the folders of a library, given by its folder, with the jobs of the service, until it is
        cancelled; needs the lifespan as well.
    opener: shows a file of the first to this machine's own user, see retrieval.service.desktop.
    `app.state.ending` is how it may be stopped: `leave` lets /readyz answer 503 and all else go on, `is_busy` tells whether
    questions are under way, and `close`, awaited in its event loop, ends jobs and streams, as the end of the application
    does by itself.
    """
    named = libraries if isinstance(libraries, Mapping) else {libraries.path.absolute().name: libraries}
    parts = _parts(named, rules, writer, mcp=mcp)
    service = parts[0].service
    close = _closing(service, [each.jobs for each in parts if each.jobs is not None])

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in parts:
                await stack.enter_async_context(each.running(beside))
            yield
            await close()
        for each in parts:
            each.news.close()
        service.close()

    app = FastAPI(lifespan=lifespan, **ABOUT)
    app.state.ending = {"leave": service.queue.leave, "is_busy": service.queue.is_busy, "close": close}
    app.state.libraries = [each.name for each in parts]
    parts[0].add_routes(app, watching=beside is not None)
    app.include_router(several.routes({each.name: each.service for each in parts}))
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way
    add_page(app, Desktop(service, rules, opener) if opener is not None else None, partial(_origins, parts, rules))
    others = {each.name: each.add_routes(FastAPI(**ABOUT), watching=beside is not None) for each in parts[1:]}
    app.add_middleware(several.ByLibrary, first=parts[0].name, others=others, sockets=rules.sockets)
    app.add_middleware(Guard, rules=rules, metrics=service.metrics)
    return app


def _origins(parts: Sequence[_Part], rules: Rules) -> set[str]:
    """Of the buckets whose media the page may play; none where it asks with a key, which no element of a page sends."""
    return set().union(*(each.service.origins() for each in parts)) if rules.keys is None else set()


def _closing(service: Service, jobs: Sequence[Jobs]) -> Callable[[], Coroutine[Any, Any, None]]:
    """What ends the work of a service, once, however often it is asked to."""
    closing: list[asyncio.Task[None]] = []

    async def end() -> None:
        service.queue.stop(GRACE_S)
        for each in jobs:
            await each.close()

    async def close() -> None:
        if not closing:
            closing.append(asyncio.create_task(end()))
        await closing[0]

    return close


@asynccontextmanager
async def _running(*works: Work) -> AsyncIterator[None]:
    """Works that go on until the block ends."""
    tasks = [asyncio.create_task(_lasting(each)) for each in works]
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)


async def _lasting(work: Work) -> None:
    """Does a work, and begins it anew where an unexpected error ends it: nobody waits for it who would see the error."""
    while True:
        try:
            return await work()
        except Exception:
            LOG.exception("Work beside the questions has failed; it begins anew in %g s.", PAUSE_S)
        await asyncio.sleep(PAUSE_S)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """What answers for one library."""

    name: str
    service: Service
    store: Store
    news: News
    jobs: Jobs | None
    tools: MCPServer[Any] | None

    def add_routes(self, app: FastAPI, *, watching: bool) -> FastAPI:
        """The application with what is asked of the library; watching: its folders are followed."""
        _add_errors(app)
        for part in (questions, suggestions, assets, exports, overview, waveform):
            app.include_router(part.routes(self.service))
        app.include_router(searches.routes(self.service, self.store, self.news))
        if self.jobs is not None:
            app.include_router(writes.routes(self.service, self.jobs))
            app.include_router(watch.routes(self.service, self.store, watching=watching))
        if self.tools is not None:
            app.router.routes.extend(self.tools.streamable_http_app(**AT_MCP).routes)
        return app

    @asynccontextmanager
    async def running(self, beside: Beside | None) -> AsyncIterator[None]:
        """Its works that go on until the block ends."""
        works: list[Work] = [self.news.run]
        if beside is not None and self.jobs is not None:
            works.append(partial(beside, self.service.library.path, self.jobs, self.store))
        async with _running(*works), self.tools.session_manager.run() if self.tools is not None else nullcontext():
            yield


def _parts(named: Mapping[str, Library], rules: Rules, writer: Sequence[str], *, mcp: bool) -> list[_Part]:
    """One for each library; they share the queue, the decoders and the numbers of the service."""
    parts: list[_Part] = []
    for name, library in named.items():
        service, store = make_service(library, rules, parts[0].service if parts else None), store_of(library.path)
        news = News(service, store, rules.webhook_hosts)
        jobs = Jobs(writer, library.path, store, news.wake) if writer else None
        parts.append(_Part(name, service, store, news, jobs, tool_server_of(service) if mcp else None))
    return parts


def tool_server_of(service: Service) -> MCPServer[Any]:
    """Its tools; the library behind them is loaded for those alone who want them."""
    from retrieval.service.tools import tool_server

    return tool_server(service)


def make_service(library: Library, rules: Rules, beside: Service | None = None) -> Service:
    """What the requests of one library share. beside: of another library of the same process."""
    place = blake2b(bytes(library.path.absolute()), digest_size=8).hexdigest()
    pictures = PictureCache(settings.cache_dir() / "pictures" / place)
    if beside is not None:
        return Service(library, beside.queue, pictures, beside.metrics, beside.decoders)
    return Service(library, WorkQueue(rules.at_once, rules.queued, rules.wait_s, rules.work_s), pictures)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RetrievalError)
    def refused(request: Request, error: RetrievalError) -> Response:
        return problem_of(error)

    @app.exception_handler(HTTPException)
    def missing(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405 and (methods := methods_at(app, path_of(request.scope))):
            headers["Allow"] = ", ".join(methods)
        return problem(error.status_code, str(error.detail), headers=headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        where = [".".join(str(part) for part in each["loc"]) + ": " + each["msg"] for each in error.errors()]
        return problem(422, "the request is not of the form that the service reads", "; ".join(where))
