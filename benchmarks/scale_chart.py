"""The costs and the chart of docs/scale.md: python -m benchmarks.scale_chart FIGURES.json ... [--libraries DIR]

FIGURES are what `benchmarks.engine_speed --out` wrote, one file or more for each number of rows. DIR: libraries that
`benchmarks.growth` made, whose files are measured; without it the lines of the catalog stay away. Writes docs/scale.svg, and
the table between two marks of docs/scale.md. Beyond what was measured a figure is that at 1,000,000 rows, which grows

    with the rows          disk, memory, hours of encoders: an index has no share that does not
    times their logarithm  building a graph, and a question of one
    with their root        a question of FAISS, which compares the centres of some 2 sqrt(n) lists and a share of them
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from xml.sax.saxutils import escape

from benchmarks.engine_speed import ENGINES

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- costs -->", "<!-- end of costs -->"
SIZES = (10_000, 100_000, 1_000_000)
BEYOND = (100_000_000, 1_000_000_000)
SPEEDS = ROOT / "benchmarks" / "model_speeds.json"

WIDE, HIGH, LEFT, TOP, GAP = 300, 220, 50, 40, 90
COLOURS = {"pgvector": "#2060c0", "milvus": "#c05020", "faiss": "#308040"}
PANELS = (
    ("a question, ms", {"ms": ""}),
    ("MiB: memory, and disk (dashed)", {"memory_mib": "", "disk_mib": "4 3"}),
)

Curve: TypeAlias = list[tuple[float, float]]
"""Rows and a figure, ascending by rows."""


class Cost(NamedTuple):
    """A line of the table. figure: its name in the figures of an engine; grown: what a figure is at the second number of
    rows, when it is one at the first."""

    what: str
    figure: str
    grown: Callable[[float, float], float]


def linear(rows: float, more: float) -> float:
    return more / rows


def by_logarithm(rows: float, more: float) -> float:
    return math.log(more) / math.log(rows)


def with_logarithm(rows: float, more: float) -> float:
    return linear(rows, more) * by_logarithm(rows, more)


def by_root(rows: float, more: float) -> float:
    return math.sqrt(more / rows)


COSTS = (
    Cost("disk, GB", "disk_mib", linear),
    Cost("memory, GB", "memory_mib", linear),
    Cost("building, processor hours", "write_cpu_s", with_logarithm),
    Cost("a question, ms", "ms", by_logarithm),
)
UNCOUNTED = "pgvector: memory_mib"  # of its processes: the graph lies in the page cache, which is none's
UNITS = {"disk_mib": 2**20 / 1e9, "memory_mib": 2**20 / 1e9, "write_cpu_s": 1 / 3600, "ms": 1.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="+", type=Path)
    parser.add_argument("--libraries", type=Path)
    given = parser.parse_args()
    runs = [json.loads(each.read_text("utf-8")) for each in given.figures]
    (ROOT / "docs" / "scale.svg").write_text(chart(runs), "utf-8")
    page = ROOT / "docs" / "scale.md"
    head, _, rest = page.read_text("utf-8").partition(BEGIN)
    page.write_text(f"{head}{BEGIN}\n{table(runs, catalogs(given.libraries))}\n{END}{rest.partition(END)[2]}", "utf-8")


def catalogs(folder: Path | None) -> Curve:
    """Segments and MiB of the catalogs of the libraries of benchmarks.growth."""
    homes = [(size, folder / f"growth-{size}" / "library") for size in SIZES] if folder else []
    return [
        (size, sum(each.stat().st_size for each in home.glob("catalog.sqlite*")) / 2**20)
        for size, home in homes
        if home.is_dir()
    ]


def table(runs: Sequence[Mapping[str, Any]], catalog: Curve) -> str:
    """As Markdown: a line for each engine and cost, with what was measured and what is reckoned from it (in italics)."""
    head = ["", "", *(f"{size:,}" for size in (*SIZES, *BEYOND))]
    lines = [head, ["---"] * len(head)]
    if catalog:
        lines.append(["SQLite, all but the index", "disk, GB", *_cells(catalog, 2**20 / 1e9, linear)])
    for engine in ENGINES:
        for cost in COSTS:
            if curve := curve_of(runs, f"{engine}: {cost.figure}"):
                grown = by_root if (engine, cost.figure) == ("faiss", "ms") else cost.grown
                name = {"faiss": 'FAISS (`"local"`)', "milvus": "Milvus"}.get(engine, engine)
                lines.append([name, cost.what, *_cells(curve, UNITS[cost.figure], grown)])
    speeds = json.loads(SPEEDS.read_text("utf-8"))["starter"]
    for what, rate in (("pictures", speeds["image"]), ("passages", speeds["text"])):
        hours: Curve = [(size, size / rate / 3600) for size in SIZES]
        lines.append([f"the starter's encoder, {what}", "processor hours", *_cells(hours, 1, linear)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(curve: Curve, unit: float, grown: Callable[[float, float], float]) -> list[str]:
    known = dict(curve)
    rows, value = curve[-1]
    cells = [_short(known[size] * unit) if size in known else "" for size in SIZES]
    if rows < SIZES[-1]:  # smaller ones are compared one by one, and tell nothing of a graph
        return [*cells, *("" for _ in BEYOND)]
    return [*cells, *(f"*{_short(value * unit * grown(rows, more))}*" for more in BEYOND)]


def _short(value: float) -> str:
    """Two digits that count."""
    digits = 1 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def chart(runs: Sequence[Mapping[str, Any]]) -> str:
    """The picture as SVG."""
    wide = 2 * (WIDE + LEFT) + GAP
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {HIGH + 2 * TOP + 10}" font-family="sans-serif" '
            f'font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        )
    ]
    for at, (title, names) in enumerate(PANELS):
        curves = [
            (engine, dash, curve)
            for engine in ENGINES
            for name, dash in names.items()
            if (curve := curve_of(runs, f"{engine}: {name}"))
        ]
        parts.append(f'<g transform="translate({LEFT + at * (WIDE + GAP)} {TOP})">{panel(title, curves)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def curve_of(runs: Sequence[Mapping[str, Any]], name: str) -> Curve:
    """One figure of all runs that have it; of two with as many rows the later. None of UNCOUNTED."""
    if name == UNCOUNTED:
        return []
    return sorted({float(each["rows"]): float(each[name]) for each in runs if name in each}.items())


def panel(title: str, curves: Sequence[tuple[str, str, Curve]]) -> str:
    """Axes by powers of ten, a grid, and curves with the names of the engines at their ends."""
    points = [point for _, _, curve in curves for point in curve]
    (left, right), (low, high) = (_decades([point[axis] for point in points]) for axis in (0, 1))
    parts = [f'<text x="0" y="-14" font-weight="bold">{escape(title)}</text>']
    for power in range(left, right + 1):
        x = WIDE * (power - left) / (right - left)
        parts.append(f'<path d="M{x:.1f} 0V{HIGH}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{HIGH + 16}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low, high + 1):
        y = HIGH - HIGH * (power - low) / (high - low)
        parts.append(f'<path d="M0 {y:.1f}H{WIDE}" stroke="#ddd"/>')
        parts.append(f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    named: set[str] = set()
    for engine, dash, curve in curves:
        places = [
            (
                WIDE * (math.log10(rows) - left) / (right - left),
                HIGH - HIGH * (math.log10(value) - low) / (high - low),
            )
            for rows, value in curve
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        colour = COLOURS[engine]
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        if engine not in named:
            named.add(engine)
            x, y = places[-1]
            parts.append(f'<text x="{x + 6:.1f}" y="{y + 4:.1f}" fill="{colour}">{engine}</text>')
    return "".join(parts)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten between which all values lie, one at least."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


if __name__ == "__main__":
    main()
