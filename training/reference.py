"""The reference set by which an encoder is calibrated on the machine that uses it: drawn pictures with their names.

    python -m training.reference

writes data/reference: pictures.jpg, a sheet of ACROSS drawings in a row, two of each thing beside each other, and names.tsv,
a line for each thing with its names in up to sixteen languages. The things are pictograms that the starter's lexicon knows.
"""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image

from retrieval import resources
from retrieval.encoders.starter import lexicon
from training import render, scenes

SEED, THINGS, SIDE, ACROSS = 20, 112, 128, 16  # pixels of a drawing; drawings in a row of the sheet


def things() -> list[tuple[scenes.Pictogram, list[str]]]:
    """Pictograms with their names in English and Chinese, then those of the lexicon."""
    rows = lexicon().words
    names: dict[int, list[str]] = {}
    for word, row in rows.items():
        names.setdefault(row, []).append(word)
    known = [(each, names[rows[each.en]]) for each in scenes.pictograms() if each.en in rows]
    chosen = random.Random(SEED).sample(known, min(THINGS, len(known)))
    return [(each, list(dict.fromkeys([each.en, each.zh, *more]))) for each, more in chosen]


def sheet(chosen: list[tuple[scenes.Pictogram, list[str]]]) -> Image.Image:
    """Two drawings of each thing, row by row."""
    whole = Image.new("RGB", (ACROSS * SIDE, -(-2 * len(chosen) // ACROSS) * SIDE))
    for number in range(2 * len(chosen)):
        scene = scenes.pictogram(random.Random(SEED + number), SEED + number, chosen[number // 2][0], 1)
        place = (number % ACROSS * SIDE, number // ACROSS * SIDE)
        whole.paste(render.paint(scene, SIDE), place)
    return whole


def main() -> None:
    """Writes both files."""
    folder: Path = resources.reference()
    folder.mkdir(exist_ok=True)
    chosen = things()
    sheet(chosen).save(folder / "pictures.jpg", quality=82)
    (folder / "names.tsv").write_text("".join("\t".join(names) + "\n" for _, names in chosen), "utf-8")


if __name__ == "__main__":
    main()
