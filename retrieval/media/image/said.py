"""What a picture says of itself, wherever it does."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from retrieval.domain.media import DateFrom

# What cameras write into every picture without being asked.
EMPTY_WORDS: Final = re.compile(
    r"^(.*DIGITAL (STILL )?CAMERA|SONY DSC|DCIM.*|MINOLTA.*|KONICA.*|SAMSUNG|default|untitled|File written by Adobe.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class ImageMetadata:
    """Facts of a picture; unknown is None or empty."""

    date: str | None = None
    date_from: DateFrom | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    title: str | None = None
    artist: str | None = None
    keywords: tuple[str, ...] = ()


def words_of(value: Any) -> str | None:
    """One clean line of a tag's text; None for nothing and for what cameras fill in unasked."""
    if isinstance(value, tuple) and value and all(isinstance(part, int) for part in value):
        value = bytes(value)
    if isinstance(value, bytes):
        value = _decoded(value)
    text = " ".join(str(value or "").replace("\0", " ").split())
    return None if not text or EMPTY_WORDS.match(text) else text[:1000]


def _decoded(value: bytes) -> str:
    if value[1:2] == b"\0":
        return value.decode("utf-16-le", "ignore")
    with suppress(UnicodeDecodeError):
        return value.decode("utf-8")
    return value.decode("latin-1")


def joined(first: ImageMetadata, second: ImageMetadata) -> ImageMetadata:
    """`first`, completed by `second`; a second title is kept among the keywords, so that it can be found."""
    more = [second.title] if first.title and second.title and second.title != first.title else []
    keywords = tuple(dict.fromkeys((*first.keywords, *second.keywords, *more)))
    values = {name: getattr(first, name) or getattr(second, name) for name in ("camera", "title", "artist")}
    if first.date is None:
        values |= {"date": second.date, "date_from": second.date_from}
    if first.latitude is None:
        values |= {"latitude": second.latitude, "longitude": second.longitude}
    return replace(first, keywords=keywords, **values)
