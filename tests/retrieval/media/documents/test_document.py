"""Documents of every format as passages and pictures."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.documents.document import read_document
from retrieval.settings import Limits

FORM = ImageSpec(32)
WORDS = "The quick brown fox jumps over the lazy dog."
CHINESE = "沙滩上的狗跑来跑去。"


def parts(path: Path, limits: Limits | None = None) -> tuple[Metadata, list[ExtractedSegment], list[ExtractedSegment]]:
    """Facts, passages, pictures."""
    facts, *readings = read_document(path, FORM, limits or Limits())
    assert isinstance(facts, Metadata)
    found = [one for one in readings if isinstance(one, ExtractedSegment)]
    return (
        facts,
        [one for one in found if one.segment.kind == "passage"],
        [one for one in found if one.segment.kind == "image"],
    )


def said(path: Path) -> str:
    return "\n".join(one.segment.text or "" for one in parts(path)[1])


def photo(colour: tuple[int, int, int] = (220, 20, 20), size: int = 200) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_text_is_read_in_every_form(tmp_path: Path, encoding: str) -> None:
    """English and Chinese come out as they were written."""
    (tmp_path / "a.txt").write_bytes(f"{WORDS}\r\n{CHINESE}".encode(encoding))
    assert said(tmp_path / "a.txt") == f"{WORDS}\n{CHINESE}"


@pytest.mark.parametrize(
    ("encoding", "text", "lang"),
    [
        ("shift-jis", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "ja"),
        ("iso2022_jp", "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", "ja"),
        ("gb18030", "沙滩上的狗跑来跑去，孩子们在水边堆沙堡，大人们坐在伞下看书聊天。", "zh"),
        ("big5", "沙灘上的狗跑來跑去，孩子們在水邊堆沙堡，大人們坐在傘下看書聊天。", "zh"),
        ("euc-kr", "해변에서 개가 뛰어다니고 아이들은 모래성을 쌓고 어른들은 책을 읽는다.", "ko"),
        ("cp1251", "Собака бежит по пляжу, дети строят замок из песка, взрослые читают книги.", "ru"),
        ("cp1252", "Der Hund läuft über den Strand, die Kinder bauen Burgen, die Großen lesen Bücher.", "de"),
    ],
)
def test_older_encodings_are_guessed_right(tmp_path: Path, encoding: str, text: str, lang: str) -> None:
    """A few sentences are enough to tell the encoding and the language."""
    (tmp_path / "a.txt").write_bytes((text * 3).encode(encoding))
    facts, passages, _ = parts(tmp_path / "a.txt")
    assert text in (passages[0].segment.text or "")
    assert (facts.lang, passages[0].segment.lang) == (lang, lang)


def make_docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.core_properties.title = "A title"
    document.add_heading("Animals", 1)
    document.add_paragraph(WORDS)
    document.add_paragraph(CHINESE)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "left cell", "right cell"
    document.add_picture(io.BytesIO(photo()))
    document.save(str(path))


def make_pptx(path: Path) -> None:
    import pptx

    deck = pptx.Presentation()
    deck.core_properties.title = "A title"
    for heading, body in (("Animals", WORDS), ("动物", CHINESE + " left cell | right cell")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = heading, body
    deck.slides[1].shapes.add_picture(io.BytesIO(photo()), 0, 0)
    deck.save(str(path))


def make_odt(path: Path) -> None:
    names = 'xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:dc="d"'
    content = (
        f'<office:document {names}><office:body><office:text><text:h text:outline-level="1">Animals</text:h>'
        f"<text:p>The quick <text:span>brown</text:span><text:s/>fox jumps over the lazy dog.</text:p><text:p>{CHINESE}</text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>left cell</text:p></table:table-cell>"
        "<table:table-cell><text:p>right cell</text:p></table:table-cell></table:table-row></table:table>"
        "</office:text></office:body></office:document>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", f"<office:meta {names}><dc:title>A title</dc:title></office:meta>")
        archive.writestr("Pictures/one.png", photo())


def make_epub(path: Path) -> None:
    package = (
        '<package xmlns:dc="d"><metadata><dc:title>A title</dc:title></metadata><manifest><item id="b" href="two.xhtml"/>'
        '<item id="a" href="one%20x.xhtml"/><item id="p" href="p.png"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><body>{}</body></html>"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container><rootfiles><rootfile full-path="OEBPS/c.opf"/></rootfiles></container>',
        )
        archive.writestr("OEBPS/c.opf", package)
        archive.writestr("OEBPS/one x.xhtml", page.format(f"<h1>Animals</h1><p>{WORDS}</p>"))
        archive.writestr(
            "OEBPS/two.xhtml",
            page.format(f"<p>{CHINESE}</p><table><tr><td>left cell</td><td>right cell</td></tr></table>"),
        )
        archive.writestr("OEBPS/p.png", photo())


OFFICE: dict[str, Callable[[Path], None]] = {"docx": make_docx, "pptx": make_pptx, "odt": make_odt, "epub": make_epub}


@pytest.mark.parametrize("kind", OFFICE)
def test_office_documents_give_text_title_and_pictures(tmp_path: Path, kind: str) -> None:
    """Paragraphs, table cells, the title and the picture inside are all found."""
    OFFICE[kind](tmp_path / "noname")
    facts, passages, pictures = parts(tmp_path / "noname")
    text = "\n".join(one.segment.text or "" for one in passages)
    assert (facts.format, facts.title) == (kind, "A title")
    assert text.count(WORDS) == 1
    assert CHINESE in text
    assert "left cell | right cell" in text
    assert text.startswith("Animals")
    assert len(pictures) == 1
    assert np.abs(pictures[0].views[0].array.astype(int) - (220, 20, 20)).max() < 3


def test_slides_keep_their_numbers(tmp_path: Path) -> None:
    """Passages and pictures of a presentation know their slide."""
    make_pptx(tmp_path / "a.pptx")
    facts, passages, pictures = parts(tmp_path / "a.pptx")
    assert facts.pages == 2
    assert [one.segment.page for one in passages] == [1, 2]
    assert pictures[0].segment.page == 2


def test_rows_of_a_sheet_carry_their_header(tmp_path: Path) -> None:
    """A cell can be found by the name of its column, and its sheet by name."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Stock"
    for row in (("Fruit", "Price"), ("Apple", 3.5), ("梨", 4)):
        sheet.append(row)
    book.create_sheet("Empty")
    book.save(tmp_path / "a.xlsx")
    facts, [passage], _ = parts(tmp_path / "a.xlsx")
    assert facts.pages == 2
    assert passage.segment.page == 1
    assert passage.segment.text == "Stock\nFruit | Price\nFruit: Apple; Price: 3.5\nFruit: 梨; Price: 4"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_rows_of_a_csv_carry_their_header(tmp_path: Path, mark: str) -> None:
    """Any delimiter is understood."""
    (tmp_path / "a.csv").write_text(f"city{mark}country\nLima{mark}Peru\nOslo{mark}Norway\n", encoding="utf-8")
    assert "city: Lima; country: Peru\ncity: Oslo; country: Norway" in said(tmp_path / "a.csv")


