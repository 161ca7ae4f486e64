"""Saved searches over HTTP: a question under a name, and a webhook that is told when something new answers it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.guard import may
from retrieval.service.news import News
from retrieval.service.requests import Asked, SearchRequest, known, read_json
from retrieval.service.store import Store
from retrieval.service.webhooks import addresses_of, target_of

MOST = 1000
EXAMPLE: dict[str, Any] = {"name": "Dogs on the beach", "query": {"query": "a dog on the beach in:image"}}
NOTIFIED: dict[str, Any] = EXAMPLE | {"webhook": {"url": "https://hooks.example.org/photos"}}
BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SavedSearch"}}},
    }
}
ITEM = {
    "id": "5d0f3a9c1b2e4f67",
    **NOTIFIED,
    "created_at": "2026-11-29T12:00:00",
    "webhook": {"url": "https://hooks.example.org/photos", "waiting": 0, "delivered_at": None, "problem": None},
}


class Webhook(BaseModel):
    """Where a message goes when something new answers."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(min_length=1, max_length=2000, description="Of a host that the service was told of.")


class SavedSearch(BaseModel):
    """A question to be kept. query: the body of a search, without a page of it."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE, NOTIFIED]})

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    query: SearchRequest
    webhook: Webhook | None = None


def _answers(status: int, example: Any) -> dict[str, Any]:
    return {"responses": {status: {"content": {"application/json": {"example": example}}}}}


def routes(service: Service, store: Store, news: News) -> APIRouter:
    """Saved searches."""
    router = APIRouter(prefix="/v1", tags=["saved searches"])
    _add_reading(router, service, store)
    _add_writing(router, service, store, news)
    return router


def _add_reading(router: APIRouter, service: Service, store: Store) -> None:
    @router.get("/searches", summary="All saved searches", **_answers(200, {"version": 1, "items": [ITEM]}))
    async def listed(request: Request) -> Response:
        def look() -> list[dict[str, Any]]:
            hooks = {each["id"]: each for each in store.all("webhook")}
            waiting = [each["search"] for each in store.all("message")]
            every = store.all("search")
            return [_report(each, hooks.get(each["id"]), waiting.count(each["id"])) for each in every]

        items = await service.queue.run(request, look)
        return JSONResponse({"version": VERSION, "items": [_for_asker(each, request) for each in items]})

    @router.get("/searches/{name}", summary="A saved search", **_answers(200, ITEM))
    async def one(request: Request, name: str) -> Response:
        return JSONResponse(_for_asker(await service.queue.run(request, lambda: _shown(store, name)), request))


def _add_writing(router: APIRouter, service: Service, store: Store, news: News) -> None:
    @router.post("/searches", status_code=201, summary="Save a search", openapi_extra=BODY, **_answers(201, ITEM))
    async def save(request: Request) -> Response:
        sent = _checked(await request.body())
        await _check_address(sent, news)

        def keep() -> dict[str, Any]:
            if len(store.all("search")) >= MOST:
                raise HTTPException(409, f"there are {MOST} saved searches already", None)
            return _keep(service, store, news, uuid4().hex[:16], sent)

        made = await service.queue.run(request, keep)
        return JSONResponse(made, 201, {"Location": f"/v1/searches/{made['id']}"})

    @router.put("/searches/{name}", summary="Change a saved search", openapi_extra=BODY, **_answers(200, ITEM))
    async def change(request: Request, name: str) -> Response:
        sent = _checked(await request.body())
        await service.queue.run(request, lambda: _shown(store, name))
        await _check_address(sent, news)
        return JSONResponse(await service.queue.run(request, lambda: _keep(service, store, news, name, sent)))

    @router.delete("/searches/{name}", status_code=204, summary="Forget a saved search", response_class=Response)
    async def forget(request: Request, name: str) -> Response:
        def drop() -> None:
            _shown(store, name)
            store.delete("search", name)
            news.tell_no_more(name)

        await service.queue.run(request, drop)
        return Response(status_code=204)


def _checked(body: bytes) -> SavedSearch:
    """Raises: RequestValidationError; HTTPException where the query is a page of an answer."""
    sent = read_json(SavedSearch, body)
    if sent.query.cursor is not None or sent.query.lines is not None:
        raise HTTPException(422, "a saved search has no cursor and no lines")
    return sent


async def _check_address(sent: SavedSearch, news: News) -> None:
    """Raises: WebhookRefused."""
    if sent.webhook is not None:
        await addresses_of(target_of(sent.webhook.url, news.hosts), news.hosts)


def _keep(service: Service, store: Store, news: News, name: str, sent: SavedSearch) -> dict[str, Any]:
    """Keeps a search and its webhook; the report, with the secret where one was made. Raises: as Library.search."""
    with Asked(sent.query).query(service.decoders):
        pass  # it can be read
    before = store.get("search", name)
    created = before["created_at"] if before is not None else datetime.now().isoformat(timespec="seconds")
    query = sent.query.model_dump(mode="json", exclude_defaults=True)
    store.put("search", name, {"id": name, "name": sent.name, "query": query, "created_at": created})
    if sent.webhook is None:
        news.tell_no_more(name)
        return _shown(store, name)
    secret = news.tell_at(name, sent.webhook.url)
    shown = _shown(store, name)
    return shown | {"webhook": shown["webhook"] | ({"secret": secret} if secret is not None else {})}


def _shown(store: Store, name: str) -> dict[str, Any]:
    """Raises: HTTPException 404."""
    search = store.get("search", known(name))
    if search is None:
        raise HTTPException(404, "there is no such saved search")
    waiting = sum(each["search"] == name for each in store.all("message"))
    return {"version": VERSION, **_report(search, store.get("webhook", name), waiting)}


def _report(search: dict[str, Any], hook: dict[str, Any] | None, waiting: int) -> dict[str, Any]:
    """A saved search as it is told: without the secret of its webhook."""
    told = None
    if hook is not None:
        told = {name: hook[name] for name in ("url", "delivered_at", "problem")} | {"waiting": waiting}
    return {name: search[name] for name in ("id", "name", "query", "created_at")} | {"webhook": told}


def _for_asker(told: dict[str, Any], request: Request) -> dict[str, Any]:
    """A report for whoever asks: to a key that only reads, the address of a webhook without its path and query, for many
    services tell their senders by a token in there."""
    hook = told["webhook"]
    if hook is None or may(request.scope, "write"):
        return told
    parts = urlsplit(hook["url"])
    return told | {"webhook": hook | {"url": f"{parts.scheme}://{parts.netloc}"}}
