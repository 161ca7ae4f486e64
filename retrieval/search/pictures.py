"""Pictures of what the library holds: a photo, a frame of a video or animation, a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.domain.media import Medium, PictureSpec
from retrieval.domain.place import place_text
from retrieval.domain.records import StoredAsset, StoredSegment
from retrieval.errors import MediaUnreadable
from retrieval.media.objects import is_there, localized

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 1280  # pixels of the longer side of a picture that is shown, at most


def picture_of(path: Path, medium: Medium, page: int | None, at_ms: int | None, side: int = SIDE) -> Image | None:
    """The picture, the frame at a time, or the page of a PDF or TIFF; None for what has none.

    side: pixels of the longer side, at most. Raises: MediaError where the file cannot be read.
    """
    picture: Image | None = None
    if medium == "image":
        from retrieval.media.motion import photo_at

        picture = photo_at(path, side=side, page=page, at_ms=at_ms or 0)
    elif medium == "video" and at_ms is not None:
        from retrieval.media.av.video import frame_at

        picture = frame_at(path, at_ms)
    elif medium == "document" and page is not None and path.suffix.lower() == ".pdf":
        from retrieval.media.documents.pdf import page_picture  # the one form whose pages look the same everywhere

        picture = page_picture(path, page, side)
    if picture is not None:
        picture.thumbnail((side, side))
    return picture


def frame_of(asset: StoredAsset, segments: Sequence[StoredSegment], at_ms: int | None, side: int) -> Image | None:
    """The picture of an asset, or of the one segment that is named: its page, or the middle of its span unless at_ms says.

    Raises:
        MediaUnreadable: none of its files is at hand, or it cannot be read.
    """
    path = next(filter(is_there, asset.paths), None)
    if path is None:
        raise MediaUnreadable(f"{place_text(asset.paths[0])} is offline", "mount its source, then try again")
    spec = spec_of(asset.medium, segments, at_ms, side)
    with localized(path) as here:
        return picture_of(here, asset.medium, spec.page, spec.at_ms, side)


def spec_of(medium: Medium, segments: Sequence[StoredSegment], at_ms: int | None, side: int) -> PictureSpec:
    """Which picture shows an asset or the one segment of it: as `frame_of`."""
    one = segments[0].segment if len(segments) == 1 else None
    page = one.page if one is not None else 1 if medium == "document" else None
    if at_ms is None:
        at_ms = (one.span.start + one.span.end) // 2 if one is not None and one.span is not None else 0
    return PictureSpec(page, at_ms, side)


def jpeg(picture: Image) -> bytes:
    """A picture as a JPEG."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
