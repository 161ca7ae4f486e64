"""The library as tools and resources of the Model Context Protocol: by stdio, or at /mcp of the service. They only read."""

from __future__ import annotations

import base64
import json
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.types import (
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    TextContent,
    ToolAnnotations,
)
from pydantic import Field
from starlette.exceptions import HTTPException

from retrieval import settings
from retrieval.domain.media import Medium, Segment, Span
from retrieval.domain.query import Filters, Operand, Query
from retrieval.domain.records import StoredSegment
from retrieval.domain.result import Answer, Hit
from retrieval.errors import RetrievalError
from retrieval.query.build import build_query
from retrieval.render.json import asset_report, curve_report, path_fields
from retrieval.search import fusion, moments
from retrieval.service.assets import picture_of
from retrieval.service.context import Service
from retrieval.service.requests import is_name

Result = TypeVar("Result")
Name = Annotated[str, Field(description="An asset's hash or a segment's id, as answers give them.", max_length=200)]
Words = Annotated[str, Field(description="Words in any language; operators: docs/query.md.", max_length=2000)]
MOST_HITS, MOST_PICTURES, MOST_LINES, MOST_TEXT = 20, 4, 200, 400
LONGEST_CLIP_MS = 15_000
MOST_CLIP_BYTES = 8 << 20
SIDE = 320  # pixels of a picture beside an answer
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
INSTRUCTIONS = (
    "Search the user's own photos, videos, recordings and documents. Names in answers are hashes of assets and ids of"
    " segments; times are milliseconds. `sure` says whether an answer is; others only stand out."
)


def tool_server(service: Service) -> MCPServer[Any]:
    """The server. What it does for a client goes through the queue of the service."""
    with _own_logging():
        server: MCPServer[Any] = MCPServer("crossmedia", version=settings.VERSION, instructions=INSTRUCTIONS)
    _add_questions(server, service)
    _add_looks(server, service)
    _add_resources(server, service)
    return server


@contextmanager
def _own_logging() -> Iterator[None]:
    """The library sets the root logger up when it is made: whoever runs us does that."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


async def _in_turn(service: Service, work: Callable[[], Result]) -> Result:
    """What work gives, in a thread of the service's. Raises: ToolError, since other texts are hidden from clients."""
    try:
        return await service.queue.run(None, work)
    except RetrievalError as error:
        raise ToolError(str(error)) from None
    except HTTPException as error:
        raise ToolError(error.detail) from None


def _add_questions(server: MCPServer[Any], service: Service) -> None:
    @server.tool(annotations=READS, structured_output=False)
    async def search(
        query: Words,
        media: Annotated[list[Medium], Field(description="Only these media.")] = [],  # noqa: B006  never changed
        limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 8,
        thumbnails: bool = True,
    ) -> list[ContentBlock]:
        """Find photos, videos, recordings and documents by words; the best ones with a small picture."""
        asked = build_query(query, (), Filters(media=frozenset(media)), files=False, limit=limit)
        return await _in_turn(service, lambda: _hits(service, service.library.search(asked), pictures=thumbnails))

    @server.tool(annotations=READS, structured_output=False)
    async def similar(name: Name, limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 8) -> list[ContentBlock]:
        """Find what is like an asset or a segment of the library."""
        asked = Query((Operand("like", _named(name)),), limit=limit)
        return await _in_turn(service, lambda: _hits(service, service.library.search(asked), pictures=True))

    @server.tool(name="moments", annotations=READS, structured_output=False)
    async def find_moments(
        name: Name, query: Words, limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 5
    ) -> list[ContentBlock]:
        """Find when something is shown or said in a video or recording; the best moment with its frame."""

        def find() -> list[ContentBlock]:
            shown = service.library.show(_named(name))
            curve = service.library.curve(query, shown.asset.hash)
            cuts, sentences = moments.boundaries(service.library.show(shown.asset.hash).segments)
            found = moments.find(curve, cuts, sentences, most=limit, least=fusion.log_odds(0.1))
            listed = curve_report(shown.asset.hash, curve, found)["moments"]
            at = found[0].at_ms if found and shown.asset.medium == "video" else None
            return [_json({"asset": shown.asset.hash, "moments": listed}), *_picture(service, shown.asset.hash, at)]

        return await _in_turn(service, find)


def _add_looks(server: MCPServer[Any], service: Service) -> None:
    @server.tool(annotations=READS, structured_output=False)
    async def show(name: Name) -> list[ContentBlock]:
        """Tell what is known of an asset or segment: facts, places, the first segments; with its picture."""
        return await _in_turn(service, lambda: [_json(_known(service, name)), *_picture(service, _named(name), None)])

    @server.tool(annotations=READS, structured_output=False)
    async def transcript(
        name: Name, start_ms: Annotated[int, Field(ge=0)] = 0, end_ms: Annotated[int, Field(ge=0)] = 1 << 40
    ) -> list[ContentBlock]:
        """Give what is said in a video or recording, line by line with times, at most 200 lines."""
        return await _in_turn(service, lambda: [TextContent(text=_said(service, name, Span(start_ms, end_ms)))])

    @server.tool(annotations=READS, structured_output=False)
    async def clip(
        name: Name, start_ms: Annotated[int, Field(ge=0)], end_ms: Annotated[int, Field(ge=1)]
    ) -> list[ContentBlock]:
        """Cut at most 15 seconds out of a video (MP4) or recording (WAV)."""
        return await _in_turn(service, lambda: [_clip(service, name, start_ms, end_ms)])

    @server.tool(annotations=READS, structured_output=False)
    async def list_folders() -> list[ContentBlock]:
        """List the folders of the library with the number of files that lie in each."""

        def count() -> list[ContentBlock]:
            facets = service.kept("folders", service.library.facets)
            return [_json({"media": dict(facets.media), "folders": dict(list(facets.folders.items())[:500])})]

        return await _in_turn(service, count)


