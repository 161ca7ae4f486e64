"""Subtitles: .srt and .vtt text, tracks inside videos, files beside videos; turned into speech segments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from retrieval.domain.media import Segment, Span
from retrieval.errors import MediaError

SUFFIXES: Final = (".srt", ".vtt")
TIMED: Final = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .ts .m2ts .mts .wmv .flv .ogv .3gp .vob .mp3 .m4a .m4b .ogg .opus .flac "
    ".wav .aac .wma".split()
)  # what subtitles belong to
TRACKS: Final = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"}  # codecs that hold text, not pictures
# As people have them: with blanks around the marks, and without milliseconds.
TIME: Final = r"(?:(\d{1,4})[ \t]*:[ \t]*)?(\d{1,2})[ \t]*:[ \t]*(\d{1,2})(?:[ \t]*[,.][ \t]*(\d{1,3}))?"
CUE: Final = re.compile(TIME + r"[ \t]*-->[ \t]*" + TIME)
# Known tags and times of words alone: "I <3 you and 5 > 4" is text.
MARKUP: Final = re.compile(
    r"</?(?:[bcisuv]|rt|em|br|ruby|font|lang|span|strong)(?:[ .][^<>\n]{0,200})?/?>|<[\d:.]{5,12}>|\{\\[^}\n]{0,200}\}",
    re.IGNORECASE,
)
SENTENCE_END: Final = re.compile(r"[.!?。！？…｡]['\"”’」』)]*$")
LANG_NAMES: Final = {
    "english": "en", "german": "de", "deutsch": "de", "french": "fr", "francais": "fr", "français": "fr", "spanish": "es",
    "espanol": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "português": "pt",
    "dutch": "nl", "nederlands": "nl", "polish": "pl", "polski": "pl", "russian": "ru", "turkish": "tr", "türkçe": "tr",
    "arabic": "ar", "japanese": "ja", "korean": "ko", "chinese": "zh", "thai": "th", "vietnamese": "vi", "swedish": "sv",
    "svenska": "sv", "danish": "da", "dansk": "da", "norwegian": "no", "norsk": "no", "finnish": "fi", "suomi": "fi",
    "czech": "cs", "greek": "el", "hebrew": "he", "hindi": "hi", "hungarian": "hu", "magyar": "hu", "ukrainian": "uk",
    "indonesian": "id", "romanian": "ro", "catalan": "ca", "bulgarian": "bg", "croatian": "hr", "serbian": "sr",
}  # fmt: skip
# Cues are cut for the eye. They are joined to sentences up to these bounds, so that a segment means something.
GAP_MS, LONG_MS, LONG_CHARS = 1_500, 15_000, 200


class Cue(NamedTuple):
    """Text shown from `start` to `end`, in ms."""

    start: int
    end: int
    text: str


def parse(text: str) -> list[Cue]:
    """Cues of SRT or WebVTT text in time order; broken ones are left out."""
    marks = list(CUE.finditer(text))
    cues = []
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    for mark, after in zip(marks, ends, strict=False):  # without a cue there is one end too many
        start, end = _ms(*mark.groups()[:4]), _ms(*mark.groups()[4:])
        body = text[mark.end() : after].partition("\n")[2]  # the rest of the line holds WebVTT's settings
        said = clean(re.split(r"\n[ \t]*\r?\n", body.replace("\r\n", "\n"))[0])
        if said and end > start:
            cues.append(Cue(start, end, said))
    return sorted(cues)


def _ms(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int((fraction or "0").ljust(3, "0"))


def clean(text: str) -> str:
    """One line without tags, style codes and entities."""
    import html

    text = MARKUP.sub("", text).replace("\\N", " ").replace("\\n", " ").replace("\\h", " ")
    return " ".join(html.unescape(text).split())


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


def sidecars(path: Path) -> list[tuple[Path, str | None]]:
    """Subtitle files of a video or recording, with their language if the name tells it.

    They have its name with .srt or .vtt, or with one word between, as `is_sidecar` says: what is taken from the
    documents of a folder is read here.
    """
    try:
        names = _subtitle_names(str(path.parent), path.parent.stat().st_mtime_ns)
    except OSError:
        return []
    found: list[tuple[Path, str | None]] = []
    for name, is_others in names:
        stem, _ = os.path.splitext(name)
        if stem == path.stem:
            found.append((path.parent / name, None))
        elif stem.rpartition(".")[0] == path.stem and not is_others:
            found.append((path.parent / name, _lang_of(stem.rpartition(".")[2])))
    return sorted(found, key=lambda one: (one[1] is not None, one[0].name))


def _lang_of(word: str) -> str | None:
    """The language that a word of a file's name means, as people and players write it; None for "forced" or "part2"."""
    from retrieval.media.av.ffmpeg import THREE_LETTERS

    word = re.split("[-_]", word.lower())[0]
    if len(word) == 2:
        return word if word.isascii() and word.isalpha() and word != "cc" else None
    return THREE_LETTERS.get(word) or LANG_NAMES.get(word)


def beside(path: Path) -> Iterator[Segment]:
    """`speech` segments of all subtitle files beside a video or recording; a bad one does not spoil it."""
    from retrieval.media.text_encoding import read_text

    for file, lang in sidecars(path):
        with suppress(MediaError):
            yield from segments(parse(read_text(file)), lang)


def is_sidecar(path: Path, videos: Iterable[str]) -> bool:
    """Whether a subtitle file belongs to one of the videos (their file names without suffix) in its folder."""
    stems = set(videos)
    return path.suffix.lower() in SUFFIXES and (path.stem in stems or path.stem.rpartition(".")[0] in stems - {""})


@lru_cache(maxsize=64)
def _subtitle_names(folder: str, _changed: int) -> tuple[tuple[str, bool], ...]:
    """Names of the subtitle files in a folder, and whether one of its films has just that name; read once for all."""
    parts = [os.path.splitext(name) for name in os.listdir(folder)]
    films = {stem for stem, suffix in parts if suffix.lower() in TIMED}
    return tuple(sorted((stem + suffix, stem in films) for stem, suffix in parts if suffix.lower() in SUFFIXES))


def text_tracks(container: Any) -> list[Any]:
    """Subtitle streams that hold text; the default one first, those only for foreign words last."""
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
    text = content.decode("utf-8", "replace")
    return text.split(",", 8)[-1] if codec in ("ass", "ssa") else text


def track_lang(track: Any) -> str | None:
    """Language of a track by its own word, None if it says nothing."""
    from retrieval.media.av.ffmpeg import THREE_LETTERS

    return THREE_LETTERS.get((track.metadata.get("language") or "")[:3].lower())
