"""What the reader of a document gives, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, field

from retrieval.media.documents.passages import Block


@dataclass(slots=True)
class Parts:
    """What a document says of itself, blocks in reading order, pictures as (bytes, name, page).

    date: as it stands there. notes: what is told beside the format, as ", windows-1252".
    """

    title: str | None = None
    artist: str | None = None
    date: str | None = None
    keywords: tuple[str, ...] = ()
    pages: int | None = None
    lang: str | None = None
    notes: str = ""
    blocks: list[Block] = field(default_factory=list)
    pictures: list[tuple[bytes, str, int | None]] = field(default_factory=list)
