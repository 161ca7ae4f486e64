"""Text and pictures of Word documents (docx), from their XML; documents inside them (altChunk) read as what they are."""

from __future__ import annotations

import posixpath
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable
from retrieval.media.documents.archive import Archive, natural
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.markup import local, within

SIGNS: Final = {"tab": " ", "ptab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}  # elements of a run
BESIDE: Final = r"(footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
OFF: Final = frozenset({"0", "false", "off"})
PRIVATE: Final = 0xF000  # characters of symbol fonts stand from here on
# The letters and signs of the font Symbol from 0x21 on (Adobe, Symbol Encoding), and the marks people tick with Wingdings.
SYMBOL: Final = "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼"
SYMBOL_HIGH: Final = "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…"  # from 0xA0 on
WINGDINGS: Final = {0xFC: "✓", 0xFB: "✗", 0xFE: "☑", 0xFD: "☒", 0xA8: "☐", 0x4A: "☺", 0xE0: "→", 0xDF: "←"}


def read_word(archive: Archive, parts: Parts, inner: Callable[[Path], Parts] = lambda path: Parts()) -> None:
    """The body, then notes, comments, headers and footers, then documents inside it, which `inner` reads.

    Raises: MediaUnreadable without a body.
    """
    main = archive.main("word/document.xml")
    body = archive.xml(main)
    if body is None:
        raise MediaUnreadable("the document has no text part", reason="damaged")
    folder = posixpath.dirname(main)
    parts.blocks += _paragraphs(body)
    for name in archive.names:
        if posixpath.dirname(name) == folder and re.fullmatch(BESIDE, posixpath.basename(name)):
            root = archive.xml(name)
            parts.blocks += _paragraphs(root) if root is not None else []
    media = [one for one in archive.names if one.startswith(posixpath.join(folder, "media/"))]
    parts.pictures += archive.pictures(sorted(media, key=natural))
    links = archive.links(main)
    for one in body.iter():
        if local(one) == "altChunk":
            ids = (value for name, value in one.attrib.items() if name.endswith("}id"))
            _add_inner(archive, links.get(next(ids, ""), ""), parts, inner)


def _add_inner(archive: Archive, name: str, parts: Parts, inner: Callable[[Path], Parts]) -> None:
    """What a document inside the document holds; nothing where it cannot be read. Raises: MediaTooLarge."""
    suffix = re.sub(r"[^.\w]", "", posixpath.splitext(name)[1])[:16]
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        file = Path(folder) / f"inner{suffix}"
        file.write_bytes(archive.read(name))
        try:
            found = inner(file)
        except MediaTooLarge:
            raise
        except MediaError:
            return
    parts.blocks += found.blocks
    parts.pictures += found.pictures


def _paragraphs(root: Any) -> list[Block]:
    """Paragraphs and table rows of a docx part. Text boxes are written twice, for old programs: the copy is left out."""
    blocks = []
    for one in root.iter():
        if local(one) == "tr" and not within(one, {"tr", "Fallback"}):
            own = [cell for cell in one.iter() if local(cell) == "tc" and _nearest(cell, "tr") is one]
            cells = [
                " ".join(run_text(p) for p in cell.iter() if local(p) == "p" and not within(p, {"Fallback"}))
                for cell in own
            ]
            blocks.append(Block(" | ".join(cell for cell in cells if cell)))
        elif local(one) == "p" and not within(one, {"tr", "Fallback"}):
            blocks.append(Block(run_text(one), _heading_level(one)))
    return blocks


def run_text(paragraph: Any) -> str:
    """The text of a paragraph alone: that of boxes anchored in it is of their own paragraphs. Readings (ruby) stand last."""
    parts: list[str] = []
    readings: list[str] = []
    for one in paragraph.iter():
        name = local(one)
        if name == "t" and _nearest(one, "p") is paragraph and not within(one, {"moveFrom"}) and not _is_hidden(one):
            (readings if within(one, {"rt"}) else parts).append(one.text or "")
        elif name == "sym" and _nearest(one, "p") is paragraph:
            parts.append(_symbol(one))
        else:
            parts.append(SIGNS.get(name, ""))
    return " ".join(" ".join(["".join(parts), *readings]).split())


def _symbol(element: Any) -> str:
    """The character of a symbol font as Unicode has it; a blank for one that no word is written with."""
    said = {name.partition("}")[2]: value for name, value in element.attrib.items()}
    try:
        code = int(said.get("char", ""), 16)
    except ValueError:
        return " "
    at = code - PRIVATE if code >= PRIVATE else code
    font = said.get("font", "").lower()
    if font == "symbol":
        tables = ((0x21, SYMBOL), (0xA0, SYMBOL_HIGH))
        return next((table[at - first] for first, table in tables if 0 <= at - first < len(table)), " ")
    if font.startswith("wingdings"):
        return WINGDINGS.get(at, " ")
    return " " if code >= PRIVATE else chr(code)


def _is_hidden(text: Any) -> bool:
    """Whether its run says that it is neither shown nor printed."""
    marks = [one for one in text.getparent().iter() if local(one) == "vanish"] if local(text.getparent()) == "r" else []
    return any(not OFF & set(one.attrib.values()) for one in marks)


def _nearest(element: Any, name: str) -> Any | None:
    return next((above for above in element.iterancestors() if local(above) == name), None)


def _heading_level(paragraph: Any) -> int:
    for one in paragraph.iter():
        if local(one) == "pStyle":
            style = next((value for name, value in one.attrib.items() if name.endswith("}val")), "")
            match = re.fullmatch(r"(?:Heading|heading|Titre|berschrift|Überschrift)\s?(\d)|(Title)", style)
            return (int(match[1]) if match[1] else 1) if match else 0
    return 0
