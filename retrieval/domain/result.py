"""Answers: hits with the segments that match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.domain.media import Box, DateFrom, Kind, Lane, Medium, Span


@dataclass(frozen=True, slots=True)
class FoundSegment:
    """A segment in an answer. `lanes`: each lane's share of the segment's confidence; shares sum to 1.

    marks: the words of the question that were found in `text`, in characters of it; ascending.
    """

    id: str
    kind: Kind
    span: Span | None
    page: int | None
    text: str | None
    confidence: float
    score: float
    lanes: dict[Lane, float]
    at_ms: int | None = None  # the best frame
    marks: tuple[Span, ...] = ()
    box: Box | None = None  # of a region, or a line of text, in its picture


@dataclass(frozen=True, slots=True)
class Tag:
    """A name of the vocabulary that a picture, shot or sound fits, and its confidence, 0..1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An asset that answers, with its best segments, best first.

    score: raw value, comparable within one lane only. confidence: 0..1, comparable everywhere. alike: how many further
    pictures that answer show the same and are not listed themselves. taken_at: when it was taken or recorded, where the
    file says so. date: local, ISO 8601, as precise as it is known; date_from: what says it.
    """

    path: Path
    paths: tuple[Path, ...]
    asset: str  # content hash, hex
    medium: Medium
    score: float
    confidence: float
    segments: tuple[FoundSegment, ...]
    taken_at: str | None = None
    date: str | None = None
    date_from: DateFrom | None = None
    offline: bool = False
    alike: int = 0


@dataclass(frozen=True, slots=True)
class Answer(Sequence[Hit]):
    """Hits, best first. `best`: confidence of the best candidate, also when the cut left nothing."""

    hits: tuple[Hit, ...]
    took_ms: float
    best: float = 0.0
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: Any) -> Any:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)
