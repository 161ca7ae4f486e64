"""A library follows its folders: by what the system tells or by looking, once for many changes, not while it is paused."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("watchfiles", reason="needs the extra server")

from indexer import Writer
from indexer import watch as following
from indexer.catalog import sources as catalog_sources
from indexer.pipeline.options import Options
from indexer.watch import Listener, Pace, Root, Watch, line_of, roots_of
from retrieval.errors import LibraryUnavailable
from retrieval.service.jobs import Job, Jobs
from retrieval.service.pause import is_paused, pause
from retrieval.service.store import FileStore, Store
from tests.fakes import FakeProfile
from tests.stopping import heed_signals

WORKER = """\
import json, os, sys, time
task = json.loads(sys.stdin.readline())
with open(os.path.join(task["library"], "tasks"), "a") as file:
    file.write(json.dumps(task) + "\\n")
while os.path.exists(os.path.join(task["library"], "hold")):
    time.sleep(0.01)
print(json.dumps({"event": "result", "new": 1, "gone": 0, "skipped": 0, "stopped": False}), flush=True)
"""


class Followed:
    """A library of one folder, whose runs are noted, and what its watch tells."""

    def __init__(self, base: Path) -> None:
        self.base, self.home, self.media = base, base / "library", base / "media"
        self.media.mkdir()
        options = Options(profile=FakeProfile(), ocr=False, exclude=("secret*",))
        Writer(self.home, options=options).index(self.media)
        self.store = FileStore(self.home)
        self.lines: list[str] = []
        (base / "worker.py").write_text(WORKER)

    def tasks(self) -> list[dict[str, Any]]:
        """The runs so far."""
        file = self.home / "tasks"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def follow(self, then: Callable[[Watch], Awaitable[None]]) -> None:
        """Follows while `then` lasts, which begins when the first run has ended and changes are listened for."""

        async def run() -> None:
            jobs = Jobs((sys.executable, str(self.base / "worker.py")), self.home, self.store)
            watch = Watch(self.home, jobs, self.store, self.lines.append, Pace(0.1, 0.1, 0.02))
            task = asyncio.create_task(watch.run())
            try:
                await self.until(lambda: any(line.endswith("s)") for line in self.lines))
                await then(watch)
            finally:
                task.cancel()
                await asyncio.wait((task,))
                await jobs.close()

        asyncio.run(run())

    @staticmethod
    async def until(fits: Callable[[], bool]) -> None:
        """Waits for a state."""
        end = time.monotonic() + 120
        while not fits():
            assert time.monotonic() < end
            await asyncio.sleep(0.01)


@pytest.fixture
def followed(tmp_path: Path) -> Followed:
    return Followed(tmp_path)


@pytest.mark.parametrize("polled", [False, True])
def test_changes_make_a_run(followed: Followed, monkeypatch: pytest.MonkeyPatch, polled: bool) -> None:
    """One for what came together, of the lowest priority; one line each. What is excluded or the library's own makes none."""
    monkeypatch.setattr(Root, "is_polled", polled)

    async def change(watch: Watch) -> None:
        assert len(followed.tasks()) == 1  # what had changed before
        (followed.media / "secret.jpg").write_bytes(b"x")
        (followed.media / ".hidden.jpg").write_bytes(b"x")
        (followed.media / "new").mkdir()
        for name in ("a.jpg", "new/b.jpg"):
            (followed.media / name).write_bytes(b"x")
        await followed.until(lambda: len(followed.lines) >= 2)
        done = len(followed.tasks())
        (followed.media / "a.jpg").unlink()
        await followed.until(lambda: len(followed.tasks()) > done and len(followed.lines) == len(followed.tasks()))

    followed.follow(change)
    assert all(each["do"] == "index" and each["nice"] == 19 for each in followed.tasks())
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d  1 new \(\d+\.\d s\)", line) for line in followed.lines)


def test_nothing_that_concerns_nobody_makes_a_run(followed: Followed) -> None:
    """Asked of each path, without waiting for what does not come."""
    (root,) = roots_of(followed.home)
    media = followed.media
    for name in ("secret.jpg", "secrets/a.jpg", ".x/a.jpg", "a.part", "@eaDir/a.jpg", "Thumbs.db"):
        assert not root.concerns(str(media / name)), name
    for name in ("a.jpg", "folder", "folder/a.jpg", "a.srt", "日本/b.mp4"):
        assert root.concerns(str(media / name)), name
    assert not root.concerns(str(followed.base / "other" / "a.jpg"))
    inner = media / "inner"
    moved = Root(root.source, root.device, frozenset({bytes(inner)}))
    assert not moved.concerns(str(inner / "catalog.sqlite-wal"))


def test_a_pause_ends_a_run_and_lets_none_begin(followed: Followed) -> None:
    """Of any process; resumed, it goes on with what was left."""
    hold = followed.home / "hold"

    async def change(watch: Watch) -> None:
        hold.touch()
        (followed.media / "a.jpg").write_bytes(b"x")
        await followed.until(lambda: len(followed.tasks()) == 2)
        pause(FileStore(followed.home), True)
        await followed.until(lambda: len(followed.lines) == 2)
        assert followed.lines[1].endswith("stopped; goes on with the next run")
        assert is_paused(followed.store)
        hold.unlink()
        (followed.media / "b.jpg").write_bytes(b"x")
        await followed.until(lambda: watch._settling.is_due(time.monotonic()))
        assert len(followed.tasks()) == 2
        pause(FileStore(followed.home), False)
        await followed.until(lambda: len(followed.lines) >= 3)
        assert followed.lines[2].endswith("s)")

    followed.follow(change)


