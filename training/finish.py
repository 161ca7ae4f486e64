"""From a trained checkpoint to the files that ship: weigh the class term, teach drawings, calibrate, write.

    python -m training.finish CHECKPOINT --data DIR --work DIR --out DIR

`training.starter` ends with it. Everything is chosen on the validation photos and the labels held out; directions with
sounds take the curves that `sound.toml` in DIR of --out states, or keep those that starter.toml there has.
"""

from __future__ import annotations

import argparse
import itertools
import tomllib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training import calibration, data, details
from training.calibration import Curve
from training.data import Corpus
from training.export import export, load, write_config
from training.judge import Judge, Known
from training.model import Starter

TERMS, CERTAINTIES = (0.6, 0.8, 1.0, 1.2, 1.5, 2.0), (0.0, 1.0, 2.0, 3.0)
SOUND_CURVES = {"sound-sound": Curve(12.0, -9.6), "sound-image": Curve(12.0, -6.96), "image-sound": Curve(12.0, -6.96)}


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
    curve = calibration.no_lower(calibration.fit(kept, wrong), wrong, share=0.15)
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


def _sound_curves(out: Path) -> dict[str, Curve]:
    """Of the directions with sounds: as stated by the sound tower's training, else by hand."""
    curves = dict(SOUND_CURVES)
    stated = out / "sound.toml"
    cut = tomllib.loads(stated.read_text("utf-8"))["figures"]["cut"] if stated.is_file() else 0.58
    return curves | {"text-sound": Curve(14.0, -14.0 * cut)}


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
    write_config(out, {"text-image": curve, "image-image": image_image(model, judge, known), **_sound_curves(out)})


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the files that ship from a checkpoint.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="caches, as of training.starter")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    model, corpus = load(given.checkpoint), data.read_corpus(given.data, given.work)
    given.out.mkdir(parents=True, exist_ok=True)
    finish(model, corpus, Judge.of(corpus, model, given.work), given.work, given.out)


if __name__ == "__main__":
    main()
