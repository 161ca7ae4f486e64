"""What a run prints, for people and for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from indexer.events import Filtered, Finished, Opened, Planned, Progress, Published, Scanned, Skipped, Upgraded
from indexer.pipeline import progress


def test_a_terminal_sees_bars_that_are_drawn_over_themselves() -> None:
    """The second drawing goes up as many lines as the first had."""
    err = io.StringIO()
    display = progress.Display(io.StringIO(), err, redraw=True)
    display(Progress("read", 5120, 6870, 142.0, bottleneck="encoder", load=0.96, eta_s=12.3))
    display(Progress("watch", 11, 64, 0.4, media_ms=930_000, seconds=30.0))
    display(Progress("watch", 12, 64, 0.4, media_ms=960_000, seconds=31.0))
    drawings = err.getvalue().split("\x1b[")
    assert " files   ████████░░░░  5,120/6,870  142/s           encoder 96 % busy  ETA 12 s\n" in err.getvalue()
    assert "11/64  31x real time" in err.getvalue()
    assert [each[:2] for each in drawings if each[1:2] == "F"] == ["1F", "2F"]


def test_a_pipe_sees_few_plain_lines() -> None:
    """Not one for each event, no bar, no escape."""
    err = io.StringIO()
    display = progress.Display(io.StringIO(), err, redraw=False)
    for done in range(1, 101):
        display(Progress("read", done, 100, 10.0, seconds=done / 10))
    lines = err.getvalue().splitlines()
    assert lines[-1].split() == ["files", "100/100", "10/s", "10", "s"]
    assert len(lines) <= 2
    assert "\x1b" not in err.getvalue()
    assert "█" not in err.getvalue()


def test_the_first_and_the_last_line_are_those_of_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which library, how much was scanned, what was indexed and skipped."""
    monkeypatch.setenv("HOME", "/home/ada")
    out, err = io.StringIO(), io.StringIO()
    display = progress.Display(out, err, redraw=False)
    display(Opened(Path("/home/ada/.local/share/crossmedia"), True, "starter", 2))
    display(Scanned(8412, 0, 0, 3.14))
    display(Finished(8371, 8371, 0, {"truncated": 22, "not media": 12, "unreadable": 7}, {"transcribe": 1}))
    assert err.getvalue().splitlines() == [
        "Library ~/.local/share/crossmedia (new) · profile starter · 2 sources",
        " scan    8,412 files   3.1 s",
    ]
    assert out.getvalue().splitlines() == [
        (
            "8,371 indexed (8,371 new) · 29 skipped: 22 truncated, 7 unreadable (crossmedia status --skipped) · "
            "12 files of other kinds"
        ),
        "Left for a later run: speech of 1 file (crossmedia index)",
    ]


def test_a_stopped_run_says_that_it_goes_on_later() -> None:
    """Ctrl-C is no failure."""
    assert progress.finished_lines(Finished(3, 3, 0, stopped=True))[0] == "Stopped; the next run continues from here."


@pytest.mark.parametrize(
    ("planned", "lines"),
    [
        (Planned({"read": 0}, 0.0), ["Nothing to do."]),
        (Planned({"read": 60}, 1.0), ["60 files to read", "This would take about 1.0 s; nothing was changed."]),
    ],
)
def test_a_dry_run_says_what_would_be_done(planned: Planned, lines: list[str]) -> None:
    """And that nothing was."""
    assert progress.planned_lines(planned) == lines


def test_only_media_that_could_not_be_read_are_a_failure() -> None:
    """Other files are counted, and links to folders named; neither makes an exit code."""
    finished = Finished(1, 1, 0, {"not media": 3, "linked folder": 1, "truncated": 2})
    assert (finished.unread, finished.not_media) == ({"truncated": 2}, 4)


@pytest.mark.parametrize(
    "event",
    [
        Opened(Path("/照片"), True, "starter", 1),
        Upgraded(Path("/照片"), Path("/照片/catalog.sqlite.revision-0004")),
        Filtered(Path("/照片"), (), ("*.tmp",)),
        Scanned(1, 1, 0, 0.5, (Path("/offline"),)),
        Progress("read", 1, 2, 0.5),
        Skipped(Path("/a\udcff.jpg"), "truncated", "ends early"),
        Published("shared", 12),
        Planned({"read": 1}, 2.0),
        Finished(1, 1, 0, {"truncated": 1}),
    ],
)
def test_every_event_is_one_line_of_json(event: object, capsys: pytest.CaptureFixture[str]) -> None:
    """With its name and all its fields, whatever the file's name."""
    progress.json_events(event)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["event"] == type(event).__name__.lower()
    assert set(json.loads(lines[0])) == {"event", *event.__dataclass_fields__}
