"""Pictures of rare forms, words that films and songs carry, and how a library answers for odd names, places and dates."""

from __future__ import annotations

import os
import struct
import unicodedata
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from retrieval.domain.media import ExtractedSegment, Metadata, Span
from retrieval.media.extract import read
from retrieval.media.image.decode import open_image
from retrieval.media.sniff import identify
from tests.realfiles.table import File, Refused, check, check_refused
from tests.realfiles.test_av import FORM, RED, film, flat, mean, near, shots, textured
from tests.realfiles.test_pictures import RGB, half, saved, tiff, xmp
from tests.realfiles.test_places_and_pairs import indexed, made, still
from tests.realfiles.test_text import CUE
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import frames, pattern, tone, write

Make = Callable[[Path], object]


def moving() -> list[Image.Image]:
    return [Image.new("RGB", (80, 40), color) for color in ("red", "green", "blue")]


def animated(form: str) -> Make:
    pictures = moving()
    return lambda path: pictures[0].save(path, form, save_all=True, append_images=pictures[1:], duration=200)


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.gif", "a.avif"])
def test_an_animation_is_one_picture_of_several_views(tmp_path: Path, name: str) -> None:
    """In every form that moves."""
    animated(name[2:].upper())(tmp_path / name)
    _, *rest = read(tmp_path / name, "image", FORM)
    [segment] = [one for one in rest if isinstance(one, ExtractedSegment)]
    assert len(segment.views) == 3


def planar(path: Path) -> None:
    """16 bits a colour, each colour in a strip of its own."""
    planes = np.asarray(half(), np.uint16).transpose(2, 0, 1) * 257
    tiff(path, planes.astype("<u2").tobytes(), {**RGB, 258: (16, 16, 16), 284: (2,)})
    content = bytearray(path.read_bytes())
    # The writer knows one strip: three follow each other in it.
    for tag, values in ((273, [8 + n * 6400 for n in range(3)]), (279, [6400] * 3)):
        at = content.index(struct.pack("<HH", tag, 4), 8 + planes.nbytes)
        content[at : at + 12] = struct.pack("<HHII", tag, 4, 3, len(content))
        content += struct.pack("<3I", *values)
    path.write_bytes(content)


def scanned_dng(path: Path) -> None:
    """DNG as scanners write it: one finished picture, no preview."""
    tiff(path, half().tobytes(), {**RGB, 271: (0,), 0xC612: (0x00000401,)})


def ultra(path: Path) -> None:
    """A photo with a map of how much brighter a better screen may show it, which is a second picture."""
    half().save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (20, 10), "grey")])


def with_other_brand(path: Path) -> None:
    """JPEG 2000 of the extended form, as .jpf has it."""
    half().save(path, "JPEG2000", quality_mode="dB", quality_layers=[60])
    path.write_bytes(path.read_bytes().replace(b"ftypjp2 ", b"ftypjpx ", 1))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("planar.tif", planar), ("scan.dng", scanned_dng), ("ultra.jpg", ultra),
        ("a.jpf", with_other_brand), ("a.j2k", saved(half(), "JPEG2000", no_jp2=True)),
        ("a.tga", saved(half(), "TGA")), ("a.qoi", saved(half(), "QOI")), ("a.dds", saved(half(), "DDS")),
    ],
)  # fmt: skip
def test_a_picture_is_seen_as_it_is(tmp_path: Path, name: str, make: Make) -> None:
    """White on the left, black on the right; one picture, whatever else lies in the file."""
    make(tmp_path / name)
    assert identify(tmp_path / name)[0] == "image"
    array = np.asarray(open_image(tmp_path / name)).astype(int)
    assert array.shape[:2] == (40, 80)
    assert array[20, 8].mean() > 235
    assert array[20, 72].mean() < 20
    _, *rest = read(tmp_path / name, "image", FORM)
    assert len(rest) == 1


def gps(latitude: tuple[float, str], longitude: tuple[float, str]) -> Make:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(
        {1: latitude[1], 2: (latitude[0], 0.0, 0.0), 3: longitude[1], 4: (longitude[0], 0.0, 0.0)}
    )
    return lambda path: Image.new("RGB", (40, 30)).save(path, exif=exif)


@pytest.mark.parametrize(
    ("latitude", "longitude", "place"),
    [
        ((0.0, "N"), (0.0, "E"), (None, None)),
        ((0.0, "N"), (32.5, "E"), (0.0, 32.5)),
        ((51.5, "N"), (0.0, "E"), (51.5, 0.0)),
        ((33.5, "S"), (70.5, "W"), (-33.5, -70.5)),
    ],
    ids=["no fix", "equator", "meridian", "south west"],
)
def test_zero_for_both_is_no_place(
    tmp_path: Path, latitude: tuple[float, str], longitude: tuple[float, str], place: tuple[float | None, float | None]
) -> None:
    """Cameras without a fix write it; the equator and the prime meridian are places."""
    gps(latitude, longitude)(tmp_path / "a.jpg")
    facts = next(iter(read(tmp_path / "a.jpg", "image", FORM)))
    assert isinstance(facts, Metadata)
    assert (facts.latitude, facts.longitude) == place


