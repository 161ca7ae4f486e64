"""XML and HTML: safe parsing, and the text a reader would see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
READINGS: Final = frozenset({"rt", "rtc"})
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


def within(element: Any, names: set[str]) -> bool:
    """Whether an element lies inside one of these names (without namespace)."""
    return any(local(above) in names for above in element.iterancestors())


@dataclass(slots=True)
class Page:
    """What a web page or a chapter says of itself, and (heading level or 0, text) of its blocks in reading order.

    date: as it stands there. lang: primary tag.
    """

    title: str | None = None
    author: str | None = None
    date: str | None = None
    lang: str | None = None
    keywords: tuple[str, ...] = ()
    blocks: list[tuple[int, str]] = field(default_factory=list)


def html_page(source: str, is_book: bool = False) -> Page:
    """A page without menus, footers and scripts. Readings above Han (ruby) stand behind the block that they are in.

    is_book: a chapter, whose asides are notes; those of other pages are advertisements and lists of links.
    """
    from selectolax.lexbor import LexborHTMLParser

    if is_book or XHTML.search(source[:1000]):
        source = CLOSED.sub(_closed, source)
    tree = LexborHTMLParser(source)
    page = Page() if is_book else _said(tree)
    name = tree.css_first("title")
    page.title = (_one_line(name.text()) or None if name else None) or page.title
    for node in tree.css(HIDDEN if is_book else f"{HIDDEN}, aside"):
        node.decompose()
    page.blocks = list(_blocks(_main(tree)))
    return page


def _blocks(root: Any) -> Iterator[tuple[int, str]]:
    parts: list[str] = []
    readings: list[str] = []
    level = above = 0  # above: how many elements of readings are open
    for event, value in _walk(root):
        if event == "text":
            (readings if above else parts).append(value)
        elif value in READINGS:
            above += 1 if event == "start" else -1
        elif value == "rp":
            above += 1 if event == "start" else -1
            readings = readings if event == "start" else [one for one in readings if one.strip("()（）《》 ")]
        elif value in CELLS:
            parts.append(" | " if event == "end" else "")
        elif value in BLOCKS:
            yield from _ended(parts, readings, level)
            level = int(value[1]) if event == "start" and value in HEADINGS else 0
    yield from _ended(parts, readings, 0)


def _ended(parts: list[str], readings: list[str], level: int) -> Iterator[tuple[int, str]]:
    """The block that has ended, and its readings as one of their own; empties both."""
    text, read = _one_line("".join(parts)).rstrip(" |"), "".join(readings)
    parts.clear()
    readings.clear()
    if text:
        yield level, text
    if text and read.strip():
        yield 0, _one_line(read)


def _said(tree: Any) -> Page:
    """What the head of a page tells: meta elements, Open Graph, JSON-LD."""
    found: dict[str, str] = {}
    for node in tree.css("meta"):
        name = (node.attributes.get("name") or node.attributes.get("property") or "").lower()
        content = _one_line(node.attributes.get("content") or "")
        if name and content:
            found.setdefault(name, content[:1000])
    for node in tree.css('script[type="application/ld+json"]'):
        found = _linked_data(node.text()) | found
    root = tree.css_first("html")
    lang = re.match(r"[a-zA-Z]{2}(?![a-zA-Z])", (root.attributes.get("lang") or "") if root else "")
    dates = (
        "article:published_time",
        "datepublished",
        "date",
        "dc.date",
        "dcterms.created",
        "dc.date.issued",
        "article:modified_time",
    )
    words = [word.strip() for word in found.get("keywords", "").split(",") if word.strip()]
    return Page(
        title=found.get("og:title") or found.get("headline"),
        author=next((found[name] for name in ("author", "dc.creator", "article:author", "byl") if name in found), None),
        date=next((found[name] for name in dates if name in found), None),
        lang=lang[0].lower() if lang else None,
        keywords=tuple(
            dict.fromkeys([*words, *filter(None, [found.get("description") or found.get("og:description")])])
        ),
    )


def _linked_data(text: str) -> dict[str, str]:
    """Headline, author and date of an article as schema.org names them."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    graph = data.get("@graph", data) if isinstance(data, dict) else data
    for item in graph if isinstance(graph, list) else [graph]:
        if isinstance(item, dict) and "datePublished" in item:
            author = item.get("author")
            author = author[0] if isinstance(author, list) and author else author
            name = author.get("name") if isinstance(author, dict) else author
            said = {"headline": item.get("headline"), "author": name, "datepublished": item["datePublished"]}
            return {key: _one_line(value) for key, value in said.items() if isinstance(value, str)}
    return {}


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
