"""Text and pictures of documents that are ZIPs of XML: docx, pptx, xlsx, OpenDocument, epub."""

from __future__ import annotations

import datetime as dt
import posixpath
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from retrieval.errors import MediaError, MediaUnreadable
from retrieval.media.documents.archive import Archive, opened
from retrieval.media.documents.passages import Block
from retrieval.media.markup import html_text, local
from retrieval.media.text_encoding import decoded
from retrieval.settings import LIMITS, Limits

PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
ROWS: Final = 200_000  # of one sheet
SIGNS: Final = {"tab": " ", "ptab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}  # elements of a run
NUMBER: Final = re.compile(r"(\d+)")


class Parts:
    """What an archive's reader gives: said of itself, blocks in reading order, pictures as (bytes, name, page)."""

    def __init__(self) -> None:
        self.title: str | None = None
        self.artist: str | None = None
        self.date: str | None = None
        self.keywords: tuple[str, ...] = ()
        self.pages: int | None = None
        self.blocks: list[Block] = []
        self.pictures: list[tuple[bytes, str, int | None]] = []


def read_office(path: Path, kind: str, limits: Limits = LIMITS) -> Parts:
    """All of a document of `kind` docx, pptx, xlsx, odt, odp, ods or epub.

    Raises:
        MediaUnreadable, MediaTooLarge, MediaUnsupported: damaged, a bomb, encrypted.
    """
    readers = {"docx": _docx, "pptx": _pptx, "xlsx": _xlsx, "epub": _epub}
    with opened(path, limits) as archive:
        parts = Parts()
        if kind != "epub":
            _said(archive, parts, "meta.xml" if kind.startswith("od") else "docProps/core.xml")
        if kind == "xlsx":
            _xlsx(path, archive, parts, limits)
        else:
            readers.get(kind, _odf)(archive, parts)  # type: ignore[operator]
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
    parts.keywords = tuple(word.strip() for line in words for word in re.split(r"[;,]", line) if word.strip())


def _pictures(archive: Archive, names: list[str], page: int | None = None) -> Iterator[tuple[bytes, str, int | None]]:
    for name in dict.fromkeys(names):
        if name.lower().endswith(PICTURES) and name in archive.names:
            yield archive.read(name), name, page


def _docx(archive: Archive, parts: Parts) -> None:
    body = archive.xml("word/document.xml")
    if body is None:
        raise MediaUnreadable("the document has no text part", reason="damaged")
    for name in (
        "word/document.xml",
        *(one for one in archive.names if re.fullmatch(r"word/(footnotes|endnotes|header\d*|footer\d*)\.xml", one)),
    ):
        root = body if name == "word/document.xml" else archive.xml(name)
        parts.blocks += _paragraphs(root) if root is not None else []
    parts.pictures += _pictures(
        archive, sorted((one for one in archive.names if one.startswith("word/media/")), key=_natural)
    )


def _paragraphs(root: Any) -> list[Block]:
    """Paragraphs and table rows of a docx part. Text boxes are written twice, for old programs: the copy is left out."""
    blocks = []
    for one in root.iter():
        if local(one) == "tr" and not _within(one, {"tr", "Fallback"}):
            own = [cell for cell in one.iter() if local(cell) == "tc" and _nearest(cell, "tr") is one]
            cells = [
                " ".join(_run_text(p) for p in cell.iter() if local(p) == "p" and not _within(p, {"Fallback"}))
                for cell in own
            ]
            blocks.append(Block(" | ".join(cell for cell in cells if cell)))
        elif local(one) == "p" and not _within(one, {"tr", "Fallback"}):
            blocks.append(Block(_run_text(one), _heading_level(one)))
    return blocks


def _within(element: Any, names: set[str]) -> bool:
    return any(local(above) in names for above in element.iterancestors())


def _run_text(paragraph: Any) -> str:
    """The text of a paragraph alone: that of boxes anchored in it is of their own paragraphs."""
    parts = []
    for one in paragraph.iter():
        name = local(one)
        if name == "t" and _nearest(one, "p") is paragraph and not _within(one, {"moveFrom"}):
            parts.append(one.text or "")
        else:
            parts.append(SIGNS.get(name, ""))
    return " ".join("".join(parts).split())


def _nearest(element: Any, name: str) -> Any | None:
    return next((above for above in element.iterancestors() if local(above) == name), None)


def _heading_level(paragraph: Any) -> int:
    for one in paragraph.iter():
        if local(one) == "pStyle":
            style = next((value for name, value in one.attrib.items() if name.endswith("}val")), "")
            match = re.fullmatch(r"(?:Heading|heading|Titre|berschrift|Überschrift)\s?(\d)|(Title)", style)
            return (int(match[1]) if match[1] else 1) if match else 0
    return 0


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in NUMBER.split(name)]


