"""The sound of one file: facts, samples for the transcriber, and windows for the sound encoder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ExtractedSegment, Metadata, ModelInput, Segment, Span
from retrieval.errors import MediaUnreadable
from retrieval.media.av import subtitles
from retrieval.media.av.clock import BACK_MS
from retrieval.media.av.ffmpeg import chapters, facts_of, lyrics, nothing_to_play, opened, packets, sound_stream
from retrieval.settings import RATE

Sound = NDArray[np.float32]

SILENCE: Final = 1e-3  # root mean square, -60 dB: below it a window holds nothing to hear
LOOK_S: Final = 4.0  # of a soundtrack at each place where it is looked into
LOOKED_INTO: Final = (1, 3, 5, 7, 9)  # tenths of its length
GAP_S: Final = 0.2  # a jump of the time stamps by more is filled with silence, so that times stay right
LONGEST_GAP_S: Final = 3600.0  # a longer jump is a damaged time stamp
SHARES: Final = {"FC": 1.0, "FL": 0.5**0.5, "FR": 0.5**0.5, "LFE": 0.0, "LFE2": 0.0}  # other channels: 0.5
CANCELLED: Final = 0.01  # of the power of the loudest channel, -20 dB: a mix below it has lost what is heard
KEPT_POWER: Final = 0.95  # of the power of the frames before, so that the choice does not flicker
KEPT_PART: Final = 0.25  # of a window, for the last one of a file


def read_audio(path: Path) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts: length, title, artist, album and other tags as keywords; then `text_line` Readings of its chapters and
    lyrics, and `speech` Readings of the subtitle files beside it.

    Raises:
        MediaUnreadable: truncated or damaged, or without a single sample.
    """
    with opened(path) as container:
        facts = facts_of(path, container, "audio")
        if not facts.has_sound:
            raise nothing_to_play(path, container)
        if next(packets(container, sound_stream(container)), None) is None:
            raise MediaUnreadable(f"{path.name} holds no sound that can be decoded", reason="truncated")
        named = [*chapters(container), *lyrics(container)]
    unread: list[str] = []
    said = sorted(
        subtitles.beside(path, unread), key=lambda one: (one.span.start, one.span.end) if one.span else (0, 0)
    )
    lang, form = facts.lang or (said[0].lang if said else None), facts.format + subtitles.note(unread)
    yield replace(facts, format=form, has_subtitles=bool(said), lang=lang)
    yield from (ExtractedSegment(segment) for segment in (*named, *said))


def chunks(path: Path, rate: int = RATE, seconds: int = 30) -> Iterator[Sound]:
    """Consecutive (n,) float32 mono samples in -1..1 at `rate`; n is rate * seconds but for the last.

    Sample i of the whole stands at i / rate seconds after the start of the file; gaps are silence. All channels are
    mixed. Memory holds one chunk. A file without soundtrack gives nothing.

    Raises:
        MediaUnreadable: truncated or damaged so that nothing more can be decoded.
    """
    held: list[Sound] = []
    count, wanted = 0, rate * seconds
    for piece in _resampled(path, rate):
        held.append(piece)
        count += len(piece)
        while count >= wanted:
            whole = np.concatenate(held)
            yield whole[:wanted]
            held, count = [whole[wanted:]], count - wanted
    if count:
        yield np.concatenate(held)


def heard(path: Path, container: Any) -> Any | None:
    """The soundtrack that is heard: the default one, or the first in which there is any sound; None without one."""
    first = sound_stream(container)
    streams = [one for one in container.streams.audio if one.codec_context is not None]
    if first is None or len(streams) < 2:
        return first
    index = _heard_index(str(path), path.stat().st_mtime_ns, tuple(s.index for s in (first, *streams)))
    return container.streams[index]


