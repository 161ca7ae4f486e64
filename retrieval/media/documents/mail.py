"""Mails (.eml, .emlx), mailboxes (.mbox) and saved pages (.mhtml).

A mail and each of its attachments are pages of their own, in their order; an attachment is read as the document or picture
that it is. Sources: RFC 5322, RFC 2045 to 2047, RFC 4155 (mbox), RFC 2557 (MHTML), RFC 3676 (format=flowed).
"""

from __future__ import annotations

import email
import email.policy
import mailbox
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from retrieval.domain.text import valid_text
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.documents.text import plain_blocks
from retrieval.media.markup import html_page
from retrieval.media.text_encoding import decoded
from retrieval.settings import LIMITS, Limits

MESSAGE_BYTES: Final = 256 << 20  # of one mail
ATTACHMENTS: Final = 500  # of one mail, those of the mails in it counted
DEPTH: Final = 4  # of mails inside mails, and of parts inside parts of 16 times as many
CHARSETS: Final = {  # names in mail that Python knows under another, or that say less than what is written
    "gb2312": "gb18030", "gbk": "gb18030", "iso-8859-8-i": "iso8859-8",
    "windows-874": "cp874", "windows-31j": "cp932", "ks_c_5601-1987": "cp949", "x-gbk": "gb18030", "x-sjis": "cp932",
}  # fmt: skip
QUOTED: Final = re.compile(r"^(?:> ?)+", re.MULTILINE)
Inner = Callable[[Path, Limits, int], Parts]


def read_mail(path: Path, kind: str, inner: Inner, limits: Limits = LIMITS, depth: int = 0) -> Iterator[Parts]:
    """The mail; of a mailbox one after the other. What is told of the whole stands in the first.

    inner: reads a document from a file, for attachments. depth: how many mails this one lies in.

    Raises:
        MediaUnreadable: no mail at all. MediaTooLarge: a mail beyond the limits.
    """
    if kind == "mbox":
        yield from _mailbox(path, inner, limits)
        return
    if path.stat().st_size > MESSAGE_BYTES:
        raise MediaTooLarge(f"{path.name} is a mail of more than {MESSAGE_BYTES >> 20} MiB")
    content = path.read_bytes()
    if kind == "emlx":  # its length stands on the first line
        size, _, rest = content.partition(b"\n")
        content = rest[: int(size)] if size.strip().isdigit() else content
    try:
        message = email.message_from_bytes(content)
        parts = _saved_page(message) if kind == "mhtml" else _Reading(inner, limits, depth).mail(message)
    except RecursionError as error:
        raise MediaUnreadable(
            f"{path.name} is damaged", "its parts lie in one another without end", "damaged"
        ) from error
    yield parts


def _mailbox(path: Path, inner: Inner, limits: Limits) -> Iterator[Parts]:
    box = mailbox.mbox(path, create=False)
    pages, date = 0, None
    try:
        for key in box.iterkeys():
            content = box.get_bytes(key)
            if len(content) > MESSAGE_BYTES:
                continue
            try:
                parts = _Reading(inner, limits, 0, pages).mail(email.message_from_bytes(content))
            except RecursionError:  # parts in one another without end; the other mails are not to blame
                continue
            parts.title = parts.artist = None  # of one of its mails
            parts.date = date = date or parts.date
            pages += parts.pages or 1
            parts.pages = None
            yield parts
    except (OSError, ValueError) as error:
        raise MediaUnreadable(f"{path.name} is damaged", reason="damaged") from error
    finally:
        box.close()
    if not pages:
        raise MediaUnreadable(f"{path.name} holds no mail", reason="empty")


