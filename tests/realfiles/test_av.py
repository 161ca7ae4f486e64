"""Films and recordings: joined, turned, squeezed, of varying rate, of high dynamic range, with sound where nobody looks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.domain.media import AudioSpec, ImageSpec, Medium, Metadata, Span
from retrieval.media.av.audio import chunks
from retrieval.media.av.concat import Piece, join
from retrieval.media.av.cut import save_clip
from retrieval.media.av.video import frame_at
from retrieval.media.extract import listen, read, watch
from retrieval.media.sniff import identify
from tests.realfiles.table import File, Refused, check, check_refused
from tests.realfiles.test_text import CUE
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import Pixmap, frames, pattern, tone, write

FORM = ImageSpec(32)
Make = Callable[[Path], object]


def flat(color: tuple[int, int, int], size: tuple[int, int] = (160, 120)) -> Pixmap:
    return np.full((size[1], size[0], 3), color, np.uint8)


RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 30)


def film(
    path: Path,
    pictures: Sequence[NDArray[Any]],
    times: Sequence[int] | None = None,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    sounds: Sequence[NDArray[np.float32]] = (),
    change: Callable[[Any], None] | None = None,
) -> Path:
    """Pictures at times (ms), with soundtracks; `change` sets up the encoder of the pictures."""
    with av.open(str(path), "w") as made:
        stream = made.add_stream(codec, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if change is not None:
            change(stream)
        tracks = [made.add_stream("aac", rate=16_000, layout="mono") for _ in sounds]
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, "rgb48le" if picture.dtype == np.uint16 else "rgb24")
            frame = frame.reformat(
                format=pixels, dst_colorspace=stream.codec_context.colorspace if pixels != "yuv420p" else None
            )
            frame.pts, frame.time_base = times[number] if times else number * 40, Fraction(1, 1000)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
        for track, sound in zip(tracks, sounds, strict=True):
            for at in range(0, len(sound), 1024):
                piece = av.AudioFrame.from_ndarray(sound[None, at : at + 1024], format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = 16_000, at, Fraction(1, 16_000)
                made.mux(track.encode(piece))
            made.mux(track.encode(None))
    return path


def textured(color: tuple[int, int, int], count: int, seed: int = 1) -> list[Pixmap]:
    """Moving pictures that are mostly of one colour."""
    return [(0.6 * np.array(color) + 0.4 * one).astype(np.uint8) for one in frames([pattern(seed)], [count])]


def joined(first: Make, second: Make) -> Make:
    """One file behind the other, as `cat` does it."""

    def make(path: Path) -> None:
        first(path)
        one = path.read_bytes()
        second(path)
        path.write_bytes(one + path.read_bytes())

    return make


def stream(color: tuple[int, int, int], seconds: int = 4, seed: int = 1) -> Make:
    def at_25(track: Any) -> None:
        track.time_base = track.codec_context.time_base = Fraction(1, 25)

    def make(path: Path) -> None:
        film(path, textured(color, 25 * seconds, seed), codec="mpeg2video", change=at_25)

    return make


def reel(path: Path, end: int) -> Path:
    """The first `end` ms as a reel of one piece."""
    join([Piece(path, Span(0, end))], path.with_name("reel.mp4"))
    return path.with_name("reel.mp4")


def shots(path: Path) -> list[Span]:
    return [one.segment.span for one in watch(path, "video", FORM) if one.segment.span]


def mean(path: Path, at: int) -> NDArray[np.float64]:
    return np.asarray(frame_at(path, at), np.float64).mean(axis=(0, 1))


def near(color: NDArray[np.float64], wanted: tuple[int, int, int], most: float = 70) -> bool:
    return bool(np.abs(color - wanted).max() < most)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg", "a.vob"])
def test_joined_recordings_run_on(tmp_path: Path, name: str) -> None:
    """Time stamps that start again: the second recording follows the first, in shots, stills, cuts and length."""
    path = tmp_path / name
    joined(stream(RED), stream(BLUE, seed=2))(path)
    found = shots(path)
    assert found[0].start < 200
    assert 7_800 < found[-1].end < 8_300
    assert any(abs(span.start - 4000) < 200 for span in found)
    assert near(mean(path, 2000), RED)
    assert near(mean(path, 6000), BLUE)
    facts = next(iter(read(path, "video", FORM)))
    assert isinstance(facts, Metadata)
    assert facts.duration_ms is not None
    assert 7_800 < facts.duration_ms < 8_300
    assert near(mean(save_clip(path, Span(5000, 6000), tmp_path / "cut.mp4"), 500), BLUE)


def test_stills_of_a_transport_stream_show_their_time(tmp_path: Path) -> None:
    """Key frames every five seconds, on which seeking does not land."""

    def rare(stream_: Any) -> None:
        stream_.options = {"g": "125", "keyint_min": "125", "sc_threshold": "0"}

    pictures = [one for color in (RED, BLUE, GREEN, RED) for one in textured(color, 100)]
    path = film(tmp_path / "a.ts", pictures, change=rare)
    for at, color in ((2000, RED), (6000, BLUE), (9900, GREEN), (14_000, RED)):
        assert near(mean(path, at), color), at
    cut = save_clip(path, Span(8000, 12_000), tmp_path / "cut.mp4")
    facts = next(iter(read(cut, "video", FORM)))
    assert isinstance(facts, Metadata)
    assert facts.duration_ms is not None
    assert 3_900 < facts.duration_ms < 4_200
    assert near(mean(cut, 200), GREEN)


@pytest.mark.parametrize("times", [[0], [0, 2000, 4000]], ids=["one", "slides"])
def test_the_last_slide_stands_to_the_end(tmp_path: Path, times: list[int]) -> None:
    """One picture for a whole talk, or slides held long."""
    pictures = [pattern(number, move=0)(0) for number, _ in enumerate(times)]
    path = film(tmp_path / "a.mkv", pictures, times, sounds=[tone(9)])
    assert abs(shots(path)[-1].end - 9000) < 200


@pytest.mark.parametrize("tracks", [(0, 1), (1, 0), (1, 1)], ids=["second", "first", "both"])
def test_the_soundtrack_with_sound_is_heard(tmp_path: Path, tracks: tuple[int, int]) -> None:
    """A silent first track does not make a film silent."""
    path = film(tmp_path / "a.mkv", textured(RED, 75), sounds=[tone(3) * loud for loud in tracks])
    assert np.abs(np.concatenate(list(chunks(path)))).max() > 0.1
    assert list(listen(path, "video", AudioSpec()))


def test_a_film_is_shown_with_square_pixels(tmp_path: Path) -> None:
    """Anamorphic pixels: stills, facts and cuts have the shape that players show."""

    def wide(stream_: Any) -> None:
        stream_.codec_context.sample_aspect_ratio = Fraction(2, 1)

    path = film(tmp_path / "a.mp4", textured(RED, 25), change=wide)
    facts = next(iter(read(path, "video", FORM)))
    assert isinstance(facts, Metadata)
    assert (facts.width, facts.height) == frame_at(path, 100).size == (320, 120)
    assert frame_at(save_clip(path, Span(0, 500), tmp_path / "cut.mp4"), 100).size == (320, 120)
    assert frame_at(reel(path, 500), 100).size == (320, 120)


def test_white_paper_of_a_pq_film_is_white(tmp_path: Path) -> None:
    """Tone mapping: 203 cd/m² are paper, not grey."""

    def pq(stream_: Any) -> None:
        context = stream_.codec_context
        context.color_trc, context.colorspace, context.color_primaries = 16, 9, 9

    paper = np.full((120, 160, 3), round(0.5806 * 65535), np.uint16)
    path = film(tmp_path / "a.mkv", [paper] * 5, pixels="yuv420p10le", change=pq)
    assert mean(path, 0).min() > 230
    assert mean(save_clip(path, Span(0, 160), tmp_path / "cut.mp4"), 0).min() > 225
    assert mean(reel(path, 160), 0).min() > 225


def test_hd_without_a_word_on_its_colours_is_of_bt_709(tmp_path: Path) -> None:
    """Players take 720 lines and more for BT.709."""
    with av.open(str(tmp_path / "a.mp4"), "w") as made:
        track: Any = made.add_stream("libx264", rate=25, options={"crf": "1"})
        track.width, track.height, track.pix_fmt = 1280, 720, "yuv420p"
        frame = av.VideoFrame.from_ndarray(flat((255, 0, 0), (1280, 720)), "rgb24")
        made.mux(track.encode(frame.reformat(format="yuv420p", dst_colorspace="ITU709")))
        made.mux(track.encode(None))
    assert near(mean(tmp_path / "a.mp4", 0), (255, 0, 0), 6)


UNITY = 1 << 16
QUARTERS = {
    "left": ((0, -1, 1, 0), (120, 160)), "right": ((0, 1, -1, 0), (120, 160)), "over": ((-1, 0, 0, -1), (160, 120)),
    "mirror": ((-1, 0, 0, 1), (160, 120)), "flip": ((1, 0, 0, -1), (160, 120)), "transpose": ((0, 1, 1, 0), (120, 160)),
}  # fmt: skip


@pytest.mark.parametrize("name", QUARTERS)
def test_turned_and_mirrored_films_are_shown_as_players_do(tmp_path: Path, name: str) -> None:
    """The whole display matrix: a mark in one corner comes where the matrix puts it, in stills, cuts and reels."""
    (a, b, c, d), size = QUARTERS[name]
    marked = flat(BLUE)
    marked[:40, :40] = 255  # upper left
    path = film(tmp_path / "a.mp4", [marked] * 25)
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    for place, value in ((0, a), (1, b), (3, c), (4, d)):
        content[at + 4 * place : at + 4 * place + 4] = (value * UNITY).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    # The middle of the mark goes to (a x + c y, b x + d y), counted from the middle of the picture.
    x, y = a * -60 + c * -40, b * -60 + d * -40
    for file in (path, save_clip(path, Span(0, 500), tmp_path / "cut.mp4"), reel(path, 500)):
        shown = frame_at(file, 200)
        assert shown.size == size
        assert min(shown.getpixel((size[0] // 2 + x, size[1] // 2 + y))) > 200
        assert shown.getpixel((size[0] // 2 - x, size[1] // 2 - y))[0] < 100


def test_a_film_of_varying_rate_is_cut(tmp_path: Path) -> None:
    """Frames that lie closer than the average keep their times."""
    times = [0, 9, 66, 75, 132, 141, 198, 207, 264, 273]
    path = film(tmp_path / "a.mp4", [pattern(n)(0) for n in range(10)], times)
    for name in ("cut.mp4", "cut.mkv", "cut.webm"):
        cut = save_clip(path, Span(0, 280), tmp_path / name)
        with av.open(str(cut)) as container:
            stream_ = container.streams.video[0]
            got = [round((frame.time or 0) * 1000) for frame in container.decode(stream_)]
        assert got == times, name


def test_bad_last_packets_do_not_spoil_a_cut(tmp_path: Path) -> None:
    """Old tags behind the sound."""
    path = record(tmp_path / "a.mp3", tone(4, rate=44_100), 44_100, codec="libmp3lame")
    with open(path, "ab") as file:
        file.write(b"APETAGEX" + bytes(range(256)) * 4 + b"\xff\xfb\x90\x00" + b"LYRICSBEGIN" * 30)
    assert abs(sum(map(len, chunks(save_clip(path, Span(2000, 4000), tmp_path / "cut.wav")))) - 32_000) < 3_000


@pytest.mark.parametrize(
    ("name", "codec", "change", "length"),
    [
        ("a.aac", "aac", bytes, 6000),
        ("a.mp3", "libmp3lame", lambda data: data.replace(b"Info", b"None").replace(b"Xing", b"None"), 6000),
        ("b.mp3", "libmp3lame", lambda data: bytes(1024) + data, 6000),
    ],
    ids=["adts", "no table", "zeros in front"],
)
def test_lengths_are_counted(
    tmp_path: Path, name: str, codec: str, change: Callable[[bytes], bytes], length: int
) -> None:
    """Loud and silent parts of a recording without a table are not estimated by their bit rate."""
    sound = np.concatenate(
        [tone(3, rate=44_100) * 0, np.random.default_rng(1).normal(0, 0.2, 3 * 44_100).astype(np.float32)]
    )
    path = record(tmp_path / name, sound, 44_100, codec=codec)
    path.write_bytes(change(path.read_bytes()))
    assert identify(path)[0] == "audio"
    facts = next(iter(read(path, "audio", FORM)))
    assert isinstance(facts, Metadata)
    assert abs((facts.duration_ms or 0) - length) < 200


def matroska(path: Path) -> None:
    """Sound whose samples hold what says "a track of pictures"."""
    record(path, np.tile(np.frombuffer(b"\x83\x81\x01\x00" * 2000, np.int16).astype(np.float32) / 32768, 4), 8000)


def sounding(path: Path) -> None:
    with av.open(str(path), "w", format="mpegts") as made:
        track = made.add_stream("mp2", rate=48_000, layout="mono")
        for at in range(0, 96_000, 1152):
            frame = av.AudioFrame.from_ndarray(
                (tone(1152 / 48_000, rate=48_000) * 30_000).astype(np.int16)[None], "s16", "mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            made.mux(track.encode(frame))
        made.mux(track.encode(None))


MEDIA: dict[str, tuple[Make, Medium]] = {
    "sound.mka": (matroska, "audio"),
    "sound.ts": (sounding, "audio"),
    "film.ts": (stream(RED, 1), "video"),
    "film.mxf": (stream(RED, 1), "video"),
    "sound.w64": (lambda path: record(path, tone(1)), "audio"),
    "sound.mp3": (lambda path: record(path, tone(1, rate=44_100), 44_100, codec="libmp3lame"), "audio"),
    "film.h264": (lambda path: film(path, textured(RED, 25)), "video"),
    "film.webm": (lambda path: write(path, frames([pattern(1)], [25]), codec="libvpx"), "video"),
    "sound.webm": (lambda path: record(path, tone(1, rate=48_000), 48_000, codec="libopus"), "audio"),
}  # fmt: skip


@pytest.mark.parametrize("name", MEDIA)
def test_the_medium_is_right(tmp_path: Path, name: str) -> None:
    """By what is inside, whatever the container."""
    make, medium = MEDIA[name]
    make(tmp_path / name)
    assert identify(tmp_path / name)[0] == medium
    assert isinstance(next(iter(read(tmp_path / name, medium, FORM))), Metadata)


def tagged(path: Path) -> None:
    """A silent film whose maker says "English"."""
    with av.open(str(path), "w") as made:
        track = made.add_stream("aac", rate=16_000, layout="mono")
        track.metadata["language"] = "eng"
        for at in range(0, 32_000, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 16_000, at, Fraction(1, 16_000)
            made.mux(track.encode(frame))
        made.mux(track.encode(None))


def test_a_tag_is_no_language(tmp_path: Path) -> None:
    """What a muxer fills in does not say that anybody speaks."""
    tagged(tmp_path / "a.m4a")
    facts = next(iter(read(tmp_path / "a.m4a", "audio", FORM)))
    assert isinstance(facts, Metadata)
    assert facts.lang is None


def of_codec(old: bytes, new: bytes, make: Make) -> Make:
    """A film or recording whose codec has another name."""

    def made(path: Path) -> None:
        make(path)
        path.write_bytes(path.read_bytes().replace(old, new))

    return made


REFUSED = [
    Refused(
        "locked.mp4",
        of_codec(b"avc1", b"encv", lambda path: film(path, textured(RED, 10))),
        "format not read",
        "protected",
    ),
    Refused(
        "unknown.mp4",
        of_codec(b"avc1", b"zzzz", lambda path: film(path, textured(RED, 10))),
        "format not read",
        "codec",
    ),
    Refused(
        "half.mp4", lambda path: (film(path, textured(RED, 50)), path.write_bytes(path.read_bytes()[:900])), "truncated"
    ),
]


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_the_reason_is_said(tmp_path: Path, file: Refused) -> None:
    """The file is left out for its reason."""
    check_refused(tmp_path, file)


FILES = [
    File("late.mp4", "video", lambda path: (write(path, frames([pattern(1)], [75])), path.with_suffix(".srt").write_text(
        CUE + "The keeper slept.\n")), "keeper", Span(1000, 2500)),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, at their time."""
    check(tmp_path, file)


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="d" '
    b'xmlns:exif="e"><rdf:Description exif:GPSLatitude="60,23.478N" exif:GPSLongitude="5,19.326E"><dc:title><rdf:Alt>'
    b"<rdf:li>The keeper's evening</rdf:li></rdf:Alt></dc:title><dc:subject><rdf:Bag><rdf:li>kestrel</rdf:li></rdf:Bag>"
    b"</dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def with_uuid(path: Path) -> None:
    """XMP at the top, as programs of photographers write it into MP4."""
    film(path, textured(RED, 25))
    path.write_bytes(path.read_bytes() + box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP))


