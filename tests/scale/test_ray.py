"""Workers on a Ray cluster of two nodes on this machine: the same library as without, whoever is killed meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrieval.catalog import layout
from retrieval.errors import DONE, DONE_WITH_SKIPS
from tests import stopping
from tests.contents import contents
from tests.retrieval.media import made_clips
from tests.scale import nodes

KILLS = int(os.environ.get("CROSSMEDIA_KILLS", "5"))
PICTURES = 24
WHOLE = (DONE, DONE_WITH_SKIPS)
LEAST = 2.0**-12  # the step of float16 below 0.5
LOOK_S = 0.02  # between two looks at how far a run is


@pytest.fixture(scope="module")
def cluster() -> Iterator[nodes.Nodes]:
    """A cluster without nodes."""
    if not nodes.is_installed():
        pytest.skip(nodes.ABSENT)
    with nodes.started() as started:
        yield started


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, texts, sounds and a film; copies that come in other batches than what they are copies of; a broken file."""
    folder = tmp_path_factory.mktemp("ray") / "media"
    stopping.fill(folder, PICTURES)
    made_clips.write(folder / "film.mp4", made_clips.frames([made_clips.pattern(1), made_clips.pattern(2)], [25, 25]))
    for name in ("0.png", "0.txt", "0.wav", "film.mp4"):
        shutil.copy(folder / name, folder / f"z copy of {name}")
    (folder / "broken.png").write_bytes((folder / "1.png").read_bytes()[:5_000])
    return folder


@pytest.fixture(scope="module")
def local(media: Path) -> tuple[dict[str, Any], list[bytes]]:
    """What a library of the media holds that was made by this machine's processes."""
    home = media.parent / "local"
    index(home, media, {})
    found, rows = held(home)
    assert len(found["assets"]) == 2 * PICTURES + 4 + 1
    assert [Path(os.fsdecode(name)).name for name, _ in found["skipped"]] == ["broken.png"]
    return found, rows


def held(home: Path) -> tuple[dict[str, Any], list[bytes]]:
    """What a library holds, with the places of vectors, and these; of which each is found once by a search."""
    found = contents(home)
    rows: list[bytes] = []
    spaces: dict[str, list[bytes]] = {}
    for _, asset in sorted(found["assets"].items()):
        for _, _, _, lists in asset["segments"]:
            for name, _, data in lists[0]:
                spaces.setdefault(name, []).append(data)
                rows.append(data)
            lists[0] = [(name, at_ms) for name, at_ms, _ in lists[0]]
    assert found.pop("spaces") == {name: sorted(own) for name, own in spaces.items()}
    return found, rows


def assert_same(home: Path, local: tuple[dict[str, Any], list[bytes]]) -> None:
    """The library is as that one; vectors to the rounding, for batches are never the same."""
    found, rows = held(home)
    assert found == local[0]
    for own, other in zip(rows, local[1], strict=True):
        np.testing.assert_allclose(*(np.frombuffer(each, np.float16) for each in (own, other)), atol=LEAST)


@contextmanager
def program(home: Path, media: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """An index run, which does not outlive the block; with a cluster's environment, by its workers."""
    home.mkdir(exist_ok=True)
    if environment:
        (home / "crossmedia.toml").write_text('workers = "ray"\n')
    process = subprocess.Popen(
        stopping.command(home, media),
        env={**os.environ, **environment, "PYTHONPATH": str(stopping.ROOT)},
        cwd=stopping.ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def index(home: Path, media: Path, environment: dict[str, str]) -> None:
    """A whole run."""
    with program(home, media, environment) as process:
        assert process.wait() in WHOLE


def steps_done(home: Path) -> int:
    """How many steps the catalog says are done; 0 before it is there."""
    address = f"file:{layout.catalog(home)}?mode=ro"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(address, uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM steps WHERE state = 'done'").fetchone()[0])
    return 0


def wait_until(process: subprocess.Popen[bytes], home: Path, done: int) -> None:
    """Returns when so many steps are done; fails where the run ends before."""
    while steps_done(home) < done:
        assert process.poll() is None
        time.sleep(LOOK_S)


def test_workers_make_the_library_that_this_machine_makes(
    cluster: nodes.Nodes, media: Path, local: tuple[dict[str, Any], list[bytes]], tmp_path: Path
) -> None:
    """Assets, places, words, segments, vectors; the next run has nothing to do."""
    both = [cluster.add(), cluster.add()]
    index(tmp_path, media, cluster.environment)
    assert_same(tmp_path, local)
    for node in both:
        cluster.kill(node)
    index(tmp_path, media, cluster.environment)
    assert_same(tmp_path, local)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_kill_loses_and_doubles_nothing(
    cluster: nodes.Nodes, media: Path, local: tuple[dict[str, Any], list[bytes]], tmp_path: Path, number: int
) -> None:
    """By turns of a node, whose work the other one does, and of the program, after which the next run goes on."""
    both = [cluster.add(), cluster.add()]
    draw = random.Random(number)
    every = sum(state == "done" for asset in local[0]["assets"].values() for _, state, _ in asset["steps"])
    with program(tmp_path, media, cluster.environment) as process:
        wait_until(process, tmp_path, draw.randrange(every * 3 // 4))
        if number % 2:
            process.kill()
            assert process.wait() == -signal.SIGKILL
        else:
            cluster.kill(both.pop(draw.randrange(2)))
            assert process.wait() in WHOLE
    if number % 2:
        index(tmp_path, media, cluster.environment)
    assert_same(tmp_path, local)
    for node in both:
        cluster.kill(node)