IPTC_DATE = b"".join(
    b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value
    for number, value in ((55, b"20190714"), (60, b"160311+0200"))
)


def with_iptc(path: Path) -> None:
    """A JPEG with the day and the hour that an agency wrote."""
    half().save(path, "JPEG")
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(IPTC_DATE)) + IPTC_DATE + bytes(len(IPTC_DATE) % 2)
    body = b"Photoshop 3.0\0" + block
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(body) + 2) + body + data[2:])


TITLED = xmp("<dc:title><rdf:Alt><rdf:li>North pier</rdf:li></rdf:Alt></dc:title>")


def titled_j2k(path: Path) -> None:
    half().save(path, "JPEG2000")
    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + TITLED
    data = path.read_bytes()
    at = data.index(b"jp2c") - 4
    path.write_bytes(data[:at] + struct.pack(">I4s", len(uuid) + 8, b"uuid") + uuid + data[at:])


def titled_psd(path: Path) -> None:
    """A flat picture of Photoshop with XMP among its resources."""
    resource = b"8BIM" + struct.pack(">HHI", 1060, 0, len(TITLED)) + TITLED + bytes(len(TITLED) % 2)
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 40, 80, 8, 3) + bytes(4)
    planes = np.asarray(half()).transpose(2, 0, 1).tobytes()
    path.write_bytes(head + struct.pack(">I", len(resource)) + resource + bytes(4) + b"\0\0" + planes)


FILES = [
    File("agency.jpg", "image", with_iptc, facts={"date": "2019-07-14T16:03:11", "date_from": "iptc"}),
    File("titled.jp2", "image", titled_j2k, facts={"title": "North pier"}),
    File("titled.psd", "image", titled_psd, facts={"title": "North pier"}),
]


def sung(codec: str, words: str = "The keeper slept\nuntil the oil was gone") -> Make:
    """Lyrics in the tag of the song."""
    return lambda path: record(path, tone(3, rate=44_100), 44_100, codec=codec, lyrics=words)


def worded(packet: Any, words: bytes) -> Any:
    """The packet with other words."""
    made = av.Packet(words)
    made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
    return made


def with_track(words: bytes, alone: bool = False) -> Make:
    """A film of three seconds, or none, with a track of one cue at its second second."""

    def make(path: Path) -> None:
        plain, side = path.with_name("plain.mp4"), path.with_name("cues-x.srt")
        write(plain, frames([pattern(1)], [75]))
        side.write_text(f"{CUE}x\n")
        with av.open(str(plain)) as given, av.open(str(side)) as said, av.open(str(path), "w") as out:
            sources = [said] if alone else [given, said]
            copies = {source: out.add_stream_from_template(source.streams[0]) for source in sources}
            for source in sources:
                for packet in source.demux():
                    if packet.dts is not None:
                        own = worded(packet, words) if source is said else packet
                        own.stream = copies[source]
                        out.mux(own)
        plain.unlink()
        side.unlink()

    return make


def beside(name: str, content: bytes) -> Make:
    def make(path: Path) -> None:
        write(path, frames([pattern(1)], [75]))
        path.with_name(name).write_bytes(content)

    return make


