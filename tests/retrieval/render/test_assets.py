"""What is known of a file, as a person reads it."""

from __future__ import annotations

from pathlib import Path

from indexer import Options, index_folders
from retrieval import Library
from retrieval.render.assets import asset_lines
from tests.fakes import FakeProfile

MAIL = "From: Ann Keeper <ann@example.org>\nTo: bob@example.org\nSubject: Oil\nDate: Sun, 14 Jul 2019 16:03:11 +0200\n\nLit."


def test_a_document_has_an_author(tmp_path: Path) -> None:
    """Only recordings, videos and pictures have an artist."""
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.eml").write_text(MAIL, "utf-8")
    index_folders([tmp_path / "media"], library=tmp_path / "library", options=Options(profile=FakeProfile(), workers=1))
    with Library.open(tmp_path / "library", profile=FakeProfile()) as library:
        lines = list(asset_lines(library.show(tmp_path / "media" / "a.eml")))
    assert "  author     Ann Keeper ann@example.org" in lines
    assert not [line for line in lines if "artist" in line]
