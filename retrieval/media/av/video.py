"""The pictures of one clip: facts, subtitles, shots with frame views, and single frames for showing.

Times are presentation time stamps from the start of the container, so clips of varying frame rate stay right. Memory
holds one shot's views and a few frames, whatever the length.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, ModelInput, Segment, Span
from retrieval.errors import MediaTooLarge, MediaUnreadable
from retrieval.media.av import subtitles
from retrieval.media.av.clock import Clock, is_joined
from retrieval.media.av.ffmpeg import (
    chapters,
    duration_ms,
    facts_of,
    first_frame,
    nothing_to_play,
    opened,
    packets,
    picture_stream,
)
from retrieval.media.av.frames import aspect_of, is_hdr, picture, shown_size, squeezed
from retrieval.media.av.shots import HEIGHT, WIDTH, ShotFinder, is_flat
from retrieval.media.image.decode import fit
from retrieval.settings import FRAME_EVERY_MS, LIMITS, LONGEST_SHOT_MS, Limits

STILL: Final = 3.0  # mean difference (0..255) up to which two frames of a shot are one view
LOOK_EVERY_MS: Final = 28  # frames closer than this are decoded but not looked at: 30 a second show every border
BUSY: Final = 1280 * 720 * 31  # pixels a second above which frames that no other needs are not decoded
THREADS: Final = 4
FINER: Final = 2  # times the encoder's size, to which FFmpeg may shrink a frame before it is fitted
STILL_MS: Final = 500  # frames that stand longer, on the whole, are slides
SEEK_BACK_MS: Final = (0, 2_000, 12_000, 60_000)  # where decoding begins before the frame that is wanted
MOST_KEYS: Final = 16  # key frames that are held of a film inside a photo
FRAMES_A_SIGN = 16  # decoded between two signs of life


def read_video(path: Path, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts, then `text_line` Readings of its chapters, and `speech` Readings of its subtitles: files beside it, else
    the tracks inside.

    Raises:
        MediaUnreadable: truncated or damaged, or without a single frame.
        MediaTooLarge: frames of more pixels than limits.pixels.
    """
    with opened(path) as container:
        facts = facts_of(path, container, "video")
        if facts.has_pictures:
            facts = _upright(path, facts, container, limits)
        elif not facts.has_sound:
            raise nothing_to_play(path, container)
        named = chapters(container)
    unread: list[str] = []
    said = _speech(path, unread)
    lang, form = facts.lang or (said[0].lang if said else None), facts.format + subtitles.note(unread)
    yield replace(facts, format=form, has_subtitles=bool(said), lang=lang)
    yield from (ExtractedSegment(segment) for segment in (*named, *said))


def _upright(path: Path, facts: Metadata, container: Any, limits: Limits) -> Metadata:
    """Facts with the size of the first frame as it is shown."""
    _check_size(path, picture_stream(container), limits)
    frame = first_frame(container, picture_stream(container))
    if frame is None:
        raise MediaUnreadable(f"{path.name} holds no picture that can be decoded", reason="truncated")
    width, height = shown_size(frame, aspect_of(picture_stream(container)))
    return replace(facts, width=width, height=height)


def _check_size(path: Path, stream: Any, limits: Limits) -> None:
    pixels = stream.codec_context.width * stream.codec_context.height
    if pixels > limits.pixels // 4:  # decoders hold several frames at once
        raise MediaTooLarge(f"{path.name} has frames of {pixels / 1e6:.0f} megapixels")


def _speech(path: Path, unread: list[str]) -> list[Segment]:
    """Segments of all sidecar files, else of all text tracks inside; one segment for each span. unread: see subtitles."""
    found: dict[Span | None, Segment] = {}
    for segment in (*subtitles.beside(path, unread),) or (*_track_speech(path),):
        known = found.get(segment.span)
        text = segment.text if known is None or known.text == segment.text else f"{known.text}\n{segment.text}"
        found[segment.span] = replace(known or segment, text=text)
    return sorted(found.values(), key=lambda one: (one.span.start, one.span.end) if one.span else (0, 0))


def _track_speech(path: Path) -> Iterator[Segment]:
    with opened(path) as container:
        indexes = [track.index for track in subtitles.text_tracks(container)]
    for index in indexes:  # opened anew for each: reading one track runs through the whole file
        with opened(path) as container:
            track = container.streams[index]
            lang = subtitles.track_lang(track)
            yield from subtitles.segments(subtitles.track_cues(container, track), lang)


