"""Photos that nothing is learned from, and what a model makes of them.

Choices while training and after it are made here: on validation photos with captions, and on photos of labels that are
held out, which stand for all the things that training never showed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import data, views
from training.data import Corpus, Picture
from training.model import SIZE, Starter, normalise
from training.views import Views


@dataclass(frozen=True)
class Known:
    """Constants of a run, on its device but for `taught`; sentence vectors unless it says otherwise."""

    captions: Tensor
    classes: Tensor  # (1000, 512)
    prompts: Tensor  # (prompts, labels, 512)
    words: tuple[Tensor, Tensor]  # translations of each other
    taught: Tensor | None = None  # (photos, any) unit vectors of a teacher

    @classmethod
    def of(cls, corpus: Corpus, device: str, taught: Tensor | None = None) -> Known:
        """Of a corpus."""

        def on(rows: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(rows).to(device)

        one, two = corpus.word_vectors
        words = on(one), on(two)
        return cls(on(corpus.caption_vectors), on(corpus.class_vectors), on(corpus.prompt_vectors), words, taught)


@dataclass(frozen=True)
class Judge:
    """Validation photos with captions, and labelled photos of the labels held out."""

    corpus: Corpus
    files: list[str]
    held: list[data.LabelRow]
    pixels: Picture  # of both, in that order
    views: Views

    @classmethod
    def of(cls, corpus: Corpus, model: Starter, work: Path, size: int = SIZE) -> Judge:
        """The judge of a run whose caches lie in `work`."""
        files = data.validation(corpus)
        names = data.held_out(corpus.labels)
        held = [row for row in corpus.labels if row.label in names and row.wnid]
        rows = [corpus.position[name] for name in files + [row.file for row in held]]
        picture = views.squeezed(corpus.pixels, rows, size)
        known = views.of_pictures(work / f"judged-{size}", model, size, len(rows), picture)
        return cls(corpus, files, held, np.stack([picture(n) for n in range(len(rows))]), known)

    @torch.inference_mode()
    def features(self, model: Starter) -> Tensor:
        """What the caption network sees in its photos."""
        model.eval()
        device = model.head.weight.device
        batches = (self.pixels[n : n + 100] for n in range(0, len(self.pixels), 100))
        return torch.cat([model.features(normalise(torch.from_numpy(batch)).to(device)) for batch in batches])

    @torch.inference_mode()
    def vectors(self, model: Starter, known: Known, features: Tensor | None = None) -> Tensor:
        """Of all its photos; `features` where they are known."""
        features = self.features(model) if features is None else features
        logits, looked = (
            torch.from_numpy(np.array(kept)).to(features.device).float()
            for kept in (self.views.logits, self.views.statistics)
        )
        return model.join(features, logits, model.adapter(known.classes), looked)

    @torch.inference_mode()
    def quality(self, model: Starter, known: Known, features: Tensor | None = None) -> dict[str, float]:
        """Percentages: captions whose photo is among the ten nearest, by language; and for the labels held out."""
        pictures = self.vectors(model, known, features)
        count, found = len(self.files), {}
        for lang in ("en", "zh", "de"):
            pairs = [(r, n) for n, f in enumerate(self.files) for r in self.corpus.captions_of[f].get(lang, [])]
            if pairs:
                scores = model.adapter(known.captions[[row for row, _ in pairs]]) @ pictures[:count].T
                right = torch.tensor([n for _, n in pairs], device=scores.device)
                found[lang] = within(scores, right, 10)
        names = sorted({row.label for row in self.held})
        right = torch.tensor([names.index(row.label) for row in self.held], device=pictures.device)
        label_rows = [self.corpus.label_names.index(name) for name in names]
        scores = model.adapter(known.prompts[0][label_rows]) @ pictures.T
        places = torch.arange(len(self.held), device=pictures.device) + count
        found["name"] = within(scores[right], places, 10)
        found |= {f"zero{k}": within(scores[:, count:].T, right, k) for k in (1, 5)}
        return found


def within(scores: Tensor, right: Tensor, k: int) -> float:
    """Percentage of rows whose right column is among the k largest."""
    rank = (scores > scores.gather(1, right[:, None])).sum(1)
    return 100 * float((rank < k).float().mean())
