"""Questions through pgvector and Milvus against their own clients asking the same, and what each engine costs.

    python -m benchmarks.engine_speed [--rows 100000] [--only pgvector milvus faiss] [--questions 200]

Rows are unit vectors of 512 numbers around 1,000 directions, in halves (float16), as a library keeps them; no two runs
differ. Each is published by the engine as an index run does, then asked for the 100 nearest of questions that lie between
two rows each: by the library's own call, and by psycopg or pymilvus with the same statement over a connection that stays
open, in turns, each asking all of them. Filtered questions: those of one tenth of the assets, given as a list of runs.

    write_s, write_cpu_s        until it answers, and what the engine's processes took of the processors for that
    disk_mib, memory_mib        of the engine's files, and of its processes, afterwards
    ms, own_ms                  median of a question, ours and the engine's own client's; ratio: of the two; over_ms: by
                                how much ours is above one and a half times the other
    recall                      of the 100 nearest, against comparing all rows
    filtered_ms, filtered_own_ms

PostgreSQL runs on a socket, Milvus 2.3.5 in a network of its own, in which this program is as well (root may do that); both
come with `make test-scale`. Where no such network can be made, or the package of Milvus is not there, it is left out.
FAISS: the same rows in a folder, for comparison.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.families import disk_mib, private_mib, processor_s
from benchmarks.report import report
from retrieval.catalog import pgvector
from retrieval.domain.records import ROW, Half, Within
from retrieval.vectors import faiss_index, milvus
from retrieval.vectors.exact import ExactIndex
from retrieval.vectors.generation import EnginePart
from tests.scale.postgresql import running
from tests.scale.standalone import Standalone, check_installed, own_network

DIMENSION, DIRECTIONS, BLOCK = 512, 1000, 50_000
NEAREST = 100
RECALLED = 40
NAME = "000001_0123abcd"
ENGINES = ["pgvector", "milvus", "faiss"]


class Engine(NamedTuple):
    """An engine that runs. pid: of its first process; folder: of its files; own: makes a call of its own client that finds
    the ids nearest to a vector, among assets below a number where one is given."""

    engine: Any
    pid: int
    folder: Path
    own: Callable[[], Callable[[NDArray[np.float32], int | None], list[int]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--only", nargs="+", default=ENGINES, choices=ENGINES)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    absent: dict[str, str] = {}
    if "milvus" in given.only:
        try:
            check_installed()
            own_network()
        except OSError as error:
            absent["milvus"] = str(error)
    rows, vectors = table(given.rows)
    asked = questions(vectors, given.questions)
    truth = ExactIndex(vectors).search(asked[:RECALLED], NEAREST)[1]
    figures: dict[str, float | str] = {"rows": float(given.rows)}
    for name in given.only:
        if name in absent:
            print(f"{name} is left out: {absent[name]}", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as scratch:
            if name == "faiss":
                found = of_faiss(Path(scratch), vectors, asked, truth)
            else:
                with {"pgvector": in_postgresql, "milvus": in_milvus}[name](Path(scratch)) as engine:
                    found = of_engine(engine, rows, vectors, asked, truth)
        figures |= {f"{name}: {key}": value for key, value in found.items()}
        print(name, found, file=sys.stderr, flush=True)
    report("engine speed", figures, given.out)


def table(count: int) -> tuple[NDArray[Any], Half]:
    """Rows (count,) of ROW, three to an asset, and unit vectors (count, DIMENSION)."""
    rows = np.zeros(count, ROW)
    rows["vector"] = rows["segment"] = np.arange(1, count + 1)
    rows["asset"] = np.arange(count) // 3 + 1
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(DIRECTIONS, DIMENSION)).astype(np.float32)
    vectors = np.empty((count, DIMENSION), np.float16)
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        near = centres[rng.integers(DIRECTIONS, size=size)]
        near += 1.5 * rng.standard_normal((size, DIMENSION), np.float32)
        vectors[start : start + size] = near / np.linalg.norm(near, axis=1, keepdims=True)
    return rows, vectors


def questions(vectors: Half, count: int) -> NDArray[np.float32]:
    """(count, dimension) of unit length."""
    pairs = np.random.default_rng(1).choice(len(vectors), (2, count))
    between = vectors[pairs[0]].astype(np.float32) + vectors[pairs[1]].astype(np.float32)
    return np.asarray(between / np.linalg.norm(between, axis=1, keepdims=True))


@contextmanager
def in_postgresql(scratch: Path) -> Iterator[Engine]:
    """Tables of a server; its own client is psycopg."""
    with running() as server, ExitStack() as stack:
        url = server.library(scratch)

        def own() -> Callable[[NDArray[np.float32], int | None], list[int]]:
            import psycopg

            schema = url.rpartition("search_path%3D")[2]
            opened = stack.enter_context(
                psycopg.connect(host=str(server.folder), user="crossmedia", dbname="postgres", autocommit=True)
            )
            opened.execute(f"SET search_path = {schema}, public; {pgvector.SESSION}")
            head = "SELECT vector_id, segment_id, asset_id, medium, -(embedding::vector <#> %s::vector) "
            head += f"FROM {pgvector._table(NAME, 'image')}"

            def ask(query: NDArray[np.float32], below: int | None) -> list[int]:
                text = str(query.tolist())
                only, values = ("WHERE asset_id < %s", (text, below, text)) if below else ("", (text, text))
                order = "ORDER BY embedding <#> %s::halfvec"
                found = opened.execute(f"{head} {only} {order} LIMIT {NEAREST}", values)
                return [row[0] for row in found.fetchall()]

            return ask

        yield Engine(pgvector.PgvectorEngine(url, scratch), server.pid, server.folder, own)


@contextmanager
def in_milvus(scratch: Path) -> Iterator[Engine]:
    """Collections of a server; its own client is pymilvus."""
    with Standalone(scratch, here=True) as server, ExitStack() as stack:

        def own() -> Callable[[NDArray[np.float32], int | None], list[int]]:
            from pymilvus import MilvusClient

            client = MilvusClient(f"http://127.0.0.1:{server.port}")
            stack.callback(client.close)

            def ask(query: NDArray[np.float32], below: int | None) -> list[int]:
                (found,) = client.search(
                    f"benchmark_{NAME}_image", data=[query], limit=NEAREST, anns_field="embedding",
                    filter=f"asset < {below}" if below else "", output_fields=["segment", "asset", "medium"],
                    search_params={"metric_type": "IP", "params": {"ef": milvus.LEAST_EF}},
                )  # fmt: skip
                return [each.id for each in found]

            return ask

        yield Engine(
            milvus.MilvusEngine(f"milvus://127.0.0.1:{server.port}/benchmark", scratch), server.pid, scratch, own
        )


def of_engine(
    engine: Engine, rows: NDArray[Any], vectors: Half, asked: NDArray[np.float32], truth: NDArray[np.int64]
) -> dict[str, float]:
    """Publishes rows (n,) with vectors (n, dimension), and asks questions (q, dimension); truth: row numbers (m, k)."""
    before, disk, start = processor_s(engine.pid), disk_mib(engine.folder), time.perf_counter()
    engine.engine.write(NAME, "image", rows, vectors)
    figures = {"write_s": time.perf_counter() - start, "write_cpu_s": processor_s(engine.pid) - before}
    part = EnginePart(engine.engine, NAME, "image", len(rows))
    own = engine.own()
    tenth = int(rows["asset"][-1]) // 10
    scopes = {"": (None, Within()), "filtered_": (tenth + 1, Within(assets=np.arange(1, tenth + 1)))}
    for name, (below, within) in scopes.items():
        took: dict[str, list[float]] = {"ms": [], "own_ms": []}
        found = []
        for query, other in zip(asked, np.roll(asked, len(asked) // 2, axis=0), strict=True):
            start = time.perf_counter()
            _, near, _ = part.nearest(query[None], NEAREST, within)
            took["ms"].append(time.perf_counter() - start)
            start = time.perf_counter()
            own(other, below)  # the same would find in memory what ours has read
            took["own_ms"].append(time.perf_counter() - start)
            found.append(near["vector"][0])
        figures |= {f"{name}{key}": 1000 * statistics.median(each) for key, each in took.items()}
        if not below:
            figures["ratio"] = figures["ms"] / figures["own_ms"]
            figures["over_ms"] = figures["ms"] - 1.5 * figures["own_ms"]
            figures["recall"] = recall([each - 1 for each in found], truth)
    return figures | {
        "disk_mib": disk_mib(engine.folder) - disk,
        "memory_mib": private_mib(engine.pid),
    }


def of_faiss(scratch: Path, vectors: Half, asked: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, float]:
    """An index of rows (n, dimension) in a file, asked (q, dimension); truth: row numbers (m, k)."""
    before, start = time.process_time(), time.perf_counter()
    settings = faiss_index.write(faiss_index.build(vectors), scratch / "index")
    figures = {"write_s": time.perf_counter() - start, "write_cpu_s": time.process_time() - before}
    index = faiss_index.open_file(scratch / "index", rows=len(vectors), dimension=DIMENSION, **settings)
    took, found = [], []
    for query in asked:
        start = time.perf_counter()
        found.append(index.search(query[None], NEAREST)[1][0])
        took.append(time.perf_counter() - start)
    return figures | {
        "ms": 1000 * statistics.median(took),
        "recall": recall(found, truth),
        "disk_mib": disk_mib(scratch),
        "memory_mib": disk_mib(scratch),  # it is mapped, and a question may need any page of it
    }


def recall(found: list[NDArray[np.int64]], truth: NDArray[np.int64]) -> float:
    """Share of row numbers (m, k) that are among those found for the first m questions."""
    return float(np.mean([np.isin(best, own).mean() for best, own in zip(truth, found, strict=False)]))


if __name__ == "__main__":
    main()
