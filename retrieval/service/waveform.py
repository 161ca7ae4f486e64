"""How loud a recording or video is over time, for pages that draw it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.render.json import VERSION
from retrieval.service.context import Service
from retrieval.service.requests import known

PEAKS = 600  # of a whole file, at most
RATE = 8000  # samples a second: enough for loudness


def routes(service: Service) -> APIRouter:
    """The loudness of one asset."""
    router = APIRouter(prefix="/v1", tags=["assets"])

    @router.get("/assets/{name}/waveform", summary="How loud a recording is over time: peaks in 0..1")
    async def waveform(request: Request, name: str) -> Response:
        def look() -> tuple[float, ...]:
            shown, file = service.file_of(known(name))
            length = shown.asset.facts.get("duration_ms")
            return peaks_of(file, shown.asset.hash, int(length)) if length else ()

        return JSONResponse({"version": VERSION, "peaks": await service.queue.run(request, look)})

    return router


@lru_cache(256)
def peaks_of(path: Path, content: str, length_ms: int) -> tuple[float, ...]:
    """At most PEAKS loudest samples of parts of equal length, in 0..1 of the loudest of all; none for silence.

    content: the hash of the file, of which an answer is kept. Raises: MediaUnreadable.
    """
    import numpy as np

    from retrieval.media.av import audio

    part = max(1, -(-length_ms * RATE // (1000 * PEAKS)))
    found: list[float] = []
    rest = np.empty(0, np.float32)
    for chunk in audio.chunks(path, RATE):
        samples = np.abs(np.concatenate([rest, chunk]))
        whole = len(samples) // part * part
        found += samples[:whole].reshape(-1, part).max(axis=1).tolist()
        rest = samples[whole:]
    found += [float(rest.max())] if len(rest) else []
    loudest = max(found, default=0.0)
    return tuple(round(each / loudest, 3) for each in found[:PEAKS]) if loudest else ()
