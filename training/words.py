"""Teaches a trained starter's picture tower to weigh its two networks, and to read captions and words from the class scores.

    python -m training.words --data DIR --more DIR --annotations DIR --work DIR --start data/starter --out DIR [--steps N]

What learns are two linear layers beside networks that stay as they are (docs/decisions/0106-weigher-and-probe.md): the
weigher tells photos of one thing from photos that captions describe, the probe turns the scores of the class network into
the space of words. The probe learns captions, labels, and words and noun phrases with all photos that are told to show
them (`training.vocabulary`). The tower's features are computed once, in parts of PART photos kept in --work; a run that was
stopped goes on from the parts that are there. --more is a second folder laid out like --data, whose narratives are cut to
sentences; --annotations the npm package cldr-annotations-full. The adapter stays, so --start's sound tower still fits;
`training.calibration` and `training.golden` follow.
"""

from __future__ import annotations

import argparse
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training import data, details, vocabulary
from training.data import CaptionRow, Corpus, LabelRow, Picture, Rows
from training.details import Seen
from training.export import export, seen_graph, write_config
from training.finish import SOUND_CURVES, image_image, text_image
from training.judge import Judge, Known
from training.model import SIZE, Probe, Starter, Weigher
from training.restore import restore
from training.views import session
from training.vocabulary import Term

MORE = ("ade20k_narratives", "rooms", "caltech101")
PART = 640  # photos of a kept part of the features
PHOTOS, NARRATED, LABELLED, TERMS = 768, 128, 192, 384  # of a step
STEPS, RATE, DECAY, DROPPED, SMOOTHING, LABELS = 300, 2e-3, 0.3, 0.3, 0.05, 0.3
CAPTIONED = ("en", "zh", "de", "fr", "ar")  # languages of the captions
FEWEST, MANY = 3, 300  # photos of a term: fewer teach nothing, more do not make it more frequent
GROUPS = {"animal": "animal", "food": "food", "plant or fungus": "plant"}  # of labels.tsv, with the term they show
NOT, TOLD, SURE = 0, 1, 2  # whether a photo shows a term: TOLD is neither a hit nor a mistake
_OPENING = re.compile(
    r"^(?:(?:in|on|at|to|from) (?:the |this )?[a-z ]{0,40}?(?:image|picture|photo|pic)s?,? ?"
    r"(?:there (?:is|are)|(?:i|we) (?:can |could )?(?:also )?see)?|(?:and |also )*(?:i|we) (?:can |could )?(?:also )?see"
    r"|(?:and |also )*there (?:is|are)(?: also)?|this (?:image|picture) (?:consists of|is taken[a-z ]*|shows))[, ]*",
    re.IGNORECASE,
)


def sentences(narrative: str) -> Iterator[str]:
    """The sentences of a spoken description without their openings ("In this image we can see")."""
    for sentence in re.split(r"(?<=[.])\s+", narrative):
        told = _OPENING.sub("", _OPENING.sub("", sentence).strip()).strip()
        if len(told.split()) > 1:
            yield told


# ---------------------------------------------------------------- the photos and what is told of them


@dataclass(frozen=True)
class Album:
    """All photos of both folders but those judged on, captions and labels."""

    names: list[str]
    present: frozenset[str]  # those not judged on
    pixels: Sequence[Picture]  # one array a folder
    captions: list[CaptionRow]  # also of photos judged on
    caption_vectors: Rows
    labels: list[LabelRow]

    @classmethod
    def read(cls, corpus: Corpus, more: Path, work: Path) -> Album:
        """Of a corpus and a second folder; pixels and vectors of the latter lie in `work`."""
        kept = [work / "names-more.txt", work / "pixels-more.npy"]
        if not kept[1].is_file():
            names, pixels = data.read_photos(more, MORE)
            kept[0].write_text("\n".join(names), "utf-8")
            np.save(kept[1], pixels)
        names = [*corpus.names, *kept[0].read_text("utf-8").split("\n")]
        captions = []
        for row in data.read_captions(more / "captions.tsv"):
            if row.kind == "narrative":
                captions += [CaptionRow(row.file, row.lang, row.kind, each) for each in sentences(row.caption)]
            elif row.kind != "question-answer":
                captions.append(row)
        path = work / f"captions-more-{len(captions)}.npy"
        if not path.is_file():
            np.save(path, data.sentence_vectors([row.caption for row in captions]))
        held = data.held_out(corpus.labels)
        labels = [row for row in corpus.labels if not (row.wnid and row.label in held)]
        present = frozenset(name for name in names if name[0] != data.CHECKED) - {*data.validation(corpus)}
        return cls(
            names,
            present,
            [corpus.pixels, np.load(kept[1], mmap_mode="r")],
            corpus.captions + captions,
            np.concatenate([corpus.caption_vectors, np.load(path)]),
            [row for row in labels + data.read_labels(more / "labels.tsv") if row.file in present],
        )

    def pixel(self, row: int) -> Picture:
        """The picture of a row of `names`."""
        first = len(self.pixels[0])
        return np.asarray(self.pixels[0][row] if row < first else self.pixels[1][row - first])

    @cached_property
    def captions_of(self) -> dict[str, dict[str, list[int]]]:
        """Rows of `captions` by file and language, of the photos not judged on."""
        found: dict[str, dict[str, list[int]]] = {}
        for index, row in enumerate(self.captions):
            if row.file not in self.present:
                continue
            found.setdefault(row.file, {}).setdefault(row.lang, []).append(index)
        return found


