"""What clients send: questions as JSON or with files beside them, and names of what the library holds."""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, BinaryIO, Literal, TypeVar

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from retrieval.domain.media import MEDIA, Medium
from retrieval.domain.query import Operand, Query
from retrieval.errors import QueryError, UnknownName
from retrieval.query.schema import query_from_dict
from retrieval.service.decoding import Decoders

EXAMPLES = ("a dog on the beach", "dog -snow in:image after:2019", 'said:"thank you" in:video')
MOST_FILES = 4  # of one question
SENT = re.compile(r"(?:https?://[^/]+)?/v1/(?:segments|assets)/([\w.-]+)")  # a segment by its address
SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")

Form = TypeVar("Form", bound=BaseModel)


class FilterValues(BaseModel):
    """Conditions on hits, as the key `filters` of an answer's `query` has them. They replace those in the text."""

    model_config = ConfigDict(extra="forbid", strict=True)

    media: list[Medium] = Field(default=[], max_length=4)
    path: str | None = Field(default=None, max_length=1000, description="A glob, or a folder.")
    after: str | None = Field(default=None, max_length=40, pattern=r"^\d{4}(-\d\d(-\d\d)?)?([T ][\d:.]+)?$")
    before: str | None = Field(default=None, max_length=40, pattern=r"^\d{4}(-\d\d(-\d\d)?)?([T ][\d:.]+)?$")
    min_duration_ms: int | None = Field(default=None, ge=0, le=1 << 40)
    max_duration_ms: int | None = Field(default=None, ge=0, le=1 << 40)
    camera: str | None = Field(default=None, max_length=200)
    lang: str | None = Field(default=None, max_length=20, pattern=r"^[A-Za-z-]+$")
    near: tuple[float, float, float] | None = Field(default=None, description="Latitude, longitude, kilometres.")
    min_bytes: int | None = Field(default=None, ge=0, le=1 << 50)
    max_bytes: int | None = Field(default=None, ge=0, le=1 << 50)
    place: str | None = Field(default=None, max_length=200, description="A town, city, region or country.")
    tag: str | None = Field(default=None, max_length=200)
    newer_than: int | None = Field(default=None, ge=0, le=1 << 53, description="A commit number of the library.")


class Lines(BaseModel):
    """The answer as the program `crossmedia search` prints it, beside the rest, as the key `lines`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    form: Literal["table", "csv"] = "table"
    width: int | None = Field(default=None, ge=20, le=10_000, description="Columns of the terminal.")
    bold: bool = Field(default=False, description="Marked words by escape sequences.")
    folder: str = Field(default="/", max_length=4096, description="Paths below it are told from there.")


class SearchRequest(BaseModel):
    """A question: a text in the query language (docs/query.md), and what stands beside it."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"query": each} for each in EXAMPLES]}
    )

    query: str = Field(default="", max_length=10_000, description="Words and operators; filters alone list by date.")
    written: str = Field(
        default="", max_length=20_000, description="Of an answer's `query`: asked where that is empty."
    )
    operands: list[dict[str, Any]] = Field(default=[], max_length=64, description="Of an answer's `query`; not read.")
    plain: bool = Field(default=False, description="The words as they are: no operators, no dates.")
    dates: bool = Field(default=True, description="Whether words such as “from 2019” are read as dates.")
    like: str | list[str] | None = Field(default=None, description="Segments by id or address, assets by hash.")
    more_like: list[str] = Field(default=[], max_length=50, description="Segments that were right answers.")
    less_like: list[str] = Field(default=[], max_length=50, description="Segments that were wrong ones.")
    filters: FilterValues = Field(default_factory=FilterValues)
    limit: int = Field(default=20, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=100_000)
    cursor: str | None = Field(default=None, max_length=200, description="The key `next` of the page before.")
    sort: Literal["confidence", "date"] = "confidence"
    reach: Literal["sure", "possible", "all"] = "possible"
    min_confidence: float | None = Field(default=None, ge=0, le=1, description="Default: the program's own rule.")
    tags: bool = Field(default=False, description="With the tags of the pictures and sounds found.")
    lines: Lines | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that asks. sense: its medium, or None: as its content says."""

    sense: Medium | None
    suffix: str
    content: BinaryIO

    def operand(self, decoders: Decoders, place: Path) -> Operand:
        """The file, kept at `place` with its own suffix. Raises: MediaError where it is no medium."""
        file = decoders.file(place.with_suffix(self.suffix))
        with file.path.open("wb") as copy:
            shutil.copyfileobj(self.content, copy)
        found: Medium = next(file.read("identify")) if self.sense is None else self.sense
        return Operand(found, file)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read."""

    search: SearchRequest
    uploads: list[Upload] = field(default_factory=list)

    @contextmanager
    def query(self, decoders: Decoders) -> Iterator[Query]:
        """The question; its files lie in a folder of their own until the block ends, and only `decoders` open them."""
        if not self.uploads:
            yield _query(self.search, [])
            return
        with TemporaryDirectory(prefix="crossmedia-") as folder:
            files = [each.operand(decoders, Path(folder) / f"upload{at + 1}") for at, each in enumerate(self.uploads)]
            yield _query(self.search, files)


