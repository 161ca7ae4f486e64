"""The words of the project as frozen values. No input, no output, no heavy import.

Times are integer milliseconds, spans are half-open, arrays are NumPy. See docs/glossary.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Medium: TypeAlias = Literal["image", "video", "audio", "document"]
Kind: TypeAlias = Literal["image", "region", "shot", "speech", "sound", "passage", "text_line"]
Step: TypeAlias = Literal["read", "watch", "listen", "transcribe", "ocr", "regions"]
Lane: TypeAlias = Literal["said", "shows", "reads", "sounds", "words"]
Sense: TypeAlias = Literal["text", "image", "sound"]

MEDIA: tuple[Medium, ...] = ("image", "video", "audio", "document")
KINDS: tuple[Kind, ...] = ("image", "region", "shot", "speech", "sound", "passage", "text_line")
STEPS: tuple[Step, ...] = ("read", "watch", "listen", "transcribe", "ocr", "regions")

# Which senses meet which kinds of segment: text meets text in the sentence space, all else in the shared one.
TEXT_KINDS: tuple[Kind, ...] = ("passage", "speech", "text_line")
SHARED_KINDS: tuple[Kind, ...] = ("image", "region", "shot", "sound")
LANE_OF: dict[Kind, Lane] = {
    "image": "shows",
    "region": "shows",
    "shot": "shows",
    "sound": "sounds",
    "speech": "said",
    "passage": "words",
    "text_line": "reads",
}

SENSE_OF: dict[Kind, Sense] = {  # the sense by which a segment is encoded
    "image": "image",
    "region": "image",
    "shot": "image",
    "sound": "sound",
    "speech": "text",
    "passage": "text",
    "text_line": "text",
}

Vectors: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open [start, end): milliseconds, or characters of a document's text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}..{self.end}")

    @property
    def length(self) -> int:
        return self.end - self.start

    def overlap(self, other: Span) -> int:
        """Shared length, 0 if apart."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Box:
    """A place in a picture, in ten-thousandths of its width and height; 0, 0 is the upper left corner."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Space:
    """Vectors that may be compared: same encoder, revision and dimension."""

    name: str
    encoder: str
    revision: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Pixels:
    """How an image encoder wants a picture: uint8 (size, size, 3), RGB.

    fit: `squeeze` resizes both sides, `crop` resizes the shorter side and cuts the middle, `pad` resizes the
    longer side and fills the rest with `fill`. resample: a name of Pillow's `Resampling`, in lower case.
    """

    size: int
    fit: Literal["squeeze", "crop", "pad"] = "squeeze"
    resample: Literal["bicubic", "bilinear", "lanczos"] = "bicubic"
    fill: int = 0


@dataclass(frozen=True, slots=True)
class Samples:
    """How a sound encoder wants sound: float32 mono in -1..1, windows of `window_ms` every `hop_ms`."""

    rate: int = 16_000
    window_ms: int = 4_000
    hop_ms: int = 4_000


Form: TypeAlias = Pixels | Samples | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of itself, beside its content. Unknown is None or empty."""

    medium: Medium
    format: str = ""  # "jpeg", "mp4", "pdf": lower case, for people and for the keyword index
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    taken_at: str | None = None  # local time, "2019-07-14T16:03:11"
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    lang: str | None = None  # BCP 47 primary tag: "en", "zh"
    title: str | None = None
    artist: str | None = None
    keywords: tuple[str, ...] = ()
    has_sound: bool = False  # a video or audio file with a soundtrack
    has_pictures: bool = False  # a video with a picture track that moves
    has_subtitles: bool = False  # embedded or sidecar text stands for its speech


@dataclass(frozen=True, slots=True)
class Segment:
    """The smallest thing that is found. `span` in ms of timed media, `chars` in characters of a document."""

    kind: Kind
    span: Span | None = None
    chars: Span | None = None
    page: int | None = None  # 1-based
    text: str | None = None
    lang: str | None = None
    box: Box | None = None  # of a region, or a line of text, in its picture


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One array that an encoder sees of a segment: pixels (h, w, 3) uint8, or samples (n,) float32."""

    array: NDArray[Any]
    at_ms: int | None = None  # presentation time of a frame
    imprint: bytes = b""  # how it looks or sounds, see retrieval.imprints; empty where nobody asked


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A segment as it was read, with the views that its encoder needs (none for text)."""

    segment: Segment
    views: tuple[View, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """A file left out, and why."""

    path: Path
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must fulfil whatever its score. Times are local ISO dates, lengths are ms."""

    media: frozenset[Medium] = frozenset()
    path: str | None = None  # glob over the whole path
    after: str | None = None
    before: str | None = None
    min_duration_ms: int | None = None
    max_duration_ms: int | None = None
    camera: str | None = None
    lang: str | None = None
    near: tuple[float, float, float] | None = None  # latitude and longitude in degrees, radius in km
    min_bytes: int | None = None
    max_bytes: int | None = None
    tag: str | None = None  # what a picture, shot or sound of it shows or lets hear: see retrieval.tags

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """One part of a question: text, a file, an array or picture, or a segment (or path) of the library.

    `value`: str for text; Path for a file; PIL image or uint8 (h, w, 3) array for a picture; float32 (n,) array
    at 16 kHz for sound; segment id or path (str) for `like`.
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
class Must:
    """+part: no answer is surer than it is of this."""

    part: Tree


@dataclass(frozen=True, slots=True)
class Not:
    """-part: what fits it is lowered."""

    part: Tree


@dataclass(frozen=True, slots=True)
class All:
    """Parts side by side: all count."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """Parts joined by AND: each is needed."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Parts joined by OR: one is enough."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Then:
    """Events in order, in one video or recording. within_ms: for each but the first, the longest pause before it."""

    parts: tuple[Tree, ...]
    within_ms: tuple[int | None, ...]


Tree: TypeAlias = Leaf | Weighted | Must | Not | All | Both | Either | Then


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A whole question: operands that all count, and filters that all must hold.

    tree: how the first operands, which are its leaves in order, are combined; None: all count. See docs/decisions/0180.
    more_like, less_like: segments or paths of the library, said to be right or wrong answers. See docs/decisions/0201.
    """

    operands: tuple[Operand, ...] = ()
    filters: Filters = field(default_factory=Filters)
    limit: int = 20
    offset: int = 0
    sort: Literal["confidence", "date"] = "confidence"
    min_confidence: float | None = None  # None: the default cut; 0.0: everything
    tree: Tree | None = None
    more_like: tuple[str, ...] = ()
    less_like: tuple[str, ...] = ()

    @classmethod
    def plain(cls, text: str, **parts: Any) -> Query:
        """Any text at all, as words without operators. parts: other fields of the query."""
        return cls((Operand("text", text),) if text.strip() else (), **parts)


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
    """What a picture, shot or sound shows or lets hear: a name of the vocabulary, and how sure it is, 0..1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An asset that answers, with its best segments, best first.

    score: raw value, comparable within one lane only. confidence: 0..1, comparable everywhere. alike: how many further
    pictures that answer show the same and are not listed themselves.
    """

    path: Path
    paths: tuple[Path, ...]
    asset: str  # content hash, hex
    medium: Medium
    score: float
    confidence: float
    segments: tuple[FoundSegment, ...]
    taken_at: str | None = None
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
