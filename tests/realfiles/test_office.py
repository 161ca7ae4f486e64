"""Office documents: parts with other names, charts, remarks, formulas, hidden and moved text."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
import xlsxwriter
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.realfiles.table import File, Maker, Refused, check, check_refused
from tests.realfiles.test_realfiles import book, letter, open_text

Rewrite = Callable[[str, bytes], tuple[str, bytes] | None]


def rewritten(make: Maker, change: Rewrite) -> Maker:
    """The archive with its members as `change` gives them; None leaves one out."""

    def made(path: Path) -> None:
        make(path)
        with zipfile.ZipFile(path) as file:
            members = [change(name, file.read(name)) for name in file.namelist()]
        with zipfile.ZipFile(path, "w") as file:
            for member in members:
                if member is not None:
                    info = zipfile.ZipInfo("x")
                    info.filename = member[0]  # as it is: with backslashes, too
                    file.writestr(info, member[1])

    return made


def renamed(old: str, new: str) -> Rewrite:
    """Another name of a part, in the table of content types and in the relations as well."""

    def change(name: str, content: bytes) -> tuple[str, bytes]:
        if name.endswith((".rels", "[Content_Types].xml")):
            content = content.replace(old.encode(), new.encode())
        return name.replace(old, new), content

    return change


def backslashed(name: str, content: bytes) -> tuple[str, bytes]:
    return name.replace("/", "\\"), content


def word(path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("The keeper slept.")
    document.save(str(path))


def remarked(path: Path) -> None:
    document = docx.Document()
    run = document.add_paragraph().add_run("The keeper slept.")
    document.add_comment([run], text="Ask the kestrel", author="Ann")
    document.save(str(path))


def hidden(path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The keeper ")
    paragraph.add_run("never ").font.hidden = True
    shown = paragraph.add_run("slept.")
    shown.font.hidden = False
    document.save(str(path))


def moved(path: Path) -> None:
    document = docx.Document()
    inner = "<w:r><w:t>the kestrel</w:t></w:r>"
    for name in ("moveFrom", "moveTo"):
        document.element.body.append(
            parse_xml(f'<w:p {nsdecls("w")}><w:{name} w:id="1" w:author="A">{inner}</w:{name}></w:p>')
        )
    document.save(str(path))


def ruby(path: Path) -> None:
    document = docx.Document()
    read, written = (f"<w:r><w:t>{each}</w:t></w:r>" for each in ("とうだい", "灯台"))
    document.element.body.append(
        parse_xml(
            f"<w:p {nsdecls('w')}><w:r><w:t>古い</w:t></w:r><w:r><w:ruby><w:rt>{read}</w:rt>"
            f"<w:rubyBase>{written}</w:rubyBase></w:ruby></w:r><w:r><w:t>の光</w:t></w:r></w:p>"
        )
    )
    document.save(str(path))


def sheet(*rows: tuple[object, ...], format_: str = "") -> Maker:
    def make(path: Path) -> None:
        made = openpyxl.Workbook()
        for row in rows:
            made.active.append(row)
        if format_:
            made.active.cell(2, 2).number_format = format_
        made.save(path)

    return make


def shared(words: str) -> Maker:
    """A workbook that keeps its strings in a table of their own."""

    def make(path: Path) -> None:
        with xlsxwriter.Workbook(str(path)) as made:
            page = made.add_worksheet()
            page.write_row(0, 0, ("bird", "box"))
            page.write_row(1, 0, ("gull", words))

    return make


def charted(path: Path) -> None:
    made = openpyxl.Workbook()
    for row in (("bird", "count"), ("kestrel", 3), ("gull", 8)):
        made.active.append(row)
    chart = BarChart()
    chart.title = "Birds of the pier"
    chart.add_data(Reference(made.active, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    made.create_chartsheet("Chart").add_chart(chart)
    made.save(path)


def unknown_chart(name: str, content: bytes) -> tuple[str, bytes]:
    if name == "xl/charts/chart1.xml":
        begin, end = content.index(b"<barChart>"), content.index(b"</barChart>") + len(b"</barChart>")
        content = content[:begin] + content[end:]
    return name, content


def commented(path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(("bird", "count"))
    made.active["A2"] = "gull"
    made.active["A2"].comment = Comment("Ask the kestrel", "Ann")
    made.save(path)


def slides(path: Path, chart: bool = False) -> None:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Birds of the pier"
    if chart:
        data = CategoryChartData()
        data.categories = ["kestrel", "gull"]
        data.add_series("Count of May", (3, 8))
        slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(1), Inches(4), Inches(3), data)
    made.save(str(path))


def belonging(folder: str, name: str, content: str) -> Maker:
    """Slides of which the first is bound to one more part."""

    def make(path: Path) -> None:
        def change(member: str, body: bytes) -> tuple[str, bytes]:
            if member == "ppt/slides/_rels/slide1.xml.rels":
                link = f'<Relationship Id="rId9" Type="x" Target="../{folder}/{name}"/>'
                body = body.replace(b"</Relationships>", link.encode() + b"</Relationships>")
            return member, body

        rewritten(slides, change)(path)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(f"ppt/{folder}/{name}", content)

    return make


def unread(name: str) -> Maker:
    return lambda path: zipfile.ZipFile(path, "w").writestr(name, "x")


def open_document(kind: str, manifest: str = "") -> Maker:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
            file.writestr("content.xml", "<x/>")
            file.writestr("META-INF/manifest.xml", f"<manifest:manifest>{manifest}</manifest:manifest>")

    return make


def ole(mark: str) -> Maker:
    return lambda path: path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + mark.encode("utf-16-le") + bytes(64)
    )


A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
DIAGRAM = f"<dataModel {A}><a:p><a:r><a:t>Watch the kestrel</a:t></a:r></a:p></dataModel>"
REMARK = "<cmLst><cm><text>Ask the kestrel</text></cm></cmLst>"
ODS = (
    '<office:spreadsheet><table:table xmlns:table="urn:t" table:name="Pier"><table:table-row><table:table-cell>'
    "<text:p>kestrel</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>"
)
RUBY = "<body><p><ruby>灯<rt>とう</rt></ruby><ruby>台<rt>だい</rt></ruby>守</p></body>"
KEPT = "The keeper slept."

FILES = [
    File("second.docx", "document", rewritten(word, renamed("word/document.xml", "word/document2.xml")), KEPT),
    File("folder.docx", "document", rewritten(word, renamed("word/", "text/")), KEPT),
    File("back.docx", "document", rewritten(word, backslashed), KEPT),
    File("back.xlsx", "document", rewritten(sheet(("bird", "count"), ("kestrel", 3)), backslashed), "bird: kestrel"),
    File("back.pptx", "document", rewritten(slides, backslashed), "Birds of the pier", page=1),
    File("other.pptx", "document", rewritten(slides, renamed("presentation.xml", "show.xml")), "Birds of the pier", page=1),
    File("remark.docx", "document", remarked, "Ask the kestrel"),
    File("hidden.docx", "document", hidden, KEPT, absent="never"),
    File("ruby.docx", "document", ruby, "古い灯台の光 とうだい"),
    File("moved.docx", "document", moved, "the kestrel", absent="the kestrel\nthe kestrel"),
    File("plain.xlsx", "document", charted, "bird: kestrel; count: 3", page=1),
    File("chart.xlsx", "document", rewritten(charted, unknown_chart), "bird: kestrel; count: 3", page=1),
    File("torn.xlsx", "document", rewritten(charted, lambda name, body: None if name.startswith("xl/chartsheets/_rels") else
         (name, body)), "bird: kestrel; count: 3", page=1),
    File("link.xlsx", "document", sheet(("bird", "see"), ("gull", '=HYPERLINK("https://x.org","The kestrel")')), "see: The kestrel"),
    File("sum.xlsx", "document", sheet(("bird", "count"), ("gull", "=SUM(B3:B4)")), "bird: gull; count: =SUM(B3:B4)"),
    File("share.xlsx", "document", sheet(("bird", "share"), ("gull", 0.125), format_="0.0%"), "share: 12.5%", absent="0.125"),
    File("whole.xlsx", "document", sheet(("bird", "share"), ("gull", 1), format_="0%"), "share: 100%"),
    File("hours.xlsx", "document", sheet(("bird", "time"), ("gull", dt.timedelta(hours=26, minutes=30)), format_="[h]:mm"),
         "time: 26:30", absent="day"),
    File("date.xlsx", "document", sheet(("bird", "day"), ("gull", dt.datetime(2019, 7, 14))), "day: 2019-07-14", absent="00:00"),
    File("note.xlsx", "document", commented, "Ask the kestrel", page=1),
    File("escape.xlsx", "document", shared("box005F_lid"), "box: box005F_lid"),
    File("shared.xlsx", "document", rewritten(shared("zebra"), lambda name, body: (
         name, body.replace(b">zebra<", b">zebra_x005F_x000D_<"))), "box: zebra_x000D_"),
    File("return.xlsx", "document", rewritten(sheet(("bird", "box"), ("gull", "zebra")), lambda name, body: (
         name, body.replace(b">zebra<", b">zebra_x000D_<"))), "box: zebra", absent="x000D"),
    File("chart.pptx", "document", lambda path: slides(path, chart=True), "kestrel", page=1),
    File("series.pptx", "document", lambda path: slides(path, chart=True), "Count of May", page=1),
    File("diagram.pptx", "document", belonging("diagrams", "data1.xml", DIAGRAM), "Watch the kestrel", page=1),
    File("remark.pptx", "document", belonging("comments", "comment1.xml", REMARK), "Ask the kestrel", page=1),
    File("named.ods", "document", open_text(ODS), "Pier"),
    File("ruby.epub", "document", book(RUBY), "灯台守", page=1),
    File("read.epub", "document", book(RUBY), "とうだい", page=1),
    File("between.docx", "document", letter("<w:p><w:r><w:t>The keeper</w:t></w:r></w:p>"), "The keeper"),
]  # fmt: skip

REFUSED = [
    Refused("a.pages", unread("Index/Document.iwa"), "format not read", "Pages"),
    Refused("a.numbers", unread("Index/Document.iwa"), "format not read", "Numbers"),
    Refused("a.key", unread("Index/Document.iwa"), "format not read", "Keynote"),
    Refused("a.odg", open_document("graphics"), "not media", "drawing"),
    Refused("locked.odt", open_document("text", "<manifest:encryption-data/>"), "encrypted", "password"),
    Refused("locked.docx", ole("EncryptedPackage"), "encrypted", "password"),
    Refused("old.doc", ole("WordDocument"), "old format", "docx"),
    Refused("old.xls", ole("Workbook"), "old format", "xlsx"),
    Refused("old.bin", ole("PowerPoint Document"), "old format", "pptx"),
    Refused("a.msg", ole("__substg1.0_001A001F"), "format not read", "Outlook"),
    Refused("a.zip", unread("a.txt"), "not media", "archive"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, on their page."""
    check(tmp_path, file)


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_the_reason_is_said(tmp_path: Path, file: Refused) -> None:
    """The file is left out for its reason."""
    check_refused(tmp_path, file)