def test_folders_that_come_later_are_followed(followed: Followed) -> None:
    """A source that is added, and a disk that is away at first."""
    later = followed.base / "disk"
    later.mkdir()
    Writer(followed.home, options=Options(profile=FakeProfile(), ocr=False)).index(later)
    later.rmdir()

    async def change(watch: Watch) -> None:
        assert [each.source.root for each in watch._roots] == [followed.media]
        later.mkdir()
        await followed.until(lambda: len(followed.lines) >= 2)
        assert len(watch._roots) == 2
        catalog_sources.remove(followed.home, followed.media)
        await followed.until(lambda: [each.source.root for each in watch._roots] == [later])

    followed.follow(change)


def test_where_the_system_does_not_tell_the_folders_are_looked_through(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where there are more folders than it can watch; a line says so."""
    real = following.watch

    def refusing(*roots: Path, force_polling: bool, **given: Any) -> Any:
        if not force_polling:
            raise OSError(28, "OS file watch limit reached")
        return real(*roots, force_polling=force_polling, **given)

    monkeypatch.setattr(following, "watch", refusing)

    async def change(watch: Watch) -> None:
        (followed.media / "a.jpg").write_bytes(b"x")
        await followed.until(lambda: len(followed.tasks()) >= 2)

    followed.follow(change)
    assert any("OS file watch limit reached" in line for line in followed.lines)


def test_a_server_that_is_away_is_waited_for(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told once, and when it is back all is looked through."""
    is_there, looks = threading.Event(), []

    def asked(store: Store) -> bool:
        looks.append(store)
        if not is_there.is_set():
            raise LibraryUnavailable("the catalog cannot be reached", "start the server")
        return False

    async def leave(_: Watch) -> None:
        before = len(followed.tasks())
        monkeypatch.setattr(following, "is_paused", asked)
        await followed.until(lambda: len(looks) >= 3)
        is_there.set()
        await followed.until(lambda: len(followed.tasks()) > before)

    followed.follow(leave)
    assert [line for line in followed.lines if "reached" in line] == [
        "the catalog cannot be reached; it is tried again and again.",
        "The library can be reached again.",
    ]


def test_what_changes_while_a_run_is_asked_for_makes_another(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folders that appear in that moment, for one, are not in the run."""

    async def appear(watch: Watch) -> None:
        await followed.until(lambda: watch._job is None and not watch._is_wanted)
        before, add = len(followed.tasks()), watch._jobs.add

        async def added(task: dict[str, Any]) -> Job | None:
            watch._is_wanted = True
            monkeypatch.setattr(watch._jobs, "add", add)
            return await add(task)

        monkeypatch.setattr(watch._jobs, "add", added)
        watch._is_wanted = True
        await followed.until(lambda: len(followed.tasks()) >= before + 2)

    followed.follow(appear)


def test_one_that_hears_no_more_says_so(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what watches breaks down in the middle."""

    def breaking(*roots: Path, **given: Any) -> Any:
        yield set()
        raise RuntimeError("error in underlying watcher")

    monkeypatch.setattr(following, "watch", breaking)
    told: list[str] = []

    async def run() -> None:
        listener = Listener(roots_of(followed.home), None)
        listener.start(lambda: told.append("begun"), lambda paths: None, lambda error: told.append(str(error)))
        await followed.until(lambda: len(told) == 2)
        listener.stop()

    asyncio.run(run())
    assert told == ["begun", "error in underlying watcher"]


def test_the_line_of_a_run() -> None:
    """What came, what went, what failed."""
    job = Job("a", {}, result={"new": 1200, "gone": 3, "skipped": 1, "stopped": False}, state="done")
    assert line_of(job, 1.25) == "1,200 new, 3 gone, 1 left out (1.2 s)"
    assert line_of(Job("a", {}, result={"new": 0, "gone": 0, "skipped": 0}, state="done"), 0.5) == "nothing new (0.5 s)"
    failed = Job("a", {}, problem={"what": "the disk is full", "hint": "make room"}, state="failed")
    assert line_of(failed, 1) == "failed: the disk is full (make room)"


def test_the_program_follows_until_it_is_stopped(tmp_path: Path) -> None:
    """A file that is written is read by its child, in vain, as no model is needed for that; SIGTERM ends both."""
    (tmp_path / "photos").mkdir()
    home = tmp_path / "library"
    Writer(home, options=Options(ocr=False)).index(tmp_path / "photos")
    command = [sys.executable, "-m", "indexer.cli.app", "watch", "--settle", "0.1", "--library", str(home)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,  # noqa: PLW1509
    ) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline().startswith("Following the folders of")
            assert "nothing new" in program.stdout.readline()
            (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff no picture")
            (tmp_path / "a.jpg").rename(tmp_path / "photos" / "a.jpg")
            line = program.stdout.readline()
            while "nothing new" in line:  # a run began before the file was there
                line = program.stdout.readline()
            assert "1 left out" in line
            program.send_signal(signal.SIGTERM)
            _, errors = program.communicate(timeout=60)
        finally:
            program.kill()
    assert program.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
