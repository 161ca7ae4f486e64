"""What every reader's text is put through."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, Segment
from retrieval.media.extract import _valid, read

HARD = {
    "half \ud83d of a pair": "half \ufffd of a pair",
    "\udfc9 other half": "\ufffd other half",
    "whole \ud83c\udfc9 pair": "whole \U0001f3c9 pair",
    "name \udce9 of bytes": "name \ufffd of bytes",
    "end\0of C": "end of C",
    "plain \U0001f3c9": "plain \U0001f3c9",
}


@pytest.mark.parametrize("text", HARD)
def test_text_of_a_reader_becomes_valid(text: str) -> None:
    """Whatever a library gives, title, artist, camera, keywords and text can be stored; the words beside it stay."""
    facts = _valid(Metadata("document", title=text, artist=text, camera=text, keywords=(text, "kept")))
    found = _valid(ExtractedSegment(Segment("passage", text=text)))
    assert isinstance(facts, Metadata)
    assert isinstance(found, ExtractedSegment)
    assert {facts.title, facts.artist, facts.camera, facts.keywords[0], found.segment.text} == {HARD[text]}
    assert facts.keywords[1] == "kept"


def test_a_reader_that_gives_nul_does_not_hide_the_words_behind(tmp_path: Path) -> None:
    """A NUL inside a document becomes a blank on the way into the catalog."""
    (tmp_path / "a.rtf").write_bytes(rb"{\rtf1\ansi lighthouse\u0?keeper\par}")
    _, passage = read(tmp_path / "a.rtf", "document", ImageSpec(32))
    assert isinstance(passage, ExtractedSegment)
    assert passage.segment.text == "lighthouse keeper"
