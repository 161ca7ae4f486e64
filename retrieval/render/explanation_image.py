"""The evidence of a hit as one picture: what was found with its heat map, lanes as bars, text with marked words, time.

Owns the arrangement; letters and fonts are render/fonts.py, explanations search/explain.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from retrieval.domain.media import Box, Span
from retrieval.domain.place import place_text
from retrieval.errors import RetrievalError
from retrieval.kinds import KINDS
from retrieval.render.fonts import Colour, Lettering, canvas, missing_line
from retrieval.render.text import clock, path_from_home, place
from retrieval.search import fusion
from retrieval.search.explain import Explanation
from retrieval.search.saliency import SaliencyMap

if TYPE_CHECKING:
    from retrieval.search.moments import Curve

WIDTH, MARGIN, GAP = 1200, 28, 28
SHOWN = (700, 700)  # the most that a picture takes
STRIP = 130  # height of what shows the time
GROUND, INK, PALE, FRAME = (255, 255, 255), (26, 28, 33), (112, 117, 125), (222, 224, 229)
LANES: dict[str, Colour] = {
    "shows": (46, 111, 187),
    "said": (30, 142, 92),
    "reads": (142, 86, 178),
    "sounds": (206, 112, 30),
    "words": (190, 58, 82),
}
MOST_LINES = 16


def save_explanation(explanation: Explanation, question: str, file: Path) -> list[str]:
    """Writes the picture; returns lines that a person should see, such as of letters that no font here has.

    Raises: RetrievalError where the suffix names no form of picture.
    """
    if file.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise RetrievalError(f"invalid name of a picture: {file.name}", "-o FILE.png")
    sheet, warnings = draw_explanation(explanation, question)
    sheet.save(file)
    return warnings


def draw_explanation(explanation: Explanation, question: str) -> tuple[Image.Image, list[str]]:
    """The evidence as a picture WIDTH wide, and lines that a person should see."""
    sheet, pen = canvas(WIDTH, 4000, GROUND)
    large, small = Lettering(26), Lettering(18)
    y = large.paragraph(pen, (MARGIN, MARGIN), question, INK, (), WIDTH - 2 * MARGIN, 3)
    y = _name(pen, small, explanation, y) + 14
    left, picture = MARGIN, None
    if explanation.picture is not None:
        picture = _picture(explanation)
        sheet.paste(picture, (MARGIN, round(y)))
        pen.rectangle((MARGIN - 1, y - 1, MARGIN + picture.width, y + picture.height), outline=FRAME)
        left = MARGIN + picture.width + GAP
    beside = _facts(pen, small, explanation, (left, y), WIDTH - MARGIN - left)
    y = max(beside, y + (picture.height if picture is not None else 0)) + GAP
    if explanation.length_ms and (explanation.curve is not None or explanation.outline is not None):
        y = _time(pen, Lettering(15), explanation, y) + GAP
    missing = missing_line(large.missing | small.missing)
    return sheet.crop((0, 0, WIDTH, round(y))), [missing] if missing else []


def _name(pen: ImageDraw.ImageDraw, letters: Lettering, explanation: Explanation, y: float) -> float:
    """The path with the words of the question marked, shortened from its beginning."""
    path, whole = place_text(explanation.hit.path), path_from_home(explanation.hit.path)
    tail = whole.removeprefix("~")
    marks = []
    if path.endswith(tail):  # else the name has signs that are written as escapes
        shift = len(path) - len(whole)
        kept = [each for each in explanation.name_marks if each.start >= len(path) - len(tail)]
        marks = [Span(each.start - shift, each.end - shift) for each in kept]
    return letters.paragraph(pen, (MARGIN, y), whole, PALE, marks, WIDTH - 2 * MARGIN, 2)


# ---------------------------------------------------------------- the picture


def _picture(explanation: Explanation) -> Image.Image:
    """The picture with what is warm in colour, and boxes round the answer and round a line of text."""
    assert explanation.picture is not None
    picture = Image.fromarray(explanation.picture)
    scale = min(SHOWN[0] / picture.width, SHOWN[1] / picture.height, 3.0)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    heat = explanation.heat
    if heat is not None and not heat.everywhere:  # else a warm spot would point at what is not the answer
        picture = _heated(picture, heat)
    pen = ImageDraw.Draw(picture)
    if heat is not None and not heat.everywhere:
        _frame(pen, size, heat.box, (255, 255, 255))
    if explanation.box is not None:
        _frame(pen, size, explanation.box, (255, 226, 89))
    return picture


def _heated(picture: Image.Image, heat: SaliencyMap) -> Image.Image:
    """Cold places dim and grey, warm ones in their colours under a veil from yellow to red."""
    values = np.asarray(Image.fromarray(heat.values).resize(picture.size, Image.Resampling.BICUBIC)).clip(0, 1)[
        ..., None
    ]
    pixels = np.asarray(picture, np.float32)
    grey = pixels.mean(axis=2, keepdims=True) * 0.62 + 40
    veil = np.concatenate([np.full_like(values, 255), 215 - 190 * values, 40 + 0 * values], axis=2)
    shown = grey + (pixels - grey) * np.minimum(1, 0.25 + 1.1 * values)
    strength = 0.36 * np.clip((values - 0.35) / 0.65, 0, 1)
    return Image.fromarray((shown * (1 - strength) + veil * strength).clip(0, 255).astype(np.uint8))


def _frame(pen: ImageDraw.ImageDraw, size: tuple[int, int], box: Box, colour: Colour) -> None:
    left, right = (round(at * size[0] / 10_000) for at in (box.left, box.right))
    top, bottom = (round(at * size[1] / 10_000) for at in (box.top, box.bottom))
    right, bottom = min(right, size[0] - 1), min(bottom, size[1] - 1)
    pen.rectangle((left, top, right, bottom), outline=(20, 20, 20), width=5)
    pen.rectangle((left + 1, top + 1, right - 1, bottom - 1), outline=colour, width=3)


# ---------------------------------------------------------------- what is said of it


def _facts(
    pen: ImageDraw.ImageDraw, letters: Lettering, explanation: Explanation, at: tuple[float, float], width: float
) -> float:
    """Confidence, place, lanes and text, one below the other; returns where they end."""
    hit, segment = explanation.hit, explanation.segment
    x, y = at
    where = f"{segment.kind}  {place(segment)}".strip() if segment is not None else "found by its name"
    head = f"{hit.confidence:.2f}  {hit.medium}"
    letters.write(pen, (x, y), head, INK)
    y = letters.paragraph(pen, (x, y + letters.height), where, PALE, (), width, 2) + 8
    for lane, share in sorted((segment.lanes if segment else {"words": 1.0}).items(), key=lambda each: -each[1]):
        y = _bar(pen, letters, (x, y), lane, share, min(width, 420))
    if explanation.heat is not None and explanation.heat.everywhere:
        y = letters.paragraph(pen, (x, y + 8), "the picture as a whole answers", PALE, (), width, 2)
    if segment is not None and segment.text:
        text, marks = _one_line(segment.text, segment.marks)
        text, marks = _around(text, marks, letters, width)
        letters.write(pen, (x, y + 12), KINDS[segment.kind].retriever, PALE)
        y = letters.paragraph(pen, (x, y + 12 + letters.height), text, INK, marks, width, MOST_LINES)
    return y


def _bar(
    pen: ImageDraw.ImageDraw, letters: Lettering, at: tuple[float, float], lane: str, share: float, width: float
) -> float:
    x, y = at
    start, end = x + 84, x + width - 60
    letters.write(pen, (x, y), lane, INK)
    pen.rounded_rectangle((start, y + 6, end, y + letters.height - 8), 3, FRAME)
    if share * (end - start) >= 2:
        pen.rounded_rectangle((start, y + 6, start + share * (end - start), y + letters.height - 8), 3, LANES[lane])
    letters.write(pen, (end + 10, y), f"{100 * share:.0f} %", PALE)
    return y + letters.height


def _one_line(text: str, marks: tuple[Span, ...]) -> tuple[str, list[Span]]:
    """The text with a blank for every sign that would break a line; marks stay where they are."""
    return "".join(each if each.isprintable() else " " for each in text), list(marks)


def _around(text: str, marks: list[Span], letters: Lettering, width: float) -> tuple[str, list[Span]]:
    """What fits of a long text, around its first mark."""
    lines = letters.lines(text, width, len(text))
    if len(lines) <= MOST_LINES:
        return text, marks
    first = next((at for at, line in enumerate(lines) if marks and line.end > marks[0].start), 0)
    first = max(0, min(first - MOST_LINES // 3, len(lines) - MOST_LINES))
    kept = Span(lines[first].start, lines[first + MOST_LINES - 1].end)
    inside = [each for each in marks if each.start >= kept.start and each.end <= kept.end]
    return text[kept.start : kept.end], [Span(each.start - kept.start, each.end - kept.start) for each in inside]


# ---------------------------------------------------------------- time


def _time(pen: ImageDraw.ImageDraw, letters: Lettering, explanation: Explanation, y: float) -> float:
    """A strip from the beginning to the end: loudness, how sure the question is, the moment, the times."""
    length = explanation.length_ms or 1
    left, right, bottom = MARGIN, WIDTH - MARGIN, y + STRIP
    segment = explanation.segment

    def across(ms: float) -> float:
        return left + (right - left) * min(1.0, ms / length)

    pen.rectangle((left, y, right, bottom), (247, 248, 250), FRAME)
    if segment is not None and segment.span is not None:
        start, end = across(segment.span.start), across(segment.span.end)
        pen.rectangle((start, y + 1, max(end, start + 2), bottom - 1), (255, 240, 180))
    if explanation.outline is not None:
        _outline(pen, explanation.outline, (left, y, right, bottom))
    if explanation.curve is not None:
        _curve(pen, explanation.curve, across, y, bottom)
    letters.write(pen, (left, bottom + 4), clock(0), PALE)
    end_text = clock(length)
    letters.write(pen, (right - letters.width(end_text), bottom + 4), end_text, PALE)
    if segment is not None and segment.span is not None:
        named = f"{clock(segment.span.start)}-{clock(segment.span.end)}"
        middle = across((segment.span.start + segment.span.end) / 2) - letters.width(named) / 2
        inside = min(max(middle, left + 60), right - 60 - letters.width(named))
        letters.write(pen, (inside, bottom + 4), named, INK)
    return bottom + 4 + letters.height


def _outline(pen: ImageDraw.ImageDraw, outline: NDArray[np.float32], place: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = place
    middle, half = (top + bottom) / 2, (bottom - top) / 2 - 8
    for at, loud in enumerate(outline.tolist()):
        x = left + (right - left) * (at + 0.5) / len(outline)
        pen.line((x, middle - half * loud, x, middle + half * loud), (196, 203, 214))


def _curve(pen: ImageDraw.ImageDraw, curve: Curve, across: object, top: float, bottom: float) -> None:
    """Confidence over time as steps, 0 at the bottom and 1 at the top."""
    assert callable(across)
    for start, end, odds in zip(curve.starts.tolist(), curve.ends.tolist(), curve.odds.tolist(), strict=True):
        y = bottom - 4 - (bottom - top - 8) * fusion.confidence(odds)
        pen.line((across(start), y, max(across(end), across(start) + 1), y), (46, 111, 187), 3)