def test_html_gives_what_a_reader_sees(tmp_path: Path) -> None:
    """Title and text without scripts, styles and menus; entities are decoded, blocks stay apart."""
    (tmp_path / "a.html").write_text(
        "<html><head><title>Fish &amp; Sea</title><style>p{}</style></head><body><nav>Home About</nav><h1>Cod</h1>"
        f"<p>First&nbsp;one.</p><script>var x</script><div>{CHINESE}<br>next line</div></body></html>",
        encoding="utf-8",
    )
    facts, [passage], _ = parts(tmp_path / "a.html")
    assert facts.title == "Fish & Sea"
    assert passage.segment.text == f"Cod\nFirst one.\n{CHINESE}\nnext line"


def test_markup_is_taken_off_markdown_and_rst(tmp_path: Path) -> None:
    """Words of links, emphasis and headings stay, their marks go."""
    (tmp_path / "a.md").write_text(
        "# Big *idea*\n\nSee **the [manual](http://x.y/z)** now.\n\n- item `one`\n", encoding="utf-8"
    )
    (tmp_path / "a.rst").write_text(
        "Big idea\n========\n\nSee **the** `manual <http://x.y>`_ now.\n\n.. note:: mind the gap\n", encoding="utf-8"
    )
    assert said(tmp_path / "a.md") == "Big *idea*\nSee the manual now.\nitem one"
    assert said(tmp_path / "a.rst") == "Big idea\nSee the manual now.\nmind the gap"
    assert parts(tmp_path / "a.rst")[0].title == "Big idea"


