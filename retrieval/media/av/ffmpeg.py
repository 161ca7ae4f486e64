"""Opening a clip or recording with FFmpeg (PyAV): the checks, facts and error words that video and audio share.

PyAV's log level is left at its default, which is silent: with a level set, its Python callback and FFmpeg's decoding
threads wait for each other without end when a container is closed (met with PyAV 18.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
from av.container import InputContainer

from retrieval.domain.media import Medium, Metadata, Segment, Span
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.av import dolby
from retrieval.media.av.clock import BACK_MS, CLOCKED, running_ms
from retrieval.media.av.cues import parse
from retrieval.media.av.id3 import confused
from retrieval.media.av.wav import as_ffmpeg_reads
from retrieval.media.av.xmp import with_xmp
from retrieval.media.dates import FIRST_CONTAINER, iso_date, local_date
from retrieval.media.image.live import identifier
from retrieval.media.sidecars import LANGUAGES, lang_of
from retrieval.media.sniff import identify
from retrieval.settings import PASSAGE_CHARS

WRITTEN: Final = ("date", "datetime", "icrd", "year")  # by people or taggers, unlike the clock of a recorder
PLACE: Final = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")
DOLBY: Final = frozenset({"hevc", "h264", "av1"})  # codecs of Dolby Vision
LYRICS_CHARS: Final = 100_000  # of one song
ALONE: Final = {"protocol_whitelist": "file"}
BAD_PACKETS: Final = 200  # damaged packets in a row after which a stream is given up


@contextmanager
def opened(path: Path, content: BinaryIO | None = None) -> Iterator[InputContainer]:
    """The container, open; whatever FFmpeg raises on a bad file becomes a MediaError. content: read in place of the file.

    Raises:
        MediaUnreadable: missing, truncated or damaged.
    """
    try:
        # An open file, not its name: names may not be UTF-8, or be taken for a protocol ("concat:a.mp4"); and a playlist in
        # disguise can then open no other file.
        with (
            content or open(path, "rb") as file,
            av.open(as_ffmpeg_reads(path, file), "r", metadata_errors="ignore", options=ALONE) as container,
        ):
            yield container
    except MediaError:
        raise
    except MemoryError as error:
        raise MediaTooLarge(f"{path.name} needs more memory than a decoder may use") from error
    except (av.FFmpegError, OSError, ValueError, OverflowError, AssertionError, RuntimeError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> MediaUnreadable:
    if isinstance(error, FileNotFoundError | PermissionError):
        return MediaUnreadable(f"cannot read {path.name}: {error.strerror}")
    word = "truncated" if isinstance(error, EOFError) or _lacks_index(path) else "damaged"
    return MediaUnreadable(f"{path.name} is {word}", reason=word)


def _lacks_index(path: Path) -> bool:
    """Whether an MP4 or MOV ends before its table of contents, as a broken-off download or recording does."""
    try:
        with open(path, "rb") as file:
            size, at = path.stat().st_size, 0
            while at + 8 <= size:
                file.seek(at)
                header = file.read(16)
                length = int.from_bytes(header[:4], "big")
                if header[4:8] == b"moov" or not header[4:8].isalnum():
                    return header[4:8] == b"moov" and at + length > size
                length = int.from_bytes(header[8:16], "big") if length == 1 else length
                at += max(length, 8) if length else size
            return True
    except OSError:
        return False


def picture_stream(container: InputContainer) -> Any | None:
    """The first video stream that moves; cover pictures do not."""
    streams: list[Any] = list(container.streams.video)
    for stream in streams:
        if stream.codec_context is None:  # a codec that FFmpeg does not know; PyAV's types say never
            continue
        still = bool(stream.disposition & av.stream.Disposition.attached_pic)
        rates = [rate for rate in (stream.average_rate, stream.guessed_rate) if rate]  # raw DV has an average of 60,000
        if not still and not (rates and min(rates) > 1000):
            return stream
    return None


def sound_stream(container: InputContainer) -> Any | None:
    """The soundtrack: the default one, else the first."""
    streams = [one for one in container.streams.audio if one.codec_context is not None]
    return next(
        (one for one in streams if one.disposition & av.stream.Disposition.default), streams[0] if streams else None
    )


def duration_ms(container: InputContainer, *streams: Any) -> int | None:
    """Length by the container, else the longest of the streams."""
    if container.duration:
        return max(0, round(container.duration / 1000))
    lengths = [
        stream.duration * stream.time_base * 1000 for stream in streams if stream is not None and stream.duration
    ]
    return round(max(lengths)) if lengths else None


def packets(container: InputContainer, stream: Any, only_keys: bool = False) -> Iterator[Any]:
    """Frames of one stream; damaged packets are stepped over. only_keys: of key packets alone, whatever the decoder skips.

    Raises:
        MediaUnreadable: more than BAD_PACKETS damaged ones in a row.
    """
    bad = 0
    demuxer = container.demux(stream)
    while True:
        try:
            packet = next(demuxer)
            if only_keys and packet.size and not packet.is_keyframe:
                continue
            frames = packet.decode()
            bad = 0
        except StopIteration:
            return
        except EOFError:
            return
        except av.FFmpegError as error:
            bad += 1
            if bad > BAD_PACKETS:
                raise MediaUnreadable("the stream is damaged", reason="damaged") from error
            continue
        yield from frames


def nothing_to_play(path: Path, container: InputContainer) -> MediaError:
    """Why a file that opens holds neither pictures nor sound that can be decoded."""
    streams: list[Any] = list(container.streams)
    if any(one.type in ("video", "audio") and one.codec_context is None for one in streams):
        hint = "its codec is not known, or it is protected against copying"
        return MediaUnsupported(f"{path.name} cannot be played here", hint, "format not read")
    if any(one.type == "subtitle" for one in streams):
        return MediaUnsupported(
            f"{path.name} holds subtitles alone", "save them as .srt to index them", "format not read"
        )
    return MediaUnreadable(f"{path.name} holds neither pictures nor sound", reason="damaged")


def check_decodes(path: Path) -> None:
    """Decodes the first frame of the pictures and of the sound.

    Raises:
        MediaUnreadable: the file does not open, or holds neither.
    """
    with opened(path) as container:
        streams = [each for each in (picture_stream(container), sound_stream(container)) if each is not None]
        for stream in streams:
            container.seek(0)
            if next(packets(container, stream), None) is None:
                raise MediaUnreadable(f"{path.name} holds no {stream.type} that can be decoded", reason="damaged")
        if not streams:
            raise MediaUnreadable(f"{path.name} holds neither pictures nor sound", reason="empty")


def facts_of(path: Path, container: InputContainer, medium: Medium) -> Metadata:
    """What container and streams say: size as stored, length, date, camera, place, title, artist."""
    picture, sound = picture_stream(container), sound_stream(container)
    said = _metadata(container, picture, sound)
    for name, value in confused(path).items():
        said.pop(name, None)
        if value is not None:
            said[name] = value
    date = _date(said, medium)
    latitude, longitude = _place(said)
    tracks = soundtracks(container)
    words = ("album", "album_artist", "genre", "composer", "keywords", "show", "comment", "description", "synopsis")
    facts = Metadata(
        medium,
        identify(path)[1] + (dolby.note(path) if picture is not None and picture.codec_context.name in DOLBY else ""),
        picture.codec_context.width or None if picture is not None else None,
        picture.codec_context.height or None if picture is not None else None,
        _length(path, container, picture, sound),
        date=date,
        date_from="container" if date else None,
        camera=_camera(said),
        latitude=latitude,
        longitude=longitude,
        title=_line(said.get("title")),
        artist=_line(said.get("artist") or said.get("author")),
        keywords=tuple(dict.fromkeys([line for line in (_line(said.get(word)) for word in words) if line] + tracks)),
        has_sound=sound is not None,
        has_pictures=picture is not None,
        pair=identifier(said.get("com.apple.quicktime.content.identifier")),
    )
    return with_xmp(path, facts)


def soundtracks(container: InputContainer) -> list[str]:
    """Names of the soundtracks, where there are several, one of which alone is heard: "German", "Director's commentary"."""
    streams = [one for one in container.streams.audio if one.codec_context is not None]
    if len(streams) < 2:
        return []
    names = []
    for one in streams:
        lang = lang_of((one.metadata.get("language") or "")[:3])
        names += [_line(one.metadata.get("title")), LANGUAGES.get(lang or "")]
    return list(dict.fromkeys(name for name in names if name))


def chapters(container: InputContainer) -> list[Segment]:
    """A `text_line` with the title of each chapter, at its span; titles without a letter (times, numbers) are left out."""
    zero, found = (container.start_time or 0) / 1000, []
    for chapter in container.chapters():
        title = _line(chapter["metadata"].get("title"))
        base = 1000 * (chapter["time_base"] or Fraction(1, av.time_base))
        start, end = (max(0, round(time * base - zero)) for time in (chapter["start"], chapter["end"]))
        if title and any(map(str.isalpha, title)) and end > start:
            found.append(Segment("text_line", Span(start, end), text=title))
    return found


def lyrics(container: InputContainer) -> list[Segment]:
    """`text_line` segments of the words in a song's tag: lines at their times where these are told, else all of it in
    passages that last as long as the song.
    """
    said = {str(name).lower(): str(value) for name, value in container.metadata.items()}
    text = next((value for name, value in said.items() if name == "lyrics" or name.startswith("lyrics-")), "")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")[:LYRICS_CHARS]
    timed = parse(text) if text else []
    if timed:
        return [Segment("text_line", Span(cue.start, cue.end), text=cue.text) for cue in timed]
    whole = Span(0, max(1, (container.duration or 0) // 1000))
    verses = [""]
    for line in (" ".join(line.split()) for line in text.split("\n")):
        verses += [""] if len(verses[-1]) + len(line) > PASSAGE_CHARS else []
        verses[-1] += line[:PASSAGE_CHARS] + "\n" if line else ""
    return [Segment("text_line", whole, text=verse.strip()) for verse in verses if verse]


def _metadata(container: InputContainer, *streams: Any) -> dict[str, str]:
    """Tags by lower-case name; the container's before its streams' (Ogg keeps them there)."""
    found: dict[str, str] = {}
    for source in (container, *streams):
        for name, value in (source.metadata if source is not None else {}).items():
            found.setdefault(str(name).lower(), str(value))
    return found


def _line(value: str | None) -> str | None:
    return " ".join((value or "").replace("\0", " ").split())[:500] or None


def _length(path: Path, container: InputContainer, picture: Any | None, sound: Any | None) -> int | None:
    """Length in ms; counted where FFmpeg only estimates it by the bit rate, or where recordings are joined."""
    stream = picture or sound
    if stream is None or not (_is_estimated(path, container) or container.format.name in CLOCKED):
        return duration_ms(container, picture, sound)
    with opened(path) as other:
        counted = running_ms(other, other.streams[stream.index])
    said = duration_ms(container, picture, sound) or 0
    return said if container.format.name in CLOCKED and abs(counted - said) < BACK_MS else counted


def _is_estimated(path: Path, container: InputContainer) -> bool:
    """Whether the file itself does not say how long it is: raw AAC, MP3 without a table of its frames."""
    if container.format.name != "mp3":
        return container.format.name == "aac"
    with open(path, "rb") as file:
        head = file.read(10)
        tag = sum(digit << 7 * place for place, digit in enumerate(reversed(head[6:10]))) if head[:3] == b"ID3" else -10
        file.seek(10 + tag)
        first = file.read(2048)
    return not any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))


def first_frame(container: InputContainer, stream: Any) -> Any | None:
    """The first frame that decodes; None for a stream without any. Leaves the container behind it."""
    return next(packets(container, stream), None)


def _date(said: dict[str, str], medium: Medium) -> str | None:
    """Local time where the maker wrote it (Apple does), else the container's UTC in the time of this machine.

    Of sound what its tags say comes first: the container's time is that of the last tagging or conversion.
    """
    if local := iso_date(said.get("com.apple.quicktime.creationdate", "")):
        return local
    written = next((date for date in (iso_date(said.get(name, ""), 1000) for name in WRITTEN) if date), None)
    made = local_date(said.get("creation_time", ""))
    made = made if made and made >= FIRST_CONTAINER else None
    return written or made if medium == "audio" else made or written


def _camera(said: dict[str, str]) -> str | None:
    make = _line(said.get("com.apple.quicktime.make") or said.get("make") or said.get("com.android.manufacturer"))
    model = _line(said.get("com.apple.quicktime.model") or said.get("model") or said.get("com.android.model"))
    return " ".join(word for word in (make, model) if word) or None


def _place(said: dict[str, str]) -> tuple[float | None, float | None]:
    """ISO 6709, as phones write it: +39.0513-094.2887+270/."""
    match = PLACE.match(said.get("com.apple.quicktime.location.iso6709") or said.get("location") or "")
    return (float(match[1]), float(match[2])) if match else (None, None)
