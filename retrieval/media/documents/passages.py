"""Long text cut into overlapping passages at sentence ends. Pure; knows no language but their marks.

A passage is what a person would quote: about PASSAGE_CHARS long, made of whole sentences, beginning again a little
before the end of the one before it. Short neighbours (headings, list items, rows) are put together. A passage that
does not begin with its heading is given the headings it stands under as its first line, so that it can be found by
what it is about.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from retrieval.domain.media import Span
from retrieval.settings import PASSAGE_CHARS, PASSAGE_OVERLAP

# After . ! ? and their kin with closing quotes and white space; after CJK ends without; Thai has no marks: at spaces.
SENTENCE: Final = re.compile(r"(?<=[.!?…؟۔।])[\"'”’»)\]]*\s+|(?<=[。！？｡])[」』”’）]*|\n+")
SPACES: Final = re.compile(r"\s+")
WIDE: Final = re.compile(r"[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff66-\uff9f]")
WIDE_WEIGHT: Final = 2  # a Han, kana or Hangul character says about as much as two to three Latin letters
CONTEXT_CHARS: Final = 120


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list item or row, with where it stands. `level` > 0: a heading of that level."""

    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Text to be found. `chars`: where it stands in the document's text (blocks joined by line ends)."""

    text: str
    chars: Span
    page: int | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    start: int
    end: int
    headings: tuple[str, ...]
    heading: bool


def cut(blocks: Iterable[Block], target: int = PASSAGE_CHARS, overlap: int = PASSAGE_OVERLAP) -> Iterator[Passage]:
    """Passages in reading order; none crosses a page. No text gives none."""
    at, held, page = 0, list[_Piece](), None
    headings: list[tuple[int, str]] = []
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        if held and block.page != page:
            yield from _passages(held, page, target, overlap)
            held = []
        page = block.page
        if block.level:
            headings = [one for one in headings if one[0] < block.level] + [(block.level, text)]
            if sum(weight(piece.text) for piece in held) > target // 2:
                yield from _passages(held, page, target, overlap)
                held = []
        names = tuple(name for _, name in headings)
        held += [_Piece(text[a:b], at + a, at + b, names, bool(block.level)) for a, b in sentences(text, target)]
        at += len(text) + 1
        if sum(weight(piece.text) for piece in held) > 8 * target:
            *done, held = _grouped(held, target, overlap)
            yield from (_passage(group, page) for group in done)
    yield from _passages(held, page, target, overlap)


def weight(text: str) -> int:
    """Length of a text in Latin letters: wide characters count twice."""
    return len(text) + (WIDE_WEIGHT - 1) * len(WIDE.findall(text))


def sentences(text: str, most: int = PASSAGE_CHARS) -> Iterator[tuple[int, int]]:
    """(start, end) of the sentences of a text, in order; one longer than `most` is cut at spaces, else anywhere."""
    start = 0
    for end in [match.end() for match in SENTENCE.finditer(text) if match.end() > 0] + [len(text)]:
        if text[start:end].strip():
            yield from _short(text, start, end, most)
        start = end


def _short(text: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    while weight(text[start : min(end, start + most + 1)]) > most:  # a character weighs 1 at least
        reach = start + (most // WIDE_WEIGHT if WIDE.search(text[start : start + most]) else most)
        spaces = [match.end() for match in SPACES.finditer(text, start + (reach - start) // 2, reach)]
        middle = spaces[-1] if spaces else reach
        yield start, middle
        start = middle
    yield start, end


def _passages(held: list[_Piece], page: int | None, target: int, overlap: int) -> Iterator[Passage]:
    for group in _grouped(held, target, overlap) if held else ():
        yield _passage(group, page)


def _grouped(pieces: list[_Piece], target: int, overlap: int) -> list[list[_Piece]]:
    """Consecutive pieces up to `target`; each group but the first begins with up to `overlap` of the one before."""
    groups: list[list[_Piece]] = [[]]
    size = 0
    for piece in pieces:
        length = weight(piece.text)
        if groups[-1] and size + length > target:
            tail = _tail(groups[-1], overlap)
            while groups[-1][-1].heading and len(groups[-1]) > 1:  # a heading goes with what follows it
                tail = [groups[-1].pop()]
            groups.append(tail)
            size = sum(weight(one.text) for one in tail)
        groups[-1].append(piece)
        size += length
    return groups


def _tail(group: list[_Piece], overlap: int) -> list[_Piece]:
    tail: list[_Piece] = []
    for piece in reversed(group[1:]):
        overlap -= weight(piece.text)
        if overlap < 0 or piece.heading:
            break
        tail.insert(0, piece)
    return tail


def _passage(group: list[_Piece], page: int | None) -> Passage:
    parts = [group[0].text]
    for before, piece in itertools.pairwise(group):
        parts += ["\n" if piece.start > before.end else "", piece.text]
    text = "".join(parts).strip()
    above = [name for name in group[0].headings if not text.startswith(name)]
    context = " › ".join(above)[-CONTEXT_CHARS:]
    return Passage(f"{context}\n{text}" if context else text, Span(group[0].start, group[-1].end), page)
