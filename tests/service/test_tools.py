"""The Model Context Protocol, spoken by the SDK's own client: in memory, by stdio, and over HTTP."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from PIL import Image

from retrieval import Library
from retrieval.service.app import make_service
from retrieval.service.guard import Rules
from retrieval.service.tools import MOST_PICTURES, tool_server
from tests.service.test_serve import running

TOOLS = {"search", "similar", "moments", "show", "transcript", "clip", "list_folders"}


def with_client(library: Library, talk: Callable[[Client], Awaitable[None]]) -> None:
    """A talk with the tools of a library."""

    async def whole() -> None:
        service = make_service(library, Rules(frozenset()))
        async with Client(tool_server(service)) as client:
            await talk(client)
        service.close()

    asyncio.run(whole())


def told(result: Any) -> dict[str, Any]:
    """The JSON of a result's first part."""
    assert not result.is_error, result.content
    found: dict[str, Any] = json.loads(result.content[0].text)
    return found


def test_tools_say_what_they_take(served: Library) -> None:
    """Each with a description; none of them changes anything."""

    async def talk(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert {each.name for each in tools} == TOOLS
        assert all(each.description and each.annotations and each.annotations.read_only_hint for each in tools)

    with_client(served, talk)


def test_search_gives_hits_and_pictures(served: Library) -> None:
    """The JSON first, then at most four small pictures; nothing found is an answer too."""

    async def talk(client: Client) -> None:
        result = await client.call_tool("search", {"query": "a cat", "media": ["image"], "limit": 6})
        hits = told(result)["hits"]
        assert hits[0]["path"].endswith("photo1.jpg")
        pictures = result.content[1:]
        assert 1 <= len(pictures) <= MOST_PICTURES
        assert Image.open(io.BytesIO(base64.b64decode(pictures[0].data))).format == "WEBP"
        plain = await client.call_tool("search", {"query": "a cat", "thumbnails": False})
        assert len(plain.content) == 1
        like = told(await client.call_tool("similar", {"name": hits[0]["segments"][0]["id"], "limit": 3}))["hits"]
        assert like
        nothing = await client.call_tool("search", {"query": "a cat after:2100"})
        assert told(nothing)["hits"] == []

    with_client(served, talk)


def test_a_video_is_asked_when_and_cut(served: Library) -> None:
    """Moments with a frame, what is said with times, a clip as MP4."""
    video = next(
        name
        for name, each in served.seen().items()
        if each.medium == "video" and any(one.segment.kind == "speech" for one in served.show(name).segments)
    )

    async def talk(client: Client) -> None:
        result = await client.call_tool("moments", {"name": video, "query": "a person"})
        moment = told(result)["moments"][0]
        assert moment["start_ms"] < moment["end_ms"]
        assert result.content[1].type == "image"
        said = await client.call_tool("transcript", {"name": video})
        assert said.content[0].text.startswith("[0:00:")
        clip = await client.call_tool("clip", {"name": video, "start_ms": 0, "end_ms": 1500})
        assert b"ftyp" in base64.b64decode(clip.content[0].resource.blob)[:32]

    with_client(served, talk)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("show", {"name": "/etc/passwd"}),
        ("show", {"name": "photo1.jpg"}),
        ("search", {"query": "image:/etc/passwd"}),
        ("search", {"query": "cat AND"}),
        ("search", {"query": ""}),
        ("search", {"query": "cat", "limit": 1000}),
        ("clip", {"name": "x", "start_ms": 0, "end_ms": 10**9}),
        ("similar", {"name": "../x"}),
        ("transcript", {"name": "0" * 64}),
    ],
)
def test_what_cannot_be_done_is_an_error_with_its_reason(
    served: Library, tool: str, arguments: dict[str, object]
) -> None:
    """And no file outside the library is looked at."""

    async def talk(client: Client) -> None:
        result = await client.call_tool(tool, arguments)
        assert result.is_error
        assert len(result.content[0].text) > 10
        assert "root:" not in result.content[0].text

    with_client(served, talk)


def test_folders_and_resources(served: Library) -> None:
    """What lies where; an asset as JSON and as a picture."""
    image = next(name for name, each in served.seen().items() if each.medium == "image")

    async def talk(client: Client) -> None:
        folders = told(await client.call_tool("list_folders", {}))["folders"]
        assert any(each.endswith("/images") for each in folders)
        shown = told(await client.call_tool("show", {"name": image}))
        assert shown["asset"] == image
        text = (await client.read_resource(f"crossmedia://asset/{image}")).contents[0].text
        assert json.loads(text)["asset"] == image
        picture = (await client.read_resource(f"crossmedia://asset/{image}/picture")).contents[0].blob
        assert Image.open(io.BytesIO(base64.b64decode(picture))).format == "WEBP"

    with_client(served, talk)


def test_the_log_of_the_program_stays_its_own(served: Library) -> None:
    """The SDK would set a handler and a level on the root logger."""
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    tool_server(make_service(served, Rules(frozenset())))
    assert (root.level, root.handlers) == before


def test_by_stdio(sample_library: Path) -> None:
    """`crossmedia mcp`, as a desktop program starts it."""
    line = ["-m", "indexer.cli.app", "mcp", "--library", str(sample_library)]

    async def talk() -> None:
        async with Client(StdioServerParameters(command=sys.executable, args=line)) as client:
            assert {each.name for each in (await client.list_tools()).tools} == TOOLS
            assert told(await client.call_tool("search", {"query": "a cat", "thumbnails": False}))["hits"]

    asyncio.run(talk())


def test_over_http(sample_library: Path) -> None:
    """At /mcp of the service."""

    async def talk(place: str) -> None:
        async with Client(f"{place}mcp") as client:
            assert {each.name for each in (await client.list_tools()).tools} == TOOLS
            assert told(await client.call_tool("search", {"query": "a cat", "thumbnails": False}))["hits"]

    with running(sample_library) as place:
        asyncio.run(talk(place))
