"""Groups of duplicates as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from retrieval.render.text import aligned, clock, counted, path_text, size

if TYPE_CHECKING:
    from retrieval.search.duplicates import Group


def duplicates_lines(groups: Sequence[Group]) -> Iterator[str]:
    """Each group with the file to keep first, and what the others take in all."""
    spare = 0
    for number, group in enumerate(groups, 1):
        first, *others = [(each, each.asset.facts) for each in group.copies]
        spare += sum(facts["bytes"] or 0 for _, facts in others)
        rows = []
        for note, (each, facts) in [("keep", first), *(("like", each) for each in others)]:
            exact = note == "like" and each.asset.hash == group.keep.asset.hash
            sides = f"{facts['width']} x {facts['height']}" if facts["width"] else ""
            length = clock(facts["duration_ms"]) if facts["duration_ms"] else ""
            rows.append(("same" if exact else note, path_text(each.path), sides, length, size(facts["bytes"] or 0)))
            rows += [("link", path_text(link), "", "", "") for link in each.links]
        yield f"{number:>3}  {group.medium}"
        yield from (f"     {line}" for line in aligned(rows))
    yield f"{counted(len(groups), 'group')}; the files that need not be kept take {size(spare)}."
