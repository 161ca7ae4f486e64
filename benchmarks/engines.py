"""One library on every engine: python -m benchmarks.engines [--assets N] [--only NAME ...] [--milvus URL]

A library of about N assets with random vectors and real words is copied to each engine, and 300 questions are asked of all:
words, words that only texts have, filters alone and with words. Tells how many of their first ten hits, with their first
segments and confidences, are those of SQLite when every vector is compared; then of pgvector and Milvus by their graphs.

PostgreSQL is started from the package that `make test-scale` installs. Without --milvus its vectors lie in a file of
milvus-lite. The vectors are random: this compares engines and measures nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.report import report
from benchmarks.search import QUESTIONS, build
from indexer.catalog.open import writing
from indexer.library_copy import copy_library
from indexer.publish import publish
from retrieval import Library
from retrieval.catalog import pgvector
from retrieval.vectors import milvus
from tests.scale.postgresql import Server, settings

ENGINES = ["faiss", "postgresql", "pgvector", "milvus"]
ASKED, HITS = 300, 10
PER_SCALE = 71_800  # assets that benchmarks.search makes at a scale of 1
FILTERS = (
    "media:image", "media:document", "media:audio", "media:video", "after:2015", "before:2020", "path:*00*.image",
    "path:images/002/*", "after:2003 before:2004", "media:image after:2010",
)  # fmt: skip
JUDGEMENTS = Path(__file__).parent / "judgements"

Found: TypeAlias = list[list[tuple[str, float, str]]]
"""For each question the first hits: asset, confidence and id of the first segment."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--assets", type=int, default=5_000)
    parser.add_argument("--only", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--milvus", help="milvus://HOST:PORT/PREFIX of a server that runs")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    server = Server()
    try:
        server.start()
        with tempfile.TemporaryDirectory() as scratch:
            figures = measure(Path(scratch), server, given)
    finally:
        server.remove()
    report("engines", figures, given.out)


def measure(scratch: Path, server: Server, given: argparse.Namespace) -> dict[str, float | str]:
    """Builds, copies and asks."""
    folder = scratch / "sqlite"
    build(folder, given.assets / PER_SCALE)
    at = given.milvus or f"milvus://{scratch}/milvus.db"
    homes = {name: folder if name == "faiss" else scratch / name for name in given.only}
    for name, home in homes.items():
        if name != "faiss":
            settings(home, server.library(home), {"postgresql": "local", "milvus": at}.get(name, name))
            copy_library(folder, home)
    questions = asked()
    first, spent = answers(folder, questions, exact=True)
    figures: dict[str, float | str] = {"questions": len(questions), "hits": sum(map(len, first)), "exact: ms": spent}
    with Library.open(folder) as opened:
        status = opened.status()
    figures |= {"assets": sum(status.media.values()), "segments": sum(status.segments.values())}
    for name, home in homes.items():
        figures |= compared(name, home, first, questions)
        with Library.open(home) as opened:
            other = opened.status()
        assert (other.media, other.segments) == (status.media, status.segments)
    pgvector.EXACT_ROWS = milvus.FLAT_ROWS = 0
    pgvector.EXACT_SHARE = 0.0
    for name in {"pgvector", "milvus"} & homes.keys():
        with writing(homes[name], "benchmark") as (engine, _):
            publish(engine, homes[name], always=True)
        figures |= compared(f"{name} graph", homes[name], first, questions)
    return figures


def asked() -> list[str]:
    """The same each time."""
    words = list(QUESTIONS)
    for name in ("words", "everyday_words", "concepts"):
        for line in (JUDGEMENTS / f"{name}.tsv").read_text("utf-8").splitlines()[1:]:
            words += [each.strip() for each in line.split("\t") if each.strip() and not each.startswith("#")]
    words = list(dict.fromkeys(words))
    random.Random(1).shuffle(words)
    pairs = zip(itertools.cycle(words), itertools.cycle(["", "", *FILTERS]), strict=False)
    return [*FILTERS, *(f"{word} {end}".strip() for word, end in itertools.islice(pairs, ASKED - len(FILTERS)))]


def answers(home: Path, questions: Sequence[str], *, exact: bool = False) -> tuple[Found, float]:
    """With the milliseconds of one question."""
    found: Found = []
    with Library.open(home, exact=exact) as opened:
        opened.search(questions[-1])
        start = time.perf_counter()
        for question in questions:
            hits = opened.search(question, min_confidence=0.0, limit=HITS)
            found.append([(hit.asset, hit.confidence, hit.segments[0].id if hit.segments else "") for hit in hits])
        return found, 1000 * (time.perf_counter() - start) / len(questions)


def compared(name: str, home: Path, first: Found, questions: Sequence[str]) -> dict[str, float | str]:
    """Shares of the questions that are answered the same, and of the hits that are there."""
    found, spent = answers(home, questions)
    same = sum(own == other for own, other in zip(found, first, strict=True))
    shared = sum(len(assets(own) & assets(other)) for own, other in zip(found, first, strict=True))
    return {
        f"{name}: same answers %": 100 * same / len(first),
        f"{name}: same assets %": 100 * shared / sum(map(len, first)),
        f"{name}: ms": spent,
    }


def assets(hits: Any) -> set[str]:
    """Of the hits of one question."""
    return {each[0] for each in hits}


if __name__ == "__main__":
    main()
