"""A cold question through a CLIP text tower, by the plain graph and by the prepared one:

    python -m benchmarks.prepared_graphs FOLDER [--runs 5]

FOLDER is an ONNX folder (config.json, visual/, textual/), such as `models export` makes of a checkpoint. Each run is a
process of its own that encodes one question or one picture; plain and prepared take turns, so that other work on the
machine falls on both. Prints a table and one line of JSON: medians of seconds and of MiB.

    load     the session, wall seconds; processor: its processor seconds
    process  the whole process, wall seconds
    memory   the most that the process held, MiB; own: of it what is not mapped from files, at the end
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

HOW = ("plain", "prepared")
HALVES = ("textual", "visual")


def child(folder: Path, half: str, how: str) -> dict[str, float]:
    """Figures of this process, which encodes one item."""
    import numpy as np

    from retrieval.domain.media import Space
    from retrieval.encoders import onnx, onnx_session

    if how == "plain":
        onnx_session.LEAST_BYTES = sys.maxsize
    space = Space("shared", "m", "1", onnx.dimension(folder))
    wall, processor = time.perf_counter(), time.process_time()
    encoder = onnx.OnnxText(folder, space) if half == "textual" else onnx.OnnxImage(folder, space)
    encoder._graph.session  # noqa: B018  opens it
    took = {"load": time.perf_counter() - wall, "processor": time.process_time() - processor}
    if isinstance(encoder, onnx.OnnxText):
        encoder.encode(["a dog on the beach"])
    else:
        encoder.encode([np.zeros((encoder.form.size, encoder.form.size, 3), np.uint8)])
    status = Path("/proc/self/status").read_text("utf-8").split("\n")
    own = next(int(line.split()[1]) for line in status if line.startswith("RssAnon"))
    return {**took, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "own": own / 1024}


def run(folder: Path, half: str, how: str, cache: str) -> dict[str, float]:
    """A cold process."""
    words = [sys.executable, "-m", "benchmarks.prepared_graphs", str(folder), "--child", half, how]
    start = time.perf_counter()
    done = subprocess.run(
        words, env={**os.environ, "CROSSMEDIA_CACHE": cache}, stdout=subprocess.PIPE, text=True, check=True
    )
    return {"process": time.perf_counter() - start, **json.loads(done.stdout)}


def measured(folder: Path, half: str, runs: int, cache: str) -> Mapping[str, Mapping[str, float]]:
    """Medians by how the graph was opened; the run that prepares stands by itself."""
    first = run(folder, half, "prepared", cache)
    found = [{how: run(folder, half, how, cache) for how in HOW} for _ in range(runs)]
    medians = {how: {key: statistics.median(each[how][key] for each in found) for key in found[0][how]} for how in HOW}
    return {**medians, "preparing": first}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--child", nargs=2, metavar=("HALF", "HOW"))
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.folder, *given.child)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder.parent) as cache:
        found = {half: measured(given.folder, half, given.runs, cache) for half in HALVES}
    for half, rows in found.items():
        for how, row in rows.items():
            print(f"{half:8} {how:10}", "  ".join(f"{key} {value:7.2f}" for key, value in row.items()))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
