"""What changes the library, over HTTP: files are taken or registered, forgotten, folders followed, all of it as jobs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from retrieval.errors import MediaError
from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.guard import may
from retrieval.service.jobs import Job, Jobs
from retrieval.service.requests import known, read_json

EVENTS: dict[str, Any] = {"response_class": Response, "responses": {200: {"content": {"text/event-stream": {}}}}}
INCOMING = "incoming"  # in the library's folder: files that were sent and are not yet added
Folder = Annotated[str, Field(min_length=1, max_length=4000, pattern="^/", description="An absolute path.")]
ASSET_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Registration"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "text": {"type": "string"},
                        "keywords": {"type": "string", "description": "One a line."},
                    },
                }
            },
        },
    }
}


class Registration(BaseModel):
    """A file of the server's machine that the library shall hold where it lies."""

    model_config = ConfigDict(extra="forbid", strict=True)

    path: Folder
    text: str = Field(default="", max_length=100_000, description="Words of its own, by which it is found.")
    keywords: list[str] = Field(default=[], max_length=200)


class IndexRequest(BaseModel):
    """An update of the library."""

    model_config = ConfigDict(extra="forbid", strict=True)

    folders: list[Folder] = Field(default=[], max_length=100, description="To be followed from now on.")
    workers: int = Field(default=1, ge=1, le=256, description="Files decoded at a time.")


class RebuildRequest(BaseModel):
    """New indexes, or new models."""

    model_config = ConfigDict(extra="forbid", strict=True)

    profile: str | None = Field(default=None, max_length=100, pattern=r"^[\w.-]+$")


def routes(service: Service, jobs: Jobs) -> APIRouter:
    """Writing and jobs."""
    router = APIRouter(prefix="/v1", tags=["writing"])
    _add_assets(router, service, jobs)
    _add_library(router, service, jobs)
    _add_jobs(router, jobs)
    return router


def _accepted(job: Job | None) -> Response:
    if job is None:
        raise HTTPException(429, "too many jobs wait", {"Retry-After": "60"})
    return JSONResponse(job.report(), 202, {"Location": f"/v1/jobs/{job.id}"})


