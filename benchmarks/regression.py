"""What another tree costs: two checkouts timed in turns on one machine, by the Python of each.

    python -m benchmarks.regression BEFORE/.venv/bin/python AFTER/.venv/bin/python --photos DIR [--work DIR]
    python -m benchmarks.regression BEFORE/... AFTER/... --folder DIR --every N --cold-runs 0 --warm-runs 0

index: the photos DIR/img_*.jpg into a new library by `crossmedia index`, no text read in them; whole: every Nth file of a
folder, of all kinds, with text and speech; cold: a new process that
answers one question; warm: questions to an open library of 100,000 segments, which each checkout makes for itself by its
own benchmarks.search, where WORK/before and WORK/after do not hold it yet. Of each, the medians of both in wall and
processor time, and the median of the ratios of runs that followed each other; who goes first changes from pair to pair.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import report

QUESTIONS = (
    "a dog on the beach", "red sports car at night", "install the package from source", "沙滩上的狗", "EST-1008",
    "who reads the configuration file", "ein Kind spielt im Garten", "license of the documentation", "mountain lake",
    "error handling", "un bateau sur la mer", "the history of the project", "赤い自転車", "rain on a window",
)  # fmt: skip
LIMIT = 1.05  # of a ratio

COLD = """
import sys
from retrieval import Library
with Library.open(sys.argv[1]) as library:
    assert len(library.search(sys.argv[2], limit=20, min_confidence=0.0)) == 20
"""

WARM = """
import json, sys, time
from retrieval import Library
with Library.open(sys.argv[1]) as library:
    for line in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = library.search(line.strip(), limit=20, min_confidence=0.0)
        spent = time.perf_counter() - wall, time.process_time() - cpu
        assert len(answer) == 20 and not answer.warnings, answer.warnings
        print(json.dumps(spent), flush=True)
