"""Files as people have them: each is made, read as the indexer reads it, and must give this word at this place.

A new kind of file is a function that writes it and a row of FILES.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import docx
import pytest

from retrieval.domain.media import Span
from tests.realfiles.table import File, check, text
from tests.retrieval.media.av.test_audio import record
from tests.retrieval.media.made_clips import frames, pattern, tone, write


def chaptered(source: Path, path: Path, titles: dict[tuple[int, int], str]) -> None:
    """The packets of a file in another container, with chapters (ms)."""
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        [stream] = given.streams
        copy = made.add_stream_from_template(stream)
        made.set_chapters(
            [
                {"id": n, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
                for n, ((start, end), title) in enumerate(titles.items())
            ]
        )
        for packet in given.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                made.mux(packet)


CHAPTERS = {(0, 2000): "Embarkation", (2000, 4000): "The Lighthouse", (4000, 6000): "00:00:04.000"}


def audio_book(path: Path) -> None:
    plain = record(path.with_name("plain.m4a"), tone(6, rate=44_100), 44_100, codec="aac")
    chaptered(plain, path, CHAPTERS)
    plain.unlink()


def film(path: Path) -> None:
    plain = write(path.with_name("plain.mp4"), frames([pattern(1)], [150]))
    chaptered(plain, path, CHAPTERS)
    plain.unlink()


def form(annotation: str) -> Callable[[Path], object]:
    """A PDF of one page with a line of text and an annotation."""
    parts = [
        "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[6 0 R]/DA(/F 10 Tf)/DR<</Font<</F 5 0 R>>>>>>>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 400]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[6 0 R]>>",
        "<</Length 51>>stream\nBT /F 12 Tf 20 300 Td (Application for a berth) Tj ET\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        f"<</Type/Annot/P 3 0 R/Rect[50 50 350 90]{annotation}>>",
    ]
    body = "".join(f"{number} 0 obj\n{part}\nendobj\n" for number, part in enumerate(parts, 1))
    return text(f"%PDF-1.7\n{body}trailer<</Root 1 0 R>>\n%%EOF", "latin-1")


def rtf(body: str) -> Callable[[Path], object]:
    fonts = r"{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fswiss\fcharset204 Arial;}}"
    return text(r"{\rtf1\ansi\ansicpg1252\deff0" + fonts + r"\pard " + body + "}")


def book(chapter: str, address: str = "c.xhtml", stored: str = "OEBPS/c.xhtml") -> Callable[[Path], object]:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("mimetype", "application/epub+zip")
            file.writestr(
                "META-INF/container.xml",
                '<container><rootfiles><rootfile full-path="OEBPS/b.opf"/></rootfiles></container>',
            )
            file.writestr(
                "OEBPS/b.opf",
                f'<package><manifest><item id="c" href="{address}"/></manifest><spine><itemref idref="c"/></spine></package>',
            )
            file.writestr(stored, f'<html xmlns="http://www.w3.org/1999/xhtml">{chapter}</html>')

    return make


CHAPTER = "<head><title/></head><body><p>The keeper slept.</p></body>"


def letter(body: str) -> Callable[[Path], object]:
    """A .docx whose body is this XML."""

    def make(path: Path) -> None:
        docx.Document().save(str(path))
        with zipfile.ZipFile(path) as file:
            kept = {name: file.read(name) for name in file.namelist()}
        spaces = (
            'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
            'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" xmlns:wps="urn:wps" xmlns:v="urn:v"'
        )
        kept["word/document.xml"] = f"<w:document {spaces}><w:body>{body}</w:body></w:document>".encode()
        with zipfile.ZipFile(path, "w") as file:
            for name, content in kept.items():
                file.writestr(name, content)

    return make


def run(words: str) -> str:
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


BOX = (
    "<w:p><w:r><w:t>Anchor</w:t></w:r><w:r><mc:AlternateContent>"
    f"<mc:Choice><wps:txbx><w:txbxContent>{run('Kestrel')}</w:txbxContent></wps:txbx></mc:Choice>"
    f"<mc:Fallback><v:textbox><w:txbxContent>{run('Kestrel')}</w:txbxContent></v:textbox></mc:Fallback>"
    "</mc:AlternateContent></w:r></w:p>"
)
CONTROL = f"<w:tbl><w:tr><w:sdt><w:sdtContent><w:tc>{run('Kestrel')}</w:tc></w:sdtContent></w:sdt></w:tr></w:tbl>"
NESTED = (
    f"<w:tbl><w:tr><w:tc>{run('out')}<w:tbl><w:tr><w:tc>{run('Kestrel')}</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>"
)
MOVED = f"<w:p><w:moveFrom><w:r><w:t>Kestrel</w:t></w:r></w:moveFrom></w:p>{run('between')}"
HYPHEN = "<w:p><w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t><w:ptab/><w:t>shop</w:t></w:r></w:p>"


def open_text(body: str) -> Callable[[Path], object]:
    """An .odt whose text is this XML."""

    def make(path: Path) -> None:
        names = {"text": "text", "office": "office", "draw": "drawing", "dc": "dc"}
        spaces = " ".join(f'xmlns:{short}="urn:{long}"' for short, long in names.items())
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("mimetype", "application/vnd.oasis.opendocument.text")
            file.writestr("content.xml", f"<office:document-content {spaces}>{body}</office:document-content>")

    return make


FRAME = "<text:p>Anchor<draw:frame><draw:text-box><text:p>Kestrel</text:p></draw:text-box></draw:frame> behind</text:p>"
REMARK = (
    "<text:p>Anchor<office:annotation><dc:creator>Ann</dc:creator><text:p>ask notary</text:p></office:annotation> behind"
    "</text:p>"
)
DELETED = "<text:tracked-changes><text:p>Kestrel</text:p></text:tracked-changes><text:p>kept <text:s/>here</text:p>"


def preceded(junk: bytes, source: Callable[[Path], object]) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        source(path)
        path.write_bytes(junk + path.read_bytes())

    return make


FIELD = "/Subtype/Widget/T(n)/V(Zelda Kestrel)/DA(/F 10 Tf)"


def subtitled(words: str) -> Callable[[Path], object]:
    """A film or recording of three seconds with a subtitle file of this word between its name and .srt."""

    def make(path: Path) -> None:
        if path.suffix == ".mp3":
            record(path, tone(3, rate=44_100), 44_100, codec="libmp3lame")
        else:
            write(path, frames([pattern(1)], [75]))
        cue = "1\n00:00:01,000 --> 00:00:02,500\nThe keeper slept.\n"
        path.with_name(f"{path.stem}{words}.srt").write_text(cue, encoding="utf-8")

    return make


SLEPT = Span(1000, 2500)

FILES = [
    File("book.m4b", "audio", audio_book, "The Lighthouse", Span(2000, 4000), absent="00:00:04"),
    File("book.mka", "audio", audio_book, "The Lighthouse", Span(2000, 4000), absent="00:00:04"),
    File("film.mkv", "video", film, "The Lighthouse", Span(2000, 4000), absent="00:00:04"),
    File("film.mp4", "video", film, "Embarkation", Span(0, 2000)),
    File("a.mp4", "video", subtitled(""), "The keeper slept.", SLEPT),
    File("b.mp4", "video", subtitled(".English"), "The keeper slept.", SLEPT, lang="en"),
    File("c.mp4", "video", subtitled(".ger"), "The keeper slept.", SLEPT, lang="de"),
    File("d.mp4", "video", subtitled(".spa"), "The keeper slept.", SLEPT, lang="es"),
    File("e.mp4", "video", subtitled(".pt-BR"), "The keeper slept.", SLEPT, lang="pt"),
    File("f.mp4", "video", subtitled(".forced"), "The keeper slept.", SLEPT),
    File("g.mp4", "video", subtitled(".part2"), "The keeper slept.", SLEPT),
    File("talk.mp3", "audio", subtitled(""), "The keeper slept.", SLEPT),
    File("talk2.mp3", "audio", subtitled(".en"), "The keeper slept.", SLEPT, lang="en"),
    File("whole.srt", "document", text("1\n00:00:01 --> 00:00:02\nThe keeper slept.\n"), "keeper slept"),
    File("blanks.srt", "document", text("1\n00: 00: 01, 000 --> 00: 00: 02, 500\nThe keeper slept.\n"), "keeper slept"),
    File("less.srt", "document", text("1\n00:00:01,000 --> 00:00:02,000\nI <3 you and 5 > 4\n"), "I <3 you and 5 > 4"),
    File(
        "tags.vtt",
        "document",
        text("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann><c.red>The</c> <00:01.500><i>keeper</i></v>\n"),
        "The keeper",
        absent="<",
    ),
    File("a.csv", "document", text('name,note\nAda,"first line\nsecond line"\n'), "first line second line"),
    File("b.csv", "document", text('name,note\r\nAda,"first line\r\nsecond line"\r\n'), "first line second line"),
    File("c.csv", "document", text('name;note\nAda;"first\n\nsecond"\nBob;x\n', "utf-16"), "first second"),
    File("d.csv", "document", text("sep=;\nname;note\nAda;kestrel, or so\n"), "note: kestrel, or so", absent="sep="),
    File(
        "foot.rtf", "document", rtf(r"keeper{\footnote\pard\plain {\super\chftn} the kestrel} slept\par"), "the kestrel"
    ),
    File("body.rtf", "document", rtf(r"keeper{\footnote\pard\plain the kestrel} slept\par"), "keeper slept"),
    File("note.rtf", "document", rtf(r"keeper\chatn{\*\annotation\pard the \'fcber} slept\par"), "the über"),
    File(
        "box.rtf",
        "document",
        rtf(r"one{\shp{\*\shpinst{\sp{\sn a}{\sv 202}}{\shptxt\pard the {\b kes}trel\par}}} two\par"),
        "the kestrel",
    ),
    File(
        "gone.rtf",
        "document",
        rtf(r"one {\deleted never {\b said} }two \{three\}\par"),
        "one two {three}",
        absent="never",
    ),
    File("plain.rtf", "document", rtf(r"\f1\'ec\'ee\'f0\'e5\par\pard\plain caf\'e9\par"), "café"),
    File("cut.rtf", "document", text(r"{\rtf1\ansi keeper{\footnote the kestrel"), "keeper"),
    File("title.epub", "document", book(CHAPTER), "The keeper slept.", page=1),
    File(
        "script.epub",
        "document",
        book('<head><script src="a/k.js"/></head><body><p>The keeper</p></body>'),
        "The keeper",
    ),
    File("link.epub", "document", book('<body><p><a id="x"/>The <i/>keeper slept</p></body>'), "The keeper slept"),
    File(
        "notes.epub", "document", book("<body><p>One</p><aside><p>The keeper slept</p></aside></body>"), "keeper slept"
    ),
    File("part.epub", "document", book(CHAPTER, "c.xhtml#part"), "The keeper slept.", page=1),
    File("root.epub", "document", book(CHAPTER, "/OEBPS/c.xhtml"), "The keeper slept.", page=1),
    File("case.epub", "document", book(CHAPTER, "C.xhtml"), "The keeper slept.", page=1),
    File(
        "xml.html",
        "document",
        text(f'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">{CHAPTER}</html>'),
        "The keeper slept.",
    ),
    File(
        "form.html",
        "document",
        text(
            "<!DOCTYPE html><html><body><form><h1>Invoice 4711</h1><p>Payment is due</p><textarea>at once</textarea>"
            "<button>Send</button></form></body></html>"
        ),
        "Payment is due",
        absent="Send",
    ),
    File("box.docx", "document", letter(BOX), "Anchor", absent="AnchorKestrel"),
    File("once.docx", "document", letter(BOX), "Kestrel", absent="Kestrel\nKestrel"),
    File("control.docx", "document", letter(CONTROL), "Kestrel"),
    File("nested.docx", "document", letter(NESTED), "out Kestrel", absent="Kestrel\nKestrel"),
    File("moved.docx", "document", letter(MOVED), "between", absent="Kestrel"),
    File("hyphen.docx", "document", letter(HYPHEN), "co-op shop"),
    File("frame.odt", "document", open_text(FRAME), "Anchor behind", absent="AnchorK"),
    File("framed.odt", "document", open_text(FRAME), "Kestrel", absent="Kestrel\nKestrel"),
    File("remark.odt", "document", open_text(REMARK), "Anchor behind", absent="Annask"),
    File("remarked.odt", "document", open_text(REMARK), "ask notary", absent="Annask"),
    File("deleted.odt", "document", open_text(DELETED), "kept here", absent="Kestrel"),
    File("line.pdf", "document", preceded(b"\r\n", form("/Subtype/Link")), "Application", page=1),
    File("mark.pdf", "document", preceded(b"\xef\xbb\xbf", form("/Subtype/Link")), "Application", page=1),
    File("junk.pdf", "document", preceded(b"HTTP/1.1 200 OK\r\n" * 20, form("/Subtype/Link")), "Application", page=1),
    File("field.pdf", "document", form(f"{FIELD}/FT/Tx/F 4"), "Zelda Kestrel", page=1),
    File("named.pdf", "document", form(f"{FIELD}/FT/Tx/F 4/TU(Keeper)"), "Keeper: Zelda Kestrel", page=1),
    File(
        "choice.pdf", "document", form(f"{FIELD}/FT/Ch/Ff 131072/Opt[(x)(Zelda Kestrel)]/F 4"), "Zelda Kestrel", page=1
    ),
    File("secret.pdf", "document", form(f"{FIELD}/FT/Tx/Ff 8192/F 4"), "Application", absent="Zelda"),
    File("hidden.pdf", "document", form(f"{FIELD}/FT/Tx/F 2"), "Application", absent="Zelda"),
    File("box.pdf", "document", form("/Subtype/Widget/FT/Btn/T(n)/V/Yes/AS/Yes/F 4"), "Application", absent="Yes"),
    File("free.pdf", "document", form("/Subtype/FreeText/Contents(Call Zelda)/DA(/F 10 Tf)/F 4"), "Call Zelda", page=1),
    File("note.pdf", "document", form("/Subtype/Text/Contents(Call Zelda)/F 4"), "Call Zelda", page=1),
    File(
        "marked.pdf",
        "document",
        form("/Subtype/Highlight/QuadPoints[50 90 350 90 50 50 350 50]/Contents<FEFF706F5854>/F 4"),
        "灯塔",
        page=1,
    ),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, at their time or on their page."""
    check(tmp_path, file)
