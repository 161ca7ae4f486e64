"""How fast a question is answered over 100,000 segments: cold process, warm library, memory. Prints one JSON object.

    python -m benchmarks.search [--folder DIR] [--scale 1.0]

70,000 images, 15,000 shots of two frames, 10,000 passages and 5,000 speech segments; vectors are random around shared
directions, texts are real words (of the documentation of the installed packages). A folder is kept and used again.
Wall times hold on an idle machine only; processor seconds are given beside them, and as a multiple of what importing
NumPy, FAISS, ONNX Runtime, SQLAlchemy and Typer takes in the same minute.
"""

from __future__ import annotations

import argparse
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
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import insert, text, update

from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
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
PER_ASSET = {"image": 1, "shot": 10, "passage": 20, "speech": 50}
QUESTIONS = (
    "a dog on the beach", "red sports car at night", "install the package from source", "沙滩上的狗", "EST-1008",
    "who reads the configuration file", "ein Kind spielt im Garten", "license of the documentation",
    "mountain lake", "error handling",
)  # fmt: skip
LIMITS = {"cold_s": 0.7, "cold_mib": 300, "warm_ms": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp())
    if not (folder / "catalog.sqlite").exists():
        build(folder, given.scale)
    with writing(folder, "benchmark") as (engine, _), catalog_write.transaction(engine) as connection:
        for role in ("shared", "sentence"):  # the vectors are random, so any weights may have made them
            space = make_profile("starter").space(role)
            connection.execute(update(spaces).where(spaces.c.name == space.name).values(revision=space.revision))
    figures = {**warm(folder), **cold(folder), "limits": LIMITS}
    print(json.dumps(figures, indent=1))


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
    says = kind in ("passage", "speech")
    asset = 0
    commit = catalog_vectors.next_commit(connection)
    centres = rng.normal(size=(300, 512)).astype(np.float32)
    for at in range(count):
        if at % PER_ASSET[kind] == 0:
            asset = put_asset(connection, source, kind, medium, at)
        said = texts[int(rng.integers(len(texts)))] if says else None
        key = hashlib.blake2b(f"{kind}{at}".encode(), digest_size=10).hexdigest()
        row = {
            "asset_id": asset,
            "step": "read",
            "key": key,
            "kind": kind,
            "text": said,
            "start_ms": at,
            "end_ms": at + 1,
        }
        segment = connection.execute(insert(segments), row).inserted_primary_key[0]
        if said:
            connection.execute(
                text("INSERT INTO segment_words(rowid, words) VALUES (:i, :w)"),
                {"i": segment, "w": analyzer.fold(said)},
            )
        noise = centres[rng.integers(300)] + 1.5 * rng.normal(size=(views, 512)).astype(np.float32)
        unit = (noise / np.linalg.norm(noise, axis=1, keepdims=True)).astype("<f2")
        data = [
            {"space_id": space, "segment_id": segment, "at_ms": None, "data": each.tobytes(), "commit_number": commit}
            for each in unit
        ]
        connection.execute(insert(vectors), data)


def put_asset(connection: Any, source: int, kind: str, medium: str, at: int) -> int:
    """One asset with one path."""
    name = f"{kind}s/{at // 1000:03d}/IMG_{at:06d}.{kind}"
    digest = hashlib.blake2b(name.encode(), digest_size=32).digest()
    row = {"hash": digest, "medium": medium, "format": kind, "bytes": 1, "date": f"20{at % 25:02d}-01-01T00:00:00"}
    asset = int(connection.execute(insert(assets), row).inserted_primary_key[0])
    place = {
        "source_id": source,
        "relative": os.fsencode(name),
        "asset_id": asset,
        "bytes": 1,
        "mtime_ns": 1,
        "ctime_ns": 1,
        "inode": at,
    }
    connection.execute(insert(paths), place)
    found = asset_terms.asset_terms(Metadata(medium, format=kind), [name])  # type: ignore[arg-type]
    connection.execute(text("INSERT INTO asset_words(rowid, words) VALUES (:i, :w)"), {"i": asset, "w": found})
    return asset


# ---------------------------------------------------------------- measures


def warm(folder: Path) -> dict[str, float]:
    """Median and 95th percentile of Library.search with 20 hits, wall and processor milliseconds."""
    with Library.open(folder) as library:
        for question in QUESTIONS:
            assert not library.search(question, min_confidence=0.0).warnings  # every space is asked
        new = [f"{question} {n}" for n in range(5) for question in QUESTIONS]  # none is asked twice
        timed = [one(lambda q=question: library.search(q, limit=20, min_confidence=0.0)) for question in new]  # type: ignore[misc]
        filtered = [
            one(lambda q=q: library.search(q, media={"video"}, after="2010", min_confidence=0.0)) for q in QUESTIONS
        ]  # type: ignore[misc]
    walls = sorted(wall for wall, _ in timed)
    return {
        "warm_ms": round(statistics.median(walls), 1),
        "warm_p95_ms": round(walls[int(0.95 * len(walls))], 1),
        "warm_cpu_ms": round(statistics.median(cpu for _, cpu in timed), 1),
        "filtered_cpu_ms": round(statistics.median(cpu for _, cpu in filtered), 1),
    }


def one(work: Any) -> tuple[float, float]:
    """Wall and processor milliseconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)


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
        "cold_s": round(min(each.wall_s for each in found), 2),
        "cold_cpu_s": round(cpu, 2),
        "cold_mib": max(int(each.told) for each in found),
        "bare_s": round(min(each.wall_s for each in bare), 2),
        "bare_cpu_s": round(least, 2),
        "cold_over_bare": round(cpu / least, 2),
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
