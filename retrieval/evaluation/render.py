"""A report as data for programs, lines for people, and a TREC run. The keys are a promise, see docs/evaluation.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from retrieval.evaluation.measures import Difference, Interval
from retrieval.evaluation.report import Figures, Measured, Report
from retrieval.evaluation.runner import Ranking
from retrieval.evaluation.topics import AssetTable, Topic
from retrieval.render import text as render_text
from retrieval.render.json import VERSION, path_fields

WORST = 20  # questions that are told one by one
FEW = 5  # ... of their hits


def data(report: Report, assets: AssetTable) -> dict[str, Any]:
    """The whole report but the rankings themselves."""
    return {
        "version": VERSION,
        "questions": report.measured[0].whole.questions,
        "unknown": list(report.unknown),
        "settings": [_setting(each) for each in report.measured],
        "worst": [
            _question(report.measured[0].rankings[at], report.measured[0].values["nDCG@10"][at], assets)
            for at in report.worst(WORST)
        ],
    }


def _setting(measured: Measured) -> dict[str, Any]:
    return {
        "name": measured.setting.name,
        **_figures(measured.whole),
        "by": {
            kind: {name: _figures(figures) for name, figures in parts.items()} for kind, parts in measured.by.items()
        },
        "gains": {name: _difference(gain) for name, gain in measured.gains.items()},
        "agreement": round(measured.agreement, 4),
    }


def _figures(figures: Figures) -> dict[str, Any]:
    rank = figures.median_rank
    return {
        "questions": figures.questions,
        "measures": {name: _interval(value) for name, value in figures.measures.items()},
        "median_rank": int(rank) if math.isfinite(rank) else None,
    }


def _interval(value: Interval) -> dict[str, float]:
    return {"mean": round(value.mean, 4), "low": round(value.low, 4), "high": round(value.high, 4)}


def _difference(value: Difference) -> dict[str, float]:
    rounded = {"mean": round(value.mean, 4), "low": round(value.low, 4), "high": round(value.high, 4)}
    return {**rounded, "chance": round(value.chance, 4)}


def _question(ranking: Ranking, gain: float, assets: AssetTable) -> dict[str, Any]:
    judged = ranking.judged
    right = [assets.assets[asset].paths[0] for asset in judged.right if asset in assets.assets]
    return {
        "question": question_text(judged),
        "by": judged.operand.sense,
        "ndcg10": round(float(gain), 4),
        "right": [path_fields(path) for path in right],
        "hits": [
            {**path_fields(hit.path), "confidence": round(hit.confidence, 4), "right": hit.asset in judged.right}
            for hit in ranking.hits[:FEW]
        ],
    }


def question_text(judged: Topic) -> str:
    """The words of a question, or the name of the file that asks."""
    value = judged.operand.value
    return value.name if isinstance(value, Path) else str(value)


# ---------------------------------------------------------------- for people


def lines(report: Report, assets: AssetTable) -> Iterator[str]:
    """A table of the settings, of directions and groups, of what differs, and the questions answered worst."""
    first = report.measured[0]
    asked = render_text.counted(first.whole.questions, "question")
    yield f"{asked}, {render_text.counted(len(assets.assets), 'file')}; means with 95 % intervals"
    if report.unknown:
        names = ", ".join(render_text.plain(name) for name in report.unknown[:3])
        more = ", ..." if len(report.unknown) > 3 else ""
        yield f"{len(report.unknown):,} judged names are not in the library: {names}{more}"
    yield ""
    yield from _table({each.setting.name: each.whole for each in report.measured})
    for kind in first.by:
        if any(each.by[kind] for each in report.measured):
            yield ""
            yield from _table(
                {
                    f"{name} · {each.setting.name}" if len(report.measured) > 1 else name: figures
                    for name in first.by[kind]
                    for each in report.measured
                    if (figures := each.by[kind].get(name))
                }
            )
    for each in report.measured[1:]:
        yield ""
        common = f"{100 * each.agreement:.0f} % of the first ten hits in common"
        yield f"{each.setting.name} against {first.setting.name} ({common})"
        yield from render_text.aligned([_gain_row(name, gain) for name, gain in each.gains.items()])
    yield from _worst_lines(report)


def _table(rows: Mapping[str, Figures]) -> list[str]:
    names = list(dict.fromkeys(name for figures in rows.values() for name in figures.measures))
    head = ["", "questions", *names, "median rank"]
    body = [
        [name, f"{figures.questions:,}", *(_cell(figures.measures.get(each)) for each in names), _rank(figures)]
        for name, figures in rows.items()
    ]
    return [line.rstrip() for line in render_text.aligned([head, *body])]


def _cell(value: Interval | None) -> str:
    return "" if value is None else f"{value.mean:.3f} ({value.low:.2f}-{value.high:.2f})"


def _rank(figures: Figures) -> str:
    return f"{figures.median_rank:.0f}" if math.isfinite(figures.median_rank) else "not found"


def _gain_row(name: str, gain: Difference) -> list[str]:
    return [f"  {name}", f"{gain.mean:+.3f}", f"({gain.low:+.3f} to {gain.high:+.3f})", verdict(gain)]


def verdict(gain: Difference) -> str:
    """What a difference says, at 95 %."""
    if gain.low > 0 or gain.high < 0:
        return "better" if gain.mean > 0 else "worse"
    return "no clear difference"


def _worst_lines(report: Report) -> Iterator[str]:
    first = report.measured[0]
    worst = report.worst(WORST // 2)
    if worst:
        yield ""
        yield "Answered worst"
    for at in worst:
        ranking, place = first.rankings[at], first.values["first"][at]
        found = f"right at {place:.0f}" if math.isfinite(place) else "right not found"
        hits = ", ".join(render_text.plain(hit.path.name) for hit in ranking.hits[:3]) or "nothing"
        yield f"  {render_text.shorten(render_text.plain(question_text(ranking.judged)), 60)}: {found}; {hits}"


# ---------------------------------------------------------------- TREC


def trec_run(report: Report) -> Iterator[str]:
    """The rankings, a line for each hit: question (its place, from 1), Q0, asset, place, confidence, setting."""
    for each in report.measured:
        yield from _run_lines(each.setting.name, each.rankings)


def _run_lines(name: str, rankings: Iterable[Ranking]) -> Iterator[str]:
    for number, ranking in enumerate(rankings, 1):
        for place, hit in enumerate(ranking.hits, 1):
            yield f"{number} Q0 {hit.asset} {place} {hit.confidence:.6f} {name.replace(' ', '_')}"
