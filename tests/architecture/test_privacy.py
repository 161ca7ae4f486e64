"""Nothing leaves the machine: what the program opens and whom it calls, watched from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from retrieval import telemetry

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    ("index", "media", "--library", "library", "--quiet"),
    ("search", "a sailing boat", "--library", "library"),
    ("search", "--image", "media/photo1.jpg", "--library", "library", "--in", "image"),
    ("explain", "boat", "media/photo1.jpg", "--library", "library"),
    ("status", "--library", "library"),
    ("doctor", "--library", "library"),
    ("models",),
)
CALLS = re.compile(r"\b(?:connect|sendto|sendmsg|sendmmsg)\(.*sa_family=AF_INET6?.*")
LOCAL = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')


@pytest.fixture
def home(tmp_path: Path, samples: Path) -> Path:
    """A new user's home with a picture, a recording and a document."""
    (tmp_path / "media").mkdir()
    for name in ("images/photo1.jpg", "audio/memo2.mp3", "documents/weather.pdf"):
        shutil.copy(samples / name, tmp_path / "media")
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    """Of a user who set nothing: no CI, which keeps some recorders still, and no switch of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT), "CROSSMEDIA_FONTS": os.environ["CROSSMEDIA_FONTS"]}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_no_command_calls_or_records_anything(home: Path) -> None:
    """Indexing, speech, text in pictures, questions and doctor: no address but local ones, no file but our own."""
    log = home / "calls"
    for command in COMMANDS:
        line = [
            "strace",
            "-f",
            "-qq",
            "-A",
            "-e",
            "trace=network",
            "-o",
            str(log),
            sys.executable,
            "-m",
            "indexer.cli.app",
        ]
        done = subprocess.run(
            [*line, *command], cwd=home, env=environment(home), capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), (command, done.stderr)
    called = [line for line in log.read_text(errors="replace").splitlines() if CALLS.search(line)]
    assert [line for line in called if not LOCAL.search(line)] == []
    made = {each.relative_to(home).as_posix() for each in home.rglob("*") if each.is_file()}
    ours = ("media/", "library/", ".cache/crossmedia/", ".config/crossmedia/")
    assert {name for name in made if not name.startswith(ours)} == {"calls", "why-photo1.png"}


def test_reports_are_off_before_anything_is_imported() -> None:
    """In a process that set nothing, importing the query side or the indexer is enough; children inherit it."""
    code = "import os, sys; import {}; print(os.environ['ORT_DISABLE_TELEMETRY'], sys.modules['openvino_telemetry'])"
    bare = {name: value for name, value in os.environ.items() if name not in telemetry.VARIABLES}
    for package in ("retrieval", "indexer"):
        line = [sys.executable, "-c", code.format(package)]
        assert subprocess.run(line, env=bare, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "1 None\n"


def test_what_was_left_behind_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that onnxruntime makes, where it lies in this user's cache."""
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert telemetry.left_behind(tmp_path) == []
    folder = tmp_path / ".cache" / "Microsoft" / "DeveloperTools" / ".onnxruntime"
    folder.mkdir(parents=True)
    assert telemetry.left_behind(tmp_path) == [folder]
