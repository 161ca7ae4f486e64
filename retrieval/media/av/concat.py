"""Pieces of clips joined into one, written by PyAV: pictures are copied where they can be, sound is encoded anew.

A cut inside H.264 needs new pictures only up to the next key frame: from there on the source's own packets are copied,
with the parameter sets of their source before them, so that packets of several sources and new ones can follow each
other in one stream (sample entry avc3). What is not H.264 of the reel's size is encoded anew, fitted with black around.
Sound is cut to the sample, so it is always encoded: AAC, 48 kHz, stereo, silence where a source has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.filter import Graph

from retrieval.domain.media import Span
from retrieval.errors import MediaUnreadable
from retrieval.media.av.ffmpeg import first_frame, opened, packets, picture_stream, sound_stream
from retrieval.media.av.frames import aspect_of, is_plain, picture, shown_size

TIME_BASE: Final = Fraction(1, 90_000)
AHEAD: Final = 45_000  # so far before their time packets may have to be decoded, in TIME_BASE
MOST_NEW: Final = 0.6  # of a piece that is encoded anew before the rest is not worth copying
RATE: Final = 48_000
START_CODE: Final = b"\0\0\0\1"


@dataclass(frozen=True, slots=True)
class Piece:
    """What is cut out of one clip."""

    path: Path
    span: Span


@dataclass(frozen=True, slots=True)
class Joined:
    """What was written of one piece: where it lies in the reel, and how much of its picture was encoded anew."""

    span: Span
    encoded_ms: int


def join(pieces: Sequence[Piece], out: Path) -> list[Joined]:
    """Writes the pieces one after the other into an MP4 and says where each lies in it.

    The size is that of most of the pieces' time.

    Raises:
        MediaUnreadable: a piece has no pictures, or cannot be decoded.
    """
    size = _size(pieces)
    with av.open(str(out), "w", format="mp4") as made:
        reel = _Reel(made, size)
        found = [reel.add(piece) for piece in pieces]
        reel.end()
    return found


def _size(pieces: Sequence[Piece]) -> tuple[int, int]:
    """Even width and height, upright, of most of the pieces' time."""
    lengths: dict[tuple[int, int], int] = {}
    for piece in pieces:
        with opened(piece.path) as container:
            stream = _pictures(container, piece)
            frame = next(packets(container, stream), None)
            if frame is None:
                raise MediaUnreadable(f"{piece.path.name} holds no picture that can be decoded", reason="damaged")
            width, height = shown_size(frame, aspect_of(stream))
            size = width // 2 * 2, height // 2 * 2
            lengths[size] = lengths.get(size, 0) + piece.span.length
    return max(lengths, key=lambda size: (lengths[size], size))


def _pictures(container: Any, piece: Piece) -> Any:
    stream = picture_stream(container)
    if stream is None:
        raise MediaUnreadable(f"{piece.path.name} has no pictures", reason="not media")
    return stream


def _is_plain(piece: Piece, aspect: Fraction | None) -> bool:
    """Whether a clip is shown as it is stored."""
    with opened(piece.path) as container:
        frame = first_frame(container, _pictures(container, piece))
    return aspect is None and frame is not None and is_plain(frame)


def _as_shown(frame: Any, aspect: Fraction | None) -> Any:
    return av.VideoFrame.from_ndarray(np.asarray(picture(frame, aspect)), "rgb24")


