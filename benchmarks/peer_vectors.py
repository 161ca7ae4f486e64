"""The best twenty of random unit vectors by raw FAISS and by the index of this program: a part of `peers`.

    python -m benchmarks.peer_vectors FILE     our side

Each side is a process on one thread that takes the same rows and questions of a file and prints milliseconds a question. Raw
FAISS: IndexFlatIP of float32, which is exact, so its hits are the truth of the recall.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS, DIMENSION, QUESTIONS, BEST = 100_000, 512, 200, 20
THEIRS = """
import json, sys, time
import faiss
import numpy as np
faiss.omp_set_num_threads(1)
found = np.load(sys.argv[1])
index = faiss.IndexFlatIP(found["rows"].shape[1])
index.add(found["rows"].astype(np.float32))
ask = lambda question: index.search(question[None], int(sys.argv[2]))[1][0].tolist()
ask(found["questions"][0])
start = time.process_time()
hits = [ask(each) for each in found["questions"]]
print(json.dumps({"ms": 1000 * (time.process_time() - start) / len(hits), "hits": hits}))
"""


def ours(file: Path) -> dict[str, Any]:
    """Milliseconds of processor time a question, and the rows found."""
    import faiss

    from retrieval.vectors import faiss_index

    faiss.omp_set_num_threads(1)
    found = np.load(file)
    index = faiss_index.build(found["rows"])
    index.search(found["questions"][:1], BEST)
    start = time.process_time()
    hits = [index.search(each[None], BEST)[1][0].tolist() for each in found["questions"]]
    return {"ms": 1000 * (time.process_time() - start) / len(hits), "hits": hits}


def vectors(work: Path, given: argparse.Namespace) -> dict[str, float | str]:
    """Figures of both, in turns."""
    file = work / "vectors.npz"
    if not file.exists():
        _make(file)
    sides = {
        "ours": [sys.executable, "-m", "benchmarks.peer_vectors", str(file)],
        "theirs": [str(work / "faiss/bin/python"), "-c", THEIRS, str(file), str(BEST)],
    }
    pairs = []
    for number in range(given.pairs):
        order = list(sides)[:: -1 if number % 2 else 1]
        pairs.append({side: _run(sides[side]) for side in order})
    shared = [
        len(set(a) & set(b)) / BEST for a, b in zip(pairs[0]["ours"]["hits"], pairs[0]["theirs"]["hits"], strict=True)
    ]
    return {
        "vectors pairs": str(given.pairs),
        "vectors ms ours": statistics.median(each["ours"]["ms"] for each in pairs),
        "vectors ms theirs": statistics.median(each["theirs"]["ms"] for each in pairs),
        "vectors ms ratio": statistics.median(each["ours"]["ms"] / each["theirs"]["ms"] for each in pairs),
        "vectors recall": statistics.mean(shared),
    }


def _make(file: Path) -> None:
    """Rows around shared directions, float16, and questions midway between two rows each, float32, of unit length."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(300, DIMENSION)).astype(np.float32)
    rows = centres[rng.integers(300, size=ROWS)] + 1.5 * rng.normal(size=(ROWS, DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = rng.integers(ROWS, size=(2, QUESTIONS))
    questions = rows[pairs[0]] + rows[pairs[1]]
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    np.savez(file, rows=rows.astype(np.float16), questions=questions.astype(np.float32))


def _run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    print(json.dumps(ours(Path(sys.argv[1]))))
