"""`crossmedia search` through a running service prints what it prints without one."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.catalog import layout
from retrieval.cli import server
from tests.service.test_serve import running

ROOT = Path(__file__).resolve().parents[2]
QUESTIONS = (
    ("a cat",),
    ("a cat", "--json"),
    ("a cat", "--jsonl", "--all"),
    ("a", "cat", "--csv", "--limit", "3"),
    ("a cat", "--jsonl", "--paths"),
    ("a cat", "--limit", "x"),
    ("a cat", "-0", "--all", "--limit", "50"),
    ("dog -cat in:image", "--min-confidence", "0.2"),
    ("--path", "*/images/*", "--sort", "date"),
    ("--after", "2019", "--in", "image,video"),
    ("zzzzqqq",),
    ("said:hello",),
    ("cat AND", "--json"),
    ("a cat", "--min-duration", "3"),
    ("--like", "/etc/passwd"),
    ("photos from 2019", "--no-dates"),
)


@pytest.fixture(scope="module")
def library(sample_library: Path) -> Iterator[Path]:
    """A library that a service serves."""
    with running(sample_library):
        yield sample_library


def asked(library: Path, question: tuple[str, ...], *way: str) -> tuple[int, str, str]:
    """Exit code, output without the time taken, and complaints of one question, from another folder than the service's."""
    command = [sys.executable, "-m", "indexer.cli.app", "search", *question, "--library", str(library), *way]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=ROOT / "data" / "samples")
    return done.returncode, re.sub(r'"took_ms": [\d.]+', "", done.stdout), done.stderr


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_the_answer_is_the_same(library: Path, question: tuple[str, ...]) -> None:
    """Text, JSON, CSV, paths, errors and exit codes; a question that the service cannot answer is answered here."""
    assert asked(library, question) == asked(library, question, "--no-server")


def test_the_service_really_answers(library: Path) -> None:
    """By its socket, which this user alone may open; without a model loaded here."""
    assert layout.socket(library).stat().st_mode & 0o077 == 0
    code = (
        "import sys\n"
        "from retrieval.cli import quick\n"
        "assert quick.search(['search', 'a cat', '--server', '--library', sys.argv[1]]) == 0\n"
        "assert not {'numpy', 'onnxruntime', 'sqlalchemy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(library)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "photo1.jpg" in done.stdout


def test_without_a_service_it_is_said(sample_library: Path, tmp_path: Path) -> None:
    """Where it is asked for by name; a socket that nobody listens at is no service."""
    home = tmp_path / ("library" * 20)  # longer than an address of a socket may be
    shutil.copytree(sample_library, home, ignore=shutil.ignore_patterns("*.sock"))
    with server.short_name(home) as place, socket.socket(socket.AF_UNIX) as left:
        left.bind(place)
    code, out, errors = asked(home, ("a cat",), "--server")
    assert (code, out) == (2, "")
    assert "no service" in errors
    assert server.ask(home, {"query": "a cat"}) is None
    with running(home):  # takes the place of what was left there
        answer = server.ask(home, {"query": "a cat"})
        assert answer is not None
        assert answer["hits"]
    assert not layout.socket(home).exists()


def test_two_services_of_one_library(sample_library: Path) -> None:
    """The second leaves the socket to the first."""
    with running(sample_library):
        with running(sample_library):
            pass
        assert layout.socket(sample_library).exists()
        assert server.ask(sample_library, {"query": "a cat", "limit": 1}) is not None


def test_what_is_no_service_of_ours_is_not_asked(tmp_path: Path) -> None:
    """A plain file, and a program that answers anything else."""
    assert server.ask(tmp_path, {}) is None
    layout.socket(tmp_path).write_text("")
    assert server.ask(tmp_path, {}) is None
    layout.socket(tmp_path).unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(layout.socket(tmp_path)))
        other.listen()

        def answer() -> None:
            line, _ = other.accept()
            with line:
                line.recv(4096)
                line.sendall(b"SSH-2.0-nonsense\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert server.ask(tmp_path, {"query": "a"}) is None
        thread.join()
