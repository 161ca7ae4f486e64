"""Text and pictures of PDF pages, by PDFium. Pages without text are given as pictures of the whole page."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import pi
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from retrieval.errors import MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.dates import iso_date
from retrieval.media.documents.columns import in_columns, in_vertical_columns
from retrieval.media.documents.legible import is_legible
from retrieval.media.documents.passages import Block
from retrieval.media.image.rgb import to_rgb
from retrieval.settings import LIMITS, Limits

LEAST_TEXT: Final = 16  # letters; a page with fewer is taken for a scan
STAMP_TEXT: Final = 120  # letters of a page that a picture covers; with fewer they are a stamp on a scan
COVERS: Final = 0.6  # of the area of a page
LEAST_SIDE: Final = 64  # pixels of a picture worth showing
RENDERED: Final = 1024  # pixels of the longer side of a rendered page
PICTURES_PER_PAGE: Final = 20
ANGLES: Final = 100  # characters of a page whose angle is asked
SHARED: Final = 0.4  # of the height of a letter
# PDFium gives a hyphen at a line end as one of these, without the line end.
UNSEEN: Final = re.compile(r"[\ufffe\x02]")
HYPHEN: Final = re.compile(r"((?<=[^\W\d_])[\ufffe\x02](?=[^\W\d_A-Z]))|[\ufffe\x02]")
# By the signs of the axes that keep their direction (a, d of a matrix), or that change it (b, c).
MIRRORED: Final = {
    (False, True): Image.Transpose.FLIP_LEFT_RIGHT,
    (True, False): Image.Transpose.FLIP_TOP_BOTTOM,
    (False, False): Image.Transpose.ROTATE_180,
}
TURNED: Final = {
    (True, False): Image.Transpose.ROTATE_90,
    (False, True): Image.Transpose.ROTATE_270,
    (False, False): Image.Transpose.TRANSPOSE,
    (True, True): Image.Transpose.TRANSVERSE,
}
CLOCKWISE: Final = {0: (1, 0, 0, 1), 90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), 270: (0, 1, -1, 0)}
HIDDEN: Final = 2 | 32  # flags of a remark: hidden, not to be viewed; ISO 32000-1, table 165
PASSWORD: Final = 1 << 13  # flag of a text field; ISO 32000-1, table 228
FIELDS: Final = frozenset(
    {pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX}
)
LEFT_OUT: Final = 0.005  # of the area of a picture
NOTHING: Final = re.compile(r"\(?(anonymous|unspecified|untitled|unknown)\)?$", re.IGNORECASE)  # what programs fill in


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
            with suppress(pypdfium2.PdfiumError):  # so that filled forms show and tell their values
                document.init_forms()
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
        raise MediaUnreadable(f"{path.name} is {word}", reason=word) from error


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
    date = iso_date(found.get("CreationDate", "")) or iso_date(found.get("ModDate", ""))
    if date:
        found["date"] = date
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
        blocks += _remarks(page, number + 1)
        if letters < LEAST_TEXT or _is_stamped(page, letters) or not are_legible(blocks):
            return blocks, [_rendered(page)] if _shows_something(page) else []
        return blocks, list(_pictures(page))
    finally:
        page.close()


def scanned_page(document: Any, number: int, side: int) -> list[Image.Image]:
    """One page (0-based) as a picture with `side` pixels on its longer side, if it shows something but holds no text,
    or none that can be read."""
    with suppress(pypdfium2.PdfiumError):
        page = document[number]
        try:
            blocks = _lines(page, number + 1)
            letters = sum(char.isalnum() for block in blocks for char in block.text)
            empty = letters < LEAST_TEXT or not are_legible(blocks)
            if (empty and _shows_something(page)) or _is_stamped(page, letters):
                return [_rendered(page, side)]
        finally:
            page.close()
    return []


def are_legible(blocks: list[Block]) -> bool:
    """Whether the lines of a page read like a language, each for itself and together: one font of a page may be wrong."""
    return all(is_legible(each.text) for each in blocks) and is_legible(" ".join(each.text for each in blocks))


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
    text = HYPHEN.sub(lambda match: "" if match[1] else "-", _text(page)).replace("\r\n", "\n").replace("\0", "")
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


def _text(page: Any) -> str:
    """The text of a page inside its crop box, in reading order, lines parted by CR LF.

    PDFium orders and parts lines by the page as it is shown, and goes wrong where its letters do not stand upright then;
    so it is read turned as most of its letters are, whatever the page's own turn.
    """
    shown = page.get_rotation()
    try:
        page.set_rotation(0)
        with _text_of(page) as text_page:
            turn = _turn(text_page)
            if not turn:
                return in_vertical_columns(text_page) or in_columns(text_page) or _whole_lines(text_page, 0)
        page.set_rotation(90 * turn)
        with _text_of(page) as text_page:
            return _whole_lines(text_page, turn)
    finally:
        page.set_rotation(shown)


@contextmanager
def _text_of(page: Any) -> Iterator[Any]:
    text_page = page.get_textpage()
    try:
        yield text_page
    finally:
        text_page.close()


def _turn(text_page: Any) -> int:
    """Quarter turns clockwise (0..3) after which most letters stand upright."""
    count = text_page.count_chars()
    angles = (pdfium.FPDFText_GetCharAngle(text_page, at) for at in range(0, count, max(1, count // ANGLES)))
    turns = [round(2 * angle / pi) % 4 for angle in angles if angle >= 0]
    return max((0, 1, 2, 3), key=turns.count)


def _whole_lines(text_page: Any, turn: int) -> str:
    """The text, with the line breaks taken out that PDFium puts behind raised marks."""
    text = str(text_page.get_text_range())
    if not _same(text, text_page.get_text_bounded()):  # something lies outside the crop box
        return _inside(text_page)
    parts, done, wide = [], 0, 0
    for match in re.finditer("\r\n", text):
        wide += sum(char > "\uffff" for char in text[done : match.start()])  # two of PDFium's units each
        before = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, match.start() + wide - 1)
        after = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, match.end() + wide)
        parts.append(text[done : match.start()])
        if not (before >= 0 and after >= 0 and _goes_on(text_page, before, after, turn)):
            parts.append("\r\n")
        done = match.end()
    return "".join(parts) + text[done:]


def _same(one: str, other: str) -> bool:
    return "".join(UNSEEN.sub("", one).split()) == "".join(UNSEEN.sub("", other).split())


def _inside(text_page: Any) -> str:
    """Characters whose middle lies in the crop box; generated ones, which have no place, stay."""
    left, bottom, right, top = text_page.page.get_bbox()
    kept = []
    for at in range(text_page.count_chars()):
        box = text_page.get_charbox(at)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if pdfium.FPDFText_IsGenerated(text_page, at) == 1 or (left <= x <= right and bottom <= y <= top):
            kept.append(chr(pdfium.FPDFText_GetUnicode(text_page, at)))
    return "".join(kept)


def _goes_on(text_page: Any, before: int, after: int, turn: int) -> bool:
    """Whether two characters (by index) stand side by side in one printed line: they share a height, with no gap between."""
    (start, low, end, high), (next_start, next_low, _, next_high) = (
        _upright(text_page.get_charbox(at, loose=True), turn) for at in (before, after)
    )
    least, most = sorted((high - low, next_high - next_low))
    shared = min(high, next_high) - max(low, next_low)
    return end > start and shared > SHARED * least > 0 and abs(next_start - end) < SHARED * most


def _upright(box: tuple[float, float, float, float], turn: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a box of the page after quarter turns clockwise."""
    left, bottom, right, top = box
    for _ in range(turn):
        left, bottom, right, top = bottom, -right, top, -left
    return left, bottom, right, top


