"""Documents that are text: prose, marked-up text, tables, RTF, web pages, subtitles, calendars, data and source code."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block
from retrieval.media.markup import html_page, local, parse_xml
from retrieval.media.text_encoding import read_text
from retrieval.settings import LIMITS, Limits

MARKDOWN_HEADING: Final = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
UNDERLINE: Final = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}\s*$")
MARKUP_LINE: Final = re.compile(
    r"^(\.\. |:[\w-]+:|\[\w[^\]]*\]: |```|~~~|---\s*$|<!--|</?[a-z][^>]*>\s*$|\|[-: |]+\|?\s*$)"
)
LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
LINE_END: Final = re.compile(r"\s*[\r\n]\s*")
RST_LINK: Final = re.compile(r"(?::[\w:+-]+:)?`([^`<]+?)\s*(?:<[^>`]*>)?`_{0,2}")
OUTPUT_CHARS: Final = 2_000  # of what one cell of a notebook printed
EVENTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
EMPHASIS: Final = re.compile(r"(\*\*|__|``|`)(\S(?:.*?\S)?)\1")
FRONT_TITLE: Final = re.compile(r"\A---\n.*?^title:\s*[\"']?(.+?)[\"']?\s*$.*?^---\s*$", re.MULTILINE | re.DOTALL)


def read_text_document(path: Path, kind: str, limits: Limits = LIMITS) -> Parts:
    """All of a document of a kind that is text: a key of READERS.

    Raises:
        MediaUnreadable: missing or forbidden.
    """
    found = read_text(path, limits)
    parts = READERS[kind](found.text)
    parts.notes = found.notes
    parts.title = parts.title or next((block.text[:300] for block in parts.blocks[:20] if block.level), None)
    return parts


def _html(text: str) -> Parts:
    page = html_page(text)
    blocks = [Block(words, level) for level, words in page.blocks]
    return Parts(page.title, page.author, page.date, page.keywords, blocks=blocks)


def _plain(text: str) -> Parts:
    return Parts(blocks=plain_blocks(text))


def _code(text: str) -> Parts:
    """Source code: blocks as its blank lines part it, each line kept."""
    return Parts(blocks=[Block(part) for part in re.split(r"\n\s*\n", text)])


def _marked(text: str, kind: str) -> Parts:
    front = FRONT_TITLE.match(text)
    return Parts(front[1] if front else None, blocks=list(_marked_blocks(text, kind)))


def _data(text: str) -> Parts:
    """JSON, or a JSON value a line: a block for each object, "name: value" for what it holds itself."""
    values = []
    try:
        values = [json.loads(text)]
    except (ValueError, RecursionError):
        for line in text.splitlines():
            try:
                values.append(json.loads(line))
            except (ValueError, RecursionError):
                return _plain(text)
    return Parts(blocks=[Block(block) for value in values for block in _objects(value)])


def _objects(value: Any) -> Iterator[str]:
    stack: list[tuple[str, Any]] = [("", value)]
    while stack:
        name, one = stack.pop()
        if isinstance(one, dict):
            own = [f"{key}: {each}" for key, each in one.items() if _is_leaf(each)]
            yield "; ".join(own)
            stack += [(key, each) for key, each in reversed(one.items()) if isinstance(each, dict | list)]
        elif isinstance(one, list):
            words = [str(each) for each in one if isinstance(each, str)]
            yield f"{name}: {', '.join(words)}" if name and words else "; ".join(words)
            stack += [(name, each) for each in reversed(one) if isinstance(each, dict | list)]
        elif _is_leaf(one):
            yield str(one)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _notebook(text: str) -> Parts:
    """Cells of a Jupyter notebook, the text and the pictures that they gave. Source: nbformat 4."""
    try:
        book = json.loads(text)
        cells = book.get("cells") or [cell for sheet in book.get("worksheets", []) for cell in sheet["cells"]]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return _plain(text)
    parts = Parts()
    for cell in (one for one in cells if isinstance(one, dict)):
        source = _joined(cell.get("source") or cell.get("input"))
        if cell.get("cell_type") == "markdown":
            parts.blocks += _marked_blocks(source, "md")
        else:
            parts.blocks.append(
                Block(source, min(int(cell.get("level", 0)), 6) if cell.get("cell_type") == "heading" else 0)
            )
        for output in cell.get("outputs") or []:
            data = output.get("data") or {} if isinstance(output, dict) else {}
            said = _joined(output.get("text") or data.get("text/plain")) if isinstance(output, dict) else ""
            parts.blocks.append(Block(said[:OUTPUT_CHARS]))
            parts.pictures += [
                (_base64(_joined(data[kind])), kind, None) for kind in ("image/png", "image/jpeg") if kind in data
            ]
    return parts


def _joined(lines: Any) -> str:
    """Text that notebooks keep as one string or as a list of lines."""
    return "".join(str(line) for line in lines) if isinstance(lines, list) else lines if isinstance(lines, str) else ""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except ValueError:
        return b""


def _drawing(text: str) -> Parts:
    """Words of an SVG drawing, what it says of itself, and the pictures inside it."""
    root = parse_xml(text.encode())
    parts = Parts()
    for one in root.iter() if root is not None else ():
        name, words = local(one), ""
        if name in ("text", "title", "desc", "foreignObject"):
            words = " ".join(" ".join(one.itertext()).split())
        if name == "title" and words and parts.title is None:
            parts.title = words
        parts.blocks.append(Block(words))
        if name == "image":
            links = [value for key, value in one.attrib.items() if key.rpartition("}")[2] == "href"]
            parts.pictures += [
                (_base64(link.partition(",")[2]), name, None) for link in links if link.startswith("data:image/")
            ]
    return parts


def _calendar(text: str) -> Parts:
    """Events, tasks and notes of a calendar, each under its summary. Source: RFC 5545."""
    parts = Parts()
    held: dict[str, list[str]] = {}
    depth: list[str] = []
    dates: list[str] = []
    for line in re.sub(r"\n[ \t]", "", text).split("\n"):
        name, _, value = line.partition(":")
        name = name.upper().partition(";")[0]
        if name == "BEGIN":
            depth.append(value.strip().upper())
            held = {} if depth[-1] in EVENTS else held
        elif name == "END" and depth and depth.pop() in EVENTS:
            dates += held.get("DTSTART", [])
            parts.blocks += _event(held)
        elif name in ("ATTENDEE", "ORGANIZER"):
            person = re.search(r'CN="?([^";:]+)', line, re.IGNORECASE)
            held.setdefault(name, []).append(person[1] if person else value.removeprefix("mailto:"))
        elif name == "X-WR-CALNAME":
            parts.title = _unescaped(value)
        elif depth[-1:] and depth[-1] in EVENTS:
            held.setdefault(name, []).append(_unescaped(value))
    if len(dates) == 1:
        parts.date = _calendar_date(dates[0])
    return parts


def _event(held: dict[str, list[str]]) -> Iterator[Block]:
    """One event as blocks: what, when, where, who, and what is told of it."""
    yield Block(" ".join(held.get("SUMMARY", [])), 1)
    when = [_calendar_date(held[name][0]).replace("T", " ") for name in ("DTSTART", "DUE", "DTEND") if name in held]
    who = held.get("ORGANIZER", []) + held.get("ATTENDEE", [])
    yield Block(
        " | ".join(one for one in (" – ".join(when), " ".join(held.get("LOCATION", [])), ", ".join(who)) if one)
    )
    for name in ("DESCRIPTION", "COMMENT", "CATEGORIES"):
        for value in held.get(name, []):
            yield from plain_blocks(value)


def _calendar_date(text: str) -> str:
    return re.sub(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)Z?)?$", _dashed, text.strip())


def _dashed(match: re.Match[str]) -> str:
    year, month, day, hour, minute, _ = match.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}" if hour else "")


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def plain_blocks(text: str) -> list[Block]:
    """Paragraphs parted by empty lines; hard-wrapped lines are joined, lists and verses keep theirs."""
    return [Block(_unwrapped(part)) for part in re.split(r"\n\s*\n", text)]


def _unwrapped(paragraph: str) -> str:
    lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
    wrapped = len(lines) > 1 and min(len(line) for line in lines[:-1]) > 45
    glue = "" if lines and ord(lines[0][-1]) > 0x2E7F else " "
    return (glue if wrapped else "\n").join(lines)


def _tex_text(text: str) -> str:
    """TeX source without comments and commands; the words in braces stay."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    text = re.sub(
        r"\\(?:begin|end|usepackage|documentclass|label|ref|cite\w*|input|include\w*)\*?(?:\[[^\]]*\])?\{[^}]*\}",
        " ",
        text,
    )
    return re.sub(r"\\[a-zA-Z]+\*?(?:\[[^\]]*\])?|[{}]", " ", text)


