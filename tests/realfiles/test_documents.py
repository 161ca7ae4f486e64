"""Documents of odd forms that are read, and of a few that are told to be incomplete: books, letters, sheets, slides, PDF."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from pptx.util import Inches

from tests.realfiles.table import File, Maker, check, text
from tests.realfiles.test_office import belonging, rewritten, sheet, slides, word
from tests.realfiles.test_realfiles import form

CONTAINER = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
SLEPT = "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>The keeper slept.</p></body></html>"
DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
    "<body><p>The&nbsp;keeper&mdash;slept.</p></body></html>"
)


def book(chapters: dict[str, bytes], linear: str = "yes", said: str = "", missing: str = "") -> Maker:
    """Chapters by the address that the manifest gives them; stored under the address without its percent signs."""

    def make(path: Path) -> None:
        items = "".join(f'<item id="c{n}" href="{each}"/>' for n, each in enumerate([*chapters, missing]) if each)
        spine = "".join(
            f'<itemref idref="c{n}" linear="{linear}"/>' for n, each in enumerate([*chapters, missing]) if each
        )
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("mimetype", "application/epub+zip")
            file.writestr("META-INF/container.xml", CONTAINER)
            file.writestr(
                "b.opf",
                f'<package xmlns:dc="d"><metadata>{said}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>',
            )
            for address, content in chapters.items():
                file.writestr(address.replace("%20", " "), content)

    return make


def dated(date: str) -> Maker:
    return book({"c.xhtml": SLEPT.encode()}, said=f"<dc:date>{date}</dc:date>")


def paragraph(inner: str) -> Maker:
    """A letter of one paragraph of this XML."""

    def make(path: Path) -> None:
        document = docx.Document()
        document.element.body.append(parse_xml(f"<w:p {nsdecls('w', 'm')}>{inner}</w:p>"))
        document.save(str(path))

    return make


def headed(path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Harbour office"
    document.add_paragraph("The keeper slept.")
    document.save(str(path))


def described(path: Path) -> None:
    document = docx.Document()
    document.core_properties.comments = "Notes of the kestrel"
    document.add_paragraph("The keeper slept.")
    document.save(str(path))


def holding(name: str, content: bytes) -> Maker:
    """A letter with another document inside, as mail merges and page makers put it (altChunk)."""

    def make(path: Path) -> None:
        def change(member: str, body: bytes) -> tuple[str, bytes]:
            if member == "word/_rels/document.xml.rels":
                link = f'<Relationship Id="rId99" Type="x/aFChunk" Target="{name}"/></Relationships>'
                body = body.replace(b"</Relationships>", link.encode())
            if member == "word/document.xml":
                chunk = b'<w:altChunk xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId99"/>'
                body = body.replace(b"<w:sectPr", chunk + b"<w:sectPr", 1)
            return member, body

        rewritten(word, change)(path)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(f"word/{name}", content)

    return make


def whole_letter() -> bytes:
    import io

    made, document = io.BytesIO(), docx.Document()
    document.add_paragraph("The kestrel came back.")
    document.save(made)
    return made.getvalue()


def run(inner: str) -> str:
    return f"<w:r>{inner}</w:r>"


CHANGED = (
    f"{run('<w:t xml:space=&quot;preserve&quot;>The keeper </w:t>'.replace('&quot;', chr(34)))}"
    f'<w:del w:id="1" w:author="A">{run("<w:delText>never</w:delText>")}</w:del>'
    f'<w:ins w:id="2" w:author="A">{run("<w:t>slept</w:t>")}</w:ins>'
)
FORMULA = "<m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath>"
GREEK = run('<w:sym w:font="Symbol" w:char="F061"/>') + run("<w:t>-rays</w:t>")
TICKED = run('<w:sym w:font="Wingdings" w:char="F0FC"/>') + run("<w:t> oil</w:t>")
PLAIN = run('<w:sym w:font="Arial" w:char="00DF"/>')


def grouped(path: Path) -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(1), Inches(2), Inches(1)).text_frame.text = "The kestrel came back."
    slide.notes_slide.notes_text_frame.text = "Ask the harbour master"
    made.save(str(path))


def of_1904(path: Path) -> None:
    made = openpyxl.Workbook()
    made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    made.active.append(("bird", "day"))
    made.active.append(("gull", dt.datetime(2019, 7, 14)))
    made.save(path)


def merged(path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(("bird", "count"))
    made.active.append(("kestrel", 3))
    made.active.merge_cells("A4:B4")
    made.active["A4"] = "Seen from the pier"
    hidden = made.create_sheet("Old")
    hidden.sheet_state = "hidden"
    hidden.append(("bird", "count"))
    hidden.append(("tern", 5))
    made.active.row_dimensions[2].hidden = True
    made.save(path)


def wrong_size(member: str, body: bytes) -> tuple[str, bytes]:
    return member, body.replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1"')


BOX = (
    '<xdr:wsDr xmlns:xdr="x" xmlns:a="a"><xdr:sp><xdr:txBody><a:p><a:r><a:t>The kestrel came back</a:t></a:r></a:p>'
    "</xdr:txBody></xdr:sp></xdr:wsDr>"
)


def boxed(path: Path) -> None:
    def change(member: str, body: bytes) -> tuple[str, bytes]:
        return member, body

    rewritten(sheet(("bird", "count"), ("gull", 3)), change)(path)
    link = '<Relationships xmlns="r"><Relationship Id="rId1" Type="x/drawing" Target="../drawings/drawing1.xml"/></Relationships>'
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("xl/worksheets/_rels/sheet1.xml.rels", link)
        file.writestr("xl/drawings/drawing1.xml", BOX)


STYLES = (
    '<office:document-styles xmlns:office="o" xmlns:style="s" xmlns:text="t"><office:master-styles><style:master-page>'
    "<style:header><text:p>Harbour office</text:p></style:header></style:master-page></office:master-styles>"
    "</office:document-styles>"
)


def open_document(path: Path) -> None:
    content = '<office:document-content xmlns:office="o" xmlns:text="t"><text:p>The keeper slept.</text:p></office:document-content>'
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        file.writestr("content.xml", content)
        file.writestr("styles.xml", STYLES)


def pdf(content: str, trailer: str = "", more: str = "") -> Maker:
    """A page of this content; `more`: objects from 7 on."""

    def make(path: Path) -> None:
        form("/Subtype/Link")(path)
        page = f"<</Length {len(content)}>>stream\n{content}\nendstream"
        made = path.read_bytes().decode("latin-1")
        begin, end = made.index("<</Length 51>>"), made.index("endstream") + len("endstream")
        made = made[:begin] + page + made[end:]
        made = made.replace("trailer<<", f"{more}trailer<<{trailer}")
        path.write_bytes(made.encode("latin-1"))

    return make


def line(words: str) -> str:
    return f"BT /F 12 Tf 20 300 Td {words} ET"


INFO = "7 0 obj\n<</CreationDate(20190714160311)/Title(Tides)>>\nendobj\n"
PACKET = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2019-07-14">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Tides of the bay</rdf:li></rdf:Alt></dc:title><dc:creator><rdf:Seq>'
    "<rdf:li>Ann Keeper</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def with_packet(path: Path) -> None:
    """What it is about stands in XMP alone."""
    stream = f"7 0 obj\n<</Type/Metadata/Subtype/XML/Length {len(PACKET)}>>stream\n{PACKET}\nendstream\nendobj\n"
    pdf(line("(Application for a berth) Tj"), more=stream)(path)
    path.write_bytes(path.read_bytes().replace(b"<</Type/Catalog", b"<</Type/Catalog/Metadata 7 0 R"))


KEPT = "The keeper slept."
FILES = [
    File("doctype.epub", "document", book({"c.xhtml": DOCTYPE.encode()}), "keeper—slept.", page=1),
    File("utf16.epub", "document", book({"c.xhtml": ('<?xml version="1.0" encoding="UTF-16"?>' + SLEPT).encode("utf-16")}), KEPT),
    File("percent.epub", "document", book({"my%20c.xhtml": SLEPT.encode()}), KEPT, page=1),
    File("aside.epub", "document", book({"c.xhtml": SLEPT.encode()}, linear="no"), KEPT, page=1),
    File("missing.epub", "document", book({"c.xhtml": SLEPT.encode()}, missing="d.xhtml"), KEPT, facts={
         "format": "epub, incomplete"}),
    File("whole.epub", "document", book({"c.xhtml": SLEPT.encode()}), KEPT, facts={"format": "epub"}),
    File("day.epub", "document", dated("1954-08-21"), KEPT, facts={"date": "1954-08-21", "date_from": "document"}),
    File("month.epub", "document", dated("1954-08"), KEPT, facts={"date": "1954-08"}),
    File("year.epub", "document", dated("1605"), KEPT, facts={"date": "1605"}),
    File("zero.epub", "document", dated("0101-01-01T00:00:00+00:00"), KEPT, facts={"date": None}),
    File("instant.epub", "document", dated("2019-07-14T12:00:00Z"), KEPT, facts={"date": "2019-07-14T12:00:00"}),
    File("changed.docx", "document", paragraph(CHANGED), "The keeper slept", absent="never"),
    File("maths.docx", "document", paragraph(FORMULA), "E=mc"),
    File("headed.docx", "document", headed, "Harbour office"),
    File("described.docx", "document", described, KEPT, facts={"keywords": "Notes of the kestrel"}),
    File("greek.docx", "document", paragraph(GREEK), "α-rays"),
    File("ticked.docx", "document", paragraph(TICKED), "✓ oil"),
    File("letter.docx", "document", paragraph(PLAIN), "ß"),
    File("html.docx", "document", holding("a.html", b"<html><body><p>The kestrel <b>came</b> back.</p></body></html>"),
         "The kestrel came back."),
    File("text.docx", "document", holding("a.txt", b"The kestrel came back."), "The kestrel came back."),
    File("rtf.docx", "document", holding("a.rtf", rb"{\rtf1\ansi The kestrel came back.}"), "The kestrel came back."),
    File("docx.docx", "document", holding("a.docx", whole_letter()), "The kestrel came back."),
    File("torn.docx", "document", holding("a.docx", b"PK\x03\x04"), KEPT),
    File("group.pptx", "document", grouped, "The kestrel came back.", page=1),
    File("notes.pptx", "document", grouped, "Ask the harbour master", page=1),
    File("spoken.pptx", "document", belonging("comments", "modernComment1.xml", "<x><p><t>Ask the kestrel</t></p></x>"),
         "Ask the kestrel", page=1),
    File("plain.pptx", "document", slides, "Birds of the pier", page=1),
    File("mac.xlsx", "document", of_1904, "day: 2019-07-14"),
    File("merged.xlsx", "document", merged, "Seen from the pier", page=1),
    File("hidden.xlsx", "document", merged, "bird: tern; count: 5", page=2),
    File("row.xlsx", "document", merged, "bird: kestrel; count: 3", page=1),
    File("size.xlsx", "document", rewritten(sheet(("bird", "count"), ("kestrel", 3)), wrong_size), "bird: kestrel; count: 3"),
    File("box.xlsx", "document", boxed, "The kestrel came back", page=1),
    File("header.odt", "document", open_document, "Harbour office"),
    File("utf16.srt", "document", text("1\n00:00:01,000 --> 00:00:02,000\nСмотритель уснул\n", "utf-16"), "Смотритель уснул"),
    File("utf16.csv", "document", text("nr;bird\n1;пустельга\n", "utf-16"), "bird: пустельга"),
    File("letters.rtf", "document", text(r"{\rtf1\ansi\uc1 \u1052?\u1072?\u1103?\u1082?}"), "Маяк"),
    File("spaced.pdf", "document", pdf(line("6 Tc (lighthouse) Tj")), "lighthouse", page=1),
    File("turned.pdf", "document", pdf("BT /F 12 Tf 0 1 -1 0 200 50 Tm (The keeper slept) Tj ET"), "The keeper slept"),
    File("hyphen.pdf", "document", pdf("BT /F 12 Tf 13 TL 20 300 Td (the light-) Tj T* (house keeper) Tj ET"), "lighthouse"),
    File("blank.pdf", "document", pdf(line(r"(The\240keeper) Tj")), "The keeper"),
    File("short.pdf", "document", pdf(line("(Application) Tj"), "/Info 7 0 R ", INFO), "Application", facts={
         "title": "Tides", "date": "2019-07-14T16:03:11"}),
    File("packet.pdf", "document", with_packet, "Application", facts={
         "title": "Tides of the bay", "artist": "Ann Keeper", "date": "2019-07-14"}),
]  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, on their page; the facts say what the file says of itself."""
    check(tmp_path, file)
