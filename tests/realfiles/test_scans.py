"""PDF pages: scans with a stamp as their only text, columns that are written row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from retrieval.media.documents.pdf import page_text, read_page, scanned_page
from tests.retrieval.media.documents.test_pdf import SIDE, page, stream

FONTS = Path(__file__).resolve().parent.parent / "fonts"

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


SHIFTED = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 5 0 R>>"
EVENING = "The keeper of the lighthouse slept until the oil was gone and the ships had turned away from the harbour in the fog"
TEXTS = {
    "en": EVENING,
    "de": "Der Waerter schlief, bis das Oel verbraucht war und die Schiffe im Nebel vom Hafen abgedreht hatten",
    "fi": "Majakanvartija nukkui kunnes oljy oli loppunut ja laivat olivat kaantyneet pois satamasta illan sumussa",
    "zu": "Umgcini wesibani solwandle walala kwaze kwaphela uwoyela nemikhumbi yasuka ethekwini enkungwini yakusihlwa",
    "table": "Invoice 4711 Qty 12 Price 1,299.00 Total 15,588.00 VAT 19% SKU AB-1234-XZ DE89 3704 0044 0532 0130 00 "
    * 2,
    "leader": "Chapter one ..................................... 7 Chapter two ..................................... 19",
}


def moved(by: int) -> bytes:
    """A table that tells each character as the one `by` further."""
    first = f"<20> <7D> <{0x20 + by:04X}>".encode()
    head = b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
    body = (
        head
        + b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange "
        + first
        + b" endbfrange endcmap end end"
    )
    return b"<</Length %d>>stream\n" % len(body) + body + b"\nendstream"


@pytest.mark.parametrize("by", [1, 3, -3, 29], ids=str)
@pytest.mark.parametrize("lang", ["en", "de", "fi", "zu"])
def test_a_page_that_tells_other_letters_than_it_shows_is_read_as_a_picture(lang: str, by: int) -> None:
    """Its ToUnicode is wrong: the letters that people see are those in the picture."""
    document = page(written(2 * (TEXTS[lang] + " ")), picture=moved(by), font=SHIFTED)
    assert TEXTS[lang][:10] not in " ".join(block.text for block in page_text(document, 0))
    assert scanned_page(document, 0, 400)
    assert read_page(document, 0)[1]


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_that_tells_what_it_shows_is_not(name: str) -> None:
    """In languages and tables of all kinds."""
    document = page(written(TEXTS[name]))
    assert not scanned_page(document, 0, 400)
    assert not read_page(document, 0)[1]


SYSTEM = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
COLUMNS = ["灯台守は油が切れるまで眠り", "船は霧の中を港から離れて", "夕方には誰もいなかった。"]


CODES = {char: 40 + at for at, char in enumerate(sorted({*"".join(COLUMNS)}))}  # any glyph will do: none is looked at


def unspaced(lines: list[tuple[str, int, int]], direction: str) -> PdfDocument:
    """A page of lines and the points where they begin, in a font that is inside the file; direction: H or V."""
    shown = (f"1 0 0 1 {x} {y} Tm <{''.join(f'{CODES[char]:04x}' for char in words)}> Tj" for words, x, y in lines)
    tell = "".join(f"<{code:04x}><{ord(char):04x}>" for char, code in CODES.items())
    unicodes = f"1 begincodespacerange<0000><ffff>endcodespacerange {len(CODES)} beginbfchar{tell}endbfchar"
    file = "/FontDescriptor<</Type/FontDescriptor/FontName/F/Flags 4/FontFile2 5 0 R>>"
    inner = f"<</Type/Font/Subtype/CIDFontType2/BaseFont/F{SYSTEM}{file}/CIDToGIDMap/Identity/DW 1000>>"
    font = f"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-{direction}/ToUnicode 6 0 R/DescendantFonts[{inner}]>>"
    letters, told = stream("", (FONTS / "letters.ttf").read_bytes()), stream("", unicodes.encode())
    return page(f"BT /F1 14 Tf {' '.join(shown)} ET", picture=letters, mask=told, font=font.encode())


RIGHT_TO_LEFT = [(words, 300 - 24 * number, 350) for number, words in enumerate(COLUMNS)]


@pytest.mark.parametrize("lines", [RIGHT_TO_LEFT, RIGHT_TO_LEFT[::-1]], ids=["in order", "from the left"])
def test_vertical_columns_are_read_from_right_to_left(lines: list[tuple[str, int, int]]) -> None:
    """As Japanese and Chinese books are printed, in whatever order a program wrote them."""
    document = unspaced(lines, "V")
    assert "".join(block.text for block in page_text(document, 0)) == "".join(COLUMNS)


def test_horizontal_lines_of_unspaced_text_stay_as_they_are() -> None:
    """Though their characters stand one below the other as well."""
    lines = [(words, 40, 350 - 15 * number) for number, words in enumerate(COLUMNS)]
    document = unspaced(lines, "H")
    assert "".join(block.text for block in page_text(document, 0)) == "".join(COLUMNS)


def test_numbers_at_the_right_edges_of_columns_stand_apart() -> None:
    """A sum and the number of pieces are two numbers, however near."""
    rows = [("400.01", "3"), ("12.50", "14"), ("1,299.00", "7")]
    shown = (
        f"1 0 0 1 {120 - 5 * len(price)} {300 - 14 * y} Tm ({price}) Tj 1 0 0 1 {132 - 5 * len(count)} {300 - 14 * y} Tm ({count}) Tj"
        for y, (price, count) in enumerate(rows)
    )
    words = " ".join(block.text for block in page_text(page(f"BT /F1 9 Tf {' '.join(shown)} ET"), 0))
    assert all(f"{price} {count}" in words for price, count in rows), words
