"""Following the library's folders, over HTTP: whether this service does, and pausing it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.pause import is_paused, pause
from retrieval.service.store import Store

STATE: dict[str, Any] = {"version": VERSION, "watching": True, "paused": False}
EXAMPLE: dict[str, Any] = {"responses": {200: {"content": {"application/json": {"example": STATE}}}}}


class WatchRequest(BaseModel):
    """What following shall do."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"paused": True}]})

    paused: bool = Field(description="No run begins, and one under way ends; it goes on when it is resumed.")


def routes(service: Service, store: Store, *, watching: bool) -> APIRouter:
    """The state of following."""
    router = APIRouter(prefix="/v1", tags=["writing"])

    @router.get("/watch", summary="Whether the folders are followed", **EXAMPLE)
    async def state(request: Request) -> Response:
        return JSONResponse(await service.queue.run(request, told))

    @router.put("/watch", summary="Pause or resume following the folders", **EXAMPLE)
    async def change(request: Request, sent: Annotated[WatchRequest, Body()]) -> Response:
        def keep() -> dict[str, Any]:
            pause(store, sent.paused)
            return told()

        return JSONResponse(await service.queue.run(request, keep))

    def told() -> dict[str, Any]:
        return {"version": VERSION, "watching": watching, "paused": is_paused(store)}

    return router