class _Reel:
    """The file under way. Times are in TIME_BASE; `_at` is where the next piece begins."""

    def __init__(self, made: Any, size: tuple[int, int]) -> None:
        self._made, self._size = made, size
        self._pictures = made.add_stream("libx264", rate=30)
        self._pictures.width, self._pictures.height = size
        self._pictures.pix_fmt, self._pictures.codec_context.time_base = "yuv420p", TIME_BASE
        self._pictures.codec_context.codec_tag = "avc3"
        self._pictures.options = {"preset": "veryfast", "crf": "20", "bf": "0"}
        self._sound = made.add_stream("aac", rate=RATE, layout="stereo")
        self._sound.bit_rate = 160_000
        self._at = 0
        self._heard = 0  # samples written
        self._decoded = -AHEAD - 1

    def add(self, piece: Piece) -> Joined:
        """Writes one piece."""
        length = piece.span.length * 90
        with opened(piece.path) as container:
            copied_from = self._copy_from(container, piece)
        until = copied_from if copied_from is not None else piece.span.end
        if until > piece.span.start:
            self._encode(piece, Span(piece.span.start, until))
        encoded = until - piece.span.start
        if copied_from is not None:
            rest = self._copy(piece, copied_from)
            if rest < piece.span.end:  # what packets behind the end are needed to decode
                self._encode(piece, Span(rest, piece.span.end))
                encoded += piece.span.end - rest
        self._listen(piece, self._at + length)
        span = Span(self._at // 90, (self._at + length) // 90)
        self._at += length
        return Joined(span, encoded)

    def end(self) -> None:
        """Writes what the encoders still hold."""
        self._made.mux(self._sound.encode(None))

    # ------------------------------------------------------------ pictures

    def _copy_from(self, container: Any, piece: Piece) -> int | None:
        """The time (ms) of the first key frame in a piece from which packets can be copied; None where none is worth it."""
        stream = _pictures(container, piece)
        context = stream.codec_context
        if context.name != "h264" or context.pix_fmt != "yuv420p" or not context.extradata:
            return None
        if (
            (context.width, context.height) != self._size
            or context.extradata[:1] != b"\x01"
            or not _is_plain(piece, aspect_of(stream))
        ):
            return None
        _seek(container, stream, piece.span.start)
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            at = _ms(container, packet)
            if at >= piece.span.end:
                return None
            if packet.is_keyframe and at >= piece.span.start - 1:
                late = max(0, round(at) - piece.span.start)
                return piece.span.start + late if late <= MOST_NEW * piece.span.length else None
        return None

    def _encode(self, piece: Piece, span: Span) -> None:
        """New pictures for a part of a piece, with key frame and parameter sets at its beginning."""
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height = self._size
        context.pix_fmt, context.time_base, context.framerate = "yuv420p", TIME_BASE, Fraction(30)
        context.options = dict(self._pictures.options)
        begin = self._at + (span.start - piece.span.start) * 90
        with opened(piece.path) as container:
            stream = _pictures(container, piece)
            _seek(container, stream, span.start)
            aspect, graph, last = aspect_of(stream), None, begin - 1
            for frame in packets(container, stream):
                at = _ms(container, frame)
                if at >= span.end:
                    break
                if at < span.start - 1:
                    continue
                shown = frame if is_plain(frame) and not aspect else _as_shown(frame, aspect)
                graph = graph or self._graph(shown)
                graph.push(shown)
                new: Any = graph.pull()
                last = max(last + 1, begin + round((at - span.start) * 90))
                new.pts, new.time_base, new.pict_type = last, TIME_BASE, 0
                for packet in context.encode(new):
                    self._put(packet)
        for packet in context.encode(None):
            self._put(packet)

    def _graph(self, frame: Any) -> Graph:
        """Fits frames like this one into the reel."""
        width, height = self._size
        graph = Graph()
        fitted = f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        steps = f"{fitted},pad={width}:{height}:-1:-1,setsar=1,format=yuv420p"
        last = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=TIME_BASE)
        for step in steps.split(","):
            name, _, given = step.partition("=")
            node = graph.add(name, given or None)
            last.link_to(node)
            last = node
        last.link_to(graph.add("buffersink"))
        graph.configure()
        return graph

    def _copy(self, piece: Piece, start: int) -> int:
        """The source's own packets from a key frame on, up to the first that is shown after the end.

        Gives the time (ms) at which the last picture of them ends; pictures that need later ones are behind it.
        """
        with opened(piece.path) as container:
            stream = _pictures(container, piece)
            sets, width = _parameter_sets(stream.codec_context.extradata)
            _seek(container, stream, start)
            base = decoded = None
            last, lasts = float(start), 1000 / float(stream.average_rate or 25)
            for packet in container.demux(stream):
                if packet.pts is None or (
                    base is None and (not packet.is_keyframe or _ms(container, packet) < start - 1)
                ):
                    continue
                at = _ms(container, packet)
                if at >= piece.span.end:
                    break
                if base is None:
                    base, decoded = at, packet.dts
                elif at < base:
                    continue  # shown before the key frame: it needs pictures before the cut
                content = b"".join(_nals(bytes(packet), width))
                own = av.Packet(b"".join(sets) + content if packet.is_keyframe else content)
                timed = packet.dts is not None and decoded is not None  # Matroska keeps no time of decoding
                ahead = float((packet.dts - decoded) * packet.time_base) * 90_000 if timed else 0.0
                own.pts = self._at + round((at - piece.span.start) * 90)
                own.dts = self._at + round((base - piece.span.start) * 90 + ahead)
                own.is_keyframe, own.time_base = packet.is_keyframe, TIME_BASE
                self._put(own)
                last = max(last, at + (float(packet.duration * packet.time_base) * 1000 if packet.duration else lasts))
        return min(piece.span.end, round(last)) if piece.span.end - last > lasts / 2 else piece.span.end

    def _put(self, own: Any) -> None:
        """Writes a packet with start codes, its picture decoded AHEAD of its time, after the one before."""
        own.dts = own.pts if own.dts is None else own.dts
        self._decoded = min(max(own.dts - AHEAD, self._decoded + 1), own.pts)
        own.dts, own.stream = self._decoded, self._pictures
        self._made.mux(own)

    # ------------------------------------------------------------ sound

    def _listen(self, piece: Piece, until: int) -> None:
        """The piece's sound, filled up with silence to the time at which the piece ends."""
        wanted = round(until * RATE / 90_000) - self._heard
        for part in (*_samples(piece, wanted),):
            self._write(part[:, :wanted])
            wanted -= part.shape[1]
            if wanted <= 0:
                return
        while wanted > 0:
            self._write(np.zeros((2, min(wanted, RATE)), np.float32))
            wanted -= RATE

    def _write(self, samples: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1024]), "fltp", "stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._heard, Fraction(1, RATE)
            self._heard += frame.samples
            self._made.mux(self._sound.encode(frame))


