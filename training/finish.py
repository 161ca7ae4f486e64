"""From a trained checkpoint to the files that ship: weigh the class term, teach drawings, calibrate, write.

    python -m training.finish CHECKPOINT.. --data DIR --work DIR --out DIR

`training.starter` ends with it, `training.sound export` follows it. Several
checkpoints of one beginning count as the mean of their weights (Wortsman et al. 2022, model soups). Everything is chosen on
the validation photos and the labels held out.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import calibration, data, details
from training.backbone import read_weights
from training.calibration import Curve
from training.data import Corpus
from training.export import export, write_config
from training.judge import Judge, Known
from training.model import Starter, read_checkpoint

TERMS, CERTAINTIES = (0.8, 1.0, 1.2, 1.4, 1.6, 2.0), (0.0, 0.5, 1.0, 2.0)
SOUND_CURVES = {  # by hand; `training.sound export` states the first one
    "text-sound": Curve(14.0, -8.12),
    "sound-sound": Curve(12.0, -9.6),
    "sound-image": Curve(12.0, -6.96),
    "image-sound": Curve(12.0, -6.96),
}


def weigh(model: Starter, judge: Judge, known: Known) -> list[dict[str, float]]:
    """Give the class term the weights that serve captions and names of unseen classes best; all that was tried."""
    tried, features = [], judge.features(model)
    for term, certainty in itertools.product(TERMS, CERTAINTIES):
        model.class_term.fill_(term)
        model.certainty.fill_(certainty)
        found = judge.quality(model, known, features)
        captions = np.mean([found[lang] for lang in ("en", "zh", "de") if lang in found])
        names = (found["name"] + found["zero1"]) / 2
        tried.append({"term": term, "certainty": certainty, **found, "mean": float(captions + names) / 2})
    best = max(tried, key=lambda row: row["mean"])
    model.class_term.fill_(best["term"])
    model.certainty.fill_(best["certainty"])
    return tried


@torch.inference_mode()
def text_image(model: Starter, judge: Judge, known: Known) -> tuple[Curve, dict[str, float]]:
    """The curve of words and pictures, and what it shows and hides on the validation photos."""
    pictures = judge.vectors(model, known)[: len(judge.files)]
    right = []
    for lang in ("en", "zh", "de"):
        pairs = [(r, n) for n, f in enumerate(judge.files) for r in judge.corpus.captions_of[f].get(lang, [])]
        scores = model.adapter(known.captions[[row for row, _ in pairs]]) @ pictures.T
        own = scores.gather(1, torch.tensor([n for _, n in pairs])[:, None])
        right.append(own[(scores > own).sum(1) < 10, 0])
    absent = model.adapter(torch.from_numpy(data.sentence_vectors(calibration.absent()))) @ pictures.T
    wrong, kept = _numbers(absent.amax(1)), _numbers(torch.cat(right))
    curve = calibration.fit(kept, wrong)
    figures = {
        "kept": 100 * float((kept > curve.midpoint).mean()),
        "absent": 100 * float((wrong > curve.midpoint).mean()),
    }
    return curve, figures


@torch.inference_mode()
def image_image(model: Starter, judge: Judge, known: Known) -> Curve:
    """The curve of pictures and pictures: a photo and the nearest of another kind, or itself in another view."""
    pictures = judge.vectors(model, known)
    near = pictures @ pictures.T
    near.fill_diagonal_(-1)
    wrong = _numbers(near.amax(1))
    floor = float(np.quantile(wrong, 0.5))
    return Curve(10.0, -10.0 * floor)


def _numbers(rows: Tensor) -> NDArray[np.float64]:
    return np.asarray(rows.double().numpy())


def finish(model: Starter, corpus: Corpus, judge: Judge, work: Path, out: Path) -> None:
    """Weigh, teach, calibrate and write; the model is changed. Prints what was chosen."""
    known = Known.of(corpus, "cpu")
    for row in weigh(model, judge, known):
        print("class term", " ".join(f"{name} {value:.1f}" for name, value in row.items()), flush=True)
    details.teach(model, corpus)
    print("after drawings", judge.quality(model, known), flush=True)
    torch.save({"ema": model.state_dict()}, work / "finished.pt")
    export(model, torch.from_numpy(corpus.class_vectors), out)
    curve, figures = text_image(model, judge, known)
    print("text-image", curve, figures, flush=True)
    write_config(out, {"text-image": curve, "image-image": image_image(model, judge, known), **SOUND_CURVES})


def mean(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of the weights of several states."""
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the files that ship from a checkpoint.")
    parser.add_argument("checkpoints", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="caches, as of training.starter")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    model, corpus = Starter(read_weights("lite0")).eval(), data.read_corpus(given.data, given.work)
    model.load_state_dict(mean([read_checkpoint(path) for path in given.checkpoints]))
    given.out.mkdir(parents=True, exist_ok=True)
    finish(model, corpus, Judge.of(corpus, model, given.work), given.work, given.out)


if __name__ == "__main__":
    main()