def seen(album: Album, model: Starter, files: Sequence[str], work: Path) -> Seen:
    """What the tower says about files of an album; parts that lie in `work` are not computed again."""
    tower, position = session(seen_graph(model, SIZE)), {name: row for row, name in enumerate(album.names)}
    parts = []
    for start in range(0, len(files), PART):
        path, chosen = work / f"seen-{start}.npz", files[start : start + PART]
        if not path.is_file():
            part = details.see(tower, len(chosen), lambda n, c=chosen: album.pixel(position[c[n]]))  # type: ignore[misc]
            np.savez(path, **{name: getattr(part, name).half().numpy() for name in Seen.__slots__})
        with np.load(path) as file:
            parts.append([torch.from_numpy(file[name]).float() for name in Seen.__slots__])
    return Seen(*(torch.cat(each) for each in zip(*parts, strict=True)))


# ---------------------------------------------------------------- the lesson


@dataclass(frozen=True)
class Lesson:
    """All that the fit needs; texts as the adapter turns them, photos as rows of `seen`."""

    seen: Seen
    captioned: NDArray[np.int64]
    narrated: NDArray[np.int64]
    labelled: NDArray[np.int64]
    captions_of: list[dict[str, list[int]]]
    captions: Tensor
    terms: Tensor
    chances: NDArray[np.float64]  # how often each term is drawn
    shown: NDArray[np.uint8]  # (photos, terms) NOT, TOLD or SURE
    label: NDArray[np.int64]  # of each photo, -1 without
    prompts: Tensor  # (prompts, labels, 512)


def shown(photos: Sequence[str], labelled: Sequence[bool], terms: Sequence[Term], album: Album) -> NDArray[np.uint8]:
    """(photos, terms) whether they show them. Of a labelled photo only its label and its kinds are known."""
    table = np.full((len(photos), len(terms)), NOT, np.uint8)
    table[np.array(labelled)] = TOLD
    rows = {file: row for row, (file, is_label) in enumerate(zip(photos, labelled, strict=True)) if not is_label}
    narrated = {row.file for row in album.captions if row.kind == "narrative"}
    columns: dict[tuple[frozenset[str], frozenset[str]], list[int]] = defaultdict(list)
    for column, term in enumerate(terms):
        columns[term.told, term.sure].append(column)
        for file in term.told & rows.keys():
            table[rows[file], column] = SURE if file in narrated or file in term.sure else TOLD
    english = defaultdict(set)
    for term in terms:
        if term.lang == "en":
            english[vocabulary.key(term.text)].update(columns[term.told, term.sure])
    broader, labels = vocabulary.kinds(), {row.file: row for row in album.labels}
    for row, (file, is_label) in enumerate(zip(photos, labelled, strict=True)):
        if is_label:
            label = labels[file]
            keys = {vocabulary.key(label.label), vocabulary.key(label.label.split()[-1])}
            keys |= {wide for each in list(keys) for wide in broader.get(each, ())}
            keys |= {vocabulary.key(GROUPS[label.group])} if label.group in GROUPS else set()
            table[row, [column for each in keys for column in english[each]]] = SURE
    return table


