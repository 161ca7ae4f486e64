"""Judges the shipped files of data/starter and prints the tables of its card.

    python -m training.evaluate --data DIR [--fixtures DIR]

Everything goes through the encoders of `retrieval`, as in the program: the validation photos and further captioned
photos of the training folder, its labelled photos, drawings of seeds and combinations never trained on, and, only
where --fixtures names them, the test media (once, at the end; nothing was chosen on them). Class names in Chinese are
names_zh.tsv, broader terms broad.tsv; both were written before any result was seen.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from retrieval import resources
from retrieval.encoders.starter import StarterImage, StarterSound, StarterText
from training import data, render, scenes
from training.calibration import Curve, absent
from training.data import CaptionRow, Picture, Rows

CUTS = (1, 5, 10)
LANGS = ("en", "zh", "de", "fr")
LINEUPS = 100
PICTOGRAMS = 500
RATE = 16_000


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the card: what was asked of what, and the percentages."""

    what: str
    figures: dict[str, float]

    def __str__(self) -> str:
        return f"| {self.what} | " + " | ".join(f"{name} {value:.1f}" for name, value in self.figures.items()) + " |"


# ---------------------------------------------------------------- measures


def ranks(scores: Rows, right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each row the place of the best right column, from 0; a tie counts against it."""
    best = np.where(right, scores, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(((scores >= best) & ~right).sum(axis=1), np.int64)


def recall(scores: Rows, right: NDArray[np.bool_], cuts: Sequence[int] = CUTS) -> dict[str, float]:
    """Percentage of rows with a right column among the first k, as {"R@k": ...}."""
    places = ranks(scores, right)
    return {f"R@{k}": 100 * float((places < k).mean()) for k in cuts}


def precision(scores: Rows, right: NDArray[np.bool_]) -> float:
    """Mean R-precision in percent: of the first R columns, R the number of right ones, how many are right."""
    shares = [row[np.argsort(-s, kind="stable")[: row.sum()]].mean() for s, row in zip(scores, right, strict=True)]
    return 100 * float(np.mean(shares))


def equal(ours: Sequence[object], theirs: Sequence[object]) -> NDArray[np.bool_]:
    """Which pairs are equal, (ours, theirs)."""
    return np.array([[one == two for two in theirs] for one in ours])


# ---------------------------------------------------------------- captioned photos


@dataclass(frozen=True)
class Gallery:
    """Captioned photos as vectors, and their captions."""

    files: list[str]
    vectors: Rows
    captions: list[CaptionRow]

    def of(self, lang: str, kind: str = "written") -> list[CaptionRow]:
        """Captions of the gallery's photos in a language."""
        known = set(self.files)
        return [row for row in self.captions if (row.lang, row.kind) == (lang, kind) and row.file in known]


def captions_and_photos(name: str, gallery: Gallery, text: StarterText) -> Iterable[Line]:
    """Text -> image by language, and image -> text in English."""
    for lang in LANGS:
        rows = gallery.of(lang)
        if rows:
            vectors = text.encode([row.caption for row in rows])
            right = equal([row.file for row in rows], gallery.files)
            yield Line(
                f"{name}, text -> image, {lang}, {len(rows)} captions", recall(vectors @ gallery.vectors.T, right)
            )
            if lang == "en":
                yield Line(f"{name}, image -> text, en", recall(gallery.vectors @ vectors.T, right.T))


def shown_and_hidden(gallery: Gallery, text: StarterText, curve: Curve) -> Line:
    """At confidence 0.5: how often right answers of the first ten stay, and how often absent things show anything."""
    rows = gallery.of("en")
    scores = text.encode([row.caption for row in rows]) @ gallery.vectors.T
    right = equal([row.file for row in rows], gallery.files)
    own = np.where(right, scores, -np.inf).max(axis=1)
    near = own[ranks(scores, right) < 10]
    nothing = (text.encode(absent()) @ gallery.vectors.T).max(axis=1)
    figures = {
        "kept": 100 * float((near > curve.midpoint).mean()),
        "absent shown": 100 * float((nothing > curve.midpoint).mean()),
    }
    return Line("at the default cut: right answers of the first ten kept, absent things that show something", figures)


def translations(captions: Sequence[CaptionRow], text: StarterText) -> Iterable[Line]:
    """Human translations with their originals: English n with Chinese n, German with French. By place in the file."""
    by: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    pairs: dict[str, list[tuple[str, str]]] = {"en-zh": [], "de-fr": []}
    for row in captions:
        by.setdefault(("", "", ""), {}).setdefault(f"{row.file} {row.lang} {row.kind}", []).append(row.caption)
    lists = by.get(("", "", ""), {})
    for file in dict.fromkeys(row.file for row in captions):
        english, chinese = lists.get(f"{file} en written", []), lists.get(f"{file} zh translated", [])
        pairs["en-zh"] += list(zip(english, chinese, strict=False))
        german, french = lists.get(f"{file} de translated", []), lists.get(f"{file} fr translated", [])
        pairs["de-fr"] += list(zip(german, french, strict=False))
    for name, both in pairs.items():
        if both:
            one, two = (text.encode(side) for side in zip(*both, strict=True))
            scores = one @ two.T
            found = recall(scores, equal([b for _, b in both], [b for _, b in both]), (1,))
            yield Line(
                f"translations, {name}, {len(both)}", found | {"cosine x 100": 100 * float(np.diag(scores).mean())}
            )


# ---------------------------------------------------------------- labelled photos


@dataclass(frozen=True)
class Labelled:
    """Labelled photos as vectors."""

    labels: list[str]
    wnids: list[str]
    vectors: Rows


def zero_shot(name: str, photos: Labelled, text: StarterText) -> Line:
    """Each photo finds its label among the labels of all."""
    names = sorted(set(photos.labels))
    scores = photos.vectors @ text.encode(names).T
    return Line(f"{name}, zero-shot among {len(names)} labels", recall(scores, equal(photos.labels, names), (1, 5)))


def by_name(name: str, photos: Labelled, others: Rows, text: StarterText, names: dict[str, str]) -> Line:
    """Each label finds one of its photos, among them and `others`. `names` by wnid."""
    asked = [wnid for wnid in dict.fromkeys(photos.wnids) if wnid in names]
    gallery = np.concatenate([photos.vectors, others])
    right = equal(asked, photos.wnids + [""] * len(others))
    scores = text.encode([names[wnid] for wnid in asked]) @ gallery.T
    return Line(f"{name} -> photo, {len(asked)} names, gallery of {len(gallery)}", recall(scores, right))


def broad_terms() -> dict[str, set[int]]:
    """The classes of each broader term, as numbers of the backbone's classes."""
    terms = {}
    with Path(__file__).with_name("broad.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            ends = [[int(end) for end in part.split("-")] for part in row["classes"].split()]
            terms[row["term"]] = {n for end in ends for n in range(end[0], end[-1] + 1)}
    return terms


def broad(name: str, photos: Labelled, text: StarterText) -> Line:
    """R-precision of the broader terms that three photos or more belong to."""
    numbers = {wnid: n for n, wnid in enumerate(data.class_names()[0])}
    classes = [numbers.get(wnid, -1) for wnid in photos.wnids]
    terms = {term: [c in of for c in classes] for term, of in broad_terms().items()}
    used = {term: row for term, row in terms.items() if sum(row) > 2}
    scores = text.encode(list(used)) @ photos.vectors.T
    right = np.array(list(used.values()))
    each = {term: precision(scores[n : n + 1], right[n : n + 1]) for n, term in enumerate(used)}
    return Line(f"{name}, broader terms, R-precision", {"mean": float(np.mean(list(each.values())))} | each)


def alike(name: str, photos: Labelled) -> Line:
    """Image -> image: of the ten nearest photos, how many have the label, among labels of eleven photos or more."""
    scores = photos.vectors @ photos.vectors.T
    np.fill_diagonal(scores, -np.inf)
    counts = {label: photos.labels.count(label) for label in set(photos.labels)}
    labels = np.array(photos.labels)
    asked = [n for n, label in enumerate(photos.labels) if counts[label] > 10]
    shares = [(labels[np.argsort(-scores[n])[:10]] == labels[n]).mean() for n in asked]
    return Line(f"{name}, image -> image, {len(asked)} photos", {"P@10": 100 * float(np.mean(shares))})


# ---------------------------------------------------------------- drawings


def lineups(attribute: Literal["colour", "shape", "count"], image: StarterImage, text: StarterText, first: int) -> Line:
    """Among eight drawings that differ in one attribute, the right one for the words of one of them, drawn by lot."""
    lots = random.Random(first)
    hits = 0
    for seed in range(first, first + LINEUPS):
        pictures = render.lineup(attribute, seed, image.form.size)
        vectors = image.encode([np.asarray(picture) for picture, _ in pictures])
        asked = lots.choice(pictures)[1].text
        best = pictures[int((text.encode([asked]) @ vectors.T).argmax())][1].text
        hits += best == asked
    return Line(f"drawings, {attribute} among eight", {"right": 100 * hits / LINEUPS})


def pictograms(image: StarterImage, text: StarterText, first: int) -> Line:
    """Pictograms by their English names, in a gallery of one drawing each."""
    chosen = random.Random(first).sample(scenes.pictograms(), PICTOGRAMS)
    drawn = [scenes.pictogram(random.Random(first + n), first + n, each) for n, each in enumerate(chosen)]
    vectors = image.encode([np.asarray(render.paint(scene, image.form.size)) for scene in drawn])
    scores = text.encode([each.en for each in chosen]) @ vectors.T
    return Line(f"pictograms, gallery of {PICTOGRAMS}", recall(scores, np.eye(PICTOGRAMS, dtype=bool), (1, 5)))


# ---------------------------------------------------------------- sounds


def decoded(path: Path) -> NDArray[np.float32]:
    """All samples, float32 mono at 16 kHz."""
    import av

    with av.open(str(path)) as container:
        turner = av.AudioResampler("flt", "mono", RATE)
        frames = [new for frame in container.decode(audio=0) for new in turner.resample(frame)]
        frames += turner.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def whole(sound: StarterSound, samples: NDArray[np.float32]) -> Rows:
    """Vectors of the windows of a recording."""
    window, hop = (RATE * ms // 1000 for ms in (sound.form.window_ms, sound.form.hop_ms))
    starts = range(0, max(1, len(samples) - window + hop), hop)
    return sound.encode([samples[start : start + window] for start in starts])


def sounds(files: Sequence[Path], labels: Sequence[str], background: Sequence[Path], curve: Curve) -> Iterable[Line]:
    """Sound -> label and label -> sound; and how often speech and music stay below the cut for all labels."""
    sound, text = StarterSound(), StarterText()
    names = sorted(set(labels))
    words = text.encode([f"the sound of a {name}" for name in names])
    best = np.stack([(words @ whole(sound, decoded(file)).T).max(axis=1) for file in files])
    right = equal(labels, names)
    yield Line(f"sounds, label among {len(names)}, {len(files)} clips", recall(best, right, (1, 3)))
    yield Line("sounds, label -> clip", recall(best.T, right.T, (1, 5)))
    if background:
        quiet = [(words @ whole(sound, decoded(file)).T).max() < curve.midpoint for file in background]
        yield Line(f"speech and music below the cut, {len(quiet)} clips", {"quiet": 100 * float(np.mean(quiet))})


# ---------------------------------------------------------------- cost


def speed(image: StarterImage) -> Line:
    """Pictures a second, in batches of 32, by the clock."""
    pictures = list(np.random.default_rng(0).integers(0, 255, (64, image.form.size, image.form.size, 3), np.uint8))
    image.encode(pictures[:32])
    begun = time.perf_counter()
    image.encode(pictures)
    return Line("image tower", {"pictures/s": len(pictures) / (time.perf_counter() - begun)})


_COLD = """
import time; import numpy, onnxruntime, faiss, sqlalchemy, sentencepiece; t = time.perf_counter()
from retrieval.encoders.starter import StarterText; StarterText().encode(["a dog"]); print(time.perf_counter() - t)
"""


def cost(folder: Path) -> Line:
    """Megabytes of the files, and what a first question costs over the bare imports, in seconds (best of five)."""
    sizes = {
        path.name: path.stat().st_size / 1e6 for path in sorted(folder.iterdir()) if path.suffix in {".onnx", ".npz"}
    }
    command = [sys.executable, "-c", _COLD]
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(5)]
    seconds = [float(run.stdout) for run in runs if run.returncode == 0]
    return Line("MB; seconds", sizes | {"all": sum(sizes.values())} | ({"cold": min(seconds)} if seconds else {}))


# ---------------------------------------------------------------- tables


def encoded(image: StarterImage, pictures: Iterable[Picture]) -> Rows:
    """Vectors of pictures of any size."""
    return image.encode([data.squeezed(Image.fromarray(picture), image.form.size) for picture in pictures])


def opened(image: StarterImage, files: Iterable[Path]) -> Rows:
    """Vectors of photo files."""
    return image.encode([data.squeezed(Image.open(file), image.form.size) for file in files])


def of_training(folder: Path, image: StarterImage, text: StarterText) -> Iterable[Line]:
    """What the photos say that were kept for choosing, and the labelled ones, which the tower has seen."""
    captions = data.read_captions(folder / "captions.tsv")
    names, pixels = data.read_photos(folder, ("flickr8k_dev", "coco"))
    vectors = encoded(image, pixels)
    known = {row.file for row in captions}
    for title, letter in (("validation", data.CHOSEN_ON), ("COCO", data.CHECKED)):
        rows = [n for n, name in enumerate(names) if name[0] == letter and name in known]
        if letter == data.CHOSEN_ON:
            rows = rows[: data.JUDGED]
            others = vectors[rows]
        gallery = Gallery([names[n] for n in rows], vectors[rows], captions)
        yield from captions_and_photos(title, gallery, text)
        if letter == data.CHOSEN_ON:
            yield shown_and_hidden(gallery, text, curve("text-image"))
    labels = {row.file: row for row in data.read_labels(folder / "labels.tsv")}
    names, pixels = data.read_photos(folder, ("imagenet_sample",))
    held = data.held_out(list(labels.values()))
    rows = [n for n, name in enumerate(names) if labels[name].label in held]
    seen = [labels[names[n]] for n in rows]
    photos = Labelled([row.label for row in seen], [row.wnid for row in seen], encoded(image, pixels[rows]))
    english = {row.wnid: row.label for row in seen}
    chinese = dict(zip(english, data.in_chinese([[name] for name in english.values()]), strict=True))
    chinese = {wnid: name for wnid, name in chinese.items() if name != english[wnid]}
    yield by_name("held-out labels, English", photos, others, text, english)
    yield by_name("held-out labels, Chinese", photos, others, text, chinese)
    yield zero_shot("held-out labels", photos, text)
    seen = [labels[name] for name in names]
    photos = Labelled([row.label for row in seen], [row.wnid for row in seen], encoded(image, pixels))
    yield broad("labelled, five sixths seen in training", photos, text)


def curve(direction: str) -> Curve:
    """The shipped calibration of a direction."""
    from retrieval.encoders.starter import config

    return Curve(**config().values["calibration"][direction])


def of_drawings(image: StarterImage, text: StarterText, first: int) -> Iterable[Line]:
    """Drawings from seed `first` on."""
    for attribute in ("colour", "count", "shape"):
        yield lineups(attribute, image, text, first)
    yield pictograms(image, text, first)


def chinese_names() -> dict[str, str]:
    """Chinese class names by wnid."""
    lines = Path(__file__).with_name("names_zh.tsv").read_text("utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)


def of_fixtures(folder: Path, image: StarterImage, text: StarterText) -> Iterable[Line]:
    """The test media."""
    pictures = folder / "images"
    captions = data.read_captions(pictures / "captions.tsv")
    files = list(dict.fromkeys(row.file for row in captions))
    gallery = Gallery(files, opened(image, (pictures / file for file in files)), captions)
    yield from captions_and_photos("test", gallery, text)
    labels = data.read_labels(pictures / "labels.tsv")
    vectors = opened(image, (pictures / row.file for row in labels))
    photos = Labelled([row.label for row in labels], [row.wnid for row in labels], vectors)
    english = {row.wnid: row.label for row in labels}
    yield by_name("test, English class name", photos, gallery.vectors, text, english)
    yield by_name("test, Chinese class name", photos, gallery.vectors, text, chinese_names())
    yield zero_shot("test", photos, text)
    yield broad("test", photos, text)
    yield from translations(captions, text)


def of_sounds(folder: Path, rows: Sequence[dict[str, str]], speech: Sequence[Path]) -> Iterable[Line]:
    """The test sounds; music counts as background."""
    aside = {"music", "whale", "car"}
    music = [folder / row["file"] for row in rows if "music" in row["label"]]
    kept = [row for row in rows if not any(word in row["label"] for word in aside)]
    labels = [row["label"].replace("_", " ") for row in kept]
    yield from sounds([folder / row["file"] for row in kept], labels, [*speech, *music], curve("text-sound"))


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the tables of the starter's card.")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fixtures", type=Path)
    given = parser.parse_args()
    image, text = StarterImage(), StarterText()
    for line in (cost(resources.starter()), speed(image)):
        print(line, flush=True)
    seeds = scenes.TESTING if given.fixtures else scenes.CHOOSING
    for line in of_drawings(image, text, seeds.start):
        print(line, flush=True)
    if given.data:
        for line in of_training(given.data, image, text):
            print(line, flush=True)
    if given.fixtures:
        for line in of_fixtures(given.fixtures, image, text):
            print(line, flush=True)
        audio = given.fixtures / "audio"
        if (resources.starter() / "sound.onnx").is_file():
            rows = list(data._table(audio / "sounds.tsv"))
            speech = [audio / row["file"] for row in data._table(audio / "transcripts.tsv")]
            for line in of_sounds(audio, rows, speech):
                print(line, flush=True)


if __name__ == "__main__":
    main()