def _csv_blocks(text: str) -> list[Block]:
    from retrieval.media.documents.tables import table

    said = re.match(r"sep=(.)\n", text)  # what a spreadsheet program writes for itself
    text = text[said.end() :] if said else text
    try:
        dialect: Any = csv.Sniffer().sniff(text[:20_000], delimiters=said[1] if said else ",;\t|")
    except csv.Error:
        dialect = csv.excel_tab if "\t" in text[:2000] else csv.excel
    csv.field_size_limit(1 << 24)
    rows = csv.reader(io.StringIO(text, newline=""), dialect)  # with their ends: a quoted field may hold several lines
    try:
        return list(table([LINE_END.sub(" ", cell) for cell in row] for row in rows))
    except csv.Error:
        return plain_blocks(text)


def _subtitles(text: str) -> Parts:
    from retrieval.media.av.cues import parse
    from retrieval.media.av.subtitles import segments

    return Parts(blocks=[Block(segment.text or "") for segment in segments(parse(text), "und")])


def _marked_blocks(text: str, kind: str) -> Iterator[Block]:
    """Headings, paragraphs and list items of Markdown or reStructuredText, without their marks."""
    held: list[str] = []
    styles: list[str] = []
    lines = FRONT_TITLE.sub("", text).split("\n")
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        heading = MARKDOWN_HEADING.match(line) if kind == "md" else None
        under = UNDERLINE.match(following) if line.strip() and not line.startswith((" ", "|", "-", "*")) else None
        if heading or (under and len(following.strip()) >= min(3, len(line.strip())) and not UNDERLINE.match(line)):
            yield from _paragraph(held)
            mark = under[1] if under else ""
            if mark and mark not in styles:
                styles.append(mark)
            yield Block(
                _unmarked(heading[2] if heading else line), len(heading[1]) if heading else styles.index(mark) + 1
            )
        elif UNDERLINE.match(line) or not line.strip() or MARKUP_LINE.match(line.strip()):
            yield from _paragraph(held)
            rest = re.match(r"\.\. (?:note|tip|warning|important|code-block|admonition)?::\s*(.*)|\.\. _", line.strip())
            held += [rest[1]] if rest and rest[1] else []
        elif re.match(r"\s*(?:[-*+>]|\d+[.)])\s+", line):
            yield from _paragraph(held)
            held.append(re.sub(r"^\s*(?:[-*+>]|\d+[.)])\s+", "", line))
        else:
            held.append(line.strip())
    yield from _paragraph(held)


def _paragraph(held: list[str]) -> Iterator[Block]:
    """The lines held as one block; empties the list."""
    text = _unmarked(" ".join(line for line in held if line))
    held.clear()
    if text:
        yield Block(text)


def _unmarked(text: str) -> str:
    text = RST_LINK.sub(r"\1", LINK.sub(r"\1", text))
    text = EMPHASIS.sub(r"\2", EMPHASIS.sub(r"\2", text))
    text = re.sub(r"<(https?://[^>\s]+)>", r"\1", text)
    text = html.unescape(re.sub(r"</?[a-zA-Z][^>]*>", " ", text))
    return " ".join(text.strip("| ").split())


READERS: Final[dict[str, Callable[[str], Parts]]] = {
    "txt": _plain,
    "tex": lambda text: _plain(_tex_text(text)),
    "html": _html,
    "csv": lambda text: Parts(blocks=_csv_blocks(text)),
    "md": lambda text: _marked(text, "md"),
    "rst": lambda text: _marked(text, "rst"),
    "srt": _subtitles,
    "vtt": _subtitles,
    "ass": _subtitles,
    "lrc": _subtitles,
    "json": _data,
    "ipynb": _notebook,
    "svg": _drawing,
    "ics": _calendar,
    "code": _code,
}