@dataclass(frozen=True)
class Told:
    """What is told of photos. files: the captioned ones, then the labelled ones; a photo with both comes twice."""

    files: list[str]
    is_labelled: list[bool]
    terms: list[Term]  # of the languages of the captions, those with FEWEST photos
    shown: NDArray[np.uint8]  # (files, terms) NOT, TOLD or SURE

    @classmethod
    def of(cls, album: Album, annotations: Path) -> Told:
        """Of an album; `annotations` is the folder of the CLDR's names."""
        labels = {row.file for row in album.labels}
        captioned = [name for name in album.names if name in album.captions_of]
        labelled = [name for name in album.names if name in labels]
        files, marks = captioned + labelled, [False] * len(captioned) + [True] * len(labelled)
        terms = vocabulary.terms([row for row in album.captions if row.file in album.present], annotations)
        terms = [term for term in terms if term.lang in CAPTIONED]
        table = shown(files, marks, terms, album)
        kept = (table == SURE).sum(0) >= FEWEST
        return cls(files, marks, [term for term, keep in zip(terms, kept, strict=True) if keep], table[:, kept])


def lesson(album: Album, model: Starter, annotations: Path, work: Path) -> Lesson:
    """The lesson of an album."""
    told = Told.of(album, annotations)
    files, marks, terms = told.files, told.is_labelled, told.terms
    captioned, labels = files[: len(files) - sum(marks)], {row.file: row for row in album.labels}
    names = sorted({row.label for row in album.labels})
    narrated = {row.file for row in album.captions if row.kind == "narrative"}
    is_narrated = np.array([file in narrated for file in captioned])
    size = np.sqrt(np.minimum((told.shown == SURE).sum(0), MANY))

    def turned(vectors: Rows) -> Tensor:
        with torch.inference_mode():
            parts = torch.from_numpy(vectors).split(4096)
            return torch.cat([model.adapter(part) for part in parts]).clone()

    return Lesson(
        seen(album, model, files, work),
        np.flatnonzero(~is_narrated),
        np.flatnonzero(is_narrated),
        np.arange(len(captioned), len(files)),
        [album.captions_of.get(file, {}) for file in captioned],
        turned(album.caption_vectors),
        turned(data.sentence_vectors([term.text for term in terms])),
        size / size.sum(),
        told.shown,
        np.array([names.index(labels[file].label) if mark else -1 for file, mark in zip(files, marks, strict=True)]),
        torch.stack([turned(each) for each in _prompts(names)]),
    )


def _prompts(names: Sequence[str]) -> Iterator[Rows]:
    for prompt in data.PROMPTS:
        yield data.sentence_vectors([prompt.format(name) for name in names])
    yield data.sentence_vectors(data.in_chinese([[name] for name in names]))


# ---------------------------------------------------------------- how much the class names weigh

WEIGHED, SHIFT, LARGEST = 250, 1.0, 2.0  # steps; log-odds added after them; weight of the class term of a single thing
SINGLE = 4.0  # how much a photo of an ImageNet class counts, which stands for all things without training photos
OF_THINGS = ("ImageNet class", "object", "grocery", "clothes")  # groups of labels whose photos show one thing


