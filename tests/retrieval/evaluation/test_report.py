"""Every number of a report, computed again from the raw rankings in a few lines that share nothing with the program's."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval import Operand
from retrieval.domain.media import Medium, Span
from retrieval.domain.records import SeenAsset
from retrieval.evaluation import html, report
from retrieval.evaluation import render as evaluation_render
from retrieval.evaluation.report import Report
from retrieval.evaluation.runner import Ranked, Ranking, Setting
from retrieval.evaluation.topics import AssetTable, Topic

ASSETS = [f"{at:02x}" * 32 for at in range(60)]


def medium_of(asset: str) -> Medium:
    """A third videos, the rest pictures."""
    return "video" if int(asset[:2], 16) % 3 == 0 else "image"


def held() -> AssetTable:
    """Sixty files that are not there."""
    return AssetTable({each: SeenAsset(each, medium_of(each), (Path(f"/gone/{each[:2]}.jpg"),)) for each in ASSETS})


def questions(chance: random.Random) -> list[Topic]:
    """Fifty questions of two groups; those about one video know when it is the answer."""
    found = []
    for at in range(50):
        right = {asset: chance.choice([1.0, 2.0]) for asset in chance.sample(ASSETS, chance.choice([1, 1, 2, 12]))}
        spans = {asset: (Span(1000, 5000), Span(8000, 9000)) for asset in right if medium_of(asset) == "video"}
        found.append(
            Topic(Operand("text", f"question {at}"), right, spans=spans, group="even" if at % 2 == 0 else "odd")
        )
    return found


def answered(asked: Sequence[Topic], chance: random.Random, skill: float) -> list[Ranking]:
    """Rankings in which right answers stand first as often as skill has it."""
    found = []
    for each in asked:
        score = {asset: chance.random() + skill * (asset in each.right) for asset in chance.sample(ASSETS, 40)}
        start = chance.randrange(0, 9000)
        hits = [
            Ranked(asset, Path(f"/gone/{asset[:2]}"), medium_of(asset), score[asset] / 3, (Span(start, start + 3000),))
            for asset in sorted(score, key=lambda one: -score[one])
        ]
        found.append(Ranking(each, tuple(hits)))
    return found


@pytest.fixture(scope="module")
def told() -> Report:
    """One setting that is good, one that is less so."""
    chance = random.Random(7)
    asked = questions(chance)
    settings = [(Setting(), answered(asked, chance, 0.5)), (Setting("worse"), answered(asked, chance, 0.2))]
    return report.build(settings, held(), ["nowhere.jpg"])


def again(rankings: Sequence[Ranking]) -> dict[str, list[float]]:
    """Each measure of each question, from the names in order and the gains alone."""
    values: dict[str, list[float]] = {name: [] for name in ("R@1", "R@5", "R@10", "nDCG@10", "RR", "first")}
    for each in rankings:
        names, gain = [hit.asset for hit in each.hits], each.judged.right
        for k in (1, 5, 10):
            values[f"R@{k}"].append(len(set(names[:k]) & set(gain)) / len(gain))
        best = sorted(gain.values(), reverse=True)[:10]
        ideal = sum(value / math.log2(at + 2) for at, value in enumerate(best))
        values["nDCG@10"].append(
            sum(gain.get(name, 0) / math.log2(at + 2) for at, name in enumerate(names[:10])) / ideal
        )
        first = min((at + 1 for at, name in enumerate(names) if name in gain), default=math.inf)
        values["first"].append(first)
        values["RR"].append(1 / first)
    return values


def resampled(values: Sequence[float]) -> tuple[float, float]:
    """The middle 95 % of 20,000 means of as many draws, by another generator."""
    chance = np.random.Generator(np.random.MT19937(1))
    means = chance.choice(np.array(values), (20_000, len(values))).mean(axis=1)
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def check(figures: Mapping[str, Any], rankings: Sequence[Ranking]) -> None:
    """One table of figures against the same from the rankings."""
    values = again(rankings)
    assert figures["questions"] == len(rankings)
    for name in ("R@1", "R@5", "R@10", "nDCG@10", "RR"):
        found = figures["measures"][name]
        low, high = resampled(values[name])
        assert found["mean"] == pytest.approx(sum(values[name]) / len(rankings), abs=1e-4)
        step = 1 / len(rankings)  # means of resamples lie no nearer to each other where values are whole
        assert (found["low"], found["high"]) == (pytest.approx(low, abs=step), pytest.approx(high, abs=step))
    middle = sorted(values["first"])[len(rankings) // 2]
    assert figures["median_rank"] == (middle if middle < math.inf else None)


def test_means_intervals_and_ranks_are_those_of_the_rankings(told: Report) -> None:
    """All questions together, under each setting."""
    data = evaluation_render.data(told, held())
    for found, measured in zip(data["settings"], told.measured, strict=True):
        check(found, measured.rankings)


def test_each_direction_and_group_is_told_from_its_own_questions(told: Report) -> None:
    """Every part is that of its questions, and together they are all of them."""
    first = evaluation_render.data(told, held())["settings"][0]
    rankings = told.measured[0].rankings
    for name, figures in first["by"]["group"].items():
        check(figures, [each for each in rankings if each.judged.group == name])
    media = {at: {medium_of(asset) for asset in each.judged.right} for at, each in enumerate(rankings)}
    for name, figures in first["by"]["direction"].items():
        wanted = {"text-image": {"image"}, "text-video": {"video"}, "text-media": {"image", "video"}}[name]
        check(figures, [each for at, each in enumerate(rankings) if media[at] == wanted])
    assert sum(figures["questions"] for figures in first["by"]["direction"].values()) == len(rankings)


def test_moments_are_those_of_the_first_hits(told: Report) -> None:
    """Shared time over all time, second by second, of the questions that know when."""
    found = evaluation_render.data(told, held())["settings"][0]["measures"]
    overlaps = []
    for each in told.measured[0].rankings:
        if each.judged.spans:
            hit = each.hits[0]
            given = set(range(hit.spans[0].start, hit.spans[0].end))
            right = [set(range(span.start, span.end)) for span in each.judged.spans.get(hit.asset, ())]
            overlaps.append(max((len(given & own) / len(given | own) for own in right), default=0.0))
    assert found["moment IoU"]["mean"] == pytest.approx(sum(overlaps) / len(overlaps), abs=1e-4)
    assert found["moment@0.5"]["mean"] == pytest.approx(sum(each >= 0.5 for each in overlaps) / len(overlaps), abs=1e-4)


def test_what_is_gained_is_gained_question_by_question(told: Report) -> None:
    """Mean, interval and chance of the paired differences, and the share of hits in common."""
    one, other = told.measured[1], told.measured[0]
    found = evaluation_render.data(told, held())["settings"][1]
    for name in ("R@1", "R@5", "R@10", "nDCG@10", "RR"):
        gained = np.array(again(one.rankings)[name]) - np.array(again(other.rankings)[name])
        low, high = resampled(gained.tolist())
        gain = found["gains"][name]
        assert gain["mean"] == pytest.approx(float(gained.mean()), abs=1e-4)
        assert (gain["low"], gain["high"]) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
        means = np.random.Generator(np.random.MT19937(2)).choice(gained, (20_000, len(gained))).mean(axis=1)
        chance = 2 * min((means <= 0).mean(), (means >= 0).mean())
        assert gain["chance"] == pytest.approx(min(1.0, chance), abs=0.02)
    pairs = zip(one.rankings, other.rankings, strict=True)
    common = [len({hit.asset for hit in a.hits[:10]} & {hit.asset for hit in b.hits[:10]}) / 10 for a, b in pairs]
    assert found["agreement"] == pytest.approx(sum(common) / len(common), abs=1e-4)


def test_the_worst_come_first(told: Report) -> None:
    """No question that is not told has less gain than one that is."""
    told_worst = evaluation_render.data(told, held())["worst"]
    gains = sorted(again(told.measured[0].rankings)["nDCG@10"])
    assert [each["ndcg10"] for each in told_worst] == [
        pytest.approx(value, abs=1e-4) for value in gains[: len(told_worst)]
    ]


def test_the_run_holds_the_rankings_whole(told: Report) -> None:
    """Whoever reads the TREC run computes the same report: its hits are those that were measured, in order."""
    rows = [line.split() for line in evaluation_render.trec_run(told)]
    for measured in told.measured:
        own = [row for row in rows if row[5] == measured.setting.name]
        for number, ranking in enumerate(measured.rankings, 1):
            assert [row[2] for row in own if row[0] == str(number)] == [hit.asset for hit in ranking.hits]


def test_what_is_not_in_the_library_is_told(told: Report) -> None:
    """A judged name that nothing answers to would otherwise look like a perfect score."""
    assert evaluation_render.data(told, held())["unknown"] == ["nowhere.jpg"]
    assert any("nowhere.jpg" in line for line in evaluation_render.lines(told, held()))


def test_the_page_needs_nothing_else(told: Report) -> None:
    """No link, script or picture from elsewhere; every setting, measure and worst question is in it; text is escaped."""
    text = html.page(told, held(), "<b>mine</b>")
    assert "<b>mine</b>" not in text
    assert "&lt;b&gt;mine" in text
    assert not any(way in text for way in ("http", "src=/", "<script", "@import", "url("))
    for name in ("worse", "nDCG@10", "moment IoU", "text-image", "even"):
        assert name in text
    assert text.count("class=question") == len(told.worst(evaluation_render.WORST))


def test_the_data_is_json(told: Report) -> None:
    """Ranks of what is never found are null: JSON knows no infinity."""
    assert json.loads(json.dumps(evaluation_render.data(told, held()), allow_nan=False))["version"] == 1
