"""An explanation as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from retrieval.domain.place import place_text
from retrieval.domain.result import FoundSegment
from retrieval.render.quotes import quote
from retrieval.render.text import aligned, clock, path_text, place, plain, where

if TYPE_CHECKING:
    from retrieval.search.explain import Explanation


def explanation_lines(explanation: Explanation, width: int | None = None, *, bold: bool = False) -> Iterator[str]:
    """Why one asset answers: its lanes with their shares, the words that were found, and where in its picture."""
    hit, segment = explanation.hit, explanation.segment
    yield f"{hit.confidence:.2f}  {path_text(hit.path)}  {hit.medium}"
    rows = [("found by", "its name")] if segment is None else [*_segment_rows(segment)]
    named = [place_text(hit.path)[each.start : each.end] for each in explanation.name_marks]
    if named:
        rows.append(("in its name", plain(", ".join(named))))
    if explanation.at_ms is not None:
        rows.append(("frame", clock(explanation.at_ms)))
    if explanation.heat is not None:
        rows.append(("where", where(explanation.heat.box)))
    if explanation.box is not None:
        rows.append(("line at", where(explanation.box)))
    yield from (f"  {line}" for line in aligned(rows))
    if segment is not None and segment.text:
        room = max(width - 4, 20) if width else 10_000
        yield f'  "{quote(segment.text, "", room, segment.marks, bold=bold)}"'


def _segment_rows(segment: FoundSegment) -> Iterator[tuple[str, str]]:
    yield segment.kind, f"{segment.id}  {place(segment)}".strip()
    for lane, share in sorted(segment.lanes.items(), key=lambda each: -each[1]):
        yield lane, f"{100 * share:3.0f} %  {'█' * round(20 * share)}".rstrip()
    found = [plain((segment.text or "")[each.start : each.end]) for each in segment.marks]
    if found:
        yield "words found", ", ".join(dict.fromkeys(found))