SLEPT = Span(1000, 2500)
FILES += [
    File("sung.mp3", "audio", sung("libmp3lame"), "The keeper slept\nuntil the oil was gone"),
    File("sung.m4a", "audio", sung("aac"), "The keeper slept\nuntil the oil was gone"),
    File("timed.m4a", "audio", sung("aac", "[00:01.00]The keeper slept\n[00:02.50]\n"), "The keeper slept", SLEPT),
    File("track.mkv", "video", with_track(b"The keeper slept."), "The keeper slept.", SLEPT),
    File("zero.mkv", "video", with_track(b"The keeper slept.\0never"), "The keeper slept.", SLEPT, absent="never"),
    File("empty.mp4", "video", beside("empty.en.srt", b""), facts={"format": "mp4, nothing read from empty.en.srt"}),
    File("noise.mp4", "video", beside("noise.srt", bytes(range(256)) * 4), facts={"format": "mp4, nothing read from noise.srt"}),
    File("read.mp4", "video", beside("read.srt", f"{CUE}The keeper slept.\n".encode()), "keeper", facts={"format": "mp4"}),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_a_file_says_is_found(tmp_path: Path, file: File) -> None:
    """Its date, its title, its words; and what lies beside it and says nothing is named."""
    if not file.found and file.medium != "document":
        file.make(tmp_path / file.name)
        facts = next(iter(read(tmp_path / file.name, file.medium, FORM)))
        for name, value in file.facts.items():
            said = getattr(facts, name)
            assert value in said if isinstance(said, tuple) else value == said, (name, said)
    else:
        check(tmp_path, file)


def dolby(profile: int) -> Make:
    """HEVC in MP4 with a record that says by which profile of Dolby Vision it is coded."""

    def make(path: Path) -> None:
        film(path, textured(RED, 25), codec="libx265")
        content = bytearray(path.read_bytes())
        at = content.index(b"btrt", content.index(b"stsd"))
        content[at : at + 16] = b"dvcC" + bytes([1, 0, profile << 1, 0x0D, 0]) + bytes(7)
        path.write_bytes(content)

    return make


@pytest.mark.parametrize(("profile", "note"), [(5, ", colours wrong (Dolby Vision 5)"), (8, "")])
def test_dolby_vision_without_a_base_layer_is_named(tmp_path: Path, profile: int, note: str) -> None:
    """Its colours are no others' colours; that of profile 8 is HLG or PQ to all others."""
    dolby(profile)(tmp_path / "a.mp4")
    facts = next(iter(read(tmp_path / "a.mp4", "video", FORM)))
    assert isinstance(facts, Metadata)
    assert facts.format == f"mp4{note}"


def test_white_paper_of_an_hlg_film_is_white(tmp_path: Path) -> None:
    """75 % of the signal are paper (ITU-R BT.2408)."""

    def hlg(stream: Any) -> None:
        context = stream.codec_context
        context.color_trc, context.colorspace, context.color_primaries = 18, 9, 9

    paper = np.full((120, 160, 3), round(0.75 * 65535), np.uint16)
    path = film(tmp_path / "a.mkv", [paper] * 5, pixels="yuv420p10le", change=hlg)
    assert mean(path, 0).min() > 225


def jpeg_2000_film(path: Path) -> None:
    """Motion JPEG 2000: the container of MP4 with a signature of its own."""
    with av.open(str(path.with_suffix(".mov")), "w") as out:
        track: Any = out.add_stream("jpeg2000", rate=25)
        track.width, track.height, track.pix_fmt = 160, 120, "rgb24"
        for picture in textured(RED, 25):
            out.mux(track.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        out.mux(track.encode(None))
    data = path.with_suffix(".mov").read_bytes()
    path.with_suffix(".mov").unlink()
    assert data[4:8] + data[24:28] == b"ftypwide"
    path.write_bytes(b"\0\0\0\x0cjP  \r\n\x87\n" + struct.pack(">I", 16) + b"ftypmjp2" + bytes(4) + data[28:])


def test_motion_jpeg_2000_is_a_film(tmp_path: Path) -> None:
    """Not a still of JPEG 2000, as its first bytes would say."""
    jpeg_2000_film(tmp_path / "a.mj2")
    assert identify(tmp_path / "a.mj2") == ("video", "mj2")
    assert shots(tmp_path / "a.mj2")
    assert near(mean(tmp_path / "a.mj2", 200), RED)


def test_scripts_of_flash_are_no_subtitles(tmp_path: Path) -> None:
    """What players were told stands in a track of its own."""
    film(
        tmp_path / "a.flv", [flat(RED)] * 25, codec="flv", change=lambda one: setattr(one, "time_base", Fraction(1, 25))
    )
    found = [one.segment.kind for one in read(tmp_path / "a.flv", "video", FORM) if isinstance(one, ExtractedSegment)]
    assert "speech" not in found


def test_subtitles_alone_are_told(tmp_path: Path) -> None:
    """With what to do."""
    check_refused(
        tmp_path, Refused("a.mkv", with_track(b"It slept.", alone=True), "format not read", "save them as .srt")
    )


def test_a_date_holds_together_with_words(tmp_path: Path) -> None:
    """By when a photo was taken, whatever its file's last change."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:07:14 16:03:11"
    files: dict[str, Make] = {
        "old.jpg": lambda path: Image.new("RGB", (64, 48), "red").save(path, exif=exif),
        "new.jpg": still("red"),
    }
    media = made(tmp_path / "media", files)
    for name in files:
        os.utime(media / name, (1_780_000_000, 1_780_000_000))  # 2026
    with indexed(tmp_path / "home", media) as library:
        assert [hit.path.name for hit in library.search("red after:2019 before:2020")] == ["old.jpg"]
        assert [hit.path.name for hit in library.search("red after:2026")] == ["new.jpg"]


def test_a_path_is_asked_in_any_case_and_normal_form(tmp_path: Path) -> None:
    """As people type it, whatever the disk wrote."""
    name = unicodedata.normalize("NFD", "café.jpg")
    media = made(tmp_path / "media", {name: still("red"), "pier.jpg": still("red")})
    with indexed(tmp_path / "home", media) as library:
        for question in ("path:*café*", "path:*CAFÉ*", f"path:*{name[:-4]}*", "red path:*Café.JPG"):
            assert [hit.path.name for hit in library.search(question)] == [name], question


def test_a_drawing_of_one_colour_is_no_bomb(tmp_path: Path) -> None:
    """A plan of 108 million points in a small file."""
    plan = Image.new("L", (12_000, 9_000), 255)
    ImageDraw.Draw(plan).rectangle((2_000, 2_000, 9_000, 7_000), fill=0)
    plan.save(tmp_path / "plan.png", compress_level=1)
    facts, *rest = read(tmp_path / "plan.png", "image", FORM)
    assert isinstance(facts, Metadata)
    assert (facts.width, facts.height, len(rest)) == (12_000, 9_000, 1)