def _add_resources(server: MCPServer[Any], service: Service) -> None:
    @server.resource("crossmedia://asset/{name}", mime_type="application/json")
    async def asset(name: str) -> str:
        """All that is known of an asset, as JSON."""
        try:
            return await _in_turn(service, lambda: json.dumps(_known(service, name)))
        except ToolError as error:
            raise ResourceError(str(error)) from None

    @server.resource("crossmedia://asset/{name}/picture", mime_type="image/webp")
    async def picture(name: str) -> bytes:
        """A photo, frame or page, at most 1280 pixels wide and high."""
        try:
            return await _in_turn(service, lambda: picture_of(service, _named(name), 1280, None)[0])
        except ToolError as error:
            raise ResourceError(str(error)) from None


# ---------------------------------------------------------------- content


def _named(name: str) -> str:
    if not is_name(name):
        raise ToolError("the library holds nothing of that name; give a hash or id of an answer")
    return name


def _json(value: dict[str, Any]) -> TextContent:
    return TextContent(text=json.dumps(value, ensure_ascii=False))


def _hits(service: Service, answer: Answer, *, pictures: bool) -> list[ContentBlock]:
    listed = [_hit(each, sure=at < len(answer.hits)) for at, each in enumerate(answer.shown)]
    told = {"hits": listed, "total": answer.total, "warnings": list(answer.warnings), "reason": answer.reason}
    content: list[ContentBlock] = [_json(told)]
    for each in answer.shown[:MOST_PICTURES] if pictures else ():
        content += _picture(service, each.segments[0].id if each.segments else each.asset, None)
    return content


def _hit(hit: Hit, *, sure: bool) -> dict[str, Any]:
    found = [
        {
            "id": each.id,
            "kind": each.kind,
            "start_ms": each.span.start if each.span else None,
            "end_ms": each.span.end if each.span else None,
            "page": each.page,
            "text": each.text[:MOST_TEXT] if each.text else None,
        }
        for each in hit.segments[:3]
    ]
    facts = {"asset": hit.asset, "medium": hit.medium, "date": hit.date, "confidence": round(hit.confidence, 3)}
    return path_fields(hit.path) | facts | {"sure": sure, "segments": found}


def _known(service: Service, name: str) -> dict[str, Any]:
    report = asset_report(service.library.show(_named(name)))
    report["more_segments"] = max(0, len(report["segments"]) - MOST_HITS)
    report["segments"] = [
        each | {"text": each["text"] and each["text"][:MOST_TEXT]} for each in report["segments"][:MOST_HITS]
    ]
    return report


def _picture(service: Service, name: str, at_ms: int | None) -> list[ContentBlock]:
    """The picture of what has one."""
    try:
        content, _ = picture_of(service, name, SIDE, at_ms)
    except (HTTPException, RetrievalError):
        return []
    return [ImageContent(data=base64.b64encode(content).decode(), mime_type="image/webp")]


def _said(service: Service, name: str, within: Span) -> str:
    lines = []
    for each in service.library.show(_named(name)).segments:
        segment = each.segment
        if segment.kind == "speech" and segment.span and segment.text and segment.span.overlap(within):
            seconds = segment.span.start // 1000
            lines.append(f"[{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}] {segment.text}")
    more = [f"... {len(lines) - MOST_LINES} more lines; ask from a later time"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more]) or "Nothing is said there."


def _clip(service: Service, name: str, start_ms: int, end_ms: int) -> EmbeddedResource:
    from retrieval.export.cut import save

    if not 0 < end_ms - start_ms <= LONGEST_CLIP_MS:
        raise ToolError(f"a clip lasts at most {LONGEST_CLIP_MS} ms, and ends behind its start")
    shown, file = service.file_of(_named(name))
    forms: dict[str, tuple[str, Literal["video/mp4", "audio/wav"]]] = {
        "video": (".mp4", "video/mp4"),
        "audio": (".wav", "audio/wav"),
    }
    if shown.asset.medium not in forms:
        raise ToolError("only videos and recordings are cut")
    suffix, mime = forms[shown.asset.medium]
    span = StoredSegment(0, shown.asset.id, "", Segment("shot", Span(start_ms, end_ms)))
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        target = Path(folder) / f"clip{suffix}"
        save(replace(shown, asset=replace(shown.asset, paths=(file,)), segments=(span,)), target)
        content = target.read_bytes()
    if len(content) > MOST_CLIP_BYTES:
        raise ToolError("the clip is too large; ask for a shorter one")
    place = f"crossmedia://asset/{shown.asset.hash}/clip/{start_ms}-{end_ms}{suffix}"
    blob = BlobResourceContents(uri=place, blob=base64.b64encode(content).decode(), mime_type=mime)
    return EmbeddedResource(resource=blob)
