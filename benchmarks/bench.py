"""All that is measured of speed, by one command, as a table with a chart and as JSON.

    make bench WORK=DIR PHOTOS=DIR|ZIP MEDIA=DIR     python -m benchmarks.bench WORK --photos PHOTOS --media DIR [--only ...]
    python -m benchmarks.bench WORK --read FILE...      the table of what was measured before (JSON lines of benchmarks)

WORK is filled by `python -m benchmarks.peers prepare WORK` first. The table goes to docs/benchmarks.md and WORK/bench.json
holds every figure; with --only the page stays as it is. Each command runs by itself, one after the other; on a machine with
other work only the ratios, and of these rather those of processor time, mean anything.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.encoders import openvino

PAGE = Path(__file__).resolve().parent.parent / "docs/benchmarks.md"
BARS = 10  # characters of a figure that is just as asked
MOST_BARS = 30
HEAD = """# How fast it is

Written by `make bench` (`benchmarks/bench.py`), which says how to run it. A figure is that of this program over that of the
other named, medians of runs in turns, unless a unit is given; the bar is the figure, and ten squares are as asked.

"""
CHART = """
Seconds of processor time as a library grows (`benchmarks.growth`); a slope of 1 is work that grows as the library does:

![Writing, rebuilding and scanning, 1,000 to 1,000,000 segments, logarithmic](growth.svg)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """work: what is done; command: the benchmark that measures it; figure: its name there; asked: the figure wanted, at
    most, or at least where `most` is false; beside: more figures that belong to it."""

    work: str
    command: str
    figure: str
    asked: float
    most: bool = True
    beside: tuple[str, ...] = ()


HALF = 0.50 if openvino.has_bf16() else 0.90
PEERS = "peers run {work} --photos {photos} --only "
ROWS = (
    Row(
        "840 photos of 500 pixels indexed by ViT-B-32-256, against rclip 3.3.0, least of each",
        PEERS + "index",
        "index wall_s least ratio",
        HALF,
        beside=("index cpu_s ratio",),
    ),
    Row(
        "the same against txtai 9.14.0",
        PEERS + "clip",
        "txtai wall_s ratio",
        HALF,
        beside=("txtai cpu_s ratio", "txtai mib ours", "txtai mib theirs"),
    ),
    Row(
        "the same against clip-retrieval 2.45.0",
        PEERS + "clip",
        "clip-retrieval wall_s ratio",
        HALF,
        beside=("clip-retrieval cpu_s ratio", "clip-retrieval mib ours", "clip-retrieval mib theirs"),
    ),
    Row(
        "a cold question by that model, against rclip",
        PEERS + "cold",
        "cold wall_s ratio",
        0.75,
        beside=("cold cpu_s ratio",),
    ),
    Row(
        "its memory at the most, MiB",
        PEERS + "cold",
        "cold mib ours",
        300,
        beside=("cold mib theirs",),
    ),
    Row(
        "a cold question by the starter, against rclip",
        PEERS + "starter",
        "starter wall_s ratio",
        0.75,
        beside=("starter cpu_s ratio",),
    ),
    Row(
        "a cold question by the starter, against bare imports",
        PEERS + "imports",
        "imports cpu_s ratio",
        1.25,
        beside=("imports wall_s ratio",),
    ),
    Row(
        "60 s of 1080p H.264 indexed, against content detection by PySceneDetect 0.7.2",
        PEERS + "video",
        "video scenedetect wall_s ratio",
        0.6,
        beside=("video scenedetect cpu_s ratio",),
    ),
    Row(
        "the same film, against PyAV that decodes all frames",
        PEERS + "video",
        "video decoding wall_s ratio",
        1.2,
        beside=("video decoding cpu_s ratio",),
    ),
    Row(
        "short recordings of speech by Whisper, rate over that of faster-whisper batched by hand with the same weights",
        "peers run {work} --media {media} --only speech",
        "speech files rate ratio",
        0.95,
        most=False,
        beside=(
            "speech files cpu_s ratio",
            "speech files wer ours",
            "speech files wer theirs",
            "speech long rate ratio",
        ),
    ),
    Row(
        "the best 20 of 100,000 vectors, one thread, against the flat float32 index of raw FAISS",
        PEERS + "vectors",
        "vectors ms ratio",
        1.0,
        beside=("vectors recall", "vectors ms ours"),
    ),
    Row(
        "text read in a picture of 640 pixels, milliseconds of processor time",
        "ocr",
        "read_ms",
        150,
        beside=("words found en", "words found zh", "look_ms"),
    ),
    Row(
        "photos of 500 pixels through the pipeline, against decoding and encoding alone",
        "pipeline",
        "500px ratio without start-up",
        0.92,
        most=False,
    ),
    Row(
        "200 JPEGs of 12 megapixels indexed by the starter, against Pillow that decodes them on the same cores",
        "large_photos --work {work}/large",
        "large wall_s ratio",
        0.8,
        beside=("large cpu_s ratio",),
    ),
    Row(
        "near-duplicate groups of 100,000 pictures, seconds of processor time",
        "picture_groups --photos {photos}",
        "processor seconds",
        60,
        beside=("seconds", "recall of the sample's pairs"),
    ),
    Row(
        "recall of these groups, of all pairs that comparing all with all finds",
        "picture_groups --photos {photos}",
        "recall of the sample's pairs",
        0.995,
        most=False,
    ),
    Row(
        "a warm question over 100,000 segments, milliseconds",
        "search --folder {work}/segments-5",
        "100,000 segments: warm ms",
        10,
        beside=("100,000 segments: warm processor ms", "100,000 segments: warm processor ms, least"),
    ),
    Row(
        "a warm question over 1,000,000 segments, milliseconds",
        "search --folder {work}/segments-6 --scale 10",
        "1,000,000 segments: warm ms",
        18,
        beside=("1,000,000 segments: warm processor ms", "1,000,000 segments: warm processor ms, least"),
    ),
    Row(
        "filters that let 0.1, 1, 10 and 50 % of 1,000,000 segments through, milliseconds of the slowest",
        "search --folder {work}/segments-6 --scale 10",
        "1,000,000 segments: filtered ms, greatest",
        30,
        beside=("1,000,000 segments: filtered processor ms, greatest",),
    ),
    Row(
        "recall of these answers at 20, words among them, against an exact search",
        "search --folder {work}/segments-6 --scale 10",
        "1,000,000 segments: filtered recall",
        0.99,
        most=False,
    ),
    Row(
        "a cold question over 1,000,000 segments, MiB",
        "search --folder {work}/segments-6 --scale 10",
        "1,000,000 segments: cold mib",
        300,
        beside=("1,000,000 segments: cold processor s",),
    ),
    Row(
        "growth of work from 1,000 to 1,000,000 segments, greatest slope of logarithms",
        "growth {work}/growth --chart docs/growth.svg",
        "greatest slope",
        1.05,
        beside=("write slope", "rebuild slope", "scan slope"),
    ),
)


