"""Vectors that readers miss while several programs write: python -m benchmarks.concurrency [--seconds S]

Writers and readers are processes, each with its own connections to one library on a PostgreSQL server of their own, which
`make test-scale` installs. Half of the writers queue for the library's lock, the others go past it. All draw ids of their
vectors before they take a commit number, and wait at random in between, so that ids commit out of order. Each notes what it
has committed; readers ask, by words that only one picture has, for what was noted before: the latest and others.
Ends with 1 where any was missed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text

from benchmarks.report import report
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from retrieval import Library
from retrieval.catalog.engine import open_engine
from retrieval.catalog.schema import commits, vectors
from retrieval.domain.media import Metadata
from retrieval.errors import LibraryLocked
from tests.building import Builder, Thing
from tests.fakes import FakeProfile
from tests.scale.postgresql import Server, running, settings

ASKED = 4  # at a time: the latest, and others at random


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--writers", type=int, default=4)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with running() as server, tempfile.TemporaryDirectory() as scratch:
        figures = measure(Path(scratch), server, arguments)
    report("concurrency", figures, arguments.out)
    sys.exit(int(figures["committed vectors that a reader missed"] != 0))


def measure(scratch: Path, server: Server, arguments: argparse.Namespace) -> dict[str, float | str]:
    """Runs all processes and adds up what they tell."""
    home, noted = scratch / "library", scratch / "committed"
    settings(home, server.library(home))
    Builder(home).close()
    noted.touch()
    context = multiprocessing.get_context("spawn")
    told: Any = context.Queue()
    ready = context.Barrier(arguments.writers + arguments.readers)  # loading a program takes longer than a turn
    jobs = [
        context.Process(target=write, args=(at, home, noted, ready, arguments.seconds, told))
        for at in range(arguments.writers)
    ]
    jobs += [
        context.Process(target=read, args=(at, home, noted, ready, arguments.seconds, told))
        for at in range(arguments.readers)
    ]
    for job in jobs:
        job.start()
    found = [told.get() for _ in jobs]
    for job in jobs:
        job.join()
    sums = {name: sum(each.get(name, 0) for each in found) for name in ("written", "waited", "asked", "missed")}
    with opened(home) as engine, engine.connect() as connection:
        rows = connection.execute(select(vectors.c.id, vectors.c.commit_number).order_by(vectors.c.commit_number)).all()
        last = connection.scalar(select(commits.c.last))
    late = sum(own.id < before.id for before, own in pairwise(rows))
    return {
        "seconds": arguments.seconds,
        "writers": arguments.writers,
        "readers": arguments.readers,
        "pictures committed": sums["written"],
        "turns that waited for the lock": sums["waited"],
        "vectors with a smaller id than one that committed before": late,
        "greatest commit number": int(last or 0),
        "questions": sums["asked"],
        "committed vectors that a reader missed": sums["missed"],
    }


@contextmanager
def opened(home: Path) -> Iterator[Engine]:
    """Connections to a library for a while, past its lock."""
    engine = open_engine(home, write=True)
    try:
        yield engine
    finally:
        engine.dispose()


def write(at: int, home: Path, noted: Path, ready: Any, seconds: float, told: Any) -> None:
    """Adds pictures until the time is up; even ones wait for the library's lock."""
    own = home.with_name(f"writer-{at}")  # a folder of its own, as on another machine
    settings(own, json.loads((home / "crossmedia.toml").read_text().splitlines()[0].partition(" = ")[2]))
    chance, count, waited = random.Random(at), 0, 0
    ready.wait()
    until = time.time() + seconds
    while time.time() < until:
        name = f"w{at}n{count}"
        if at % 2 == 0:
            try:
                with writing(own, f"writer {at}", create=False) as (engine, _):
                    add(engine, name, chance)
            except LibraryLocked:
                waited += 1
                time.sleep(0.02)
                continue
        else:
            with opened(own) as engine:
                add(engine, name, chance)
        with noted.open("ab") as log:
            log.write(f"{name}\n".encode())
        count += 1
    told.put({"written": count, "waited": waited})


def add(engine: Engine, name: str, chance: random.Random) -> None:
    """One picture, in a transaction that draws the id of its vector at first and takes its time."""
    builder = object.__new__(Builder)
    builder.profile = FakeProfile()
    with catalog_write.transaction(engine) as connection:
        drawn = connection.scalar(text("SELECT nextval('vectors_id_seq')"))
        builder.source = connection.scalar(text("SELECT min(id) FROM sources")) or 0
        builder.spaces = dict(map(tuple, connection.execute(text("SELECT name, id FROM spaces")).all()))
        time.sleep(chance.random() * 0.05)
        builder.write(connection, Thing(f"{name}.jpg", Metadata("image"), [("image", f"{name} picture")]))
        newest = connection.scalar(select(func.max(vectors.c.id)).where(vectors.c.id > drawn))
        connection.execute(vectors.update().where(vectors.c.id == newest).values(id=drawn))
        time.sleep(chance.random() * 0.02)


def read(at: int, home: Path, noted: Path, ready: Any, seconds: float, told: Any) -> None:
    """Asks for what was committed before."""
    chance, asked, missed = random.Random(1000 + at), 0, 0
    with Library.open(home, profile=FakeProfile()) as library:
        ready.wait()
        until = time.time() + seconds
        while time.time() < until:
            names = noted.read_text().split()
            if not names or not noted.read_bytes().endswith(b"\n"):
                continue
            for name in [names[-1], *chance.choices(names, k=ASKED - 1)]:
                asked += 1
                answer = library.search(f"{name} picture", min_confidence=0.0, limit=3)
                missed += name not in {hit.path.stem for hit in answer if hit.segments}
    told.put({"asked": asked, "missed": missed})


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