def with_user_data(path: Path) -> None:
    """XMP in the user data, as QuickTime has it; `moov` stands last, so that it may grow."""
    film(path, textured(RED, 25))
    data = path.read_bytes()
    at = data.rindex(b"moov") - 4
    moov = data[at + 8 :]
    path.write_bytes(data[:at] + box(b"moov", moov + box(b"udta", box(b"XMP_", XMP))))


def with_sidecar(path: Path) -> None:
    film(path, textured(RED, 25))
    path.with_suffix(".xmp").write_bytes(XMP)


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.mp4", with_uuid), ("a.mov", with_user_data), ("a.mp4", with_sidecar), ("a.mkv", with_sidecar)],
    ids=["uuid", "user data", "sidecar of mp4", "sidecar of mkv"],
)
def test_xmp_of_a_film_is_read(tmp_path: Path, name: str, make: Make) -> None:
    """Title, words and place, inside the film or beside it; its pictures are as before."""
    make(tmp_path / name)
    facts, *_ = read(tmp_path / name, "video", FORM)
    assert isinstance(facts, Metadata)
    assert (facts.title, facts.keywords) == ("The keeper's evening", ("kestrel",))
    assert facts.places[0] == "Bergen, Vestland, Norway"
    assert near(mean(tmp_path / name, 100), RED)