def watch_video(
    path: Path, form: ImageSpec, limits: Limits = LIMITS, alive: Callable[[], None] = lambda: None
) -> Iterator[ExtractedSegment]:
    """`shot` Readings in time order, each as soon as it has ended, with views about every FRAME_EVERY_MS.

    Still frames are merged; black and flat ones are left out, and with them a shot that shows nothing else. Shots
    longer than a minute come in parts. A file without moving pictures gives nothing. `alive` is called every few
    frames.

    Raises:
        MediaUnreadable: nothing, or nothing more, can be decoded. MediaTooLarge: frames above the limit.
    """
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            return
        _check_size(path, stream, limits)
        _hurry(stream)
        watch, frame, at, number = _Watch(form, aspect_of(stream)), None, 0, 0
        for number, (frame, at) in enumerate(_timed(container, stream)):
            yield from watch.see(frame, at)
            if number % FRAMES_A_SIGN == 0:
                alive()
        if frame is None:
            raise MediaUnreadable(f"{path.name} holds no picture that can be decoded", reason="truncated")
        until = at + _frame_ms(stream)
        if at >= STILL_MS * number:  # slides, each of which stands until the next, and the last one to the end
            until = max(until, duration_ms(container, stream) or 0)
        yield from watch.end(frame, until)


def _hurry(stream: Any) -> None:
    """Decodes on a few threads; of very large or fast streams only the frames that others need."""
    context = stream.codec_context
    context.thread_type, context.thread_count = "AUTO", THREADS
    if context.width * context.height * float(stream.average_rate or 25) > BUSY:
        context.skip_frame = "NONREF"


def _frame_ms(stream: Any) -> int:
    rate = float(stream.average_rate or 25)
    return round(1000 / rate) if 1 <= rate <= 1000 else 40


def _timed(container: Any, stream: Any, only_keys: bool = False) -> Iterator[tuple[Any, int]]:
    """Frames with their running time in ms."""
    clock = Clock(container, _frame_ms(stream))
    for frame in packets(container, stream, only_keys):
        yield frame, clock.at(frame)


class _Watch:
    """What is known of the shot under way: its start, and views not yet given."""

    def __init__(self, form: ImageSpec, aspect: Fraction | None) -> None:
        self._form = form
        self._least = FINER * form.size if form.fit in ("squeeze", "crop", "pad") else 0
        self._aspect = aspect
        self._finder = ShotFinder()
        # Kept, and on one thread: set up anew for each frame, a scaler takes ten times as long as its work.
        self._scaler, self._shrinker = VideoReformatter(), VideoReformatter()
        self._start = 0
        self._looked = -(10**9)
        self._sampled = -(10**9)
        self._views: list[ModelInput] = []

    def see(self, frame: Any, at: int) -> Iterator[ExtractedSegment]:
        """Takes the next frame; gives the shots that it shows to have ended."""
        if at - self._looked < LOOK_EVERY_MS:
            return
        self._looked = at
        small = self._small(frame)
        borders = self._finder.add(at, small)
        if borders or at - self._sampled >= FRAME_EVERY_MS:
            self._sample(frame, small, at)
        for border in borders:
            yield from self._close(border)
        if at - self._start >= LONGEST_SHOT_MS:
            yield from self._close(at)
            self._sample(frame, small, at)

    def end(self, frame: Any, until: int) -> Iterator[ExtractedSegment]:
        """The last shots; `frame` is the last one, `until` the time at which it ends."""
        borders = self._finder.finish()
        if borders or not self._views:
            self._sample(frame, self._small(frame), max(self._looked, 0))
        for border in (*borders, until):
            yield from self._close(border)

    def _small(self, frame: Any) -> NDArray[np.float32]:
        """(HEIGHT, WIDTH, 3) float32 0..255 of a frame, each pixel the mean of its area."""
        small = self._shrinker.reformat(frame, WIDTH, HEIGHT, "rgb24", interpolation="AREA", threads=1)
        return np.asarray(small.to_ndarray(), np.float32)

    def _sample(self, frame: Any, small: NDArray[np.float32], at: int) -> None:
        self._sampled = at
        if not is_flat(small):
            self._views.append(ModelInput(self._view(frame), at))

    def _view(self, frame: Any) -> NDArray[np.uint8]:
        """A frame in the encoder's shape; of a large one that may be squeezed FFmpeg makes it in one step."""
        form = self._form
        if form.fit == "squeeze" and min(frame.width, frame.height) >= FINER * form.size and not is_hdr(frame):
            return squeezed(frame, form.size, form.resample, self._scaler)
        return fit(picture(frame, self._aspect, self._scaler, self._least), form)

    def _close(self, border: int) -> Iterator[ExtractedSegment]:
        """The shot up to `border`, unless it shows nothing; what lies behind the border stays for the next."""
        inside = [view for view in self._views if (view.at_ms or 0) < border]
        self._views = [view for view in self._views if (view.at_ms or 0) >= border]
        if inside and border > self._start:
            yield ExtractedSegment(Segment("shot", Span(self._start, border)), tuple(_moving(inside)))
        self._start = max(self._start, border)


