"""Text in pictures: words found, the cheap look's three figures, and the time of a picture with text.

    python -m benchmarks.ocr [--pictures 60] [--photos FOLDER_OR_ZIP ...] [--sharp] [--json FILE]

Words are rendered over photos and plain grounds in fonts of Debian (fonts-dejavu, fonts-liberation; fonts-wqy-zenhei,
fonts-wqy-microhei, fonts-arphic-ukai, fonts-arphic-uming), 16 to 72 pixels high, indexed by the real pipeline and asked
one by one. A word is found where a line read in its picture is among the first 20 hits. `--photos`: photos; the samples
without them, enlarged to 640 pixels where they are smaller, but for `--sharp`. Those in which the reader itself reads
something are not textless and do not count as such (`--all-textless`: they do).
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.report import report
from indexer import index_folders
from indexer.pipeline.options import Options
from retrieval import Library, resources
from retrieval.media import ocr

SEED = 190
SIZES = (16, 20, 28, 40, 56, 72)  # pixels of an em
FONTS = {
    "en": ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf",
           "LiberationSerif-Regular.ttf", "LiberationSans-Bold.ttf"),
    "zh": ("wqy-zenhei.ttc", "wqy-microhei.ttc", "ukai.ttc", "uming.ttc"),
}  # fmt: skip
WORDS = {
    "en": "harbour market station garden window river coffee bicycle library winter mountain exit bridge orchard lantern "
    "ticket museum castle kitchen thunder island doctor violin forest planet tunnel butter engine silver compass",
    "zh": "海港 市场 火车站 花园 窗户 河流 咖啡 自行车 图书馆 冬天 山脉 出口 大桥 果园 灯笼 车票 博物馆 城堡 厨房 雷雨 "
    "岛屿 医生 小提琴 森林 行星 隧道 黄油 发动机 银行 指南针",
}


def photos(places: list[Path]) -> Iterator[Image.Image]:
    """Every picture of folders and ZIP files, RGB."""
    for place in places:
        if place.suffix == ".zip":
            with zipfile.ZipFile(place) as packed:
                for name in sorted(packed.namelist()):
                    if name.endswith((".jpg", ".webp", ".png")):
                        yield Image.open(io.BytesIO(packed.read(name))).convert("RGB")
        else:
            for path in sorted(place.rglob("*")):
                if path.suffix.lower() in (".jpg", ".jpeg", ".webp", ".png"):
                    yield Image.open(path).convert("RGB")


def large(image: Image.Image) -> Image.Image:
    """The picture, its longer side at least 640 pixels."""
    scale = max(1.0, 640 / max(image.size))
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC)


def written(ground: Image.Image, words: list[str], lang: str, rng: random.Random) -> Image.Image:
    """Two words, each on a line of its own, black on light and white on dark ground."""
    image = ground.copy()
    size = rng.choice(SIZES)
    font = ImageFont.truetype(rng.choice(FONTS[lang]), size)
    for word, top in zip(words, (0.1, 0.55), strict=True):
        place = (
            rng.randrange(8, max(9, image.width - size * 7)),
            int(image.height * top + rng.random() * 0.2 * image.height),
        )
        box = ImageDraw.Draw(image).textbbox(place, word, font=font)
        light = np.asarray(image.crop(tuple(map(int, box))).convert("L")).mean()
        ImageDraw.Draw(image).text(place, word, font=font, fill=(250, 250, 250) if light < 128 else (10, 10, 10))
    return image


def measure(pictures: int, grounds: list[Image.Image], *, all_textless: bool = False) -> dict[str, Any]:
    """All figures; rates are shares, times milliseconds of processor time, but for `indexing`."""
    rng = random.Random(SEED)
    plain = [Image.new("RGB", (640, 480), tuple(rng.randrange(256) for _ in range(3))) for _ in range(8)]
    ocr.may_hold_text(plain[0])  # loads the net
    start = time.process_time()
    skipped = [not ocr.may_hold_text(each) for each in grounds]
    look_ms = 1000 * (time.process_time() - start) / len(grounds)
    textless = [ground for ground in grounds if all_textless or not ocr.lines(ground)]
    made: list[tuple[str, list[str], Image.Image]] = []
    for number in range(pictures):
        lang = ("en", "zh")[number % 2]
        words = rng.sample(WORDS[lang].split(), 2)
        ground = plain[number % 8] if number % 3 == 0 else large(rng.choice(grounds))
        made.append((lang, words, written(ground, words, lang, rng)))
    missed = [not ocr.may_hold_text(image) for _, _, image in made]
    figures: dict[str, Any] = {"photos": len(grounds), "textless": len(textless), "look_ms": look_ms}
    figures["skipped_of_all"] = float(np.mean(skipped))
    figures["skipped"] = float(np.mean([not ocr.may_hold_text(each) for each in textless]))
    figures |= {"pictures": pictures, "missed": float(np.mean(missed)), "read_ms": _reading([i for _, _, i in made])}
    return figures | _found(made)


def _reading(images: list[Image.Image]) -> float:
    """Milliseconds of processor time to look at a picture and to read it, once the reader is loaded."""
    ocr.lines(images[0])
    start = time.process_time()
    for image in images:
        ocr.lines_if_any(image)
    return 1000 * (time.process_time() - start) / len(images)


def _found(made: list[tuple[str, list[str], Image.Image]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        source, home = Path(folder) / "in", Path(folder) / "library"
        source.mkdir()
        for number, (_, _, image) in enumerate(made):
            image.save(source / f"{number:04}.png")
        index_folders([source], library=home, options=Options(ocr=False))
        start = time.perf_counter()
        index_folders([], library=home, options=Options())
        seconds = time.perf_counter() - start
        with Library.open(home) as library:
            rates = {lang: _rate(library, [each for each in enumerate(made) if each[1][0] == lang]) for lang in FONTS}
    return {"found": rates, "indexing_ms_per_picture": 1000 * seconds / len(made)}


def _rate(library: Library, made: list[tuple[int, tuple[str, list[str], Image.Image]]]) -> float:
    """Share of words whose picture is found by a line that was read in it."""
    found = []
    for number, (_, words, _) in made:
        for word in words:
            answer = library.search(word, media={"image"}, limit=20, min_confidence=0.0)
            lines = [s.kind == "text_line" for hit in answer if hit.path.stem == f"{number:04}" for s in hit.segments]
            found.append(any(lines))
    return float(np.mean(found))


def main() -> None:
    """Prints the figures: shares, and milliseconds for a picture; --json writes them too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--most-photos", type=int, default=400)
    parser.add_argument("--photos", type=Path, nargs="*", default=[resources.samples()])
    parser.add_argument("--sharp", action="store_true", help="photos in their own size, as sharp as they are")
    parser.add_argument("--all-textless", action="store_true", help="take every photo to hold no text")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    grounds = list(photos(given.photos))
    grounds = random.Random(SEED).sample(grounds, min(given.most_photos, len(grounds)))
    grounds = grounds if given.sharp else [large(each) for each in grounds]
    measured = measure(given.pictures, grounds, all_textless=given.all_textless)
    found = {f"words found {lang}": rate for lang, rate in measured.pop("found").items()}
    report("ocr", {name: float(value) for name, value in {**measured, **found}.items()}, given.json)


if __name__ == "__main__":
    main()
