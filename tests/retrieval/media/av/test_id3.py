"""Titles of music whose comments are described like fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.media.av.audio import read_audio
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import tone


def frame(version: int, name: str, body: bytes) -> bytes:
    if version == 2:
        return name.encode() + len(body).to_bytes(3, "big") + body
    size = bytes(len(body) >> shift & 127 for shift in (21, 14, 7, 0)) if version == 4 else len(body).to_bytes(4, "big")
    return name.encode() + size + b"\0\0" + body


def tagged(path: Path, version: int, frames: dict[str, bytes]) -> Path:
    """An MP3 of a second behind an ID3v2 tag of these frames, in their order."""
    plain = record(path.with_name("plain.mp3"), tone(1, rate=44_100), 44_100, codec="libmp3lame").read_bytes()
    while plain[:3] == b"ID3":
        plain = plain[10 + sum(plain[6 + n] << 7 * (3 - n) for n in range(4)) :]
    tag = b"".join(frame(version, name, body) for name, body in frames.items())
    size = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3" + bytes([version, 0, 0]) + size + tag + plain)
    return path


TITLE = b"\x00Lighthouse"
COMMENT = b"\x00engtitle\x00a remark"
WIDE = b"\x01eng" + "Title".encode("utf-16") + b"\0\0" + "a remark".encode("utf-16")
USER = b"\x03TITLE\x00of the user"


@pytest.mark.parametrize(
    ("version", "frames", "title"),
    [
        (4, {"TIT2": TITLE, "COMM": COMMENT}, "Lighthouse"),
        (4, {"COMM": COMMENT, "TIT2": TITLE}, "Lighthouse"),
        (4, {"TIT2": b"\x01" + "灯塔".encode("utf-16"), "TXXX": USER}, "灯塔"),
        (3, {"TIT2": TITLE, "COMM": WIDE}, "Lighthouse"),
        (3, {"TXXX": USER[1:].join([b"\x00", b""]), "TIT2": TITLE}, "Lighthouse"),
        (2, {"TT2": TITLE, "COM": COMMENT}, "Lighthouse"),
        (4, {"COMM": COMMENT}, None),
        (4, {"TXXX": USER}, "of the user"),
        (4, {"TIT2": TITLE}, "Lighthouse"),
    ],
)
def test_a_comment_described_title_is_no_title(
    tmp_path: Path, version: int, frames: dict[str, bytes], title: str | None
) -> None:
    """The field of the tag counts; a user's text stands in where there is none, a comment never."""
    [facts] = read_audio(tagged(tmp_path / "a.mp3", version, frames))
    assert facts.title == title


@pytest.mark.parametrize("cut", [3, 9, 12, 20, 30])
def test_a_tag_broken_off_ends_nothing(tmp_path: Path, cut: int) -> None:
    """Sizes that lie about a tag cost the tag at most."""
    path = tagged(tmp_path / "a.mp3", 4, {"TIT2": TITLE, "COMM": COMMENT})
    content = bytearray(path.read_bytes())
    content[cut] = 0x7F
    path.write_bytes(content)
    [facts] = read_audio(path)
    assert facts.has_sound


def test_artists_and_dates_are_kept_from_comments(tmp_path: Path) -> None:
    """Every field that the catalog keeps is safe, not the title alone."""
    frames = {
        "TPE1": b"\x00Ana",
        "TDRC": b"\x002001-02-03",
        "COMM": b"\x00engartist\x00x",
        "TXXX": b"\x00date\x001999-09-09",
    }
    [facts] = read_audio(tagged(tmp_path / "a.mp3", 4, frames))
    assert (facts.artist, facts.date) == ("Ana", "2001-02-03")
