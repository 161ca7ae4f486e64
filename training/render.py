"""The project's own renderer: drawn pictures with exact truth, by seed.

`draw(seed, size)` gives a picture and true sentences about it; `lineup` gives pictures that differ in one attribute.
Mirror images are not equal pictures here (left and right, letters, arrows): do not flip them in training.

Pictograms are painted with the open colour font Noto Color Emoji (SIL Open Font License 1.1), which must be installed
(`fonts-noto-color-emoji`) or named by CROSSMEDIA_PICTOGRAM_FONT. Show some: `python -m training.render OUT.png`.
"""

from __future__ import annotations

import functools
import math
import os
import random
import sys
import zlib
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from training import scenes
from training.scenes import Caption, Colour, Ground, Item, Scene

FONTS = (
    Path(os.environ.get("CROSSMEDIA_PICTOGRAM_FONT", "")),
    Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"),
    Path("/usr/share/fonts/noto/NotoColorEmoji.ttf"),
)
STRIKE = 109  # the one pixel size of the bitmap font
OVER = 2  # painted at twice the size, then averaged: smooth edges


def draw(seed: int, size: int) -> tuple[Image.Image, list[Caption]]:
    """An RGB picture of (size, size) pixels and its sentences, half English, half Chinese. Same seed, same picture."""
    scene = scenes.compose(seed)
    return paint(scene, size), list(scene.captions)


def lineup(attribute: Literal["colour", "shape", "count"], seed: int, size: int) -> list[tuple[Image.Image, Caption]]:
    """Eight pictures that differ in one attribute, each with the English words for what it shows.

    Colours, shapes and numbers are drawn from all there are, held-out combinations among them. For `count` (1 to 4)
    each number comes twice, in two layouts and with the same words: the right picture is any with the words of the question.
    """
    rng = random.Random(seed)
    colour, shape, count = rng.choice(tuple(scenes.COLOURS)), rng.choice(tuple(scenes.SHAPES)), rng.randint(1, 4)
    if attribute == "colour":
        rows = [(c, shape, count) for c in rng.sample(tuple(scenes.COLOURS), 8)]
    elif attribute == "shape":
        rows = [(colour, s, count) for s in rng.sample(tuple(scenes.SHAPES), 8)]
    else:
        rows = [(colour, shape, n) for n in (1, 2, 3, 4, 1, 2, 3, 4)]
    drawn = (scenes.shapes(random.Random(seed * 8 + n), seed, *row) for n, row in enumerate(rows))
    return [(paint(scene, size), scene.captions[0]) for scene in drawn]


def paint(scene: Scene, size: int) -> Image.Image:
    """The scene as an RGB picture of (size, size) pixels."""
    side = size * OVER
    if scene.kind == "landscape":
        canvas = _landscape(scene, side)
    elif scene.kind == "pattern":
        canvas = _pattern(scene, side)
    else:
        canvas = _backdrop(scene.ground, scene.seed, side)
        for item in scene.items:
            if item.pictogram is not None:
                _stamp(canvas, item, _glyph(item.pictogram.char))
            elif scene.letter:
                _stamp(canvas, item, _letter(scene.letter, item.paint))
            else:
                _shape(canvas, item)
    return canvas.reduce(OVER)


# --- backgrounds ---------------------------------------------------------------------------------------------------


def _blend(top: Colour, bottom: Colour, width: int, height: int) -> Image.Image:
    """A vertical gradient."""
    mask = Image.linear_gradient("L").resize((1, height)).resize((width, height), Image.Resampling.NEAREST)
    return Image.composite(Image.new("RGB", (width, height), bottom), Image.new("RGB", (width, height), top), mask)


def _backdrop(ground: Ground, seed: int, side: int) -> Image.Image:
    if ground.style == "flat":
        return Image.new("RGB", (side, side), ground.paint)
    if ground.style == "gradient":
        canvas = _blend(ground.paint, ground.second, side, side)
        return canvas.transpose(Image.Transpose.ROTATE_90) if seed % 2 else canvas
    rng = random.Random(seed + 1)
    cells = rng.choice((6, 12, 40))
    mask = Image.frombytes("L", (cells, cells), rng.randbytes(cells * cells)).resize((side, side))
    return Image.composite(
        Image.new("RGB", (side, side), ground.second), Image.new("RGB", (side, side), ground.paint), mask
    )


