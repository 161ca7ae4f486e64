"""Calibration, from cosines to log-odds of a probability: what a question reaches by chance is taken off. Pure.

A cosine alone does not tell whether a thing is there: a question of common words is near to everything, a rare one to
nothing, and the best of many pictures is near to any question. So an answer is judged by two cosines, its own and that of
the best answer in the library (under the question's filters), against what questions of that kind find where their
thing is absent: how near the question lies to a bank of everyday things and to a typical picture, and how many vectors
took part. The weights of these are fitted on held-back pairs (training/calibration.py); docs/decisions/0230 has the
figures.

Sources: the best of n like draws grows with sqrt(2 ln n) (extreme values; Leadbetter et al. 1983); nearness to a bank of
others is taken off as in cross-domain similarity local scaling (Conneau et al. 2018) and in the gap between the media of
one space (Liang et al. 2022); the weights come from a logistic regression (Platt 1999).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrieval.domain.media import Vectors

WORDY = 0.17  # mean cosine with the bank above which a question names an everyday thing in a word or two
SAME = 0.9995  # cosine of a question with the noun that it is
WITHIN_NOUN, BORROWED = 0.5, 1.0  # part of what the distance from a noun's best answer costs; log-odds spared at most
SCENE_COST, UNSEEN = 1.75, 0.75  # see SceneCalibration
NEAREST = 5  # a question is as near to the bank as to the fifth nearest of its things: one may be just what is asked


@dataclass(frozen=True, slots=True)
class LinearCalibration:
    """log-odds = slope * cosine + shift, and no more than `most` makes of it."""

    slope: float
    shift: float
    most: LinearCalibration | None = None

    def odds(self, cosines: Vectors) -> NDArray[np.float64]:
        """Log-odds (any shape, as `cosines` in -1..1) in float64; 0 is where answers begin."""
        own = self.slope * cosines.astype(float) + self.shift
        return own if self.most is None else np.minimum(own, self.most.odds(cosines))


@dataclass(frozen=True, slots=True)
class Scale:
    """Where cosines of one encoder lie among those of another: factor * cosine + offset; see self_calibration."""

    factor: float = 1.0
    offset: float = 0.0

    def of(self, cosines: ArrayLike) -> NDArray[np.float64]:
        """Cosines (any shape) on the other's scale."""
        return self.factor * np.asarray(cosines, np.float64) + self.offset


@dataclass(frozen=True, slots=True)
class Weights:
    """What each term adds to the log-odds; `slope` that of an answer's own cosine."""

    slope: float
    offset: float
    lead: float = 0.0  # the best cosine in the library
    near: float = 0.0  # see NEAREST
    everyday: float = 0.0  # mean cosine with the bank
    typical: float = 0.0  # cosine with the typical picture
    wordy: float = 0.0  # what the mean cosine with the bank has above WORDY
    chance: float = 0.0  # `chance` of the number of vectors
    sure: float = 2.0  # cosine of a best answer that is one whatever the question; it grows by
    growth: float = 0.0  # so much for each step of `chance`


@dataclass(frozen=True, slots=True)
class NounWeights:
    """What each term adds to the log-odds of a noun's best answer; see NounCalibration."""

    lead: float  # its cosine, in deviations above the mean of pictures that do not show the noun
    reach: float  # that of a picture that shows the noun
    share: float  # log-odds of the share of pictures that show it
    chance: float  # `chance` of the number of vectors
    offset: float


@dataclass(frozen=True, slots=True, eq=False)
class NounCalibration:
    """What nouns are held against whose cosines with many pictures are known.

    vectors (n, dimension) unit rows; cosines (n, 4): mean and standard deviation over pictures that do not show the noun,
    mean over those that do, share of the latter.
    """

    weights: NounWeights
    vectors: Vectors
    cosines: Vectors

    def places(self, questions: Vectors) -> NDArray[np.intp] | None:
        """The noun (q,) that each question (q, dimension) is; None where one of them is none."""
        near = questions @ self.vectors.T
        return near.argmax(axis=1) if near.size and (near.max(axis=1) > SAME).all() else None

    def line(self, nouns: NDArray[np.intp], lead: float, count: int) -> LinearCalibration:
        """How answers to nouns (q,) are judged. lead: their best cosine among `count`.

        What is found once is likelier to be found twice: an answer has part of what the best one has before it, BORROWED
        at most.
        """
        w = self.weights
        absent, spread, shown, share = self.cosines[nouns].astype(float).mean(axis=0)
        terms = w.reach * (shown - absent) / spread + w.share * np.log(share / (1 - share)) + w.chance * chance(count)
        best = w.lead / spread
        shift = float(w.offset + terms - best * absent)
        own, slope = LinearCalibration(best, shift + BORROWED), WITHIN_NOUN * best
        return LinearCalibration(slope, shift + (best - slope) * lead, own)


