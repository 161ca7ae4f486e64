"""Text in pictures that we draw: fonts of this machine that hold its letters, lines, and marked words.

Every character is drawn by the first font that has it; what none has is named, not drawn as an empty box unnoticed.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from retrieval import settings
from retrieval.domain.media import Span

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont

# In this order: plain faces first, then those that hold many scripts. Parts of file names, without their case.
WANTED = (
    "notosans-regular", "dejavusans.", "segoeui.", "arial.", "helvetica", "liberationsans-regular",
    "notosanscjk-regular", "notosanssc", "wqy-microhei", "wqy-zenhei", "msyh", "pingfang", "hiragino", "yugoth",
    "malgun", "applesdgothic", "droidsansfallback", "uming", "arial unicode", "notosansthai", "notosansdevanagari",
    "notosansarabic", "notosanshebrew", "nirmala", "leelawad", "thonburi", "loma", "garuda", "freesans", "unifont",
)  # fmt: skip
MOST_FONTS = 400  # files that are tried for a letter


@dataclass(slots=True)
class Lettering:
    """Draws text of one size. missing: characters that no font here has."""

    size: int
    missing: set[str] = field(default_factory=set)

    @property
    def height(self) -> int:
        """Pixels from one line to the next."""
        return round(self.size * 1.45)

    def width(self, text: str) -> float:
        """Pixels of a text on one line."""
        return sum(font.getlength(run) for font, run in self._runs(text))

    def lines(self, text: str, width: float, most: int) -> list[Span]:
        """Where each line of a text begins and ends, `width` pixels at most; no more than `most` lines."""
        found: list[Span] = []
        at, used, start = 0, 0.0, 0
        for piece in _pieces(text):
            wide = self.width(piece)
            if used and used + wide > width and piece.strip():
                found.append(Span(start, at))
                start, used = at, 0.0
            at += len(piece)
            used += wide
        found.append(Span(start, at))
        return found[:most]

    def write(
        self, pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, ink: Colour, marks: Sequence[Span] = ()
    ) -> None:
        """One line with its left upper corner at `place`; marks: characters with a bright ground."""
        x, y = place
        for each in marks:
            left, right = x + self.width(text[: each.start]), x + self.width(text[: each.end])
            pen.rounded_rectangle((left - 1, y, right + 1, y + self.height - 2), 3, (255, 226, 89))
        for font, run in self._runs(text):
            pen.text((x, y + self.size), run, ink, font, anchor="ls")
            x += font.getlength(run)

    def paragraph(
        self,
        pen: ImageDraw.ImageDraw,
        place: tuple[float, float],
        text: str,
        ink: Colour,
        marks: Sequence[Span],
        width: float,
        most: int,
    ) -> float:
        """Several lines; returns where the next one would begin."""
        x, y = place
        for line in self.lines(text, width, most):
            inside = [each for each in marks if each.start < line.end and each.end > line.start]
            own = [Span(max(0, each.start - line.start), min(each.end, line.end) - line.start) for each in inside]
            self.write(pen, (x, y), text[line.start : line.end].rstrip(), ink, own)
            y += self.height
        return y

    def _runs(self, text: str) -> Iterator[tuple[Font, str]]:
        """The text in pieces that one font holds."""
        chosen: list[tuple[Font, str]] = []
        is_missing = False
        for letter in text:
            is_mark = bool(chosen) and unicodedata.category(letter) in ("Mn", "Mc", "Me")  # of the letter before it
            if is_mark and is_missing:
                continue
            font = _holding(letter, self.size) or (chosen[-1][0] if is_mark else None)
            is_missing = font is None
            if is_missing:
                self.missing.add(letter)
            chosen.append((font or _plain(self.size), letter if font else "\N{REPLACEMENT CHARACTER}"))
        for font, group in groupby(chosen, lambda each: each[0]):
            yield font, "".join(letter for _, letter in group)


def missing_line(missing: Iterable[str]) -> str:
    """What is said where letters could not be drawn; empty where all could."""
    named = sorted(missing)
    if not named:
        return ""
    more = " ..." if len(named) > 12 else ""
    is_wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in named)
    such = "Noto Sans CJK" if is_wide else "Noto Sans"
    return f"no font here has {' '.join(named[:12])}{more} (install one that does, such as {such}, and draw again)"


def _pieces(text: str) -> Iterator[str]:
    """What is not torn between lines: words with the blanks behind them, or single wide characters."""
    held = ""
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF" and unicodedata.category(letter)[0] != "P"
        if held and (wide or (held[-1].isspace() and not letter.isspace())):
            yield held
            held = ""
        held += letter
    if held:
        yield held


# ---------------------------------------------------------------- fonts


@cache
def _plain(size: int) -> Font:
    """Pillow's own face: Latin letters, wherever it runs."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@cache
def _holding(letter: str, size: int) -> Font | None:
    """The first font that has a letter."""
    if unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp"):
        return _plain(size)
    return next((font for file in _files() if (font := _opened(file, size)) and _has(font, letter)), None)


def _has(font: Font, letter: str) -> bool:
    """A font draws what it does not have as it draws a code point that nobody has."""
    try:
        return font.getmask(letter).getbbox() is not None and _ink(font, letter) != _ink(font, "\U0010ffff")
    except (OSError, ValueError):
        return False


def _ink(font: Font, letter: str) -> bytes:
    mask = font.getmask(letter)
    return bytes(mask) + str(mask.size).encode()


@cache
def _opened(file: Path | None, size: int) -> Font | None:
    if file is None:
        return _plain(size)
    try:
        return ImageFont.truetype(os.fspath(file), size)
    except (OSError, ValueError):
        return None


@cache
def _files() -> tuple[Path | None, ...]:
    """Font files of this machine, the wanted ones first, and Pillow's own face (None) for Latin letters before them."""
    found = [file for folder in _folders() if folder.is_dir() for file in _fonts_in(folder)]
    order = {file: _rank(file) for file in found}
    return (None, *sorted(found, key=lambda file: (order[file], str(file)))[:MOST_FONTS])


def _fonts_in(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name) for name in names if name.lower().endswith((".ttf", ".otf", ".ttc")))


def _rank(file: Path) -> tuple[int, int]:
    name = file.name.lower()
    place = next((at for at, wanted in enumerate(WANTED) if wanted in name), len(WANTED))
    fancy = any(word in name for word in ("bold", "italic", "oblique", "mono", "serif", "condensed", "light", "black"))
    return place, int(fancy)


def _folders() -> Iterator[Path]:
    home = Path.home()
    if (named := settings.font_folders()) is not None:
        yield from named
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    elif sys.platform == "win32":
        yield from (
            Path(os.environ.get("WINDIR", "C:/Windows"), "Fonts"),
            home / "AppData/Local/Microsoft/Windows/Fonts",
        )
    else:
        data = os.environ.get("XDG_DATA_HOME") or home / ".local/share"
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path(data, "fonts"), home / ".fonts")


def canvas(width: int, height: int, ground: Colour) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """An empty picture and what draws in it."""
    picture = Image.new("RGB", (width, height), ground)
    return picture, ImageDraw.Draw(picture)
