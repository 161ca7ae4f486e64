"""Teaches a trained starter drawings, without hurting what it knows of photos.

    python -m training.details CHECKPOINT --data DIR --work DIR --out CHECKPOINT [--steps N] [--drawings N] [--photos N]

The backbone stays as it is; its features are computed once for drawings and for photos. What learns is the look at
details (`model.Detail`) and, for the first steps and slowly, head and adapter: sentences and drawings find each other,
while photos, captions and class names keep the vectors they have. See docs/decisions/0104-details.md.
"""

from __future__ import annotations

import argparse
import copy
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training import data, scenes
from training.data import Drawings, Picture
from training.export import load
from training.model import SIZE, Starter, normalise

BATCH, FURTHER, KEPT_PHOTOS, KEPT_CAPTIONS = 192, 512, 192, 384
SCALE = 30.0
ANCHOR = 40.0  # weight of what must stay
DETAIL_RATE, HEAD_RATE = 2e-3, 1e-4
ROUNDS = 4  # drawings of each pictogram, besides those of the seeds


@dataclass(frozen=True, slots=True)
class Seen:
    """What the backbone says about pictures, row by row."""

    features: Tensor
    logits: Tensor
    statistics: Tensor

    def rows(self, chosen: NDArray[np.int64]) -> Seen:
        """Some of the pictures."""
        return Seen(self.features[chosen], self.logits[chosen], self.statistics[chosen])


@torch.no_grad()
def see(model: Starter, pictures: Picture, size: int) -> Seen:
    """What the backbone says about pictures (n, any, any, 3), each squeezed to (size, size)."""
    from PIL import Image

    model.eval()
    parts = []
    for start in range(0, len(pictures), 32):
        batch = [data.squeezed(Image.fromarray(each), size) for each in pictures[start : start + 32]]
        parts.append(model.look(normalise(torch.from_numpy(np.stack(batch)))))
    return Seen(*(torch.cat(part) for part in zip(*parts, strict=True)))


def settle(model: Starter, *sets: Seen) -> None:
    """Give the model a look at details whose scaling fits the statistics of the sets."""
    model.detailed()
    assert model.detail is not None
    both = torch.cat([seen.statistics for seen in sets])
    model.detail.middle.copy_(both.mean(0))
    model.detail.spread.copy_(both.std(0) + 1e-3)


def find_each_other(pictures: Tensor, texts: Tensor, true: Tensor) -> Tensor:
    """Picture n finds text n, text n picture n. Other pairs that `true` (pictures, texts) marks are no mistakes."""
    count = len(pictures)
    own = torch.eye(count, len(texts), dtype=torch.bool)
    scores = (pictures @ texts.T * SCALE).masked_fill(true & ~own, -1e4)
    right = torch.arange(count)
    there = functional.cross_entropy(scores, right)
    return (there + functional.cross_entropy(scores[:, :count].T, right)) / 2


def moved(now: Tensor, before: Tensor) -> Tensor:
    """1 - mean cosine."""
    return 1 - (now * before).sum(1).mean()


@dataclass(frozen=True)
class Lesson:
    """All that the fit needs; texts are sentence vectors."""

    drawings: Seen
    sentences: Tensor
    owner: NDArray[np.int64]
    same: NDArray[np.int64]  # equal numbers for equal sentences
    photos: Seen
    captions: Tensor
    classes: Tensor


