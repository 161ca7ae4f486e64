"""Trains the cheap look of `retrieval.media.image.ocr`: does a picture hold writing at all?

    python -m training.look --data DIR --fonts DIR --out FILE [--steps 4000] [--seed 190]

DIR of --data is laid out as training/data.py says; DIR of --fonts is searched for font files, named as Debian names
those of fonts-noto-core, -noto-cjk, -nanum, -lato, ...: the name tells the script. A few convolutions over a grey
picture give a log-odds for every CELL x CELL pixels; the picture's is their greatest. Writing is drawn over photos, and
what must not tell it from them is varied in both alike: sharpness (photos in their own size beside enlarged ones, blur,
resampling), hard edges (drawings, shapes, lines, borders between photos), noise, contrast, compression.

Photos that hold writing themselves would teach the opposite: goods and clothes are left out, and so is what WRITTEN
names, in which the reader of `retrieval.media.image.ocr` reads something.
"""

from __future__ import annotations

import argparse
import io
import random
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from training import render, scenes
from training.data import read_captions, read_labels

SHARDS = ("flickr8k_train_a", "flickr8k_train_b", "imagenet_sample", "labelled")  # the others are for choosing
WRITTEN = Path(__file__).with_name("written.txt")
GOODS = {"grocery", "clothes"}  # groups of labels whose photos are full of writing
DRAWINGS = 500
WIDE, HIGH, CELL = 272, 224, 8
BATCH, RATE, WARM_UP = 12, 6e-3, 50
SMALLEST, LARGEST = 9, 110  # pixels of an em
HARDEST = 24  # cells without writing that count, in each picture
SCRIPTS = (
    "Thai", "Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Gujarati",
    "Gurmukhi", "Khmer", "Lao", "Myanmar", "Sinhala", "Tibetan", "Ethiopic", "Georgian", "Armenian",
)  # fmt: skip
LATIN = ("Lato-", "Roboto-", "OpenSans-", "FreeS", "FreeMono", "Vollkorn", "Comfortaa", "Dancing", "Humor", "lobster",
         "Lobster", "Courier", "Play-", "NotoSans-", "NotoSerif-", "NotoSansDisplay-", "NotoSerifDisplay-")  # fmt: skip
WIDER = ("NotoSans-", "NotoSerif-", "FreeS")  # hold Greek and Cyrillic as well
CJK, KOREAN, JAPANESE = ("NotoSansCJK", "NotoSerifCJK"), ("Nanum",), ("ipag", "ipam")

Grey = NDArray[np.float32]


