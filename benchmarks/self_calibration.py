"""Numbers measured on this machine against fitted ones:

    python -m benchmarks.self_calibration MEDIA [--older FOLDER --train DIR]

The photos of MEDIA (laid out like the fixtures) are asked by one caption each, in three languages in turn, and by what no
photo shows (judgements/absent.tsv). The towers of the starter, and those of an older one in FOLDER (its data/starter), are
judged once by the numbers that were fitted to them, once by those that self_calibration measures as if nobody had. With
--train the older one is fitted anew by training.calibration to the photos in DIR, for its own numbers are by another rule.

    sure, possible, none    per cent of the questions whose best photo is so, captions (present_) and others (absent_)
    seconds                 of measuring, of the process and of its processor time
    ece                     expected calibration error of the best photo's confidence against whether the thing is there
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.speech import table
from retrieval import resources
from retrieval.domain.media import Modality, Vectors
from retrieval.encoders import self_calibration, starter
from retrieval.encoders.calibration import CohortCalibration
from retrieval.evaluation import measures
from retrieval.media.image.decode import fit, open_image
from retrieval.protocols import Encoder
from retrieval.search import fusion
from retrieval.settings import POSSIBLE, SURE

JUDGEMENTS = Path(__file__).parent / "judgements"
LANGUAGES = ("en", "zh", "de")


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions with their vectors (n, dimension), and how many of them, at the beginning, have an answer."""

    vectors: Vectors
    present: int


def questions(media: Path) -> tuple[list[str], list[str]]:
    """One caption of each photo, its languages in turn, and what no photo shows."""
    by_photo: dict[str, dict[str, str]] = {}
    for row in table(media / "images/captions.tsv"):
        if row["lang"] in LANGUAGES:
            by_photo.setdefault(row["file"], {}).setdefault(row["lang"], row["caption"])
    there = [
        told.get(LANGUAGES[number % 3], next(iter(told.values()))) for number, told in enumerate(by_photo.values())
    ]
    return there, [row["question"] for row in table(JUDGEMENTS / "absent.tsv")]


def confidences(cohort: CohortCalibration, asked: Asked, photos: Vectors) -> NDArray[np.float64]:
    """Log-odds (n,) of the best photo for each question."""
    scores = asked.vectors @ photos.T
    found = []
    for question, best in zip(asked.vectors, scores.max(axis=1), strict=True):
        line = cohort.line(question[None], float(best), len(photos))
        found.append(float(line.odds(np.array([best], np.float32))[0]))
    return np.array(found)


def figures(odds: NDArray[np.float64], present: int) -> dict[str, float]:
    """Shares in per cent, and the calibration error."""
    rows: dict[str, float] = {}
    for name, own in (("present", odds[:present]), ("absent", odds[present:])):
        rows[f"{name}_sure"] = 100 * float((own >= fusion.log_odds(SURE)).mean())
        rows[f"{name}_none"] = 100 * float((own < fusion.log_odds(POSSIBLE)).mean())
        rows[f"{name}_possible"] = 100 - rows[f"{name}_sure"] - rows[f"{name}_none"]
    right = np.arange(len(odds)) < present
    rows["ece"] = measures.calibration(1 / (1 + np.exp(-odds)), right).error
    return rows


def refitted(train: Path) -> CohortCalibration:
    """The numbers of the weights that are in use, by today's rule, to photos that they have not learned from."""
    from training import calibration

    photos = calibration.Photos.read(train)
    bank = photos.text.encode(calibration.everyday())
    typical = photos.vectors[len(photos.honest) :].mean(axis=0)
    rng = random.Random(calibration.SEED)
    sizes = [size for size in calibration.SIZES for _ in range(max(1, 200 // size))]
    rounds = [each for size in sizes for each in calibration.asked(photos, size, bank, typical, rng)]
    return CohortCalibration(calibration.presence(rounds), bank, typical)


def measured(media: Path, folder: Path, current: Path, train: Path | None) -> Mapping[str, dict[str, float]]:
    """All rows of the weights in a folder. current: the weights whose fitted numbers the measuring goes by."""
    there, absent = questions(media)
    with _weights(folder):
        text, image = starter.StarterText(), starter.StarterImage()
        fitted = refitted(train) if train else starter.backgrounds()["text-image"]
        files = sorted((media / "images").glob("*.jpg"))
        photos = np.concatenate(
            [
                image.encode([fit(open_image(each), image.form) for each in files[at : at + 32]])
                for at in range(0, len(files), 32)
            ]
        )
        asked = Asked(text.encode([*there, *absent]), len(there))
    with _weights(current):
        encoders: dict[Modality, Encoder] = {"text": text, "image": image}
        wall, processor = time.perf_counter(), time.process_time()
        alone = self_calibration.measure(encoders)
        found = alone.with_library(photos, len(photos))
        took = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    both = {"fitted": fitted, "measured": found.cohort, "without library": alone.cohort}
    rows = {name: figures(confidences(each, asked, photos), len(there)) for name, each in both.items() if each}
    rows["measured"] |= took
    return rows


def _weights(folder: Path) -> mock._patch[object]:
    for cached in (starter.config, starter.backgrounds, starter.lexicon, starter.scene):
        cached.cache_clear()
    return mock.patch.object(resources, "starter", return_value=folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--older", type=Path, help="the data/starter of an older version")
    parser.add_argument("--train", type=Path, help="the training folder, for the numbers of the older version")
    given = parser.parse_args()
    current = resources.starter()
    folders = {"starter": current, **({"older starter": given.older} if given.older else {})}
    for name, folder in folders.items():
        for how, row in measured(given.media, folder, current, given.train if folder != current else None).items():
            print(f"{name:14} {how:16}", "  ".join(f"{key} {value:.3g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
