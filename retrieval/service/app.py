"""The HTTP API of one library: search, what is known of files and moments, why they answer, and the media themselves.

It only reads. A text names no files (Library.search keeps `files` off), and what is served lies under a folder that the
library follows, after symbolic links are resolved. Answers are those of `--json`: docs/cli.md.
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Body, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.responses import FileResponse, JSONResponse, Response

from retrieval import settings
from retrieval.domain.query import Operand
from retrieval.domain.query import Query as Asked
from retrieval.errors import RetrievalError
from retrieval.library import Library
from retrieval.query.build import build_query
from retrieval.render.json import answer_report, asset_report, explanation_report, status_report
from retrieval.service.guard import Guard, Rules
from retrieval.service.problems import problem, problem_of

NAME = Query(description="An asset's content hash, or the id of one of its segments.")
EXAMPLES = ("a dog on the beach", "dog -snow in:image after:2019", 'said:"thank you" in:video')


class SearchRequest(BaseModel):
    """A question: a text in the query language (docs/query.md), and what stands beside it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"query": each} for each in EXAMPLES]})

    query: str = Field(default="", max_length=10_000, description="Words and operators; filters alone list by date.")
    like: str | None = Field(default=None, max_length=200, description="Id of a segment, or hash of an asset: like it.")
    more_like: list[str] = Field(default=[], max_length=50, description="Segments that were right answers.")
    less_like: list[str] = Field(default=[], max_length=50, description="Segments that were wrong ones.")
    limit: int = Field(default=20, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=100_000)
    sort: Literal["confidence", "date"] = "confidence"
    min_confidence: float | None = Field(default=None, ge=0, le=1, description="Default: the program's own rule.")


def create_app(library: Library, rules: Rules) -> FastAPI:
    """The application, to be served or mounted. It does not close the library."""
    app = FastAPI(
        title="crossmedia",
        version=settings.VERSION,
        summary="Search photos, videos, recordings and documents of one library.",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False},  # spans of a tracer in the process would hold the questions
    )
    _add_errors(app)
    _add_search(app, library)
    _add_assets(app, library)
    _add_health(app, library)
    app.add_middleware(Guard, rules=rules)
    return app


def _add_search(app: FastAPI, library: Library) -> None:
    @app.post("/v1/search", summary="Ask a question")
    def search(request: Annotated[SearchRequest, Body()]) -> Response:
        query = _query(request)
        return JSONResponse(answer_report(query, library.search(query)))

    @app.get("/v1/assets/{name}/similar", summary="Find what is like an asset or a segment")
    def similar(name: str, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> Response:
        query = Asked((Operand("like", _known(library, name)),), limit=limit)
        return JSONResponse(answer_report(query, library.search(query)))

    @app.post("/v1/segments/{name}/explain", summary="Say why an asset or a segment answers a question")
    def explain(name: str, request: Annotated[SearchRequest, Body()]) -> Response:
        explanation = library.explain(_query(request), _known(library, name))
        if explanation is None:
            raise HTTPException(404, "nothing in it answers the question")
        return JSONResponse(explanation_report(explanation))


def _add_assets(app: FastAPI, library: Library) -> None:
    @app.get("/v1/assets/{name}", summary="All that is known of an asset, or of one segment and its asset")
    @app.get("/v1/segments/{name}", summary="All that is known of a segment")
    def asset(name: str) -> Response:
        return JSONResponse(asset_report(library.show(_known(library, name))))

    @app.get("/v1/assets/{name}/media", summary="The file itself; ranges are served")
    def media(name: str) -> Response:
        path = _served(library, name)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, filename=path.name, content_disposition_type="attachment")


def _add_health(app: FastAPI, library: Library) -> None:
    @app.get("/v1/stats", summary="What is in the library, and what is pending")
    def stats() -> Response:
        return JSONResponse(status_report(library.status()))

    @app.get("/healthz", summary="The process answers")
    def alive() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", summary="The library can be asked")
    def ready() -> Response:
        library.status()
        return JSONResponse({"status": "ok"})


def _query(request: SearchRequest) -> Asked:
    operands = [Operand("like", request.like)] if request.like else []
    parts: dict[str, Any] = {} if request.min_confidence is None else {"min_confidence": request.min_confidence}
    return build_query(
        request.query,
        operands,
        files=False,
        more_like=tuple(request.more_like),
        less_like=tuple(request.less_like),
        limit=request.limit,
        offset=request.offset,
        sort=request.sort,
        **parts,
    )


def _known(library: Library, name: str) -> str:
    """A hash or an id that the library holds. Paths are no names here: they would tell what lies on the disk."""
    if not name.isascii() or "/" in name or "." in name or len(name) > 200:
        raise HTTPException(404, "the library holds nothing of that name")
    return name


def _served(library: Library, name: str) -> Path:
    """The asset's file, where it is there and lies under a folder that the library follows, links resolved."""
    shown = library.show(_known(library, name))
    roots = [root.resolve() for root in library.roots()]
    for path in shown.asset.paths:
        real = path.resolve()
        if real.is_file() and any(real.is_relative_to(root) for root in roots):
            return real
    raise HTTPException(404, "the file is not there now")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(RetrievalError)
    def refused(request: Request, error: RetrievalError) -> Response:
        return problem_of(error)

    @app.exception_handler(PlainHTTPException)
    def missing(request: Request, error: PlainHTTPException) -> Response:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        where = [".".join(str(part) for part in each["loc"]) + ": " + each["msg"] for each in error.errors()]
        return problem(422, "the request is not of the form that the service reads", "; ".join(where))
