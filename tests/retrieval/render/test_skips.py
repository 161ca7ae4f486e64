"""The files that were left out, as a person reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer import Options, index_folders
from retrieval import Library
from retrieval.domain.media import Skip
from retrieval.render.status import skip_lines
from tests.fakes import FakeProfile


def test_files_are_grouped_by_reason_and_ending() -> None:
    """What may be a medium is named file by file, what is none is counted."""
    skips = [
        *(Skip(Path(f"/m/{n}.json"), "not media", f"{n}.json is not media") for n in range(3)),
        Skip(Path("/m/core"), "not media", "core is not media"),
        Skip(Path("/m/a.JPG"), "damaged", "a.JPG is damaged"),
        Skip(Path("/m/b.jpg"), "damaged", "b.jpg is damaged: its header cannot be read"),
        Skip(Path("/m/c.pdf"), "encrypted", "c.pdf is encrypted (save it without a password to index it)"),
    ]
    assert skip_lines(skips) == [
        "damaged: 2 files (2 .jpg)",
        "  Their own programs may still open them; saved again from there they are read.",
        "    /m/a.JPG",
        "    /m/b.jpg  its header cannot be read",
        "encrypted: 1 file (1 .pdf)",
        "  They need a password; saved without one they are read.",
        "    /m/c.pdf  (save it without a password to index it)",
        "not media: 4 files (3 .json, 1 without an ending)",
        "  Neither picture, video, sound nor text.",
        "crossmedia status --skipped --json lists all of them.",
    ]
    assert skip_lines([]) == ["No file was left out."]


BROKEN = {
    "a.pdf": b"%PDF-1.7\nno objects\n%%EOF\n", "b.pdf": b"%PDF-1.7\ncut off", "c.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 60,
    "d.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "e.docx": b"PK\x03\x04" + b"\0" * 60, "f.mp4": b"\0\0\0\x18ftypmp42" + b"\0" * 60,
    "g.mp3": b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 3, "h.rtf": b"{\\rtf1 {{{", "i.gif": b"GIF89a\x01\0", "j.wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "k.jpg": b"", "l.zip": b"PK\x03\x04" + b"x" * 99, "m.xlsx": b"PK\x05\x06" + b"\0" * 18, "n.epub": b"PK\x03\x04zzzz", "o.eml": b"\0\1\2",
}  # fmt: skip


def test_no_skip_repeats_what_a_library_said(tmp_path: Path) -> None:
    """Broken files of many kinds: our own words, one line each, without classes, addresses and numbers of errors."""
    (tmp_path / "media").mkdir()
    for name, data in BROKEN.items():
        (tmp_path / "media" / name).write_bytes(data)
    index_folders([tmp_path / "media"], library=tmp_path / "library", options=Options(profile=FakeProfile(), workers=1))
    with Library.open(tmp_path / "library", profile=FakeProfile()) as library:
        skips = library.skips()
    assert len(skips) >= 10
    for each in skips:
        told = each.detail.replace(each.path.name, "")
        for word in (
            "Error",
            "Errno",
            "0x",
            "object at",
            "pdfium",
            "PDFium",
            "Failed to",
            "avcodec",
            "Pillow",
            "zip file",
            "zlib",
        ):
            assert word.lower() not in told.lower(), each
        assert "\n" not in told


@pytest.mark.parametrize("name", ["nope"])
def test_names_of_models_are_told_once(name: str) -> None:
    """A profile and a model may share a name."""
    from retrieval.encoders.install import fetch
    from retrieval.errors import EncoderUnavailable

    with pytest.raises(EncoderUnavailable) as caught:
        fetch(name)
    names = caught.value.hint.removeprefix("there are ").removesuffix(", or NAME/TAG of open_clip").split(", ")
    assert "starter" in names and len(names) == len(set(names))
