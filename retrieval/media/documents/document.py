"""One document turned into passages and pictures, whatever its format.

Formats that are ZIPs of XML are read by `office`, PDF by `pdf`, the rest here; the cut into passages is `passages`'.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, ModelInput, Segment
from retrieval.domain.text import valid_text
from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable
from retrieval.media.dates import iso_date
from retrieval.media.documents.passages import Block, cut
from retrieval.media.language import language_of
from retrieval.media.markup import html_text
from retrieval.media.sniff import identify
from retrieval.media.text_encoding import read_text
from retrieval.settings import LIMITS, Limits

OFFICE: Final = frozenset({"docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"})
LEAST_SIDE: Final = 64  # pixels of a picture inside a document; smaller ones are icons and rules
PICTURES: Final = 2_000  # of one document
LANGUAGE_CHARS: Final = 4_000  # the language is heard from so much of the beginning
MARKDOWN_HEADING: Final = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
UNDERLINE: Final = re.compile(r"^([=\-~^\"'`#*+.:_])\1{2,}\s*$")
MARKUP_LINE: Final = re.compile(
    r"^(\.\. |:[\w-]+:|\[\w[^\]]*\]: |```|~~~|---\s*$|<!--|</?[a-z][^>]*>\s*$|\|[-: |]+\|?\s*$)"
)
LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
LINE_END: Final = re.compile(r"\s*[\r\n]\s*")
RTF_GROUP: Final = re.compile(r"\{(?:\\\*)?\\(?:footnote|annotation|shptxt|deleted)(?![a-z])")
RTF_BRACE: Final = re.compile(rf"\\[\\{{}}]|{RTF_GROUP.pattern}|[{{}}]")
RST_LINK: Final = re.compile(r"(?::[\w:+-]+:)?`([^`<]+?)\s*(?:<[^>`]*>)?`_{0,2}")
EMPHASIS: Final = re.compile(r"(\*\*|__|``|`)(\S(?:.*?\S)?)\1")
FRONT_TITLE: Final = re.compile(r"\A---\n.*?^title:\s*[\"']?(.+?)[\"']?\s*$.*?^---\s*$", re.MULTILINE | re.DOTALL)


def read_document(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts, then `passage` Readings in reading order and `image` Readings for scanned pages and pictures inside.

    Raises:
        MediaUnreadable: damaged, truncated, or with nothing in it to read or see. MediaTooLarge: beyond the limits,
        or a bomb. MediaUnsupported: encrypted, or of a kind that is not read.
    """
    kind = identify(path)[1]
    if kind == "pdf":
        yield from _read_pdf(path, form, limits)
    elif kind in OFFICE:
        yield from _read_office(path, kind, form, limits)
    else:
        title, blocks = _text_blocks(path, kind, limits)
        facts = Metadata("document", kind, title=title, lang=_language(blocks))
        passages = list(_passages(blocks, facts.lang))
        if not passages:
            raise MediaUnreadable(f"{path.name} holds no text", reason="empty")
        yield facts
        yield from passages


def _passages(blocks: Iterable[Block], lang: str | None) -> Iterator[ExtractedSegment]:
    for passage in cut(blocks):
        heard = language_of(passage.text) if lang is None else lang
        yield ExtractedSegment(
            Segment("passage", chars=passage.chars, page=passage.page, text=passage.text, lang=heard)
        )


def _language(blocks: Iterable[Block]) -> str | None:
    sample = ""
    for block in blocks:
        sample += block.text + "\n"
        if len(sample) > LANGUAGE_CHARS:
            break
    return language_of(sample)


def _first_heading(blocks: list[Block]) -> str | None:
    return next((block.text[:300] for block in blocks[:20] if block.level), None)


# ---------------------------------------------------------------- text


def _text_blocks(path: Path, kind: str, limits: Limits) -> tuple[str | None, list[Block]]:
    """Title and blocks of a document that is text."""
    if kind == "rtf":
        return None, _plain_blocks(_rtf_text(path, limits))
    text = read_text(path, limits)
    if kind == "html":
        title, found = html_text(text)
        blocks = [Block(words, level) for level, words in found]
    elif kind == "csv":
        title, blocks = None, _csv_blocks(text)
    elif kind in ("srt", "vtt"):
        title, blocks = None, _subtitle_blocks(text)
    elif kind in ("md", "rst"):
        front = FRONT_TITLE.match(text)
        title, blocks = (front[1] if front else None), list(_marked_blocks(text, kind))
    else:
        title, blocks = None, _plain_blocks(_tex_text(text) if kind == "tex" else text)
    return title or _first_heading(blocks), blocks


def _plain_blocks(text: str) -> list[Block]:
    """Paragraphs parted by empty lines; hard-wrapped lines are joined, lists and verses keep theirs."""
    return [Block(_unwrapped(part)) for part in re.split(r"\n\s*\n", text)]


def _unwrapped(paragraph: str) -> str:
    lines = [line.strip() for line in paragraph.split("\n") if line.strip()]
    wrapped = len(lines) > 1 and min(len(line) for line in lines[:-1]) > 45
    glue = "" if lines and ord(lines[0][-1]) > 0x2E7F else " "
    return (glue if wrapped else "\n").join(lines)


