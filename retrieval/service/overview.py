"""The library as a whole over HTTP: its state, what was left out, duplicates, and health."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.domain.media import Medium
from retrieval.errors import QueryError
from retrieval.render.json import duplicates_report, status_report
from retrieval.service.context import Service
from retrieval.service.work_queue import stops

COMPARED: tuple[Medium, ...] = ("image", "video", "audio")


def routes(service: Service) -> APIRouter:
    """What is asked of the library without a question."""
    router = APIRouter(tags=["library"])

    @router.get("/v1/stats", summary="What is in the library, and what is pending")
    async def stats(request: Request, skips: bool = False) -> Response:
        def look() -> dict[str, Any]:
            return status_report(service.library.status(), service.library.skips() if skips else None)

        return JSONResponse(await service.queue.run(request, look))

    @router.get("/v1/duplicates", summary="Files that are one picture, video or recording")
    async def duplicates(request: Request, media: Annotated[list[Medium] | None, Query()] = None) -> Response:
        chosen = tuple(each for each in COMPARED if not media or each in media)
        if not chosen or "document" in (media or ()):
            raise QueryError("duplicates of documents are not supported", "media is image, video or audio")

        def compare() -> Any:
            return service.kept(("duplicates", chosen), lambda: duplicates_report(service.library.duplicates(chosen)))

        return JSONResponse(await service.queue.run(request, compare))

    @router.get("/healthz", summary="The process answers")
    async def alive() -> Response:
        return JSONResponse({"status": "ok"})

    @router.get("/metrics", summary="Requests, times and what waits, for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(service.metrics.text(service.queue.inside), media_type="text/plain; version=0.0.4")

    @router.get("/readyz", summary="The library can be asked")
    async def ready(request: Request) -> Response:
        if service.queue.is_leaving:  # at once, and not behind the questions that wait
            raise stops()
        await service.queue.run(request, service.library.status)
        if service.queue.is_leaving:
            raise stops()
        return JSONResponse({"status": "ok"})

    return router
