"""Status from another process: a run under way, what it has not come to, and one that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from indexer.events import Progress
from indexer.pipeline import meter, run_note, stages
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import Library
from retrieval.catalog import layout
from retrieval.catalog.run_note import run_state
from retrieval.domain.records import Status
from retrieval.render.json import status_report
from retrieval.render.status import status_lines
from tests.fakes import FakeProfile

ROOT = Path(__file__).resolve().parents[3]
KILLED_WHILE_READING = """
import os, signal, sys
from indexer.events import Progress
from indexer.pipeline import meter, run, stages
from indexer.pipeline.options import Options
from tests.fakes import FakeProfile
run.COMMIT_ROWS = 4
stages.TICK_S = meter.TICK_S = 0.0

def watch(event):
    if isinstance(event, Progress) and event.done >= 8:
        os.kill(os.getpid(), signal.SIGKILL)

run.index_folders([sys.argv[1]], library=sys.argv[2], options=Options(profile=FakeProfile(), workers=1), on_event=watch)
"""


def status(home: Path) -> Status:
    with Library.open(home, profile=FakeProfile()) as library:
        return library.status()


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Twenty pictures."""
    folder = tmp_path / "media"
    folder.mkdir()
    for at in range(20):
        Image.new("RGB", (20 + at, 20), "red").save(folder / f"{at}.png")
    return folder


def test_a_run_is_seen_while_it_lasts_and_no_longer(
    media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is pending, also of files that the catalog does not hold yet."""
    for module in (meter, stages):
        monkeypatch.setattr(module, "TICK_S", 0.0)  # the first file is told of before the last is read
    home = tmp_path / "library"
    seen: list[Status] = []

    def watch(event: object) -> None:
        if isinstance(event, Progress) and event.step == "read" and not seen:
            seen.append(status(home))

    index_folders([media], library=home, options=Options(profile=FakeProfile(), workers=1), on_event=watch)
    (during,) = seen
    assert during.run is not None
    assert (during.run.is_alive, during.run.pid, during.run.command) == (True, os.getpid(), "crossmedia index")
    assert during.pending["read"] + sum(during.media.values()) == 20
    assert status(home).run is None
    assert "read" not in status(home).pending


def test_a_killed_run_leaves_what_it_did_not_come_to(media: Path, tmp_path: Path) -> None:
    """Said to have been ended; the next run reads the rest."""
    home = tmp_path / "library"
    line = [sys.executable, "-c", KILLED_WHILE_READING, str(media), str(home)]
    done = subprocess.run(line, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = status(home)
    assert left.run is not None
    assert not left.run.is_alive
    assert left.pending["read"] == 20 - sum(left.media.values()) > 0
    lines = "\n".join(status_lines(left))
    assert "was ended at" in lines
    assert f"contents of {left.pending['read']} files" in lines
    index_folders(library=home, options=Options(profile=FakeProfile(), workers=1))
    assert (status(home).run, status(home).pending.get("read"), sum(status(home).media.values())) == (None, None, 20)


def test_step_rate_and_time_left_are_shown(media: Path, tmp_path: Path) -> None:
    """As lines and as JSON."""
    home = tmp_path / "library"
    index_folders([media], library=home, options=Options(profile=FakeProfile(), workers=1))
    note = run_note.RunNote(home, "crossmedia index")
    note._written = -run_note.EVERY_S
    note.write(Progress("listen", 12, 40, 3.25, eta_s=8.6))
    state = status(home)
    line = next(each for each in status_lines(state) if each.startswith(" run"))
    assert "sound 12 of 40, 3.2 files/s, about 8.6 s left" in line.replace("about 9 s", "about 8.6 s")
    assert status_report(state)["run"] | {"since": ""} == {
        "command": "crossmedia index", "pid": os.getpid(), "since": "", "is_alive": True, "step": "listen", "done": 12,
        "total": 40, "rate": 3.25, "eta_s": 8.6,
    }  # fmt: skip
    note.remove()
    assert status(home).run is None


@pytest.mark.parametrize("spoilt", ["", "{", '{"pid": 1}', "[]"])
def test_a_spoilt_note_is_none(tmp_path: Path, spoilt: str) -> None:
    """As a kill in the middle of writing would leave one on some disks."""
    layout.run_note(tmp_path).write_text(spoilt)
    assert run_state(tmp_path) is None
