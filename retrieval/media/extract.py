"""The six steps of reading one file, whatever its medium. Each is a generator; nothing is decoded before it is asked
for.

    read        every medium   Facts first, then segments: pictures, passages, subtitles
    watch       video          shots with frame views
    listen      audio, video   sound windows
    chunks      audio, video   samples for the transcriber
    lines       image, video, document   text in pictures
    regions     image          overlapping parts of a large picture

Every step raises a MediaError where the file cannot be used, possibly after it has given some segments. Which files are
media at all is decided by `sniff.identify`. The modules that own PIL and av are imported when their step is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ExtractedSegment, ImageSpec, Medium, Metadata
from retrieval.settings import LIMITS, RATE, Limits


def read(path: Path, medium: Medium, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts, then the Readings that need no long decoding.

    An image gives `image` segments with their views in `form`; a document `passage` segments and `image` segments for
    the pictures inside; a video `speech` segments where it has subtitles; audio nothing but its facts.
    """
    if medium == "image":
        from retrieval.media.image.decode import read_image

        yield from read_image(path, form, limits)
    elif medium == "document":
        from retrieval.media.documents.document import read_document

        yield from read_document(path, form, limits)
    elif medium == "video":
        from retrieval.media.av.video import read_video

        yield from read_video(path, limits)
    else:
        from retrieval.media.av.audio import read_audio

        yield from read_audio(path)


def watch(
    path: Path, form: ImageSpec, limits: Limits = LIMITS, alive: Callable[[], None] = lambda: None
) -> Iterator[ExtractedSegment]:
    """`shot` Readings in time order, each with its frame views in `form`, given as soon as the shot has ended.

    A minute of large pictures takes minutes to decode: `alive` is called every few frames, as a sign of progress.
    """
    from retrieval.media.av.video import watch_video

    yield from watch_video(path, form, limits, alive)


def listen(path: Path, form: AudioSpec) -> Iterator[ExtractedSegment]:
    """`sound` Readings in time order, one view each; silent windows are left out. No soundtrack gives nothing."""
    from retrieval.media.av.audio import listen_audio

    yield from listen_audio(path, form)


def chunks(path: Path, rate: int = RATE, seconds: int = 30) -> Iterator[NDArray[np.float32]]:
    """Consecutive mono samples in -1..1, `seconds` long but for the last. No soundtrack gives nothing."""
    from retrieval.media.av.audio import chunks as audio_chunks

    yield from audio_chunks(path, rate, seconds)


def lines(
    path: Path, medium: Medium, limits: Limits = LIMITS, alive: Callable[[], None] = lambda: None
) -> Iterator[ExtractedSegment]:
    """`text_line` Readings of what is written in a picture, a video's key frames or a PDF's scanned pages."""
    from retrieval.media.ocr import read_lines

    yield from read_lines(path, medium, limits, alive)


def regions(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[ExtractedSegment]:
    """`region` Readings of a picture, one view each in `form`; none of one that is not much larger than that."""
    from retrieval.media.image.tiles import read_regions

    yield from read_regions(path, form, limits)
