"""Text in pictures: a cheap look whether there is any, then its lines with their boxes, by the models in `rapidocr`.

    picture -> look (milliseconds) -> detector and reader, where it looks like writing (seconds on a full page) -> lines

Of a video the key frames are looked at, which encoders set at cuts, at most one every FRAME_EVERY_MS; the same line over
neighbouring frames is one segment. Of a PDF the pages without text are read, as they are shown.

The cheap look is a net of 13,000 weights that `training/look.py` made. What the detector tears apart is joined to lines.
Source: PP-OCRv6 small, Chinese and English, as packed in rapidocr 3 (Apache-2.0).
"""

from __future__ import annotations

import difflib
import math
import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retrieval import resources
from retrieval.domain.media import Box, ExtractedSegment, Medium, Segment, Span
from retrieval.errors import EncoderUnavailable, importing
from retrieval.media.language import language_of
from retrieval.settings import LIMITS, Limits

LOOK_SIDE: Final = 512  # pixels of the longer side that the cheap look sees; smaller pictures are enlarged
LOOK_LEAST: Final = 16  # ... of the shorter side: less has no room for a letter
LOOK_ODDS: Final = -0.7  # log-odds of a written place from which a picture is read; chosen on made pictures
NEAR_ODDS: Final = -3.0  # ... of a place that is read in a picture that is
MARGIN: Final = 4  # cells of eight pixels that are read around such places
MOST: Final = 0.7  # share of a picture from which all of it is read
STEP: Final = 32  # pixels by which the detector takes pictures
WHOLE: Final = (0.0, 0.0, 1.0, 1.0)
READ_SIDES: Final = (640, 1280)  # pixels of the longer side that is read; a scanned page needs all of them
ENLARGED: Final = 2.0  # times at most: words of 9 to 20 pixels are read in 94 of 100 cases, in 76 without it
FRAME_EVERY_MS: Final = 2_000
NARROWEST: Final = 96  # pixels of a line of 48 pixels that the reader sees; a narrower one is filled up
SURE: Final = 0.6  # least confidence of a line that is kept
SURE_SHORT: Final = 0.75  # ... of one of two or three characters
SURE_ALONE: Final = 0.95  # ... of a single one: wheels, windows and petals are read as 8, 田 and 米
REACH: Final = 0.6  # gap inside a line, in heights of the line; words of one line stand closer than columns
WIDE_REACH: Final = 1.2  # ... between Chinese, Japanese or Korean characters, which signs set far apart
ALIKE: Final = 0.8  # share of equal letters from which two lines at one place are the same


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a picture. sure: 0..1."""

    text: str
    box: Box
    sure: float


Odds: TypeAlias = NDArray[np.float32]
"""Log-odds (rows, columns) that a cell of a picture, of which it has as many, is written on."""


def may_hold_text(image: Image.Image) -> bool:
    """Whether an RGB picture shows something like writing, of any script. Errs towards yes."""
    return is_written(look(image))


def is_written(odds: Odds) -> bool:
    """The same by what `look` gave."""
    return odds.size > 0 and float(odds.max()) > LOOK_ODDS


def look(image: Image.Image) -> Odds:
    """How much each place of an RGB picture looks like writing; (0, 0) where there is no room for any."""
    grey = image.convert("L")
    scale = min(LOOK_SIDE / max(image.size), ENLARGED)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    grey = grey.resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC)
    if min(grey.size) < LOOK_LEAST:
        return np.zeros((0, 0), np.float32)
    pixels = (np.asarray(grey, np.float32) - 127.5) / 127.5
    return np.asarray(_looking().run(None, {"grey": pixels[None, None]})[0][0, 0])


def places(odds: Odds) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom, as shares of a picture's sides, of the places to be read: bands from top to bottom that
    quiet rows part, each as wide as its writing. The whole picture, where they are most of it.
    """
    near = odds > NEAR_ODDS
    rows, columns = near.shape
    found, share = [], 0.0
    for top, bottom in _runs(np.asarray(near.any(axis=1)), rows):
        marked = np.flatnonzero(near[top:bottom].any(axis=0))
        left, right = max(0, int(marked[0]) - MARGIN), min(columns, int(marked[-1]) + 1 + MARGIN)
        found.append((left / columns, top / rows, right / columns, bottom / rows))
        share += (right - left) * (bottom - top) / near.size
    return found if share < MOST else [WHOLE]


def _runs(marked: NDArray[np.bool_], length: int) -> list[tuple[int, int]]:
    """Half-open ranges of marked places, each with MARGIN around it; those that meet are one."""
    found: list[tuple[int, int]] = []
    for at in np.flatnonzero(marked).tolist():
        start, end = max(0, at - MARGIN), min(length, at + 1 + MARGIN)
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return found


