"""Trains the image tower and the caption adapter of the `starter` profile.

    python -m training.starter --data DIR --out DIR [--minutes M | --passes N] [--seed S] [--device cpu|cuda]
                               [--captions FILE --images DIR] [--drawings SHARE] [--teacher ARCHITECTURE:WEIGHTS]

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

from training import data, scenes
from training.backbone import read_weights
from training.data import Corpus, Picture
from training.export import export
from training.model import SIZE, Starter, normalise

BACKBONE_RATE, RATE, DECAY = 4e-4, 1.5e-3, 0.05
WARM_UP = 60  # steps
SMOOTHING = 0.05
LOOKS = 6  # at the validation photos, in all
AHEAD = 4  # batches prepared while one is learned


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with what a run learns."""

    passes: float | None
    minutes: float | None
    seed: int
    device: str
    size: int = SIZE
    captioned: int = 72  # photos of a batch
    labelled: int = 24
    drawn: int = 0
    further: int = 2048  # captions of other photos

    def progress(self, step: int, steps_of_pass: float, seconds: float) -> float:
        """Share of the run that is done; 1 or more: it is over."""
        if self.passes is not None:
            return step / max(1.0, self.passes * steps_of_pass)
        assert self.minutes is not None
        return seconds / (60 * self.minutes)


@dataclass(frozen=True, slots=True)
class Batch:
    """One step's pictures, captioned ones first, then labelled ones, then drawings."""

    pixels: Picture
    photos: NDArray[np.int64]  # rows of the corpus, of the captioned and labelled ones
    captions: NDArray[np.float32]  # (3, captioned + drawings, 512) sentence vectors
    labels: NDArray[np.int64]
    further: NDArray[np.float32]  # sentence vectors of other captions
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
    drawings: data.Drawings | None = None
    drawing_vectors: data.Rows | None = None

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        rng = np.random.default_rng((self.plan.seed, 9, step))
        c, seed = self.corpus, self.plan.seed
        files = [self.files[n] for n in order(seed, 1, step, self.plan.captioned, len(self.files))]
        labels = [c.labels[n] for n in order(seed, 2, step, self.plan.labelled, len(c.labels))]
        photos = np.array([c.position[name] for name in files + [row.file for row in labels]], np.int64)
        pixels = [data.vary(rng, c.pixels[row], self.plan.size) for row in photos]
        rows = np.array([three_captions(rng, c.captions_of[name]) for name in files]).T
        captions = c.caption_vectors[rows]
        if self.drawings is not None:
            drawn, said = self._drawn(rng, step)
            pixels, captions = pixels + list(drawn), np.concatenate([captions, said], axis=1)
        further = c.caption_vectors[rng.choice(self._trained_rows, self.plan.further)]
        numbers = np.array([c.label_names.index(row.label) for row in labels], np.int64)
        return Batch(np.stack(pixels), photos, captions, numbers, further, int(rng.integers(len(data.PROMPTS))))

    def _drawn(self, rng: np.random.Generator, step: int) -> tuple[Picture, data.Rows]:
        assert self.drawings is not None and self.drawing_vectors is not None
        chosen = order(self.plan.seed, 3, step, self.plan.drawn, len(self.drawings.pixels))
        rows = [rng.choice(np.flatnonzero(self.drawings.owner == n), 3) for n in chosen]
        return self.drawings.pixels[chosen], self.drawing_vectors[np.array(rows).T]

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
    wide = torch.cat([scores, pictures @ further.T * scale], 1)
    there = functional.cross_entropy(wide, right, label_smoothing=SMOOTHING)
    back = functional.cross_entropy(scores.T, right, label_smoothing=SMOOTHING)
    return (there + back) / 2


def languages_agree(texts: list[Tensor], scale: Tensor) -> Tensor:
    """Captions of one picture find each other in every pair of lists."""
    right = torch.arange(len(texts[0]), device=texts[0].device)
    pairs = [(one, two) for n, one in enumerate(texts) for two in texts[n + 1 :]]
    scores = [one @ two.T * scale for one, two in pairs]
    both = [functional.cross_entropy(s, right) + functional.cross_entropy(s.T, right) for s in scores]
    return torch.stack(both).mean() / 2