def _moving(views: list[ModelInput]) -> Iterator[ModelInput]:
    """Views that differ from the one kept before."""
    last: NDArray[Any] | None = None
    for view in views:
        if last is None or np.abs(view.array[::4, ::4].astype(np.int16) - last[::4, ::4]).mean() > STILL:
            last = view.array
            yield view


def key_frames(path: Path, every_ms: int) -> Iterator[tuple[int, int, Callable[[int], Image.Image]]]:
    """Key frames at least `every_ms` apart: time, end of the next frame as far as is known, and what makes an upright RGB
    picture of it, given `least` of `frames.picture`.

    Only they are decoded; encoders set them at cuts and every few seconds. A file without pictures gives nothing.
    """
    with opened(path) as container:
        stream = picture_stream(container)
        if stream is None:
            return
        stream.codec_context.skip_frame = "NONKEY"  # not heeded by VP9, FFV1, GIF and others: they get no other packets
        length, last = duration_ms(container, stream) or 0, -every_ms
        for frame, at in _timed(container, stream, only_keys=True):
            if at - last >= every_ms:
                last = at
                yield at, max(length, at + _frame_ms(stream)), partial(picture, frame, aspect_of(stream), None)


def key_frames_inside(film: bytes, limits: Limits) -> tuple[int, list[tuple[int, Image.Image]]]:
    """The length in ms of a short film that stands inside another file, and its key frames: time, upright RGB picture.

    Raises: as `watch_video`.
    """
    inside = Path("the film inside")
    with opened(inside, io.BytesIO(film)) as container:
        stream = picture_stream(container)
        if stream is None:
            return 0, []
        _check_size(inside, stream, limits)
        stream.codec_context.skip_frame = "NONKEY"
        aspect, timed = aspect_of(stream), islice(_timed(container, stream, only_keys=True), MOST_KEYS)
        return duration_ms(container, stream) or 0, [(at, picture(frame, aspect)) for frame, at in timed]


def frame_at(path: Path, at_ms: int) -> Image.Image:
    """The frame shown at a time, upright, RGB; the last one for times behind the end.

    Raises:
        MediaUnreadable: no frame can be decoded there.
    """
    with opened(path) as container:
        if picture_stream(container) is None:
            raise MediaUnreadable(f"{path.name} has no pictures", reason="not media")
        last = max(0, (duration_ms(container) or at_ms + 1) - 1)
        joined = is_joined(container)
    starts = [] if joined else [min(at_ms, last) - back for back in SEEK_BACK_MS]
    for start in (*(start for start in starts if start > 1000), 0):
        with opened(path) as container:
            stream = picture_stream(container)
            stream.codec_context.thread_type = "AUTO"  # type: ignore[union-attr]
            found = _found(container, stream, at_ms, start)
            if found is not None:
                return picture(found, aspect_of(stream))
    raise MediaUnreadable(f"{path.name} holds no picture at {at_ms} ms", reason="damaged")


def _found(container: Any, stream: Any, at_ms: int, start: int) -> Any | None:
    """The last frame that begins at or before a time, a millisecond forgiven for rounded time stamps.

    start: the time at which decoding is to begin, 0 for the start of the file. In some containers seeking does not land
    on a key frame, and then the first frame that decodes is too late: None.
    """
    if start and not _seek(container, start):
        return None
    found = None
    clock = Clock(container, _frame_ms(stream))
    zero = (container.start_time or 0) / av.time_base
    for frame in packets(container, stream):
        at = clock.at(frame) if not start or frame.time is None else round((frame.time - zero) * 1000)
        if at > at_ms + 1 and (found is not None or start):
            break
        found = frame
    return found


def _seek(container: Any, target: int) -> bool:
    try:
        container.seek((container.start_time or 0) + target * 1000, backward=True)
    except av.FFmpegError:
        return False
    return True
