"""The wheel, installed where no checkout is: everything the program needs is inside it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `pip` builds it, by the build tool that is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        ".",
    ]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`crossmedia` in an environment of its own, which borrows the libraries of this one but none of its checkout."""
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    python = place / "bin" / "python"
    site = Path(
        subprocess.check_output(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
        ).strip()
    )
    libraries = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (site / "borrowed.pth").write_text("\n".join(libraries) + "\n")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return python


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env |= {"CROSSMEDIA_LIBRARY": str(folder / "library"), "PYTHONUTF8": "1"}
    command = [str(python), "-m", "indexer.cli.app", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=env)


def test_the_wheel_carries_migrations_weights_and_samples(wheel: Path) -> None:
    """Under retrieval/_shipped, where manifest.py looks first; and no tests."""
    names = zipfile.ZipFile(wheel).namelist()
    shipped = "retrieval/_shipped"
    for wanted in ("alembic/env.py", "data/queries.toml", "data/starter/starter.toml", "data/samples/ORIGINS.md"):
        assert f"{shipped}/{wanted}" in names
    assert not [name for name in names if name.startswith(("tests/", "training/", "alembic/", "data/"))]


@pytest.mark.slow
def test_an_installed_program_indexes_and_answers(installed: Path, tmp_path: Path) -> None:
    """Catalog, weights and migrations are found inside the package, not beside the working folder."""
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "tyre.txt").write_text("How to mend a puncture in the inner tube of a bicycle tyre.\n")
    done = run(installed, tmp_path, "index", "texts", "--no-speech")
    assert done.returncode == 0, done.stderr
    done = run(installed, tmp_path, "search", "puncture", "--paths")
    assert done.stdout.strip().endswith("tyre.txt"), done.stderr
    code = "from retrieval import resources; print(resources.migrations(), resources.starter())"
    places = subprocess.check_output([installed, "-c", code], text=True, cwd=tmp_path).split()
    assert [Path(place).is_dir() and str(ROOT) not in place for place in places] == [True, True]


def test_both_packages_bring_their_types(wheel: Path) -> None:
    """PEP 561: a checker of types looks for the marker."""
    assert {"retrieval/py.typed", "indexer/py.typed"} <= set(zipfile.ZipFile(wheel).namelist())