def as_near_as(taught: Tensor, pictures: Tensor, scale: float = 20.0) -> Tensor:
    """Pictures are as near to each other as a teacher's vectors of any length say. Source: Park et al. 2019."""
    apart = ~torch.eye(len(pictures), dtype=torch.bool, device=pictures.device)
    mine = (pictures @ pictures.T * scale)[apart].reshape(len(pictures), -1)
    other = (taught @ taught.T * scale)[apart].reshape(len(pictures), -1)
    return functional.kl_div(mine.log_softmax(1), other.softmax(1), reduction="batchmean")


def loss_of(model: Starter, batch: Batch, known: Known) -> Tensor:
    """The sum of what a batch asks."""
    device = known.classes.device

    def adapted(rows: NDArray[np.float32]) -> Tensor:
        return model.adapter(torch.from_numpy(rows).to(device), 0.1)

    classes = model.adapter(known.classes, 0.1)
    vectors, logits = model(normalise(torch.from_numpy(batch.pixels).to(device)), classes)
    photos = len(batch.photos)
    first = photos - len(batch.labels)
    captioned = torch.cat([vectors[:first], vectors[photos:]])
    texts, further = [adapted(rows) for rows in batch.captions], adapted(batch.further)
    scale = model.caption_scale.exp().clamp(max=60)
    captions = torch.stack([find_each_other(captioned, text, further, scale) for text in texts]).mean()
    named = vectors[first:photos] @ model.adapter(known.prompts[batch.prompt], 0.1).T
    named = named * model.label_scale.exp().clamp(max=40)
    labels = functional.cross_entropy(named, torch.from_numpy(batch.labels).to(device), label_smoothing=SMOOTHING)
    rows = torch.from_numpy(batch.photos)
    kept = functional.kl_div(
        logits[:photos].log_softmax(1), known.chances[rows].to(device).softmax(1), reduction="batchmean"
    )
    total: Tensor = captions + 0.5 * languages_agree(texts, scale) + 0.5 * labels + 0.4 * kept
    if known.taught is not None:
        total = total + 0.5 * as_near_as(known.taught[rows].to(device), vectors[:photos])
    return total


# ---------------------------------------------------------------- what is known before


@dataclass(frozen=True)
class Known:
    """Constants of a run, on its device but for `chances` and `taught`."""

    classes: Tensor  # (1000, 512) sentence vectors of the class names
    prompts: Tensor  # (prompts, labels, 512)
    chances: Tensor  # (photos, 1000) logits of the untouched backbone
    taught: Tensor | None = None  # (photos, any) unit vectors of a teacher


def plain(corpus: Corpus, rows: list[int], size: int) -> Tensor:
    """The pictures whole, squeezed to (size, size), normalised."""
    from PIL import Image

    return normalise(torch.from_numpy(np.stack([data.squeezed(Image.fromarray(corpus.pixels[r]), size) for r in rows])))


@torch.inference_mode()
def first_chances(model: Starter, corpus: Corpus, size: int, device: str) -> Tensor:
    """Class logits of the backbone before it learned anything."""
    model.eval()
    parts = []
    for start in range(0, len(corpus.names), 100):
        rows = list(range(start, min(start + 100, len(corpus.names))))
        parts.append(model.backbone(plain(corpus, rows, size).to(device))[1].cpu())
    return torch.cat(parts).clone()


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


@torch.inference_mode()
def quality(model: Starter, corpus: Corpus, known: Known, size: int) -> dict[str, float]:
    """Share of written captions whose photo is among the ten nearest, by language, on the validation photos."""
    model.eval()
    device = known.classes.device
    files = corpus.captioned(data.CHOSEN_ON)
    classes = model.adapter(known.classes)
    rows = [corpus.position[name] for name in files]
    pictures = torch.cat(
        [model(plain(corpus, rows[n : n + 100], size).to(device), classes)[0] for n in range(0, len(rows), 100)]
    )
    found = {}
    for lang in ("en", "zh", "de"):
        pairs = [(row, n) for n, name in enumerate(files) for row in corpus.captions_of[name].get(lang, [])]
        if pairs:
            texts = model.adapter(torch.from_numpy(corpus.caption_vectors[[row for row, _ in pairs]]).to(device))
            scores, right = texts @ pictures.T, torch.tensor([n for _, n in pairs], device=device)
            rank = (scores > scores.gather(1, right[:, None])).sum(1)
            found[lang] = 100 * float((rank < 10).float().mean())
    return found


