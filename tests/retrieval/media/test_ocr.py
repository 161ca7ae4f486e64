"""Text in pictures: the cheap look, the lines and their boxes, and the folding over frames."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from retrieval.domain.media import Box, ImageSpec, Metadata
from retrieval.media import extract, ocr
from retrieval.media.ocr import Folding, Line
from retrieval.render.fonts import Lettering, canvas


def written(text: str, size: int = 40) -> Image.Image:
    """A plain picture with one line of text."""
    image = Image.new("RGB", (800, 300), (235, 235, 225))
    ImageDraw.Draw(image).text((60, 100), text, font=ImageFont.load_default(size), fill=(20, 20, 40))
    return image


def lettered(text: str, size: int = 40) -> Image.Image:
    """A plain picture with one line of another script."""
    lettering = Lettering(size)
    image, pen = canvas(800, 300, (235, 235, 225))
    lettering.write(pen, (60, 100), text, (20, 20, 40))
    assert not lettering.missing
    return image


@pytest.mark.parametrize("size", [16, 24, 40, 64])
def test_writing_is_suspected(size: int) -> None:
    """Letters of any usual size pass the cheap look."""
    assert ocr.may_hold_text(written("Emergency exit on the left", size))


@pytest.mark.parametrize("text", ["紧急出口在左边", "Выход слева", "Έξοδος αριστερά"])
def test_writing_of_other_scripts_is_suspected(text: str) -> None:
    """The look knows letters that the reader may not."""
    assert ocr.may_hold_text(lettered(text))


def test_writing_on_an_uneven_ground_is_suspected() -> None:
    """Letters count over foliage as on paper."""
    ground = Image.effect_noise((160, 120), 60).resize((640, 480), Image.Resampling.BICUBIC).convert("RGB")
    assert not ocr.may_hold_text(ground)
    ImageDraw.Draw(ground).text((200, 200), "Botanic garden", font=ImageFont.load_default(32), fill=(255, 255, 255))
    assert ocr.may_hold_text(ground)


def test_a_plain_and_a_soft_picture_are_skipped() -> None:
    """Neither a flat ground nor a gradient holds strokes."""
    assert not ocr.may_hold_text(Image.new("RGB", (640, 480), (90, 120, 60)))
    assert not ocr.may_hold_text(Image.linear_gradient("L").convert("RGB").resize((640, 480)))


def test_fences_and_tiles_are_skipped() -> None:
    """Even strokes side by side are no letters."""
    fence, tiles = (Image.new("RGB", (640, 480), (200, 205, 200)) for _ in range(2))
    for x in range(0, 640, 14):
        ImageDraw.Draw(fence).line((x, 60, x, 420), fill=(60, 50, 40), width=4)
        ImageDraw.Draw(tiles).line((x * 3, 0, x * 3, 480), fill=(90, 90, 90), width=2)
        ImageDraw.Draw(tiles).line((0, x * 3, 640, x * 3), fill=(90, 90, 90), width=2)
    assert not ocr.may_hold_text(fence)
    assert not ocr.may_hold_text(tiles)


def test_a_tiny_picture_is_skipped() -> None:
    """A picture smaller than a letter has no room for writing."""
    assert ocr.look(Image.new("RGB", (7, 7))).size == 0
    assert not ocr.may_hold_text(Image.new("RGB", (7, 7)))


def test_most_samples_are_skipped(samples: Path) -> None:
    """None of the sample pictures holds writing; at most one in five is taken to."""
    pictures = [Image.open(path).convert("RGB") for path in sorted((samples / "images").iterdir())]
    assert sum(ocr.may_hold_text(picture) for picture in pictures) <= len(pictures) / 5


@pytest.mark.parametrize("name", ["p08.png", "p10.png", "photo2.jpg"])
def test_what_only_resembles_a_letter_is_not_read(samples: Path, name: str) -> None:
    """A wheel is no 8, and a drawn thing no 米."""
    pytest.importorskip("rapidocr")
    assert ocr.lines(Image.open(samples / "images" / name).convert("RGB")) == []


def test_small_letters_are_read() -> None:
    """A small picture is enlarged before it is read; as it is, letters of 7 pixels are lost."""
    pytest.importorskip("rapidocr")
    image = Image.new("RGB", (240, 160), (150, 140, 120))
    ImageDraw.Draw(image).text((30, 70), "Platform seven", font=ImageFont.load_default(7), fill=(60, 50, 40))
    assert [line.text for line in ocr.lines(image)] == ["Platform seven"]


def test_only_places_that_look_like_writing_are_read() -> None:
    """Two signs far apart are read each by itself, at the boxes that they have in the whole picture."""
    pytest.importorskip("rapidocr")
    image = Image.new("RGB", (640, 480), (150, 140, 120))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    pen.text((40, 30), "Platform seven", font=font, fill=(60, 50, 40))
    pen.text((400, 400), "Way out", font=font, fill=(60, 50, 40))
    odds = ocr.look(image)
    assert ocr.is_written(odds)
    assert len(ocr.places(odds)) == 2
    whole, found = ocr.lines(image), ocr.lines(image, odds)
    assert [line.text for line in found] == [line.text for line in whole] == ["Platform seven", "Way out"]
    for one, other in zip(found, whole, strict=True):
        assert astuple(one.box) == pytest.approx(astuple(other.box), abs=100)


def test_a_square_jpeg_is_read_with_all_the_pixels_that_are_read(tmp_path: Path) -> None:
    """It is not decoded at a half, where that leaves fewer pixels of the longer side than the reader takes."""
    pytest.importorskip("rapidocr")
    image = Image.new("RGB", (1930, 1930), (235, 235, 225))
    pen = ImageDraw.Draw(image)
    pen.text((100, 60), "ARCHIVE", font=ImageFont.load_default(90), fill=(20, 20, 40))
    pen.text((120, 250), "harbour lighthouse bicycle kitchen", font=ImageFont.load_default(10), fill=(20, 20, 40))
    image.save(tmp_path / "page.jpg", quality=90)
    found = [each.segment.text for each in ocr.read_lines(tmp_path / "page.jpg", "image")]
    assert found == ["ARCHIVE", "harbour lighthouse bicycle kitchen"]


def test_a_line_in_two_places_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places overlap where they are stretched; what the second sees again is left out."""
    pytest.importorskip("rapidocr")
    image = written("Way out", 60)
    monkeypatch.setattr(ocr, "places", lambda odds: [(0.0, 0.0, 1.0, 0.9), ocr.WHOLE])
    assert [line.text for line in ocr.lines(image, ocr.look(image))] == ["Way out"]


