"""What is made of several answers: a reel of the moments that were chosen."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from retrieval.domain.media import Span
from retrieval.errors import QueryError
from retrieval.media.objects import all_localized
from retrieval.service.context import Service
from retrieval.service.requests import segment_name

MOST = 40
LONGEST_PART_MS = 12_000  # of a whole video, or of a moment that lasts longer
LONGEST_MS = 180_000
VIDEO: dict[str, Any] = {"response_class": Response, "responses": {200: {"content": {"video/mp4": {}}}}}


class ReelRequest(BaseModel):
    """The parts of a reel, in order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    segments: list[str] = Field(
        min_length=1, max_length=MOST, description="Segments of videos by id, or videos by hash."
    )


def routes(service: Service) -> APIRouter:
    """Files that are made anew."""
    router = APIRouter(prefix="/v1", tags=["assets"])

    @router.post("/reel", summary="Join moments of videos, MP4; of each at most 12 seconds, 3 minutes in all", **VIDEO)
    async def reel(request: Request, sent: Annotated[ReelRequest, Body()]) -> Response:
        content = await service.queue.run(request, lambda: _reel(service, sent.segments))
        headers = {"Content-Disposition": 'attachment; filename="reel.mp4"'}
        return Response(content, media_type="video/mp4", headers=headers)

    return router


def _reel(service: Service, names: list[str]) -> bytes:
    """Raises: QueryError where a part is no video, or all are too long; MediaError; as Service.file_of."""
    from retrieval.media.av.concat import Piece, join

    parts = []
    for name in names:
        shown, file = service.file_of(segment_name(name))
        if shown.asset.medium != "video":
            raise QueryError(f"a reel is made of videos, and {file.name} is not one", "choose moments of videos")
        own = shown.segments[0].segment.span if len(shown.segments) == 1 else None
        span = own or Span(0, max(1, int(shown.asset.facts.get("duration_ms") or LONGEST_PART_MS)))
        parts.append(Piece(file, Span(span.start, min(span.end, span.start + LONGEST_PART_MS))))
    if sum(each.span.length for each in parts) > LONGEST_MS:
        raise QueryError("the reel is too long", f"choose moments of {LONGEST_MS // 1000} seconds in all")
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        target = Path(folder) / "reel.mp4"
        with all_localized(each.path for each in parts) as here:
            join([replace(each, path=here[each.path]) for each in parts], target)
        return target.read_bytes()
