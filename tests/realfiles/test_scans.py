"""PDF pages: scans with a stamp as their only text, columns that are written row by row."""

from __future__ import annotations

import pytest

from retrieval.media.documents.pdf import page_text, read_page, scanned_page
from tests.retrieval.media.documents.test_pdf import SIDE, page

PICTURE = (
    b"<</Type/XObject/Subtype/Image/Width 80/Height 80/ColorSpace/DeviceGray/BitsPerComponent 8/Length 6400>>stream\n"
    + bytes(range(80)) * 80
    + b"\nendstream"
)
WHOLE = f"q {SIDE} 0 0 {SIDE} 0 0 cm /I Do Q "
CORNER = f"q {SIDE // 3} 0 0 {SIDE // 3} 0 0 cm /I Do Q "
PROSE = (
    "The keeper of the lighthouse slept until the oil was gone and the ships had turned away from the harbour in the fog, "
    * 2
)


def written(words: str) -> str:
    """Lines of 80 letters."""
    lines = (words[at : at + 80] for at in range(0, len(words), 80))
    return "BT /F1 6 Tf 10 TL 10 100 Td " + " T* ".join(f"({line}) Tj" for line in lines) + " ET"


@pytest.mark.parametrize(
    ("content", "scanned", "found"),
    [
        (WHOLE + written("Scanned with CamScanner"), True, "CamScanner"),
        (WHOLE + written("- 17 -"), True, "17"),
        (WHOLE + written("CONFIDENTIAL COPY NO 4711"), True, "4711"),
        (WHOLE, True, ""),
        (WHOLE + written(PROSE), False, "The keeper"),
        (CORNER + written("Scanned with CamScanner"), False, "CamScanner"),
        (written("Scanned with CamScanner"), False, "CamScanner"),
    ],
    ids=["stamp", "number", "watermark", "nothing", "background", "figure", "text"],
)
def test_a_scan_is_read_as_a_picture_whatever_is_stamped_on_it(content: str, scanned: bool, found: str) -> None:
    """Both are kept: the stamp as text, the page as a picture in which text is looked for."""
    document = page(content, picture=PICTURE)
    blocks, pictures = read_page(document, 0)
    assert found in " ".join(block.text for block in blocks)
    assert bool(scanned_page(document, 0, 400)) == scanned
    assert any(max(picture.size) == 1024 for picture in pictures) == scanned


LEFT = [
    "The keeper of the light slept",
    "until the oil was gone and the",
    "ships had turned away from us",
    "in the fog of the evening.",
]
RIGHT = [
    "Kestrels nest in the old tower",
    "and hunt over the low fields at",
    "the edge of the town each day",
    "of the spring and the summer.",
]
CELLS = ["Kestrel", "Gull", "Tern", "Heron"]


def row_by_row(*columns: list[str], size: int = 9, step: int = 180) -> str:
    """Lines of columns, written across them."""
    rows = zip(*columns, strict=True)
    lines = (
        f"1 0 0 1 {20 + step * x} {300 - 14 * y} Tm ({words}) Tj"
        for y, row in enumerate(rows)
        for x, words in enumerate(row)
    )
    return f"BT /F1 {size} Tf {' '.join(lines)} ET"


@pytest.mark.parametrize(
    ("content", "found", "absent"),
    [
        (row_by_row(LEFT, RIGHT), "slept until the oil was gone and the ships", "slept Kestrels"),
        (row_by_row(LEFT, RIGHT), "the low fields at the edge of the town", "slept Kestrels"),
        (row_by_row(LEFT, RIGHT, LEFT, size=6, step=120), "the low fields at the edge", "tower The"),
        (
            "BT /F1 14 Tf 30 340 Td (A heading over both of the columns) Tj ET " + row_by_row(LEFT, RIGHT),
            "both of the columns",
            "slept Kes",
        ),
        (row_by_row(CELLS, ["twelve", "three", "none", "one"]), "Kestrel twelve", "Kestrel Gull"),
        (row_by_row(CELLS, RIGHT), "Kestrel Kestrels nest", "Kestrel Gull"),
    ],
    ids=["left", "right", "three", "heading", "table", "described"],
)
def test_columns_are_read_one_after_the_other_and_tables_row_by_row(content: str, found: str, absent: str) -> None:
    """The order of people, not that of the program that wrote the page."""
    words = " ".join(block.text for block in page_text(page(content), 0))
    assert found in words
    assert absent not in words
