"""Quotations of a text around the words of a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.domain.media import Span
from retrieval.render.text import columns, plain, shorten


def quote(text: str, words: str, width: int, marks: Sequence[Span] = (), *, bold: bool = False) -> str:
    """At most `width` columns of a text, around the first mark, else the first place that holds a word of the question.

    bold: marked words are shown so, by a terminal's escape sequences, which take no columns.
    """
    line = plain(re.sub(r"\s+", " ", text).strip())
    marked = {plain(re.sub(r"\s+", " ", text[each.start : each.end])) for each in marks}
    found = re.compile("|".join(map(_as_words, sorted(marked, key=len, reverse=True)))) if marked else None
    first = found.search(line) if found else None
    shown = _around(line, first.start() if first else _first_match(line, words), width)
    return found.sub(lambda each: f"\x1b[1m{each.group()}\x1b[22m", shown) if found and bold else shown


def _as_words(marked: str) -> str:
    """The pattern of a marked text, which is no part of a longer word; scripts without blanks have no such ends."""
    before = r"(?<![a-zA-Z0-9])" if marked[0].isascii() else ""
    return before + re.escape(marked) + (r"(?![a-zA-Z0-9])" if marked[-1].isascii() else "")


def _around(line: str, at: int, width: int) -> str:
    """At most `width` columns of a line, around the character at `at`."""
    if columns(line) <= width:
        return line
    start = max(0, at - width // 3)
    if start:
        start = line.find(" ", start, at) + 1 or start
    rest = line[start:]
    head = "... " if start else ""
    if columns(head + rest) <= width:
        return head + rest
    cut = shorten(rest, width - len(head) - 3).removesuffix("…")
    if rest[len(cut)] != " " and " " in cut and cut.isascii():
        cut = cut.rsplit(" ", 1)[0]  # no half words
    return f"{head}{cut.rstrip()} ..."


def _first_match(line: str, words: str) -> int:
    lowered = line.casefold()
    asked = [each for each in re.findall(r"\w+", words.casefold()) if len(each) > 3 or not each.isascii()]
    found = [at for at in map(lowered.find, sorted(asked, key=len, reverse=True)) if at >= 0]
    return found[0] if found and len(lowered) == len(line) else 0
