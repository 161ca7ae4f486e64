"""Trains the image tower and the caption adapter of the `starter` profile.

    python -m training.starter --data DIR --out DIR [--minutes M | --passes N] [--seed S] [--device cpu|cuda]
                               [--captions FILE --images DIR] [--teacher ARCHITECTURE:WEIGHTS]

DIR of --data is laid out as training/data.py says. In DIR of --out lie the caches, `state.pt` (written every few
minutes; a run that was stopped goes on from it), `curve.tsv` (one row every ten steps), `quality.tsv` (one row for each
look at the validation photos) and at the end image.onnx and adapter.npz. Step n of a seed sees the same pictures in the
same form on every machine; with --passes a run is repeatable, with --minutes its length follows the machine.

A batch is captioned photos, labelled photos and drawings. The loss: captions and pictures find each other among the
batch and further captions, in three languages; captions of one photo find each other across languages; labelled photos
find their label; the backbone keeps its class probabilities.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training import data, views
from training.backbone import read_weights
from training.data import Corpus, Picture
from training.finish import finish
from training.judge import Judge, Known
from training.model import CLASS_TERM, Starter, normalise, read_checkpoint
from training.views import Views

NETWORK_RATE, RATE, DECAY = 4e-4, 1.5e-3, 0.05
WARM_UP = 60  # steps
SMOOTHING = 0.05
LOOKS = 8  # at the validation photos, in all
AHEAD = 4  # batches prepared while one is learned
KEEN = 40.0  # how sharply captions are told apart when their likeness is compared with the sentence space
AGREE, LIKE, TRANSLATE, LABEL, TEACH = 0.5, 0.2, 0.2, 0.3, 0.5  # weights of the losses beside the captions' own


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with what a run learns."""

    passes: float | None
    minutes: float | None
    seed: int
    device: str
    side: int = 176  # of a picture; smaller than of later questions, since a crop shows things larger (Touvron 2019)
    captioned: int = 84  # photos of a batch
    labelled: int = 12
    further: int = 1536  # captions of other photos
    likeness: int = 48  # photos whose captions are all compared
    words: int = 192  # of the dictionary

    def progress(self, step: int, steps_of_pass: float, seconds: float) -> float:
        """Share of the run that is done; 1 or more: it is over."""
        if self.passes is not None:
            return step / max(1.0, self.passes * steps_of_pass)
        assert self.minutes is not None
        return seconds / (60 * self.minutes)


@dataclass(frozen=True, slots=True)
class Batch:
    """One step: captioned photos first, then labelled ones; sentences as rows of the corpus."""

    pixels: Picture
    logits: NDArray[np.float16]
    photos: NDArray[np.int64]  # rows of the corpus
    captions: NDArray[np.int64]  # (3, captioned)
    labels: NDArray[np.int64]
    further: NDArray[np.int64]
    likeness: tuple[NDArray[np.int64], NDArray[np.int64]]  # all captions of some photos in two languages
    words: NDArray[np.int64]
    prompt: int


# ---------------------------------------------------------------- batches


