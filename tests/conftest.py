"""Fixtures shared by all tests: real media where it is at hand, and the project's own samples."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from retrieval import telemetry
from retrieval.settings import cache_dir
from tests.once import is_alone, once
from tests.scale.postgresql import ABSENT, Server, is_installed, running

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "tests" / "fonts"

# A build server draws the same examples each time; elsewhere new ones are looked for. No time is asserted anywhere.
hypothesis_settings.register_profile("here", deadline=None)
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "here")

# Tests write and paint with their own fonts, whatever this machine has; so do the commands that they start.
os.environ["CROSSMEDIA_FONTS"] = str(FONTS)
os.environ["CROSSMEDIA_PICTOGRAM_FONT"] = str(FONTS / "pictograms.ttf")


@pytest.fixture(autouse=True, scope="session")
def _records_of_other_programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What other programs left in this user's home and cache is no finding of ours; the cache of models stays where it is."""
    os.environ.setdefault("CROSSMEDIA_CACHE", str(cache_dir()))
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    left_behind, home = telemetry.left_behind, tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telemetry, "left_behind", lambda own=None: left_behind(own or home))
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    """--postgresql: every library of this process has its catalog on a server; what SQLite alone does is left out."""
    parser.addoption("--postgresql", action="store_true", help="catalogs on a PostgreSQL server (make test-scale)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out tests marked `sqlite` where no catalog is a file."""
    if config.getoption("--postgresql"):
        config.hook.pytest_deselected(items=[each for each in items if each.get_closest_marker("sqlite")])
        items[:] = [each for each in items if not each.get_closest_marker("sqlite")]


@pytest.fixture(autouse=True, scope="session")
def _catalogs_on_a_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """With --postgresql, as if every library had a settings file that names a schema of its own."""
    if not request.config.getoption("--postgresql"):
        yield
        return
    from retrieval.catalog.location import Location, location

    with running() as server, pytest.MonkeyPatch.context() as patch:
        for user in ("retrieval.catalog.engine.location", "indexer.catalog.lock.location"):
            patch.setattr(
                user, lambda home: found if (found := location(home)).catalog else Location(server.library(home))
            )
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server; a test that stops it starts it again. Skips where none is installed."""
    if not is_installed():
        pytest.skip(ABSENT)
    with running() as own:
        yield own


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real media beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared" / "media"
    if not folder.is_dir():
        pytest.skip("no real media beside the checkout (../shared/media)")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """data/samples of the checkout."""
    folder = ROOT / "data" / "samples"
    if not folder.is_dir():
        pytest.skip("data/samples is not in this checkout")
    return folder


@pytest.fixture(scope="session")
def sample_library(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of data/samples, made with the shipped models and, where its weights are here, the transcriber."""
    from indexer import demo

    made = once(tmp_path_factory, "sample-library", lambda home: demo.fill(home, lambda event: None))
    if is_alone():
        return made
    return shutil.copytree(made, tmp_path_factory.mktemp("samples") / "library")  # a service writes beside it
