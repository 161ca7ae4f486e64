"""Assets and segments over HTTP: what is known of them, their pictures, the files themselves, what is said in them."""

from __future__ import annotations

import mimetypes
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response

from retrieval.domain.place import is_object
from retrieval.media.objects import link
from retrieval.render.json import VERSION, asset_report
from retrieval.search.pictures import spec_of
from retrieval.service.context import Service
from retrieval.service.pictures import key_of, side_of
from retrieval.service.requests import known

VTT: dict[str, Any] = {"response_class": Response, "responses": {200: {"content": {"text/vtt": {}}}}}
READER = "retrieval.service.pictures:read_picture"
KEPT = "private, max-age=604800"  # of pictures: they belong to a content hash, which never changes
SideQuery = Annotated[
    int, Query(ge=16, le=1920, description="Pixels of the longer side, at most; brought to the next.")
]
TimeQuery = Annotated[int | None, Query(ge=0, le=1 << 40, description="Milliseconds; default the middle of a segment.")]


def routes(service: Service) -> APIRouter:
    """What is known of one asset or segment."""
    router = APIRouter(prefix="/v1", tags=["assets"])
    _add_facts(router, service)
    _add_pictures(router, service)
    _add_media(router, service)
    return router


def _add_facts(router: APIRouter, service: Service) -> None:
    @router.get("/assets/{name}", summary="All that is known of an asset, or of one segment and its asset")
    @router.get("/segments/{name}", summary="All that is known of a segment")
    async def asset(request: Request, name: str, tags: bool = False) -> Response:
        def look() -> dict[str, Any]:
            shown = service.library.show(known(name))
            own = service.library.tags(each.key for each in shown.segments) if tags else None
            return asset_report(shown, own)

        return JSONResponse(await service.queue.run(request, look))

    @router.get("/assets/{name}/tags", summary="The tags of each picture, shot and sound of an asset")
    @router.get("/segments/{name}/tags", summary="The tags of a segment")
    async def tags(request: Request, name: str) -> Response:
        def look() -> dict[str, Any]:
            shown = service.library.show(known(name))
            found = service.library.tags(each.key for each in shown.segments)
            listed = {
                key: [{"name": each.name, "confidence": round(each.confidence, 4)} for each in own]
                for key, own in found.items()
            }
            return {"version": VERSION, "asset": shown.asset.hash, "segments": listed}

        return JSONResponse(await service.queue.run(request, look))

    @router.get("/assets/{name}/captions.vtt", summary="What is said in a video or recording, as WebVTT", **VTT)
    async def captions(request: Request, name: str) -> Response:
        text = await service.queue.run(request, lambda: captions_of(service, name))
        return Response(text, media_type="text/vtt; charset=utf-8")


def captions_of(service: Service, name: str) -> str:
    """The speech of an asset as WebVTT. Raises: as Library.show."""
    shown = service.library.show(known(name))
    lines = ["WEBVTT", ""]
    for each in shown.segments:
        segment = each.segment
        if segment.kind == "speech" and segment.span is not None and segment.text:
            said = " ".join(segment.text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            lines += [f"{_clock(segment.span.start)} --> {_clock(segment.span.end)}", said, ""]
    return "\n".join(lines)


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _add_pictures(router: APIRouter, service: Service) -> None:
    @router.get("/assets/{name}/thumbnail", summary="A small picture of an asset, WebP", response_class=Response)
    @router.get("/segments/{name}/thumbnail", summary="A small picture of a segment, WebP", response_class=Response)
    async def thumbnail(request: Request, name: str, side: SideQuery = 320, at_ms: TimeQuery = None) -> Response:
        return await _picture(service, request, name, side_of(side), at_ms)

    @router.get("/assets/{name}/frame", summary="A photo, a frame or a page, WebP", response_class=Response)
    @router.get("/segments/{name}/frame", summary="The photo, frame or page of a segment", response_class=Response)
    async def frame(request: Request, name: str, side: SideQuery = 1280, at_ms: TimeQuery = None) -> Response:
        return await _picture(service, request, name, side_of(side), at_ms)


async def _picture(service: Service, request: Request, name: str, side: int, at_ms: int | None) -> Response:
    content, key = await service.queue.run(request, lambda: picture_of(service, name, side, at_ms))
    headers = {"ETag": f'"{key}"', "Cache-Control": KEPT}
    if f'"{key}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/webp", headers=headers)


def picture_of(service: Service, name: str, side: int, at_ms: int | None) -> tuple[bytes, str]:
    """The picture of an asset or segment as WebP and its key, from the cache where it is there.

    Raises: HTTPException 404 for what has no picture or is away; as Library.frame.
    """
    shown = service.library.show(known(name))
    key = key_of(shown.asset.hash, name if len(shown.segments) == 1 else "", at_ms, side)
    content = service.pictures.get(key)
    if content is None:
        shown, file = service.file_of(name)
        medium = shown.asset.medium
        made = service.decoders.read(file, READER, medium, spec_of(medium, shown.segments, at_ms, side))
        if not made:
            raise HTTPException(404, "it has no picture")
        content = bytes(made[0])
        service.pictures.put(key, content)
    return content, key


def _add_media(router: APIRouter, service: Service) -> None:
    @router.get("/assets/{name}/media", summary="The file itself; ranges are served", response_class=Response)
    async def media(request: Request, name: str) -> Response:
        _, path = await service.queue.run(request, lambda: service.file_of(name))
        if is_object(path):
            if (address := link(path)) is None:
                raise HTTPException(404, "the file is not there now")
            return RedirectResponse(address, 307, {"Cache-Control": "no-store"})
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileResponse(path, media_type=kind, filename=path.name, content_disposition_type="attachment")
