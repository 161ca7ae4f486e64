"""How loud a recording or video is over time, for pages that draw it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.domain.media import AudioSpec, Medium
from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.requests import known

RATE = 8000  # samples a second: enough for loudness
READER = "retrieval.service.peaks:read_peaks"


def routes(service: Service) -> APIRouter:
    """The loudness of one asset."""
    router = APIRouter(prefix="/v1", tags=["assets"])

    @lru_cache(256)
    def peaks(file: Path, content: str, medium: Medium, length_ms: int) -> tuple[float, ...]:
        """content: the hash of the file, of which an answer is kept."""
        (found,) = service.decoders.read(file, READER, medium, AudioSpec(RATE, length_ms))
        return tuple(found)

    @router.get("/assets/{name}/waveform", summary="How loud a recording is over time: peaks in 0..1")
    async def waveform(request: Request, name: str) -> Response:
        def look() -> tuple[float, ...]:
            shown, file = service.file_of(known(name))
            length = shown.asset.facts.get("duration_ms")
            return peaks(file, shown.asset.hash, shown.asset.medium, int(length)) if length else ()

        return JSONResponse({"version": VERSION, "peaks": await service.queue.run(request, look)})

    return router
