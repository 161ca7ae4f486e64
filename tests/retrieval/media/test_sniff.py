"""What a file is, by its content."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from retrieval.errors import MediaUnreadable, MediaUnsupported
from retrieval.media.sniff import identify

TEXTS = {
    "a.txt": ("plain words", "txt"),
    "README": ("plain words without a suffix", "txt"),
    "a.md": ("# heading", "md"),
    "page.txt": ("<!DOCTYPE html><html><body>x</body></html>", "html"),
    "film.txt": ("1\n00:00:01,000 --> 00:00:02,000\nhello", "srt"),
    "film.vtt": ("WEBVTT\n\n00:01.000 --> 00:02.000\nhello", "vtt"),
    "table.tsv": ("a\tb", "csv"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "utf-16-le"])
def test_text_is_a_document_in_any_encoding(tmp_path: Path, name: str, encoding: str) -> None:
    """Text with a name that says prose, table or nothing is a document of the kind its content shows."""
    text, expected = TEXTS[name]
    (tmp_path / name).write_bytes(text.encode(encoding))
    assert identify(tmp_path / name) == ("document", expected)


@pytest.mark.parametrize("encoding", ["shift-jis", "gb18030", "big5", "euc-kr", "iso2022_jp", "koi8-r", "cp874"])
def test_text_of_older_encodings_is_text(tmp_path: Path, encoding: str) -> None:
    """Bytes above 127 are no sign of binary data."""
    words = {
        "euc-kr": "안녕하세요 여러분",
        "koi8-r": "добрый день",
        "cp874": "สวัสดีครับ",
        "big5": "你好世界",
        "gb18030": "你好，世界",
    }
    (tmp_path / "a.txt").write_bytes(words.get(encoding, "こんにちは世界").encode(encoding))
    assert identify(tmp_path / "a.txt") == ("document", "txt")


@pytest.mark.parametrize("name", ["a.log", "a.jpg", "a.ini", "a.xml"])
def test_settings_and_liars_are_not_media(tmp_path: Path, name: str) -> None:
    """Plain text under a name of settings or a picture is left out."""
    (tmp_path / name).write_text("print('hello')\n")
    with pytest.raises(MediaUnsupported) as caught:
        identify(tmp_path / name)
    assert caught.value.reason == "not media"


@pytest.mark.parametrize(
    "head",
    [b"\x7fELF\x02\x01", b"MZ\x90\0", b"SQLite format 3\0", b"\0\1\2\3" * 50, bytes(range(256)) * 4, b"\0" * 5000],
)
def test_binary_data_are_not_media_even_as_txt(tmp_path: Path, head: bytes) -> None:
    """Programs, databases, noise and zeros are refused under a text name too."""
    (tmp_path / "a.txt").write_bytes(head)
    with pytest.raises(MediaUnsupported):
        identify(tmp_path / "a.txt")


def test_nothing_is_empty(tmp_path: Path) -> None:
    """A file of zero bytes has the reason `empty`."""
    (tmp_path / "a.jpg").touch()
    with pytest.raises(MediaUnreadable) as caught:
        identify(tmp_path / "a.jpg")
    assert caught.value.reason == "empty"


def test_old_office_files_are_refused_by_name(tmp_path: Path) -> None:
    """A .doc says that it is old and what to do."""
    (tmp_path / "a.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(MediaUnsupported, match="docx") as caught:
        identify(tmp_path / "a.doc")
    assert caught.value.reason == "old format"


def test_a_fifo_does_not_block(tmp_path: Path) -> None:
    """A fifo, a folder and a missing file are refused at once."""
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", tmp_path):
        with pytest.raises(MediaUnsupported):
            identify(path)
    with pytest.raises(MediaUnreadable):
        identify(tmp_path / "missing.jpg")


def test_a_zip_is_a_document_only_with_its_parts(tmp_path: Path) -> None:
    """An archive of photos is refused, a ZIP with word/document.xml is a docx, a broken one is truncated."""
    for name, part in (("a.docx", "word/document.xml"), ("b.zip", "photo.jpg")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(part, "x" * 5000)
    assert identify(tmp_path / "a.docx") == ("document", "docx")
    with pytest.raises(MediaUnsupported):
        identify(tmp_path / "b.zip")
    (tmp_path / "c.docx").write_bytes((tmp_path / "a.docx").read_bytes()[:400])
    with pytest.raises(MediaUnreadable) as caught:
        identify(tmp_path / "c.docx")
    assert caught.value.reason == "truncated"


def test_real_files_are_what_their_folder_says(media: Path) -> None:
    """Every clip, recording and document of the fixtures has its medium."""
    for folder, medium in (("videos", "video"), ("audio", "audio"), ("documents", "document")):
        for path in sorted((media / "fixtures" / folder).iterdir()):
            if path.suffix != ".tsv":
                assert identify(path)[0] == medium, path.name
