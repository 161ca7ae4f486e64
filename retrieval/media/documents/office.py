"""Text and pictures of documents that are ZIPs of XML: OpenDocument and epub here, Office's in modules of their own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from retrieval.errors import MediaUnreadable, MediaUnsupported
from retrieval.media.documents.archive import Archive, opened
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.documents.sheets import read_sheets
from retrieval.media.documents.slides import read_slides
from retrieval.media.documents.word import read_word
from retrieval.media.markup import html_page, local, within
from retrieval.media.text_encoding import decoded
from retrieval.settings import LIMITS, Limits

ENCRYPTED: Final = re.compile(rb"<[\w:]*encryption-data")  # in the manifest of an OpenDocument file


def read_office(
    path: Path, kind: str, limits: Limits = LIMITS, inner: Callable[[Path], Parts] = lambda path: Parts()
) -> Parts:
    """All of a document of `kind` docx, pptx, xlsx, odt, odp, ods or epub. inner: reads a document that lies in it.

    Raises:
        MediaUnreadable, MediaTooLarge, MediaUnsupported: damaged, a bomb, encrypted.
    """
    readers: dict[str, Callable[[Archive, Parts], None]] = {
        "docx": partial(read_word, inner=inner),
        "pptx": read_slides,
        "epub": _epub,
    }
    with opened(path, limits) as archive:
        parts = Parts()
        if archive.matches("META-INF/manifest.xml", ENCRYPTED):
            raise MediaUnsupported(f"{path.name} is encrypted", "save it without a password to index it", "encrypted")
        if kind != "epub":
            _said(archive, parts, "meta.xml" if kind.startswith("od") else "docProps/core.xml")
        if kind == "xlsx":
            read_sheets(path, archive, parts, limits)
        else:
            readers.get(kind, _odf)(archive, parts)
    return parts


def _said(archive: Archive, parts: Parts, part: str) -> None:
    root = archive.xml(part)
    if root is None:
        return
    found: dict[str, list[str]] = {}
    for one in root.iter():
        text = " ".join((one.text or "").split()) if local(one) else ""
        if text:
            found.setdefault(local(one), []).append(text)
    parts.title = next(iter(found.get("title", [])), None)
    parts.artist = next(iter(found.get("creator", []) or found.get("initial-creator", [])), None)
    parts.date = next(iter(found.get("created", []) or found.get("creation-date", []) or found.get("date", [])), None)
    words = found.get("keywords", []) + found.get("keyword", []) + found.get("subject", [])
    words += found.get("description", [])[:1]
    parts.keywords = tuple(word.strip() for line in words for word in re.split(r"[;,]", line) if word.strip())


def _odf(archive: Archive, parts: Parts) -> None:
    """Paragraphs, headings and table rows; slides and sheets count as pages."""
    root = archive.xml("content.xml")
    if root is None:
        raise MediaUnreadable("the document has no text part", reason="damaged")
    page: int | None = None
    for one in root.iter():
        name = local(one)
        if name == "page" or (name == "table" and within(one, {"spreadsheet"})):
            page = (page or 0) + 1
            named = next((value for key, value in one.attrib.items() if key.endswith("}name")), "")
            parts.blocks += [Block(named, 1, page)] if name == "table" and named else []
        elif name == "table-row":
            cells = [
                " ".join(_odf_text(p) for p in cell.iter() if local(p) == "p")
                for cell in one
                if local(cell) == "table-cell"
            ]
            parts.blocks.append(Block(" | ".join(cell for cell in cells if cell), 0, page))
        elif name in ("p", "h") and not within(one, {"table-row", "tracked-changes"}):
            level = next(
                (int(value) for key, value in one.attrib.items() if key.endswith("}outline-level") and value.isdigit()),
                1,
            )
            parts.blocks.append(Block(_odf_text(one), level if name == "h" else 0, page))
    parts.pages = page
    parts.blocks += _repeated(archive)
    parts.pictures += archive.pictures([one for one in archive.names if one.startswith("Pictures/")])


def _repeated(archive: Archive) -> list[Block]:
    """Headers and footers, which stand with the styles of the pages."""
    root = archive.xml("styles.xml")
    kept = {"header", "footer", "header-left", "footer-left", "header-first", "footer-first"}
    lines = [one for one in root.iter() if local(one) in ("p", "h") and within(one, kept)] if root is not None else []
    return [Block(text) for text in dict.fromkeys(map(_odf_text, lines)) if text]


def _odf_text(element: Any) -> str:
    """Text of a paragraph; nested notes belong to it, spaces and tabs are elements of their own.

    Boxes and remarks have paragraphs of their own.
    """
    return " ".join("".join(_odf_parts(element)).split())


def _odf_parts(element: Any) -> Iterator[str]:
    stack: list[Any] = [element]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
            continue
        if one is not element:
            stack.append(one.tail or "")
        if local(one) not in ("text-box", "annotation"):
            yield " " if local(one) in ("s", "tab", "line-break") else ""
            yield one.text or ""
            stack.extend(reversed(one))


def _part(archive: Archive, folder: str, address: str) -> str:
    """The part that an address in the book means: without its fragment, in another case where its own is not there."""
    path = unquote(address.partition("#")[0])
    name = posixpath.normpath(path.lstrip("/") if path.startswith("/") else posixpath.join(folder, path))
    if name in archive.names:
        return name
    return next((one for one in archive.names if one.casefold() == name.casefold()), name)


def _epub(archive: Archive, parts: Parts) -> None:
    """Chapters in the order of the spine; pages are chapter numbers."""
    container = archive.xml("META-INF/container.xml")
    package = (
        next((one.get("full-path") for one in container.iter() if local(one) == "rootfile"), None)
        if container is not None
        else None
    )
    root = archive.xml(package) if package else None
    if root is None or package is None:
        raise MediaUnreadable("the book has no table of contents", reason="damaged")
    _said(archive, parts, package)
    folder = posixpath.dirname(package)
    items = {
        one.get("id"): _part(archive, folder, one.get("href") or "") for one in root.iter() if local(one) == "item"
    }
    chapters = [items.get(one.get("idref"), "") for one in root.iter() if local(one) == "itemref"]
    found = [name for name in chapters if name in archive.names]
    parts.notes = ", incomplete" if len(found) < len(chapters) else ""
    for page, name in enumerate(found, 1):
        chapter = html_page(decoded(archive.read(name)), is_book=True)
        parts.blocks += [Block(text, level, page) for level, text in chapter.blocks]
        parts.pages = page
    parts.pictures += archive.pictures(list(items.values()))
