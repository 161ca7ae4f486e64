"""Text questions to a service at a steady rate, beside an index run and a swap: how long the slowest of a hundred waits.

    python -m benchmarks.service_load LIBRARY FOLDER [--rate 20] [--seconds 300]

LIBRARY is copied, and FOLDER (photos, some thousand) is indexed into the copy by `crossmedia index --workers 1 --nice 19`
while the questions are asked. At half the time that run is stopped, `crossmedia rebuild` publishes new indexes, which the
service takes over, and the run goes on. Questions are sent when they
are due, whether or not the ones before are answered, and their time counts from when they were due; each is asked once,
and its answer is read to its end. The client lives on the same processors. Memory: what of the service is no file's, the
median of the last tenth of the time against that of the second tenth. Figures hold on an otherwise idle machine only;
`processor_ms` is what a question cost the service, and `load` what else there was.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from typing import Any, Self

from benchmarks.report import report
from benchmarks.serving import Served, serving
from benchmarks.threads import questions
from retrieval.catalog import layout

SENDERS = 16
LOW = ("nice", "-n", "19")
LIMITS = {"p99_ms": 80.0, "memory": 1.05}


class Client:
    """Threads that send what is due, each over a connection of its own that stays open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._due: queue.Queue[tuple[float, str] | None] = queue.Queue()
        self.took: list[float] = []  # seconds, of those that were answered
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        self._ends = threading.Event()

    def stop(self) -> None:
        """No more questions; `run` returns when the last one is answered."""
        self._ends.set()

    def run(self, rate: float, seconds: float) -> None:
        """Asks for so long, and returns when the last one is answered."""
        for each in self._threads:
            each.start()
        start = time.perf_counter()
        for number, question in enumerate(islice(questions(), int(rate * seconds))):
            due = start + number / rate
            if self._ends.wait(max(0.0, due - time.perf_counter())):
                break
            self._due.put((due, question))
        for _ in self._threads:
            self._due.put(None)
        for each in self._threads:
            each.join()

    def _send(self) -> None:
        connection, used = HTTPConnection("127.0.0.1", self._port, timeout=60), 0.0
        while (wanted := self._due.get()) is not None:
            due, question = wanted
            if time.perf_counter() - used > 3:
                connection.close()  # the service keeps an idle one for five seconds
            try:
                body = json.dumps({"query": question, "limit": 20, "reach": "all"})
                connection.request("POST", "/v1/search", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
                if answer.status != 200 or json.loads(content)["warnings"]:
                    self.failed.append(f"{answer.status} {content[:200]!r}")
                else:
                    self.took.append(time.perf_counter() - due)
            except OSError as error:
                self.failed.append(repr(error))
                connection.close()
            used = time.perf_counter()
        connection.close()


class Changes:
    """Programs that change a library one after another, in a thread: an index run that is stopped after so many seconds,
    `rebuild`, and the run again."""

    def __init__(self, library: Path, folder: Path, seconds: float) -> None:
        self.indexed_s = self.rebuilt_s = 0.0
        self._seconds = seconds
        self._program = [*LOW, sys.executable, "-m", "indexer.cli.app"]
        self._home = ["--library", str(library), "-q"]
        self._folder = str(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._change)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        while self._thread.is_alive():
            if self._process is not None:
                self._process.send_signal(signal.SIGINT)
            self._thread.join(5)

    def _change(self) -> None:
        index = ["index", self._folder, "--workers", "1", "--nice", "19", "--no-ocr"]
        self.indexed_s += self._run(index, self._seconds)
        self.rebuilt_s += self._run(["rebuild"], None)
        self.indexed_s += self._run(index, None)

    def _run(self, command: list[str], seconds: float | None) -> float:
        """Seconds that a program ran, which is stopped after so many."""
        if self._ends.is_set():
            return 0.0
        start = time.perf_counter()
        self._process = subprocess.Popen([*self._program, *command, *self._home], stdout=subprocess.DEVNULL)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        return time.perf_counter() - start


@contextmanager
def watched(service: Served) -> Iterator[list[tuple[float, float]]]:
    """The service's memory each second."""
    seen: list[tuple[float, float]] = []
    ends = threading.Event()

    def watch() -> None:
        while not ends.wait(1.0):
            seen.append(service.memory_mib())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        ends.set()
        watching.join()


def served(service: Served) -> set[str]:
    """The folders of the indexes that the service has open."""
    maps = Path(f"/proc/{service.process.pid}/maps").read_text()
    return set(re.findall(rf"/{layout.GENERATIONS}/(\d+)/", maps))


def measured(library: Path, folder: Path, rate: float, seconds: float) -> dict[str, float | str]:
    """The figures of one run over a library that may be changed."""
    with serving(library) as service:
        warm = Client(service.port)
        warm.run(10, 8)
        before, began = service.processor_s(), served(service)
        client = Client(service.port)
        with watched(service) as memory, Changes(library, folder, seconds / 2) as changes:
            client.run(rate, seconds)
        spent, swapped = service.processor_s() - before, bool(served(service) - began)
    took = sorted(1000 * each for each in client.took)
    tenth = max(1, len(memory) // 10)
    early, late = (statistics.median(each[1] for each in part) for part in (memory[tenth : 2 * tenth], memory[-tenth:]))
    for each in client.failed[:5]:
        print(each, file=sys.stderr)
    figures: dict[str, float | str] = {
        "asked": float(len(took) + len(client.failed)),
        "errors": float(len(client.failed)),
    }
    figures |= {f"p{part}_ms": took[min(len(took) - 1, len(took) * part // 100)] for part in (50, 90, 99)}
    figures |= {"worst_ms": took[-1], "processor_ms": 1000 * spent / max(1, len(took))}
    figures |= {"memory_mib": late, "memory": late / early, "resident_mib": memory[-1][0]}
    return figures | {"indexed_s": changes.indexed_s, "rebuilt_s": changes.rebuilt_s, "swapped": str(swapped)}


def main() -> None:
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        library = Path(work) / "library"
        shutil.copytree(given.library, library, ignore=shutil.ignore_patterns("*.sock"))
        figures = measured(library, given.folder.absolute(), given.rate, given.seconds)
    asked: dict[str, Any] = {f"asked_{name}": value for name, value in LIMITS.items()}
    report("service load", {**figures, **asked, "load": os.getloadavg()[0]}, given.out)


if __name__ == "__main__":
    main()