def _joined(held: str, line: str) -> str:
    if held.endswith("-") and line[:1].islower():
        return held[:-1] + line
    wide = bool(held and line and held[-1] > "\u2e7f" and line[0] > "\u2e7f")
    return held + line if wide or not held or not line else f"{held} {line}"


def _remarks(page: Any, number: int) -> Iterator[Block]:
    """Values of form fields, and the words of notes, highlights and other remarks laid on a page."""
    for at in range(pdfium.FPDFPage_GetAnnotCount(page)):
        remark = pdfium.FPDFPage_GetAnnot(page, at)
        if not remark:
            continue
        try:
            hidden = pdfium.FPDFAnnot_GetFlags(remark) & HIDDEN
            words = "" if hidden else _remark(page, remark)
        finally:
            pdfium.FPDFPage_CloseAnnot(remark)
        if words:
            yield Block(words, 0, number)


def _remark(page: Any, remark: Any) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(remark)
    if kind in (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP):  # a popup repeats the remark that it belongs to
        return ""
    if kind != pdfium.FPDF_ANNOT_WIDGET:
        return _told(pdfium.FPDFAnnot_GetStringValue, remark, b"Contents")
    form = page.formenv
    if form is None or pdfium.FPDFAnnot_GetFormFieldType(form, remark) not in FIELDS:
        return ""
    if pdfium.FPDFAnnot_GetFormFieldFlags(form, remark) & PASSWORD:
        return ""
    value = _told(pdfium.FPDFAnnot_GetFormFieldValue, form, remark)
    name = _told(pdfium.FPDFAnnot_GetFormFieldAlternateName, form, remark)  # what a form tells its reader of the field
    return f"{name}: {value}" if name and value else value