async def read_asked(request: Request) -> AsyncIterator[Asked]:
    """The question of a request: JSON, or a form with the part `request` (JSON) and files as parts, closed behind it.

    Raises:
        HTTPException, RequestValidationError: it is nothing of these.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        yield Asked(read_json(SearchRequest, await request.body()))
        return
    if kind != "multipart/form-data":
        raise HTTPException(415, "send application/json, or multipart/form-data with files")
    async with request.form(max_files=MOST_FILES, max_fields=1, max_part_size=256 << 10) as form:
        yield _of_form(form)


AskedBody = Annotated[Asked, Depends(read_asked)]


def _of_form(form: FormData) -> Asked:
    uploads = []
    text = b"{}"
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name in (*MEDIA, "file"):
            suffix = Path(value.filename or "").suffix
            sense = name if name in MEDIA else None
            uploads.append(Upload(sense, suffix if SUFFIX.fullmatch(suffix) else "", value.file))
        elif name == "request" and isinstance(value, str):
            text = value.encode()
        else:
            raise HTTPException(422, f"a form has no part {name[:40]!r} of this kind")
    return Asked(read_json(SearchRequest, text), uploads)


def read_json(form: type[Form], body: bytes) -> Form:
    """The content of a body, where the framework does not read it. Raises: RequestValidationError."""
    try:
        return form.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


def asked_of(kept: dict[str, Any]) -> Asked:
    """A question that was kept as JSON. Raises: QueryError where it is of another version."""
    try:
        return Asked(SearchRequest.model_validate_json(json.dumps(kept)))
    except ValidationError:
        raise QueryError("this version cannot read the saved search", "save it again") from None


def _query(request: SearchRequest, files: list[Operand]) -> Query:
    data = request.model_dump(exclude={"cursor", "tags", "lines"}) | {"offset": offset_of(request)}
    named = [request.like] if isinstance(request.like, str) else request.like or []
    data["like"] = [segment_name(each) for each in named]
    for kind in ("more_like", "less_like"):
        data[kind] = [segment_name(each) for each in data[kind]]
    return query_from_dict(data, files)


# ---------------------------------------------------------------- names and pages


def segment_name(text: str) -> str:
    """The id or hash in an address of this service, or the text itself."""
    sent = SENT.match(text.strip())
    name = sent[1] if sent else text.strip()
    if not is_name(name):
        raise UnknownName(f"the library holds nothing named {name[:80]}", "give a segment's id or an asset's hash")
    return name


def is_name(name: str) -> bool:
    """Whether a text may be a hash or an id. Paths are none: looked up, they would tell what lies on the disk."""
    return name.isascii() and 0 < len(name) <= 200 and not set(name) & set("/.\\\0")


def known(name: str) -> str:
    """A name in an address. Raises: HTTPException 404 where it is none."""
    if not is_name(name):
        raise HTTPException(404, "the library holds nothing of that name")
    return name


def next_cursor(request: SearchRequest, shown: int) -> str:
    """What asks for the page behind one of `shown` hits."""
    state = json.dumps([_digest(request), offset_of(request) + shown]).encode()
    return base64.urlsafe_b64encode(state).decode().rstrip("=")


def offset_of(request: SearchRequest) -> int:
    """The place of the first hit of the page. Raises: QueryError where the cursor is that of another question."""
    if request.cursor is None:
        return request.offset
    try:
        digest, offset = json.loads(base64.urlsafe_b64decode(request.cursor + "=" * (-len(request.cursor) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise QueryError("the cursor cannot be read", "give the key `next` of the page before") from None
    if digest != _digest(request) or not isinstance(offset, int) or not 0 <= offset <= 1_000_000:
        raise QueryError("the cursor belongs to another question", "ask without it first")
    return offset


def _digest(request: SearchRequest) -> str:
    asked = request.model_dump_json(exclude={"cursor", "offset", "limit", "tags", "lines"})
    return blake2b(asked.encode(), digest_size=8).hexdigest()
