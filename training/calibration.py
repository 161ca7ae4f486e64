"""Logistic curves from cosines to confidences, and what questions are held against.

    python -m training.calibration --data DIR

fits the background of words and pictures (retrieval/encoders/calibration.py) to the weights in data/starter, on photos that
these have not learned from, and what tells questions to texts from descriptions of pictures; writes both beside the weights.
`training.finish` calls only the curves.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import truth
from retrieval import resources
from retrieval.domain.media import Vectors
from retrieval.encoders import calibration
from retrieval.encoders.calibration import NounCalibration, NounWeights, Weights
from retrieval.encoders.starter import SentenceText, StarterImage, StarterText, bare, lexicon
from training import data, nouns
from training.data import CaptionRow, Picture
from training.regression import logistic

BANK = "everyday.npz"
HEAD = "# by training/calibration.py: log-odds of an answer from its cosine and what the question reaches by chance"


@dataclass(frozen=True, slots=True)
class Curve:
    """confidence = 1 / (1 + exp(-(slope * cosine + offset)))."""

    slope: float
    offset: float

    @property
    def midpoint(self) -> float:
        """The cosine of confidence 0.5."""
        return -self.offset / self.slope

    def stated(self) -> str:
        """As starter.toml has it."""
        return f"{{ slope = {self.slope:.3f}, offset = {self.offset:.3f} }}"


def fit(right: NDArray[np.float64], wrong: NDArray[np.float64], steps: int = 60) -> Curve:
    """The logistic curve that tells right cosines from wrong ones best, both sides weighed alike.

    Newton's method with a small prior on the slope; the slope stays in 5..60, so that cosines between the sides keep
    confidences between 0 and 1.
    """
    x = np.concatenate([right, wrong])
    y = np.repeat([1.0, 0.0], [len(right), len(wrong)])
    weight = np.where(y == 1, 0.5 / len(right), 0.5 / len(wrong)) * len(x)
    mean, spread = float(x.mean()), float(x.std()) + 1e-9
    design = np.stack([(x - mean) / spread, np.ones_like(x)], axis=1)
    theta = np.zeros(2)
    for _ in range(steps):
        p = 1 / (1 + np.exp(-design @ theta))
        gradient = design.T @ (weight * (p - y)) + [0.01 * theta[0], 0]
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag([0.01, 1e-6])
        theta -= np.linalg.solve(curvature, gradient)
    slope = float(np.clip(theta[0] / spread, 5, 60))
    middle = mean - spread * theta[1] / theta[0] if theta[0] > 0 else mean
    return Curve(slope, -slope * float(middle))


def absent() -> list[str]:
    """Sentences in sixteen languages about things that captioned photos of people and dogs do not show."""
    return (resources.reference() / "absent.txt").read_text(encoding="utf-8").split("\n")[:-1]


# ---------------------------------------------------------------- the background of words and pictures

SEED, SIZES = 1, (20, 100, 300, 670, 1500)  # of galleries; small ones are drawn several times
PHOTOS = 900  # pictures of a gallery and of the typical picture that need not be unknown to the tower
SHOWN = 0.04  # share of absent questions that one lane may answer
RARE = 0.02  # share of absent questions whose best cosine alone would make it an answer
WITHIN = 0.3  # part of the best answer's slope that the distance from it has
LIKE = 0.6  # a sentence is absent unless so much of it is told of one picture
MASS = {("caption", True): 1.4, ("label", True): 0.6, ("sentence", False): 1.4, ("label", False): 1.0}
MASS |= {("word", True): 0.4, ("word", False): 0.6}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Questions of one kind put to a gallery of `count` pictures. features (n, 6): lead, traits, chance.

    scores, right (n, 10): of the nearest, best first; right is all false for what is absent.
    """

    kind: str
    count: int
    features: NDArray[np.float64]
    scores: NDArray[np.float64]
    right: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos by file, encoded, and what is told of them. honest: those that the towers have not learned from."""

    files: list[str]
    vectors: Vectors
    honest: list[str]
    captions: list[CaptionRow]
    labels: dict[str, str]
    text: StarterText

    @cached_property
    def place(self) -> dict[str, int]:
        return {file: at for at, file in enumerate(self.files)}

    @cached_property
    def told(self) -> dict[str, frozenset[str]]:
        """Stems of all that is told of each photo in English."""
        found = {file: truth.stems(self.labels.get(file, "")) for file in self.files}
        for row in self.captions:
            if row.lang == "en" and row.file in found:
                found[row.file] |= truth.stems(row.caption)
        return found

    @classmethod
    def read(cls, folder: Path) -> Photos:
        """Those of a training folder that are needed here, seen by the shipped tower."""
        files, pixels = data.read_photos(folder, ("flickr8k_dev", "imagenet_sample", "coco", "labelled"))
        labels = data.read_labels(folder / "labels.tsv")
        held = data.held_out(labels)
        own = {row.file: row.label for row in labels}
        captions = [row for row in data.read_captions(folder / "captions.tsv") if row.file[0] in "dc"]
        captioned = {row.file for row in captions}
        first = [file for file in files if file[0] == "d" and file in captioned][: data.JUDGED]
        unseen = {row.file for row in labels if row.wnid and row.label in held}
        honest = first + [file for file in files if file[0] == "c" or file in unseen]
        others = [file for file in files if file not in set(honest)]
        chosen = honest + random.Random(SEED).sample(others, min(PHOTOS, len(others)))
        place = {file: at for at, file in enumerate(files)}
        image = StarterImage()
        vectors = [
            image.encode(_sized(pixels, [place[file] for file in part], image.form.size)) for part in _parts(chosen)
        ]
        stored = np.concatenate(vectors).astype(np.float16).astype(np.float32)
        return cls(chosen, stored, honest, captions, own, StarterText())


def _parts(files: Sequence[str]) -> Iterator[Sequence[str]]:
    return (files[start : start + 64] for start in range(0, len(files), 64))


def _sized(pixels: Picture, rows: Sequence[int], side: int) -> list[Picture]:
    return [data.squeezed(Image.fromarray(pixels[row]), side) for row in rows]


def gallery(photos: Photos, size: int, rng: random.Random) -> list[str]:
    """Unknown photos first; those that were learned from fill it up."""
    if size <= len(photos.honest):
        return rng.sample(photos.honest, size)
    others = photos.files[len(photos.honest) :]
    return photos.honest + rng.sample(others, min(size - len(photos.honest), len(others)))


def asked(photos: Photos, size: int, bank: Vectors, typical: Vectors, rng: random.Random) -> Iterator[Asked]:
    """Captions and labels of a gallery's unknown photos; sentences and labels of what nothing in it is told to show.

    And the everyday things themselves, of either sort, without the nouns that are judged otherwise (`training.nouns`).
    """
    files = gallery(photos, size, rng)
    held = photos.vectors[[photos.place[file] for file in files]]
    right: list[tuple[str, str, frozenset[int]]] = []
    own = set(files) & set(photos.honest)
    by_language: dict[tuple[str, str], list[str]] = {}
    for row in photos.captions:
        if row.file in own and row.lang in ("en", "zh", "de"):
            by_language.setdefault((row.file, row.lang), []).append(row.caption)
    told = [photos.told[file] for file in files]
    at = {file: place for place, file in enumerate(files)}
    right += [("caption", rng.choice(texts), frozenset([at[file]])) for (file, _), texts in by_language.items()]
    for label in {photos.labels[file] for file in own if file in photos.labels}:
        right.append(("label", label, frozenset(n for n, stems in enumerate(told) if truth.stems(label) <= stems)))
    wrong = [("sentence", text, frozenset[int]()) for text in absent() if not _is_told(text, told)]
    known = frozenset[str]().union(*told)
    labels = [label for label in sorted(set(photos.labels.values())) if not truth.stems(label) & known]
    words = [text for text in everyday() if bare(text) not in lexicon().words]
    words = [(text, frozenset(n for n, stems in enumerate(told) if truth.stems(text) <= stems)) for text in words]
    right += [("word", text, places) for text, places in words if places and truth.stems(text)]
    wrong += [("word", text, places) for text, places in words if not places and not truth.stems(text) & known]
    wrong += [("label", label, frozenset[int]()) for label in rng.sample(labels, min(100, len(labels)))]
    for kind, found in groupby(sorted(right + wrong, key=_kind), key=_kind):
        rows = list(found)
        yield _put(
            [text for _, text, _ in rows], [places for *_, places in rows], kind, held, photos.text, bank, typical
        )


def _kind(row: tuple[str, str, frozenset[int]]) -> tuple[str, bool]:
    return row[0], bool(row[2])


def _is_told(text: str, told: Sequence[frozenset[str]]) -> bool:
    stems = truth.stems(text)
    return text.isascii() and bool(stems) and any(len(stems & each) > LIKE * len(stems) for each in told)


def _put(
    texts: Sequence[str],
    right: Sequence[frozenset[int]],
    kind: tuple[str, bool],
    held: Vectors,
    text: StarterText,
    bank: Vectors,
    typical: Vectors,
) -> Asked:
    questions = text.encode(texts)
    scores = questions @ held.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    best = np.take_along_axis(scores, order, 1).astype(float)
    fits = np.array([[int(place) in own for place in row] for row, own in zip(order, right, strict=True)])
    traits = calibration.traits(questions, bank, typical)
    chance = np.full(len(texts), calibration.chance(len(held)))
    features = np.column_stack([best[:, 0], traits, chance])
    return Asked(kind[0], len(held), features, best, fits)


def presence(rounds: Sequence[Asked]) -> Weights:
    """The weights that tell questions whose answer is among the ten nearest from those without one, best.

    Answers below the best lose WITHIN of what the best one's cosine is worth; the offset then lets SHOWN of the absent
    sentences show something.
    """
    rows, y, mass = [], [], []
    for each in rounds:
        is_there = bool(each.right.any())
        own = each.features[each.right.any(axis=1)] if is_there else each.features
        rows.append(own)
        y.append(np.full(len(own), float(is_there)))
        mass.append(np.full(len(own), MASS[each.kind, is_there] / len(own)))
    theta = logistic(np.concatenate(rows), np.concatenate(y), np.concatenate(mass))
    lead = float(theta[0])
    near, mean, typical, wordy, chance, offset = map(float, theta[1:])
    weights = Weights(WITHIN * lead, offset, (1 - WITHIN) * lead, near, mean, typical, wordy, chance)
    tops = [np.max(odds(weights, each), axis=1) for each in rounds if each.kind == "sentence"]
    cut = np.mean([np.quantile(top, 1 - SHOWN) for top in tops])
    growth, sure = certainty([each for each in rounds if not each.right.any()])
    return replace(weights, offset=weights.offset - float(cut), sure=sure, growth=growth)


def certainty(absent: Sequence[Asked]) -> tuple[float, float]:
    """Slope and offset of the cosine over `chance` that the best answer to RARE of the absent questions reaches."""
    sizes = sorted({each.count for each in absent})
    tops = [np.concatenate([each.features[:, 0] for each in absent if each.count == size]) for size in sizes]
    line = np.polyfit([calibration.chance(size) for size in sizes], [np.quantile(top, 1 - RARE) for top in tops], 1)
    return float(line[0]), float(line[1])


def odds(weights: Weights, asked: Asked) -> NDArray[np.float64]:
    """(n, 10) log-odds of the nearest of each question, as Background.line has them."""
    terms = [weights.lead, weights.near, weights.everyday, weights.typical, weights.wordy, weights.chance]
    shift, lead = asked.features @ np.array(terms) + weights.offset, asked.features[:, 0]
    strict = (weights.slope + weights.lead) * (lead - weights.sure - weights.growth * asked.features[:, -1])
    shift = np.maximum(shift, strict - weights.slope * lead)
    return np.asarray(weights.slope * asked.scores + shift[:, None])


def table(weights: Weights, rounds: Sequence[Asked]) -> Iterator[str]:
    """Lines of what is shown and kept at even odds, by size of the gallery."""
    for size in sorted({each.count for each in rounds}):
        cells = []
        for kind, is_there in MASS:
            own = [each for each in rounds if (each.kind, bool(each.right.any()), each.count) == (kind, is_there, size)]
            shown = [odds(weights, each) >= 0 for each in own]
            if is_there:
                pairs = zip(shown, own, strict=True)
                found = np.concatenate(
                    [(above & each.right)[each.right.any(axis=1)].any(axis=1) for above, each in pairs]
                )
                cells.append(f"{kind} kept {100 * found.mean():.0f} %")
            else:
                cells.append(
                    f"{kind} absent, shown {100 * np.concatenate([each.any(axis=1) for each in shown]).mean():.0f} %"
                )
        yield f"{size} pictures: " + ", ".join(cells)


def everyday() -> list[str]:
    """The bank: everyday things, so few of them in any one library that they tell what a question finds by chance."""
    return (resources.reference() / "everyday.txt").read_text(encoding="utf-8").split("\n")[:-1]


# ---------------------------------------------------------------- questions to texts

SCENE_EVERYDAY, SCENE_CAPTIONS = 12.0, 27.0  # log-odds for each unit of nearness to everyday things, and to captions
FREE = 0.9  # share of questions to texts that lose nothing for being like the description of a picture
CAPTIONS = 600  # of each sort of photo


def passages() -> list[tuple[str, str]]:
    """Short texts on everyday matters in three languages, each with a question that it answers in other words."""
    lines = (resources.reference() / "passages.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    return [(text, question) for text, question in (line.split("\t") for line in lines)]


def scene(captions: Sequence[CaptionRow]) -> tuple[Vectors, float]:
    """What tells in the sentence space that a question describes something seen, (512,), and how much of it is free.

    Its parts count as docs/decisions/0240 measured; the mean of captions is that of the photos' two sources alike.
    """
    encoder, rng = SentenceText(), random.Random(SEED)
    means = []
    for letters in (data.TRAINED, data.CHECKED):
        rows = [row.caption for row in captions if row.file[0] in letters and row.lang in ("en", "zh", "de")]
        means.append(encoder.encode(rng.sample(rows, min(CAPTIONS, len(rows)))).mean(axis=0))
    found = SCENE_EVERYDAY * encoder.encode(everyday()).mean(axis=0) + SCENE_CAPTIONS * np.mean(means, axis=0)
    stored = found.astype(np.float16).astype(np.float32)
    return stored, float(np.quantile(encoder.encode([question for _, question in passages()]) @ stored, FREE))


def held_nouns(photos: Photos) -> tuple[NounWeights, list[str]]:
    """The weights of the lexicon's nouns, and lines of what they show and keep."""
    known = lexicon()
    said = nouns.told(known.nouns, photos.captions)
    files = [file for file in photos.honest if file in said]
    rounds = []
    for chosen in nouns.galleries(files, random.Random(SEED)):
        vectors = photos.vectors[[photos.place[file] for file in chosen]]
        rounds.append(nouns.put(chosen, vectors, known.vectors, said))
    weights = nouns.fit(rounds, known.cosines)
    return weights, list(nouns.table(NounCalibration(weights, known.vectors, known.cosines), rounds))


