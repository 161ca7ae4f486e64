"""Columns of a PDF page whose program wrote row by row, across them: their lines in the order in which people read."""

from __future__ import annotations

import re
from itertools import pairwise
from statistics import mean, median
from typing import Any, Final, NamedTuple

MOST: Final = 3_000  # runs of text on a page; one with more is a drawing
GAP: Final = 0.8  # of the height of a line: less parts words
GUTTER: Final = 4.0  # points that all rows leave free
ROWS: Final = 3  # that stand side by side
LETTERS: Final = 20  # of a line of prose, on the average; cells of tables are shorter
WIDTH: Final = 0.5  # of a letter, to the height of its line
FILLED: Final = 0.75  # of the width of a column, in the median of its lines


UNSPACED: Final = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uffee]")
VERTICAL: Final = 0.6  # of the characters of a page that stand below the one before
LEAST: Final = 12  # characters of a page in vertical columns


class Part(NamedTuple):
    """Where the text of one row lies in one column, in points."""

    left: float
    bottom: float
    right: float
    top: float


def in_vertical_columns(text_page: Any) -> str | None:
    """The text of a page whose Chinese or Japanese characters are written downwards, columns from right to left, parted by
    CR LF; None for any other page."""
    count = text_page.count_chars()
    if not LEAST <= count <= 20 * MOST:
        return None
    placed = [(text_page.get_text_range(at, 1), at) for at in range(count)]
    wide = [(char, text_page.get_charbox(at)) for char, at in placed if UNSPACED.match(char)]
    if len(wide) < LEAST or len(wide) < VERTICAL * sum(not char.isspace() for char, _ in placed):
        return None
    middles = [((left + right) / 2, (bottom + top) / 2) for _, (left, bottom, right, top) in wide]
    size = median(max(right - left, top - bottom) for _, (left, bottom, right, top) in wide)
    below = sum(
        abs(x - before_x) < size / 2 and 0 < before_y - y < 2 * size
        for (before_x, before_y), (x, y) in pairwise(middles)
    )
    if below < VERTICAL * len(wide):
        return None
    columns: list[list[tuple[float, float, str]]] = []  # height, place across, character
    for (char, _), (x, y) in sorted(zip(wide, middles, strict=True), key=lambda each: -each[1][0]):
        if not columns or columns[-1][-1][1] - x > size / 2:
            columns.append([])
        columns[-1].append((-y, x, char))
    return "\r\n".join("".join(char for _, _, char in sorted(own)) for own in columns)


def in_columns(text_page: Any) -> str | None:
    """The text of a page column by column, lines parted by CR LF; None where PDFium's own order stands."""
    count = text_page.count_rects()
    if not 2 * ROWS <= count <= MOST:
        return None
    rows = _rows([text_page.get_rect(number) for number in range(count)])
    if sum(len(row) > 1 for row in rows) < ROWS:
        return None
    ordered: list[list[Part]] = []  # parts that are one line
    at, found = 0, False
    while at < len(rows):
        end, gutters = _run(rows, at)
        if gutters and _is_prose(rows[at:end], gutters):
            found = True
            for column in range(len(gutters) + 1):
                ordered += [[part] for row in rows[at:end] for part in row if _column(part, gutters) == column]
        else:
            end = at + 1
            ordered.append(rows[at])
        at = end
    return "\r\n".join(" ".join(_text(text_page, part) for part in line) for line in ordered) if found else None


def _rows(rects: list[tuple[float, float, float, float]]) -> list[list[Part]]:
    """Rows from runs of text in the order in which they are written; runs that stand close are one part."""
    rows: list[list[Part]] = []
    for left, bottom, right, top in rects:
        last = rows[-1][-1] if rows else None
        shared = min(top, last.top) - max(bottom, last.bottom) if last else 0.0
        height = max(top - bottom, 0.1)
        if last is None or shared < 0.5 * min(height, last.top - last.bottom) or left < last.left:
            rows.append([Part(left, bottom, right, top)])
        elif left - last.right > GAP * height:
            rows[-1].append(Part(left, bottom, right, top))
        else:
            rows[-1][-1] = Part(last.left, min(bottom, last.bottom), max(right, last.right), max(top, last.top))
    return rows


def _run(rows: list[list[Part]], at: int) -> tuple[int, list[tuple[float, float]]]:
    """The end of the rows from `at` that have common gutters, and these; no gutters where there are too few rows."""
    if len(rows[at]) < 2:
        return at + 1, []
    gutters = [(one.right, other.left) for one, other in zip(rows[at], rows[at][1:], strict=False)]
    end, whole = at + 1, 1
    for row in rows[at + 1 :]:
        if len(row) > len(gutters) + 1:
            break
        narrowed = [_narrowed(gutter, row) for gutter in gutters]
        if any(right - left < GUTTER for left, right in narrowed):
            break
        gutters, end, whole = narrowed, end + 1, whole + (len(row) == len(gutters) + 1)
    return (end, gutters) if whole >= ROWS else (at + 1, [])


def _narrowed(gutter: tuple[float, float], row: list[Part]) -> tuple[float, float]:
    """A gutter as far as a row leaves it free; an empty one where a part crosses it."""
    left, right = gutter
    for part in row:
        middle = (part.left + part.right) / 2
        if middle < left:
            left = max(left, part.right)
        elif middle > right:
            right = min(right, part.left)
        else:
            return 0.0, 0.0
    return left, right


def _column(part: Part, gutters: list[tuple[float, float]]) -> int:
    return sum((part.left + part.right) / 2 > right for _, right in gutters)


def _text(text_page: Any, part: Part) -> str:
    return " ".join(text_page.get_text_bounded(*part).split("\r\n")).strip()


def _is_prose(rows: list[list[Part]], gutters: list[tuple[float, float]]) -> bool:
    """Whether every column holds lines of text, not cells: long, and most as wide as the column."""
    for column in range(len(gutters) + 1):
        own = [part for row in rows for part in row if _column(part, gutters) == column]
        widths = [part.right - part.left for part in own]
        if len(own) < ROWS or median(widths) < FILLED * max(widths):
            return False
        if mean(part.right - part.left for part in own) < LETTERS * WIDTH * mean(
            part.top - part.bottom for part in own
        ):
            return False
    return True
