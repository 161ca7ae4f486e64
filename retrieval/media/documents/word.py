"""Text and pictures of Word documents (docx), from their XML."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Final

from retrieval.errors import MediaUnreadable
from retrieval.media.documents.archive import Archive, natural
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.markup import local, within

SIGNS: Final = {"tab": " ", "ptab": " ", "br": " ", "cr": " ", "noBreakHyphen": "-"}  # elements of a run
BESIDE: Final = r"(footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
OFF: Final = frozenset({"0", "false", "off"})


def read_word(archive: Archive, parts: Parts) -> None:
    """The body, then notes, comments, headers and footers. Raises: MediaUnreadable without a body."""
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
        else:
            parts.append(SIGNS.get(name, ""))
    return " ".join(" ".join(["".join(parts), *readings]).split())


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
