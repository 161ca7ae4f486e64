"""Servers that are killed inside a write: python -m benchmarks.outages [--kills 5] [--assets 2000] [--only NAME ...]

All processes of a server are killed (SIGKILL) at a random moment of a write, begun anew each time, and started again:

    postgresql    while pictures are written one transaction after another
    pgvector      while a generation of all vectors is written
    milvus        the same; Milvus 2.3.5 in a network of its own, where root may make one; else it is left out

    killed in a write     kills that the write saw; others came when it was done
    error_s, error_s max  from the kill to the error that names it, median and the longest
    back_s max            from the start of the server, once it answers, until a question and the same write are done
    half written          kills after which answers differed, a transaction was there in part or not though it was
                          acknowledged, or a broken generation outlived the next one

Ends with 1 where anything was half written.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, TypeVar

from sqlalchemy import func, select

from benchmarks.engines import PER_SCALE
from benchmarks.report import report
from benchmarks.search import QUESTIONS, build
from indexer.catalog import read as catalog_read
from indexer.catalog.open import writing
from indexer.library_copy import copy_library
from indexer.publish import publish
from retrieval import Library
from retrieval.catalog.schema import assets, segments, vectors
from retrieval.catalog.server import reported_loss
from retrieval.domain.media import Metadata
from retrieval.errors import LibraryError
from retrieval.vectors.store import store_of
from tests.building import Builder, Thing
from tests.scale.postgresql import Server, running, settings
from tests.scale.standalone import Standalone

ENGINES = ["postgresql", "pgvector", "milvus"]
BACK_S = 300.0  # a server that is not back by then does not come
PARTS = 3  # segments of a picture, with a vector each

T = TypeVar("T")


class Outage(NamedTuple):
    """One kill. error_s: None where the write was done before."""

    error_s: float | None
    back_s: float
    is_whole: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--assets", type=int, default=2_000)
    parser.add_argument("--only", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    figures: dict[str, float | str] = {}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running())
        rng = random.Random(1)
        if "postgresql" in given.only:
            figures |= told("postgresql", [of_catalog(scratch / f"p{at}", server, rng) for at in range(given.kills)])
        if {"pgvector", "milvus"} & {*given.only}:
            build(scratch / "folder", given.assets / PER_SCALE)
        if "pgvector" in given.only:
            home = copied(scratch, server, "pgvector", "pgvector")
            figures |= told("pgvector", killed(home, server.crash, server.start, given.kills, rng))
        if "milvus" in given.only:
            own = Standalone(scratch / "server")
            try:
                stack.enter_context(own)
            except OSError as error:
                print(f"milvus is left out: {error}", file=sys.stderr)
            else:
                home = copied(scratch, server, "milvus", f"milvus://127.0.0.1:{own.port}/benchmark")
                figures |= told("milvus", killed(home, own.crash, own.start, given.kills, rng))
    report("outages", figures, given.out)
    sys.exit(int(any(value for name, value in figures.items() if name.endswith("half written"))))


def told(name: str, outages: list[Outage]) -> dict[str, float | str]:
    """The figures of one engine."""
    waited = [each.error_s for each in outages if each.error_s is not None]
    figures: dict[str, float | str] = {f"{name}: kills": len(outages), f"{name}: killed in a write": len(waited)}
    if waited:
        figures |= {f"{name}: error_s": statistics.median(waited), f"{name}: error_s max": max(waited)}
    figures[f"{name}: back_s max"] = max(each.back_s for each in outages)
    return figures | {f"{name}: half written": sum(not each.is_whole for each in outages)}


def copied(scratch: Path, server: Server, name: str, where: str) -> Path:
    """The library of the benchmark, its vectors in an engine."""
    home = scratch / name
    settings(home, server.library(home), where)
    copy_library(scratch / "folder", home)
    return home


def killed(
    home: Path, kill: Callable[[], None], start: Callable[[], None], kills: int, rng: random.Random
) -> list[Outage]:
    """Publications of a library that are broken by a kill and done again."""
    before, began = answers(home), time.perf_counter()
    write(home)
    spent = time.perf_counter() - began
    found = []
    for _ in range(kills):
        error_s = broken(lambda: write(home), kill, rng.uniform(0, spent))
        start()
        began = time.perf_counter()
        same = patiently(lambda: answers(home)) == before
        patiently(lambda: write(home))
        back_s = time.perf_counter() - began
        same &= answers(home) == before
        found.append(Outage(error_s, back_s, same and not left_over(home)))
        print(home.name, found[-1], file=sys.stderr, flush=True)
    return found


def patiently(work: Callable[[], T]) -> T:
    """Work of a server that is coming back, tried until it is done."""
    until = time.monotonic() + BACK_S
    while True:
        try:
            return work()
        except LibraryError:
            if time.monotonic() > until:
                raise


def broken(work: Callable[[], None], kill: Callable[[], None], after_s: float) -> float | None:
    """Kills a server so many seconds after work began. Returns the seconds from then to the work's error, if it has one."""
    moment: list[float] = []

    def killing() -> None:
        time.sleep(after_s)
        moment.append(time.perf_counter())
        kill()

    killer = threading.Thread(target=killing)
    killer.start()
    try:
        work()
    except LibraryError:
        return time.perf_counter() - moment[0]
    finally:
        killer.join()
    return None


def write(home: Path) -> None:
    """A new generation of all vectors."""
    with writing(home, "benchmark") as (engine, _):
        publish(engine, home, always=True)


def answers(home: Path) -> list[list[tuple[str, float]]]:
    """For each question the first hits: asset and confidence."""
    with Library.open(home) as opened:
        return [[(hit.asset, hit.confidence) for hit in opened.search(each, min_confidence=0.0)] for each in QUESTIONS]


def left_over(home: Path) -> set[str]:
    """Generations that the catalog does not name."""
    with writing(home, "benchmark") as (engine, _), engine.connect() as connection:
        return store_of(home).names() - catalog_read.generation_folders(connection)


def of_catalog(home: Path, server: Server, rng: random.Random) -> Outage:
    """A writer that is broken between and inside transactions, and goes on."""
    settings(home, server.library(home))
    builder = Builder(home)
    noted: list[int] = []

    def write_on() -> None:
        with reported_loss(home):  # as all commands that write
            while True:
                builder.add(picture(len(noted)))
                noted.append(len(noted))

    error_s = broken(write_on, server.crash, rng.uniform(0.5, 2.5))
    server.start()
    began = time.perf_counter()
    with builder.engine.connect() as connection:
        own, parts, data = (
            connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in (assets, segments, vectors)
        )
    builder.add(picture(own))
    builder.close()
    is_whole = own - len(noted) in (0, 1) and parts == data == PARTS * own  # a commit's answer may be lost
    outage = Outage(error_s, time.perf_counter() - began, is_whole)
    print(home.name, outage, len(noted), "pictures", file=sys.stderr, flush=True)
    return outage


def picture(number: int) -> Thing:
    """With PARTS segments."""
    return Thing(f"{number}.mp4", Metadata("video"), [("shot", f"boat {number} {part}") for part in range(PARTS)])


if __name__ == "__main__":
    main()