def fit(model: Starter, lesson: Lesson, steps: int, *, words: bool = True, seed: int = 0) -> None:
    """Let the model learn for a number of steps; it must be settled. `words`: head and adapter learn too, slowly."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    before = copy.deepcopy(model).eval().requires_grad_(False)
    before.detail = None
    model.train()
    model.requires_grad_(False)
    assert model.detail is not None
    groups = [{"params": list(model.detail.parameters()), "lr": DETAIL_RATE}]
    if words:
        groups.append({"params": [*model.head.parameters(), *model.adapter.parameters()], "lr": HEAD_RATE})
    for group in groups:
        for parameter in group["params"]:
            parameter.requires_grad_(True)
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)
    rates = [group["lr"] for group in optimiser.param_groups]
    of = [np.flatnonzero(lesson.owner == n) for n in range(len(lesson.drawings.features))]
    for step in range(steps):
        share = min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        loss = _loss(model, before, lesson, rng, of)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.requires_grad_(True).eval()


def _loss(
    model: Starter, before: Starter, lesson: Lesson, rng: np.random.Generator, of: list[NDArray[np.int64]]
) -> Tensor:
    """Of one step: drawings learned, photos, captions and class names kept."""
    classes = model.adapter(lesson.classes)
    with torch.no_grad():
        old_classes = before.adapter(lesson.classes)
    chosen = rng.choice(len(of), min(BATCH, len(of)), replace=False)
    said = np.array([rng.choice(of[n]) for n in chosen])
    texts = np.concatenate([said, rng.integers(0, len(lesson.same), FURTHER)])
    true = (lesson.same[said][:, None] == lesson.same[texts]) | (chosen[:, None] == lesson.owner[texts])
    drawn = lesson.drawings.rows(chosen)
    vectors = model.join(drawn.features, drawn.logits, classes, drawn.statistics)
    learned = find_each_other(vectors, model.adapter(lesson.sentences[texts], 0.05), torch.from_numpy(true))
    photos = lesson.photos.rows(rng.integers(0, len(lesson.photos.features), KEPT_PHOTOS))
    captions = lesson.captions[rng.integers(0, len(lesson.captions), KEPT_CAPTIONS)]
    with torch.no_grad():
        old_photos = before.join(photos.features, photos.logits, old_classes, photos.statistics)
        old_captions = before.adapter(captions)
    kept = (
        moved(model.join(photos.features, photos.logits, classes, photos.statistics), old_photos)
        + moved(model.adapter(captions), old_captions)
        + 0.5 * moved(classes, old_classes)
    )
    total: Tensor = learned + ANCHOR * kept
    return total


def lesson_of(drawings: Drawings, seen: Seen, sentences: Tensor, photos: Seen, corpus: data.Corpus) -> Lesson:
    """The lesson of drawings and photos whose features are known."""
    numbers = {text: n for n, text in enumerate(dict.fromkeys(drawings.sentences))}
    same = np.array([numbers[text] for text in drawings.sentences])
    captions, classes = (torch.from_numpy(rows) for rows in (corpus.caption_vectors, corpus.class_vectors))
    return Lesson(seen, sentences, drawings.owner, same, photos, captions, classes)


def main() -> None:
    parser = argparse.ArgumentParser(description="Teach a trained starter drawings.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="caches, as of training.starter")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200, help="with head and adapter; then four times as many without")
    parser.add_argument("--drawings", type=int, default=4000)
    parser.add_argument("--photos", type=int, default=6000)
    given = parser.parse_args()
    model, corpus = load(given.checkpoint), data.read_corpus(given.data, given.work)
    drawings = data.joined(data.draw(scenes.TRAINING[: given.drawings], SIZE), data.draw_pictograms(ROUNDS, SIZE))
    taken = np.random.default_rng(0).permutation(
        [n for n, name in enumerate(corpus.names) if name[0] != data.CHOSEN_ON]
    )
    photos = see(model, corpus.pixels[np.sort(taken[: given.photos])], SIZE)
    seen = see(model, drawings.pixels, SIZE)
    settle(model, seen, photos)
    sentences = torch.from_numpy(data.sentence_vectors(drawings.sentences))
    lesson = lesson_of(drawings, seen, sentences, photos, corpus)
    fit(model, lesson, given.steps)
    fit(model, lesson, 4 * given.steps, words=False)
    torch.save({"ema": model.state_dict()}, given.out)


if __name__ == "__main__":
    main()