def weigh(model: Starter, lesson: Lesson, things: NDArray[np.float32]) -> None:
    """Give the model a weigher that tells photos of one thing from photos that captions describe. things: see there."""
    torch.manual_seed(0)
    model.weigher = weigher = Weigher()
    rows = np.concatenate([lesson.captioned, np.flatnonzero(things)])
    features, chances = lesson.seen.features[rows], lesson.seen.logits[rows].softmax(1)
    weigher.middle.copy_(features.mean(0))
    weigher.spread.copy_(features.std(0) + 0.05)
    inputs, counts = weigher.inputs(features, chances), torch.from_numpy(things[rows])
    right = (counts > 0).float()
    weight = torch.where(counts > 0, counts * len(lesson.captioned) / right.sum(), 1.0)
    optimiser = torch.optim.AdamW(weigher.row.parameters(), lr=1e-3, weight_decay=0.3)
    for _ in range(WEIGHED):
        chosen = torch.randint(0, len(rows), (512,))
        said = weigher.row(functional.dropout(inputs[chosen], 0.3))[:, 0]
        loss = functional.binary_cross_entropy_with_logits(said, right[chosen], weight=weight[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        weigher.row.bias.add_(SHIFT)
    model.class_term.fill_(LARGEST)
    model.certainty.fill_(0.0)


def things(album: Album, lesson: Lesson) -> NDArray[np.float32]:
    """How much each photo of the lesson counts as one of a single thing, by its label; nothing where it may show more."""
    counts = {row.label: SINGLE if row.wnid else 1.0 for row in album.labels if row.wnid or row.group in OF_THINGS}
    names = sorted({row.label for row in album.labels})
    return np.array([counts.get(names[label], 0.0) if label >= 0 else 0.0 for label in lesson.label], np.float32)


# ---------------------------------------------------------------- captions and words from class scores


def many_find(scores: Tensor, marks: Tensor, dim: int) -> Tensor:
    """Cross-entropy of scores along `dim` with all that is SURE alike, TOLD left out; rows without any SURE do not count."""
    chances = scores.masked_fill(marks == TOLD, -1e4).log_softmax(dim)
    right = (marks == SURE).float()
    count = right.sum(dim)
    losses = -(chances * right).sum(dim) / count.clamp(min=1)
    return losses[count > 0].mean() if bool((count > 0).any()) else scores.sum() * 0


def loss_of(probe: Probe, lesson: Lesson, scales: Tensor, rng: np.random.Generator) -> Tensor:
    """Of one step: photos and their captions find each other, words all that show them, labelled photos their label."""
    wanted = ((lesson.captioned, PHOTOS), (lesson.narrated, NARRATED), (lesson.labelled, LABELLED))
    photos = [rng.choice(rows, min(count, len(rows)), replace=False) for rows, count in wanted]
    chosen, count, own = np.concatenate(photos), len(photos[0]), len(photos[2])
    inputs = functional.dropout(probe.scaled(lesson.seen.logits[chosen]), DROPPED)
    seen = functional.normalize(probe.turn(inputs), dim=1)
    captions, words, labels = scales.exp().clamp(max=60)
    total = torch.zeros(())
    for lang in ("en", "zh", str(rng.choice(["de", "ar", "en"]))):
        of = [lesson.captions_of[photo] for photo in photos[0]]
        texts = lesson.captions[[int(rng.choice(rows.get(lang) or rows["en"])) for rows in of]]
        scores, right = seen @ texts.T * captions, torch.arange(count)
        both = (functional.cross_entropy(each, right, label_smoothing=SMOOTHING) for each in (scores[:count], scores.T))
        total = total + sum(both, torch.zeros(())) / 6
    terms = rng.choice(len(lesson.chances), min(TERMS, len(lesson.chances)), replace=False, p=lesson.chances)
    marks = torch.from_numpy(lesson.shown[chosen][:, terms])
    scores = seen @ lesson.terms[terms].T * words
    total = total + many_find(scores, marks, 0) + 0.5 * many_find(scores, marks, 1)
    prompts = lesson.prompts[int(rng.integers(len(lesson.prompts)))]
    named = seen[len(seen) - own :] @ prompts.T * labels
    return total + LABELS * functional.cross_entropy(named, torch.from_numpy(lesson.label[photos[2]]))


def read_scores(model: Starter, lesson: Lesson, steps: int = STEPS) -> None:
    """Give the model a probe, learned in that many steps."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    probe = Probe()
    probe.middle.copy_(lesson.seen.logits.mean(0))
    probe.spread.copy_(lesson.seen.logits.std(0))
    scales = torch.nn.Parameter(torch.tensor([18.0, 18.0, 15.0]).log())
    groups = [
        {"params": probe.parameters(), "weight_decay": DECAY},
        {"params": [scales], "weight_decay": 0.0, "lr": 1e-3},
    ]
    optimiser = torch.optim.AdamW(groups, lr=RATE)
    for step in range(steps):
        share = min((step + 1) / 20, 1.0) * 0.5 * (1 + math.cos(math.pi * step / steps)) + 1e-3
        optimiser.param_groups[0]["lr"] = RATE * share
        loss = loss_of(probe, lesson, scales, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 50 == 49:
            print(f"step {step + 1}: {loss.detach():.3f}", flush=True)
    model.probe = probe.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description="Teach shipped weights words and noun phrases.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--more", type=Path, required=True)
    parser.add_argument("--annotations", type=Path, required=True, help="the npm package cldr-annotations-full")
    parser.add_argument("--work", type=Path, required=True, help="caches, as of training.starter")
    parser.add_argument("--start", type=Path, required=True, help="folder of the weights to begin with")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    corpus, model = data.read_corpus(given.data, given.work), restore(given.start)
    judge, known = Judge.of(corpus, model, given.work), Known.of(corpus, "cpu")
    print("before", judge.quality(model, known), flush=True)
    album = Album.read(corpus, given.more, given.work)
    learned = lesson(album, model, given.annotations, given.work)
    weigh(model, learned, things(album, learned))
    print("weighed", judge.quality(model, known), flush=True)
    read_scores(model, learned, given.steps)
    print("with the probe", judge.quality(model, known), flush=True)
    torch.save({"ema": model.state_dict()}, given.work / "words.pt")
    export(model, known.classes, given.out)
    curve, figures = text_image(model, judge, known)
    print("text-image", curve, figures, flush=True)
    write_config(given.out, {"text-image": curve, "image-image": image_image(model, judge, known), **SOUND_CURVES})


if __name__ == "__main__":
    main()
