"""`crossmedia search` through a running service against the cold process, in turns. Prints one JSON object.

    python -m benchmarks.through_service LIBRARY [--rounds 15]

Both are whole processes, from start to exit; a pair of each is taken in turn, so that other work on the machine meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.serving import serving

QUESTIONS = ("a dog on the beach", "red car", "沙滩上的狗", "install the package", "mountain lake")
ASKED = 0.35


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("library", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with serving(given.library):
        took: dict[str, list[tuple[float, float]]] = {"--server": [], "--no-server": []}
        for way in took:  # so that all files lie in memory
            one(given.library, 0, way)
        for at in range(given.rounds):
            for way, times in took.items():
                times.append(one(given.library, at, way))
    wall = {way: statistics.median(each[0] for each in times) for way, times in took.items()}
    cpu = {way: statistics.median(each[1] for each in times) for way, times in took.items()}
    figures = {
        "wall_s": wall,
        "processor_s": cpu,
        "wall_ratio": wall["--server"] / wall["--no-server"],
        "processor_ratio": cpu["--server"] / cpu["--no-server"],
        "asked": ASKED,
    }
    print(json.dumps(figures, indent=2))


def one(library: Path, at: int, way: str) -> tuple[float, float]:
    """Wall and processor seconds of one process."""
    question = QUESTIONS[at % len(QUESTIONS)]
    command = [sys.executable, "-m", "indexer.cli.app", "search", question, way, "--library", str(library)]
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert done.returncode in (0, 1), done
    wall, after = time.perf_counter() - start, os.times()
    own = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, own


if __name__ == "__main__":
    main()