@dataclass(frozen=True, slots=True, eq=False)
class CohortCalibration:
    """What questions of one direction are held against. everyday (n, dimension): the bank; typical (dimension,).

    The weights were fitted to one encoder; the scales bring the cosines of another one to where they lie there: with
    pictures, with the bank, and with the typical picture.
    """

    weights: Weights
    everyday: Vectors
    typical: Vectors
    nouns: NounCalibration | None = None
    scale: Scale = Scale()
    bank_scale: Scale = Scale()
    typical_scale: Scale = Scale()

    @property
    def steepness(self) -> float:
        """By how much the log-odds of the best answer grow with its cosine."""
        return (self.weights.slope + self.weights.lead) * self.scale.factor

    def line(self, questions: Vectors, lead: float, count: int) -> LinearCalibration:
        """How answers to one operand are judged. questions (q, dimension); lead: their best cosine among `count`.

        The best answer is at least as sure as its cosine alone makes it, against what absent things hardly ever reach.
        A noun that is known is judged by what is known of it (docs/decisions/0114).
        """
        nouns, reached = self._held_against(questions)
        if self.nouns is not None and nouns is not None:
            return self.nouns.line(nouns, lead, count)
        w, lead = self.weights, float(self.scale.of(lead))
        terms = np.array([w.near, w.everyday, w.typical, w.wordy])
        shift = w.offset + float(reached.mean(axis=0) @ terms)
        shift += w.lead * lead + w.chance * chance(count)
        least = (w.slope + w.lead) * (lead - w.sure - w.growth * chance(count))
        shift = max(shift, least - w.slope * lead)
        return LinearCalibration(w.slope * self.scale.factor, shift + w.slope * self.scale.offset)

    def _held_against(self, questions: Vectors) -> _Told:
        """The nouns (q,) that questions (q, dimension) are, if they all are, and their `traits`. Pictures and shots are
        asked by one question, so the last is kept."""
        global _last
        known, asked, told = _last
        if known is not self or not np.array_equal(asked, questions):
            nouns = None if self.nouns is None else self.nouns.places(questions)
            told = nouns, traits(questions, self.everyday, self.typical, self.bank_scale, self.typical_scale)
            _last = self, questions.copy(), told
        return told


_Told: TypeAlias = tuple[NDArray[np.intp] | None, NDArray[np.float64]]
_last: tuple[CohortCalibration | None, Vectors, _Told] = (  # replaced whole, so threads only miss it
    None,
    np.empty((0, 0), np.float32),
    (None, np.empty((0, 4))),
)


@dataclass(frozen=True, slots=True, eq=False)
class SceneCalibration:
    """What questions to texts are held against: how much they describe something that is seen.

    scene (dimension,): a question's product with it tells that. Beyond `free` it costs texts SCENE_COST times as much in
    log-odds; what lies more than UNSEEN below costs pictures as much. prior: how a cosine is judged among so many texts. A
    question like "a peacock spreading its tail" is near to any text on tails, one on tenancy law to few texts; see
    docs/decisions/0240 and 0116.
    """

    scene: Vectors
    free: float
    prior: Callable[[int], LinearCalibration]

    def line(self, questions: Vectors, lead: float, count: int) -> LinearCalibration:
        """How texts are judged as answers to one operand. questions (q, dimension); count: of the texts."""
        usual = self.prior(count)
        return LinearCalibration(usual.slope, usual.shift - SCENE_COST * max(0.0, self._seen(questions)))

    def of_pictures(self, questions: Vectors, line: LinearCalibration) -> LinearCalibration:
        """How pictures are judged as answers to one operand, whose texts would be asked by `questions` (q, dimension)."""
        return replace(line, shift=line.shift - max(0.0, -UNSEEN - self._seen(questions)))

    def _seen(self, questions: Vectors) -> float:
        return float((questions @ self.scene).mean()) - self.free


def traits(
    questions: Vectors,
    everyday: Vectors,
    typical: Vectors,
    bank_scale: Scale = Scale(),
    typical_scale: Scale = Scale(),
) -> NDArray[np.float64]:
    """(q, 4): cosine with the NEAREST-th of the bank, mean cosine with it, with the typical picture, the mean over WORDY."""
    to_bank = questions @ everyday.T
    near = bank_scale.of(np.partition(to_bank, -NEAREST, axis=1)[:, -NEAREST])
    mean = bank_scale.of(to_bank.mean(axis=1))
    return np.stack([near, mean, typical_scale.of(questions @ typical), np.maximum(mean - WORDY, 0.0)], axis=1)


def chance(count: int) -> float:
    """How many deviations above the mean the best of `count` random cosines lies, about; 0 for none."""
    return float(np.sqrt(2.0 * np.log(count + 1.0)))