def test_rtf_is_read_with_its_umlauts(tmp_path: Path) -> None:
    """Escapes of code pages and of Unicode become letters."""
    (tmp_path / "a.rtf").write_bytes(rb"{\rtf1\ansi\ansicpg1252 \b Gr\'fc\'dfe\b0  aus K\u246?ln\par}")
    assert said(tmp_path / "a.rtf") == "Grüße aus Köln"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"party \u-10180?\u-8247? tonight", "party \U0001f3c9 tonight"),
        (rb"half \u-10180? alone", "half \ufffd alone"),
        (rb"other half \u-8247?", "other half \ufffd"),
        (rb"\u-8247?\u-10180? crossed", "\ufffd\ufffd crossed"),
    ],
)
def test_halves_of_characters_in_rtf_are_joined(tmp_path: Path, source: bytes, text: str) -> None:
    """RTF holds an emoji as two 16-bit numbers; what comes out is one character, and valid UTF-8."""
    (tmp_path / "a.rtf").write_bytes(rb"{\rtf1\ansi " + source + rb"\par}")
    assert said(tmp_path / "a.rtf") == text


def test_subtitles_alone_are_a_document(tmp_path: Path) -> None:
    """Cues become text without times and tags."""
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,000\n<i>One two</i>\n\n2\n00:00:02,000 --> 00:00:03,000\nthree.\n"
    )
    assert said(tmp_path / "a.srt") == "One two three."


def pdf(path: Path, pages: list[Image.Image]) -> Path:
    pages[0].save(path, save_all=True, append_images=pages[1:], title="Scans")
    return path


def test_scanned_pages_are_pictures(tmp_path: Path) -> None:
    """A PDF of pictures gives each page as an image segment with its number."""
    red, blue = (Image.new("RGB", (300, 400), colour) for colour in ((220, 20, 20), (20, 20, 220)))
    facts, passages, pictures = parts(pdf(tmp_path / "a.pdf", [red, blue]))
    assert (facts.pages, facts.title, passages) == (2, "Scans", [])
    assert [one.segment.page for one in pictures] == [1, 2]
    assert np.abs(pictures[1].views[0].array[16, 16].astype(int) - (20, 20, 220)).max() < 12


TEXT_PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F 7 0 R>>>>>>endobj
4 0 obj<</Length 53>>stream
BT /F 12 Tf 20 300 Td (A fox on the first page.) Tj ET
endstream endobj
5 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 6 0 R/Resources<</Font<</F 7 0 R>>>>>>endobj
6 0 obj<</Length 53>>stream
BT /F 12 Tf 20 300 Td (A cod on the other page.) Tj ET
endstream endobj
7 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
%%EOF"""


def test_pages_of_a_pdf_keep_their_numbers(tmp_path: Path) -> None:
    """Text is found under the page on which it stands; positions go on over the pages."""
    (tmp_path / "a.pdf").write_bytes(TEXT_PDF)
    _, passages, pictures = parts(tmp_path / "a.pdf")
    assert [(one.segment.page, one.segment.text) for one in passages] == [
        (1, "A fox on the first page."),
        (2, "A cod on the other page."),
    ]
    assert passages[1].segment.chars is not None
    assert passages[1].segment.chars.start == 25
    assert pictures == []


def test_names_of_any_bytes_are_read(tmp_path: Path) -> None:
    """A PDF and a text whose names are not UTF-8 are read."""
    for suffix, content in ((".pdf", TEXT_PDF), (".txt", WORDS.encode())):
        path = tmp_path / os.fsdecode(b"\xff\xfe" + suffix.encode())
        path.write_bytes(content)
        assert parts(path)[1]


def test_encrypted_documents_are_refused_by_that_word(tmp_path: Path) -> None:
    """A ZIP part with the encryption flag is `encrypted`."""
    make_odt(tmp_path / "a.odt")
    content = bytearray((tmp_path / "a.odt").read_bytes())
    at = content.rfind(b"PK\x01\x02", 0, content.rfind(b"content.xml"))
    content[at + 8] |= 1
    (tmp_path / "a.odt").write_bytes(bytes(content))
    with pytest.raises(MediaUnsupported) as caught:
        parts(tmp_path / "a.odt")
    assert caught.value.reason == "encrypted"


def test_zip_bombs_are_refused(tmp_path: Path) -> None:
    """A docx part of 300 MB of zeros, packed small, is too large; a lying header does not help."""
    archive = zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("word/document.xml", "w") as part:
        for _ in range(300):
            part.write(b"\0" * (1 << 20))
    with pytest.raises(MediaTooLarge):
        parts(tmp_path / "a.docx")
    content = (
        (tmp_path / "a.docx").read_bytes().replace((300 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    )
    (tmp_path / "b.docx").write_bytes(content)
    with pytest.raises(MediaError):
        parts(tmp_path / "b.docx")


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    """Neither a billion laughs nor a file of this machine gets into the text."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    secret = tmp_path / "secret"
    secret.write_text("hidden words")
    for name, kinds in (("a", f'<!ENTITY e0 "lol">{bomb}'), ("b", f'<!ENTITY e11 SYSTEM "file://{secret}">')):
        with zipfile.ZipFile(tmp_path / f"{name}.docx", "w") as archive:
            archive.writestr(
                "word/document.xml",
                f'<!DOCTYPE d [{kinds}]><w:d xmlns:w="w"><w:p><w:t>start &e11; end</w:t></w:p></w:d>',
            )
        try:
            text = said(tmp_path / f"{name}.docx")
        except MediaUnreadable:
            continue
        assert "hidden" not in text
        assert len(text) < 1000


