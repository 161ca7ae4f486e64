"""Several libraries in one service: a request names one by `?library=NAME`, or comes through its socket; else it is the
first one's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.problems import problem

PARAMETER: dict[str, Any] = {
    "name": "library",
    "in": "query",
    "required": False,
    "description": "A library of the service by its name; default the first. GET /v1/libraries lists them.",
}


class ByLibrary:
    """ASGI middleware before the application of the first library: hands on what names another.

    first: its name. others: the applications of the others by name. sockets: names by the addresses of Unix sockets.
    """

    def __init__(self, app: ASGIApp, first: str, others: Mapping[str, ASGIApp], sockets: Mapping[str, str]) -> None:
        self._apps = {first: app, **others}
        self._first = first
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        name = self._name(scope) if scope["type"] == "http" else self._first
        app: ASGIApp = self._apps.get(name) or problem(
            404, "the service has no library of that name", "GET /v1/libraries lists them"
        )
        await app(scope, receive, send)

    def _name(self, scope: Scope) -> str:
        asked = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("library")
        place, port = scope.get("server") or ("", 0)
        return asked[0] if asked else self._sockets.get(place, self._first) if port is None else self._first


def routes(services: Mapping[str, Service]) -> APIRouter:
    """The libraries by name, the first one first."""
    router = APIRouter(prefix="/v1", tags=["library"])

    @router.get("/libraries", summary="The libraries of the service; the first is asked where a request names none")
    async def libraries(request: Request) -> Response:
        def look() -> list[dict[str, Any]]:
            return [{"name": name, "media": dict(each.library.status().media)} for name, each in services.items()]

        first = next(iter(services.values()))
        return JSONResponse({"version": VERSION, "libraries": await first.queue.run(request, look)})

    return router
