"""Questions over HTTP: search, why something answers, when in a video, and counts of what answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.domain.query import Operand
from retrieval.domain.query import Query as Question
from retrieval.domain.result import Answer
from retrieval.errors import QueryError
from retrieval.render.answers import answer_lines, nothing_line, rule_line
from retrieval.render.json import (
    CSV_HEAD,
    answer_report,
    csv_rows,
    curve_report,
    explanation_report,
    facets_report,
    plain_text,
)
from retrieval.search import fusion, moments
from retrieval.service.context import Service
from retrieval.service.requests import Asked, AskedBody, Lines, SearchRequest, known, next_cursor

if TYPE_CHECKING:
    from retrieval.domain.result import Tag

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids

FORM = {
    "type": "object",
    "description": "A question with files: at most four parts, named by their medium or `file`.",
    "additionalProperties": False,
    "properties": {
        "request": {"type": "string", "contentMediaType": "application/json"},
        **{name: {"type": "string", "format": "binary"} for name in ("file", "image", "audio", "video", "document")},
    },
}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/SearchRequest"}},
            "multipart/form-data": {"schema": FORM},
        },
    }
}
PNG: dict[str, Any] = {"response_class": Response, "responses": {200: {"content": {"image/png": {}}}}}
LEAST_MOMENT = 0.1  # confidence of a moment, unless it is the best


def routes(service: Service) -> APIRouter:
    """What is asked of the whole library, and of one asset."""
    router = APIRouter(prefix="/v1", tags=["questions"])
    _add_search(router, service)
    _add_reasons(router, service)
    return router


def _add_search(router: APIRouter, service: Service) -> None:
    @router.post("/search", summary="Ask a question", openapi_extra=BODY)
    async def search(request: Request, asked: AskedBody) -> Response:
        return JSONResponse(await service.queue.run(request, lambda: _answer(service, asked)))

    @router.get("/facets", summary="Count the library by date, folder, medium, camera, language, place and tag")
    async def all_facets(request: Request, tags: bool = False) -> Response:
        def count() -> Any:
            return service.kept(("facets", tags), lambda: facets_report(service.library.facets(tags=tags)))

        return JSONResponse(await service.queue.run(request, count))

    @router.post("/facets", summary="Count what answers a question", openapi_extra=BODY)
    async def facets(request: Request, asked: AskedBody) -> Response:
        def count() -> Any:
            with asked.query(service.decoders) as query:
                return facets_report(service.library.facets(query, tags=asked.search.tags))

        return JSONResponse(await service.queue.run(request, count))

    @router.get("/assets/{name}/similar", summary="Find what is like an asset or a segment")
    @router.get("/segments/{name}/similar", summary="Find what is like a segment")
    async def similar(request: Request, name: str, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
        query = Question((Operand("like", known(name)),), limit=limit)
        found = await service.queue.run(request, lambda: answer_report(query, service.library.search(query)))
        return JSONResponse(found)


def _answer(service: Service, asked: Asked) -> dict[str, Any]:
    with asked.query(service.decoders) as query:
        answer = service.library.search(query)
        ids = [each.id for hit in answer.shown for each in hit.segments] if asked.search.tags else []
        tags = service.library.tags(ids) if asked.search.tags else None
        report = answer_report(query, answer, tags)
    if asked.search.lines is not None:
        report["lines"] = _lines(query, answer, asked.search.lines, tags)
        report["library"] = None if answer else _state(service)
    shown = len(answer.shown)
    report["next"] = next_cursor(asked.search, shown) if answer.has_more and shown else None
    report["notes"] = list(query.notes)
    return report


def _state(service: Service) -> dict[str, Any]:
    """What the program says of a library where nothing sure was found."""
    from retrieval.encoders.profile_registry import better_fetch

    state = service.library.status()
    return {"assets": sum(state.media.values()), "better": better_fetch(state.profile)}


def _lines(query: Question, answer: Answer, wanted: Lines, tags: Tags | None) -> str:
    if wanted.form == "csv":
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(CSV_HEAD)
        table.writerows(csv_rows(answer))
        return text.getvalue()
    words = " ".join(str(each.value) for each in query.operands if each.sense == "text")
    width, folder = wanted.width, wanted.folder
    every = answer_lines(answer, words, query.offset, width, bold=wanted.bold, tags=tags, folder=folder)
    sure, possible = every[: len(answer.hits)], every[len(answer.hits) :]
    parts = [*sure, *([[rule_line(answer, query.offset)]] if possible else []), *possible]
    lines = [line for part in parts for line in part] or [nothing_line(answer)]
    return plain_text("\n".join(lines) + "\n")


def _add_reasons(router: APIRouter, service: Service) -> None:
    @router.post("/segments/{name}/explain", summary="Say why something answers a question", openapi_extra=BODY)
    async def explain(request: Request, name: str, asked: AskedBody) -> Response:
        def say() -> dict[str, Any]:
            with asked.query(service.decoders) as query:
                return explanation_report(_explained(service, query, name))

        return JSONResponse(await service.queue.run(request, say))

    @router.post(
        "/segments/{name}/explain.png", summary="Draw why something answers a question", **PNG, openapi_extra=BODY
    )
    async def draw(request: Request, name: str, asked: AskedBody) -> Response:
        def paint() -> bytes:
            from retrieval.render.explanation_image import draw_explanation

            with asked.query(service.decoders) as query:
                sheet, _ = draw_explanation(_explained(service, query, name), asked.search.query)
            buffer = io.BytesIO()
            sheet.save(buffer, "PNG")
            return buffer.getvalue()

        return Response(await service.queue.run(request, paint), media_type="image/png")

    @router.post("/assets/{name}/curve", summary="How sure a question is of what lasts, over time", openapi_extra=BODY)
    async def curve(request: Request, name: str, asked: AskedBody) -> Response:
        def follow() -> dict[str, Any]:
            with asked.query(service.decoders) as query:
                return _curve(service, query, name, asked.search)

        return JSONResponse(await service.queue.run(request, follow))


def _explained(service: Service, query: Question, name: str) -> Any:
    explanation = service.library.explain(query, known(name))
    if explanation is None:
        raise HTTPException(404, "nothing in it answers the question")
    return explanation


def _curve(service: Service, query: Question, name: str, request: SearchRequest) -> dict[str, Any]:
    if not query.operands:
        raise QueryError("the question is empty", "give some words or a file")
    shown = service.library.show(known(name))
    curve = service.library.curve(query, shown.asset.hash)
    least = LEAST_MOMENT if request.min_confidence is None else request.min_confidence
    cuts, sentences = moments.boundaries(service.library.show(shown.asset.hash).segments)
    found = moments.find(curve, cuts, sentences, most=request.limit, least=fusion.log_odds(least))
    return curve_report(shown.asset.hash, curve, found)
