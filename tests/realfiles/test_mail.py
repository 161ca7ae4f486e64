"""Mails, mailboxes and saved pages; what is attached to them is read as what it is."""

from __future__ import annotations

import io
import mailbox
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

import docx
import pytest
from PIL import Image

from retrieval.domain.media import ImageSpec
from retrieval.errors import MediaError, MediaTooLarge
from retrieval.media.extract import read
from retrieval.settings import Limits
from tests.realfiles.table import File, Maker, Refused, check, check_refused, text
from tests.realfiles.test_realfiles import form


def mail(subject: str = "Lighthouse open day", body: str = "The keeper slept.") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ann Keeper <ann@example.org>"
    message["To"] = "Bob Müller <bob@example.org>"
    message["Date"] = "Sun, 14 Jul 2019 16:03:11 +0200"
    message["Subject"] = subject
    message["Keywords"] = "pier, lamp"
    message.set_content(body)
    return message


def saved(message: EmailMessage) -> Maker:
    return lambda path: path.write_bytes(message.as_bytes())


def with_file(content: bytes, name: str, kind: str = "application/octet-stream") -> EmailMessage:
    message = mail()
    main, _, sub = kind.partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def letter() -> bytes:
    made = io.BytesIO()
    document = docx.Document()
    document.add_heading("Oil", 1)
    document.add_paragraph("The kestrel came back.")
    document.save(made)
    return made.getvalue()


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (80, 80), "navy").save(made, "PNG")
    return made.getvalue()


def alternative() -> EmailMessage:
    message = mail(body="The keeper slept.")
    message.add_alternative("<html><body><p>never twice</p></body></html>", subtype="html")
    return message


def only_html() -> EmailMessage:
    message = mail()
    message.set_content("<html><body><h1>Oil</h1><p>The kestrel <b>came</b> back.</p></body></html>", subtype="html")
    return message


def forwarded() -> EmailMessage:
    message = mail()
    message.add_attachment(with_file(letter(), "inner.docx"))
    return message


def inline() -> EmailMessage:
    message = only_html()
    message.make_related()
    message.add_related(picture(), "image", "png", cid="<a@x>")
    return message


def box(*messages: EmailMessage) -> Maker:
    def make(path: Path) -> None:
        made = mailbox.mbox(str(path))
        for message in messages:
            made.add(message)
        made.close()

    return make


def pdf() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.pdf"
        form("/Subtype/Link")(path)
        return path.read_bytes()


RAW = (
    "From: =?iso-8859-1?Q?J=F6rg?= <j@example.org>\r\nSubject: =?utf-8?B?0JzQsNGP0Lo=?=\r\nDate: Sun, 14 Jul 2019 16:03:11 +0200\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}{more}\r\nContent-Transfer-Encoding: {how}\r\n\r\n{body}\r\n"
)


def raw(body: str, charset: str = "utf-8", how: str = "8bit", more: str = "", code: str = "utf-8") -> Maker:
    return text(RAW.format(charset=charset, how=how, body=body, more=more), code)


PAGE = (
    "From: <Saved by a browser>\r\nSnapshot-Content-Location: https://example.org/a\r\nSubject: Light out\r\n"
    "Date: Sun, 14 Jul 2019 16:03:11 -0000\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/related; type="text/html"; boundary="--b"\r\n\r\n----b\r\nContent-Type: text/html\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n<html><head><title>Light =\r\nout</title></head><body><p>The "
    "keeper sle=\r\npt=C3=A9.</p></body></html>\r\n----b\r\nContent-Type: text/css\r\n\r\nnever{}\r\n----b--\r\n"
)
FACTS = {
    "title": "Lighthouse open day", "artist": "Ann Keeper ann@example.org", "date": "2019-07-14T16:03:11",
    "keywords": "lamp",
}  # fmt: skip

