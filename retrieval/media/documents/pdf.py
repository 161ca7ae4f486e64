"""Text and pictures of PDF pages, by PDFium. Pages without text are given as pictures of the whole page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from retrieval.errors import MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.documents.passages import Block
from retrieval.media.image.decode import to_rgb
from retrieval.settings import LIMITS, Limits

LEAST_TEXT: Final = 16  # letters; a page with fewer is taken for a scan
LEAST_SIDE: Final = 64  # pixels of a picture worth showing
RENDERED: Final = 1024  # pixels of the longer side of a rendered page
PICTURES_PER_PAGE: Final = 20
NOTHING: Final = re.compile(r"\(?(anonymous|unspecified|untitled|unknown)\)?$", re.IGNORECASE)  # what programs fill in
DATE: Final = re.compile(r"D:(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d))?")


@contextmanager
def opened(path: Path, limits: Limits = LIMITS) -> Iterator[Any]:
    """The document.

    Raises:
        MediaUnsupported: it needs a password. MediaUnreadable: damaged. MediaTooLarge: more than limits.pages.
    """
    with open(path, "rb") as file:  # not by its name, which may not be UTF-8
        document = _document(path, file)
        try:
            if len(document) > limits.pages:
                raise MediaTooLarge(f"{path.name} has {len(document)} pages, the limit is {limits.pages}")
            yield document
        finally:
            document.close()


def _document(path: Path, file: BinaryIO) -> Any:
    try:
        return pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise MediaUnsupported(
                f"{path.name} is encrypted", "save it without a password to index it", "encrypted"
            ) from error
        word = "damaged" if _has_end(path) else "truncated"
        raise MediaUnreadable(f"{path.name} is {word}", str(error), word) from error


def _has_end(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 2048))
        return b"%%EOF" in file.read()


def said(document: Any) -> dict[str, str]:
    """Title, author, keywords, subject and date (ISO) of the document; only those it states."""
    found: dict[str, str] = {}
    with suppress(pypdfium2.PdfiumError):
        told = {name: " ".join(value.split()) for name, value in document.get_metadata_dict().items()}
        found = {name: value for name, value in told.items() if value and not NOTHING.match(value)}
    match = DATE.match(found.get("CreationDate", "") or found.get("ModDate", ""))
    if match:
        found["date"] = f"{match[1]}-{match[2]}-{match[3]}T{match[4] or '00'}:{match[5] or '00'}:{match[6] or '00'}"
    return found


def page_text(document: Any, number: int) -> list[Block]:
    """Lines of one page (0-based) without looking at its pictures."""
    with suppress(pypdfium2.PdfiumError):
        page = document[number]
        try:
            return _lines(page, number + 1)
        finally:
            page.close()
    return []


def read_page(document: Any, number: int) -> tuple[list[Block], list[Image.Image]]:
    """Lines and pictures of one page (0-based). A page that cannot be loaded gives nothing."""
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return [], []
    try:
        blocks = _lines(page, number + 1)
        letters = sum(char.isalnum() for block in blocks for char in block.text)
        if letters < LEAST_TEXT:
            return blocks, [_rendered(page)] if _shows_something(page) else []
        return blocks, list(_pictures(page))
    finally:
        page.close()


def scanned_page(document: Any, number: int, side: int) -> list[Image.Image]:
    """One page (0-based) as a picture with `side` pixels on its longer side, if it shows something but holds no text."""
    with suppress(pypdfium2.PdfiumError):
        page = document[number]
        try:
            letters = sum(char.isalnum() for block in _lines(page, number + 1) for char in block.text)
            if letters < LEAST_TEXT and _shows_something(page):
                return [_rendered(page, side)]
        finally:
            page.close()
    return []


def page_picture(path: Path, number: int, side: int) -> Image.Image:
    """A page (1-based) as it is printed, `side` pixels on its longer side. Raises: MediaUnreadable."""
    with opened(path) as document:
        try:
            page = document[number - 1]
        except (pypdfium2.PdfiumError, IndexError):
            raise MediaUnreadable(f"{path.name} has no page {number}", reason="damaged") from None
        try:
            return _rendered(page, side)
        finally:
            page.close()


def _lines(page: Any, number: int) -> list[Block]:
    """Paragraphs of a page: lines joined until one ends a sentence, is much shorter than most, or an empty one follows."""
    text_page = page.get_textpage()
    text = text_page.get_text_bounded().replace("\ufffe", "-").replace("\r\n", "\n").replace("\0", "")
    text_page.close()
    lines = [" ".join(line.split()) for line in text.split("\n")]
    usual = sorted(len(line) for line in lines if line)[-max(1, len(lines) // 4) :][0] if any(lines) else 0
    blocks: list[Block] = []
    held = ""
    for line in [*lines, ""]:
        held = _joined(held, line)
        if held and (not line or len(line) < 0.7 * usual or line[-1:] in ".!?:。！？"):
            blocks.append(Block(held, 0, number))
            held = ""
    return blocks


def _joined(held: str, line: str) -> str:
    if held.endswith("-") and line[:1].islower():
        return held[:-1] + line
    wide = bool(held and line and held[-1] > "\u2e7f" and line[0] > "\u2e7f")
    return held + line if wide or not held or not line else f"{held} {line}"


def _shows_something(page: Any) -> bool:
    return any(True for _ in page.get_objects(max_depth=2))


def _rendered(page: Any, side: int = RENDERED) -> Image.Image:
    scale = side / max(1.0, *page.get_size())
    return to_rgb(page.render(scale=min(scale, 8.0)).to_pil())


def _pictures(page: Any) -> Iterator[Image.Image]:
    """Pictures placed on a page, as they are shown, without rules, dots and repeated ones."""
    seen: set[tuple[int, int, bytes]] = set()
    for placed in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        with suppress(pypdfium2.PdfiumError, ValueError, MemoryError):
            width, height = placed.get_px_size()
            if min(width, height) < LEAST_SIDE or width * height > LIMITS.pixels // 4:
                continue
            picture = to_rgb(placed.get_bitmap(render=False).to_pil())
            key = (width, height, picture.resize((16, 16)).tobytes())
            if key not in seen and len(seen) < PICTURES_PER_PAGE:
                seen.add(key)
                yield picture
