"""The installation that the pages print works as printed, from a clone and an empty environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/python.md")
BLOCKS = [
    (page, block)
    for page in PAGES
    for block in re.findall(r"^```\w*\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    if "pip install" in block
]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files alone."""
    if not (ROOT / ".git").exists():
        pytest.skip("only a clone knows which files are tracked")
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def test_each_page_prints_an_installation() -> None:
    """One block at least."""
    assert {page for page, _ in BLOCKS} == set(PAGES)


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[page for page, _ in BLOCKS])
def test_a_printed_installation_gives_the_program(page: str, block: str, clone: Path) -> None:
    """Typed into a shell in the clone, but that the libraries are those of this environment: they are many and large."""
    shutil.rmtree(clone / ".venv", ignore_errors=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "PIP_"))}
    env |= {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    env |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    line = f"set -e\n{block}\ntest -x .venv/bin/crossmedia\ncrossmedia --version"
    done = subprocess.run(["bash", "-c", line], cwd=clone, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^crossmedia \d", done.stdout, re.MULTILINE)


def test_every_extra_that_is_named_is_there() -> None:
    """In pages and in what the program prints."""
    files = [*(ROOT / page for page in PAGES), *ROOT.glob("retrieval/**/*.py"), *ROOT.glob("indexer/**/*.py")]
    named = {
        extra.strip()
        for file in files
        for found in re.findall(r"pip install '(?:\.|crossmedia)\[([\w, ]+)\]'", file.read_text("utf-8"))
        for extra in found.split(",")
    }
    assert {"cpu", "ocr", "offline"} <= named <= set(EXTRAS)
