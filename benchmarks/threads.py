"""Many threads ask one open Library: processor time of a question and questions a second, against one thread.

    python -m benchmarks.threads LIBRARY [--threads 2 8 16] [--questions 60] [--rounds 5] [--limit-threads]

Each round asks as many questions by one thread and by each number of threads, in an order that changes; no question is
asked twice. Ratios are those within a round, their median is told. `rate_N` holds on an idle machine of two cores only;
`processors_N` is what the process got of them meanwhile. --limit-threads: the process computes on one thread from its
start, as `crossmedia serve` does; without it the libraries have the threads that they take by themselves.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.report import report

if TYPE_CHECKING:
    from retrieval import Library

QUESTIONS = (
    "a dog on the beach", "red sports car at night", "install the package from source", "沙滩上的狗", "EST-1008",
    "who reads the configuration file", "ein Kind spielt im Garten", "license of the documentation", "mountain lake",
    "error handling", "un bateau sur la mer", "the history of the project", "赤い自転車", "rain on a window",
)  # fmt: skip
LIMITS = {"processor": 1.15, "rate": 1.7}


class Spent(NamedTuple):
    """Seconds of a question."""

    wall_s: float
    cpu_s: float


def questions() -> Iterator[str]:
    """Without end, and all of them different."""
    for number in count():
        yield f"{QUESTIONS[number % len(QUESTIONS)]} {number}"


def asked(library: Library, wanted: Sequence[str], threads: int) -> Spent:
    """What each of the questions took when so many threads ask them."""
    left, failed = iter(wanted), []
    lock, ready = threading.Lock(), threading.Barrier(threads + 1)

    def ask() -> None:
        ready.wait()
        while True:
            with lock:
                question = next(left, None)
            if question is None:
                return
            answer = library.search(question, limit=20, min_confidence=0.0)
            if len(answer) != 20 or answer.warnings:
                failed.append(question)

    every = [threading.Thread(target=ask) for _ in range(threads)]
    for each in every:
        each.start()
    ready.wait()
    wall, cpu = time.perf_counter(), time.process_time()
    for each in every:
        each.join()
    if failed:
        raise SystemExit(f"not answered: {failed}")
    return Spent((time.perf_counter() - wall) / len(wanted), (time.process_time() - cpu) / len(wanted))


def measured(library: Library, numbers: Sequence[int], rounds: int, most: int) -> dict[str, float | str]:
    """The figures of so many rounds."""
    fresh = questions()
    took: dict[int, list[Spent]] = {number: [] for number in (1, *numbers)}
    asked(library, [next(fresh) for _ in range(len(QUESTIONS))], 2)
    for at in range(rounds):
        for number in list(took)[:: 1 if at % 2 else -1]:
            took[number].append(asked(library, [next(fresh) for _ in range(most)], number))
    figures: dict[str, float | str] = {}
    for number, spent in took.items():
        figures[f"processor_ms_{number}"] = 1000 * statistics.median(each.cpu_s for each in spent)
        figures[f"processors_{number}"] = statistics.median(each.cpu_s / each.wall_s for each in spent)
        if number > 1:
            pairs = list(zip(took[1], spent, strict=True))
            figures[f"processor_{number}"] = statistics.median(many.cpu_s / one.cpu_s for one, many in pairs)
            figures[f"rate_{number}"] = statistics.median(one.wall_s / many.wall_s for one, many in pairs)
    return figures


def main() -> None:
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 8, 16])
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit-threads", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    if given.limit_threads:
        from retrieval.blas_threads import limit_threads

        limit_threads()  # before NumPy is loaded
    from retrieval import Library

    with Library.open(given.library) as library:
        figures = measured(library, given.threads, given.rounds, given.questions)
    limits = {f"asked_{name}": value for name, value in LIMITS.items()}
    report("threads", {**figures, **limits, "load": os.getloadavg()[0]}, given.out)


if __name__ == "__main__":
    main()
