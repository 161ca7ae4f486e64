"""Suggestions for what is being typed: tags, folders, cameras and names of files of one library.

A list of all of them is kept in memory and made anew at most every RENEW_S, for each key that is pressed asks; an index run
beside it changes the library all the time.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from retrieval.fulltext.fold import folded
from retrieval.render.json import VERSION, plain_text
from retrieval.service.context import Service

Kind = Literal["tag", "folder", "camera", "name"]
RENEW_S = 60.0
MOST_OF_KIND = 3  # while there are others
LAST_WORDS = 3  # of what is typed, that may be the beginning of one thing
FIELDS: dict[str, Kind] = {"tag": "tag", "path": "folder", "camera": "camera"}
SIGNS = '-+("\\'  # of the query language: what follows them is no thing by itself
BETWEEN = re.compile(r"[\W_]+")
FIELD = re.compile(r'(?:^|\s)(tag|path|camera):"?([^"]*)$')


class SuggestRequest(BaseModel):
    """What stands in the box up to the cursor."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"text": "a cat tag:ki"}]})

    text: str = Field(max_length=2000)
    limit: int = Field(default=8, ge=1, le=50)


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing that may be meant. value: as a filter takes it, of a name the asset's hash. key: " words of it", folded."""

    kind: Kind
    value: str
    shown: str
    key: str
    files: int

    def report(self, start: int) -> dict[str, Any]:
        """start: the character from which on the text is replaced."""
        return {"kind": self.kind, "value": self.value, "text": self.shown, "files": self.files, "start": start}


class Suggestions:
    """The things of a library that may be meant, the most frequent of each kind first."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._entries: tuple[Entry, ...] = ()
        self._state: Any = None
        self._made_at = 0.0

    def of(self, text: str, limit: int) -> list[dict[str, Any]]:
        """At most `limit` things that go on as the end of the text does: the longest end first."""
        entries = self._current()
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for start, wanted, kind in _ends(text):
            sought = f" {wanted}" if wanted.isascii() else wanted  # Chinese and others have no blanks between words
            chosen = [each for each in entries if sought in each.key and kind in (None, each.kind)]
            chosen.sort(key=lambda each: not each.key.startswith(sought))  # stable: frequent ones first
            for each in _mixed(chosen, limit):
                found.setdefault((each.kind, each.value), each.report(start))
        return list(found.values())[:limit]

    def _current(self) -> tuple[Entry, ...]:
        with self._lock:
            state = self._service.library.version()
            is_due = state != self._state and time.monotonic() - self._made_at > RENEW_S
            if self._state is None or is_due:
                self._entries = tuple(_entries(self._service))
                self._state, self._made_at = state, time.monotonic()
            return self._entries


def routes(service: Service) -> APIRouter:
    """What is asked while somebody types."""
    router = APIRouter(prefix="/v1", tags=["questions"])
    suggestions = Suggestions(service)

    @router.post("/suggest", summary="Tags, folders, cameras and names that go on as what is typed")
    async def suggest(request: Request, sent: Annotated[SuggestRequest, Body()]) -> Response:
        items = await service.queue.run(request, lambda: suggestions.of(sent.text, sent.limit))
        return JSONResponse({"version": VERSION, "items": items})

    return router


def _ends(text: str) -> Iterator[tuple[int, str, Kind | None]]:
    """Ends of a text that may begin a thing: the character they stand at, folded, and the kind that they ask for."""
    if field := FIELD.search(text):
        yield field.start(1), _key(field[2]).strip(), FIELDS[field[1]]
        return
    for start in [each.start() for each in re.finditer(r"\S+", text)][-LAST_WORDS:]:
        wanted = _key(text[start:]).strip()
        if wanted and text[start] not in SIGNS:
            yield start, wanted, None


def _mixed(chosen: list[Entry], limit: int) -> list[Entry]:
    """Some of each kind first, then what is left."""
    counts: dict[str, int] = {}
    early: list[Entry] = []
    late: list[Entry] = []
    for each in chosen:
        counts[each.kind] = counts.get(each.kind, 0) + 1
        (early if counts[each.kind] <= MOST_OF_KIND else late).append(each)
    return (early + late)[:limit]


def _entries(service: Service) -> Iterator[Entry]:
    facets = service.library.facets(tags=True)
    for tag, count in (facets.tags or {}).items():
        yield Entry("tag", tag, tag, _key(tag), count)
    for folder, count in facets.folders.items():
        name = plain_text(Path(folder).name)
        yield Entry("folder", plain_text(folder), name, _key(name), count)
    for camera, count in facets.cameras.items():
        yield Entry("camera", camera, camera, _key(camera), count)
    for each in service.library.seen().values():
        name = plain_text(each.path.name)
        yield Entry("name", each.hash, name, _key(name), 1)


def _key(text: str) -> str:
    return " " + BETWEEN.sub(" ", folded(text)).strip()
