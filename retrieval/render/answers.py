"""Answers as lines for people. Pure: values in, lines out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.kinds import kinds_in
from retrieval.render.quotes import quote
from retrieval.render.text import columns, pad, path_text, place, plain, shorten
from retrieval.settings import SURE

if TYPE_CHECKING:
    from retrieval.domain.result import Tag


QUOTE = 60  # columns of quoted text where the line's length does not matter

MORE_SEGMENTS = 2  # shown below the best one of a hit

LESS_SURE, NEAREST = "── less sure ──", "Nothing sure; nearest:"


def answer_lines(
    answer: Answer,
    words: str = "",
    offset: int = 0,
    width: int | None = None,
    *,
    bold: bool = False,
    tags: Mapping[str, Sequence[Tag]] | None = None,
    folder: str | None = None,
) -> list[list[str]]:
    """For each hit of both parts its lines: rank, confidence, path and place, medium, date, and the evidence for it.

    words: of the question, to choose what is quoted. width: columns of the terminal; None: lines of any length. bold:
    show marked words so, by a terminal's escape sequences. tags: of segments by their ids; those of the best one that has
    any are named. folder: where whoever asks is; default here.
    """
    hits = answer.shown
    paths = [path_text(hit.path, folder) + _notes(hit) for hit in hits]
    room = max(width // 2 - 12, 20) if width else 10_000
    paths = [shorten(path, room, keep_end=True) for path in paths]
    places = [place(hit.segments[0]) if hit.segments else "" for hit in hits]
    placed = [columns(path) for path, where in zip(paths, places, strict=True) if where]
    wheres = [
        f"{pad(path, max(placed))}   {where}" if where else path for path, where in zip(paths, places, strict=True)
    ]
    digits = len(str(offset + len(hits))) + 1
    wide = max(map(columns, wheres), default=0)
    lines = []
    for number, (hit, where) in enumerate(zip(hits, wheres, strict=True), offset + 1):
        sure = confidence_text(hit.confidence) if hit.is_judged else ""
        head = f"{number:{digits}}  {sure:4}  {pad(where, wide)}   {hit.medium:<8}  "
        more = [_more(each, digits, wide, max(placed, default=0)) for each in _others(hit)]
        shown = [(head, _why(hit)), *more]
        lines.append([_fit(start, reason, quoted, words, width, bold=bold) for start, (reason, quoted) in shown])
        named = next((tags[each.id] for each in hit.segments if each.id in tags), ()) if tags else ()
        if named:
            lines[-1].append(" " * columns(head) + tag_names(named))
    return lines


def tag_names(tags: Iterable[Tag]) -> str:
    """Tags on one line, highest confidence first."""
    return "tags: " + ", ".join(plain(each.name) for each in tags)


def _notes(hit: Hit) -> str:
    """What is said of a hit beside its path."""
    others = len(hit.paths) - 1
    copies = f"  (+{others:,} {'copy' if others == 1 else 'copies'})" if others > 0 else ""
    alike = f"  (+{hit.alike} alike)" if hit.alike else ""
    half = f"  (and {hit.half.name})" if hit.half is not None else ""
    return copies + alike + plain(half) + ("  (offline)" if hit.offline else "")


def _fit(start: str, reason: str, quoted: FoundSegment | None, words: str, width: int | None, *, bold: bool) -> str:
    room = max(width - columns(start) - columns(reason) - 8, 12) if width else QUOTE
    text = "" if quoted is None else f' "{quote(quoted.text or "", words, room, quoted.marks, bold=bold)}"'
    return (start + reason + text).rstrip()


def _why(hit: Hit) -> tuple[str, FoundSegment | None]:
    """The evidence for a hit, with what is quoted; the date before it, for pictures."""
    date = f"{hit.taken_at[:10]}  " if hit.medium == "image" and hit.taken_at else ""
    if not hit.is_judged:
        return date, None
    if not hit.segments:
        return date + "name", None
    reason, quoted = _reason(hit.segments[0])
    return date + reason, quoted


def _reason(segment: FoundSegment) -> tuple[str, FoundSegment | None]:
    """The evidence for a segment, and the segment if its text is quoted."""
    quotes = segment.kind in kinds_in("sentence") and segment.text and segment.evidence != "name"
    return segment.evidence or "", segment if quotes else None


def _others(hit: Hit) -> list[FoundSegment]:
    """Further segments that are sure, in other places than those before them."""
    seen = {place(each) for each in hit.segments[:1]}
    found = []
    for each in hit.segments[1:]:
        where = place(each)
        if where and where not in seen and each.confidence >= SURE:
            seen.add(where)
            found.append(each)
    return found[:MORE_SEGMENTS]


def _more(segment: FoundSegment, digits: int, wide: int, path: int) -> tuple[str, tuple[str, FoundSegment | None]]:
    where = pad(" " * (path + 3) + place(segment), wide)
    return f"{'':{digits}}        {where}   {'':<8}  ", _reason(segment)


def rule_line(answer: Answer, offset: int = 0) -> str:
    """The line above what is possible; offset: of the page."""
    return LESS_SURE if answer.hits or offset else NEAREST


def nothing_line(answer: Answer) -> str:
    """The line for an answer of which nothing is shown."""
    if answer.reason:
        return f"{answer.reason[0].upper()}{answer.reason[1:]}."
    if answer.best > 0:
        return f"Nothing in this library matches (nearest {confidence_text(answer.best)}; --all shows it)."
    return "Nothing in this library matches."


def confidence_text(confidence: float) -> str:
    """Two digits, rounded down: what is not sure never looks as sure as what is."""
    return f"{math.floor(100 * confidence + 1e-9) / 100:.2f}"
