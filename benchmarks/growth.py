"""What a file costs as a library grows: python -m benchmarks.growth WORK [--sizes N ...] [--chart FILE.svg] [--out FILE].

Libraries of 1,000 to 1,000,000 segments (those of benchmarks.search, kept in WORK), processor seconds of each:
    write    FRESH more pictures with ready vectors through the pipeline's own sink, in its batches, times all files
    rebuild  every index made anew from the vectors of the catalog
    scan     a walk over all files, which lie in WORK, empty, compared with what the catalog knows of them
A line through the logarithms of seconds and segments has a slope for each; 1 is what grows as the library does. The least
of RUNS runs counts; the rebuild, and the scan of a large library, run once.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from sqlalchemy import bindparam, select, update

from benchmarks import search
from benchmarks.report import report
from indexer.catalog import read as catalog_read
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.catalog.vectors import Encoded
from indexer.pipeline.run import COMMIT_ROWS
from indexer.pipeline.sink import Origin, Sink
from indexer.pipeline.stages import Job, Result
from indexer.pipeline.steps import task_of
from indexer.publish import publish
from indexer.sources.base import Candidate, FileState
from indexer.sources.changes import compare_all
from retrieval.catalog.engine import Engine
from retrieval.catalog.schema import paths, sources
from retrieval.domain.media import ImageSpec, Metadata, Segment
from retrieval.media.worker import Identity
from retrieval.protocols import Transcriber
from retrieval.settings import Limits

SIZES = (1_000, 10_000, 100_000, 1_000_000)
FRESH, FRESH_BYTES = 512, 100_000
RUNS, LARGE = 3, 300_000
ASKED = 1.05


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("work", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="segments of each library, ascending")
    parser.add_argument("--chart", type=Path, help="an SVG file to write")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    seconds = {size: cost(given.work.resolve() / f"growth-{size}", size) for size in given.sizes}
    figures = {f"{what} {size}": own[what] for size, own in seconds.items() for what in own}
    for what in ("write", "rebuild", "scan"):
        figures[f"{what} slope"] = slope(given.sizes, [seconds[size][what] for size in given.sizes])
        figures[f"{what} slope of the last step"] = slope(
            given.sizes[-2:], [seconds[n][what] for n in given.sizes[-2:]]
        )
    figures["greatest slope"] = max(figures[f"{what} slope"] for what in ("write", "rebuild", "scan"))
    if given.chart:
        given.chart.write_text(chart(seconds), "utf-8")
    report("growth", figures, given.out)


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the line through the logarithms, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def cost(folder: Path, size: int) -> dict[str, float]:
    """Processor seconds of each kind of work, and the milliseconds of a file that is written."""
    home, media = folder / "library", folder / "media"
    if not (home / "catalog.sqlite").exists():
        search.build(home, size / search.SEGMENTS)
    if not media.exists():
        lay_out(home, media)
    with writing(home, "benchmark") as (engine, _):
        with engine.connect() as connection:
            files = len(connection.execute(select(paths.c.id)).all())
        scanned = min(timed(partial(scan, engine, home)) for _ in range(RUNS if files < LARGE else 1))
        rebuilt = timed(partial(publish, engine, home, always=True))
        written = min(write(engine, media) for _ in range(RUNS)) / FRESH
    return {"write": written * files, "rebuild": rebuilt, "scan": scanned, "ms of a file written": 1000 * written}


def timed(work: Callable[[], object]) -> float:
    """Processor seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def lay_out(home: Path, media: Path) -> None:
    """Makes the files that the catalog names, empty, and notes what a scan of them has seen."""
    change = update(paths).where(paths.c.id == bindparam("row"))
    change = change.values({name: bindparam(name) for name in ("bytes", "mtime_ns", "ctime_ns", "inode")})
    with writing(home, "benchmark") as (engine, _), catalog_write.transaction(engine) as connection:
        rows = connection.execute(select(paths.c.id, paths.c.relative)).all()
        for _, relative in rows:
            file = media / os.fsdecode(relative)
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY))
        states = [(row, os.stat(media / os.fsdecode(relative))) for row, relative in rows]
        seen = [
            {"row": row, "bytes": one.st_size, "mtime_ns": one.st_mtime_ns, "ctime_ns": one.st_ctime_ns}
            | {"inode": one.st_ino}
            for row, one in states
        ]
        connection.execute(change, seen)
        connection.execute(update(sources).values(root=os.fsencode(media), device=os.stat(media).st_dev))