def measure(rows: Sequence[Row], work: Path, photos: str, media: str) -> dict[str, dict[str, float | str]]:
    """Figures of each command, by the command; one that fails has none, and its last words are printed."""
    found: dict[str, dict[str, float | str]] = {}
    for command in dict.fromkeys(row.command for row in rows):
        module, *rest = (part.format(work=work, photos=photos, media=media) for part in shlex.split(command))
        print(f"python -m benchmarks.{module} {shlex.join(rest)}", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{module}", *rest], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(done.stderr[-1000:], file=sys.stderr)
        else:
            found[command] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def read(files: Sequence[Path]) -> dict[str, dict[str, float | str]]:
    """Figures of JSON lines that benchmarks wrote, as if each command had run."""
    lines = [json.loads(file.read_text("utf-8")) for file in files]
    merged = {
        name: {k: v for line in lines if line["benchmark"] == name for k, v in line.items()} for name in _names(lines)
    }
    return {row.command: merged[row.command.split()[0]] for row in ROWS if row.command.split()[0] in merged}


def _names(lines: Sequence[Mapping[str, object]]) -> list[str]:
    return list(dict.fromkeys(str(line["benchmark"]) for line in lines))


def table(rows: Sequence[Row], found: Mapping[str, Mapping[str, float | str]]) -> str:
    """The rows in Markdown, those without a figure as such."""
    lines = ["| work | asked | figure | | beside it | command |", "|---|---|---|---|---|---|"]
    for row in rows:
        figures = found.get(row.command, {})
        asked = f"{'at most' if row.most else 'at least'} {row.asked:g}"
        command = f"`benchmarks.{row.command.split()[0]}`"
        if row.figure not in figures:
            lines.append(f"| {row.work} | {asked} | not measured | | | {command} |")
            continue
        value = float(figures[row.figure])
        met = value <= row.asked if row.most else value >= row.asked
        bar = "■" * max(1, min(MOST_BARS, round(BARS * value / row.asked)))
        beside = ", ".join(f"{name} {float(figures[name]):.3g}" for name in row.beside if name in figures)
        lines.append(
            f"| {row.work} | {asked} | {value:.3g}, {'met' if met else 'missed'} | {bar} | {beside} | {command} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("work", type=Path)
    parser.add_argument("--photos", default="", help="folder or ZIP file of photos")
    parser.add_argument("--media", default="", help="labelled recordings, as benchmarks.speech takes them")
    parser.add_argument("--only", nargs="+", default=[], help="benchmarks: peers, pipeline, search, ...")
    parser.add_argument(
        "--read", nargs="+", type=Path, default=[], help="JSON lines of benchmarks, in place of measuring"
    )
    given = parser.parse_args()
    rows = [row for row in ROWS if not given.only or row.command.split()[0] in given.only]
    found = read(given.read) if given.read else measure(rows, given.work.resolve(), given.photos, given.media)
    given.work.mkdir(parents=True, exist_ok=True)
    (given.work / "bench.json").write_text(json.dumps(found, indent=1), "utf-8")
    machine = f"Measured on: {openvino.processor()}; load {os.getloadavg()[0]:.1f} when it was written.\n\n"
    text = HEAD + machine + table(rows, found) + (CHART if (PAGE.parent / "growth.svg").exists() else "")
    print(text)
    if not given.only:  # a part would take the other lines off the page
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