def _samples(piece: Piece, most: int) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    """(2, n) float32 parts of a piece's sound at RATE, at least `most` samples where the source has so many."""
    with opened(piece.path) as container:
        stream = sound_stream(container)
        if stream is None:
            return
        _seek(container, stream, piece.span.start)
        resampler: av.AudioResampler | None = None
        given = 0
        for frame in packets(container, stream):
            at = _ms(container, frame)
            begin = at
            # Of more than two channels FFmpeg keeps the mix within range for integers only: floats would pass 1.
            kind = "s32p" if len(frame.layout.channels) > 2 else "fltp"
            resampler = resampler or av.AudioResampler(format=kind, layout="stereo", rate=RATE)
            for made in resampler.resample(frame):
                part = made.to_ndarray().astype(np.float32, copy=False)
                part = part / np.float32(2**31) if made.format.name == "s32p" else part
                skipped = max(0, round((piece.span.start - begin) * RATE / 1000))
                begin += part.shape[1] * 1000 / RATE
                if skipped < part.shape[1]:
                    missing = round((at - piece.span.start) * RATE / 1000) if not given else 0
                    if missing > 0:
                        yield np.zeros((2, missing), np.float32)
                        given += missing
                    yield part[:, skipped:]
                    given += part.shape[1] - skipped
            if given >= most:
                return


# ---------------------------------------------------------------- times and bytes


def _ms(container: Any, timed: Any) -> float:
    """When a packet or frame is shown, ms from the start of the file."""
    return float(timed.pts * timed.time_base) * 1000 - (container.start_time or 0) / 1000


def _seek(container: Any, stream: Any, at_ms: int) -> None:
    """To the last key frame at or before a time."""
    zero = (container.start_time or 0) / 1_000_000
    if at_ms > 0:
        container.seek(int((at_ms / 1000 + zero) / float(stream.time_base)), stream=stream, backward=True)


def _parameter_sets(extradata: bytes) -> tuple[list[bytes], int]:
    """The parameter sets of an avcC record, each behind a start code, and the width of lengths in its packets.

    Source: ISO/IEC 14496-15, 5.3.3.
    """
    width, found, at = (extradata[4] & 3) + 1, [], 5
    for bits in (31, 255):  # sequence sets, then picture sets, each behind their number
        count, at = extradata[at] & bits, at + 1
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            found.append(START_CODE + extradata[at + 2 : at + 2 + length])
            at += 2 + length
    return found, width


def _nals(packet: bytes, width: int) -> Iterator[bytes]:
    """The units of a packet of an MP4 or MKV, each behind a start code."""
    at = 0
    while at + width <= len(packet):
        length = int.from_bytes(packet[at : at + width], "big")
        yield START_CODE + packet[at + width : at + width + length]
        at += width + length
