"""The form of the tables: a file that is made, and what the readers of the indexer must find in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from retrieval.domain.media import ExtractedSegment, ImageSpec, Medium, Metadata, Segment, Span
from retrieval.errors import MediaError
from retrieval.media.extract import read
from retrieval.media.sniff import identify

Maker = Callable[[Path], object]


@dataclass(frozen=True)
class File:
    """make: writes the file. found, absent: words that must, must not be in a segment; then where that one stands.

    facts: fields of the metadata and their values; a word that must be in one that holds several, as the keywords.
    pictures: how many `image` segments there are.
    """

    name: str
    medium: Medium
    make: Maker
    found: str = ""
    span: Span | None = None
    page: int | None = None
    absent: str = ""
    lang: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    pictures: int | None = None


@dataclass(frozen=True)
class Refused:
    """A file that must be left out, and the reason and words that say why."""

    name: str
    make: Maker
    reason: str
    says: str = ""


def check(folder: Path, file: File) -> None:
    """A segment of the file holds the words, at their time or on their page, and the metadata hold the facts."""
    file.make(folder / file.name)
    assert identify(folder / file.name)[0] == file.medium
    facts, *rest = read(folder / file.name, file.medium, ImageSpec(32))
    assert isinstance(facts, Metadata)
    segments: list[Segment] = [one.segment for one in rest if isinstance(one, ExtractedSegment)]
    held = [one for one in segments if file.found in (one.text or "")]
    assert held, [one.text for one in segments]
    assert file.span is None or held[0].span == file.span
    assert file.lang in (None, held[0].lang)
    assert file.page is None or held[0].page == file.page
    assert not file.absent or not any(file.absent in (one.text or "") for one in segments)
    assert file.pictures is None or sum(one.kind == "image" for one in segments) == file.pictures
    for name, value in file.facts.items():
        said = getattr(facts, name)
        assert value in said if isinstance(said, tuple) else value == said, (name, said)


def check_refused(folder: Path, file: Refused) -> None:
    """The file is left out for this reason."""
    file.make(folder / file.name)
    with pytest.raises(MediaError) as caught:
        list(read(folder / file.name, identify(folder / file.name)[0], ImageSpec(32)))
    assert caught.value.reason == file.reason, str(caught.value)
    assert file.says in f"{caught.value} {caught.value.hint}"


def text(content: str, encoding: str = "utf-8") -> Maker:
    """A file of this text."""
    return lambda path: path.write_bytes(content.encode(encoding))
