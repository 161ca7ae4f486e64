"""How right the time left is that a run tells: python -m benchmarks.eta FOLDER [--every N] [--no-speech] [--no-ocr]

A new library is made of every Nth file of a folder. Over the last half of the run, what each event of progress tells of
the whole run is held against what it then took; where less than LEAST_S are left, both count as LEAST_S. A dry run before
it is held against the whole. All is done twice: the second time by the rates that the first library noted.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import report
from indexer.events import Event, Planned, Progress
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval.catalog import layout

LEAST_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--no-speech", dest="speech", action="store_false")
    parser.add_argument("--no-ocr", dest="ocr", action="store_false")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    options = Options(speech=arguments.speech, ocr=arguments.ocr)
    figures: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        media = Path(scratch) / "media"
        media.mkdir()
        files = sorted(each for each in arguments.folder.rglob("*") if each.is_file())[:: arguments.every]
        for at, file in enumerate(files):
            shutil.copy(file, media / f"{at}-{file.name}")
        figures["files"] = float(len(files))
        rates = ""
        for name in ("first", "second"):
            home = Path(scratch) / name
            if rates:
                _seed(home, media, rates, options)
            figures |= {f"{name} run: {what}": value for what, value in _run(home, media, options).items()}
            rates = _noted(home)
    report("eta", figures, arguments.out)
    sys.exit(0 if all(value == 1.0 for what, value in figures.items() if "within" in what) else 1)


def _run(home: Path, media: Path, options: Options) -> dict[str, float | str]:
    planned: list[float] = []
    told: list[tuple[float, float, str]] = []
    start = time.perf_counter()

    def note(event: Event) -> None:
        if isinstance(event, Planned):
            planned.append(event.seconds)
        if isinstance(event, Progress) and event.run_eta_s is not None:
            told.append((time.perf_counter() - start, event.run_eta_s, event.step))

    index_folders([media], library=home, options=_dry(options), on_event=note)
    start = time.perf_counter()
    index_folders([media], library=home, options=options, on_event=note)
    whole = time.perf_counter() - start
    ratios = [
        (max(said, LEAST_S) / max(whole - at, LEAST_S), at / whole, step) for at, said, step in told if at > whole / 2
    ]
    worst = max(ratios, key=lambda each: max(each[0], 1 / each[0]))
    return {
        "seconds": whole,
        "dry run over it": planned[0] / whole,
        "events in the last half": float(len(ratios)),
        "share within a factor of two": sum(0.5 <= each[0] <= 2 for each in ratios) / len(ratios),
        "worst ratio": worst[0],
        "told at": f"{worst[1]:.0%} ({worst[2]})",
    }


def _dry(options: Options) -> Options:
    return Options(speech=options.speech, ocr=options.ocr, dry_run=True)


def _noted(home: Path) -> str:
    with sqlite3.connect(layout.catalog(home)) as catalog:
        return str(catalog.execute("SELECT value FROM library WHERE key = 'rates'").fetchone()[0])


def _seed(home: Path, media: Path, rates: str, options: Options) -> None:
    """An empty library that knows the rates of another."""
    empty = media.with_name("empty")
    empty.mkdir(exist_ok=True)
    index_folders([empty], library=home, options=options)
    with sqlite3.connect(layout.catalog(home)) as catalog:
        catalog.execute("UPDATE library SET value = ? WHERE key = 'rates'", (rates,))


if __name__ == "__main__":
    main()