class _Reading:
    """One mail on its way to parts: numbers its pages, and bounds what its attachments unpack to."""

    def __init__(self, inner: Inner, limits: Limits, depth: int, pages: int = 0) -> None:
        self._inner = inner
        self._limits = limits
        self._depth = depth
        self._pages = self._before = pages
        self._left = limits.archive_bytes
        self._attached = 0
        self._parts = Parts()

    def mail(self, message: Message) -> Parts:
        """The mail, its attachments behind it."""
        parts = self._parts
        parts.title = _said(message, "Subject") or None
        parts.artist = _people(message, "From") or None
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            parts.date = parsedate_to_datetime(str(message["Date"])).strftime("%Y-%m-%dT%H:%M:%S")
        labels = f"{_said(message, 'Keywords')},{_said(message, 'X-Gmail-Labels')}"
        parts.keywords = tuple(word.strip() for word in labels.split(",") if word.strip())
        self._message(message, 0)
        parts.pages = self._pages - self._before
        return parts

    def _message(self, message: Message, depth: int) -> None:
        self._pages += 1
        page = self._pages
        self._parts.blocks.append(Block(_said(message, "Subject"), 1, page))
        people = (f"{name}: {_people(message, name)}" for name in ("From", "To", "Cc") if _people(message, name))
        self._parts.blocks.append(Block("\n".join([*people, f"Date: {_said(message, 'Date')}"]), 0, page))
        attached: list[Message] = []
        self._body(message, page, attached, 0)
        for one in attached:
            self._attachment(one, depth, _said(message, "Subject"))

    def _body(self, part: Message, page: int, attached: list[Message], nested: int) -> None:
        """Text of the parts that are shown as one; the rest goes to `attached`."""
        kind, name = part.get_content_type(), _file_name(part)
        children = _children(part)
        if kind == "message/rfc822" or (name and not part.is_multipart()):
            attached.append(part)
        elif kind == "multipart/alternative":
            texts = [one for one in children if one.get_content_type() == "text/plain" and _text(one).strip()]
            for child in texts[:1] or children[-1:]:
                self._body(child, page, attached, nested + 1)
        elif children:
            for child in children if nested < DEPTH * 16 else ():
                self._body(child, page, attached, nested + 1)
        elif kind == "text/html":
            shown = html_page(_text(part)).blocks
            self._parts.blocks += [Block(words, level + 1 if level else 0, page) for level, words in shown]
        elif kind.startswith("text/"):
            self._parts.blocks += [Block(one.text, 0, page) for one in plain_blocks(_flowed(part))]
        elif kind.startswith("image/"):
            self._parts.pictures.append((self._content(part), "picture", page))

    def _attachment(self, part: Message, depth: int, subject: str) -> None:
        """An attachment as a page of its own, with its name; one without text is found by that and its mail's subject.

        A name alone, as of photos, is no sentence: encoded, it would lie near to every question.
        """
        self._attached += 1
        if self._attached > ATTACHMENTS:
            return
        children = _children(part)
        if part.get_content_type() == "message/rfc822" and children:
            if depth + self._depth < DEPTH:
                self._message(children[0], depth + 1)
            return
        self._pages += 1
        name = _file_name(part)
        found = self._document(self._content(part), name)
        told = name if found and found.blocks else f"{subject}: {name}" if subject else name
        self._parts.blocks.append(Block(told, 1, self._pages))
        if found is None:
            self._parts.pictures.append((self._content(part), name, self._pages))
            return
        self._parts.blocks += [Block(one.text, one.level + 1 if one.level else 0, self._pages) for one in found.blocks]
        self._parts.pictures += [(content, inside, self._pages) for content, inside, _ in found.pictures]

    def _document(self, content: bytes, name: str) -> Parts | None:
        """The parts of an attached document; empty ones of what is not read, None of a picture."""
        from retrieval.media.sniff import identify

        suffix = re.sub(r"[^.\w]", "", PurePosixPath(name).suffix)[:16]
        with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder, suppress(MediaError, OSError):
            file = Path(folder) / f"attachment{suffix}"
            file.write_bytes(content)
            medium = identify(file)[0]
            if medium == "image":
                return None
            if medium == "document" and self._depth < DEPTH:
                return self._inner(file, self._limits, self._depth + 1)
        return Parts()

    def _content(self, part: Message) -> bytes:
        """What a part unpacks to. Raises: MediaTooLarge where all of them together are beyond the limit."""
        content = _payload(part)
        self._left -= len(content)
        if self._left < 0:
            raise MediaTooLarge("the attachments unpack to too much", "a decompression bomb")
        return content


def _saved_page(message: Message) -> Parts:
    """The page that a browser saved with all that is in it; its first web page is the one that was shown."""
    leaves = [part for part in message.walk() if not part.is_multipart()]
    shown = next((part for part in leaves if part.get_content_type() in ("text/html", "application/xhtml+xml")), None)
    if shown is None:
        raise MediaUnreadable("the saved page holds no web page", reason="damaged")
    page = html_page(_text(shown))
    parts = Parts(page.title or _said(message, "Subject") or None, page.author, page.date, page.keywords)
    if parts.date is None:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            parts.date = parsedate_to_datetime(str(message["Date"])).strftime("%Y-%m-%dT%H:%M:%S")
    parts.blocks = [Block(words, level) for level, words in page.blocks]
    images = [part for part in leaves if part.get_content_type().startswith("image/")]
    parts.pictures = [(_payload(part), "picture", None) for part in images if part.get_content_subtype() != "svg+xml"]
    return parts


def _children(part: Message) -> list[Message]:
    """The parts of a part that holds several; of others none."""
    found: Any = part.get_payload() if part.is_multipart() else []
    return [one for one in found if isinstance(one, Message)] if isinstance(found, list) else []


def _payload(part: Message) -> bytes:
    try:
        content: Any = part.get_payload(decode=True)
    except (ValueError, AssertionError, LookupError):
        return b""
    return content if isinstance(content, bytes) else b""


def _text(part: Message) -> str:
    """The text of a part by the encoding that it states, else by the best guess."""
    content, said = _payload(part), part.get_content_charset()
    with suppress(LookupError, UnicodeDecodeError, ValueError):
        if said:
            return content.decode(CHARSETS.get(said, said)).replace("\r\n", "\n")
    return decoded(content)


def _flowed(part: Message) -> str:
    """Plain text without marks of quotation, its soft line ends taken out where it says that it has them."""
    text = QUOTED.sub("", _text(part))
    if part.get_param("format") == "flowed":
        text = re.sub(r"(?<!\n--) \n", "" if part.get_param("delsp") == "yes" else " ", text)
    return text


def _said(message: Message, name: str) -> str:
    """A header as it is read, on one line."""
    value = message[name]
    if value is None:
        return ""
    text = str(value)
    with suppress(LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        text = str(make_header(decode_header(value)))
    return valid_text(" ".join(text.replace("\0", " ").split()))[:1000]


def _people(message: Message, name: str) -> str:
    """Names and addresses of a header: "Ann Keeper ann@example.org, bob@example.org"."""
    found = getaddresses([_said(message, name)])
    return ", ".join(" ".join(part for part in one if part) for one in found if any(one))[:2000]


def _file_name(part: Message) -> str:
    name = ""
    with suppress(LookupError, UnicodeError, ValueError, TypeError):
        name = part.get_filename() or ""
    with suppress(LookupError, UnicodeError, ValueError, email.errors.HeaderParseError):
        name = str(make_header(decode_header(name)))
    if not name and part.get_content_disposition() == "attachment":
        name = f"attachment.{part.get_content_subtype()}"
    return valid_text(" ".join(name.replace("\0", " ").split()))[:300]
