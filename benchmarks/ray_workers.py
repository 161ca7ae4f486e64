"""Two workers of one core on a Ray cluster against one: python -m benchmarks.ray_workers [--texts N] [--runs 5]

For `make test-scale`'s environment. Long texts are indexed, whose passages the sentence encoder sees: work that encoding
bounds. Each node of the cluster keeps to a core of its own; the program that hands out, and writes, shares these cores. Runs
with one node and with two take turns, each into a new library.

    one_s, two_s             medians of the whole run: Ray joined, workers begun, models loaded, all written and published
    ratio                    of these; step_ratio: of the step alone, from its first batch handed out to its last result
    encoding_share           of the step with one worker, that its encoder worked
    processor_ratio          of processor time, which a busy machine does not change: what one worker spent, over half of
                             what two and the program that hands out and writes spent; the ratio that two idle cores allow
    worker_s, workers_s, program_s    the three in it, medians; workers with their start and their models
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Self

from benchmarks.report import report
from indexer.events import Event, Progress
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from tests.scale import nodes

LOOK_S = 0.25  # between two looks at what processes have spent
WORDS = "keeper lighthouse harbour storm letter winter garden river engine museum violin bread window market".split()


def make_texts(folder: Path, count: int) -> None:
    """Texts of forty paragraphs, none like another."""
    folder.mkdir()
    draw = random.Random(1)
    for number in range(count):
        paragraphs = [f"{' '.join(draw.choices(WORDS, k=60)).capitalize()} {number}." for _ in range(40)]
        (folder / f"{number:04}.txt").write_text("\n\n".join(paragraphs), "utf-8")


def index(home: Path, folder: Path) -> None:
    """One run in this process; prints its seconds."""
    steps: list[Progress] = []

    def on_event(event: Event) -> None:
        if isinstance(event, Progress) and event.step == "read":
            steps.append(event)

    start = time.perf_counter()
    finished = index_folders([folder], library=home, options=Options(speech=False, ocr=False), on_event=on_event)
    used = resource.getrusage(resource.RUSAGE_SELF)
    last = steps[-1]
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - start,
                "step": last.seconds,
                "share": last.load if last.bottleneck == "encoder" else 1 - last.load,
                "processor": used.ru_utime + used.ru_stime,
                "new": finished.new,
            }
        )
    )


class Spent:
    """Processor seconds of all that runs below a process, as long as the block lasts; of what ended meanwhile as well."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._over = threading.Event()
        self._seen: dict[int, float] = {}
        self._before: dict[int, float] = {}
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._before = self._now()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seconds(self) -> float:
        return sum(spent - self._before.get(pid, 0.0) for pid, spent in self._seen.items())

    def _watch(self) -> None:
        while not self._over.wait(LOOK_S):
            self._seen |= self._now()

    def _now(self) -> dict[int, float]:
        spent, parents = {}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # ended
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
                pid, parents[int(folder.name)] = int(folder.name), int(fields[1])
                spent[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        own = {self._root}
        while more := {pid for pid, parent in parents.items() if parent in own} - own:
            own |= more
        return {pid: spent[pid] for pid in own if pid in spent}


def run(cluster: nodes.Nodes, folder: Path, texts: int) -> dict[str, float]:
    """One run into a new library, by the nodes that there are."""
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "crossmedia.toml").write_text('workers = "ray"\n')
        command = [sys.executable, "-m", "benchmarks.ray_workers", "--index", home, "--folder", str(folder)]
        with Spent(cluster.pid) as spent:
            done = subprocess.run(
                command, check=True, stdout=subprocess.PIPE, env={**os.environ, **cluster.environment}
            )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1]) | {"workers": spent.seconds}
    assert figures["new"] == texts
    print(figures, file=sys.stderr)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=160)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.index:
        index(given.index, given.folder)
        return
    first, second = sorted(os.sched_getaffinity(0))[:2]
    one, two = [], []
    with tempfile.TemporaryDirectory() as work, nodes.started() as cluster:
        folder = Path(work) / "texts"
        make_texts(folder, given.texts)
        cluster.add(first)
        for _ in range(given.runs):
            one.append(run(cluster, folder, given.texts))
            other = cluster.add(second)
            two.append(run(cluster, folder, given.texts))
            cluster.kill(other)

    def of(runs: list[dict[str, float]], name: str) -> float:
        return median(each[name] for each in runs)

    figures = {
        "texts": given.texts,
        "runs": given.runs,
        "one_s": of(one, "seconds"),
        "two_s": of(two, "seconds"),
        "ratio": of(one, "seconds") / of(two, "seconds"),
        "step_ratio": of(one, "step") / of(two, "step"),
        "encoding_share": of(one, "share"),
        "processor_ratio": 2 * of(one, "workers") / (of(two, "workers") + of(two, "processor")),
        "worker_s": of(one, "workers"),
        "workers_s": of(two, "workers"),
        "program_s": of(two, "processor"),
    }
    report("ray_workers", figures, given.out)


if __name__ == "__main__":
    main()