def test_places_are_bands_with_a_margin_or_the_whole() -> None:
    """Quiet rows part bands; rows so near that their margins meet do not; a picture full of writing is read as one."""
    odds = np.full((48, 64), -9.0, np.float32)
    odds[10, 20:30] = odds[12, 25:40] = odds[40, 60:] = 2.0
    assert ocr.places(odds) == [(16 / 64, 6 / 48, 44 / 64, 17 / 48), (56 / 64, 36 / 48, 1.0, 45 / 48)]
    assert ocr.places(np.full((48, 64), 1.0, np.float32)) == [ocr.WHOLE]


def part(text: str, left: int, right: int, top: int = 4000, bottom: int = 4500) -> Line:
    """A piece of a line, as the detector gives it."""
    return Line(text, Box(left, top, right, bottom), 0.9)


@pytest.mark.parametrize(
    ("parts", "texts"),
    [
        ([part("口", 1600, 2100), part("出", 1000, 1500)], ["出口"]),
        ([part("Emergency", 1000, 3000), part("exit", 3200, 4000)], ["Emergency exit"]),
        ([part("left column", 1000, 3000), part("right column", 4500, 6500)], ["left column", "right column"]),
        ([part("above", 1000, 2000), part("below", 1000, 2000, 4600, 5100)], ["above", "below"]),
        ([part("SALE", 1000, 2000, 3000, 5500), part("today only", 2200, 3000)], ["SALE", "today only"]),
    ],
)
def test_parts_that_stand_beside_each_other_are_one_line(parts: list[Line], texts: list[str]) -> None:
    """Characters set apart are a word, words a line; columns, rows and other sizes stay apart."""
    assert [line.text for line in ocr.joined(parts, (1000, 1000))] == texts


def test_a_joined_line_has_the_box_of_all() -> None:
    """The box of a line holds those of its parts."""
    [line] = ocr.joined([part("出", 1000, 1500, 4000, 4500), part("口", 1600, 2100, 4050, 4600)], (1000, 1000))
    assert line.box == Box(1000, 4000, 2100, 4600)


def test_characters_set_far_apart_are_read_as_a_word() -> None:
    """Signs space Chinese characters; the word is found none the less."""
    pytest.importorskip("rapidocr")
    assert "出口" in [line.text for line in ocr.lines(lettered("出 口", 64))]


def test_a_line_is_read_with_its_box(tmp_path: Path) -> None:
    """The words come back, and the box stands around them."""
    pytest.importorskip("rapidocr")
    written("Emergency exit").save(tmp_path / "sign.png")
    [found] = extract.lines(tmp_path / "sign.png", "image")
    assert found.segment.kind == "text_line"
    assert (found.segment.text or "").replace(" ", "") == "Emergencyexit"
    box = found.segment.box
    assert box is not None and box.left < 900 and box.right > 3000 and box.top < 4200 < box.bottom


def test_a_scanned_page_is_read(tmp_path: Path) -> None:
    """A PDF that is only a picture gives lines with their page."""
    pytest.importorskip("rapidocr")
    written("Invoice 2024 for bicycles").save(tmp_path / "scan.pdf")
    assert any(isinstance(each, Metadata) for each in extract.read(tmp_path / "scan.pdf", "document", ImageSpec(224)))
    lines = [each.segment for each in extract.lines(tmp_path / "scan.pdf", "document")]
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


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("PP-OCRv6_det_small.onnx", "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"),
        ("PP-OCRv6_rec_small.onnx", "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"),
    ],
)
def test_the_models_are_those_that_were_measured(name: str, digest: str) -> None:
    """A release of the package with other weights is noticed."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        pytest.skip("the extra `ocr` is not installed")
    assert hashlib.sha256((Path(spec.origin).parent / "models" / name).read_bytes()).hexdigest() == digest


def test_denormal_numbers_count_as_zero_once_the_look_is_open() -> None:
    """In a new process, as in a decoding child: the detector's denormal weights would take most of its time."""
    code = "import numpy as np; from retrieval.media import ocr; ocr._looking(); tiny = np.full(64, 1e-40, np.float32)"
    asked = f"{code}; print(float((tiny * np.float32(2)).max()))"
    assert subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout == "0.0\n"
