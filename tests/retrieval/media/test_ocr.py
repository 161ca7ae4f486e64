"""Text in pictures: the cheap look, the lines and their boxes, and the folding over frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from retrieval.domain import Box, Facts, Pixels
from retrieval.media import ocr, read
from retrieval.media.ocr import Folding, Line

FONT = "DejaVuSans.ttf"


def written(text: str, size: int = 40) -> Image.Image:
    """A plain picture with one line of text."""
    image = Image.new("RGB", (800, 300), (235, 235, 225))
    ImageDraw.Draw(image).text((60, 100), text, font=ImageFont.load_default(size), fill=(20, 20, 40))
    return image


@pytest.mark.parametrize("size", [16, 24, 40, 64])
def test_writing_is_suspected(size: int) -> None:
    """Letters of any usual size pass the cheap look."""
    assert ocr.may_hold_text(written("Emergency exit on the left", size))


def test_a_plain_and_a_soft_picture_are_skipped() -> None:
    """Neither a flat ground nor a gradient holds strokes."""
    assert not ocr.may_hold_text(Image.new("RGB", (640, 480), (90, 120, 60)))
    assert not ocr.may_hold_text(Image.linear_gradient("L").convert("RGB").resize((640, 480)))


def test_a_tiny_picture_is_skipped() -> None:
    """A picture smaller than a cell has no room for writing."""
    assert not ocr.may_hold_text(Image.new("RGB", (7, 7)))


def test_a_line_is_read_with_its_box(tmp_path: Path) -> None:
    """The words come back, and the box stands around them."""
    pytest.importorskip("rapidocr")
    written("Emergency exit").save(tmp_path / "sign.png")
    [found] = read.lines(tmp_path / "sign.png", "image")
    assert found.segment.kind == "text_line"
    assert (found.segment.text or "").replace(" ", "") == "Emergencyexit"
    box = found.segment.box
    assert box is not None and box.left < 900 and box.right > 3000 and box.top < 4200 < box.bottom


def test_a_scanned_page_is_read(tmp_path: Path) -> None:
    """A PDF that is only a picture gives lines with their page."""
    pytest.importorskip("rapidocr")
    written("Invoice 2024 for bicycles").save(tmp_path / "scan.pdf")
    assert any(isinstance(each, Facts) for each in read.read(tmp_path / "scan.pdf", "document", Pixels(224)))
    lines = [each.segment for each in read.lines(tmp_path / "scan.pdf", "document")]
    assert [line.page for line in lines] == [1]
    assert "2024" in (lines[0].text or "")


def test_one_line_over_frames_is_one_segment() -> None:
    """A line that stays is given once, from its first frame to the first without it; the surest reading is kept."""
    folding, box = Folding(), Box(100, 100, 900, 300)
    given = [*folding.see(0, [Line("Good evenin9", box, 0.7)]), *folding.see(2000, [Line("Good evening", box, 0.9)])]
    assert given == []
    [segment] = folding.see(4000, [])
    assert (segment.text, segment.span and (segment.span.start, segment.span.end)) == ("Good evening", (0, 4000))
    assert list(folding.end(9000)) == []


def test_the_same_words_elsewhere_are_another_line() -> None:
    """Equal text at the other end of the picture is not the line before."""
    folding = Folding()
    list(folding.see(0, [Line("Exit", Box(0, 0, 500, 300), 0.9)]))
    assert len(list(folding.see(2000, [Line("Exit", Box(9000, 9000, 9900, 9400), 0.9)]))) == 1
