"""A report as one page that needs nothing else: charts as inline SVG, and the worst questions with their pictures."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from retrieval.evaluation.measures import Difference, Interval
from retrieval.evaluation.render import FEW, WORST, question_text, verdict
from retrieval.evaluation.report import Figures, Measured, Report
from retrieval.evaluation.runner import Ranked, Ranking
from retrieval.evaluation.topics import AssetTable
from retrieval.render.terminal_images import picture
from retrieval.render.text import counted

SIDE = 150  # pixels of a picture
WIDE = 860  # of a chart
LABEL = 190  # left of the bars
BARS = 7  # colours of settings
ROW = 22  # height of a bar and what parts it from the next
MANY_BARS = 40  # of one chart
PLACES = ((1, 1), (2, 3), (4, 5), (6, 10), (11, 100))  # of the first right answer, counted together

LEGEND = "Bars are means over questions, whiskers their 95 % intervals (bootstrap)."
STYLE = """
:root { --ink: #1d2330; --soft: #667; --paper: #fff; --line: #dde; --bar: #3b6fb6; --other: #d08a2e; --good: #2c8a4b;
  --bad: #b8402f; --sixth: #7d57b0; --seventh: #2f9aa8; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ee; --soft: #9aa; --paper: #15181f; --line: #333a48;
  --bar: #6ea3ea; --other: #e2a94f; --good: #56bd78; --bad: #e07a68;
  --sixth: #a98bd6; --seventh: #5cc0cc; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 980px; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; } p.note { color: var(--soft); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
td small { color: var(--soft); }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
svg .soft { fill: var(--soft); } svg line { stroke: var(--line); } svg .whisker { stroke: var(--ink); }
.bar0 { fill: var(--bar); } .bar1 { fill: var(--other); } .bar2 { fill: var(--good); } .bar3 { fill: var(--bad); }
.bar4 { fill: var(--soft); } .bar5 { fill: var(--sixth); } .bar6 { fill: var(--seventh); }
.good { fill: var(--good); } .bad { fill: var(--bad); }
.question { border-top: 1px solid var(--line); padding: .8rem 0; }
.hits { display: flex; flex-wrap: wrap; gap: .6rem; }
figure { margin: 0; width: 150px; font-size: 12px; overflow-wrap: anywhere; }
figure .box { height: 112px; display: flex; align-items: center; justify-content: center; background: var(--line);
  border: 3px solid transparent; } figure.right .box { border-color: var(--good); }
figure img { max-width: 100%; max-height: 100%; } figure .none { color: var(--soft); }
"""


def page(report: Report, assets: AssetTable, title: str) -> str:
    """The page as HTML. Pictures come from the files, where those are still there."""
    first = report.measured[0]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p class=note>{counted(first.whole.questions, 'question')}, {counted(len(assets.assets), 'file')}. {LEGEND}</p>",
        *_unknown(report),
        "<h2>All questions</h2>",
        _bars(_by_measure(report.measured), _names(report.measured)),
        _table({each.setting.name: each.whole for each in report.measured}),
        *_differences(report.measured),
        *_parts(report.measured),
        "<h2>Place of the first right answer</h2>",
        _bars(_by_place(report.measured), _names(report.measured)),
        *_worst(report, assets),
    ]
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return head + "\n".join(parts) + "\n"


def _names(measured: Sequence[Measured]) -> list[str]:
    return [each.setting.name for each in measured]


def _unknown(report: Report) -> Iterator[str]:
    if report.unknown:
        names = ", ".join(map(escape, report.unknown[:20]))
        yield f"<p class=note>{len(report.unknown):,} judged names are not in the library: {names}</p>"


# ---------------------------------------------------------------- charts


def _by_measure(measured: Sequence[Measured]) -> dict[str, list[Interval | None]]:
    names = dict.fromkeys(name for each in measured for name in each.whole.measures)
    return {name: [each.whole.measures.get(name) for each in measured] for name in names}


def _by_place(measured: Sequence[Measured]) -> dict[str, list[Interval | None]]:
    rows: dict[str, list[Interval | None]] = {}
    for low, high in PLACES:
        name = f"{low}" if low == high else f"{low} to {high}"
        rows[name] = [_share((each.values["first"] >= low) & (each.values["first"] <= high)) for each in measured]
    rows["later or never"] = [_share(each.values["first"] > PLACES[-1][1]) for each in measured]
    return rows


def _share(flags: NDArray[np.bool_]) -> Interval:
    mean = float(flags.mean())
    return Interval(mean, mean, mean)


def _bars(rows: Mapping[str, Sequence[Interval | None]], names: Sequence[str]) -> str:
    """Horizontal bars from 0 to 1, one of each setting in each row, with whiskers where an interval is known."""
    bars = [(label, at, value) for label, values in rows.items() for at, value in enumerate(values) if value]
    legend = 24 if len(names) > 1 else 0
    room = WIDE - LABEL - 60
    marks, y, last = _legend(names) if legend else "", legend, ""
    for label, at, value in bars[:MANY_BARS]:
        y += 6 * (label != last)
        if label != last:
            marks += f"<text x=0 y={y + 15}>{escape(label[:30])}</text>"
        end = LABEL + room * value.mean
        marks += f"<rect class=bar{at % BARS} x={LABEL} y={y + 4} width={max(end - LABEL, 0.5):.1f} height={ROW - 8} />"
        low, high, middle = LABEL + room * value.low, LABEL + room * value.high, y + ROW / 2
        if high > low:
            marks += f"<line class=whisker x1={low:.1f} x2={high:.1f} y1={middle} y2={middle} />"
        marks += f"<text class=soft x={max(high, end) + 6:.1f} y={y + 15}>{value.mean:.2f}</text>"
        y, last = y + ROW, label
    axis = f"<line x1={LABEL} x2={LABEL} y1={legend} y2={y} />"
    return f'<svg viewBox="0 0 {WIDE} {y + 8}" role=img>{axis}{marks}</svg>'


def _legend(names: Sequence[str]) -> str:
    marks, x = "", float(LABEL)
    for at, name in enumerate(names):
        marks += f"<rect class=bar{at % BARS} x={x:.0f} y=4 width=12 height=12 />"
        marks += f"<text x={x + 17:.0f} y=14>{escape(name)}</text>"
        x += 34 + 7 * len(name)
    return marks


def _differences(measured: Sequence[Measured]) -> Iterator[str]:
    for each in measured[1:]:
        yield f"<h2>{escape(each.setting.name)} against {escape(measured[0].setting.name)}</h2>"
        yield f"<p class=note>{100 * each.agreement:.0f} % of the first ten hits in common. Paired bootstrap, 95 %.</p>"
        yield _forest(each.gains)


def _forest(gains: Mapping[str, Difference]) -> str:
    """A dot and its interval for each difference, around zero."""
    reach = max((abs(edge) for gain in gains.values() for edge in (gain.low, gain.high)), default=0) or 0.01
    middle, room = LABEL + (WIDE - LABEL - 260) / 2, (WIDE - LABEL - 260) / 2
    marks = ""
    for at, (name, gain) in enumerate(gains.items()):
        y = at * ROW + ROW / 2
        low, high, x = (middle + room * value / reach for value in (gain.low, gain.high, gain.mean))
        colour = {"better": "good", "worse": "bad"}.get(verdict(gain), "soft")
        marks += (
            f"<text x=0 y={y + 4}>{escape(name)}</text><line class=whisker x1={low:.1f} x2={high:.1f} y1={y} y2={y} />"
        )
        marks += f"<circle class={colour} cx={x:.1f} cy={y} r=5 />"
        marks += (
            f"<text class=soft x={WIDE - 235} y={y + 4}>{gain.mean:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})</text>"
        )
    zero = f"<line x1={middle} x2={middle} y1=0 y2={len(gains) * ROW} />"
    return f'<svg viewBox="0 0 {WIDE} {len(gains) * ROW + 4}" role=img>{zero}{marks}</svg>'


def _parts(measured: Sequence[Measured]) -> Iterator[str]:
    for kind in measured[0].by:
        names = measured[0].by[kind]
        rows = {
            name: [each.by[kind][name].measures.get("nDCG@10") if name in each.by[kind] else None for each in measured]
            for name in names
        }
        if rows:
            yield f"<h2>nDCG@10 by {escape(kind)}</h2>"
            yield _bars(rows, _names(measured))
            yield _table(names)


def _table(rows: Mapping[str, Figures]) -> str:
    names = list(dict.fromkeys(name for figures in rows.values() for name in figures.measures))
    head = "".join(f"<th>{escape(name)}" for name in ("", "questions", *names, "median rank"))
    body = "".join(
        f"<tr><td>{escape(name)}<td>{figures.questions:,}"
        + "".join(_cell(figures.measures.get(each)) for each in names)
        + f"<td>{_rank(figures.median_rank)}"
        for name, figures in rows.items()
    )
    return f"<div class=wide><table><tr>{head}{body}</table></div>"


def _cell(value: Interval | None) -> str:
    if value is None:
        return "<td>"
    return f"<td>{value.mean:.3f} <small>{value.low:.2f} to {value.high:.2f}</small>"


def _rank(rank: float) -> str:
    return f"{rank:.0f}" if math.isfinite(rank) else "not found"


# ---------------------------------------------------------------- the worst questions


def _worst(report: Report, assets: AssetTable) -> Iterator[str]:
    first = report.measured[0]
    chosen = report.worst(WORST)
    if chosen:
        yield "<h2>Answered worst</h2>"
        yield "<p class=note>What was found, best first, right answers framed; below it what is right.</p>"
    for at in chosen:
        ranking, place = first.rankings[at], first.values["first"][at]
        where = f"first right answer at {place:.0f}" if math.isfinite(place) else "no right answer found"
        yield f"<div class=question><p><b>{escape(question_text(ranking.judged))}</b> <span class=note>{where}</span></p>"
        yield f"<div class=hits>{''.join(_figure(hit, ranking) for hit in ranking.hits[:FEW])}</div>"
        yield f"<p class=note>right</p><div class=hits>{''.join(_right(ranking, assets))}</div></div>"


def _right(ranking: Ranking, assets: AssetTable) -> Iterator[str]:
    """The best of the right answers, as they would be shown were they found."""
    judged = ranking.judged
    known = sorted((-gain, asset) for asset, gain in judged.right.items() if asset in assets.assets)
    for _, asset in known[:FEW]:
        hit = assets.assets[asset]
        spans = judged.spans.get(asset, ())
        at_ms = (spans[0].start + spans[0].end) // 2 if spans else None
        yield _figure(Ranked(asset, hit.path, hit.medium, -1.0, spans, at_ms), ranking)


def _figure(hit: Ranked, ranking: Ranking) -> str:
    right = " class=right" if hit.asset in ranking.judged.right else ""
    sure = f"{hit.confidence:.2f} " if hit.confidence >= 0 else ""
    span = hit.spans[0] if hit.spans else None
    when = f" {span.start / 1000:.1f}-{span.end / 1000:.1f} s" if span else ""
    name = hit.path.name.encode(errors="replace").decode()
    return f"<figure{right}><div class=box>{_picture(hit)}</div><figcaption>{sure}{escape(name)}{when}</figcaption></figure>"


def _picture(hit: Ranked) -> str:
    """A small JPEG inside the page, or the medium's name where there is nothing to see."""
    middle = (hit.spans[0].start + hit.spans[0].end) // 2 if hit.spans else 0
    small = picture(hit.path, hit.medium, hit.at_ms if hit.at_ms is not None else middle, SIDE)
    if small is None:
        return f"<span class=none>{hit.medium}</span>"
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=75)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}">'
