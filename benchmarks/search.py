"""How fast a question is answered over 100,000 segments: warm library, filters and their recall, cold process, memory.

    python -m benchmarks.search [--folder DIR] [--scale 1.0] [--before WORKTREE --before-folder DIR] [--only warm ...]

70,000 images, 15,000 shots of two frames, 10,000 passages and 5,000 speech segments; vectors are random around shared
directions, texts are real words (of the documentation of the installed packages). A folder is kept and used again.
Wall times hold on an idle machine only; processor seconds are given beside them, and as a multiple of what importing
NumPy, FAISS, ONNX Runtime, SQLAlchemy and Typer takes in the same minute. With --before another checkout answers every
question as well, in a process of its own and in turns, over a library of its own (`python -m benchmarks.search --folder DIR`
there makes it); the ratio is the median of those of single questions. Filters are dates, a new one for each question.
"""

from __future__ import annotations

import argparse
import bisect
import hashlib
import importlib.metadata
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from sqlalchemy import func, insert, select, text, update

from benchmarks.report import report
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.open import reading, writing
from indexer.publish import publish
from retrieval import Library
from retrieval.catalog.engine import open_engine
from retrieval.catalog.schema import assets, paths, segments, spaces, vectors
from retrieval.domain.media import Metadata
from retrieval.encoders.profile import make_profile
from retrieval.fulltext import analyzer, asset_terms

PLAN = (
    ("image", "image", 70_000, 1),
    ("shot", "video", 15_000, 2),
    ("passage", "document", 10_000, 1),
    ("speech", "audio", 5_000, 1),
)
AT_ONCE = 5_000  # segments that are written at once
PER_ASSET = {"image": 1, "shot": 10, "passage": 20, "speech": 50}
QUESTIONS = (
    "a dog on the beach", "red sports car at night", "install the package from source", "沙滩上的狗", "EST-1008",
    "who reads the configuration file", "ein Kind spielt im Garten", "license of the documentation",
    "mountain lake", "error handling",
)  # fmt: skip
SEGMENTS = sum(count for _, _, count, _ in PLAN)
SHARES = (0.001, 0.01, 0.1, 0.5)  # of the assets that a filter lets through
RECALLED = 3  # questions of each share whose answer is held against that of an exact search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--before", type=Path, help="a checkout of an earlier build")
    parser.add_argument("--before-folder", type=Path, help="a library of that build's own")
    parser.add_argument("--only", nargs="+", choices=("warm", "filtered", "cold"), default=("warm", "filtered", "cold"))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    if not (folder / "catalog.sqlite").exists():
        build(folder, given.scale)
    with writing(folder, "benchmark") as (engine, _), catalog_write.transaction(engine) as connection:
        for role in ("shared", "sentence"):  # the vectors are random, so any weights may have made them
            space = make_profile("starter").space(role)
            connection.execute(update(spaces).where(spaces.c.name == space.name).values(revision=space.revision))
    figures: dict[str, float] = {}
    if "warm" in given.only:
        figures |= warm(folder, given.before, given.before_folder)
    if "filtered" in given.only:
        figures |= filtered(folder)
    if "cold" in given.only:
        figures |= cold(folder)
    segments_there = f"{round(SEGMENTS * given.scale):,} segments"
    report("search", {f"{segments_there}: {name}": value for name, value in figures.items()}, given.out)


# ---------------------------------------------------------------- a library of that size


def build(home: Path, scale: float) -> None:
    """Writes the catalog and publishes it."""
    home.mkdir(parents=True, exist_ok=True)
    profile = make_profile("starter")
    engine = open_engine(home, write=True)
    rng, texts = np.random.default_rng(0), real_texts()
    with catalog_write.transaction(engine) as connection:
        catalog_write.create(connection, "starter")
        source = catalog_write.add_source(connection, Path("/media/bench"), [], [])
        spaces = {
            role: catalog_vectors.put_space(connection, profile.space(role), live=True)
            for role in ("shared", "sentence")
        }
        for kind, medium, count, views in PLAN:
            space = spaces["sentence" if kind in ("passage", "speech") else "shared"]
            fill(connection, rng, texts, source, space, kind, medium, round(count * scale), views)
    publish(engine, home, always=True)
    engine.dispose()


def real_texts() -> list[str]:
    """Passages of 80 words from the descriptions of the installed packages."""
    every = " ".join(str(each.metadata.get_payload()) for each in importlib.metadata.distributions())
    found = re.findall(r"[^\W_]{2,}", every)
    return [" ".join(found[at : at + 80]) for at in range(0, len(found) - 80, 37)]


