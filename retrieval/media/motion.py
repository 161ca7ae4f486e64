"""Motion photos: the film that a still carries behind it, as a shot of its own and for showing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, ModelInput, Segment, Span
from retrieval.errors import MediaError
from retrieval.media.image.live import film_inside
from retrieval.settings import LIMITS, Limits

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FRAMES: Final = 8


def read_photo(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """As `image.decode.read_image`, and behind it the film of a motion photo as one `shot` over its length."""
    from retrieval.media.image.decode import read_image

    yield from read_image(path, form, limits)
    if film := film_inside(path):
        yield from _shot(film, form, limits)


def _shot(film: bytes, form: ImageSpec, limits: Limits) -> Iterator[ExtractedSegment]:
    """One segment with key frames as its views; none where the film cannot be decoded: the still is whole without it."""
    from retrieval.media.av.video import key_frames_inside
    from retrieval.media.image.decode import fit

    with suppress(MediaError):
        length, frames = key_frames_inside(film, limits)
        if kept := list(islice(frames, 0, None, len(frames) // MOST_FRAMES + 1)):
            views = tuple(ModelInput(fit(picture, form), at) for at, picture in kept)
            yield ExtractedSegment(Segment("shot", Span(0, max(length, frames[-1][0] + 1))), views)


def photo_at(path: Path, limits: Limits = LIMITS, side: int = 0, *, page: int | None = None, at_ms: int = 0) -> Image:
    """As `image.decode.open_image`; of a motion photo at a time (ms, above 0) the key frame of its film before it."""
    from retrieval.media.av.video import key_frames_inside
    from retrieval.media.image.decode import open_image

    if at_ms > 0 and (film := film_inside(path)):
        with suppress(MediaError):
            _, frames = key_frames_inside(film, limits)
            for at, picture in reversed(frames):
                if at <= at_ms:
                    return picture
    return open_image(path, limits, side, page=page, at_ms=at_ms)
