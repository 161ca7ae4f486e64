"""The program `crossmedia serve`: what it refuses to start, and that it starts, answers and stops."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from typer.testing import CliRunner

from indexer.cli.listening import Ending, listening
from indexer.cli.program import app
from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules


def test_other_machines_need_a_key(sample_library: Path) -> None:
    """Without one the service does not start, and says what makes one."""
    done = CliRunner().invoke(app, ["serve", "--host", "0.0.0.0", "--library", str(sample_library)])
    assert done.exit_code == 1
    assert "crossmedia keys add NAME" in done.stderr


def test_keys_by_the_command_line(tmp_path: Path, sample_library: Path) -> None:
    """Made, listed without what opens, revoked; none for a library that is not there."""
    run = CliRunner().invoke
    home = tmp_path / "library"
    assert run(app, ["keys", "add", "phone", "--library", str(home)]).exit_code == 1
    home.symlink_to(sample_library, target_is_directory=True)
    secret = run(app, ["keys", "add", "phone", "--library", str(home)]).stdout.strip()
    listed = run(app, ["keys", "list", "--library", str(home)]).stdout
    assert secret.startswith("cm_")
    assert "phone" in listed
    assert secret not in listed
    assert run(app, ["keys", "revoke", "phone", "--library", str(home)]).exit_code == 0
    assert "no keys" in run(app, ["keys", "list", "--library", str(home)]).stdout


def test_a_unit_for_systemd(tmp_path: Path, sample_library: Path) -> None:
    """Its command is the one that serves so, also where the library has an odd name; nothing is started."""
    home = tmp_path / 'my "own" 100 % $library'
    home.symlink_to(sample_library, target_is_directory=True)
    done = CliRunner().invoke(
        app,
        [
            "serve",
            "--unit",
            "--watch",
            "--webhook-host",
            "a.example:8443",
            "--port",
            "9000",
            "--drain",
            "300",
            "--library",
            str(home),
        ],
    )
    assert done.exit_code == 0, done.output
    unit = configparser.ConfigParser(interpolation=None, comment_prefixes="#")
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(done.stdout)
    command = [each.replace("%%", "%").replace("$$", "$") for each in shlex.split(unit["Service"]["ExecStart"])]
    assert command[0] == sys.executable
    assert command[1:5] == ["-m", "indexer.cli.app", "serve", "--host"]
    named = ["--webhook-host", "a.example:8443", "--drain", "300", "--watch", "--library", str(home)]
    assert command[6:] == ["--port", "9000", *named]
    assert unit["Service"]["TimeoutStopSec"] == "390"  # else systemd kills it while it drains
    assert unit["Install"]["WantedBy"] == "default.target"


THREADS = """
import sys, threadpoolctl
from indexer.cli import listening

def told(*_):
    print({each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"})
    sys.exit()

listening.listening = told
from indexer.cli.program import app
app(["serve", "--port", "0", "--library", sys.argv[1]])
"""


def test_it_computes_on_one_thread(sample_library: Path) -> None:
    """Threads of a BLAS wait for each other by spinning: a question cost the service three times as much with two."""
    free = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", THREADS, str(sample_library)]
    ran = subprocess.run(command, env=free, capture_output=True, text=True, check=False)
    assert ran.stdout.strip() == "{1}", ran.stderr


@contextmanager
def running(*libraries: Path) -> Iterator[str]:
    """The program as a service, at the address that is given; it must end without a trace of what it was asked."""
    named = [part for library in libraries for part in ("--library", str(library))]
    command = [sys.executable, "-m", "indexer.cli.app", "serve", "--port", "0", *named]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            found = re.search(r"http://[\d.:]+/", service.stdout.readline())
            assert found
            yield found[0]
        finally:
            service.send_signal(signal.SIGTERM)
            try:
                out, errors = service.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                service.kill()
                raise
    assert service.returncode in (0, 128 + signal.SIGTERM)  # 0 where whoever started it has the signal ignored
    assert "quokka" not in out + errors
    assert "Traceback" not in errors


def test_it_answers_until_it_is_stopped_and_keeps_no_question(sample_library: Path) -> None:
    """One line when it listens, none for what is asked; SIGTERM ends it within seconds."""
    with running(sample_library) as place:
        answer = httpx.post(f"{place}v1/search", json={"query": "a quokka in the snow"}, timeout=120)
        assert answer.status_code == 200
        assert httpx.post(f"{place}v1/search", json={"query": "quokka AND"}, timeout=120).status_code == 400


def test_an_address_in_use_is_one_line(sample_library: Path) -> None:
    """In our own words, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "indexer.cli.app", "serve", "--port", str(port), "--library"]
        done = subprocess.run([*command, str(sample_library)], capture_output=True, text=True, check=False)
    said = f"crossmedia: 127.0.0.1:{port} cannot be served: Address already in use (--port 0 takes a free one)\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)


def test_it_answers_while_it_says_that_it_is_not_ready(served: Library) -> None:
    """So whoever shares out the questions sees it go before a single one fails; a second signal ends the wait."""
    service = create_app(served, Rules(frozenset({"127.0.0.1"})))
    server, listener = listening(service, "127.0.0.1", 0, Ending(**service.state.ending, drain_s=600))
    place = f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving = threading.Thread(target=server.run, args=([listener],))
    with listener:
        serving.start()
        assert httpx.get(f"{place}/readyz", timeout=60).status_code == 200
        server.should_exit = True
        while (answer := httpx.get(f"{place}/readyz", timeout=60)).status_code == 200:
            time.sleep(0.01)
        assert answer.json()["title"] == "the service is stopping"
        assert httpx.get(f"{place}/healthz", timeout=60).status_code == 200
        assert httpx.get(f"{place}/v1/stats", timeout=60).status_code == 200
        server.force_exit = True
        serving.join()
