"""A rolling restart under questions: python -m benchmarks.rolling [--assets N] [--rate 20] [--rounds 2] [--vectors pgvector]

Two services share one catalog on a PostgreSQL server, which `make test-scale` installs, and its vectors in pgvector or
Milvus; each has a folder of its own. Before them is a small proxy: it asks both for /readyz twice a second, sends each
request to one that said yes at last, and tries none again. Questions come at a steady rate; meanwhile each service in turn
is asked to stop (SIGTERM), and when it has ended and started again and is ready, the other one, round after round. Before
that a job is taken by one service; all services must know of it after the restarts.

    asked, failed      questions; those without an answer of 200, or with one that has warnings
    restarts           of services while they were asked; through: requests that the proxy sent to each
    longest_away_s     from a signal until the service was ready again
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from typing import ClassVar

from benchmarks.engines import PER_SCALE
from benchmarks.report import report
from benchmarks.search import build
from benchmarks.service_load import Client
from indexer.library_copy import copy_library
from tests.scale.postgresql import ended_with_parent, running, settings

DRAIN_S = 5.0
LOOK_S, PATIENCE_S = 0.5, 1.0  # between two looks of the proxy, and for the answer to one
HEADERS = ("Content-Type", "Content-Length", "Retry-After")


class Service:
    """`crossmedia serve` over a library, which can be started again at its port."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Returns when it listens."""
        command = ["-m", "indexer.cli.app", "serve", "--port", str(self.port), "--library", str(self._home)]
        self._process = subprocess.Popen(
            ended_with_parent(sys.executable, *command, "--drain", f"{DRAIN_S:g}"), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "http://" in line, line
        self.port = int(line.partition("http://")[2].partition("/")[0].rpartition(":")[2])

    def stop(self) -> None:
        """Asks it to stop, and returns when it has."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.communicate()
            self._process = None

    def answers(self, path: str, patience_s: float = 60.0) -> int | None:
        """The status of its answer; 0 where there is none, None where it does not come in time."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=patience_s)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except TimeoutError:
            return None
        except OSError:
            return 0
        finally:
            connection.close()

    def wait_ready(self) -> None:
        """Until /readyz says yes."""
        while self.answers("/readyz") != 200:
            time.sleep(0.1)


class Proxy(BaseHTTPRequestHandler):
    """Sends a request to the next service that is ready, once."""

    protocol_version = "HTTP/1.1"
    services: ClassVar[list[Service]] = []
    ready: ClassVar[set[int]] = set()  # ports
    turn: ClassVar[Iterator[int]] = iter(())
    through: ClassVar[Counter[int]] = Counter()

    def do_POST(self) -> None:
        """As GET, with a body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Hands on the request, and the answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = next((each for each, _ in zip(Proxy.turn, range(2), strict=False) if each in Proxy.ready), 0)
        Proxy.through[port] += 1
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            given = {name: self.headers[name] for name in ("Content-Type",) if name in self.headers}
            connection.request(self.command, self.path, body, given)
            answer = connection.getresponse()
            content = answer.read()
            status, headers = answer.status, {name: answer.headers[name] for name in HEADERS if name in answer.headers}
        except OSError as error:
            status, content, headers = 502, repr(error).encode(), {}
        finally:
            connection.close()
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """No line for each request."""


@contextmanager
def proxy(services: list[Service]) -> Iterator[int]:
    """A port that answers for these services until the block ends."""
    Proxy.services, Proxy.turn = services, cycle([each.port for each in services])
    Proxy.ready = {each.port for each in services}
    ends = threading.Event()

    def look(service: Service) -> None:
        while not ends.wait(LOOK_S):
            status = service.answers("/readyz", PATIENCE_S)
            if status == 200:
                Proxy.ready.add(service.port)
            elif status is not None:
                Proxy.ready.discard(service.port)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threads = [threading.Thread(target=look, args=(each,)) for each in services]
    threads.append(threading.Thread(target=server.serve_forever))
    for each in threads:
        each.start()
    try:
        yield server.server_address[1]
    finally:
        ends.set()
        server.shutdown()
        for each in threads:
            each.join()
        server.server_close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assets", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--vectors", default="pgvector", help="pgvector, or the URL of a Milvus server")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(running())
        build(scratch / "first", given.assets / PER_SCALE)
        homes = [scratch / "own" / name for name in ("a", "b")]
        for home in homes:
            settings(home, server.library(homes[0]), given.vectors)
        copy_library(scratch / "first", homes[0])
        services = [Service(home) for home in homes]
        for each in services:
            each.start()
            stack.callback(each.stop)
            each.wait_ready()
        figures = measured(services, given.rate, given.rounds)
    report("rolling restart", figures, given.out)


def measured(services: list[Service], rate: float, rounds: int) -> dict[str, float | str]:
    """Asks until all restarts are done."""
    with proxy(services) as port:
        warm = Client(port)
        warm.run(rate, 3)
        job = _job(port)
        client, away = Client(port), list[float]()
        asking = threading.Thread(target=client.run, args=(rate, 3600.0))
        asking.start()
        for _ in range(rounds):
            for each in services:
                time.sleep(1)  # of questions to both
                start = time.monotonic()
                each.stop()
                each.start()
                each.wait_ready()
                away.append(time.monotonic() - start)
                while each.port not in Proxy.ready:
                    time.sleep(LOOK_S)
        client.stop()
        asking.join()
        known = sum(each.answers(f"/v1/jobs/{job}") == 200 for each in services)
    for each in client.failed[:5]:
        print(each, file=sys.stderr)
    return {
        "asked": float(len(client.took) + len(client.failed)),
        "failed": float(len(client.failed)),
        "restarts": float(len(away)),
        "longest_away_s": max(away),
        "slowest_ms": 1000 * max(client.took),
        "through": ", ".join(str(Proxy.through[each.port]) for each in services),
        "services that know the job": float(known),
    }


def _job(port: int) -> str:
    """The id of a job that the next service has taken."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/v1/rebuild", "{}", {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    assert answer.status in (200, 202), content
    return str(content["id"])


if __name__ == "__main__":
    main()
