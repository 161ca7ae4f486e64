"""Text and pictures of slides (pptx), from their XML: also notes, remarks, charts and diagrams."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from retrieval.media.documents.archive import Archive, natural
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.documents.word import run_text
from retrieval.media.markup import local, within

NOTES = 50  # blocks of one slide's notes


def read_slides(archive: Archive, parts: Parts) -> None:
    """Slides in the order of the presentation, with what belongs to them; pages are slide numbers."""
    main = archive.main("ppt/presentation.xml")
    root, links = archive.xml(main), archive.links(main)
    listed = [one for one in root.iter() if local(one) == "sldId"] if root is not None else []
    order = [links.get(value, "") for one in listed for name, value in one.attrib.items() if name.endswith("}id")]
    slides = [name for name in order if name in archive.names]
    slides = slides or sorted(
        (one for one in archive.names if re.fullmatch(r"ppt/slides/slide\d+\.xml", one)), key=natural
    )
    parts.pages = len(slides)
    for page, name in enumerate(slides, 1):
        slide, inside = archive.xml(name), list(dict.fromkeys(archive.links(name).values()))
        if slide is not None:
            parts.blocks += _slide(slide, page)
        for target in inside:
            parts.blocks += [Block(text, 0, page) for text in _belonging(archive, target)]
            notes = archive.xml(target) if "notesSlide" in target else None
            parts.blocks += _slide(notes, page)[:NOTES] if notes is not None else []
        parts.pictures += archive.pictures(inside, page)


def _belonging(archive: Archive, part: str) -> Iterator[str]:
    """Words of a chart, a diagram or the remarks of a slide; of other parts none."""
    folder = posixpath.basename(posixpath.dirname(part))
    if folder not in ("charts", "diagrams", "comments") or not part.endswith(".xml"):
        return
    if folder == "diagrams" and not posixpath.basename(part).startswith(
        "data"
    ):  # the rest is its layout, or repeats it
        return
    root = archive.xml(part)
    if root is None:
        return
    if folder == "charts":
        yield " | ".join(chart_words(root))
    for one in root.iter() if folder != "charts" else ():
        if local(one) == "p":
            yield run_text(one)
        elif local(one) == "text" and one.text:
            yield " ".join(one.text.split())


def chart_words(root: Any) -> list[str]:
    """Titles, names of series and of categories of a chart, each once."""
    named = [" ".join((one.text or "").split()) for one in root.iter() if _is_name(one)]
    return list(dict.fromkeys(word for word in named if word))


def _is_name(element: Any) -> bool:
    return local(element) == "t" or (local(element) == "v" and within(element, {"cat", "tx"}))


def _slide(root: Any, page: int) -> list[Block]:
    blocks = []
    for one in root.iter():
        if local(one) == "tr":
            cells = [
                " ".join(t.text or "" for t in cell.iter() if local(t) == "t") for cell in one if local(cell) == "tc"
            ]
            blocks.append(Block(" | ".join(cell for cell in cells if cell.strip()), 0, page))
        elif local(one) == "p" and not within(one, {"tr"}):
            shape = next((above for above in one.iterancestors() if local(above) == "sp"), None)
            kinds = [ph.get("type", "") for ph in shape.iter() if local(ph) == "ph"] if shape is not None else []
            if not set(kinds) & {"sldNum", "dt", "ftr", "hdr"}:
                blocks.append(Block(run_text(one), 1 if set(kinds) & {"title", "ctrTitle"} else 0, page))
        elif local(one) == "cNvPr" and (one.get("descr") or "").strip():
            blocks.append(Block(str(one.get("descr"))[:500], 0, page))  # what the author says a picture shows
    return blocks