def _told(function: Any, *given: Any) -> str:
    """The text that a function of PDFium writes into a buffer, in UTF-16."""
    size = function(*given, None, 0)
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*given, buffer, size)
    return " ".join(bytes(buffer)[:size].decode("utf-16-le", "replace").replace("\0", " ").split())


def _shows_something(page: Any) -> bool:
    return any(True for _ in page.get_objects(max_depth=2))


def _is_stamped(page: Any, letters: int) -> bool:
    """Whether a page is a scan on which only a stamp, a number or a watermark is text: one picture covers most of it."""
    if letters >= STAMP_TEXT:
        return False
    left, bottom, right, top = page.get_bbox()
    for placed in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=4):
        with suppress(pypdfium2.PdfiumError, ValueError):
            x0, y0, x1, y1 = placed.get_bounds()
            covered = max(0.0, min(x1, right) - max(x0, left)) * max(0.0, min(y1, top) - max(y0, bottom))
            if covered > COVERS * (right - left) * (top - bottom) > 0:
                return True
    return False


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
            picture = _as_shown(page, placed)
            key = (width, height, picture.resize((16, 16)).tobytes())
            if key not in seen and len(seen) < PICTURES_PER_PAGE:
                seen.add(key)
                yield picture


def _as_shown(page: Any, placed: Any) -> Image.Image:
    """A picture of a page turned and mirrored as it is shown.

    Stencils and masked pictures are drawn by PDFium, the rest keep their own pixels; a slant is left out.
    """
    masked = _is_masked(placed)
    axes = (1.0, 0.0, 0.0, 1.0) if masked else placed.get_matrix().get()[:4]  # PDFium puts it into what it draws
    form = getattr(placed, "container", None)
    while form is not None:
        axes, form = _product(axes, form.get_matrix().get()[:4]), form.container
    a, b, c, d = _product(axes, CLOCKWISE.get(page.get_rotation(), CLOCKWISE[0]))
    turn = TURNED[b > 0, c > 0] if abs(b) > abs(a) else MIRRORED.get((a > 0, d > 0))
    picture = to_rgb(placed.get_bitmap(render=masked).to_pil())
    return picture if turn is None else picture.transpose(turn)


def _product(axes: tuple[float, ...], outer: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d = axes
    e, f, g, h = outer
    return (a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h)


def _is_masked(placed: Any) -> bool:
    """Whether PDFium, drawing the picture at its size on the page, leaves out some of it."""
    left, bottom, right, top = placed.get_bounds()
    width, height = placed.get_px_size()
    across, up = abs(right - left), abs(top - bottom)
    stretch = max(max(width, height) / max(across, 1), max(width, height) / max(up, 1), 1)
    if min(across, up) < 3 or across * up * stretch * stretch > LIMITS.pixels // 4:  # drawing it would take too much
        return False
    drawn = placed.get_bitmap(render=True, scale_to_original=False).to_pil()
    if drawn.mode != "RGBA":
        return False
    alpha = np.asarray(drawn.getchannel("A"))[1:-1, 1:-1]  # its edges are smoothed
    return bool((alpha < 250).mean() > LEFT_OUT)
