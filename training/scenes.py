"""What a drawn picture shows, as exact truth, and the sentences that say it in English and Chinese.

Nothing here touches pixels: `training.render` paints a `Scene`. All lengths are fractions of the picture's side,
so one scene can be painted at any size. The seed ranges at the top are the only place that keeps training, tests and
`data/samples` apart.

Pictograms: `pictograms.tsv` holds code points with short names, derived from the Unicode CLDR annotations and
emoji-test.txt (Unicode License v3) and edited by hand; the pictures come from an open colour font at painting time.
"""

from __future__ import annotations

import csv
import functools
import random
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Colour: TypeAlias = tuple[int, int, int]
Lang: TypeAlias = Literal["en", "zh"]

# Disjoint by construction. Training takes only TRAINING; every other user has a range of its own.
TRAINING = range(2**31)
CHOOSING = range(2**31, 2**31 + 2**20)  # validation while training
TESTING = range(2**31 + 2**20, 2**31 + 2**21)
SAMPLING = range(2**31 + 2**21, 2**31 + 2**22)  # data/samples and its questions

COLOURS: dict[str, tuple[str, Colour]] = {
    "red": ("红色", (222, 30, 35)),
    "orange": ("橙色", (250, 140, 20)),
    "yellow": ("黄色", (252, 222, 30)),
    "green": ("绿色", (35, 160, 60)),
    "blue": ("蓝色", (35, 80, 215)),
    "purple": ("紫色", (130, 50, 165)),
    "pink": ("粉色", (250, 150, 190)),
    "brown": ("棕色", (125, 75, 35)),
    "black": ("黑色", (15, 15, 18)),
    "white": ("白色", (250, 250, 250)),
    "grey": ("灰色", (135, 135, 138)),
    "turquoise": ("青色", (60, 205, 205)),
}
SHAPES: dict[str, str] = {
    "circle": "圆形",
    "square": "正方形",
    "triangle": "三角形",
    "star": "五角星",
    "rectangle": "长方形",
    "heart": "心形",
    "pentagon": "五边形",
    "hexagon": "六边形",
    "diamond": "菱形",
    "cross": "十字形",
    "arrow": "箭头",
    "crescent": "月牙形",
    "ring": "圆环",
    "oval": "椭圆形",
}
NUMBERS = {1: ("one", "一"), 2: ("two", "两"), 3: ("three", "三"), 4: ("four", "四")}
PATTERNS: dict[str, tuple[str, str]] = {
    "plain": ("a plain {0} surface", "纯{0}的画面"),
    "horizontal": ("horizontal {0} and {1} stripes", "{0}和{1}相间的横条纹"),
    "vertical": ("vertical {0} and {1} stripes", "{0}和{1}相间的竖条纹"),
    "diagonal": ("diagonal {0} and {1} stripes", "{0}和{1}相间的斜条纹"),
    "checkers": ("a {0} and {1} checkerboard", "{0}和{1}相间的棋盘格"),
    "dots": ("{0} dots on {1}", "{1}底上的{0}圆点"),
    "rings": ("{0} and {1} concentric rings", "{0}和{1}的同心圆"),
    "grid": ("a {0} grid on {1}", "{1}底上的{0}网格"),
}
SKIES = {
    "day": ("a blue sky", "蓝天"),
    "sunset": ("an orange sunset sky", "橙色的晚霞"),
    "night": ("a dark night sky", "夜空"),
    "overcast": ("a grey sky", "灰色的天空"),
}
GROUNDS = {
    "grass": ("green grass", "绿色的草地"),
    "sand": ("yellow sand", "黄色的沙地"),
    "snow": ("white snow", "白色的雪地"),
    "sea": ("the blue sea", "蓝色的大海"),
    "road": ("a grey road", "灰色的马路"),
}
THINGS = {
    "house": ("a house", "一座房子"),
    "tree": ("a tree", "一棵树"),
    "trees": ("three trees", "三棵树"),
    "boat": ("a sailing boat", "一艘帆船"),
    "car": ("a car", "一辆汽车"),
    "sun": ("the sun", "太阳"),
    "moon": ("the moon", "月亮"),
    "stars": ("stars", "星星"),
    "clouds": ("clouds", "云"),
    "mountains": ("mountains", "群山"),
    "rainbow": ("a rainbow", "彩虹"),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """One true sentence about a picture."""

    text: str
    lang: Lang


@dataclass(frozen=True, slots=True)
class Pictogram:
    """A character of a colour font, with its names. `measure`: the Chinese measure word."""

    char: str
    en: str
    zh: str
    group: str
    group_zh: str
    measure: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing at (x, y) with radius `r`, turned by `angle` degrees. Either a shape or a pictogram."""

    x: float
    y: float
    r: float
    shape: str = ""
    colour: str = ""
    paint: Colour = (0, 0, 0)
    angle: float = 0.0
    outline: bool = False
    pictogram: Pictogram | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What lies behind the items. style: flat, gradient, noise; `second` is the gradient's other end."""

    style: str
    colour: str
    paint: Colour
    second: Colour


@dataclass(frozen=True, slots=True)
class Scene:
    """A whole picture: its kind, its items and what else is true of it."""

    seed: int
    kind: Literal["shapes", "pair", "pictogram", "landscape", "pattern", "letter"]
    ground: Ground
    items: tuple[Item, ...] = ()
    pattern: str = ""
    letter: str = ""
    sky: str = ""
    land: str = ""
    things: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    paints: tuple[Colour, ...] = ()
    captions: tuple[Caption, ...] = field(default=())


@functools.cache
def pictograms() -> tuple[Pictogram, ...]:
    """All pictograms in the order of the table."""
    table = Path(__file__).with_name("pictograms.tsv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(
        Pictogram(chr(int(r["codepoint"], 16)), r["en"], r["zh"], r["group"], r["group_zh"], r["measure"]) for r in rows
    )


def held_out(colour: str, shape: str, count: int) -> bool:
    """Whether a combination never appears in training: about one in eight, by checksum, the same everywhere."""
    return zlib.crc32(f"{colour} {shape} {count}".encode()) % 8 == 0


def compose(seed: int, kind: str | None = None) -> Scene:
    """The scene of a seed, with its captions (general ones first, two languages)."""
    rng = random.Random(seed)
    chosen = kind or rng.choices(tuple(_KINDS), weights=tuple(weight for weight, _ in _KINDS.values()))[0]
    return _KINDS[chosen][1](rng, seed)


# --- words ---------------------------------------------------------------------------------------------------------

_MASS = {
    "corn", "bread", "garlic", "butter", "salt", "bacon", "sushi", "popcorn", "spaghetti", "bubble tea", "sake",
    "soap", "fog", "wood", "ice hockey", "lightning", "blowing wind", "DNA", "sheet music", "nail polish", "ginger",
    "canned food", "shaved ice", "cooked rice", "milky way", "weather", "food", "seafood", "art", "science", "medicine",
    "clothing", "money", "mail", "tableware", "music",
}  # fmt: skip
_PLURAL_KEEP = {"sheep", "fish", "deer", "squid", "bison", "shrimp", "dice", "aircraft", "coral"}
_IRREGULAR = {
    "mouse": "mice", "ox": "oxen", "goose": "geese", "foot": "feet", "tooth": "teeth", "person": "people",
    "man": "men", "woman": "women", "child": "children", "wolf": "wolves", "leaf": "leaves", "knife": "knives",
    "policeman": "policemen", "snowman": "snowmen", "potato": "potatoes", "tomato": "tomatoes", "mango": "mangoes",
    "scarf": "scarves", "loaf": "loaves", "calf": "calves",
}  # fmt: skip


def _is_plural(name: str) -> bool:
    head = _head(name)[0]
    return head.endswith("s") and not head.endswith(("ss", "us", "is", "bus")) and head not in {"compass", "lens"}


def _head(name: str) -> tuple[str, str]:
    """The noun phrase before the first preposition, and the rest."""
    words = name.split()
    for n, word in enumerate(words):
        if n and word in {"with", "of", "in", "on", "behind", "at", "and"}:
            return " ".join(words[:n]), " ".join(["", *words[n:]])
    return name, ""


def article(name: str) -> str:
    """The name with a or an, or bare where it is a plural or a mass noun."""
    if name in _MASS or _is_plural(name):
        return name
    return ("an " if name[0].lower() in "aeio" or name.startswith(("um", "up", "X", "x-")) else "a ") + name


def plural(name: str) -> str:
    """More than one of it: "cups with straw", "sheets of paper", "mice"."""
    head, rest = _head(name)
    if name in _MASS or _is_plural(name) or " and " in name or head.split()[-1].endswith("ing"):
        return f"pictures of {article(name)}"
    stem, _, last = head.rpartition(" ")
    stem = f"{stem} " if stem else ""
    if last in _PLURAL_KEEP:
        return head + rest
    if last in _IRREGULAR:
        return stem + _IRREGULAR[last] + rest
    if last.endswith(("s", "x", "ch", "sh")):
        return head + "es" + rest
    if last.endswith("y") and last[-2:-1] not in set("aeiou"):
        return head[:-1] + "ies" + rest
    return head + "s" + rest


def shape_words(count: int, colour: str, shape: str, size: str = "") -> tuple[str, str]:
    """Shapes in English and Chinese: "three red circles", "三个红色的圆形"."""
    zh_size = {"": "", "small": "小", "large": "大"}[size]
    spaced = f"{size} " if size else ""
    if count == 1:
        return article(f"{spaced}{colour} {shape}"), f"一个{COLOURS[colour][0]}的{zh_size}{SHAPES[shape]}"
    many = plural(shape)
    return (
        f"{NUMBERS[count][0]} {spaced}{colour} {many}",
        f"{NUMBERS[count][1]}个{COLOURS[colour][0]}的{zh_size}{SHAPES[shape]}",
    )


def pictogram_words(pictogram: Pictogram, count: int) -> tuple[str, str]:
    """Pictograms in English and Chinese: "two cats", "两只猫"."""
    en = article(pictogram.en) if count == 1 else f"{NUMBERS[count][0]} {plural(pictogram.en)}"
    measure = "个" if pictogram.zh.startswith("一") else pictogram.measure
    zh = pictogram.zh if count == 1 else f"{NUMBERS[count][1]}{measure}{pictogram.zh}"
    return en, zh


def _backdrop(ground: Ground) -> tuple[str, str]:
    return f"on a {ground.colour} background".replace("a orange", "an orange"), f"{COLOURS[ground.colour][0]}背景"


def _captions(*pairs: tuple[str, str]) -> tuple[Caption, ...]:
    return tuple(caption for en, zh in pairs for caption in (Caption(en, "en"), Caption(zh, "zh")))


# --- choices -------------------------------------------------------------------------------------------------------


def shade(rng: random.Random, colour: str, spread: int = 18) -> Colour:
    """A tone of a named colour that people still call by this name."""
    red, green, blue = COLOURS[colour][1]
    light = rng.uniform(-spread, spread)
    channels = (round(min(255, max(0, c + light + rng.uniform(-spread, spread) / 2))) for c in (red, green, blue))
    return (next(channels), next(channels), next(channels))


_CLOSE = {frozenset(pair) for pair in (
    ("red", "orange"), ("orange", "yellow"), ("orange", "brown"), ("red", "brown"), ("red", "pink"), ("pink", "white"),
    ("white", "yellow"), ("white", "grey"), ("black", "grey"), ("black", "brown"), ("black", "blue"),
    ("green", "turquoise"), ("blue", "turquoise"), ("blue", "purple"), ("pink", "purple"), ("black", "purple"),
    ("white", "turquoise"), ("grey", "turquoise"), ("grey", "pink"), ("black", "green"),
)}  # fmt: skip


def _apart(rng: random.Random, *others: str) -> str:
    """A colour that is not close to any of the others."""
    free = [c for c in COLOURS if all(c != o and frozenset((c, o)) not in _CLOSE for o in others)]
    return rng.choice(free)


def _ground(rng: random.Random, *foreground: str) -> Ground:
    """A background whose colour stands off the foreground; white three times in ten where it can."""
    plain = "white"
    can_plain = all(c != plain and frozenset((c, plain)) not in _CLOSE for c in foreground)
    colour = plain if can_plain and rng.random() < 0.3 else _apart(rng, *foreground)
    style = rng.choices(("flat", "gradient", "noise"), weights=(5, 3, 2))[0]
    return Ground(style, colour, shade(rng, colour, 14), shade(rng, colour, 26))


def _places(rng: random.Random, count: int, low: float, high: float) -> list[tuple[float, float, float]]:
    """`count` circles (x, y, r) that neither overlap nor leave the picture. Radii between low and high."""
    radius = rng.uniform(low, high) * (1.0, 1.0, 0.86, 0.76)[count - 1]
    while True:
        found: list[tuple[float, float, float]] = []
        for _ in range(60 * count):
            r = radius * rng.uniform(0.88, 1.0)
            x, y = rng.uniform(r + 0.01, 0.99 - r), rng.uniform(r + 0.01, 0.99 - r)
            if all((x - a) ** 2 + (y - b) ** 2 > (1.06 * (r + c)) ** 2 for a, b, c in found):
                found.append((x, y, r))
            if len(found) == count:
                return found
        radius *= 0.9


def _angle(rng: random.Random, shape: str) -> float:
    return rng.choice((0, 90, 180, 270)) + rng.uniform(-8, 8) if shape == "arrow" else rng.uniform(-14, 14)


# --- kinds of scene ------------------------------------------------------------------------------------------------


def shapes(rng: random.Random, seed: int, colour: str = "", shape: str = "", count: int = 0) -> Scene:
    """One to four equal shapes. Training seeds never show a held-out combination, testing seeds only such."""
    wanted = (colour, shape, count)
    while True:
        colour, shape, count = (
            wanted[0] or rng.choice(tuple(COLOURS)),
            wanted[1] or rng.choice(tuple(SHAPES)),
            wanted[2] or rng.randint(1, 4),
        )
        if all(wanted) or held_out(colour, shape, count) == (seed in TESTING):
            break
    ground = _ground(rng, colour)
    places = _places(rng, count, 0.08, 0.4 if count == 1 else 0.24)
    outline = rng.random() < 0.12 and shape not in {"ring", "crescent"}
    paint = shade(rng, colour)
    items = tuple(Item(x, y, r, shape, colour, paint, _angle(rng, shape), outline) for x, y, r in places)
    en, zh = shape_words(count, colour, shape)
    near, far = _backdrop(ground)
    pairs = [(en, zh), (f"{en} {near}", f"{far}上的{zh}")]
    if count == 1 and not 0.14 < items[0].r < 0.28:
        pairs.append(shape_words(1, colour, shape, "small" if items[0].r <= 0.14 else "large"))
    return Scene(seed, "shapes", ground, items, captions=_captions(*pairs))


def pair(rng: random.Random, seed: int) -> Scene:
    """Two different shapes or pictograms with their relation."""
    vertical, gap = rng.random() < 0.5, rng.uniform(0.2, 0.27)
    middle, radius = rng.uniform(0.4, 0.6), rng.uniform(0.12, 0.19)
    spots = [(0.5 - gap, middle), (0.5 + gap, middle)]
    if vertical:
        spots = [(y, x) for x, y in spots]
    if rng.random() < 0.3:
        first, second = rng.sample(pictograms(), 2)
        ground = _ground(rng)
        items = tuple(Item(x, y, radius, pictogram=p) for (x, y), p in zip(spots, (first, second), strict=True))
        names = [pictogram_words(p, 1) for p in (first, second)]
    else:
        one = rng.choice(tuple(COLOURS))
        two = one if rng.random() < 0.2 else _apart(rng, one)
        kinds = rng.sample(tuple(SHAPES), 2)
        ground = _ground(rng, one, two)
        items = tuple(
            Item(x, y, radius, s, c, shade(rng, c), _angle(rng, s))
            for (x, y), s, c in zip(spots, kinds, (one, two), strict=True)
        )
        names = [shape_words(1, item.colour, item.shape) for item in items]
    (en1, zh1), (en2, zh2) = names
    there, back = (("to the left of", "左边"), ("to the right of", "右边"))
    if vertical:
        there, back = ("above", "上方"), ("below", "下方")
    return Scene(
        seed,
        "pair",
        ground,
        items,
        captions=_captions(
            (f"{en1} and {en2}", f"{zh1}和{zh2}"),
            (f"{en1} {there[0]} {en2}", f"{zh1}在{zh2}的{there[1]}"),
            (f"{en2} {back[0]} {en1}", f"{zh2}在{zh1}的{back[1]}"),
        ),
    )


def pictogram(rng: random.Random, seed: int, wanted: Pictogram | None = None, count: int = 0) -> Scene:
    """One pictogram, or up to four equal ones."""
    chosen = wanted or rng.choice(pictograms())
    count = count or (1 if wanted or rng.random() < 0.75 else rng.randint(2, 4))
    ground = _ground(rng)
    spots = _places(rng, count, 0.22 if count == 1 else 0.14, 0.46 if count == 1 else 0.26)
    items = tuple(Item(x, y, r, angle=rng.uniform(-10, 10), pictogram=chosen) for x, y, r in spots)
    en, zh = pictogram_words(chosen, count)
    near, far = _backdrop(ground)
    pairs = [(en, zh), (f"a drawing of {en}", f"{zh}的图画"), (f"{en} {near}", f"{far}上的{zh}")]
    if count == 1 and chosen.group not in chosen.en:
        pairs.append((f"{chosen.en}, {article(chosen.group)}", f"{chosen.zh},{chosen.group_zh}"))
    return Scene(seed, "pictogram", ground, items, captions=_captions(*pairs))


_IN_SKY: dict[str, tuple[str, ...]] = {
    "day": ("sun", "clouds", "rainbow"),
    "sunset": ("sun", "clouds"),
    "night": ("moon", "stars"),
    "overcast": ("clouds",),
}


def landscape(rng: random.Random, seed: int, sky: str = "", land: str = "") -> Scene:
    """Sky and ground with a few things in them."""
    sky, land = sky or rng.choice(tuple(SKIES)), land or rng.choice(tuple(GROUNDS))
    above = _IN_SKY[sky]
    below = ("boat",) if land == "sea" else ("car", "house", "trees") if land == "road" else ("house", "tree", "trees")
    things = [t for t in above if rng.random() < 0.55]
    if land != "road" and rng.random() < 0.3:
        things.append("mountains")
    things += [t for t in rng.sample(below, len(below)) if rng.random() < 0.6][:2]
    if "tree" in things and "trees" in things:
        things.remove("tree")
    en_sky, zh_sky = SKIES[sky]
    en_land, zh_land = GROUNDS[land]
    front = [t for t in things if t in below]
    pairs = [(f"{en_land} under {en_sky}", f"{zh_sky}下{zh_land}")]
    if front:
        en = " and ".join(THINGS[t][0] for t in front)
        zh = "和".join(THINGS[t][1] for t in front)
        pairs += [(f"{en} on {en_land}", f"{zh_land}上有{zh}"), (f"{en} under {en_sky}", f"{zh_sky}下有{zh}")]
    if things:
        en = ", ".join(THINGS[t][0] for t in things)
        pairs.append((f"a drawing with {en}", "画里有" + "、".join(THINGS[t][1] for t in things)))
    ground = Ground("gradient", "", (0, 0, 0), (0, 0, 0))
    return Scene(seed, "landscape", ground, sky=sky, land=land, things=tuple(things), captions=_captions(*pairs))


def pattern(rng: random.Random, seed: int) -> Scene:
    """Stripes, checkers, dots, rings, grids and plain surfaces."""
    name = rng.choice(tuple(PATTERNS))
    one = rng.choice(tuple(COLOURS))
    two = _apart(rng, one)
    paints = (shade(rng, one), shade(rng, two))
    en, zh = PATTERNS[name]
    text = en.format(one, two)
    if text.startswith("a orange"):
        text = "an" + text[1:]
    pairs = [(text, zh.format(COLOURS[one][0], COLOURS[two][0]))]
    if name == "plain":
        pairs.append((f"nothing but {one}", f"只有{COLOURS[one][0]}"))
    else:
        pairs.append((f"a pattern of {one} and {two}", f"{COLOURS[one][0]}和{COLOURS[two][0]}的图案"))
    ground = Ground("flat", one, paints[0], paints[1])
    return Scene(seed, "pattern", ground, pattern=name, colours=(one, two), paints=paints, captions=_captions(*pairs))


def letter(rng: random.Random, seed: int) -> Scene:
    """A capital letter or a digit."""
    char = rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    colour = rng.choice(tuple(COLOURS))
    ground = _ground(rng, colour)
    ((x, y, r),) = _places(rng, 1, 0.2, 0.42)
    item = Item(x, y, r, colour=colour, paint=shade(rng, colour), angle=rng.uniform(-8, 8))
    en, zh = ("number", "数字") if char.isdigit() else ("letter", "字母")
    coloured = f"{article(colour)} {en} {char}", f"{COLOURS[colour][0]}的{zh}{char}"
    pairs = [(f"the {en} {char}", f"{zh}{char}"), coloured]
    return Scene(seed, "letter", ground, (item,), letter=char, captions=_captions(*pairs))


_KINDS = {
    "shapes": (36, shapes),
    "pair": (14, pair),
    "pictogram": (32, pictogram),
    "landscape": (10, landscape),
    "pattern": (5, pattern),
    "letter": (3, letter),
}