def _add_assets(router: APIRouter, service: Service, jobs: Jobs) -> None:
    @router.post("/assets", status_code=202, summary="Take a file, or register one", openapi_extra=ASSET_BODY)
    async def add(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            if not may(request.scope, "admin"):
                raise HTTPException(403, "a key of the scope admin registers files of the server's machine")
            return _accepted(await jobs.add(_registered(await request.body())))
        if kind != "multipart/form-data":
            raise HTTPException(415, "send multipart/form-data with a file, or application/json with a path")
        async with request.form(max_files=1, max_fields=2, max_part_size=128 << 10) as form:
            file, text, keywords = form.get("file"), form.get("text", ""), form.get("keywords", "")
            if not isinstance(file, UploadFile) or not isinstance(text, str) or not isinstance(keywords, str):
                raise HTTPException(422, "a form has a part `file`, and may have `text` and `keywords`")
            name = _file_name(file.filename or "")
            place = await service.queue.run(request, lambda: _taken(service, file, name))
        task = {"do": "add", "file": str(place), "name": name, "keep": True}
        job = None
        try:
            job = await jobs.add(task | {"text": text, "keywords": keywords.splitlines()})
        finally:
            if job is None:
                place.unlink(missing_ok=True)
        return _accepted(job)

    @router.delete("/assets/{name}", status_code=202, summary="Forget an asset; no file but one sent here is deleted")
    async def forget(request: Request, name: str) -> Response:
        shown = await service.queue.run(request, lambda: service.library.show(known(name)))
        return _accepted(await jobs.add({"do": "forget", "paths": [str(each) for each in shown.asset.paths]}))


def _registered(body: bytes) -> dict[str, Any]:
    sent = read_json(Registration, body)
    if "\0" in sent.path:
        raise HTTPException(422, "a path holds no NUL")
    return {"do": "add", "file": sent.path, "name": Path(sent.path).name, "text": sent.text, "keywords": sent.keywords}


def _file_name(name: str) -> str:
    """The name under which a file is kept. Raises: HTTPException where it is none."""
    if not name or name != os.path.basename(name) or name.startswith(".") or not name.isprintable() or "\\" in name:
        raise HTTPException(422, "a file's name holds no folder", None)
    if len(name.encode("utf-8", "replace")) > 200:
        raise HTTPException(422, "a file's name is too long")
    return name


def _taken(service: Service, file: UploadFile, name: str) -> Path:
    """The file in the library's folder, if its content is that of a medium. Raises: MediaError."""
    folder = service.library.path / INCOMING
    folder.mkdir(mode=0o700, exist_ok=True)
    place = folder / f"{uuid4().hex}{Path(name).suffix}"
    try:
        with place.open("xb") as copy:
            shutil.copyfileobj(file.file, copy)
        next(service.decoders.file(place).read("identify"))
    except BaseException as error:
        with suppress(OSError):
            place.unlink()
        if isinstance(error, MediaError):
            raise MediaError(f"{name} is not media that can be read", "", error.reason) from None
        raise
    return place


def _add_library(router: APIRouter, service: Service, jobs: Jobs) -> None:
    @router.get("/sources", summary="The folders that the library follows")
    async def sources(request: Request) -> Response:
        def look() -> list[dict[str, Any]]:
            from retrieval.render.json import status_report

            listed: list[dict[str, Any]] = status_report(service.library.status())["sources"]
            return listed

        return JSONResponse({"version": VERSION, "sources": await service.queue.run(request, look)})

    @router.delete("/sources", status_code=202, summary="Follow a folder no more; no file is touched")
    async def remove(folder: Annotated[str, Query(min_length=1, max_length=4000, pattern="^/")]) -> Response:
        return _accepted(await jobs.add({"do": "remove source", "folder": folder}))

    @router.post("/index", status_code=202, summary="Bring the library up to date, and follow further folders")
    async def index(request: Request, sent: Annotated[IndexRequest, Body()]) -> Response:
        if sent.folders and not may(request.scope, "admin"):
            raise HTTPException(403, "a key of the scope admin names folders of the server's machine")
        return _accepted(await jobs.add({"do": "index", **sent.model_dump()}))

    @router.post("/rebuild", status_code=202, summary="Make the indexes anew, or encode all by other models")
    async def rebuild(sent: Annotated[RebuildRequest, Body()]) -> Response:
        return _accepted(await jobs.add({"do": "rebuild", **sent.model_dump()}))


def _add_jobs(router: APIRouter, jobs: Jobs) -> None:
    @router.get("/jobs", summary="All jobs, the oldest first")
    async def listed() -> Response:
        return JSONResponse({"version": VERSION, "jobs": [each.report() for each in await jobs.all()]})

    @router.get("/jobs/{name}", summary="How far a job is")
    async def job(name: str) -> Response:
        return JSONResponse((await _job(jobs, name)).report())

    @router.delete("/jobs/{name}", status_code=202, summary="Cancel a job; what is done by then stays")
    async def cancel(name: str) -> Response:
        found = await _job(jobs, name)
        await jobs.cancel(found)
        return JSONResponse(found.report(), 202)

    @router.get("/jobs/{name}/events", summary="The job after each change, as server-sent events", **EVENTS)
    async def events(name: str) -> Response:
        found = await _job(jobs, name)

        async def told() -> AsyncIterator[str]:
            async for report in jobs.follow(found):
                yield f"data: {json.dumps(report)}\n\n" if report is not None else ":\n\n"

        return StreamingResponse(told(), media_type="text/event-stream")


async def _job(jobs: Jobs, name: str) -> Job:
    found = await jobs.get(known(name))
    if found is None:
        raise HTTPException(404, "there is no such job")
    return found
