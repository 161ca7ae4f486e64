"""The HTTP API of one library: search, what is known of files and moments, why they answer, and the media themselves.

It reads; what writes is a program of its own that whoever serves names (see jobs). A text names no files (Library.search
keeps `files` off), and what is served lies under a folder that the library follows, after symbolic links are resolved.
Answers are those of `--json`: docs/cli.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, nullcontext
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrieval import settings
from retrieval.errors import RetrievalError
from retrieval.library import Library
from retrieval.service import assets, overview, questions, searches, watch, waveform, writes
from retrieval.service.context import Service
from retrieval.service.guard import Guard, Rules, path_of
from retrieval.service.jobs import Jobs
from retrieval.service.news import News
from retrieval.service.openapi import document, methods_at
from retrieval.service.pictures import PictureCache
from retrieval.service.problems import problem, problem_of
from retrieval.service.store import FileStore, Store
from retrieval.service.web import add_page
from retrieval.service.work_queue import WorkQueue

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

Beside: TypeAlias = Callable[[Jobs, Store], Coroutine[Any, Any, None]]
ABOUT: dict[str, Any] = {
    "title": "crossmedia",
    "version": settings.VERSION,
    "summary": "Search photos, videos, recordings and documents of one library.",
    "docs_url": None,
    "redoc_url": None,
    "telemetry": {"tracing": False, "metrics": False},  # a tracer's spans would hold the questions
}
GRACE_S = 2.0  # in which questions under way may end when the service is stopped
# Each request stands alone, so that no stream keeps the service from stopping; hosts and origins are the guard's.
AT_MCP: dict[str, Any] = {"streamable_http_path": "/mcp", "json_response": True, "stateless_http": True}


def create_app(
    library: Library, rules: Rules, writer: Sequence[str] = (), *, mcp: bool = False, beside: Beside | None = None
) -> FastAPI:
    """The application, to be served or mounted. It does not close the library.

    writer: the program that does what changes the library, see retrieval.service.jobs; without one it only reads.
    mcp: with the Model Context Protocol at /mcp, which needs the lifespan of the application: not where it is mounted.
    beside: what follows the folders with the jobs of the service, until it is cancelled; needs the lifespan as well.
    `app.state.close`, awaited in its event loop, ends jobs and streams, as the end of the application does by itself.
    """
    service = make_service(library, rules)
    store = FileStore(library.path)
    news = News(service, store, rules.webhook_hosts)
    jobs = Jobs(writer, library.path, store, news.wake) if writer else None
    tools = tool_server_of(service) if mcp else None

    close = _closing(service, jobs)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        follow = [beside(jobs, store)] if beside is not None and jobs is not None else []
        async with _running(news.run(), *follow), tools.session_manager.run() if tools is not None else nullcontext():
            yield
            await close()
        news.close()
        service.close()

    app = FastAPI(lifespan=lifespan, **ABOUT)
    app.state.close = close
    _add_errors(app)
    for part in (questions, assets, overview, waveform):
        app.include_router(part.routes(service))
    app.include_router(searches.routes(service, store, news))
    if jobs is not None:
        app.include_router(writes.routes(service, jobs))
        app.include_router(watch.routes(service, store, watching=beside is not None))
    if tools is not None:
        app.router.routes.extend(tools.streamable_http_app(**AT_MCP).routes)
    app.openapi = lambda: document(app)  # type: ignore[method-assign]  # FastAPI's own way
    add_page(app)
    app.add_middleware(Guard, rules=rules, metrics=service.metrics)
    return app


def _closing(service: Service, jobs: Jobs | None) -> Callable[[], Coroutine[Any, Any, None]]:
    """What ends the work of a service, once, however often it is asked to."""
    closing: list[asyncio.Task[None]] = []

    async def end() -> None:
        service.queue.stop(GRACE_S)
        if jobs is not None:
            await jobs.close()

    async def close() -> None:
        if not closing:
            closing.append(asyncio.create_task(end()))
        await closing[0]

    return close


@asynccontextmanager
async def _running(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Works that go on until the block ends."""
    tasks = [asyncio.create_task(each) for each in works]
    yield
    for each in tasks:
        each.cancel()
    await asyncio.wait(tasks)


def tool_server_of(service: Service) -> MCPServer[Any]:
    """Its tools; the library behind them is loaded for those alone who want them."""
    from retrieval.service.tools import tool_server

    return tool_server(service)


def make_service(library: Library, rules: Rules) -> Service:
    """What the requests of one service share."""
    place = blake2b(bytes(library.path.absolute()), digest_size=8).hexdigest()
    queue = WorkQueue(rules.at_once, rules.queued, rules.wait_s, rules.work_s)
    return Service(library, queue, PictureCache(settings.cache_dir() / "pictures" / place))


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
