"""Text and pictures of PDF pages, however they are turned."""

from __future__ import annotations

import numpy as np
import pypdfium2
import pytest

from retrieval.media.documents.pdf import _pictures, page_text

SIDE = 400  # points of a page
LINES = ("first line here", "second line here", "third line here")
STANDING = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}  # cosine and sine of a turn of the text
WIDTH, HEIGHT = 200, 100  # of a picture


def stream(words: str, content: bytes) -> bytes:
    return f"<<{words}/Length {len(content)}>>stream\n".encode() + content + b"\nendstream"


HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"


def page(
    content: str,
    turn: int = 0,
    crop: str = f"0 0 {SIDE} {SIDE}",
    picture: bytes = b"null",
    mask: bytes = b"null",
    font: bytes = HELVETICA,
) -> pypdfium2.PdfDocument:
    """A PDF of one page. /F1 is `font`, /I a picture, /X a form that draws the picture a quarter turn further."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {SIDE} {SIDE}]/CropBox[{crop}]/Rotate {turn}/Contents 4 0 R"
        "/Resources<</Font<</F1 8 0 R>>/XObject<</I 5 0 R/X 7 0 R>>>>>>".encode(),
        stream("", content.encode("latin-1")),
        picture,
        mask,
        stream(
            f"/Type/XObject/Subtype/Form/BBox[0 0 {SIDE} {SIDE}]/Matrix[0 1 -1 0 {SIDE} 0]"
            "/Resources<</XObject<</I 5 0 R>>>>",
            b"q 200 0 0 100 50 50 cm /I Do Q",
        ),
        font,
    ]
    body = b"".join(b"%d 0 obj\n" % number + part + b"\nendobj\n" for number, part in enumerate(parts, 1))
    return pypdfium2.PdfDocument(b"%PDF-1.4\n" + body + b"trailer<</Root 1 0 R>>\n")


def text(document: pypdfium2.PdfDocument) -> str:
    return " | ".join(block.text for block in page_text(document, 0))


@pytest.mark.parametrize("shown", STANDING)
@pytest.mark.parametrize("written", STANDING)
def test_lines_of_turned_pages_stand_apart_and_in_order(written: int, shown: int) -> None:
    """Text written in any of four directions on a page shown in any of four comes in its own order."""
    cos, sin = STANDING[written]
    content = f"BT /F1 12 Tf 20 TL {cos} {sin} {-sin} {cos} 200 200 Tm " + " T* ".join(f"({line}) Tj" for line in LINES)
    document = page(f"{content} ET", shown)
    assert text(document) == " ".join(LINES)
    assert document[0].get_rotation() == shown


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("(area in m) Tj 4 Ts /F1 7 Tf (2) Tj 0 Ts /F1 12 Tf ( and more words) Tj", "area in m2 and more words"),
        ("(area in m) Tj 4 Ts /F1 7 Tf (2) Tj 0 Ts /F1 12 Tf (, and more) Tj", "area in m2, and more"),
        ("/F1 7 Tf 4 Ts (1) Tj /F1 12 Tf 0 Ts ( Footnote text) Tj", "1 Footnote text"),
        ("(end.) Tj T* ( Blank before) Tj", "end. | Blank before"),
        ("(the light-) Tj T* (house keeper) Tj", "the lighthouse keeper"),
        ("(the X-) Tj T* (Ray picture) Tj", "the X-Ray picture"),
    ],
)
def test_marks_and_hyphens_do_not_break_words_apart(content: str, words: str) -> None:
    """A raised mark ends no line, a hyphen at the end of a line is none of the word; other lines end as printed."""
    assert text(page(f"BT /F1 12 Tf 13 TL 50 250 Td {content} ET")) == words


@pytest.mark.parametrize("shown", STANDING)
def test_text_outside_the_crop_box_is_left_out(shown: int) -> None:
    """The crop box holds whatever the turn of the page."""
    content = "BT /F1 12 Tf 50 250 Td (kept here) Tj 0 -30 Td (and here) Tj 0 -200 Td (cut off) Tj ET"
    assert text(page(content, shown, crop="0 100 400 400")) == "kept here and here"


PICTURE = f"/Type/XObject/Subtype/Image/Width {WIDTH}/Height {HEIGHT}"
QUARTER = np.zeros((HEIGHT, WIDTH), np.bool_)  # of the picture, upper left: the black part
QUARTER[: HEIGHT // 2, : WIDTH // 2] = True
GREY = f"{PICTURE}/ColorSpace/DeviceGray/BitsPerComponent 8"
KINDS = {
    "grey": (stream(GREY, np.where(QUARTER, 0, 255).astype(np.uint8).tobytes()), b"null"),
    "stencil": (
        stream(f"{PICTURE}/ImageMask true/BitsPerComponent 1", np.packbits(~QUARTER, axis=1).tobytes()),
        b"null",
    ),
    "soft mask": (
        stream(f"{GREY}/SMask 6 0 R", bytes(WIDTH * HEIGHT)),
        stream(GREY, np.where(QUARTER, 255, 0).astype(np.uint8).tobytes()),
    ),
}
# How the picture is placed -> where its black quarter is then: rows and columns of 2 x 2.
PLACES = {
    "q 200 0 0 100 50 50 cm /I Do Q": ((1, 0), (0, 0)),
    "q 0 200 -100 0 200 50 cm /I Do Q": ((0, 0), (1, 0)),
    "q -200 0 0 -100 250 150 cm /I Do Q": ((0, 0), (0, 1)),
    "q 0 -200 100 0 50 250 cm /I Do Q": ((0, 1), (0, 0)),
    "q -200 0 0 100 250 50 cm /I Do Q": ((0, 1), (0, 0)),
    "q 200 0 0 -100 50 250 cm /I Do Q": ((0, 0), (1, 0)),
    "q 0 200 100 0 50 50 cm /I Do Q": ((0, 0), (0, 1)),
    "q 0 -200 -100 0 250 250 cm /I Do Q": ((1, 0), (0, 0)),
    "/X Do": ((0, 0), (1, 0)),
}


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_come_as_they_are_shown(kind: str, place: str, turn: int) -> None:
    """Black on white, turned and mirrored as on the page, be it a picture, a stencil or a masked picture."""
    [found] = _pictures(page(place, turn, picture=KINDS[kind][0], mask=KINDS[kind][1])[0])
    dark = np.asarray(found.convert("L")) < 128
    rows, columns = dark.shape
    seen = dark[rows // 4 :: rows // 2, columns // 4 :: columns // 2]
    assert seen.astype(int).tolist() == np.rot90(PLACES[place], -turn // 90).tolist()
    assert abs(dark.mean() - 0.25) < 0.02
    assert (columns > rows) == ((place[2:3] != "0" and place[0] == "q") == (turn % 180 == 0))
