"""SIGINT and SIGTERM at random moments of a run: python -m benchmarks.stops [--each 50].

Each stop has a library of its own; the moment is drawn evenly from the start of the process to the end of a whole run.
Clean is: exit code 128 and the signal's number (0 where the run was done), no traceback or abort, no process left, the
library sound and not locked. Every fifth library is completed by a second run and compared with a clean one: all but
the vectors themselves, which differ in rounding with the batches that they were made in.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import report
from tests.stopping import completed, fill, stop

COMPLETED_EVERY = 5
PICTURES = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    figures: dict[str, float | str] = {}
    seconds: list[float] = []
    unclean: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        fill(root / "media", PICTURES)
        start = time.perf_counter()
        expected = completed(root / "clean", root / "media")
        whole, equal = time.perf_counter() - start, 0
        for number in (signal.SIGINT, signal.SIGTERM):
            clean = running = 0
            for at in range(arguments.each):
                home = root / f"{number.name}{at}"
                stopped = stop(home, root / "media", rng.uniform(0, whole), number)
                clean += stopped.is_clean
                running += stopped.code == 128 + number
                print(
                    number.name,
                    stopped.code,
                    f"{stopped.seconds:.1f} s",
                    *stopped.problems,
                    file=sys.stderr,
                    flush=True,
                )
                seconds.append(stopped.seconds)
                unclean.update(f"{number.name}: {each}" for each in stopped.problems)
                if at % COMPLETED_EVERY == 0:
                    equal += completed(home, root / "media") == expected
            figures[f"clean stops by {number.name}"] = f"{clean} of {arguments.each}"
            figures[f"{number.name} that met a run, not its end"] = float(running)
    compared = 2 * len(range(0, arguments.each, COMPLETED_EVERY))
    figures |= {
        "a whole run, s": whole,
        "equal to a clean build after the next run": f"{equal} of {compared}",
        "median time to stop, s": sorted(seconds)[len(seconds) // 2],
        "longest time to stop, s": max(seconds),
        "not clean": "; ".join(f"{what} ({count})" for what, count in unclean.items()) or "none",
    }
    report("stops", figures, arguments.out)
    sys.exit(0 if not unclean and equal == compared else 1)


if __name__ == "__main__":
    main()