@cache
def _looking() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # decoders are many
    options.log_severity_level = 3
    # A quarter of a million weights of the detector are denormal, which processors multiply a hundred times as slowly. Only
    # the first session of a process sets this, for its thread and those begun by it.
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return onnxruntime.InferenceSession(str(resources.text_look()), options, providers=["CPUExecutionProvider"])


def lines(image: Image.Image, odds: Odds | None = None) -> list[Line]:
    """The lines of an RGB picture from top to bottom, those of SURE confidence; none where nothing is written.

    odds: of `look`, at this picture in any size, where it is to be read only where it looks like writing.

    Raises:
        EncoderUnavailable: rapidocr is missing or broken.
    """
    image = _as_read(image)
    parts: list[Line] = []
    for place in [WHOLE] if odds is None else places(odds):
        parts += [part for part in _parts(image, place) if not any(_covers(each, part) for each in parts)]
    return [line for line in joined(parts, image.size) if _fit(line)]


def _covers(one: Line, other: Line) -> bool:
    """Whether the middle of a line lies in another: neighbouring places overlap where they are stretched."""
    x, y = (other.box.left + other.box.right) / 2, (other.box.top + other.box.bottom) / 2
    return one.box.left <= x <= one.box.right and one.box.top <= y <= one.box.bottom


def _parts(image: Image.Image, place: tuple[float, float, float, float]) -> list[Line]:
    """What the detector finds in a place of a picture, read; boxes are of the whole picture."""
    (left, right), (top, bottom) = _stretch(*place[::2], image.width), _stretch(*place[1::2], image.height)
    found = _engine()(np.ascontiguousarray(np.asarray(image.crop((left, top, right, bottom)))[..., ::-1]))
    if found.boxes is None or found.txts is None:
        return []
    seen = zip(np.asarray(found.boxes) + np.array((left, top)), found.txts, found.scores, strict=True)
    return [Line(text.strip(), _box(corners, image.size), float(sure)) for corners, text, sure in seen if text.strip()]


def _stretch(low: float, high: float, side: int) -> tuple[int, int]:
    """First and behind the last pixel of a part of a side: a multiple of STEP, where there is room, as the detector squeezes
    others.
    """
    start, end = math.floor(low * side), math.ceil(high * side)
    length = -(-(end - start) // STEP) * STEP
    end = min(side, start + length)
    return max(0, min(start, end - length)), end


def _as_read(image: Image.Image) -> Image.Image:
    """The picture with its longer side in READ_SIDES; enlarged to that ENLARGED times at most."""
    least, most = READ_SIDES
    scale = min(most / max(image.size), max(1.0, min(least / max(image.size), ENLARGED)))
    if scale == 1.0:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS if scale < 1.0 else Image.Resampling.BICUBIC)


def _fit(line: Line) -> bool:
    written = sum(char.isalnum() for char in line.text)
    least = SURE_ALONE if written == 1 else SURE_SHORT if written <= 3 else SURE
    return written > 0 and line.sure >= least


# ---------------------------------------------------------------- lines


def joined(parts: Iterable[Line], size: tuple[int, int]) -> list[Line]:
    """Parts that stand beside each other as lines, from top to bottom. size: width and height of the picture, pixels."""
    found: list[Line] = []
    for part in sorted(parts, key=lambda each: each.box.left):
        before = next((line for line in found if _goes_on(line, part, size)), None)
        if before is None:
            found.append(part)
        else:
            found[found.index(before)] = _one(before, part)
    return sorted(found, key=lambda each: (each.box.top, each.box.left))


def _goes_on(line: Line, part: Line, size: tuple[int, int]) -> bool:
    """Whether a part is the next one of a line: about as high, level with its end, and close to it."""
    a, b = line.box, part.box
    high, low = sorted((a.bottom - a.top, b.bottom - b.top), reverse=True)
    level = min(a.bottom, b.bottom) - max(a.top, b.top)
    if low <= 0 or high > 2 * low or level < 0.6 * low:
        return False
    gap = (b.left - a.right) * size[0] / (low * size[1])
    return -0.5 <= gap <= (WIDE_REACH if _is_wide(line.text[-1]) and _is_wide(part.text[0]) else REACH)


def _one(line: Line, part: Line) -> Line:
    a, b = line.box, part.box
    box = Box(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))
    between = "" if _is_wide(line.text[-1]) and _is_wide(part.text[0]) else " "
    weights = len(line.text), len(part.text)
    return Line(line.text + between + part.text, box, float(np.average((line.sure, part.sure), weights=weights)))


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _box(corners: Any, size: tuple[int, int]) -> Box:
    """Upright box around four corners, in ten-thousandths of the picture's sides."""
    low = np.clip(np.asarray(corners).min(axis=0) / size, 0, 1) * 10_000
    high = np.clip(np.asarray(corners).max(axis=0) / size, 0, 1) * 10_000
    return Box(round(low[0]), round(low[1]), round(high[0]), round(high[1]))


