"""Eighty clients ask a service all kinds of things for a minute, then it is stopped: no traceback, a clean end.

    python -m benchmarks.service_mix [--library FOLDER] [--clients 80] [--seconds 60]

Each client sends one request after the other, of a kind drawn anew: questions in words, by an uploaded file and by what
the library holds, facts, pictures, ranges of media, curves, reasons, counts, tools of the Model Context Protocol, the
page, an index run and its events, wrong requests, and connections that end in the middle. Then SIGTERM, in the middle of
all of it. Figures: requests by status, what the service wrote to standard error, and how long it took to end. Without a
library the samples are indexed first.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.report import report
from benchmarks.serving import Served, serving
from indexer import demo
from retrieval import Library

QUESTIONS = (
    "a dog",
    "red car",
    "cat in:image",
    "said:hello",
    "沙滩",
    "(a AND",
    "after:2019",
    "",
    "-x",
    "music in:audio",
)
BOUNDARY = "benchmark"
LIMIT_S = 5.0


class Kinds:
    """The kinds of requests, each a method, a path, a body and its type."""

    def __init__(self, library: Path) -> None:
        with Library.open(library) as opened:
            seen = opened.seen()
        self._every = list(seen)
        self._timed = [each for each, about in seen.items() if about.medium in ("video", "audio")] or self._every
        held = BytesIO()
        Image.new("RGB", (64, 48), (200, 30, 30)).save(held, "PNG")
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
        self._form = head + held.getvalue() + f"\r\n--{BOUNDARY}--\r\n".encode()

    def draw(self, source: random.Random) -> tuple[str, str, bytes | None, dict[str, str]]:
        """One request."""
        asset, timed = source.choice(self._every), source.choice(self._timed)
        plain = {"Content-Type": "application/json"}
        asked = json.dumps({"query": source.choice(QUESTIONS)}).encode()
        tool = {"name": "search", "arguments": {"query": "a dog"}}
        call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}).encode()
        return source.choice(
            [
                ("POST", "/v1/search", asked, plain),
                ("POST", "/v1/search", self._form, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}),
                ("POST", "/v1/search", json.dumps({"like": asset}).encode(), plain),
                ("POST", "/v1/search", b'{"limit": "x"', plain),
                ("POST", "/v1/facets", asked, plain),
                ("POST", f"/v1/segments/{asset}/explain", asked, plain),
                ("POST", f"/v1/assets/{timed}/curve", asked, plain),
                ("POST", "/mcp", call, plain | {"Accept": "application/json, text/event-stream"}),
                ("POST", "/v1/index", b"{}", plain),
                ("GET", "/v1/facets?tags=true", None, {}),
                ("GET", f"/v1/assets/{asset}", None, {}),
                ("GET", f"/v1/assets/{asset}/similar", None, {}),
                ("GET", f"/v1/assets/{asset}/tags", None, {}),
                ("GET", f"/v1/assets/{asset}/thumbnail?side={source.choice((96, 320, 1280))}", None, {}),
                ("GET", f"/v1/assets/{timed}/frame?at_ms={source.randrange(5000)}", None, {}),
                ("GET", f"/v1/assets/{timed}/media", None, {"Range": f"bytes={source.randrange(9999)}-"}),
                ("GET", f"/v1/assets/{timed}/waveform", None, {}),
                ("GET", f"/v1/assets/{timed}/captions.vtt", None, {}),
                ("GET", "/v1/assets/..%2f..%2fetc/media", None, {}),
                ("GET", "/v1/duplicates", None, {}),
                ("GET", "/v1/stats?skips=true", None, {}),
                ("GET", "/v1/jobs", None, {}),
                ("GET", "/v1/sources", None, {}),
                ("GET", source.choice(("/", "/metrics", "/healthz", "/readyz", "/openapi.json", "/nothing")), None, {}),
            ]
        )


def client(service: Served, kinds: Kinds, seed: int, ends: threading.Event, told: Callable[[str], None]) -> None:
    """One client, until the end or until nobody answers any more."""
    source = random.Random(seed)
    while not ends.is_set():
        connection = HTTPConnection("127.0.0.1", service.port, timeout=60)
        try:
            method, path, body, headers = kinds.draw(source)
            if source.random() < 0.05:  # leaves while it is answered, or before all is sent
                connection.request(method, path, body, headers)
                told("left")
                continue
            if source.random() < 0.05:
                with socket.create_connection(("127.0.0.1", service.port), timeout=60) as half:
                    half.sendall(b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\n{")
                told("half sent")
                continue
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            told(str(answer.status))
            if answer.status == 202 and (job := answer.headers.get("Location")):
                connection.request("GET", f"{job}/events")
                connection.getresponse().read(200)
                told("events")
        except (OSError, HTTPException) as error:
            told("cut off" if ends.is_set() else f"failed: {type(error).__name__}")
        finally:
            connection.close()


def measured(library: Path, clients: int, seconds: float) -> dict[str, float | str]:
    """The figures of one run."""
    kinds, counts, lock, ends = Kinds(library), Counter[str](), threading.Lock(), threading.Event()

    def told(what: str) -> None:
        with lock:
            counts[what] += 1

    with tempfile.TemporaryFile("w+") as errors, serving(library, errors) as service:
        every = [
            threading.Thread(target=client, args=(service, kinds, seed, ends, told), daemon=True)
            for seed in range(clients)
        ]
        for each in every:
            each.start()
        time.sleep(seconds)
        ends.set()
        start = time.perf_counter()
        service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(60)
        took = time.perf_counter() - start
        for each in every:
            each.join(70)
        errors.seek(0)
        written = errors.read()
    sys.stderr.write(written)
    failed = sum(count for what, count in counts.items() if what.startswith("failed") or what in ("500", "502", "504"))
    statuses = {f"requests {what}": float(count) for what, count in sorted(counts.items())}
    figures = {"failed": float(failed), "tracebacks": float(written.count("Traceback")), "exit_code": float(code)}
    return {**statuses, **figures, "stopped_in_s": took, "asked_stopped_in_s": LIMIT_S}


def main() -> None:
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--clients", type=int, default=80)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        library = given.library or Path(folder) / "library"
        if given.library is None:
            demo.fill(library, lambda event: None)
        report("service mix", measured(library, given.clients, given.seconds), given.out)


if __name__ == "__main__":
    main()
