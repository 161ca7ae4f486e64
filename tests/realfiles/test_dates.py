"""Dates of files as people have them: each is made, read as the indexer reads it, and must have this date from there.

A new kind of date is a function that writes it and a row of FILES.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, PngImagePlugin

from indexer.pipeline.sink import dated
from retrieval.domain.media import DateFrom, ImageSpec, Metadata
from retrieval.media.extract import read
from retrieval.media.sniff import identify
from tests.realfiles.test_realfiles import film, text
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import frames, pattern, tone, write

CHANGED = 1_600_000_000  # s, 2020-09-13, the last change of every file
EXIF, GPS, TAKEN, GPS_DATE = 0x8769, 0x8825, 0x9003, 29


@dataclass(frozen=True)
class File:
    """make: writes the file. Then its date, and what must say it."""

    name: str
    make: Callable[[Path], object]
    date: str
    date_from: DateFrom


def photo(**options: Any) -> Callable[[Path], object]:
    return lambda path: Image.new("RGB", (40, 30)).save(path, **options)


def exif(taken: str = "", day: str = "") -> Image.Exif:
    tags = Image.Exif()
    if taken:
        tags.get_ifd(EXIF)[TAKEN] = taken
    if day:
        tags.get_ifd(GPS)[GPS_DATE] = day
    return tags


def xmp(date: str) -> bytes:
    spaces = (
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
    )
    return f'<rdf:RDF {spaces}><rdf:Description photoshop:DateCreated="{date}"/></rdf:RDF>'.encode()


def png(words: str) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Creation Time", words)
    return info


def tagged(make: Callable[[Path], object], **tags: str) -> Callable[[Path], object]:
    """The packets of a file again, with these tags of the container."""

    def made(path: Path) -> None:
        plain = path.with_name(f"plain{path.suffix}")
        make(plain)
        with av.open(str(plain)) as given, av.open(str(path), "w") as out:
            [stream] = given.streams
            copy = out.add_stream_from_template(stream)
            out.metadata.update(tags)
            for packet in given.demux(stream):
                if packet.dts is not None:
                    packet.stream = copy
                    out.mux(packet)
        plain.unlink()

    return made


def clip(path: Path) -> None:
    write(path, frames([pattern(1)], [25]))


def sound(path: Path) -> None:
    record(path, tone(1, rate=44_100), 44_100, codec="aac" if path.suffix == ".m4a" else "libmp3lame")


BOTH = photo(exif=exif("2019:07:14 16:03:11"), xmp=xmp("2018-01-01"))

FILES = [
    File("whole.jpg", photo(exif=exif("2019:07:14 16:03:11")), "2019-07-14T16:03:11", "exif"),
    File("day.jpg", photo(exif=exif("2019:07:14")), "2019-07-14", "exif"),
    File("midnight.jpg", photo(exif=exif("2019:07:14 24:00:00")), "2019-07-14T00:00:00", "exif"),
    File("blanks.jpg", photo(exif=exif("2019: 7:14 16: 3: 1")), "2019-07-14T16:03:01", "exif"),
    File("zero.jpg", photo(exif=exif("0000:00:00 00:00:00")), "2020-09-13T14:26:40", "mtime"),
    File("month.jpg", photo(xmp=xmp("1954-08")), "1954-08", "xmp"),
    File("both.jpg", BOTH, "2019-07-14T16:03:11", "exif"),
    File("IMG_20150101_101010.jpg", BOTH, "2019-07-14T16:03:11", "exif"),
    File("fix.jpg", photo(exif=exif(day="2019:07:14")), "2019-07-14", "gps"),
    File("fix2.jpg", photo(exif=exif(day="2019:07:14"), xmp=xmp("1954")), "1954", "xmp"),
    File("text.png", photo(pnginfo=png("Sun, 14 Jul 2019 16:03:11 +0200")), "2019-07-14T16:03:11", "container"),
    File("text2.png", photo(pnginfo=png("2019:07:14 16:03:11")), "2019-07-14T16:03:11", "container"),
    File("IMG-20190713-WA0003.jpg", photo(), "2019-07-13", "name"),
    File("2019-07-13 14.05.22.jpg", photo(), "2019-07-13T14:05:22", "name"),
    File("Screenshot_20210304-101112.png", photo(), "2021-03-04T10:11:12", "name"),
    File("plain.jpg", photo(), "2020-09-13T14:26:40", "mtime"),
    File("2019-07-13 party.txt", text("we were there"), "2019-07-13", "name"),
    File("utc.mp4", tagged(clip, creation_time="2019-07-14T22:30:00Z"), "2019-07-15T00:30:00", "container"),
    File("far.mp4", tagged(clip, creation_time="2036-02-07T06:28:15Z"), "2020-09-13T14:26:40", "mtime"),
    File("old.mp4", tagged(clip, creation_time="1970-01-01T00:00:00Z"), "2020-09-13T14:26:40", "mtime"),
    File("VID_20190714_160311.mp4", film, "2019-07-14T16:03:11", "name"),
    File("year.mp3", tagged(sound, date="2001"), "2001", "container"),
    File("both.m4a", tagged(sound, date="2001", creation_time="2019-07-14T22:30:00Z"), "2001", "container"),
    File("memo.m4a", tagged(sound, creation_time="2019-07-14T22:30:00Z"), "2019-07-15T00:30:00", "container"),
]


@pytest.fixture(autouse=True)
def _in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two hours before UTC in summer."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_date_comes_from_what_knows_it_best(tmp_path: Path, file: File) -> None:
    """EXIF, IPTC, XMP, the satellites' day and the container before the name, and that before the last change."""
    path = tmp_path / file.name
    file.make(path)
    os.utime(path, (CHANGED, CHANGED))
    facts = next(one for one in read(path, identify(path)[0], ImageSpec(32)) if isinstance(one, Metadata))
    if facts.date is None:
        facts = dated(facts, file.name, CHANGED * 10**9)
    assert (facts.date, facts.date_from) == (file.date, file.date_from)