def write(
    folder: Path,
    weights: Weights,
    of_nouns: NounWeights,
    bank: Vectors,
    typical: Vectors,
    seen: tuple[Vectors, float],
) -> None:
    """Puts everyday.npz beside the weights of the starter, and its lines into starter.toml instead of those there."""
    half = [rows.astype(np.float16) for rows in (bank, typical, seen[0])]
    np.savez(folder / BANK, everyday=half[0], typical=half[1], scene=half[2])
    digest = hashlib.sha256((folder / BANK).read_bytes()).hexdigest()
    config = folder / "starter.toml"
    head, _, _ = config.read_text("utf-8").partition(f"\n{HEAD}")
    lines = [line for line in head.rstrip("\n").split("\n") if not line.startswith(f'"{BANK}"')]
    lines.insert(lines.index("[sha256]") + 1, f'"{BANK}" = "{digest}"')
    lines += ["", HEAD, "[scenes]", f"free = {seen[1]:.4f}", "", "[background.text-image]"]
    lines += [f"{name} = {value:.4f}" for name, value in asdict(weights).items()]
    lines += ["", "[nouns.text-image]", *(f"{name} = {value:.4f}" for name, value in asdict(of_nouns).items())]
    config.write_text("\n".join(lines) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit what questions are held against to the shipped weights.")
    parser.add_argument("--data", type=Path, required=True, help="the training folder")
    parser.add_argument("--out", type=Path, default=resources.starter(), help="the folder of the weights")
    given = parser.parse_args()
    photos = Photos.read(given.data)
    bank = photos.text.encode(everyday()).astype(np.float16).astype(np.float32)
    typical = photos.vectors[len(photos.honest) :].mean(axis=0).astype(np.float16).astype(np.float32)
    rng = random.Random(SEED)
    sizes = [size for size in SIZES for _ in range(max(1, 200 // size))]
    rounds = [each for size in sizes for each in asked(photos, size, bank, typical, rng)]
    weights, (of_nouns, lines) = presence(rounds), held_nouns(photos)
    for line in (*table(weights, rounds), *lines):
        print(line, flush=True)
    print(weights, of_nouns)
    write(given.out, weights, of_nouns, bank, typical, scene(data.read_captions(given.data / "captions.tsv")))


if __name__ == "__main__":
    main()