def test_xmp_that_is_broken_costs_nothing(tmp_path: Path) -> None:
    """Nor does a box that is longer than its file."""
    path = tmp_path / "a.mp4"
    film(path, textured(RED, 25))
    path.write_bytes(path.read_bytes() + box(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + XMP)[:-90])
    facts, *_ = read(path, "video", FORM)
    assert isinstance(facts, Metadata)
    assert facts.width == 160


def test_soundtracks_are_named(tmp_path: Path) -> None:
    """Where there are several, of which one is heard: by language and title; a single one is not."""

    def told(path: Path, tracks: list[dict[str, str]]) -> tuple[str, ...]:
        with av.open(str(path), "w") as made:
            streams = [made.add_stream("aac", rate=16_000, layout="mono") for _ in tracks]
            for stream_, tags in zip(streams, tracks, strict=True):
                stream_.metadata.update(tags)
            for stream_ in streams:
                piece = av.AudioFrame.from_ndarray(tone(1)[None, :1024], format="fltp", layout="mono")
                piece.sample_rate, piece.pts, piece.time_base = 16_000, 0, Fraction(1, 16_000)
                made.mux(stream_.encode(piece))
                made.mux(stream_.encode(None))
        facts, *_ = read(path, "audio", FORM)
        assert isinstance(facts, Metadata)
        return facts.keywords

    assert told(tmp_path / "one.mka", [{"language": "ger"}]) == ()
    two = told(tmp_path / "two.mka", [{"language": "eng"}, {"language": "ger", "title": "Talk of the director"}])
    assert two == ("English", "Talk of the director", "German")


def long_packets(path: Path) -> None:
    """A transport stream of 204 bytes a packet, as receivers record it: sixteen of error correction behind each."""
    stream(RED)(path)
    data = path.read_bytes()
    path.write_bytes(b"".join(data[at : at + 188] + bytes(16) for at in range(0, len(data), 188)))


def camcorder(path: Path) -> None:
    """DV without a container."""
    with av.open(str(path), "w", format="dv") as made:
        track: Any = made.add_stream("dvvideo", rate=25)
        track.width, track.height, track.pix_fmt = 720, 576, "yuv420p"
        for picture in [flat(RED, (720, 576))] * 25:
            made.mux(track.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv420p")))
        made.mux(track.encode(None))


@pytest.mark.parametrize(("name", "make"), [("a.ts", long_packets), ("a.dv", camcorder)], ids=["204 bytes", "dv"])
def test_rare_streams_are_films(tmp_path: Path, name: str, make: Make) -> None:
    """Known by their name and by what FFmpeg says."""
    make(tmp_path / name)
    assert identify(tmp_path / name)[0] == "video"
    assert near(mean(tmp_path / name, 200), RED)