def _pptx(archive: Archive, parts: Parts) -> None:
    """Slides in the order of the presentation, with their notes; pages are slide numbers."""
    root, links = archive.xml("ppt/presentation.xml"), archive.links("ppt/presentation.xml")
    listed = [one for one in root.iter() if local(one) == "sldId"] if root is not None else []
    order = [links.get(value, "") for one in listed for name, value in one.attrib.items() if name.endswith("}id")]
    slides = [name for name in order if name in archive.names]
    slides = slides or sorted(
        (one for one in archive.names if re.fullmatch(r"ppt/slides/slide\d+\.xml", one)), key=_natural
    )
    parts.pages = len(slides)
    for page, name in enumerate(slides, 1):
        slide, inside = archive.xml(name), archive.links(name)
        if slide is not None:
            parts.blocks += _slide(slide, page)
        for target in inside.values():
            notes = archive.xml(target) if "notesSlide" in target else None
            parts.blocks += _slide(notes, page)[:50] if notes is not None else []
        parts.pictures += _pictures(archive, list(inside.values()), page)


def _slide(root: Any, page: int) -> list[Block]:
    blocks = []
    for one in root.iter():
        if local(one) == "tr":
            cells = [
                " ".join(t.text or "" for t in cell.iter() if local(t) == "t") for cell in one if local(cell) == "tc"
            ]
            blocks.append(Block(" | ".join(cell for cell in cells if cell.strip()), 0, page))
        elif local(one) == "p" and not _within(one, {"tr"}):
            shape = next((above for above in one.iterancestors() if local(above) == "sp"), None)
            kinds = [ph.get("type", "") for ph in shape.iter() if local(ph) == "ph"] if shape is not None else []
            if not set(kinds) & {"sldNum", "dt", "ftr", "hdr"}:
                blocks.append(Block(_run_text(one), 1 if set(kinds) & {"title", "ctrTitle"} else 0, page))
        elif local(one) == "cNvPr" and (one.get("descr") or "").strip():
            blocks.append(Block(str(one.get("descr"))[:500], 0, page))  # what the author says a picture shows
    return blocks


def _xlsx(path: Path, archive: Archive, parts: Parts, limits: Limits) -> None:
    """Rows with the names of their columns; pages are sheet numbers."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        except MediaError:
            raise
        except Exception as error:
            raise MediaUnreadable(f"{path.name} is damaged", str(error)[:200], "damaged") from error
        parts.pages = len(book.worksheets)
        left = limits.text_chars
        for page, sheet in enumerate(book.worksheets, 1):
            sheet.reset_dimensions()  # some programs write a wrong one; a bomb claims a million rows
            for number, block in enumerate(table(_cells(sheet), page)):
                if number == 0:
                    parts.blocks.append(Block(str(sheet.title), 1, page))
                left -= len(block.text)
                if left < 0:
                    return
                parts.blocks.append(block)
        book.close()
    parts.pictures += _pictures(
        archive, sorted((one for one in archive.names if one.startswith("xl/media/")), key=_natural)
    )


def _cells(sheet: Any) -> Iterator[list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= ROWS:
            return
        yield [_cell(value) for value in row[:500]]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, float):
        return f"{value:.10g}"
    return " ".join(str(value).split())


def table(rows: Iterator[list[str]], page: int | None = None) -> Iterator[Block]:
    """A block for each row that is not empty: "name: value" under a header, else the values.

    The first row with two or more cells, all words, is the header; rows before it are titles.
    """
    header: list[str] | None = None
    for row in rows:
        cells = [cell.strip() for cell in row]
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if header is None and len(filled) >= 2 and not any(_is_number(cell) for cell in filled):
            header = cells
            yield Block(" | ".join(filled), 0, page)
        elif header is not None and len(filled) >= 2:
            names = header + [""] * (len(cells) - len(header))
            yield Block(
                "; ".join(
                    f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell
                ),
                0,
                page,
            )
        else:
            yield Block(" | ".join(filled), 0, page)


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[\d.,:%/$€£¥ +-]+", cell))


def _odf(archive: Archive, parts: Parts) -> None:
    """Paragraphs, headings and table rows; slides and sheets count as pages."""
    root = archive.xml("content.xml")
    if root is None:
        raise MediaUnreadable("the document has no text part", reason="damaged")
    page: int | None = None
    for one in root.iter():
        name = local(one)
        if name == "page" or (name == "table" and _within(one, {"spreadsheet"})):
            page = (page or 0) + 1
        elif name == "table-row":
            cells = [
                " ".join(_odf_text(p) for p in cell.iter() if local(p) == "p")
                for cell in one
                if local(cell) == "table-cell"
            ]
            parts.blocks.append(Block(" | ".join(cell for cell in cells if cell), 0, page))
        elif name in ("p", "h") and not _within(one, {"table-row", "tracked-changes"}):
            level = next(
                (int(value) for key, value in one.attrib.items() if key.endswith("}outline-level") and value.isdigit()),
                1,
            )
            parts.blocks.append(Block(_odf_text(one), level if name == "h" else 0, page))
    parts.pages = page
    parts.pictures += _pictures(archive, [one for one in archive.names if one.startswith("Pictures/")])


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
    for page, name in enumerate((name for name in chapters if name in archive.names), 1):
        _, blocks = html_text(decoded(archive.read(name)), is_book=True)
        parts.blocks += [Block(text, level, page) for level, text in blocks]
        parts.pages = page
    parts.pictures += _pictures(archive, list(items.values()))