def fill(
    connection: Any, rng: Any, texts: list[str], source: int, space: int, kind: str, medium: str, count: int, views: int
) -> None:
    """`count` segments of one kind with their assets, words and vectors."""
    commit = catalog_vectors.next_commit(connection)
    centres = rng.normal(size=(300, 512)).astype(np.float32)
    before = [connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) for table in (assets, segments)]
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(count, first + AT_ONCE))
        put_assets(connection, source, kind, medium, [at for at in numbers if at % PER_ASSET[kind] == 0], before[0])
        rows, words, data = [], [], []
        for at in numbers:
            said = texts[int(rng.integers(len(texts)))] if kind in ("passage", "speech") else None
            key = hashlib.blake2b(f"{kind}{at}".encode(), digest_size=10).hexdigest()
            own = {"id": before[1] + at + 1, "asset_id": before[0] + at // PER_ASSET[kind] + 1}
            rows.append(
                {**own, "step": "read", "key": key, "kind": kind, "text": said, "start_ms": at, "end_ms": at + 1}
            )
            if said:
                words.append({"i": own["id"], "w": analyzer.fold(said)})
            noise = centres[rng.integers(300)] + 1.5 * rng.normal(size=(views, 512)).astype(np.float32)
            unit = (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype("<f2")
            whose = {"space_id": space, "segment_id": own["id"], "at_ms": None, "commit_number": commit}
            data += [{**whose, "data": each.tobytes()} for each in unit]
        connection.execute(insert(segments), rows)
        if words:
            connection.execute(text("INSERT INTO segment_words(rowid, words) VALUES (:i, :w)"), words)
        connection.execute(insert(vectors), data)


def put_assets(connection: Any, source: int, kind: str, medium: str, places: list[int], before: int) -> None:
    """One asset with one path for each of some segments, which begin them. before: the last id that there is."""
    rows, seen, words = [], [], []
    for at in places:
        name = f"{kind}s/{at // 1000:03d}/IMG_{at:06d}.{kind}"
        digest = hashlib.blake2b(name.encode(), digest_size=32).digest()
        asset = before + at // PER_ASSET[kind] + 1
        nth = at // PER_ASSET[kind]
        year, day = 2000 + nth % 25, nth // 25 % 336
        date = f"{year}-{day // 28 + 1:02d}-{day % 28 + 1:02d}T00:00:00"
        row = {"hash": digest, "medium": medium, "format": kind, "bytes": 1, "date": date}
        rows.append({"id": asset, **row})
        place = {"source_id": source, "relative": os.fsencode(name), "asset_id": asset}
        seen.append({**place, "bytes": 1, "mtime_ns": 1, "ctime_ns": 1, "inode": at})
        found = asset_terms.asset_terms(Metadata(medium, format=kind), [name])  # type: ignore[arg-type]
        words.append({"i": asset, "w": found})
    if rows:
        connection.execute(insert(assets), rows)
        connection.execute(insert(paths), seen)
        connection.execute(text("INSERT INTO asset_words(rowid, words) VALUES (:i, :w)"), words)


# ---------------------------------------------------------------- measures


ANSWERING = """
import json, sys, time
from retrieval import Library
with Library.open(sys.argv[1]) as library:
    for line in sys.stdin:
        asked = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        answer = library.search(asked.pop("question"), limit=20, min_confidence=0.0, **asked)
        spent = [1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)]
        assert not answer.warnings, answer.warnings  # every space is asked
        print(json.dumps([*spent, [hit.asset for hit in answer]]), flush=True)
"""


class Answering:
    """A process of a checkout that answers one question after the other."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        command = [sys.executable, "-c", ANSWERING, str(folder.resolve())]
        self._process = subprocess.Popen(
            command, cwd=checkout, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(self, question: str, **filters: str) -> tuple[float, float, list[str]]:
        """Wall and processor milliseconds, and the assets."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"question": question, **filters}) + "\n")
        self._process.stdin.flush()
        wall, cpu, found = json.loads(self._process.stdout.readline())
        return wall, cpu, found


HERE = Path(__file__).resolve().parent.parent


def warm(folder: Path, before: Path | None, before_folder: Path | None) -> dict[str, float]:
    """Median and 95th percentile of Library.search with 20 hits, wall and processor milliseconds."""
    new = [f"{question} {n}" for n in range(5) for question in QUESTIONS]  # none is asked twice
    with ExitStack() as stack:
        ours = stack.enter_context(Answering(HERE, folder))
        theirs = stack.enter_context(Answering(before, before_folder)) if before and before_folder else None
        for question in QUESTIONS:
            ours.ask(question)
            if theirs:
                theirs.ask(question)
        timed = [(ours.ask(question), theirs.ask(question) if theirs else None) for question in new]
    walls = sorted(own[0] for own, _ in timed)
    figures = {
        "warm ms": statistics.median(walls),
        "warm ms, 95th percentile": walls[int(0.95 * len(walls))],
        "warm processor ms": statistics.median(own[1] for own, _ in timed),
        "warm processor ms, least": min(own[1] for own, _ in timed),
    }
    pairs = [(own, other) for own, other in timed if other]
    if pairs:
        figures["before: warm processor ms"] = statistics.median(other[1] for _, other in pairs)
        figures["warm processor ratio"] = statistics.median(own[1] / other[1] for own, other in pairs)
        figures["warm ratio"] = statistics.median(own[0] / other[0] for own, other in pairs)
    return figures


def filtered(folder: Path) -> dict[str, float]:
    """Median milliseconds of a question with a new filter, and the share of an exact search's assets that it finds."""
    begins = {share: dates(folder, share) for share in SHARES}
    new = [(question, number) for number, question in enumerate(QUESTIONS)]
    with Answering(HERE, folder) as asked:
        asked.ask(QUESTIONS[0])
        spent = {
            share: [asked.ask(f"{question} {share}", after=begins[share][number]) for question, number in new]
            for share in SHARES
        }
    figures: dict[str, float] = {}
    for share, own in spent.items():
        figures[f"filtered {share:.1%} ms"] = statistics.median(wall for wall, _, _ in own)
        figures[f"filtered {share:.1%} processor ms"] = statistics.median(cpu for _, cpu, _ in own)
    figures["filtered ms, greatest"] = max(figures[f"filtered {share:.1%} ms"] for share in SHARES)
    figures["filtered processor ms, greatest"] = max(figures[f"filtered {share:.1%} processor ms"] for share in SHARES)
    held = []
    with Library.open(folder, exact=True) as exact:
        for share, number in ((share, number) for share in SHARES for number in range(RECALLED)):
            question, after = f"{QUESTIONS[number]} {share}", begins[share][number]
            true = {hit.asset for hit in exact.search(question, limit=20, min_confidence=0.0, after=after)}
            held += [len(true & set(spent[share][number][2])) / len(true)] if true else []
    return figures | {"filtered recall": statistics.mean(held)}


def dates(folder: Path, share: float) -> list[str]:
    """For each question a day from which on about this share of the assets was taken, each another one."""
    with reading(folder) as connection:
        taken = sorted(connection.execute(select(assets.c.date)).scalars())
    days = sorted(set(taken))
    first = bisect.bisect_left(days, taken[int((1 - share) * len(taken))])
    return [
        days[max(0, min(len(days) - 2, first + number - len(QUESTIONS) // 2))][:10] for number in range(len(QUESTIONS))
    ]


COLD = """
import sys, time
from retrieval import Library
with Library.open(sys.argv[1]) as library:
    answer = library.search(sys.argv[2], limit=20, min_confidence=0.0)
assert len(answer) == 20, len(answer)
heavy = {"torch", "av", "PIL", "pandas", "onnxruntime"} & set(sys.modules)
assert not heavy, heavy
with open("/proc/self/status") as status:  # ru_maxrss would count the parent before exec
    print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))
"""


BARE = "import numpy, faiss, onnxruntime, sqlalchemy, typer"


def cold(folder: Path) -> dict[str, float]:
    """Seconds and peak memory of a fresh process that answers one question, pages and bytecode cached.

    The best of five; between them, the imports that no answer can do without.
    """
    fresh(COLD, str(folder), QUESTIONS[0])
    pairs = [(fresh(COLD, str(folder), question), fresh(BARE)) for question in QUESTIONS[:5]]
    found, bare = zip(*pairs, strict=True)
    cpu, least = min(each.cpu_s for each in found), min(each.cpu_s for each in bare)
    return {
        "cold s": min(each.wall_s for each in found),
        "cold processor s": cpu,
        "cold mib": max(int(each.told) for each in found),
        "bare s": min(each.wall_s for each in bare),
        "bare processor s": least,
        "cold processor ratio": cpu / least,
    }


class Fresh(NamedTuple):
    """What a process took, and what it printed."""

    wall_s: float
    cpu_s: float
    told: str


def fresh(code: str, *arguments: str) -> Fresh:
    """A process of its own that runs this code."""
    keeps = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", code, *arguments]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=keeps).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Fresh(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told)


if __name__ == "__main__":
    main()