@lru_cache(maxsize=64)
def _heard_index(name: str, _changed: int, indexes: tuple[int, ...]) -> int:
    """The first of the streams that is not silent wherever it is looked into; the first of all if all are."""
    for index in dict.fromkeys(indexes):
        with opened(Path(name)) as container:
            length = (container.duration or 0) // 1000
        for at in (0, *(length * part // 10 for part in LOOKED_INTO)):
            with opened(Path(name)) as container, suppress(av.FFmpegError):
                if at:
                    container.seek((container.start_time or 0) + at * 1000)
                if _is_loud(container, container.streams[index]):
                    return index
    return indexes[0]


def _is_loud(container: Any, stream: Any) -> bool:
    """Whether the next LOOK_S seconds of a stream hold any sound."""
    mono, seconds = _Mono(RATE), 0.0
    for frame in packets(container, stream):
        for piece in mono.pieces(frame):
            if float(np.sqrt(np.mean(np.square(piece)))) >= SILENCE:
                return True
            seconds += len(piece) / RATE
        if seconds > LOOK_S:
            return False
    return False


def _resampled(path: Path, rate: int) -> Iterator[Sound]:
    with opened(path) as container:
        stream = heard(path, container)
        if stream is None:
            return
        start = (container.start_time or 0) / av.time_base
        mono, kind, given = _Mono(rate), None, 0
        for frame in packets(container, stream):
            if kind not in (None, _kind(frame)):  # a broadcast that turns from stereo to 5.1
                for piece in mono.pieces(None):
                    given += len(piece)
                    yield piece
                mono = _Mono(rate)
            kind = _kind(frame)
            gap = frame.time - start - given / rate if frame.time is not None else 0.0
            if gap < -BACK_MS / 1000:  # a joined recording begins, whose stamps start again
                start, gap = start + gap, 0.0
            if GAP_S < gap < LONGEST_GAP_S:
                for length in _parts(round(gap * rate), rate * 30):
                    given += length
                    yield np.zeros(length, np.float32)
            frame.pts = None
            for piece in mono.pieces(frame):
                given += len(piece)
                yield piece
        yield from mono.pieces(None)


def _parts(total: int, most: int) -> Iterator[int]:
    for at in range(0, total, most):
        yield min(most, total - at)


def _kind(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


class _Mono:
    """Frames of one kind as (n,) float32 in -1..1 at `rate`, all channels mixed.

    FFmpeg's own mix to float passes 1 where channels are alike: 1.4 for stereo, 3.4 for 5.1.
    """

    def __init__(self, rate: int) -> None:
        self._resampler = av.AudioResampler(format="flt", rate=rate)
        self._power: NDArray[np.float64] | None = None  # of the channels, then of their mix, of late

    def pieces(self, frame: Any) -> Iterator[Sound]:
        """Takes a frame, None at the end; gives what is ready."""
        for made in self._resampler.resample(frame):
            samples = np.nan_to_num(made.to_ndarray().astype(np.float32)).clip(-1.0, 1.0)
            planes = samples.reshape(-1, len(made.layout.channels)).T
            yield planes[0] if len(planes) == 1 else self._mixed(planes, _weights(made.layout))

    def _mixed(self, planes: Sound, weights: Sound) -> Sound:
        """The mix; the loudest channel where channels cancel each other, as with one of two inverted."""
        mix: Sound = weights @ planes
        power = np.square(np.vstack([planes, mix]), dtype=np.float64).sum(axis=1)
        self._power = power if self._power is None else self._power * KEPT_POWER + power
        loudest = int(self._power[:-1].argmax())
        return planes[loudest] if self._power[-1] < CANCELLED * self._power[loudest] else mix


def _weights(layout: Any) -> Sound:
    """(channels,) float32, sum 1: the shares of the channels in a mono mix, those of ITU-R BS.775 for surround sound."""
    shares = np.array([SHARES.get(channel.name, 0.5) for channel in layout.channels], np.float32)
    return shares / shares.sum() if shares.any() else np.full(len(shares), 1 / len(shares), np.float32)


def listen_audio(path: Path, form: AudioSpec) -> Iterator[ExtractedSegment]:
    """`sound` Readings in time order, each with one view of exactly form.window_ms at form.rate.

    Silent windows are left out. The last window may be shorter, down to a quarter of one: zeros at its
    end fill the view, its span is the true one. A file shorter than a window gives one.
    """
    window, hop = form.rate * form.window_ms // 1000, form.rate * form.hop_ms // 1000
    held, at = np.zeros(0, np.float32), 0
    for piece in chunks(path, form.rate, max(1, form.window_ms // 1000)):
        held = np.concatenate([held, piece])
        while len(held) >= window:
            yield from _window(held[:window], at, form, window)
            held, at = held[hop:], at + hop
    fresh = len(held) - max(0, window - hop) if at else len(held)  # overlapping windows have given the rest already
    if len(held) and (at == 0 or fresh >= KEPT_PART * window):
        yield from _window(held, at, form, window)


def _window(samples: Sound, at: int, form: AudioSpec, window: int) -> Iterator[ExtractedSegment]:
    """One Reading, or nothing for silence."""
    if float(np.sqrt(np.mean(np.square(samples)))) < SILENCE:
        return
    start, end = at * 1000 // form.rate, (at + len(samples)) * 1000 // form.rate
    view = np.pad(samples, (0, window - len(samples)))
    yield ExtractedSegment(Segment("sound", Span(start, max(end, start + 1))), (ModelInput(view, start),))