def test_html_nested_without_end_is_read(tmp_path: Path) -> None:
    """A hundred thousand open elements do not exhaust the stack."""
    (tmp_path / "a.html").write_text("<html><body>" + "<div>" * 100_000 + "deep word")
    assert "deep word" in said(tmp_path / "a.html")


def test_nothing_but_white_space_is_empty(tmp_path: Path) -> None:
    """A text without a word has the reason `empty`."""
    (tmp_path / "a.txt").write_text("  \n\t\n ")
    with pytest.raises(MediaUnreadable) as caught:
        parts(tmp_path / "a.txt")
    assert caught.value.reason == "empty"


@pytest.mark.parametrize("kind", [*OFFICE, "pdf"])
def test_damaged_documents_are_media_errors(tmp_path: Path, kind: str) -> None:
    """Sixty damaged copies of each kind are read, or refused by a MediaError."""
    whole = tmp_path / f"whole.{kind}"
    OFFICE.get(kind, lambda path: (path.write_bytes(TEXT_PDF), None)[1])(whole)
    content = whole.read_bytes()
    rng = np.random.default_rng(6)
    for number in range(60):
        bad = bytearray(content if number % 2 else content[: int(rng.integers(10, len(content)))])
        for at in rng.integers(0, len(bad), number % 12):
            bad[at] = int(rng.integers(256))
        (tmp_path / f"a.{kind}").write_bytes(bytes(bad))
        try:
            parts(tmp_path / f"a.{kind}")
        except MediaError as error:
            assert error.reason  # noqa: PT017


def test_pictures_on_pages_of_text_are_found(tmp_path: Path) -> None:
    """`_lines` sees text, so the page is no scan; its drawn picture is a segment of its own (real receipt with a logo)."""
    drawing = Image.new("RGB", (300, 300), (255, 255, 255))
    ImageDraw.Draw(drawing).ellipse((50, 50, 250, 250), fill=(20, 220, 20))
    _, _, pictures = parts(pdf(tmp_path / "a.pdf", [drawing]))
    assert len(pictures) == 1


def test_real_documents_give_passages(media: Path) -> None:
    """Every document of the fixtures gives text in the language of its table."""
    folder = media / "fixtures" / "documents"
    lines = (folder / "documents.tsv").read_text(encoding="utf-8").splitlines()
    for name, lang, *_ in (line.split("\t") for line in lines[1:]):
        facts, passages, _ = parts(folder / name)
        assert passages, name
        assert facts.lang in (lang, None) or name == "d_07.csv", name
