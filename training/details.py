"""Teaches a trained starter drawings, without hurting what it knows of photos.

`training.finish` calls it. The backbone stays as it is; its features are computed once for drawings and for photos. What
learns is the look at details (`model.Detail`) and, for the first steps and slowly, head and adapter: sentences and drawings
find each other, while photos, captions and class names keep the vectors they have. See docs/decisions/0104-details.md.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training import data, scenes, views
from training.data import Corpus, Drawings, Picture
from training.export import seen_graph
from training.model import SIZE, Starter

BATCH, FURTHER, KEPT_PHOTOS, KEPT_CAPTIONS = 192, 512, 192, 384
GROUPS = 16  # of a batch that differ in number alone
SCALE = 30.0
ANCHOR = 40.0  # weight of what must stay
DETAIL_RATE, HEAD_RATE = 2e-3, 1e-4
DRAWN, ROUNDS, COUNTED, PHOTOS = 4000, 4, 500, 5000  # drawings, of each pictogram, groups of four, photos that stay


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tower says about pictures, row by row, before it joins it."""

    features: Tensor
    logits: Tensor
    statistics: Tensor

    def rows(self, chosen: NDArray[np.int64]) -> Seen:
        """Some of the pictures."""
        return Seen(self.features[chosen], self.logits[chosen], self.statistics[chosen])


def see(tower: Any, count: int, picture: Callable[[int], Picture]) -> Seen:
    """What a session of `export.seen_graph` says about `picture(0..count-1)`."""
    parts = [tower.run(None, {"pixels": batch}) for batch in views.pictures(count, picture)]
    return Seen(*(torch.from_numpy(np.concatenate(each)) for each in zip(*parts, strict=True)))


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
    counted: int  # the last so many drawings come in groups of four
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
    turned = _Words(model, before, lesson, words)
    for step in range(steps):
        share = min(1.0, (step + 1) / 20) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        loss = _loss(model, before, lesson, rng, of, turned)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.requires_grad_(True).eval()


def _chosen(rng: np.random.Generator, count: int, counted: int) -> NDArray[np.int64]:
    """Drawings of a batch: some whole groups, the others by lot."""
    first = count - counted
    groups = rng.choice(counted // 4, min(GROUPS, counted // 4), replace=False)
    grouped = (first + 4 * groups[:, None] + np.arange(4)).ravel()
    return np.concatenate([rng.choice(first, min(BATCH, first), replace=False), grouped])


def _loss(
    model: Starter,
    before: Starter,
    lesson: Lesson,
    rng: np.random.Generator,
    of: list[NDArray[np.int64]],
    words: _Words,
) -> Tensor:
    """Of one step: drawings learned and told from photos; photos, captions and class names kept."""
    assert model.detail is not None
    chosen = _chosen(rng, len(of), lesson.counted)
    said = np.array([rng.choice(of[n]) for n in chosen])
    texts = np.concatenate([said, rng.integers(0, len(lesson.same), FURTHER)])
    true = (lesson.same[said][:, None] == lesson.same[texts]) | (chosen[:, None] == lesson.owner[texts])
    drawn = lesson.drawings.rows(chosen)
    vectors = model.join(drawn.features, drawn.logits, words.classes(), drawn.statistics)
    learned = find_each_other(vectors, words.sentences(texts), torch.from_numpy(true))
    photos = lesson.photos.rows(rng.integers(0, len(lesson.photos.features), KEPT_PHOTOS))
    with torch.no_grad():
        old_photos = before.join(photos.features, photos.logits, words.old_classes, photos.statistics)
    kept = moved(model.join(photos.features, photos.logits, words.classes(), photos.statistics), old_photos)
    gates = torch.cat([model.detail.gate(each.statistics) for each in (drawn, photos)])[:, 0]
    is_drawn = (torch.arange(len(gates)) < len(chosen)).float()
    told: Tensor = functional.binary_cross_entropy_with_logits(gates, is_drawn)
    return learned + told + ANCHOR * (kept + words.moved(rng))


class _Words:
    """Sentences, captions and class names as an adapter turns them; one that does not learn turns them once."""

    def __init__(self, model: Starter, before: Starter, lesson: Lesson, learns: bool) -> None:
        self._model, self._before, self._lesson, self._learns = model, before, lesson, learns
        with torch.no_grad():
            self.old_classes = before.adapter(lesson.classes)
            self._known = None if learns else (model.adapter(lesson.classes), model.adapter(lesson.sentences))

    def classes(self) -> Tensor:
        """(1000, 512)."""
        turned: Tensor = self._known[0] if self._known else self._model.adapter(self._lesson.classes)
        return turned

    def sentences(self, rows: NDArray[np.int64]) -> Tensor:
        """(rows, 512)."""
        if self._known:
            return self._known[1][rows]
        turned: Tensor = self._model.adapter(self._lesson.sentences[rows], 0.05)
        return turned

    def moved(self, rng: np.random.Generator) -> Tensor:
        """How far some captions, and the class names, are from where they were."""
        if not self._learns:
            return torch.zeros(())
        captions = self._lesson.captions[rng.integers(0, len(self._lesson.captions), KEPT_CAPTIONS)]
        with torch.no_grad():
            old = self._before.adapter(captions)
        return moved(self._model.adapter(captions), old) + 0.5 * moved(self.classes(), self.old_classes)


def lesson_of(drawings: Drawings, counted: int, seen: Seen, sentences: Tensor, photos: Seen, corpus: Corpus) -> Lesson:
    """The lesson of drawings and photos that the model has seen."""
    numbers = {text: n for n, text in enumerate(dict.fromkeys(drawings.sentences))}
    same = np.array([numbers[text] for text in drawings.sentences])
    captions, classes = (torch.from_numpy(rows) for rows in (corpus.caption_vectors, corpus.class_vectors))
    return Lesson(seen, sentences, drawings.owner, same, counted, photos, captions, classes)


def teach(model: Starter, corpus: Corpus, steps: int = 200) -> None:
    """Teach drawings: a few steps with head and adapter, then ten times as many of the look at details alone."""
    drawings = data.joined(data.draw(scenes.TRAINING[:DRAWN], SIZE), data.draw_pictograms(ROUNDS, SIZE))
    drawings = data.joined(drawings, data.draw_counted(COUNTED, SIZE))
    judged = set(data.validation(corpus))
    rows = [row for row, name in enumerate(corpus.names) if name not in judged]
    rows = np.sort(np.random.default_rng(0).permutation(rows)[:PHOTOS]).tolist()
    tower = views.session(seen_graph(model, SIZE))
    photos = see(tower, len(rows), views.squeezed(corpus.pixels, rows, SIZE))
    drawn = see(tower, len(drawings.pixels), lambda n: drawings.pixels[n])
    settle(model, drawn, photos)
    sentences = torch.from_numpy(data.sentence_vectors(drawings.sentences))
    lesson = lesson_of(drawings, 4 * COUNTED, drawn, sentences, photos, corpus)
    fit(model, lesson, steps)
    fit(model, lesson, 10 * steps, words=False)
