"""One document turned into passages and pictures, whatever its format.

Formats that are ZIPs of XML are read by `office`, PDF by `pdf`, mails by `mail`, the rest by `text`; the cut into passages
is `passages`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final

from retrieval.domain.media import ExtractedSegment, ImageSpec, Metadata, ModelInput, Segment, Span
from retrieval.errors import MediaError, MediaUnreadable
from retrieval.media.dates import iso_date
from retrieval.media.documents.parts import Parts
from retrieval.media.documents.passages import Block, cut
from retrieval.media.image.said import ImageMetadata
from retrieval.media.language import language_of
from retrieval.media.sniff import identify
from retrieval.settings import LIMITS, Limits

OFFICE: Final = frozenset({"docx", "pptx", "xlsx", "odt", "odp", "ods", "epub"})
MAIL: Final = frozenset({"eml", "emlx", "mbox", "mhtml"})
LEAST_SIDE: Final = 64  # pixels of a picture inside a document; smaller ones are icons and rules
PICTURES: Final = 2_000  # of one document
FIRST_YEAR: Final = 1000  # books and letters are old
DEPTH: Final = 4  # of documents inside documents
LANGUAGE_CHARS: Final = 4_000  # the language is heard from so much of the beginning


def read_document(path: Path, form: ImageSpec, limits: Limits = LIMITS) -> Iterator[Metadata | ExtractedSegment]:
    """One Facts, then `passage` Readings in reading order and `image` Readings for scanned pages and pictures inside.

    Raises:
        MediaUnreadable: damaged, truncated, or with nothing in it to read or see. MediaTooLarge: beyond the limits,
        or a bomb. MediaUnsupported: encrypted, or of a kind that is not read.
    """
    kind = identify(path)[1]
    if kind == "pdf":
        yield from _read_pdf(path, form, limits)
        return
    all_parts = _parts(path, kind, limits, 0)
    first = next(all_parts, Parts())
    lang = None if kind == "mbox" else _language(first.blocks)
    date = iso_date(first.date or "", FIRST_YEAR)
    yield Metadata(
        "document",
        kind + first.notes,
        pages=first.pages,
        date=date,
        date_from="document" if date else None,
        title=first.title or _first_heading(first.blocks),
        artist=first.artist,
        lang=lang,
        keywords=first.keywords,
    )
    at = found = 0
    for parts in chain([first], all_parts):
        for reading in chain(_passages(parts.blocks, lang, at), _inner_pictures(parts.pictures, form, limits)):
            found += 1
            yield reading
        at += sum(len(block.text.strip()) + 1 for block in parts.blocks if block.text.strip())
        if at > limits.text_chars:
            return
    if not found:
        raise MediaUnreadable(f"{path.name} holds neither text nor pictures", reason="empty")


def _parts(path: Path, kind: str, limits: Limits, depth: int) -> Iterator[Parts]:
    """What a document that is no PDF holds; a mailbox is given mail by mail."""
    if kind in OFFICE:
        from retrieval.media.documents.office import read_office

        yield read_office(path, kind, limits, lambda inner: _inside(inner, limits, depth + 1))
    elif kind in MAIL:
        from retrieval.media.documents.mail import read_mail

        yield from read_mail(path, kind, _attached, limits, depth)
    elif kind == "rtf":
        from retrieval.media.documents.rtf import read_rtf

        yield read_rtf(path, limits)
    else:
        from retrieval.media.documents.text import read_text_document

        yield read_text_document(path, kind, limits)


def _inside(path: Path, limits: Limits, depth: int) -> Parts:
    """A document of a document; of those that lie too deep nothing."""
    return _attached(path, limits, depth) if depth < DEPTH and identify(path)[0] == "document" else Parts()


def _attached(path: Path, limits: Limits, depth: int) -> Parts:
    """The whole of a document that lies in another one."""
    kind, whole = identify(path)[1], Parts()
    if kind == "pdf":
        from retrieval.media.documents import pdf

        with pdf.opened(path, limits) as document:
            for number in range(len(document)):
                blocks, pictures = pdf.read_page(document, number)
                whole.blocks += blocks
                whole.pictures += [(_stored(picture), path.name, None) for picture in pictures]
        return whole
    for parts in _parts(path, kind, limits, depth):
        whole.blocks += parts.blocks
        whole.pictures += parts.pictures
    return whole


def _stored(picture: Any) -> bytes:
    import io

    made = io.BytesIO()
    picture.save(made, "PNG", compress_level=1)
    return made.getvalue()


def _passages(blocks: Iterable[Block], lang: str | None, at: int = 0) -> Iterator[ExtractedSegment]:
    """`passage` Readings. at: characters of the document before them."""
    for passage in cut(blocks):
        heard = language_of(passage.text) if lang is None else lang
        chars = Span(passage.chars.start + at, passage.chars.end + at)
        yield ExtractedSegment(Segment("passage", chars=chars, page=passage.page, text=passage.text, lang=heard))


def _language(blocks: Iterable[Block]) -> str | None:
    sample = ""
    for block in blocks:
        sample += block.text + "\n"
        if len(sample) > LANGUAGE_CHARS:
            break
    return language_of(sample)


def _first_heading(blocks: list[Block]) -> str | None:
    return next((block.text[:300] for block in blocks[:20] if block.level), None)


def _read_pdf(path: Path, form: ImageSpec, limits: Limits) -> Iterator[Metadata | ExtractedSegment]:
    """Page by page, so that a long document is never held as a whole; its language is heard from the first pages."""
    from retrieval.media.documents import pdf
    from retrieval.media.documents.pdf_xmp import said_in_xmp

    with pdf.opened(path, limits) as document:
        said = pdf.said(document)
        more = ImageMetadata() if {"Title", "Author", "date"} <= said.keys() else said_in_xmp(path)
        first = [block for number in range(min(3, len(document))) for block in pdf.page_text(document, number)]
        words = tuple(word.strip() for word in re.split(r"[;,]", said.get("Keywords", "")) if word.strip())
        words += (said["Subject"],) if "Subject" in said else ()
        words = words or more.keywords
        date = said.get("date") or more.date
        legible = pdf.are_legible(first)
        lang = _language(first) if legible else None
        yield Metadata(
            "document",
            "pdf" if legible else "pdf, letters unreadable",  # its pages are read as pictures
            pages=len(document),
            date=date,
            date_from="document" if date else None,
            title=said.get("Title") or more.title,
            artist=said.get("Author") or more.artist,
            lang=lang,
            keywords=words,
        )
        at = left = 0
        for number in range(len(document)):
            blocks, pictures = pdf.read_page(document, number)
            yield from _passages(blocks, lang, at)
            at += sum(len(block.text) + 1 for block in blocks)
            for picture in pictures[: max(0, PICTURES - left)]:
                left += 1
                yield _picture_reading(picture, form, number + 1)
            if at > limits.text_chars:
                return


def _picture_reading(picture: Any, form: ImageSpec, page: int | None) -> ExtractedSegment:
    from retrieval.media.image.decode import fit

    return ExtractedSegment(Segment("image", page=page), (ModelInput(fit(picture, form)),))


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
