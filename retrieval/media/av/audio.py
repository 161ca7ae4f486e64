"""The sound of one file: facts, samples for the transcriber, windows for the sound encoder, and a cut for showing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ExtractedSegment, Metadata, ModelInput, Segment, Span
from retrieval.errors import MediaUnreadable, RetrievalError
from retrieval.media.av import subtitles
from retrieval.media.av.ffmpeg import chapters, facts_of, opened, packets, picture_stream, sound_stream
from retrieval.settings import RATE

Sound = NDArray[np.float32]

SILENCE: Final = 1e-3  # root mean square, -60 dB: below it a window holds nothing to hear
GAP_S: Final = 0.2  # a jump of the time stamps by more is filled with silence, so that times stay right
LONGEST_GAP_S: Final = 3600.0  # a longer jump is a damaged time stamp
SHARES: Final = {"FC": 1.0, "FL": 0.5**0.5, "FR": 0.5**0.5, "LFE": 0.0, "LFE2": 0.0}  # other channels: 0.5
CANCELLED: Final = 0.01  # of the power of the loudest channel, -20 dB: a mix below it has lost what is heard
KEPT_POWER: Final = 0.95  # of the power of the frames before, so that the choice does not flicker
SOUND_CODECS: Final = {**dict.fromkeys(("ogg", "opus", "webm"), "libopus"), "matroska": "aac"}  # others: the usual one
KEPT_PART: Final = 0.25  # of a window, for the last one of a file


def read_audio(path: Path) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts: length, title, artist, album and other tags as keywords; then `text_line` Readings of its chapters and
    `speech` Readings of the subtitle files beside it.

    Raises:
        MediaUnreadable: truncated or damaged, or without a single sample.
    """
    with opened(path) as container:
        facts = facts_of(path, container, "audio")
        if not facts.has_sound:
            raise MediaUnreadable(f"{path.name} holds no sound", reason="damaged")
        if next(packets(container, sound_stream(container)), None) is None:
            raise MediaUnreadable(f"{path.name} holds no sound that can be decoded", reason="truncated")
        named = chapters(container)
    said = sorted(subtitles.beside(path), key=lambda one: (one.span.start, one.span.end) if one.span else (0, 0))
    yield replace(facts, has_subtitles=bool(said), lang=facts.lang or (said[0].lang if said else None))
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


def _resampled(path: Path, rate: int) -> Iterator[Sound]:
    with opened(path) as container:
        stream = sound_stream(container)
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


def save_clip(path: Path, span: Span, out: Path) -> Path:
    """Cuts `span` (ms) out of a clip or recording into `out`, whose suffix names the container; gives `out`.

    Sound alone is written as samples (.wav) or by the container's usual codec; pictures as H.264, sound beside them
    as AAC.

    Raises:
        MediaUnreadable: the file cannot be decoded there, holds nothing there, or has no sound for a file of sound.
        RetrievalError: `out` cannot be written in that form.
    """
    with opened(path) as container:
        pictures = (
            picture_stream(container)
            if out.suffix.lower() not in (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a")
            else None
        )
        streams = [stream for stream in (pictures, sound_stream(container)) if stream is not None]
        if not streams:
            raise MediaUnreadable(f"{path.name} holds nothing that {out.suffix} could hold", reason="not media")
        with _writing(out) as made:
            outputs = {stream.index: _output(made, stream) for stream in streams}
            count = 0
            for stream, frame in _frames_within(container, streams, span):
                output = outputs[stream.index]
                is_picture = stream.type == "video"
                _put(made, output, frame.reformat(output.width, output.height, "yuv420p") if is_picture else frame)
                count += 1
            if not count:
                raise MediaUnreadable(f"{path.name} holds nothing from {span.start} to {span.end} ms", reason="empty")
            for output in outputs.values():
                _put(made, output, None)
    return out


@contextmanager
def _writing(out: Path) -> Iterator[Any]:
    """A file of FFmpeg's to write to."""
    try:
        made = av.open(str(out), "w")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unwritable(str(out), error) from error
    with made:
        yield made


def _put(made: Any, output: Any, frame: Any) -> None:
    """Encodes and writes a frame; None: what the encoder still holds."""
    try:
        made.mux(output.encode(frame))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unwritable(made.name, error) from error


def _unwritable(name: str, error: Exception) -> RetrievalError:
    """That a file cannot be written is no fault of the one that is read."""
    return RetrievalError(f"{name} cannot be written: {getattr(error, 'strerror', None) or error}", "try another form")


def _output(made: Any, stream: Any) -> Any:
    if stream.type == "audio":
        codec = SOUND_CODECS.get(made.format.name, made.default_audio_codec)
        rates = av.Codec(codec, "w").audio_rates or [stream.rate]
        return made.add_stream(codec, rate=min(rates, key=lambda rate: (abs(rate - stream.rate), -rate)))
    codec = "libx264" if made.format.name in ("mp4", "mov", "matroska") else made.default_video_codec
    output = made.add_stream(codec, rate=stream.average_rate or 25)
    output.width, output.height, output.pix_fmt = stream.width // 2 * 2, stream.height // 2 * 2, "yuv420p"
    return output


def _frames_within(container: Any, streams: list[Any], span: Span) -> Iterator[tuple[Any, Any]]:
    """Streams with their decoded frames that begin within a span (ms), timed from its start."""
    start = (container.start_time or 0) / av.time_base
    begin, end = start + span.start / 1000, start + span.end / 1000
    container.seek(max(0, int((begin - 1) * av.time_base)))
    for packet in container.demux(streams):
        for frame in packet.decode():
            if frame.time is not None and begin <= frame.time < end:
                frame.pts = round((frame.time - begin) / frame.time_base)
                yield packet.stream, frame
        if packet.dts is not None and packet.dts * packet.time_base > end + 1:
            return