def net() -> nn.Sequential:
    """(n, 1, h, w) greys in -1..1 -> (n, 1, h / 8, w / 8) log-odds; 13,000 weights."""

    def full(inside: int, outside: int, kernel: int) -> list[nn.Module]:
        return [
            nn.Conv2d(inside, outside, kernel, 2, kernel // 2, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(inplace=True),
        ]

    def apart(channels: int, dilation: int) -> list[nn.Module]:
        return [
            nn.Conv2d(channels, channels, 3, 1, dilation, dilation, channels, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        ]

    layers = [*full(1, 8, 5), *full(8, 16, 3), *full(16, 40, 3), *apart(40, 1), *apart(40, 2), *apart(40, 4)]
    return nn.Sequential(*layers, nn.Conv2d(40, 1, 1))


# ---------------------------------------------------------------- grounds


class Grounds:
    """Photos as greys, as they are or enlarged, and drawings; with shapes drawn over some."""

    def __init__(self, folder: Path) -> None:
        left_out = {row.file for row in read_labels(folder / "labels.tsv") if row.group in GOODS}
        left_out |= set(WRITTEN.read_text("utf-8").split()) if WRITTEN.is_file() else set()
        self.photos = [photo for name, photo in photos(folder, SHARDS) if name not in left_out]
        composed = (scenes.compose(seed) for seed in scenes.TRAINING[:DRAWINGS])
        self.drawings = [render.paint(each, WIDE).convert("L") for each in composed if each.kind != "letter"]

    def one(self, rng: random.Random) -> Image.Image:
        """A grey picture without writing, WIDE x HIGH."""
        kind = rng.random()
        if kind < 0.2:
            image = self._plain(rng) if kind < 0.06 else self._enlarged(rng, self.drawings)
        else:
            image = self._enlarged(rng, self.photos) if kind < 0.55 else self._patched(rng)
        if rng.random() < 0.35:
            _draw(image, rng)
        return image

    def _plain(self, rng: random.Random) -> Image.Image:
        if rng.random() < 0.5:
            return Image.new("L", (WIDE, HIGH), rng.randrange(256))
        return Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize((WIDE, HIGH))

    def _enlarged(self, rng: random.Random, among: list[Image.Image]) -> Image.Image:
        photo = rng.choice(among)
        scale = max(WIDE / photo.width, HIGH / photo.height) * rng.uniform(1.0, 1.6)
        size = (round(photo.width * scale) + 1, round(photo.height * scale) + 1)
        large = photo.resize(size, Image.Resampling.BICUBIC)
        left, top = rng.randrange(size[0] - WIDE + 1), rng.randrange(size[1] - HIGH + 1)
        image = large.crop((left, top, left + WIDE, top + HIGH))
        return image.filter(ImageFilter.UnsharpMask(2, rng.randrange(50, 250), 0)) if rng.random() < 0.4 else image

    def _patched(self, rng: random.Random) -> Image.Image:
        """Photos side by side, about as sharp as they were taken."""
        image, scale = Image.new("L", (WIDE, HIGH)), rng.uniform(0.7, 1.3)
        top = -rng.randrange(100)
        while top < HIGH:
            left, high = -rng.randrange(100), round(176 * scale)
            while left < WIDE:
                photo = rng.choice(self.photos)
                wide = round(photo.width / photo.height * high)
                image.paste(photo.resize((wide, high), Image.Resampling.BICUBIC), (left, top))
                left += wide
            top += high
        return image


def photos(folder: Path, shards: tuple[str, ...]) -> Iterator[tuple[str, Image.Image]]:
    """Name and grey pixels of every photo of ZIP files; left or right is left to chance elsewhere."""
    for shard in shards:
        with zipfile.ZipFile(folder / f"{shard}.zip") as packed:
            for name in sorted(packed.namelist()):
                if name.endswith((".jpg", ".webp")):
                    yield name, Image.open(io.BytesIO(packed.read(name))).convert("L")


def _draw(image: Image.Image, rng: random.Random) -> None:
    """Lines, grids, boxes and circles: hard edges that are no letters."""
    draw = ImageDraw.Draw(image)
    for _ in range(rng.randrange(1, 8)):
        x, y, w, h = rng.randrange(WIDE), rng.randrange(HIGH), rng.randrange(5, 160), rng.randrange(5, 160)
        grey, fill, kind = rng.randrange(256), rng.random() < 0.5, rng.randrange(5)
        if kind == 0:
            draw.rectangle((x, y, x + w, y + h), fill=grey if fill else None, outline=grey)
        elif kind == 1:
            draw.ellipse((x, y, x + w, y + h), fill=grey if fill else None, outline=grey, width=rng.randrange(1, 6))
        elif kind == 2:
            draw.line((x, y, x + w - 80, y + h - 80), fill=grey, width=rng.randrange(1, 9))
        else:  # fences, blinds, windows
            step, wide = rng.randrange(5, 24), rng.randrange(1, 4)
            for at in range(x, x + 200, step):
                draw.line((at, y, at, y + h), fill=grey, width=wide)
            for at in range(y, y + h if kind == 4 else y, step):
                draw.line((x, at, x + 200, at), fill=grey, width=wide)


# ---------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Hand:
    """A font file and what is written with it."""

    file: Path
    words: Callable[[random.Random], str]


def hands(folder: Path, captions: Path) -> list[list[Hand]]:
    """Fonts in four groups that are drawn equally often: Latin twice, East Asian, other scripts."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in (".ttf", ".otf", ".ttc"))
    sentences: dict[str, list[str]] = {}
    for row in read_captions(captions):
        sentences.setdefault(row.lang, []).append(row.caption)
    latin = [Hand(f, _quoting([s for lang in ("en", "de", "fr") for s in sentences[lang]])) for f in _of(files, LATIN)]
    wider = [Hand(f, _spelling(_letters(name))) for f in _of(files, WIDER) for name in ("GREEK", "CYRILLIC")]
    east = [Hand(f, _cutting(sentences["zh"])) for f in _of(files, CJK)]
    east += [Hand(f, _spelling(_letters("HANGUL SYLLABLE"))) for f in _of(files, KOREAN + CJK)]
    east += [Hand(f, _spelling(_letters("HIRAGANA") + _letters("KATAKANA"))) for f in _of(files, JAPANESE + CJK)]
    other = [Hand(f, _spelling(_letters(s.upper()))) for s in SCRIPTS for f in files if f"S{s}-" in _short(f)]
    return [latin, latin, east, other + wider]


def _of(files: list[Path], beginnings: tuple[str, ...]) -> list[Path]:
    return [file for file in files if file.name.startswith(beginnings)]


def _short(file: Path) -> str:
    return file.name.replace("NotoSans", "S").replace("NotoSerif", "S")


def _letters(script: str) -> str:
    """Letters and digits of the Basic Multilingual Plane whose names begin with a script's."""
    every = (chr(code) for code in range(0x250, 0xD800))
    return "".join(c for c in every if unicodedata.name(c, "").startswith(f"{script} ") and c.isalnum())


def _quoting(sentences: list[str]) -> Callable[[random.Random], str]:
    def words(rng: random.Random) -> str:
        parts = rng.choice(sentences).strip(" .").split()
        at = rng.randrange(len(parts)) if parts else 0
        text = " ".join(parts[at : at + rng.randrange(1, 6)]) or "exit"
        text = rng.choice((str.upper, str.title, str.lower, str))(text)
        return text if rng.random() < 0.85 else f"{rng.randrange(10 ** rng.randrange(1, 6))} {text}"[:12]

    return words


def _cutting(sentences: list[str]) -> Callable[[random.Random], str]:
    def words(rng: random.Random) -> str:
        text = rng.choice(sentences)
        at = rng.randrange(len(text))
        return text[at : at + rng.randrange(2, 12)].strip() or "出口"

    return words


def _spelling(letters: str) -> Callable[[random.Random], str]:
    def words(rng: random.Random) -> str:
        return " ".join("".join(rng.choices(letters, k=rng.randrange(2, 9))) for _ in range(rng.randrange(1, 4)))

    return words


@lru_cache(maxsize=600)
def _font(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size)


def write(image: Image.Image, groups: list[list[Hand]], rng: random.Random) -> Image.Image:
    """Draws one to five lines of writing; (WIDE, HIGH) of 255 where it stands."""
    mask = Image.new("L", (WIDE, HIGH))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        size = round(SMALLEST * (LARGEST / SMALLEST) ** rng.random())
        hand = rng.choice(rng.choice(groups))
        layer = _layer(hand.words(rng)[: max(2, 6 * WIDE // (4 * size))], _font(hand.file, size), rng)
        if layer is None:
            continue
        turn = rng.uniform(-14, 14) if rng.random() < 0.3 else rng.choice((90, 270)) if rng.random() < 0.05 else 0
        block = Image.new("L", layer.size, 255)
        if turn:
            layer, block = (each.rotate(turn, Image.Resampling.BILINEAR, expand=True) for each in (layer, block))
        x = rng.randrange(min(0, WIDE - layer.width), max(1, WIDE - layer.width // 2))
        y = rng.randrange(min(0, HIGH - layer.height), max(1, HIGH - layer.height + 1))
        if _ink(image, layer, (x, y), rng):
            mask.paste(255, (x, y), block)
    return mask


def _layer(text: str, font: ImageFont.FreeTypeFont, rng: random.Random) -> Image.Image | None:
    """How much of each pixel the letters cover; None where nothing is drawn."""
    left, top, right, bottom = map(int, font.getbbox(text))
    if right - left < 6 or bottom - top < 5:
        return None
    layer = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(layer).text((-left, -top), text, font=font, fill=rng.choice((255, 255, 255, 210)))
    return layer


def _ink(image: Image.Image, layer: Image.Image, place: tuple[int, int], rng: random.Random) -> bool:
    """Draws a layer lighter or darker than what lies under it, some on a sign of its own; False where too little shows."""
    x, y = place
    box = (max(x, 0), max(y, 0), min(x + layer.width, WIDE), min(y + layer.height, HIGH))
    if box[2] - box[0] < layer.height * 0.8 or box[3] - box[1] < layer.height * 0.8:
        return False
    ground, away = float(np.asarray(image.crop(box)).mean()), rng.uniform(60, 230)
    if rng.random() < 0.25:
        ground, edge = rng.randrange(256), rng.randrange(2, 10)
        sign = (x - edge, y - edge, x + layer.width + edge, y + layer.height + edge)
        ImageDraw.Draw(image).rectangle(sign, fill=ground)
    grey = ground + away if ground < 128 else ground - away
    image.paste(int(np.clip(grey, 0, 255)), (x, y), layer)
    return True


def spoiled(image: Image.Image, rng: random.Random) -> Grey:
    """(HIGH, WIDE) in -1..1: blurred, noisy, compressed, of another contrast, as pictures come."""
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8)))
    elif rng.random() < 0.2:
        image = image.filter(ImageFilter.SHARPEN)
    if rng.random() < 0.3:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=rng.randrange(45, 95))
        image = Image.open(packed)
    grey = np.asarray(image, np.float32)
    if rng.random() < 0.4:
        grey = grey + np.random.default_rng(rng.randrange(1 << 30)).normal(0, rng.uniform(1, 8), grey.shape)
    return np.clip((grey - 127.5) * rng.uniform(0.65, 1.1) / 127.5, -1, 1).astype(np.float32)


class Batches(Dataset[tuple[Grey, Grey]]):
    """Batch n of a seed: greys (BATCH, 1, HIGH, WIDE) and masks (BATCH, 1, HIGH / 8, WIDE / 8), every other with writing.

    A mask is 1 where writing stands, 0 where none does, -1 at its edges.
    """

    def __init__(self, data: Path, fonts: Path, seed: int, steps: int) -> None:
        self._grounds, self._hands = Grounds(data), hands(fonts, data / "captions.tsv")
        self._seed, self._steps = seed, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, number: int) -> tuple[Grey, Grey]:
        rng = random.Random(f"{self._seed}/{number}")
        made = [self._one(rng, is_written=at % 2 == 1) for at in range(BATCH)]
        return np.stack([grey for grey, _ in made])[:, None], np.stack([mask for _, mask in made])[:, None]

    def _one(self, rng: random.Random, *, is_written: bool) -> tuple[Grey, Grey]:
        image = self._grounds.one(rng)
        mask = write(image, self._hands, rng) if is_written else Image.new("L", (WIDE, HIGH))
        share = np.asarray(mask.resize((WIDE // CELL, HIGH // CELL), Image.Resampling.BOX), np.float32) / 255
        return spoiled(image, rng), np.where(share > 0.6, 1, np.where(share > 0, -1, 0)).astype(np.float32)


# ---------------------------------------------------------------- learning


def loss_of(odds: Tensor, masks: Tensor, sharp: float) -> Tensor:
    """Cross entropy of cells; `sharp` (0..1) moves it to the HARDEST without writing in each picture, and to whole pictures.

    Begun sharp, a net answers nothing everywhere and stays with it.
    """
    each = functional.binary_cross_entropy_with_logits(odds, masks.clamp(min=0), reduction="none")
    written, clean = masks == 1, masks == 0
    found = (each * written).sum() / written.sum().clamp(min=1)
    easy = (each * clean).sum() / clean.sum().clamp(min=1)
    hard = (each * clean).flatten(1).topk(HARDEST).values.mean()
    whole = functional.binary_cross_entropy_with_logits(odds.flatten(1).amax(1), written.flatten(1).any(1).float())
    return found + (2 - sharp) * easy + sharp * (hard + 0.5 * whole)


def learn(batches: Batches, model: nn.Module, steps: int, *, is_new: bool) -> None:
    """One pass over the batches; the rate falls to nothing along a cosine."""
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1, pct_start=WARM_UP / steps)
    for step, (greys, masks) in enumerate(DataLoader(batches, None, num_workers=1, prefetch_factor=4)):
        odds = model(greys.to(memory_format=torch.channels_last))
        loss = loss_of(odds, masks, min(1.0, 3 * step / steps) if is_new else 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        pace.step()
        if step % 50 == 0:
            top = odds.detach().flatten(1).amax(1)
            print(f"{step}\t{loss.item():.3f}\t{top[::2].mean():.1f}\t{top[1::2].mean():.1f}", flush=True)


def export(model: nn.Module, out: Path) -> None:
    """The net as ONNX, height and width free: (n, 1, h, w) -> log-odds (n, 1, rows, columns) of cells."""
    out.parent.mkdir(parents=True, exist_ok=True)
    sample = (torch.zeros(1, 1, HIGH, WIDE),)
    axes = {"grey": {0: "n", 2: "high", 3: "wide"}, "odds": {0: "n", 2: "rows", 3: "columns"}}
    torch.onnx.export(model.eval(), sample, str(out), input_names=["grey"], output_names=["odds"],
                      dynamic_axes=axes, dynamo=False)  # fmt: skip


def main() -> None:
    """Trains and writes the net."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=190)
    parser.add_argument("--from", dest="start", type=Path, help="weights of a run before, to learn on from")
    given = parser.parse_args()
    torch.manual_seed(given.seed)
    torch.set_num_threads(1)
    model = net().to(memory_format=torch.channels_last)  # three times as fast here
    if given.start:
        model.load_state_dict(torch.load(given.start, weights_only=True))
    learn(Batches(given.data, given.fonts, given.seed, given.steps), model, given.steps, is_new=not given.start)
    torch.save(model.state_dict(), given.out.with_suffix(".pt"))
    export(model, given.out)


if __name__ == "__main__":
    main()
