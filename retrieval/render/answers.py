"""Answers as lines for people. Pure: values in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.domain.result import Answer, FoundSegment, Hit
from retrieval.kinds import KINDS, kinds_in
from retrieval.render.quotes import quote
from retrieval.render.text import columns, pad, path_text, place, plain, shorten
from retrieval.settings import DEFAULT_CUT

if TYPE_CHECKING:
    from retrieval.domain.result import Tag


QUOTE = 60  # columns of quoted text where the line's length does not matter

MORE_SEGMENTS = 2  # shown below the best one of a hit


def answer_lines(
    answer: Answer,
    words: str = "",
    offset: int = 0,
    width: int | None = None,
    *,
    bold: bool = False,
    tags: Mapping[str, Sequence[Tag]] | None = None,
) -> list[list[str]]:
    """For each hit its lines: rank, confidence, path and place, medium, date, and why it was found.

    words: of the question, to choose what is quoted. width: columns of the terminal; None: lines of any length. bold:
    show marked words so, by a terminal's escape sequences. tags: of segments by their ids; those of the best one that has
    any are named.
    """
    paths = [path_text(hit.path) + _notes(hit) for hit in answer]
    room = max(width // 2 - 12, 20) if width else 10_000
    paths = [shorten(path, room, keep_end=True) for path in paths]
    places = [place(hit.segments[0]) if hit.segments else "" for hit in answer]
    placed = [columns(path) for path, where in zip(paths, places, strict=True) if where]
    wheres = [
        f"{pad(path, max(placed))}   {where}" if where else path for path, where in zip(paths, places, strict=True)
    ]
    digits = len(str(offset + len(answer))) + 1
    wide = max(map(columns, wheres), default=0)
    lines = []
    for number, (hit, where) in enumerate(zip(answer, wheres, strict=True), offset + 1):
        head = f"{number:{digits}}  {hit.confidence:.2f}  {pad(where, wide)}   {hit.medium:<8}  "
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
    alike = f"  (+{hit.alike} alike)" if hit.alike else ""
    return alike + ("  (offline)" if hit.offline else "")


def _fit(start: str, reason: str, quoted: FoundSegment | None, words: str, width: int | None, *, bold: bool) -> str:
    room = max(width - columns(start) - columns(reason) - 8, 12) if width else QUOTE
    text = "" if quoted is None else f' "{quote(quoted.text or "", words, room, quoted.marks, bold=bold)}"'
    return (start + reason + text).rstrip()


def _why(hit: Hit) -> tuple[str, FoundSegment | None]:
    """The lane that found the hit, with what is quoted; the date before it, for pictures."""
    date = f"{hit.taken_at[:10]}  " if hit.medium == "image" and hit.taken_at else ""
    if not hit.segments:
        return date + "name", None
    reason, quoted = _reason(hit.segments[0])
    return date + reason, quoted


def _reason(segment: FoundSegment) -> tuple[str, FoundSegment | None]:
    """The lane that found a segment, and the segment if its text is quoted."""
    if segment.kind in kinds_in("sentence") and segment.text:
        return KINDS[segment.kind].retriever, segment
    return max(segment.lanes, key=lambda name: segment.lanes[name], default=""), None


def _others(hit: Hit) -> list[FoundSegment]:
    """Further segments whose confidence reaches the default cut, in other places than those before them."""
    seen = {place(each) for each in hit.segments[:1]}
    found = []
    for each in hit.segments[1:]:
        where = place(each)
        if where and where not in seen and each.confidence >= DEFAULT_CUT:
            seen.add(where)
            found.append(each)
    return found[:MORE_SEGMENTS]


def _more(segment: FoundSegment, digits: int, wide: int, path: int) -> tuple[str, tuple[str, FoundSegment | None]]:
    where = pad(" " * (path + 3) + place(segment), wide)
    return f"{'':{digits}}        {where}   {'':<8}  ", _reason(segment)


def nothing_line(answer: Answer, offset: int = 0) -> str:
    """The line for an answer without hits; offset: of its page."""
    if offset and answer.best > 0:
        return f"No hit from number {offset + 1:,} on (--offset 0 shows the first)."
    if answer.best > 0:
        return f"Nothing in this library matches (best candidate {answer.best:.2f}; --all shows it)."
    return "Nothing in this library matches."
