"""One library on every engine: python -m benchmarks.engines [--assets N] [--only NAME ...] [--milvus URL | --standalone]

A library of about N assets with random vectors and real words is copied to each engine, and 300 questions are asked of all:
words, words that only texts have, filters alone and with words. They are asked twice of each engine: by comparing every
vector of the catalog, where all answers must be those of SQLite to the last segment and confidence, and by the index, where
98 of 100 hits must be; of pgvector and Milvus by their graphs as well. Ends with 1 where that is missed.

    same answers %        of the questions: all hits with all their segments and confidences
    same assets %         of the hits
    same segments %       of the segments of the hits
    ms                    of a question

The last one is no copy: see benchmarks.cluster. It must have the assets, segments and vectors of the local one.

PostgreSQL is started from the package that `make test-scale` installs. Without --milvus or --standalone (Milvus 2.3.5, in a
network of its own) the vectors of Milvus lie in a file of milvus-lite. The vectors are random: this compares engines and
measures nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

from benchmarks import cluster
from benchmarks.report import report
from benchmarks.search import QUESTIONS, build
from indexer.catalog.open import writing
from indexer.library_copy import copy_library
from indexer.publish import publish
from retrieval import Library
from retrieval.catalog import pgvector
from retrieval.vectors import milvus
from tests.scale.postgresql import Server, running, settings
from tests.scale.standalone import Standalone

ENGINES = ["faiss", "postgresql", "pgvector", "milvus", "ray"]
ASKED, HITS = 300, 10
PER_SCALE = 71_800  # assets that benchmarks.search makes at a scale of 1
FILTERS = (
    "media:image", "media:document", "media:audio", "media:video", "after:2015", "before:2020", "path:*00*.image",
    "path:images/002/*", "after:2003 before:2004", "media:image after:2010",
)  # fmt: skip
JUDGEMENTS = Path(__file__).parent / "judgements"

LEAST = 98.0  # percent, by an index

Found: TypeAlias = list[list[tuple[str, float, frozenset[str]]]]
"""For each question the first hits: asset, confidence and ids of its segments."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--assets", type=int, default=5_000)
    parser.add_argument("--only", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--milvus", help="milvus://HOST:PORT/PREFIX of a server that runs")
    parser.add_argument("--standalone", action="store_true")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running())
        if given.standalone:
            own = stack.enter_context(Standalone(scratch / "server"))
            given.milvus = f"milvus://127.0.0.1:{own.port}/benchmark"
        figures = measure(scratch, server, given) if given.only != ["ray"] else {}
        if "ray" in given.only:
            figures |= by_cluster(scratch, server, given)
    report("engines", figures, given.out)
    sys.exit(int(bool(missed(figures))))


def missed(figures: Mapping[str, float | str]) -> list[str]:
    """Names of the figures that are lower than they must be, or tell of what one library alone has."""
    least = {name: 100.0 if "exact" in name else LEAST for name in figures if name.endswith(("assets %", "segments %"))}
    least |= {name: 100.0 for name in figures if "exact" in name and name.endswith("%")}
    alone = [name for name, value in figures.items() if name.endswith("that one alone has") and value]
    return alone + [name for name, value in least.items() if float(figures[name]) < value]


def measure(scratch: Path, server: Server, given: argparse.Namespace) -> dict[str, float | str]:
    """Builds, copies and asks."""
    folder = scratch / "sqlite"
    build(folder, given.assets / PER_SCALE)
    at = given.milvus or f"milvus://{scratch}/milvus.db"
    homes = {name: folder if name == "faiss" else scratch / name for name in given.only if name != "ray"}
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
        if name != "faiss":
            figures |= compared(f"{name} exact", answers(home, questions, exact=True), first)
        figures |= compared(name, answers(home, questions), first)
        with Library.open(home) as opened:
            other = opened.status()
        assert (other.media, other.segments) == (status.media, status.segments)
    pgvector.EXACT_ROWS = milvus.FLAT_ROWS = 0
    pgvector.EXACT_SHARE = 0.0
    for name in {"pgvector", "milvus"} & homes.keys():
        with writing(homes[name], "benchmark") as (engine, _):
            publish(engine, homes[name], always=True)
        figures |= compared(f"{name} graph", answers(homes[name], questions), first)
    return figures


def by_cluster(scratch: Path, server: Server, given: argparse.Namespace) -> dict[str, float | str]:
    """The library that a Ray cluster made out of a bucket: against its copy here, and against one made here."""
    at = f"{given.milvus}_ray" if given.milvus else f"milvus://{scratch}/ray.db"
    made = cluster.made(scratch / "ray", server, at, given.assets)
    questions = asked()
    first, own = answers(made.copy, questions, exact=True)[0], answers(made.cluster, questions, exact=True)
    figures = made.figures | compared("ray exact", own, first)
    figures |= compared("ray", answers(made.cluster, questions), first)
    here = without_confidences(answers(made.local, questions, exact=True)[0])
    figures |= {
        name.replace("%", "as made here, %"): value
        for name, value in compared("ray", (without_confidences(own[0]), own[1]), here).items()
        if name.endswith("%")
    }
    return figures


def without_confidences(found: Found) -> Found:
    """For libraries whose vectors differ by rounding."""
    return [[(asset, 0.0, own) for asset, _, own in hits] for hits in found]


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
            found.append([(hit.asset, hit.confidence, frozenset(each.id for each in hit.segments)) for hit in hits])
        return found, 1000 * (time.perf_counter() - start) / len(questions)


def compared(name: str, answered: tuple[Found, float], first: Found) -> dict[str, float | str]:
    """Shares of the questions that are answered the same, and of the hits and their segments that are there."""
    found, spent = answered
    pairs = list(zip(found, first, strict=True))
    figures: dict[str, float | str] = {f"{name}: same answers %": 100 * sum(a == b for a, b in pairs) / len(first)}
    for what, of in (("assets", assets), ("segments", segments)):
        shared, every = sum(len(of(a) & of(b)) for a, b in pairs), sum(len(of(b)) for _, b in pairs)
        figures[f"{name}: same {what} %"] = 100 * shared / every
    return figures | {f"{name}: ms": spent}


def assets(hits: Sequence[tuple[str, float, frozenset[str]]]) -> set[str]:
    """Of the hits of one question."""
    return {asset for asset, _, _ in hits}


def segments(hits: Sequence[tuple[str, float, frozenset[str]]]) -> set[str]:
    """The same, ids of their segments."""
    return {each for _, _, own in hits for each in own}


if __name__ == "__main__":
    main()
