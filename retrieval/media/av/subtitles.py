"""Subtitles: tracks inside videos and files beside videos and recordings, turned into speech segments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from retrieval.domain.media import Segment, Span
from retrieval.errors import MediaError
from retrieval.media import sidecars
from retrieval.media.av.cues import MAP, Cue, clean, parse

TRACKS: Final = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}  # codecs that hold text, not pictures
SENTENCE_END: Final = re.compile(r"[.!?。！？…｡]['\"”’」』)]*$")
# Cues are cut for the eye. They are joined to sentences up to these bounds, so that a segment means something.
GAP_MS, LONG_MS, LONG_CHARS = 1_500, 15_000, 200


def segments(cues: Iterable[Cue], lang: str | None) -> Iterator[Segment]:
    """`speech` segments in time order: cues joined to whole sentences of at most LONG_MS and LONG_CHARS."""
    held: list[Cue] = []
    for cue in sorted(cues):
        if held and _ends(held, cue):
            yield _segment(held, lang)
            held = []
        held.append(cue)
    if held:
        yield _segment(held, lang)


def _ends(held: list[Cue], cue: Cue) -> bool:
    last = held[-1]
    chars = sum(len(one.text) for one in held) + len(cue.text)
    apart, long = cue.start - last.end > GAP_MS, cue.end - held[0].start > LONG_MS
    return bool(SENTENCE_END.search(last.text)) or apart or long or chars > LONG_CHARS


def _segment(held: list[Cue], lang: str | None) -> Segment:
    from retrieval.media.language import language_of

    text = " ".join(dict.fromkeys(cue.text for cue in held))
    return Segment(
        "speech", Span(held[0].start, max(cue.end for cue in held)), text=text, lang=lang or language_of(text)
    )


def beside(path: Path, unread: list[str]) -> Iterator[Segment]:
    """`speech` segments of all subtitle files beside a video or recording; a bad one does not spoil it.

    unread: takes the names of files in which nothing was found.
    """
    from retrieval.media.text_encoding import read_text

    for file, lang in sidecars.beside(path, sidecars.SUBTITLES):
        cues: list[Cue] = []
        with suppress(MediaError):
            text = read_text(file, lang=lang).text
            zero = _start_ms(path) if MAP.search(text) else 0
            cues = [Cue(max(0, cue.start - zero), cue.end - zero, cue.text) for cue in parse(text) if cue.end > zero]
        unread += [] if cues else [file.name]
        yield from segments(cues, lang)


def note(unread: list[str]) -> str:
    """What is said of such files beside the format of their film."""
    return f", nothing read from {listing}" if (listing := ", ".join(unread)) else ""


def _start_ms(path: Path) -> int:
    """The time of the clock at which a film begins."""
    from retrieval.media.av.ffmpeg import opened

    with opened(path) as container:
        return (container.start_time or 0) // 1000


def text_tracks(container: Any) -> list[Any]:
    """Subtitle streams that hold text; the default one first, those only for foreign words last."""
    if container.format.name == "flv":  # its text is the scripts of players
        return []
    tracks = [
        stream for stream in container.streams.subtitles if stream.codec_context and stream.codec_context.name in TRACKS
    ]
    return sorted(tracks, key=lambda one: (bool(one.disposition & 0x40), not one.disposition & 1))  # forced, default


def track_cues(container: Any, track: Any) -> list[Cue]:
    """Cues of one track, read off its packets; times from the start of the container."""
    name, base = track.codec_context.name, track.time_base
    zero = (container.start_time or 0) / 1000
    cues = []
    for packet in container.demux(track):
        content = bytes(packet)
        if packet.pts is None or not content:
            continue
        start = max(0, round(float(packet.pts * base * 1000) - zero))
        text = clean(_packet_text(content, name))
        if text:
            cues.append(Cue(start, start + max(1, round(float((packet.duration or 0) * base * 1000))), text))
    return sorted(cues)


def _packet_text(content: bytes, codec: str) -> str:
    if codec == "mov_text":
        return content[2 : 2 + int.from_bytes(content[:2], "big")].decode("utf-8", "replace")
    text = content.partition(b"\0")[0].decode("utf-8", "replace")  # behind a zero lies nothing that is shown
    return text.split(",", 8)[-1] if codec in ("ass", "ssa") else text


def track_lang(track: Any) -> str | None:
    """Language of a track by its own word, None if it says nothing."""
    return sidecars.THREE_LETTERS.get((track.metadata.get("language") or "")[:3].lower())
