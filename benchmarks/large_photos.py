"""Indexing large JPEGs against decoding them alone: python -m benchmarks.large_photos [--count 200] [--pairs 5]

COUNT JPEGs of 12 megapixels are drawn (see benchmarks.pipeline.make_pictures). ours: `crossmedia index` of them by the
starter into a new library, no text read. theirs: Pillow alone decodes each to its full size, on as many processes as there
are cores. Of each: medians of both, in turns, in seconds of the clock and of processors, and the median ratio; before them
one run that measures the runtimes of this machine.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.peers import OURS, Spent, in_turns, run
from benchmarks.pipeline import make_pictures
from benchmarks.report import report

SIZE = (4000, 3000)
DECODING = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from PIL import Image

def decoded(path):
    with Image.open(path) as image:
        image.load()

if __name__ == "__main__":
    paths = sorted(each.path for each in os.scandir(sys.argv[1]))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(decoded, paths, chunksize=4))
"""


def measure(work: Path, count: int, pairs: int) -> dict[str, float | str]:
    """Figures of both."""
    photos, home, script = work / "photos", work / "library", work / "decoding.py"
    if not photos.exists():
        make_pictures(photos, count, *SIZE)
    script.write_text(DECODING, "utf-8")

    def ours() -> Spent:
        shutil.rmtree(home, ignore_errors=True)
        return run([OURS, "index", photos, "--library", home, "--profile", "starter", "--no-ocr", "--quiet"])

    def theirs() -> Spent:
        return run([Path(OURS).with_name("python"), script, photos])

    ours(), theirs()
    return {"photos": float(count), **in_turns("large", pairs, ours, theirs)}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large_photos", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--work", type=Path, help="a folder that keeps the photos")
    parser.add_argument("--out", type=Path, help="file for the JSON line")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = (given.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        report("large_photos", measure(work, given.count, given.pairs), given.out)


if __name__ == "__main__":
    main()
