"""XML and HTML: safe parsing, and the text a reader would see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from lxml import etree

# Elements whose text is not read, and those that end a line.
# Not forms: whole pages stand inside one, as some frameworks write them.
HIDDEN: Final = "script, style, noscript, template, svg, nav, footer, iframe, button, select, head"
XHTML: Final = re.compile(r"\A\s*<\?xml|<!DOCTYPE[^>]*XHTML|<html[^>]*xmlns=", re.IGNORECASE)
CLOSED: Final = re.compile(
    r"""<([A-Za-z][\w:.-]*)((?:[^<>"'/]|"[^"<]*"|'[^'<]*'|/(?!>))*)/>"""
)  # <title/>, <script src="k.js"/>
VOID: Final = frozenset("area base br col embed hr img input link meta source track wbr".split())
BLOCKS: Final = frozenset(
    "p div section article main li ul ol dl dt dd table tr h1 h2 h3 h4 h5 h6 blockquote pre figure figcaption hr br body html header address details summary caption".split()  # noqa: E501
)
CELLS: Final = frozenset({"td", "th"})
HEADINGS: Final = frozenset("h1 h2 h3 h4 h5 h6".split())


def parse_xml(content: bytes) -> Any | None:
    """The root element; None if it is not XML. Nothing is expanded or fetched; libxml2 bounds depth and size."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True, remove_comments=True
    )
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def local(element: Any) -> str:
    """The tag of an element without its namespace; "" for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def html_text(source: str, is_book: bool = False) -> tuple[str | None, list[tuple[int, str]]]:
    """Title, and (heading level or 0, text) of each block in reading order; menus, footers and scripts are left out.

    is_book: a chapter, whose asides are notes; those of other pages are advertisements and lists of links.
    """
    from selectolax.lexbor import LexborHTMLParser

    if is_book or XHTML.search(source[:1000]):
        source = CLOSED.sub(_closed, source)
    tree = LexborHTMLParser(source)
    name = tree.css_first("title")
    title = _one_line(name.text()) or None if name else None
    for node in tree.css(HIDDEN if is_book else f"{HIDDEN}, aside"):
        node.decompose()
    blocks: list[tuple[int, str]] = []
    parts: list[str] = []
    level = 0
    for event, value in _walk(_main(tree)):
        if event == "text":
            parts.append(value)
        elif value in CELLS:
            parts.append(" | " if event == "end" else "")
        elif value in BLOCKS:
            text = _one_line("".join(parts)).rstrip(" |")
            blocks += [(level, text)] if text else []
            parts.clear()
            level = int(value[1]) if event == "start" and value in HEADINGS else 0
    rest = _one_line("".join(parts))
    return title, blocks + ([(0, rest)] if rest else [])


def _closed(match: re.Match[str]) -> str:
    """An element that XML closes in its own tag, as HTML has it: its parser takes all that follows as its content."""
    return match[0] if match[1].lower() in VOID else f"<{match[1]}{match[2]}></{match[1]}>"


def _main(tree: Any) -> Any:
    """The element that holds the page's own text: main or article if it holds a third of all, else the body."""
    body = tree.body or tree.root
    for chosen in ("main", "[role=main]", "article"):
        found = tree.css(chosen)
        if len(found) == 1 and 3 * len(found[0].text()) > len(body.text()):
            return found[0]
    return body


def _walk(root: Any) -> Iterator[tuple[str, str]]:
    """("start" or "end", tag) and ("text", text) in document order; a stack of our own, for pages nested without end."""
    stack = [(root, False)] if root is not None else []
    while stack:
        node, ending = stack.pop()
        tag = node.tag or ""
        if ending:
            yield "end", tag
        elif tag == "-text":
            yield "text", node.text(deep=False)
        else:
            yield "start", tag
            stack.append((node, True))
            stack += [(child, False) for child in reversed(list(node.iter(include_text=True)))]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
