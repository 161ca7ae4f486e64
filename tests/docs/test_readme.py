"""The commands of README.md run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.search(r"```console\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
COMMANDS = re.findall(r"^\$ (crossmedia .*)\n(Nothing \w+)?", BLOCK[1] if BLOCK else "", re.MULTILINE)


@pytest.fixture(scope="module")
def home(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder whose ~/Media holds the samples."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "Media").symlink_to(samples)
    return folder


def test_there_are_commands_to_run() -> None:
    """The block was found."""
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize(("command", "nothing"), COMMANDS)
def test_a_command_of_the_readme_does_what_it_shows(command: str, nothing: str, home: Path, sample_library: Path) -> None:
    """Exit code 0; a question to which nothing is sure ends with 1, and says so."""
    arguments = [each.replace("~", str(home), 1) if each.startswith("~") else each for each in shlex.split(command)[1:]]
    env = {**os.environ, "CROSSMEDIA_LIBRARY": str(sample_library), "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    line = [sys.executable, "-m", "indexer.cli.app", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=home, env=env)
    assert done.returncode == int(bool(nothing)), done.stdout + done.stderr
    assert done.stdout.startswith(nothing or "Nothing") == bool(nothing)