class Run:
    """A run under way: the model, its running mean, the optimiser and the number of steps taken."""

    def __init__(self, plan: Plan, weights: dict[str, Tensor] | None = None) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.step = 0
        self.seconds = 0.0
        model = Starter(weights or read_weights("lite2")).to(plan.device)
        self.model = model.to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.model)
        learned = [(n, p) for n, p in self.model.named_parameters() if p.requires_grad]
        groups = [
            {"params": [p for n, p in learned if n.startswith("backbone.")], "lr": BACKBONE_RATE},
            {"params": [p for n, p in learned if not n.startswith("backbone.")], "lr": RATE},
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
        nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self.optimiser.step()
        self.step += 1
        keep = min(0.998, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for now, mean in zip(self.model.parameters(), self.mean.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
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


def train(run: Run, feeder: Feeder, known: Known, out: Path) -> None:
    """Learn until the plan is fulfilled; writes curve.tsv, quality.tsv and state.pt."""
    begun, before = time.monotonic(), run.seconds
    steps_of_pass = len(feeder.files) / run.plan.captioned
    looked = int(run.plan.progress(run.step, steps_of_pass, before) * LOOKS)
    for batch in feeder.from_step(run.step):
        run.seconds = before + time.monotonic() - begun
        progress = run.plan.progress(run.step, steps_of_pass, run.seconds)
        if int(progress * LOOKS) > looked or progress >= 1:
            looked = int(progress * LOOKS)
            found = quality(run.mean, feeder.corpus, known, run.plan.size)
            _append(out / "quality.tsv", step=run.step, minutes=run.seconds / 60, **found)
            run.write(out / "state.pt")
        if progress >= 1:
            return
        loss = run.learn(batch, known, progress)
        if run.step % 10 == 0:
            _append(out / "curve.tsv", step=run.step, minutes=run.seconds / 60, loss=loss)


def prepare(run: Run, corpus: Corpus, work: Path, teacher: str) -> Known:
    """The constants of the run; what takes long is kept in `work`."""
    plan = run.plan
    kept = work / f"chances-{len(corpus.names)}-{plan.size}.pt"
    if not kept.is_file():
        torch.save(first_chances(run.model, corpus, plan.size, plan.device).half(), kept)
    return Known(
        torch.from_numpy(corpus.class_vectors).to(plan.device),
        torch.from_numpy(corpus.prompt_vectors).to(plan.device),
        torch.load(kept, weights_only=True).float(),
        teacher_vectors(teacher, corpus, plan.device) if teacher else None,
    )


def drawn_for(plan: Plan, count: int) -> tuple[data.Drawings | None, data.Rows | None]:
    """The run's drawings and the vectors of their sentences; none where the plan wants none."""
    if not plan.drawn:
        return None, None
    drawings = data.draw(scenes.TRAINING[:count], plan.size)
    return drawings, data.sentence_vectors(drawings.sentences)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the starter's image tower and caption adapter.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float)
    length.add_argument("--passes", type=float)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--captions", type=Path, help="your own table: file, lang, kind, caption")
    parser.add_argument("--images", type=Path, help="the folder of its files")
    parser.add_argument("--drawings", type=int, default=0, metavar="N", help="drawings in each batch")
    parser.add_argument("--drawn", type=int, default=6000, metavar="N", help="different drawings in all")
    parser.add_argument("--teacher", default="", help="a CLIP whose weights are at hand, ARCHITECTURE:TAG_OR_FILE")
    given = parser.parse_args()
    if (given.captions is None) != (given.images is None):
        parser.error("--captions and --images go together")
    return given


def main() -> None:
    given = _arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    passes = given.passes if given.passes or given.minutes else 12.0
    run = Run(Plan(passes, given.minutes, given.seed, given.device, drawn=given.drawings))
    own = (given.captions, given.images) if given.captions else None
    corpus = data.read_corpus(given.data, given.out, own)
    known = prepare(run, corpus, given.out, given.teacher)
    if (given.out / "state.pt").is_file():
        run.read(given.out / "state.pt")
    files = corpus.captioned(data.TRAINED + "+")
    train(run, Feeder(corpus, run.plan, files, *drawn_for(run.plan, given.drawn)), known, given.out)
    export(run.mean.cpu().eval(), torch.from_numpy(corpus.class_vectors), given.out)


if __name__ == "__main__":
    main()