def scan(engine: Engine, home: Path) -> None:
    """Compares folders with the catalog, which finds no change."""
    with engine.connect() as connection:
        every = catalog_read.all_sources(connection)
        _, scanned = compare_all(every, partial(catalog_read.known_files, connection), home)
    assert scanned.changed == scanned.gone == 0, scanned


def write(engine: Engine, media: Path) -> float:
    """Processor seconds of FRESH pictures with a vector each, which are then deleted again."""
    with engine.connect() as connection:
        (source,) = catalog_read.all_sources(connection)
        space = catalog_read.publishing(connection)[0]
    results = [fresh(media, source.id, space.space_id, space.dimension, number) for number in range(FRESH)]
    sink = Sink(engine, no_transcriber, lambda event: None)
    start = time.process_time()
    for first in range(0, FRESH, COMMIT_ROWS):
        sink.write(results[first : first + COMMIT_ROWS])
    spent = time.process_time() - start
    with catalog_write.transaction(engine) as connection:
        added = select(paths.c.id).where(paths.c.bytes == FRESH_BYTES)  # all others are empty
        catalog_write.delete_paths(connection, connection.execute(added).scalars().all())
        assert catalog_write.delete_orphans(connection) == FRESH
    return spent


def no_transcriber() -> Transcriber:
    """Pictures have no speech."""
    raise AssertionError


def fresh(media: Path, source: int, space: int, dimension: int, number: int) -> Result:
    """What the pipeline gives of one picture: its facts, and a segment with a vector."""
    name = f"fresh-{number}.jpg"
    digest = hashlib.blake2b(name.encode(), digest_size=32).digest()
    state = FileState(FRESH_BYTES, 1_700_000_000_000_000_000 + number, 1, 1 << 40 | number)
    origin = Origin(source, Candidate(os.fsencode(name), state))
    vector = np.random.default_rng(number).normal(size=dimension)
    found = Encoded(Segment("image"), [(space, None, (vector / np.linalg.norm(vector)).astype(np.float16))])
    job = Job(task_of("read", media / name, "image", ImageSpec(224), Limits()), origin)
    facts = Metadata("image", "jpeg", 640, 480)
    return Result(job, Identity(digest, "image", "jpeg"), facts, [found])


# ---------------------------------------------------------------- the chart

SIDE, EDGE = 320, 56  # pixels
COLOURS = {"write": "#0072b2", "rebuild": "#d55e00", "scan": "#009e73"}


def chart(seconds: Mapping[int, Mapping[str, float]]) -> str:
    """An SVG with logarithmic axes: segments, and processor seconds of each work."""
    sizes = sorted(seconds)
    least, most = (pick(seconds[size][what] for size in sizes for what in COLOURS) for pick in (min, max))
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    left, right = math.log10(sizes[0]), math.log10(sizes[-1])

    def at(size: float, spent: float) -> str:
        across = EDGE + SIDE * (math.log10(size) - left) / max(right - left, 1e-9)
        return f"{across:.1f},{EDGE + SIDE * (high - math.log10(spent)) / max(high - low, 1):.1f}"

    width, height = SIDE + 3 * EDGE, SIDE + 2 * EDGE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
    lines = [head + 'font-size="12">', '<rect width="100%" height="100%" fill="white"/>']
    for power in range(low, high + 1):
        y = EDGE + SIDE * (high - power) / max(high - low, 1)
        lines += [f'<path d="M{EDGE} {y:.1f}H{EDGE + SIDE}" stroke="#ddd"/>']
        lines += [f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>']
    for size in sizes:
        x = at(size, 10.0**low).partition(",")[0]
        lines += [f'<text x="{x}" y="{EDGE + SIDE + 18}" text-anchor="middle">{size:,}</text>']
    for what, colour in COLOURS.items():
        own = {size: seconds[size][what] for size in sizes}
        points = " ".join(at(size, spent) for size, spent in own.items())
        x, y = at(sizes[-1], own[sizes[-1]]).split(",")
        lines += [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>']
        lines += [f'<text x="{float(x) + 6:.1f}" y="{float(y) + 4:.1f}" fill="{colour}">{what}</text>']
    lines += [f'<text x="{EDGE}" y="{EDGE - 24}">processor seconds for a library of so many segments</text>', "</svg>"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
