"""Texts, places, times and counts for people, and how wide they are.

A line counts columns, not characters: Chinese, Japanese and Korean characters take two.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from retrieval.domain.media import Segment
from retrieval.domain.place import place_text
from retrieval.domain.result import FoundSegment

if TYPE_CHECKING:
    from retrieval.domain.media import Box

Name = TypeVar("Name", bound=str)


def columns(text: str) -> int:
    """How many columns a terminal gives to a text."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    """The text with blanks behind it up to `width` columns."""
    return text + " " * (width - columns(text))


def shorten(text: str, width: int, *, keep_end: bool = False) -> str:
    """At most `width` columns (at least 1) of a text; an ellipsis stands for what is left out."""
    if columns(text) <= width:
        return text
    kept, room = [], width - 1
    for character in reversed(text) if keep_end else text:
        room -= _columns(character)
        if room < 0:
            break
        kept.append(character)
    return "…" + "".join(reversed(kept)) if keep_end else "".join(kept) + "…"


def plain(text: str) -> str:
    """One line of a text that cannot move the cursor: control characters and bytes that are not UTF-8 as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not UTF-8, as os.fsdecode gives it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def path_text(path: Path | str, folder: str | None = None) -> str:
    """A path on one line: relative where it lies below a folder (default: the current one), else with the home as ~."""
    text = place_text(path)
    try:
        below = (folder or os.getcwd()).rstrip(os.sep) + os.sep
    except OSError:  # the current folder is gone
        return path_from_home(text)
    if below == os.sep or not text.startswith(below):
        return path_from_home(text)
    relative = text.removeprefix(below)
    return plain(f".{os.sep}{relative}" if relative.startswith(("-", "~")) else relative)


def path_from_home(path: Path | str) -> str:
    """A path on one line that means the same in every folder, the home folder as ~."""
    text, home = place_text(path), os.path.expanduser("~")
    if len(home) > 1 and (text == home or text.startswith(home + os.sep)):
        text = "~" + text[len(home) :]
    return plain(text)


def clock(ms: int) -> str:
    """02:14, or 1:02:14 from one hour on."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def place(segment: FoundSegment | Segment) -> str:
    """Where in its asset a segment lies: a time, a page or nothing."""
    if segment.span is not None and segment.kind in ("shot", "sound", "speech"):
        start, end = clock(segment.span.start), clock(segment.span.end)
        return start if start == end else f"{start}-{end}"
    return f"page {segment.page}" if segment.page is not None else ""


def duration(seconds: float) -> str:
    """A length of time for people: 3.1 s, 29 min, 1 h 52."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02}"


def size(count: float) -> str:
    """Bytes for people: 812 bytes, 3.1 MB."""
    if count < 1000:
        return f"{count:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return f"{count / 1000:.1f} TB"


def where(box: Box) -> str:
    """A place in a picture for people, in percent of its width and height."""
    left, top, right, bottom = (round(each / 100) for each in (box.left, box.top, box.right, box.bottom))
    if (left, top, right, bottom) == (0, 0, 100, 100):
        return "the picture as a whole"
    return f"{left}-{right} % across, {top}-{bottom} % down"


def counted(count: int, noun: str) -> str:
    """`1 file`, `1,204 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(counts: Mapping[Name, int], plurals: Mapping[str, str] | None = None) -> str:
    """`12 images, 1 video`, the greatest first. plurals: nouns of the names; a name without one stands as it is."""
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    nouns = plurals or {}
    return ", ".join(
        f"{count:,} {_singular(nouns.get(name, name)) if count == 1 and name in nouns else nouns.get(name, name)}"
        for name, count in ordered
    )


def _singular(plural: str) -> str:
    """`line in pictures` of `lines in pictures`."""
    return re.sub(r"^(\w+)s\b", r"\1", plural)


def aligned(rows: Iterable[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows of equally many cells as lines, each column as wide as its widest cell."""
    table = [list(row) for row in rows]
    wide = [max(map(columns, column)) for column in zip(*table, strict=True)]
    return [(" " * gap).join(map(pad, row, wide)).rstrip() for row in table]
