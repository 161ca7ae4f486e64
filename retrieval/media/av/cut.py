"""A part of a clip or recording, written as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from retrieval.domain.media import Span
from retrieval.errors import MediaUnreadable, RetrievalError
from retrieval.media.av.audio import heard
from retrieval.media.av.clock import Clock, is_joined
from retrieval.media.av.ffmpeg import BAD_PACKETS, opened, picture_stream
from retrieval.media.av.frames import aspect_of, is_plain, picture, shown_size

SOUND_ALONE: Final = frozenset({".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a"})
SOUND_CODECS: Final = {**dict.fromkeys(("ogg", "opus", "webm"), "libopus"), "matroska": "aac"}  # others: the usual one
BEFORE_S: Final = (1.0, 12.0, 60.0)  # where decoding begins before the cut: not every container seeks to a key frame
FORGIVEN_S: Final = 0.001  # of a time that is rounded to milliseconds
STEP_MS: Final = 40  # between frames without time stamps


def save_clip(path: Path, span: Span, out: Path) -> Path:
    """Cuts `span` (ms) out of a clip or recording into `out`, whose suffix names the container; gives `out`.

    Sound alone is written as samples (.wav) or by the container's usual codec; pictures as H.264, as they are shown, sound
    beside them as AAC. Each frame keeps its own time.

    Raises:
        MediaUnreadable: the file cannot be decoded there, holds nothing there, or has no sound for a file of sound.
        RetrievalError: `out` cannot be written in that form.
    """
    with opened(path) as container:
        whole = is_joined(container) or _seeks_astray(container)
    written = 0
    for before in (0.0,) if whole else BEFORE_S:
        written, late = _cut(path, span, out, before)
        if written and not late:
            break
    if not written:
        raise MediaUnreadable(f"{path.name} holds nothing from {span.start} to {span.end} ms", reason="empty")
    return out


def _seeks_astray(container: Any) -> bool:
    """Whether FFmpeg states wrong times behind a seek, seconds off: ADPCM in WAV, FLAC in Ogg."""
    codecs = {stream.codec_context.name for stream in container.streams.audio if stream.codec_context}
    return (container.format.name == "wav" and any(name.startswith("adpcm") for name in codecs)) or (
        container.format.name == "ogg" and "flac" in codecs
    )


def _cut(path: Path, span: Span, out: Path, before: float) -> tuple[int, bool]:
    """Writes the part; gives the number of frames written, and whether pictures were missing at its beginning.

    before: seconds before the part at which decoding begins; 0: at the start of the file.
    """
    with opened(path) as container:
        pictures = picture_stream(container) if out.suffix.lower() not in SOUND_ALONE else None
        streams = [stream for stream in (pictures, heard(path, container)) if stream is not None]
        if not streams:
            raise MediaUnreadable(f"{path.name} holds nothing that {out.suffix} could hold", reason="not media")
        seeks = before > 0 and span.start > before * 1000
        if seeks:
            container.seek(int(container.start_time or 0) + int((span.start / 1000 - before) * av.time_base))
        with _writing(out) as made:
            cut = _Cut(made, span)
            for stream, frame, at in _frames(container, streams, span.end / 1000, runs=not before):
                cut.add(stream, frame, at)
            cut.close()
            return cut.written, pictures is not None and cut.is_late and seeks


def _frames(container: Any, streams: list[Any], end: float, *, runs: bool) -> Iterator[tuple[Any, Any, float]]:
    """(stream, frame, seconds from the start) up to a time; damaged packets are stepped over.

    runs: by the running time of recordings that were joined. Raises: MediaUnreadable, for many damaged packets in a row.
    """
    zero, bad = (container.start_time or 0) / av.time_base, 0
    clocks = {stream.index: Clock(container, STEP_MS) for stream in streams}
    for packet in container.demux(streams):
        try:
            frames = packet.decode()
            bad = 0
        except (av.FFmpegError, EOFError) as error:
            bad += 1
            if bad > BAD_PACKETS:
                raise MediaUnreadable("the stream is damaged", str(error)[:200], "damaged") from error
            continue
        for frame in frames:
            if runs or frame.time is not None:
                yield packet.stream, frame, clocks[packet.stream.index].at(frame) / 1000 if runs else frame.time - zero
        if not runs and packet.dts is not None and packet.dts * packet.time_base - zero > end + 1:
            return


class _Cut:
    """The file that is written: an encoder for each stream, made at its first frame."""

    def __init__(self, made: Any, span: Span) -> None:
        self._made = made
        self._begin, self._end = span.start / 1000, span.end / 1000
        self.written = 0
        self.is_late = True  # until a frame of pictures comes that is shown at the beginning
        self._outputs: dict[int, Any] = {}
        self._last: dict[int, int] = {}
        self._held: Any = None  # the picture that still stands when the part begins
        self._aspect: Fraction | None = None
        self._scaler = VideoReformatter()

    def add(self, stream: Any, frame: Any, at: float) -> None:
        """Takes the next frame of a stream, and its time; writes it if it lies in the part."""
        if at >= self._end:
            return
        if stream.type != "video":
            if at >= self._begin:
                self._write(stream, frame, at)
        elif at < self._begin - FORGIVEN_S:
            self._held, self.is_late = frame, False
        else:
            self.is_late = self.is_late and at > self._begin + FORGIVEN_S
            if self._held is not None and at > self._begin + FORGIVEN_S:
                self._write(stream, self._held, self._begin)
            self._held = None
            self._write(stream, frame, at)

    def close(self) -> None:
        """Writes what the encoders still hold."""
        for output in self._outputs.values():
            _put(self._made, output, None)

    def _write(self, stream: Any, frame: Any, at: float) -> None:
        if stream.type == "video":
            frame = self._shown(stream, frame)
        if stream.index not in self._outputs:
            self._outputs[stream.index] = self._output(stream, frame)
        output = self._outputs[stream.index]
        base = output.codec_context.time_base if stream.type == "video" else stream.time_base
        pts = max(round(max(0.0, at - self._begin) / base), self._last.get(stream.index, -1) + 1)
        frame.pts = self._last[stream.index] = pts
        frame.time_base = base
        _put(self._made, output, frame)
        self.written += 1

    def _shown(self, stream: Any, frame: Any) -> Any:
        """A frame as it is shown, with even sides, in yuv420p."""
        width, height = (max(2, side // 2 * 2) for side in shown_size(frame, None))
        aspect = aspect_of(stream)
        is_turned = shown_size(frame, None) != (frame.width, frame.height)
        self._aspect = 1 / aspect if aspect and is_turned else aspect
        if not is_plain(frame):
            shown: Any = av.VideoFrame.from_ndarray(np.asarray(picture(frame, None, self._scaler)), format="rgb24")
            return shown.reformat(width, height, "yuv420p")
        return frame.reformat(width, height, "yuv420p")

    def _output(self, stream: Any, frame: Any) -> Any:
        if stream.type == "audio":
            codec = SOUND_CODECS.get(self._made.format.name, self._made.default_audio_codec)
            rates = av.Codec(codec, "w").audio_rates or [stream.rate]
            return self._made.add_stream(codec, rate=min(rates, key=lambda rate: (abs(rate - stream.rate), -rate)))
        codec = "libx264" if self._made.format.name in ("mp4", "mov", "matroska") else self._made.default_video_codec
        output = self._made.add_stream(codec, rate=stream.average_rate or 25)
        output.width, output.height, output.pix_fmt = frame.width, frame.height, "yuv420p"
        # Frames of any rate keep their times.
        output.codec_context.time_base = stream.time_base if codec == "libx264" else Fraction(1, 1000)
        if self._aspect is not None:
            output.codec_context.sample_aspect_ratio = self._aspect
        return output


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
