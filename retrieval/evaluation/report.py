"""Rankings -> what a report tells: means with intervals, by direction and group, one setting against another. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from retrieval.domain.media import Medium
from retrieval.evaluation import measures
from retrieval.evaluation.measures import MEASURES, Difference, Interval, Values
from retrieval.evaluation.runner import Ranking, Setting
from retrieval.evaluation.topics import AssetTable, Topic

FIRST = 10  # hits that two settings are compared by
MOMENT = ("moment IoU", "moment@0.5")  # of questions whose spans are known
MIXED = "media"  # the direction of a question whose right answers are of several


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of some questions. median_rank: of the first right answer; infinite where most have none."""

    questions: int
    measures: Mapping[str, Interval]
    median_rank: float


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """One setting. by: its figures for each direction and group. values: each measure for each question, in order.

    gains: against the first setting of the report, empty for that itself. agreement: share of the first ten hits of a
    question that the first setting has among its own, on average.
    """

    setting: Setting
    rankings: tuple[Ranking, ...]
    whole: Figures
    by: Mapping[str, Mapping[str, Figures]]
    values: Mapping[str, Values] = field(default_factory=dict)
    gains: Mapping[str, Difference] = field(default_factory=dict)
    agreement: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All settings, the first of which the others are compared with, over the same questions."""

    measured: tuple[Measured, ...]
    unknown: tuple[str, ...] = ()  # names that the judgements hold and the library does not

    def worst(self, most: int) -> list[int]:
        """The questions that the first setting answered worst, by place in its rankings; those answered well are none."""
        gains = self.measured[0].values["nDCG@10"]
        order = np.lexsort((self.measured[0].values["RR"], gains))
        return [int(at) for at in order if gains[at] < 1.0][:most]


def build(
    answered: Sequence[tuple[Setting, Sequence[Ranking]]], assets: AssetTable, unknown: Sequence[str] = ()
) -> Report:
    """The report of some settings, each with the rankings of the same questions in the same order; at least one of both."""
    measured: list[Measured] = []
    for setting, rankings in answered:
        measured.append(_measured(setting, rankings, assets, measured[0] if measured else None))
    return Report(tuple(measured), tuple(unknown))


def _measured(setting: Setting, rankings: Sequence[Ranking], assets: AssetTable, first: Measured | None) -> Measured:
    values = of_each(rankings)
    keys: dict[str, Callable[[Topic], str]] = {"direction": lambda one: direction(one, assets), "group": _group}
    by = {name: _parts([key(each.judged) for each in rankings], values) for name, key in keys.items()}
    whole = _figures(values, range(len(rankings)))
    if first is None:
        return Measured(setting, tuple(rankings), whole, by, values)
    gains = {
        name: measures.difference(_known(values[name]), _known(first.values[name]))
        for name in values
        if name != "first"
    }
    common = [_agreement(one, other) for one, other in zip(rankings, first.rankings, strict=True)]
    return Measured(setting, tuple(rankings), whole, by, values, gains, float(np.mean(common)))


def of_each(rankings: Sequence[Ranking]) -> dict[str, Values]:
    """Each measure for each question, (n,): MEASURES, `first` (place of the first right one), MOMENT (NaN without spans)."""
    ranked, right = [each.assets for each in rankings], [each.judged.right for each in rankings]
    found = measures.places(ranked, right)
    found["first"] = measures.first_places(ranked, right)
    timed = [bool(each.judged.spans) for each in rankings]
    if any(timed):
        found[MOMENT[0]] = np.array(
            [_moment(each) if known else math.nan for each, known in zip(rankings, timed, strict=True)]
        )
        found[MOMENT[1]] = np.where(np.isnan(found[MOMENT[0]]), math.nan, found[MOMENT[0]] >= 0.5)
    return found


def _moment(ranking: Ranking) -> float:
    """Overlap of the best span of the first hit with the right ones in that asset; 0 where it has none."""
    hit = next(iter(ranking.hits), None)
    if hit is None or not hit.spans:
        return 0.0
    return measures.overlap(hit.spans[0], ranking.judged.spans.get(hit.asset, ()))


def _known(values: Values) -> Values:
    return values[~np.isnan(values)]


def _figures(values: Mapping[str, Values], rows: Iterable[int]) -> Figures:
    chosen = np.fromiter(rows, np.int64)
    names = [name for name in (*MEASURES, *MOMENT) if name in values and len(_known(values[name][chosen]))]
    intervals = {name: measures.interval(_known(values[name][chosen])) for name in names}
    return Figures(len(chosen), intervals, measures.median(values["first"][chosen]))


def _parts(keys: Sequence[str], values: Mapping[str, Values]) -> dict[str, Figures]:
    """Figures for each key, where there is more than one, in the order of the alphabet; questions without key in none."""
    names = sorted(set(keys) - {""})
    if not names or (len(names) == 1 and "" not in keys):
        return {}
    return {name: _figures(values, [at for at, key in enumerate(keys) if key == name]) for name in names}


def _group(judged: Topic) -> str:
    return judged.group


def direction(judged: Topic, assets: AssetTable) -> str:
    """From which kind of question to which medium: "text-image"; "text-media" where right answers are of several."""
    media: set[Medium] = {assets.assets[asset].medium for asset in judged.right if asset in assets.assets}
    return f"{judged.operand.sense}-{next(iter(media)) if len(media) == 1 else MIXED}"


def _agreement(one: Ranking, other: Ranking) -> float:
    """Share of the first hits of `other` that `one` has among its own; 1 where there are none."""
    wanted = other.assets[:FIRST]
    return len(set(wanted) & set(one.assets[:FIRST])) / len(wanted) if wanted else 1.0
