"""What tells whether pictures show a noun of the lexicon: fitted on photos that the towers have not learned from.

A noun's vector says how near pictures lie that show it and how near those that do not (`training.lexicon`); these numbers
come from photos that were learned from, so their weights are fitted on others. `training.calibration` calls this.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks import truth
from benchmarks.nouns import NAMING
from retrieval.domain.media import Vectors
from retrieval.encoders import calibration
from retrieval.encoders.calibration import NounCalibration, NounWeights
from training.data import CaptionRow
from training.regression import logistic

SIZES = {20: 12, 50: 6, 100: 4, 200: 4, 300: 2, 540: 1}  # pictures of a gallery, and how many are drawn
PRESENT = 0.5  # mass of nouns that are there, beside 1 of those that are not
NEAREST = 10  # pictures among which a noun must be found


@dataclass(frozen=True, slots=True, eq=False)
class Put:
    """Nouns (n,) put to galleries. counts (n,): pictures of the gallery. is_there (n,): among the NEAREST.

    lead (n,): cosine of the nearest. found (n, NEAREST): whether the pictures show it, nearest first; scores alike.
    """

    nouns: NDArray[np.intp]
    counts: NDArray[np.intp]
    scores: Vectors
    found: NDArray[np.bool_]

    @property
    def lead(self) -> NDArray[np.float64]:
        """Cosine (n,) of the nearest picture."""
        return self.scores[:, 0].astype(float)

    @property
    def is_there(self) -> NDArray[np.bool_]:
        """Whether one of the nearest (n,) shows the noun."""
        return self.found.any(axis=1)


def told(names: Sequence[str], captions: Sequence[CaptionRow]) -> dict[str, NDArray[np.intp]]:
    """How many English captions of each photo name each noun (nouns,)."""
    by_file: dict[str, list[frozenset[str]]] = defaultdict(list)
    for row in captions:
        if row.lang == "en":
            by_file[row.file].append(truth.stems(row.caption))
    stems = [truth.stem(name) for name in names]
    return {
        file: np.array([sum(stem in each for each in said) for stem in stems], np.intp)
        for file, said in by_file.items()
    }


def galleries(files: Sequence[str], rng: random.Random) -> Iterator[list[str]]:
    """Files by chance, of one source (the first letter) or of all, as many as there are at most."""
    sources: Mapping[str, list[str]] = {
        letter: [file for file in files if file[0] == letter] for letter in sorted({file[0] for file in files})
    }
    for size, times in SIZES.items():
        for turn in range(times):
            pools = [pool for pool in (*sources.values(), list(files)) if len(pool) >= size]
            if pools:
                yield rng.sample(pools[turn % len(pools)], size)


def put(files: Sequence[str], vectors: Vectors, nouns: Vectors, said: Mapping[str, NDArray[np.intp]]) -> Put:
    """All nouns (n, 512) put to photos (m, 512); those that only a photo or two might show are left out."""
    marks = np.stack([said[file] for file in files], axis=1)
    scores = nouns @ vectors.T
    order = np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]
    found = np.take_along_axis(marks >= NAMING, order, 1)
    kept = np.flatnonzero(found.any(axis=1) | (marks == 0).all(axis=1))
    return Put(kept, np.full(len(kept), len(files)), np.take_along_axis(scores, order, 1)[kept], found[kept])


def fit(rounds: Sequence[Put], cosines: Vectors) -> NounWeights:
    """The weights that tell nouns that are there from those that are not, galleries of each size weighed alike."""
    nouns, counts, lead, y = (
        np.concatenate([getattr(each, name) for each in rounds]) for name in ("nouns", "counts", "lead", "is_there")
    )
    absent, spread, shown, share = cosines[nouns].astype(float).T
    chances = np.array([calibration.chance(int(count)) for count in counts])
    columns = [(lead - absent) / spread, (shown - absent) / spread, np.log(share / (1 - share)), chances]
    like = Counter(zip(counts.tolist(), y.tolist(), strict=True))
    pairs = zip(counts.tolist(), y.tolist(), strict=True)
    mass = np.array([(PRESENT if there else 1.0) / like[count, there] for count, there in pairs])
    return NounWeights(*map(float, logistic(np.column_stack(columns), y.astype(float), mass)))


def table(judge: NounCalibration, rounds: Sequence[Put]) -> Iterator[str]:
    """By size of the gallery: what is shown though absent, what is kept, and how often three of five are right."""
    for size in sorted({int(each.counts[0]) for each in rounds}):
        absent, kept, useful = list[bool](), list[bool](), list[bool]()
        for each in (one for one in rounds if one.counts[0] == size):
            for noun, scores, found in zip(each.nouns, each.scores, each.found, strict=True):
                sure = judge.line(np.array([noun]), float(scores[0]), size).odds(scores) >= 0
                if not found.any():
                    absent.append(bool(sure.any()))
                    continue
                kept.append(bool((sure & found).any()))
                if found[:5].sum() >= 3:
                    useful.append(sure[:5].sum() >= 3 and found[:5][sure[:5]].mean() >= 0.6)
        yield (
            f"{size} pictures: nouns kept {100 * np.mean(kept):.0f} %, absent, shown {100 * np.mean(absent):.0f} %, "
            f"useful of {len(useful)} with three right in five {100 * np.mean(useful or [0]):.0f} %"
        )
