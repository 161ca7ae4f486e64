"""Readers: what each indexing step takes from one file. Nothing is decoded before it is asked for.

    read        every medium             metadata first, then segments: pictures, passages, subtitles
    watch       video                    shots with their frames
    listen      audio, video             sound windows
    samples     audio, video             mono samples for the transcriber
    lines       image, video, document   text in pictures
    regions     image                    overlapping tiles of a large picture

All have one signature: the path and medium of a file, the input spec of the encoder that will see it, the limits, and
`alive`, which is called every few frames as a sign of progress. Every reader raises a MediaError where the file cannot
be used, possibly after it has given some segments. Which files are media at all is decided by `sniff.identify`. The
text of metadata and segments is valid Unicode without NUL, whatever the library that read it gave: encoders, UTF-8 and
SQLite stop at lone surrogates, and full-text search at NUL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ExtractedSegment, ImageSpec, Medium, Metadata
from retrieval.domain.text import valid_text
from retrieval.media.places import places_of
from retrieval.settings import LIMITS, RATE, Limits


def _silent() -> None:
    """No sign of progress is wanted."""


def _clean(text: str | None) -> str | None:
    return None if text is None else valid_text(text).replace("\0", " ")


def _valid(found: Metadata | ExtractedSegment) -> Metadata | ExtractedSegment:
    """The same with text that encoders and databases take."""
    if isinstance(found, Metadata):
        words = tuple(_clean(word) or "" for word in found.keywords)
        said = (_clean(found.title), _clean(found.artist), _clean(found.camera))
        places = places_of(found.latitude, found.longitude)
        return replace(found, title=said[0], artist=said[1], camera=said[2], keywords=words, places=places)
    return replace(found, segment=replace(found.segment, text=_clean(found.segment.text)))


def read(
    path: Path, medium: Medium, spec: ImageSpec, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[Metadata | ExtractedSegment]:
    """Metadata, then the segments that need no long decoding.

    An image gives `image` segments with their model inputs, a motion photo also the `shot` inside it; a document
    `passage` segments and `image` segments for the pictures inside; audio and video `speech` segments where they have
    subtitles, and a `text_line` segment for each chapter that has a name.
    """
    yield from map(_valid, _read(path, medium, spec, limits))


def _read(path: Path, medium: Medium, spec: ImageSpec, limits: Limits) -> Iterator[Metadata | ExtractedSegment]:
    if medium == "image":
        from retrieval.media.motion import read_photo

        yield from read_photo(path, spec, limits)
    elif medium == "document":
        from retrieval.media.documents.document import read_document

        yield from read_document(path, spec, limits)
    elif medium == "video":
        from retrieval.media.av.video import read_video

        yield from read_video(path, limits)
    else:
        from retrieval.media.av.audio import read_audio

        yield from read_audio(path)


def watch(
    path: Path, medium: Medium, spec: ImageSpec, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[ExtractedSegment]:
    """`shot` segments in time order, each with its frames, given as soon as the shot has ended."""
    from retrieval.media.av.video import watch_video

    yield from watch_video(path, spec, limits, alive)


def listen(
    path: Path, medium: Medium, spec: AudioSpec, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[ExtractedSegment]:
    """`sound` segments in time order, one window each; silent windows are left out. No soundtrack gives nothing."""
    from retrieval.media.av.audio import listen_audio

    yield from listen_audio(path, spec)


def samples(
    path: Path, medium: Medium, spec: None = None, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[NDArray[np.float32]]:
    """Consecutive mono float32 samples (n,) in -1..1 at RATE, 30 s long but for the last. No soundtrack gives nothing."""
    from retrieval.media.av.audio import chunks

    yield from chunks(path, RATE, 30)


def lines(
    path: Path, medium: Medium, spec: None = None, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[ExtractedSegment]:
    """`text_line` segments: text in a picture, in a video's key frames or on a PDF's scanned pages."""
    from retrieval.media.ocr import read_lines

    yield from read_lines(path, medium, limits, alive)


def regions(
    path: Path, medium: Medium, spec: ImageSpec, limits: Limits = LIMITS, alive: Callable[[], None] = _silent
) -> Iterator[ExtractedSegment]:
    """`region` segments of a picture, one model input each; none of a picture that is not much larger than that."""
    from retrieval.media.image.tiles import read_regions

    yield from read_regions(path, spec, limits)
