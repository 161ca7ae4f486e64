"""Scans with a stamp, a page number or a watermark as their only text."""

from __future__ import annotations

import pytest

from retrieval.media.documents.pdf import read_page, scanned_page
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