def order(seed: int, stream: int, step: int, take: int, count: int) -> NDArray[np.int64]:
    """Which `take` of `count` things step `step` sees: passes in an order of their own, each complete."""
    places = np.arange(step * take, (step + 1) * take)
    rounds = {int(n): np.random.default_rng((seed, stream, int(n))).permutation(count) for n in set(places // count)}
    return np.array([rounds[int(place) // count][place % count] for place in places], np.int64)


def three_captions(rng: np.random.Generator, rows: dict[str, list[int]]) -> tuple[int, int, int]:
    """An English caption, a Chinese one, and a German, French or second English one, as far as there are any."""
    english = rng.permutation(rows["en"])
    chinese = rows.get("zh") or rows["en"]
    others = [lang for lang in ("de", "fr") if lang in rows]
    third = int(english[min(1, len(english) - 1)])
    if others and rng.random() < 0.8:
        lang = others[0] if rng.random() < 0.8 else others[-1]
        third = int(rng.choice(rows[lang]))
    return int(english[0]), int(rng.choice(chinese)), third


@dataclass(frozen=True)
class Feeder:
    """Makes the batch of any step of a run, from nothing but its seed and the number of the step."""

    corpus: Corpus
    plan: Plan
    files: list[str]
    views: Views

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        c, plan, seed = self.corpus, self.plan, self.plan.seed
        rng = np.random.default_rng((seed, 9, step))
        files = [self.files[n] for n in order(seed, 1, step, plan.captioned, len(self.files))]
        labels = [self._labels[n] for n in order(seed, 2, step, plan.labelled, len(self._labels))]
        photos = np.array([c.position[name] for name in files + [row.file for row in labels]], np.int64)
        count = len(self.views.logits) // len(c.names)
        logits = self.views.logits[photos * count + rng.integers(0, count, len(photos))]
        pixels = np.stack([data.vary(rng, c.pixels[row], plan.side) for row in photos])
        captions = np.array([three_captions(rng, c.captions_of[name]) for name in files]).T
        numbers = np.array([c.label_names.index(row.label) for row in labels], np.int64)
        further = rng.choice(self._trained_rows, plan.further)
        words = rng.integers(0, max(1, len(c.word_vectors[0])), plan.words)
        prompt = int(rng.integers(len(c.prompt_vectors)))
        return Batch(pixels, logits, photos, captions, numbers, further, self._likeness(rng), words, prompt)

    def _likeness(self, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All captions of some photos in English, and in another language."""
        other = str(rng.choice(["zh", "zh", "de", "fr"]))
        found = [self.corpus.captions_of[self.files[n]] for n in rng.integers(0, len(self.files), self.plan.likeness)]
        found = [rows for rows in found if other in rows] or [rows | {other: rows["en"]} for rows in found]
        one, two = ([row for rows in found for row in rows[lang]] for lang in ("en", other))
        return np.array(one, np.int64), np.array(two, np.int64)

    @cached_property
    def _labels(self) -> list[data.LabelRow]:
        held = data.held_out(self.corpus.labels)
        return [row for row in self.corpus.labels if row.label not in held]

    @cached_property
    def _trained_rows(self) -> NDArray[np.int64]:
        rows = (row for name in self.files for of in self.corpus.captions_of[name].values() for row in of)
        return np.fromiter(rows, np.int64)

    def from_step(self, step: int) -> Iterator[Batch]:
        """Batches from that step on, prepared in threads."""
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(self.batch, step + n) for n in range(AHEAD)]
            while True:
                step += 1
                yield waiting.pop(0).result()
                waiting.append(pool.submit(self.batch, step + AHEAD - 1))


# ---------------------------------------------------------------- losses


def find_each_other(pictures: Tensor, texts: Tensor, further: Tensor, scale: Tensor) -> Tensor:
    """Each picture finds its text among all texts and `further` ones, each text its picture."""
    right = torch.arange(len(pictures), device=pictures.device)
    scores = pictures @ texts.T * scale
    there = torch.cat([scores, pictures @ further.T * scale], 1)
    both = (functional.cross_entropy(each, right, label_smoothing=SMOOTHING) for each in (there, scores.T))
    return sum(both, torch.zeros(())) / 2


def agree(one: Tensor, two: Tensor, scale: Tensor | float) -> Tensor:
    """Row n of one list finds row n of the other, both ways."""
    right = torch.arange(len(one), device=one.device)
    scores = one @ two.T * scale
    return (functional.cross_entropy(scores, right) + functional.cross_entropy(scores.T, right)) / 2


def as_alike(ours: Tensor, theirs: Tensor) -> Tensor:
    """Scores `ours` (n, m) spread over columns, and over rows, as `theirs` do. Source: Park et al. 2019."""
    pairs = [(ours, theirs), (ours.T, theirs.T)]
    both = [functional.kl_div(a.log_softmax(1), b.softmax(1), reduction="batchmean") for a, b in pairs]
    return (both[0] + both[1]) / 2


def as_near_as(taught: Tensor, pictures: Tensor, scale: float = 20.0) -> Tensor:
    """Pictures are as near to each other as a teacher's vectors of any length say."""
    apart = ~torch.eye(len(pictures), dtype=torch.bool, device=pictures.device)
    mine, other = ((rows @ rows.T * scale)[apart].reshape(len(rows), -1) for rows in (pictures, taught))
    return functional.kl_div(mine.log_softmax(1), other.softmax(1), reduction="batchmean")


def text_loss(model: Starter, batch: Batch, known: Known, texts: list[Tensor]) -> Tensor:
    """Captions of one picture agree across languages; captions stay as alike as their sentences; words translate."""
    scale = model.caption_scale.exp().clamp(max=60)
    pairs = [(one, two) for n, one in enumerate(texts) for two in texts[n + 1 :]]
    agreed = torch.stack([agree(one, two, scale) for one, two in pairs]).mean()
    plain = [known.captions[rows] for rows in batch.likeness]
    one, two = (model.adapter(rows, 0.1) for rows in plain)
    alike = as_alike(one @ two.T * KEEN, plain[0] @ plain[1].T * KEEN)
    total = AGREE * agreed + LIKE * alike
    if len(known.words[0]):
        words = (model.adapter(side[batch.words], 0.1) for side in known.words)
        total = total + TRANSLATE * agree(*words, 25.0)
    return total


def loss_of(model: Starter, batch: Batch, known: Known) -> Tensor:
    """The sum of what a batch asks. The class term weighs more or less in each picture, so that any weight may ship."""
    device = known.classes.device
    with torch.no_grad():
        classes = model.adapter(known.classes)
    pixels = normalise(torch.from_numpy(batch.pixels).to(device))
    features = functional.dropout(model.features(pixels), 0.2, model.training)
    weight = torch.rand(len(features), 1, device=device) * CLASS_TERM
    vectors = model.join(features, torch.from_numpy(batch.logits).to(device).float(), classes, weight=weight)
    first = len(batch.photos) - len(batch.labels)
    captioned, labelled = vectors[:first], vectors[first:]
    texts = [model.adapter(known.captions[rows], 0.1) for rows in batch.captions]
    further = model.adapter(known.captions[batch.further], 0.1)
    scale = model.caption_scale.exp().clamp(max=60)
    captions = torch.stack([find_each_other(captioned, text, further, scale) for text in texts]).mean()
    names = model.adapter(known.prompts[batch.prompt], 0.1)
    named = labelled @ names.T * model.label_scale.exp().clamp(max=40)
    labels = functional.cross_entropy(named, torch.from_numpy(batch.labels).to(device), label_smoothing=SMOOTHING)
    total = captions + text_loss(model, batch, known, texts) + LABEL * labels
    if known.taught is not None:
        total = total + TEACH * as_near_as(known.taught[batch.photos].to(device), vectors)
    return total


# ---------------------------------------------------------------- a teacher


def teacher_vectors(name: str, corpus: Corpus, device: str) -> Tensor:
    """Unit vectors of a CLIP's image tower, "ARCHITECTURE:TAG" or "ARCHITECTURE:FILE" as open_clip takes them."""
    import open_clip
    from PIL import Image

    architecture, _, weights = name.partition(":")
    tower, _, prepare = open_clip.create_model_and_transforms(architecture, pretrained=weights or None, device=device)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(corpus.names), 64):  # each prepared as that tower wants it
            pictures = torch.stack([prepare(Image.fromarray(p)) for p in corpus.pixels[start : start + 64]])
            parts.append(functional.normalize(tower.encode_image(pictures.to(device)).float(), dim=1).cpu())
    return torch.cat(parts).clone()


# ---------------------------------------------------------------- the run


class Run:
    """A run under way: the model, its running mean, the optimiser and the number of steps taken."""

    def __init__(self, plan: Plan, weights: dict[str, Tensor] | None = None) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.step = 0
        self.seconds = 0.0
        model = Starter(weights or read_weights("lite0")).to(plan.device)
        self.model = model.to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.model)
        learned = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for n, p in learned if n.startswith("captions.")], "lr": NETWORK_RATE},
            {"params": [p for n, p in learned if not n.startswith("captions.")], "lr": RATE},
        ]
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=DECAY)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]

    def learn(self, batch: Batch, known: Known, progress: float) -> float:
        """One step; its loss."""
        share = min((self.step + 1) / WARM_UP, 1.0) * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0))) + 1e-3
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        self.model.train()
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)  # the dropout of a step, also after a stop
        loss = loss_of(self.model, batch, known)
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_((p for p in self.model.parameters() if p.requires_grad), 2.0)
        self.optimiser.step()
        self.step += 1
        kept = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for new, mean in zip(self.model.parameters(), self.mean.parameters(), strict=True):
                if new.requires_grad:
                    mean.lerp_(new, 1 - kept)
        return float(loss.detach())

    def write(self, path: Path) -> None:
        """Write everything that a later start goes on from, whole or not at all."""
        state = {"net": self.model, "ema": self.mean, "optimiser": self.optimiser}
        kept: dict[str, Any] = {name: part.state_dict() for name, part in state.items()}
        new = path.with_suffix(".new")
        torch.save(kept | {"step": self.step, "seconds": self.seconds}, new)
        new.replace(path)

    def read(self, path: Path) -> None:
        """Go on from a written state."""
        kept = torch.load(path, map_location=self.plan.device, weights_only=True)
        self.model.load_state_dict(kept["net"])
        self.mean.load_state_dict(kept["ema"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.step, self.seconds = kept["step"], kept["seconds"]


def _append(path: Path, **values: float) -> None:
    new = not path.is_file()
    with path.open("a", encoding="utf-8") as file:
        if new:
            file.write("\t".join(values) + "\n")
        file.write("\t".join(f"{value:.4g}" for value in values.values()) + "\n")


def train(run: Run, feeder: Feeder, known: Known, judge: Judge, out: Path) -> None:
    """Learn until the plan is fulfilled; writes curve.tsv, quality.tsv and state.pt."""
    begun, before = time.monotonic(), run.seconds
    steps_of_pass = len(feeder.files) / run.plan.captioned
    looked = int(run.plan.progress(run.step, steps_of_pass, before) * LOOKS)
    for batch in feeder.from_step(run.step):
        run.seconds = before + time.monotonic() - begun
        progress = run.plan.progress(run.step, steps_of_pass, run.seconds)
        if int(progress * LOOKS) > looked or progress >= 1:
            looked = int(progress * LOOKS)
            found = judge.quality(run.mean, known)
            _append(out / "quality.tsv", step=run.step, minutes=run.seconds / 60, **found)
            run.write(out / "state.pt")
        if progress >= 1:
            return
        loss = run.learn(batch, known, progress)
        if run.step % 10 == 0:
            _append(out / "curve.tsv", step=run.step, minutes=run.seconds / 60, loss=loss)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the starter's image tower and caption adapter.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float)
    length.add_argument("--passes", type=float)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--start", type=Path, help="begin with the weights of another run's state.pt")
    parser.add_argument("--captions", type=Path, help="your own table: file, lang, kind, caption")
    parser.add_argument("--images", type=Path, help="the folder of its files")
    parser.add_argument("--teacher", default="", help="a CLIP whose weights are at hand, ARCHITECTURE:TAG_OR_FILE")
    given = parser.parse_args()
    if (given.captions is None) != (given.images is None):
        parser.error("--captions and --images go together")
    return given


def main() -> None:
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    passes = given.passes if given.passes or given.minutes else 12.0
    run = Run(Plan(passes, given.minutes, given.seed, given.device))
    own = (given.captions, given.images) if given.captions else None
    corpus = data.read_corpus(given.data, given.out, own)
    seen = views.varied(given.out / "varied", run.model, corpus.pixels, given.seed)
    judge = Judge.of(corpus, run.model, given.out)
    taught = teacher_vectors(given.teacher, corpus, given.device) if given.teacher else None
    known = Known.of(corpus, given.device, taught)
    if given.start:
        run.model.load_state_dict(read_checkpoint(given.start))
        run.mean.load_state_dict(run.model.state_dict())
    if (given.out / "state.pt").is_file():
        run.read(given.out / "state.pt")
    train(run, Feeder(corpus, run.plan, data.trained(corpus), seen), known, judge, given.out)
    finish(run.mean.cpu().eval(), corpus, judge, given.out, given.out)


if __name__ == "__main__":
    main()