"""


class Spent(NamedTuple):
    """Seconds of the clock, and of processors."""

    wall_s: float
    cpu_s: float


class Checkout(NamedTuple):
    """A tree, by its interpreter, and its library of 100,000 segments."""

    python: Path
    library: Path


def run(*command: str | Path, cwd: Path, accepted: Sequence[int] = (0,)) -> Spent:
    """What a program and all its children took."""
    start = time.perf_counter()
    started = subprocess.Popen(list(map(str, command)), cwd=cwd, env=_environment(), stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode not in accepted:
        raise SystemExit(f"{' '.join(map(str, command[:4]))} ended with {started.returncode}")
    return Spent(time.perf_counter() - start, used.ru_utime + used.ru_stime)


def _environment() -> dict[str, str]:
    """With bytecode kept, as it is for users; nothing of this tree is imported by the other one."""
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in left_out}


def in_turns(pairs: int, one: Callable[[int], Spent], other: Callable[[int], Spent]) -> list[tuple[Spent, Spent]]:
    """What `one` and `other` took in each pair; who goes first changes: one, other, other, one, ..."""
    found = []
    for number in range(pairs):
        if number % 2:
            later = other(number)
            found.append((one(number), later))
        else:
            found.append((one(number), other(number)))
    return found


def ratios(name: str, pairs: Sequence[tuple[Spent, Spent]]) -> dict[str, float | str]:
    """Medians of both sides, in milliseconds, and the median ratio of a pair, by either clock."""
    figures: dict[str, float | str] = {}
    for clock in Spent._fields:
        sides = [[1000 * getattr(side, clock) for side in pair] for pair in pairs]
        short = f"{name} {clock.removesuffix('_s')}"
        figures[f"{short} before ms"] = statistics.median(before for before, _ in sides)
        figures[f"{short} after ms"] = statistics.median(after for _, after in sides)
        figures[f"{short} ratio"] = statistics.median(after / before for before, after in sides)
    return figures


# ---------------------------------------------------------------- what is timed


def indexing(checkouts: Sequence[Checkout], photos: Path, runs: int, work: Path) -> dict[str, float | str]:
    """Every photo into a new library."""
    files = {path.name: path for path in sorted(photos.glob("img_*.jpg"))}
    found = _indexed(checkouts, _copied(files, work / "photos"), runs, work, "--no-ocr", "--no-speech")
    return {"photos": float(len(files)), **ratios("index", found)}


def whole(checkouts: Sequence[Checkout], given: Path, every: int, runs: int, work: Path) -> dict[str, float | str]:
    """Every Nth file of a folder, tables of truth left out, into a new library with all that is read and heard."""
    kept = [path for path in sorted(given.rglob("*")) if path.is_file() and path.suffix != ".tsv"]
    files = {f"{at}-{path.name}": path for at, path in enumerate(kept[::every])}
    found = _indexed(checkouts, _copied(files, work / "whole"), runs, work)
    return {"files": float(len(files)), **ratios("whole", found)}


def _copied(files: Mapping[str, Path], folder: Path) -> Path:
    """A folder of these files by their names there; made once."""
    if not folder.exists():
        folder.mkdir()
        for name, path in files.items():
            shutil.copyfile(path, folder / name)
    return folder


def _indexed(
    checkouts: Sequence[Checkout], folder: Path, runs: int, work: Path, *switches: str
) -> list[tuple[Spent, Spent]]:
    """What each checkout took for a new library of a folder, in turns; skipped media are no fault."""

    def one(checkout: Checkout) -> Callable[[int], Spent]:
        def indexed(_: int) -> Spent:
            home = work / "new library"
            shutil.rmtree(home, ignore_errors=True)
            program = checkout.python.parent / "crossmedia"
            given = ("index", folder, *switches, "-q", "--library", home)
            return run(checkout.python, program, *given, cwd=work, accepted=(0, 3))

        return indexed

    before, after = map(one, checkouts)
    if switches:
        before(0), after(0)  # bytecode and pages
    return in_turns(runs, before, after)


def cold(checkouts: Sequence[Checkout], runs: int, work: Path) -> dict[str, float | str]:
    """A process of its own for each question."""

    def one(checkout: Checkout) -> Callable[[int], Spent]:
        def asked(number: int) -> Spent:
            return run(checkout.python, "-c", COLD, checkout.library, QUESTIONS[number % len(QUESTIONS)], cwd=work)

        return asked

    before, after = map(one, checkouts)
    before(0), after(0)
    return ratios("cold", in_turns(runs, before, after))


def warm(checkouts: Sequence[Checkout], runs: int, work: Path) -> dict[str, float | str]:
    """Both libraries open at a time, and asked in turns; no question is asked twice."""
    processes = [
        subprocess.Popen(
            [str(each.python), "-c", WARM, str(each.library)],
            cwd=work,
            env=_environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for each in checkouts
    ]

    def one(process: subprocess.Popen[str]) -> Callable[[int], Spent]:
        def asked(number: int) -> Spent:
            assert process.stdin is not None and process.stdout is not None
            print(f"{QUESTIONS[number % len(QUESTIONS)]} {number}", file=process.stdin, flush=True)
            return Spent(*json.loads(process.stdout.readline()))

        return asked

    before, after = map(one, processes)
    for number in range(len(QUESTIONS)):
        before(-1 - number), after(-1 - number)
    figures = ratios("warm", in_turns(runs, before, after))
    for process in processes:
        process.communicate()
    return figures


def library_of(python: Path, home: Path) -> Path:
    """The library of 100,000 segments that a checkout asks; made by its own benchmark where it is not there."""
    if not (home / "catalog.sqlite").exists():
        where = [str(python), "-c", "import retrieval; print(retrieval.__file__)"]
        told = subprocess.run(where, check=True, capture_output=True, text=True, cwd="/", env=_environment()).stdout
        run(python, "-m", "benchmarks.search", "--folder", home, cwd=Path(told.strip()).parents[1])
    return home


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("before", "after"):
        parser.add_argument(name, type=Path, metavar="PYTHON")
    parser.add_argument("--photos", type=Path, help="a folder with img_*.jpg; without it, index is not timed")
    parser.add_argument("--folder", type=Path, help="a folder of all kinds of files; without it, whole is not timed")
    parser.add_argument("--every", type=int, default=4)
    parser.add_argument("--work", type=Path, help="a folder that keeps both libraries")
    parser.add_argument("--index-runs", type=int, default=5)
    parser.add_argument("--cold-runs", type=int, default=20)
    parser.add_argument("--warm-runs", type=int, default=200)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    work = Path(given.work or tempfile.mkdtemp()).absolute()
    work.mkdir(parents=True, exist_ok=True)
    pythons = {"before": given.before.absolute(), "after": given.after.absolute()}  # links are the environment
    asks = given.cold_runs + given.warm_runs > 0
    homes = {name: library_of(python, work / name) if asks else work for name, python in pythons.items()}
    checkouts = [Checkout(python, homes[name]) for name, python in pythons.items()]
    figures: dict[str, float | str] = {}
    if given.folder:
        figures |= whole(checkouts, given.folder, given.every, given.index_runs, work)
    if given.photos:
        figures |= indexing(checkouts, given.photos, given.index_runs, work)
    figures |= cold(checkouts, given.cold_runs, work) if given.cold_runs else {}
    figures |= warm(checkouts, given.warm_runs, work) if given.warm_runs else {}
    report("regression", {**figures, "limit": LIMIT}, given.out)
    over = [name for name, value in figures.items() if name.endswith("ratio") and float(value) > LIMIT]
    if over:
        sys.exit(f"over {LIMIT}: {', '.join(over)}")


if __name__ == "__main__":
    main()
