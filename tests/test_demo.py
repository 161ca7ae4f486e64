"""What `crossmedia demo` prints can be typed as it is printed, and answers what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from indexer import demo
from retrieval.encoders.speech import weights as speech_weights

PROGRAM = Path(sys.executable).with_name("crossmedia")


def test_every_command_of_the_demo_gives_what_is_printed_below_it(
    sample_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed into a shell in the same folder, line by line, where the program is not on the path; the right hit is first."""
    if not PROGRAM.exists():
        pytest.skip("crossmedia is not installed beside this Python")
    for name in ("my library", "program"):
        (tmp_path / name).symlink_to(sample_library if name == "my library" else PROGRAM.parent)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "program" / "crossmedia")])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    said: list[str] = []
    demo.answer_all(tmp_path / "my library", said.append, None, speech=bool(speech_weights.here()))
    parts = re.split(r"^\$ (.*)$", "\n".join(said), flags=re.MULTILINE)
    assert len(parts) // 2 == sum(each.demo for each in demo.questions())
    env = {name: value for name, value in os.environ.items() if name != "CROSSMEDIA_LIBRARY"}
    for command, below in zip(parts[1::2], parts[2::2], strict=True):
        assert command.startswith("program/crossmedia search ")
        line = ["bash", "-c", command]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=env | {"PYTHONUTF8": "1"})
        assert done.returncode == int(below.strip().startswith("Nothing")), f"{command}: {done.stderr}"
        assert below.strip().startswith(done.stdout.strip()), command
        assert "expected first" not in below


def test_a_command_is_quoted_for_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words with a quote, and a library whose path has a blank, relative where it lies below the working folder."""
    monkeypatch.chdir(tmp_path)
    question = demo.Question("text", "image", (), "a cat's tail")
    words = shlex.split(question.command(tmp_path / "my library"))
    assert words[1:] == ["search", "a cat's tail", "--in", "image", "--limit", "3", "--library", "my library"]
