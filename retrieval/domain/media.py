"""Media, segments and what encoders take of them: frozen values without I/O.

Times are integer milliseconds, spans are half-open, arrays are NumPy. See docs/glossary.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Medium: TypeAlias = Literal["image", "video", "audio", "document"]

Kind: TypeAlias = str  # a row of retrieval.kinds.KINDS

Step: TypeAlias = str  # a row of indexer.pipeline.steps.STEPS

DateFrom: TypeAlias = Literal["exif", "iptc", "xmp", "gps", "container", "document", "name", "mtime"]

Lane: TypeAlias = Literal["said", "shows", "reads", "sounds", "words"]

Evidence: TypeAlias = Literal["picture", "sound", "words", "said", "line", "name", "meaning", "file"]
"""Of what a hit was made: a picture or sound that is like the question, the very words in a text, a sentence that is said
or a line read in a picture, words in its name or tags, a text of that meaning, or the very file that asks."""

Modality: TypeAlias = Literal["text", "image", "sound"]

MODALITIES: tuple[Modality, ...] = ("text", "image", "sound")

MEDIA: tuple[Medium, ...] = ("image", "video", "audio", "document")

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
class ImageSpec:
    """How an image encoder wants a picture: uint8 (size, size, 3), RGB.

    fit: `squeeze` resizes both sides, `crop` resizes the shorter side and cuts the middle, `pad` resizes the
    longer side and fills the rest with `fill`. resample: a name of Pillow's `Resampling`, in lower case.

    Two more leave about the shape that a picture has, uint8 (height, width, 3). `whole`: nothing is cut, the shorter side
    is at most four times `size`, and the encoder does the rest. `grid`: sides in steps of `step` pixels, as large as
    `tokens` squares of that side allow; `size` is then about the side of a square picture.
    """

    size: int
    fit: Literal["squeeze", "crop", "pad", "whole", "grid"] = "squeeze"
    resample: Literal["bicubic", "bilinear", "lanczos"] = "bicubic"
    fill: int = 0
    step: int = 1
    tokens: int = 0

    @property
    def decoded(self) -> int:
        """Pixels a side of which a decoder keeps at least half as many again; `whole` takes up to four times `size`."""
        return 8 * self.size // 3 + 1 if self.fit == "whole" else self.size

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Width and height (pixels) that a picture of that shape has by `grid`.

        Source: get_aspect_ratio_preserving_size of transformers' image processor of Gemma 4.
        """
        factor = math.sqrt(self.tokens * self.step**2 / (width * height))
        across, down = int(factor * width / self.step), int(factor * height / self.step)
        if not across:
            across, down = 1, min(height // width, self.tokens)
        elif not down:
            across, down = min(width // height, self.tokens), 1
        return across * self.step, down * self.step


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """How a sound encoder wants sound: float32 mono in -1..1, windows of `window_ms` every `hop_ms`."""

    rate: int = 16_000
    window_ms: int = 4_000
    hop_ms: int = 4_000


@dataclass(frozen=True, slots=True)
class PictureSpec:
    """A picture of a file as people look at it: the page of a document or TIFF, the frame of a film at a time; side: pixels
    of the longer side, at most."""

    page: int | None
    at_ms: int
    side: int


InputSpec: TypeAlias = ImageSpec | AudioSpec | None


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself, beside its content. Unknown is None or empty."""

    medium: Medium
    format: str = ""  # "jpeg", "mp4", "pdf": lower case, for people and for the keyword index
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    pages: int | None = None
    date: str | None = None  # local time, "2019-07-14T16:03:11", or less: "2019-07"
    date_from: DateFrom | None = None
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
    pair: str | None = None  # what the still and the film of a Live Photo share
    places: tuple[str, ...] = ()  # names of where it was taken: "Voss, Vestland, Norway" first, then single names


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
class ModelInput:
    """One array that an encoder sees of a segment: pixels (h, w, 3) uint8, or samples (n,) float32."""

    array: NDArray[Any]
    at_ms: int | None = None  # presentation time of a frame
    fingerprint: bytes = b""  # how it looks or sounds, see retrieval.media.fingerprint; empty where nobody asked


@dataclass(frozen=True, slots=True, eq=False)
class ExtractedSegment:
    """A segment as it was read, with the views that its encoder needs (none for text)."""

    segment: Segment
    views: tuple[ModelInput, ...] = ()


NOT_MEDIA = frozenset(("not media", "not a file", "linked folder"))
"""Reasons of skips that lose nothing: there was no medium to read."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A file left out, and why. changed_at: when it was last changed as it was read, local ISO time; empty: unknown."""

    path: Path
    reason: str
    detail: str = ""
    changed_at: str = ""