def _rtf_text(path: Path, limits: Limits) -> str:
    from striprtf.striprtf import rtf_to_text

    if path.stat().st_size > 8 * limits.text_chars:
        raise MediaTooLarge(f"{path.name} has more than {limits.text_chars:,} characters")
    try:
        convert: Any = rtf_to_text
        # The library gives a character outside the basic plane as its two halves.
        return valid_text(str(convert(_with_notes(path.read_bytes().decode("latin-1")), errors="replace")))
    except Exception as error:
        raise MediaUnreadable(f"{path.name} is damaged", f"{type(error).__name__}: {error}"[:200], "damaged") from error


def _with_notes(rtf: str) -> str:
    """RTF source whose footnotes, remarks and text boxes, which the library leaves out, are paragraphs at its end.

    Deleted text is left out, and `plain` goes back to the default font, and so to its letters, as the format has it.
    Source: Rich Text Format Specification 1.9.1.
    """
    font = re.search(r"\\deff(\d+)", rtf)
    if font:
        rtf = re.sub(r"\\plain(?![a-z])", rf"\\plain\\f{font[1]}", rtf)
    if not RTF_GROUP.search(rtf):
        return rtf
    kept: list[str] = []
    notes: list[str] = []
    opened: list[tuple[int, list[str]]] = []  # depth of the groups taken out, and what was being written before
    into, depth, done = kept, 0, 0
    for match in RTF_BRACE.finditer(rtf):
        into.append(rtf[done : match.start()])
        done = match.end()
        mark = match[0]
        depth += mark.startswith("{") - (mark == "}")
        if len(mark) > 1 and mark[0] == "{":  # one of the groups; its own text follows
            opened.append((depth, into))
            into = [] if "deleted" in mark else notes
            into.append("\\par {")
        elif mark == "}" and opened and depth < opened[-1][0]:
            into.append("}")
            into = opened.pop()[1]
        else:
            into.append(mark)
    into.append(rtf[done:])
    body, brace, rest = "".join(kept).rpartition("}")
    return f"{body}{''.join(notes)}{brace}{rest}" if brace else "".join([*kept, *notes])


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
    from retrieval.media.documents.office import table

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
        return _plain_blocks(text)


def _subtitle_blocks(text: str) -> list[Block]:
    from retrieval.media.av.subtitles import parse, segments

    return [Block(segment.text or "") for segment in segments(parse(text), "und")]


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


# ---------------------------------------------------------------- pdf, office


def _read_pdf(path: Path, form: ImageSpec, limits: Limits) -> Iterator[Metadata | ExtractedSegment]:
    """Page by page, so that a long document is never held as a whole; its language is heard from the first pages."""
    from retrieval.media.documents import pdf

    with pdf.opened(path, limits) as document:
        said = pdf.said(document)
        first = [block for number in range(min(3, len(document))) for block in pdf.page_text(document, number)]
        words = tuple(word.strip() for word in re.split(r"[;,]", said.get("Keywords", "")) if word.strip())
        words += (said["Subject"],) if "Subject" in said else ()
        lang = _language(first)
        yield Metadata(
            "document",
            "pdf",
            pages=len(document),
            date=said.get("date"),
            date_from="document" if "date" in said else None,
            title=said.get("Title"),
            artist=said.get("Author"),
            lang=lang,
            keywords=words,
        )
        at = left = 0
        for number in range(len(document)):
            blocks, pictures = pdf.read_page(document, number)
            for passage in _passages(blocks, lang):
                chars = passage.segment.chars
                yield replace(
                    passage,
                    segment=replace(
                        passage.segment, chars=type(chars)(chars.start + at, chars.end + at) if chars else None
                    ),
                )
            at += sum(len(block.text) + 1 for block in blocks)
            for picture in pictures[: max(0, PICTURES - left)]:
                left += 1
                yield _picture_reading(picture, form, number + 1)
            if at > limits.text_chars:
                return


def _picture_reading(picture: Any, form: ImageSpec, page: int | None) -> ExtractedSegment:
    from retrieval.media.image.decode import fit

    return ExtractedSegment(Segment("image", page=page), (ModelInput(fit(picture, form)),))


def _read_office(path: Path, kind: str, form: ImageSpec, limits: Limits) -> Iterator[Metadata | ExtractedSegment]:
    from retrieval.media.documents.office import read_office

    parts = read_office(path, kind, limits)
    lang = _language(parts.blocks)
    date = iso_date(parts.date or "", 1000)
    title = parts.title or _first_heading(parts.blocks)
    yield Metadata(
        "document",
        kind,
        pages=parts.pages,
        date=date,
        date_from="document" if date else None,
        title=title,
        artist=parts.artist,
        lang=lang,
        keywords=parts.keywords,
    )
    found = 0
    for passage in _passages(parts.blocks, lang):
        found += 1
        yield passage
    for reading in _inner_pictures(parts.pictures, form, limits):
        found += 1
        yield reading
    if not found:
        raise MediaUnreadable(f"{path.name} holds neither text nor pictures", reason="empty")


def _inner_pictures(
    pictures: list[tuple[bytes, str, int | None]], form: ImageSpec, limits: Limits
) -> Iterator[ExtractedSegment]:
    """Pictures of a reasonable size, each content once; a damaged one is left out, as it does not spoil the document."""
    from retrieval.media.image.decode import picture_of

    seen: set[bytes] = set()
    for content, name, page in pictures[:PICTURES]:
        if content in seen:
            continue
        seen.add(content)
        try:
            picture = picture_of(content, name, limits)
        except MediaError:
            continue
        if min(picture.size) >= LEAST_SIDE:
            yield _picture_reading(picture, form, page)
