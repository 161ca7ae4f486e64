"""The one table of segment kinds. A new kind is a row here, a step that reads it, and a calibration.

A program of its own may add rows before it opens a library: KINDS["face"] = SegmentKind(...).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Protocol

from retrieval.domain.media import Kind, Lane, Modality
from retrieval.domain.text import is_sentence


@dataclass(frozen=True, slots=True)
class SegmentKind:
    """How one kind of segment is encoded, found, calibrated and named.

    modality: what an encoder sees of it. space: the name of the space that holds its vectors. own_space: the space that
    holds them in place of it where a profile has a space of that name; docs/decisions/0149. retriever: the lane that
    finds it, as results name it. plural: for counts. is_timed: it has a span of milliseconds. calibration: the target
    in a direction of calibration ("text-speech"); default its modality. calibrated_with: kinds whose best scores set
    its calibration together with its own. multi_instance_correction: log-odds that the best of many parts of one
    picture reaches by chance; docs/decisions/0250. tags: the section of the vocabulary that it is tagged with, or none.
    sentences_only: of its texts only sentences have a meaning that is encoded; docs/decisions/0249.
    """

    modality: Modality
    space: str
    retriever: Lane
    plural: str
    is_timed: bool = False
    calibration: str = ""
    calibrated_with: tuple[Kind, ...] = ()
    multi_instance_correction: float = 0.0
    tags: str = ""
    sentences_only: bool = False
    own_space: str = ""


KINDS: dict[Kind, SegmentKind] = {
    "image": SegmentKind("image", "shared", "shows", "images", calibrated_with=("region",), tags="seen"),
    "region": SegmentKind(
        "image", "shared", "shows", "regions", calibrated_with=("image",), multi_instance_correction=1.6
    ),
    "shot": SegmentKind("image", "shared", "shows", "shots", is_timed=True, tags="seen"),
    # Speech and text lines are short, and short sentences are near to many questions: a calibration of their own.
    "speech": SegmentKind("text", "sentence", "said", "sentences", is_timed=True, calibration="speech"),
    "sound": SegmentKind("sound", "shared", "sounds", "sounds", is_timed=True, tags="heard", own_space="sound"),
    "passage": SegmentKind("text", "sentence", "words", "passages"),
    "text_line": SegmentKind(
        "text", "sentence", "reads", "lines in pictures", calibration="speech", sentences_only=True
    ),
}


def kinds_in(space: str, retriever: Lane | None = None) -> tuple[Kind, ...]:
    """The kinds whose vectors lie in a space, in the order of the table; those of one retriever only, where it is named."""
    return tuple(
        name
        for name, kind in KINDS.items()
        if space in (kind.space, kind.own_space) and retriever in (None, kind.retriever)
    )


class HasSpaces(Protocol):
    """What names a space, and one in place of it: a kind of segment, or a step that makes such segments."""

    @property
    def space(self) -> str: ...

    @property
    def own_space(self) -> str: ...


def space_among(row: HasSpaces, spaces: Container[str]) -> str:
    """The name of the space that holds the vectors of a kind, or of what a step makes, where there are these spaces."""
    return row.own_space if row.own_space in spaces else row.space


def has_meaning(kind: Kind, text: str) -> bool:
    """Whether a text of a segment of this kind is encoded, or found by its words alone."""
    return is_sentence(text) if KINDS[kind].sentences_only else bool(text)


def calibrated_together(kind: Kind) -> list[Kind]:
    """A kind and those whose best scores set its calibration with its own, in the order of the table."""
    return [name for name in KINDS if name == kind or name in KINDS[kind].calibrated_with]


def asked_of(space: str) -> set[Modality]:
    """The modalities of a question that a space is asked with: those of its kinds, and text."""
    return {"text", *(kind.modality for kind in KINDS.values() if space in (kind.space, kind.own_space))}
