"""How often evidence points at the right place: python -m benchmarks.evidence [--choosing] [--photos ZIP --labels TSV].

Pictures of three pictograms on a ground, each asked by the name of one of them, in English and Chinese by turns; and, with
photos, mosaics of four with different labels, asked by one label. Right is a warmest spot that lies on the thing, and how
far the box is that of the thing is told as intersection over union.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import random
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.report import report
from retrieval.domain.media import Box, ImageSpec
from retrieval.encoders.profile import make_profile
from retrieval.protocols import Profile
from retrieval.search import saliency
from training import render, scenes
from training.scenes import CHOOSING, TESTING, Item, Pictogram, Scene

ASKED = 60  # of each sort
SIDE = 480
BEFORE = 700_000  # where in their range the seeds begin


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A picture, what is asked, and where it is: left, top, right, bottom in shares of the sides."""

    picture: Image.Image
    words: str
    place: tuple[float, float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--choosing", action="store_true", help="seeds to choose by, not those of the figures")
    parser.add_argument("--photos", type=Path, help="a ZIP of labelled photos")
    parser.add_argument(
        "--labels", type=Path, help="a table with the columns file and label (and shard: the ZIP's name)"
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    profile = make_profile("starter")
    seed = (CHOOSING if given.choosing else TESTING).start + BEFORE
    figures = judged("drawn", drawn(profile, seed), profile)
    if given.photos and given.labels:
        figures |= judged("mosaics", mosaics(given.photos, given.labels, seed), profile)
    report("evidence", figures, given.out)


def judged(name: str, cases: Iterator[Asked], profile: Profile) -> dict[str, float | str]:
    """Figures of one sort of pictures."""
    image, text = profile.encoder("shared", "image"), profile.encoder("shared", "text")
    hits, overlaps, whole, chance, seconds = [], [], [], [], []
    for case in cases:
        question = text.encode([case.words])
        start = time.process_time()
        found = saliency.saliency_map(case.picture, image, [question])
        seconds.append(time.process_time() - start)
        (x, y), (left, top, right, bottom) = found.peak, case.place
        hits.append(left <= x <= right and top <= y <= bottom)
        overlaps.append(iou(found.box, case.place))
        whole.append(found.everywhere)
        chance.append((right - left) * (bottom - top))
    return {
        f"{name}: asked": str(len(hits)),
        f"{name}: warmest spot on the thing": float(np.mean(hits)),
        f"{name}: by chance": float(np.mean(chance)),
        f"{name}: mean IoU of the box": float(np.mean(overlaps)),
        f"{name}: box is the whole picture": float(np.mean(whole)),
        f"{name}: CPU s a picture": float(np.mean(seconds)),
    }


def iou(box: Box, place: tuple[float, float, float, float]) -> float:
    """Shared area over joint area."""
    left, top, right, bottom = (each / 10_000 for each in (box.left, box.top, box.right, box.bottom))
    across = min(right, place[2]) - max(left, place[0])
    down = min(bottom, place[3]) - max(top, place[1])
    shared = max(0.0, across) * max(0.0, down)
    return shared / ((right - left) * (bottom - top) + (place[2] - place[0]) * (place[3] - place[1]) - shared)


def drawn(profile: Profile, seed: int) -> Iterator[Asked]:
    """Three pictograms of different groups, apart from each other."""
    rng = random.Random(seed)
    groups: dict[str, list[Pictogram]] = {}
    for each in known(profile):
        groups.setdefault(each.group, []).append(each)
    for number in range(ASKED):
        cast = [rng.choice(groups[name]) for name in rng.sample(sorted(groups), 3)]
        colour = rng.choice(("white", "yellow", "green", "blue", "pink"))
        paint = scenes.shade(rng, colour)
        ground = scenes.Ground("gradient", colour, paint, (paint[0] * 3 // 5, paint[1] * 3 // 5, paint[2] * 3 // 5))
        spots = apart(rng)
        items = tuple(Item(x, y, r, pictogram=each) for (x, y, r), each in zip(spots, cast, strict=True))
        (x, y, r), wanted = rng.choice(list(zip(spots, cast, strict=True)))
        words = scenes.pictogram_words(wanted, 1)[number % 2]
        picture = render.paint(Scene(seed + number, "pictogram", ground, items), SIDE)
        yield Asked(picture, words, (x - r, y - r, x + r, y + r))


def apart(rng: random.Random) -> list[tuple[float, float, float]]:
    """Three places (x, y, radius) that leave room between them."""
    while True:
        spots = [(rng.uniform(0.15, 0.85), rng.uniform(0.15, 0.85), rng.uniform(0.09, 0.16)) for _ in range(3)]
        pairs = ((one, other) for at, one in enumerate(spots) for other in spots[:at])
        if all(math.dist(one[:2], other[:2]) > one[2] + other[2] + 0.05 for one, other in pairs):
            return spots


def known(profile: Profile) -> list[Pictogram]:
    """Pictograms that the model knows by both names: what is measured is the place, not what it has learnt."""
    image, text = profile.encoder("shared", "image"), profile.encoder("shared", "text")
    assert isinstance(image.form, ImageSpec)
    table, seed, side = scenes.pictograms(), CHOOSING.start, image.form.size
    made = (scenes.pictogram(random.Random(seed + n), seed + n, each, 1) for n, each in enumerate(table))
    pictures = np.concatenate([image.encode([np.asarray(render.paint(scene, side))]) for scene in made])
    right = np.ones(len(table), np.bool_)
    for names in zip(*(scenes.pictogram_words(each, 1) for each in table), strict=True):
        right &= (text.encode(names) @ pictures.T).argmax(axis=1) == np.arange(len(table))
    return [each for each, is_known in zip(table, right, strict=True) if is_known]


def mosaics(photos: Path, labels: Path, seed: int) -> Iterator[Asked]:
    """Four photos of different labels in four fields of different size."""
    rng = random.Random(seed)
    with labels.open(encoding="utf-8") as file, zipfile.ZipFile(photos) as archive:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        rows = [each for each in rows if each.get("shard", photos.name) == photos.name]
        for _ in range(ASKED):
            chosen = different(rng, rows)
            across, down = rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65)
            fields = [(0, 0, across, down), (across, 0, 1, down), (0, down, across, 1), (across, down, 1, 1)]
            picture = Image.new("RGB", (SIDE, SIDE * 3 // 4))
            for row, field in zip(chosen, fields, strict=True):
                left, top, right, bottom = (round(at * side) for at, side in zip(field, picture.size * 2, strict=True))
                photo = Image.open(io.BytesIO(archive.read(row["file"]))).convert("RGB")
                picture.paste(photo.resize((right - left, bottom - top)), (left, top))
            at = rng.randrange(4)
            yield Asked(picture, chosen[at]["label"], fields[at])


def different(rng: random.Random, rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Four rows of different labels."""
    while True:
        chosen = rng.sample(rows, 4)
        if len({each["label"] for each in chosen}) == 4:
            return chosen


if __name__ == "__main__":
    main()
