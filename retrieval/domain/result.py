"""Answers: hits with the segments that match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.domain.media import Box, DateFrom, Evidence, Kind, Lane, Medium, Span


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
    evidence: Evidence | None = None  # the strongest that speaks for it; None where only filters asked


@dataclass(frozen=True, slots=True)
class Tag:
    """A name of the vocabulary that a picture, shot or sound fits, and its confidence, 0..1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An asset that answers, with its best segments, best first.

    score: raw value, comparable within one lane only. confidence: 0..1, comparable everywhere. alike: how many further
    pictures that answer show the same and are not listed themselves. paths: below the path that was asked for first, of
    these the live ones, of these what holds the name that was asked for. half: the film of a Live Photo whose still this
    is, or the still of its film. taken_at: when it was taken or recorded, where the file says so. date: local, ISO 8601, as
    precise as it is known; date_from: what says it. is_judged: False where only filters asked, so that its confidence
    says nothing. width, height: pixels of a picture or video as it is shown. duration_ms: of what has time.
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
    half: Path | None = None
    is_judged: bool = True
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Answer(Sequence[Hit]):
    """One page of an answer in two parts, each best first: a sequence of the hits that are sure.

    possible: further hits that stand out for the question, but are not sure; they fill the page. best: confidence of the
    best candidate, also where nothing of it is shown. total: hits in all, sure and possible, on this page, before and
    behind it; at least so many where has_more. reason: why nothing is shown, where something else than the media says it.
    """

    hits: tuple[Hit, ...]
    took_ms: float
    best: float = 0.0
    warnings: tuple[str, ...] = ()
    possible: tuple[Hit, ...] = ()
    total: int = 0
    has_more: bool = False
    reason: str | None = None

    @property
    def shown(self) -> tuple[Hit, ...]:
        """The whole page: what is sure, then what is possible."""
        return self.hits + self.possible

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: Any) -> Any:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)
