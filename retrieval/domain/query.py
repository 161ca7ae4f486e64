"""Questions: operands, the tree of operators that joins them, and filters."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from retrieval.domain.media import InputSpec, Lane, Medium

Reach: TypeAlias = Literal["sure", "possible", "all"]
"""How far down an answer reaches: what is sure alone, what is possible as well, or every candidate."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions on hits, whatever their score. Times are local ISO dates, lengths are ms."""

    media: frozenset[Medium] = frozenset()
    path: str | None = None  # glob over the whole path
    after: str | None = None
    before: str | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    camera: str | None = None
    lang: str | None = None
    near: tuple[float, float, float] | None = None  # latitude and longitude in degrees, radius in km
    place: str | None = None  # a name of where it was taken: a town, city, region or country, in any language
    min_bytes: int | None = None
    max_bytes: int | None = None
    newer_than: int | None = (
        None  # commit number, 0163: assets with something that came later; the language has no word for it
    )
    tag: str | None = None  # what a picture, shot or sound of it shows or lets hear: see retrieval.search.tagging

    def __bool__(self) -> bool:
        return self != Filters()


class FileReader(Protocol):
    """Opens one file: here, or where a broken one does no harm."""

    def __call__(self, step: str, medium: Medium | None = None, spec: InputSpec = None) -> Generator[Any]:
        """What the reader of that name in retrieval.media.extract gives; `identify` gives the file's Medium.

        Raises: MediaError.
        """


@dataclass(frozen=True, slots=True, eq=False)
class SentFile:
    """A file of somebody else, which its own `read` opens and nothing else decodes."""

    path: Path
    read: FileReader

    def __str__(self) -> str:
        """Its name; the folder is nobody's business."""
        return self.path.name


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """One part of a question: text, a file, an array or picture, or a segment (or path) of the library.

    `value`: str for text; a path (str or Path), the bytes of a file or a SentFile; for a picture also a PIL image or an
    array (h, w, 3) of uint8 or of floats in 0..1; for sound also samples (n,) at 16 kHz, floats in -1..1 or int16; the id
    of a segment, or a path of the library, for `like`. weight: above 0.
    """

    sense: Literal["text", "image", "audio", "video", "document", "like"]
    value: Any
    weight: float = 1.0
    lane: Lane | None = None  # the only lane that it asks; None: all


@dataclass(frozen=True, slots=True)
class Leaf:
    """One operand as it is written. value: text with its quotes, the path of a file, or a segment's id."""

    sense: Literal["text", "image", "audio", "video", "document", "like"]
    value: str
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class Weighted:
    """A part that counts `weight` times, > 0."""

    part: Tree
    weight: float


@dataclass(frozen=True, slots=True)
class Required:
    """+part: no answer is surer than it is of this."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Not:
    """-part: what fits it is lowered."""

    part: Tree


@dataclass(frozen=True, slots=True)
class WeightedSum:
    """Parts side by side: all count."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class And:
    """Parts joined by AND: each is needed."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Parts joined by OR: one is enough."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class EventSequence:
    """Events in order, in one video or recording. within_ms: for each but the first, the longest pause before it."""

    parts: tuple[Tree, ...]
    within_ms: tuple[int | None, ...]


Tree: TypeAlias = Leaf | Weighted | Required | Not | WeightedSum | And | Or | EventSequence


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A whole question: operands that all count, and filters that all must hold.

    tree: how the first operands, which are its leaves in order, are combined; None: all count. See docs/decisions/0180.
    more_like, less_like: segments or paths of the library, said to be right or wrong answers. See docs/decisions/0201.
    notes: lines that tell how its words were read. warnings: those that whoever asks should see.
    """

    operands: tuple[Operand, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    offset: int = 0
    sort: Literal["confidence", "date"] = "confidence"
    min_confidence: float | None = None  # of hits, instead of the rule for what is sure; 0.0: every candidate is a hit
    reach: Reach = "possible"
    tree: Tree | None = None
    more_like: tuple[str, ...] = ()
    less_like: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def plain(cls, text: str, **parts: Any) -> Query:
        """Any text at all, as words without operators. parts: other fields of the query."""
        return cls((Operand("text", text),) if text.strip() else (), **parts)