FILES = [
    File("a.eml", "document", saved(mail()), "The keeper slept.", page=1, facts=FACTS),
    File("people.eml", "document", saved(mail()), "Bob Müller bob@example.org", page=1),
    File("no-suffix", "document", saved(mail()), "The keeper slept.", facts={"format": "eml"}),
    File("named.txt", "document", saved(mail()), "The keeper slept.", facts={"format": "eml"}),
    File("alternative.eml", "document", saved(alternative()), "The keeper slept.", absent="never"),
    File("html.eml", "document", saved(only_html()), "The kestrel came back.", absent="<"),
    File("word.eml", "document", saved(with_file(letter(), "Öl.docx")), "The kestrel came back.", page=2, facts={"pages": 2}),
    File("name.eml", "document", saved(with_file(letter(), "Öl.docx")), "Öl.docx", page=2),
    File("sheet.eml", "document", saved(with_file(b"nr;bird\n1;kestrel\n", "a.csv", "text/csv")), "bird: kestrel", page=2),
    File("pdf.eml", "document", saved(with_file(pdf(), "a.pdf")), "Application for a berth", page=2),
    File("photo.eml", "document", saved(with_file(picture(), "Pier.png", "image/png")), "Lighthouse open day: Pier.png", page=2, pictures=1),
    File("sound.eml", "document", saved(with_file(b"RIFF\0\0\0\0WAVEfmt ", "voice.wav")), "Lighthouse open day: voice.wav", page=2),
    File("bad.eml", "document", saved(with_file(b"PK\x03\x04 no archive", "torn.docx")), "The keeper slept.", page=1),
    File("forwarded.eml", "document", saved(forwarded()), "The kestrel came back.", page=3, facts={"pages": 3}),
    File("inline.eml", "document", saved(inline()), "The kestrel came back.", page=1, pictures=1),
    File("coded.eml", "document", raw("Der Wärter schlief."), "Der Wärter schlief.", facts={"title": "Маяк"}),
    File("person.eml", "document", raw("x"), "Jörg j@example.org"),
    File("quoted.eml", "document", raw("Der W=E4rter", "iso-8859-1", "quoted-printable"), "Der Wärter"),
    File("base.eml", "document", raw("0JzQsNGP0Lo=", how="base64"), "Маяк"),
    File("wrong.eml", "document", raw("La crème brûlée est prête.", "us-ascii", code="cp1252"), "crème brûlée"),
    File("unknown.eml", "document", raw("Der Wärter schlief.", "x-none"), "Der Wärter"),
    File("hebrew.eml", "document", raw("שומר המגדלור ישן.", "iso-8859-8-i", code="iso8859-8"), "שומר המגדלור"),
    File("thai.eml", "document", raw("ผู้ดูแลประภาคาร", "windows-874", code="cp874"), "ประภาคาร"),
    File("outlook.eml", "document", raw("灯台守は眠った。①", "windows-31j", code="cp932"), "灯台守は眠った。①"),
    File("flowed.eml", "document", raw("The keeper \r\nof the light \r\nslept.", more="; format=flowed"), "keeper of the light slept."),
    File("answer.eml", "document", raw("Yes.\r\n\r\n> > The keeper\r\n> > slept."), "The keeper\nslept.", absent=">"),
    File("apple.emlx", "document", lambda path: path.write_bytes(b"%d\n%s<plist>never</plist>" % (
        len(mail().as_bytes()), mail().as_bytes())), "The keeper slept.", absent="never"),
    File("a.mbox", "document", box(mail(), mail("Second", "The kestrel came back.")), "The kestrel came back.", page=2),
    File("attached.mbox", "document", box(with_file(letter(), "a.docx"), mail("Last", "Good night.")), "Good night.", page=3),
    File("Inbox", "document", box(mail()), "The keeper slept.", page=1, facts={"format": "mbox"}),
    File("from.mbox", "document", box(mail(body="Hello\n\nFrom now on it is dark.")), "now on it is dark", page=1),
    File("a.mhtml", "document", text(PAGE), "The keeper slepté.", absent="never", facts={
        "title": "Light out", "date": "2019-07-14T16:03:11"}),
    File("b.mht", "document", text(PAGE.replace("\r\n", "\n")), "The keeper slepté."),
]  # fmt: skip

REFUSED = [
    Refused("empty.mbox", lambda path: path.write_bytes(b"\n"), "empty"),
    Refused(
        "endless.eml",
        text(
            "Subject: x\nDate: x\n"
            + "".join(f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(3_000))
        ),
        "damaged",
        "without end",
    ),
    Refused("none.mhtml", text(PAGE.replace("text/html", "text/css")), "damaged"),
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_word_is_found_in_its_place(tmp_path: Path, file: File) -> None:
    """A segment of the file holds the words, on their page."""
    check(tmp_path, file)


@pytest.mark.parametrize("file", REFUSED, ids=lambda file: file.name)
def test_the_reason_is_said(tmp_path: Path, file: Refused) -> None:
    """The file is left out for its reason."""
    check_refused(tmp_path, file)


def nested(depth: int) -> EmailMessage:
    message = with_file(b"the innermost kestrel", "a.txt")
    for _ in range(depth):
        outer = mail()
        outer.add_attachment(message)
        message = outer
    return message


@pytest.mark.parametrize(
    ("make", "limits", "error"),
    [
        (lambda: with_file(bytes(2_000_000), "a.bin"), Limits(archive_bytes=1_000_000), MediaTooLarge),
        (lambda: nested(40), Limits(), None),
    ],
    ids=["bomb", "nested"],
)
def test_bombs_are_bounded(
    tmp_path: Path, make: Callable[[], EmailMessage], limits: Limits, error: type[MediaError] | None
) -> None:
    """Attachments unpack to no more than the limit, and mails inside mails are entered a few times."""
    (tmp_path / "a.eml").write_bytes(make().as_bytes())
    if error:
        with pytest.raises(error):
            list(read(tmp_path / "a.eml", "document", ImageSpec(32), limits))
    else:
        assert 0 < len(list(read(tmp_path / "a.eml", "document", ImageSpec(32), limits))) < 20