@cache
def _engine() -> Any:
    with importing("rapidocr", "'crossmedia[ocr]'", EncoderUnavailable):
        from rapidocr import RapidOCR
    _looking()  # before the reader's own sessions: see there
    threads = "EngineConfig.onnxruntime.intra_op_num_threads"  # decoders are many: one thread for each
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "critical",
            "Global.text_score": SURE,
            "Rec.rec_img_shape": [3, 48, NARROWEST],
            "Rec.rec_batch_num": 1,  # on one thread a batch saves nothing, and makes all its lines as wide as the widest
            "Det.limit_type": "max",
            "Det.limit_side_len": READ_SIDES[1],
            threads: 1 if (os.cpu_count() or 1) > 1 else -1,
        }
    )


# ---------------------------------------------------------------- files


def read_lines(
    path: Path, medium: Medium, limits: Limits = LIMITS, alive: Callable[[], None] = lambda: None
) -> Iterator[ExtractedSegment]:
    """`text_line` Readings of a picture, of the key frames of a video or of the scanned pages of a PDF.

    Raises:
        MediaError: the file cannot be used.
    """
    if medium == "image":
        yield from (ExtractedSegment(_segment(line)) for line in _lines_of_file(path, limits))
    elif medium == "video":
        yield from (ExtractedSegment(segment) for segment in _lines_of_video(path, alive))
    elif medium == "document":
        yield from (ExtractedSegment(segment) for segment in _lines_of_pages(path, limits, alive))


def _segment(line: Line, **where: Any) -> Segment:
    return Segment("text_line", text=line.text, lang=language_of(line.text), box=line.box, **where)


def _lines_of_file(path: Path, limits: Limits) -> list[Line]:
    from retrieval.media.image import decode

    side = int(READ_SIDES[1] / decode.MARGIN)  # so that of a square picture, too, all that is read is decoded
    return lines_if_any(decode.open_image(path, limits, side))


def lines_if_any(image: Image.Image) -> list[Line]:
    """The lines of an RGB picture in the places that look like writing."""
    odds = look(image)
    return lines(image, odds) if is_written(odds) else []


def _lines_of_pages(path: Path, limits: Limits, alive: Callable[[], None]) -> Iterator[Segment]:
    from retrieval.media.documents import pdf
    from retrieval.media.sniff import identify

    if identify(path)[1] != "pdf":
        return
    with pdf.opened(path, limits) as document:
        for number in range(len(document)):
            for image in pdf.scanned_page(document, number, READ_SIDES[1]):
                alive()
                yield from (_segment(line, page=number + 1) for line in lines_if_any(image))


def _lines_of_video(path: Path, alive: Callable[[], None]) -> Iterator[Segment]:
    from retrieval.media.av.video import key_frames

    folding = Folding()
    end = 0
    for at, until, shown in key_frames(path, FRAME_EVERY_MS):
        alive()
        odds = look(shown(LOOK_SIDE))
        yield from folding.see(at, lines(shown(0), odds) if is_written(odds) else [])
        end = until
    yield from folding.end(end)


@dataclass(slots=True)
class Folding:
    """Joins the same line over neighbouring frames. Lines under way are held; ended ones are given."""

    _held: list[tuple[int, Line]] = field(default_factory=list)  # since when, and how it was read best

    def see(self, at: int, seen: Iterable[Line]) -> Iterator[Segment]:
        """Takes the lines of the frame at `at` ms; gives those that are not there any more."""
        left = list(self._held)
        now: list[tuple[int, Line]] = []
        for line in seen:
            before = next((each for each in left if _same(each[1], line)), None)
            if before is not None:
                left.remove(before)
                since, best = before
                now.append((since, replace(max(best, line, key=lambda one: one.sure), box=line.box)))
            else:
                now.append((at, line))
        yield from self._given(left, at)
        self._held = now

    def end(self, at: int) -> Iterator[Segment]:
        """What is left when the video ends at `at` ms."""
        yield from self._given(self._held, at)
        self._held = []

    @staticmethod
    def _given(held: list[tuple[int, Line]], until: int) -> Iterator[Segment]:
        yield from (_segment(line, span=Span(since, max(since, until))) for since, line in held)


def _same(one: Line, other: Line) -> bool:
    a, b = (unicodedata.normalize("NFKC", each.text).casefold() for each in (one, other))
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio() >= ALIKE and _near(one.box, other.box)


def _near(a: Box, b: Box) -> bool:
    """Whether one box moved to the other at most by a quarter of the picture: titles and credits roll."""
    return abs(a.left - b.left) <= 2_500 and abs(a.top - b.top) <= 2_500