# --- shapes --------------------------------------------------------------------------------------------------------


def _round(count: int, start: float = -90.0, inner: float = 1.0) -> list[tuple[float, float]]:
    """Corners of a regular polygon on the unit circle; with `inner` < 1 every second one lies inside: a star."""
    steps = count * 2 if inner < 1.0 else count
    return [
        (
            (inner if inner < 1.0 and n % 2 else 1.0) * math.cos(a),
            (inner if inner < 1.0 and n % 2 else 1.0) * math.sin(a),
        )
        for n in range(steps)
        for a in (math.radians(start + 360.0 * n / steps),)
    ]


def _heart() -> list[tuple[float, float]]:
    turns = [2 * math.pi * n / 60 for n in range(60)]
    return [
        (
            math.sin(t) ** 3 * 0.95,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 17,
        )
        for t in turns
    ]


def _crescent() -> list[tuple[float, float]]:
    outer = [math.radians(a) for a in range(59, 302, 6)]
    inner = [math.radians(a) for a in range(277, 82, -6)]
    return [(math.cos(a), math.sin(a)) for a in outer] + [
        (0.42 + 0.86 * math.cos(a), 0.86 * math.sin(a)) for a in inner
    ]


OUTLINES: dict[str, list[tuple[float, float]]] = {
    "circle": _round(64),
    "square": _round(4, -45.0),
    "triangle": _round(3),
    "star": _round(5, inner=0.4),
    "rectangle": [(-0.95, -0.5), (0.95, -0.5), (0.95, 0.5), (-0.95, 0.5)],
    "heart": _heart(),
    "pentagon": _round(5),
    "hexagon": _round(6),
    "diamond": [(0, -1), (0.62, 0), (0, 1), (-0.62, 0)],
    "cross": [
        (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
        (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3),
    ],
    "arrow": [(-1, -0.25), (0.15, -0.25), (0.15, -0.65), (1, 0), (0.15, 0.65), (0.15, 0.25), (-1, 0.25)],
    "crescent": _crescent(),
    "ring": _round(64),
    "oval": [(x, 0.58 * y) for x, y in _round(64)],
}  # fmt: skip


def _shape(canvas: Image.Image, item: Item) -> None:
    side = canvas.width
    cos, sin = math.cos(math.radians(item.angle)), math.sin(math.radians(item.angle))
    corners = [
        (side * (item.x + item.r * (x * cos - y * sin)), side * (item.y + item.r * (x * sin + y * cos)))
        for x, y in OUTLINES[item.shape]
    ]
    pen = ImageDraw.Draw(canvas)
    width = max(3, round(side * item.r * 0.16))
    if item.shape == "ring":
        x, y, r = side * item.x, side * item.y, side * item.r
        pen.ellipse((x - r, y - r, x + r, y + r), outline=item.paint, width=max(4, round(r * 0.36)))
    elif item.outline:
        pen.line([*corners, *corners[:2]], fill=item.paint, width=width, joint="curve")
    else:
        pen.polygon(corners, fill=item.paint)


# --- glyphs --------------------------------------------------------------------------------------------------------


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    for path in FONTS:
        if path.is_file():
            return ImageFont.truetype(str(path), STRIKE)
    raise FileNotFoundError("no Noto Color Emoji font; install it or set CROSSMEDIA_PICTOGRAM_FONT")


@functools.cache
def _glyph(char: str) -> Image.Image:
    """The pictogram, cut to its ink, in RGBA."""
    canvas = Image.new("RGBA", (160, 160), (0, 0, 0, 0))
    ImageDraw.Draw(canvas).text((10, 10), char, font=_font(), embedded_color=True)
    box = canvas.getbbox()
    if box is None:
        raise ValueError(f"the font has no glyph for U+{ord(char):X}")
    return canvas.crop(box)


def _letter(char: str, colour: Colour) -> Image.Image:
    font = ImageFont.load_default(size=120)
    box = font.getbbox(char)
    canvas = Image.new("RGBA", (math.ceil(box[2]) + 8, math.ceil(box[3]) + 8), (*colour, 0))
    ImageDraw.Draw(canvas).text((4, 4), char, font=font, fill=colour, stroke_width=3, stroke_fill=colour)
    return canvas.crop(canvas.getbbox())


def _stamp(canvas: Image.Image, item: Item, glyph: Image.Image) -> None:
    """Paste a glyph into the item's circle."""
    side = canvas.width
    longest = 2 * side * item.r * 0.86
    scale = longest / max(glyph.size)
    glyph = glyph.resize(
        (max(1, round(glyph.width * scale)), max(1, round(glyph.height * scale))), Image.Resampling.BILINEAR
    )
    glyph = glyph.rotate(-item.angle, Image.Resampling.BILINEAR, expand=True)
    canvas.paste(glyph, (round(side * item.x - glyph.width / 2), round(side * item.y - glyph.height / 2)), glyph)


# --- patterns ------------------------------------------------------------------------------------------------------


def _pattern(scene: Scene, side: int) -> Image.Image:
    rng = random.Random(scene.seed + 2)
    first, second = scene.paints
    canvas = Image.new("RGB", (side, side), first if scene.pattern == "plain" else second)
    pen = ImageDraw.Draw(canvas)
    step = side / rng.choice((4, 6, 8, 10, 14))
    marks = [n * step for n in range(-16, 32)]
    if scene.pattern == "horizontal":
        for at in marks[::2]:
            pen.rectangle((0, at, side, at + step), fill=first)
    elif scene.pattern == "vertical":
        for at in marks[::2]:
            pen.rectangle((at, 0, at + step, side), fill=first)
    elif scene.pattern == "diagonal":
        for at in marks[::2]:
            pen.polygon([(at, 0), (at + step, 0), (at + step + side, side), (at + side, side)], fill=first)
    elif scene.pattern == "checkers":
        for row, at in enumerate(marks):
            for across in marks[row % 2 :: 2]:
                pen.rectangle((across, at, across + step, at + step), fill=first)
    elif scene.pattern == "dots":
        radius = step * rng.uniform(0.25, 0.4)
        for at in marks:
            for across in marks:
                pen.ellipse((across - radius, at - radius, across + radius, at + radius), fill=first)
    elif scene.pattern == "rings":
        for n in range(14, 0, -1):
            radius = n * step / 2
            box = (side / 2 - radius, side / 2 - radius, side / 2 + radius, side / 2 + radius)
            pen.ellipse(box, fill=first if n % 2 else second)
    elif scene.pattern == "grid":
        width = max(2, round(step * rng.uniform(0.08, 0.25)))
        for at in marks:
            pen.line((at, 0, at, side), fill=first, width=width)
            pen.line((0, at, side, at), fill=first, width=width)
    return canvas


# --- landscapes ----------------------------------------------------------------------------------------------------

_SKY: dict[str, tuple[Colour, Colour]] = {
    "day": ((70, 140, 230), (170, 215, 250)),
    "sunset": ((235, 110, 60), (255, 200, 110)),
    "night": ((8, 12, 35), (30, 35, 80)),
    "overcast": ((140, 145, 150), (190, 193, 197)),
}
_LAND: dict[str, tuple[Colour, Colour]] = {
    "grass": ((90, 175, 70), (45, 125, 45)),
    "sand": ((240, 215, 140), (220, 185, 105)),
    "snow": ((250, 252, 255), (225, 232, 242)),
    "sea": ((50, 120, 190), (20, 70, 140)),
    "road": ((120, 120, 122), (85, 85, 88)),
}


def _landscape(scene: Scene, side: int) -> Image.Image:
    rng = random.Random(scene.seed + 3)
    horizon = round(side * rng.uniform(0.45, 0.65))
    top, bottom = (tuple(max(0, min(255, c + rng.randint(-12, 12))) for c in tone) for tone in _SKY[scene.sky])
    canvas = Image.new("RGB", (side, side))
    canvas.paste(_blend(top, bottom, side, horizon), (0, 0))  # type: ignore[arg-type]  # three channels
    pen = ImageDraw.Draw(canvas)
    for thing in ("stars", "sun", "moon", "rainbow", "clouds", "mountains"):
        if thing in scene.things:
            _ABOVE[thing](pen, rng, side, horizon)
    canvas.paste(_blend(*_LAND[scene.land], side, side - horizon), (0, horizon))
    if scene.land == "road":
        for n in range(5):
            x = side * (0.05 + 0.22 * n)
            pen.rectangle((x, side * 0.86, x + side * 0.11, side * 0.88), fill=(240, 240, 230))
    front = [t for t in scene.things if t in _FRONT]
    for place, thing in enumerate(front):
        middle = side * ((place + 0.5) / len(front) + rng.uniform(-0.08, 0.08))
        _FRONT[thing](pen, rng, side, middle, horizon + side * rng.uniform(0.03, 0.2))
    return canvas


def _sun(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    x, y, r = side * rng.uniform(0.12, 0.88), horizon * rng.uniform(0.22, 0.5), side * rng.uniform(0.05, 0.09)
    pen.ellipse((x - r, y - r, x + r, y + r), fill=(255, 225, 50))
    for n in range(12 if rng.random() < 0.5 else 0):
        a = math.pi * n / 6
        near, far = r * 1.25, r * 1.7
        ends = (x + near * math.cos(a), y + near * math.sin(a), x + far * math.cos(a), y + far * math.sin(a))
        pen.line(ends, fill=(255, 215, 40), width=max(2, round(r * 0.16)))


def _moon(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    x, y, r = side * rng.uniform(0.15, 0.85), horizon * rng.uniform(0.22, 0.5), side * rng.uniform(0.06, 0.1)
    if rng.random() < 0.5:
        pen.ellipse((x - r, y - r, x + r, y + r), fill=(240, 238, 215))
    else:
        pen.polygon([(x + r * a, y + r * b) for a, b in OUTLINES["crescent"]], fill=(245, 240, 200))


def _stars(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    for _ in range(rng.randint(14, 40)):
        x, y, r = rng.uniform(0, side), rng.uniform(0, horizon * 0.95), side * rng.uniform(0.004, 0.011)
        pen.polygon([(x + r * a, y + r * b) for a, b in OUTLINES["star"]], fill=(250, 250, 220))


def _clouds(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    tone = rng.randint(225, 255)
    for _ in range(rng.randint(2, 4)):
        x, y, r = side * rng.uniform(0.1, 0.9), horizon * rng.uniform(0.12, 0.6), side * rng.uniform(0.04, 0.07)
        for dx, dy, s in ((-1.2, 0.2, 0.8), (0, -0.2, 1.1), (1.1, 0.1, 0.9), (0.3, 0.4, 0.9), (-0.5, 0.4, 0.8)):
            box = (x + (dx - s) * r, y + (dy - s * 0.7) * r, x + (dx + s) * r, y + (dy + s * 0.7) * r)
            pen.ellipse(box, fill=(tone, tone, tone))


def _mountains(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    tone = rng.randint(70, 120)
    for n in range(rng.randint(2, 4)):
        x, w, h = side * rng.uniform(0, 1), side * rng.uniform(0.25, 0.45), side * rng.uniform(0.18, 0.33)
        shade = (tone + 8 * n, tone + 5 * n, tone + 12 * n)
        pen.polygon([(x - w, horizon), (x, horizon - h), (x + w, horizon)], fill=shade)
        cap = [(x - w * 0.25, horizon - h * 0.75), (x, horizon - h), (x + w * 0.25, horizon - h * 0.75)]
        pen.polygon(cap, fill=(245, 245, 250))


def _rainbow(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, horizon: int) -> None:
    x, r, w = side * rng.uniform(0.35, 0.65), side * rng.uniform(0.3, 0.42), max(2, round(side * 0.018))
    bands = ((220, 40, 40), (245, 140, 30), (250, 230, 50), (60, 170, 70), (50, 100, 220), (130, 60, 170))
    for n, band in enumerate(bands):
        s = r - n * w
        pen.arc((x - s, horizon - s, x + s, horizon + s), 180, 360, fill=band, width=w + 1)


def _house(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, x: float, y: float) -> None:
    w, h = side * rng.uniform(0.1, 0.15), side * rng.uniform(0.14, 0.2)
    wall = rng.choice(((235, 225, 200), (200, 90, 70), (240, 240, 240), (245, 215, 120), (150, 180, 210)))
    roof = rng.choice(((160, 50, 40), (90, 60, 45), (70, 75, 85)))
    pen.rectangle((x - w, y - h, x + w, y), fill=wall)
    pen.polygon([(x - w * 1.25, y - h), (x, y - h * 1.75), (x + w * 1.25, y - h)], fill=roof)
    pen.rectangle((x - w * 0.2, y - h * 0.55, x + w * 0.2, y), fill=(95, 60, 35))
    for at in (-0.65, 0.65):
        pen.rectangle((x + w * (at - 0.2), y - h * 0.75, x + w * (at + 0.2), y - h * 0.4), fill=(150, 205, 240))


def _tree(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, x: float, y: float) -> None:
    h = side * rng.uniform(0.22, 0.34)
    green = (rng.randint(20, 70), rng.randint(110, 150), rng.randint(30, 70))
    pen.rectangle((x - h * 0.06, y - h * 0.4, x + h * 0.06, y), fill=(105, 70, 40))
    if rng.random() < 0.5:
        for n in range(3):
            w, base = h * (0.32 - 0.07 * n), y - h * (0.25 + 0.22 * n)
            pen.polygon([(x - w, base), (x, base - h * 0.4), (x + w, base)], fill=green)
    else:
        for dx, dy, s in ((0, 0.72, 0.3), (-0.2, 0.55, 0.22), (0.2, 0.55, 0.22)):
            box = (x + (dx - s) * h, y - (dy + s) * h, x + (dx + s) * h, y - (dy - s) * h)
            pen.ellipse(box, fill=green)


def _trees(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, x: float, y: float) -> None:
    state = rng.random()
    for n in (-1, 0, 1):
        _tree(pen, random.Random(state), side, x + n * side * 0.16, y + side * rng.uniform(-0.01, 0.03))


def _boat(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, x: float, y: float) -> None:
    s = side * rng.uniform(0.12, 0.2)
    hull = rng.choice(((150, 60, 40), (245, 245, 245), (60, 60, 70), (200, 40, 40)))
    pen.polygon([(x - s, y), (x + s, y), (x + s * 0.65, y + s * 0.4), (x - s * 0.65, y + s * 0.4)], fill=hull)
    pen.line((x, y, x, y - s * 1.6), fill=(90, 60, 40), width=max(2, round(s * 0.07)))
    for sail, tone in (
        (((0.08, -0.1), (0.08, -1.55), (0.85, -0.1)), 250),
        (((-0.08, -0.1), (-0.08, -1.3), (-0.6, -0.1)), 230),
    ):
        pen.polygon([(x + s * a, y + s * b) for a, b in sail], fill=(tone, tone, tone - 5))


def _car(pen: ImageDraw.ImageDraw, rng: random.Random, side: int, x: float, y: float) -> None:
    s = side * rng.uniform(0.13, 0.2)
    body = rng.choice(((205, 35, 35), (40, 80, 200), (245, 205, 40), (240, 240, 240), (40, 140, 70)))
    cabin = ((-0.6, -0.45), (-0.35, -0.85), (0.35, -0.85), (0.65, -0.45))
    glass = ((-0.45, -0.47), (-0.28, -0.76), (0.28, -0.76), (0.48, -0.47))
    pen.polygon([(x + s * a, y + s * b) for a, b in cabin], fill=body)
    pen.polygon([(x + s * a, y + s * b) for a, b in glass], fill=(170, 215, 240))
    pen.rectangle((x - s, y - s * 0.47, x + s, y - s * 0.08), fill=body)
    for at in (-0.55, 0.55):
        pen.ellipse((x + s * (at - 0.22), y - s * 0.25, x + s * (at + 0.22), y + s * 0.19), fill=(25, 25, 28))


_ABOVE = {"stars": _stars, "sun": _sun, "moon": _moon, "rainbow": _rainbow, "clouds": _clouds, "mountains": _mountains}
_FRONT = {"house": _house, "tree": _tree, "trees": _trees, "boat": _boat, "car": _car}


def sheet(seeds: range, size: int = 160, across: int = 8) -> Image.Image:
    """A contact sheet of the seeds' pictures, row by row."""
    rows = math.ceil(len(seeds) / across)
    canvas = Image.new("RGB", (across * size, rows * size), (255, 255, 255))
    for n, seed in enumerate(seeds):
        canvas.paste(draw(seed, size)[0], (n % across * size, n // across * size))
    return canvas


def fingerprint(picture: Image.Image) -> int:
    """A checksum of the pixels, to see that painting did not change."""
    return zlib.crc32(picture.tobytes())


if __name__ == "__main__":
    sheet(range(48)).save(sys.argv[1])
