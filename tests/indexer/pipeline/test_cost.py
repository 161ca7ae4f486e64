"""Time left: by what is known of files before they are opened, by what earlier runs took, and by how this one goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.events import Planned, Progress
from indexer.pipeline import meter as meters
from indexer.pipeline.cost import PICTURE_MS, Rates, expected, read_weight, usual_rate
from indexer.pipeline.meter import Meter
from indexer.pipeline.progress import progress_line
from indexer.pipeline.stages import Job, Pipeline, Result
from indexer.sources.base import Candidate, FileState
from retrieval.media.worker import Task, Workers
from retrieval.settings import LIMITS
from tests.fakes import FakeProfile
from tests.world import World


def candidate(name: str, size: int = 1_000_000) -> Candidate:
    return Candidate(name.encode(), FileState(size, 1, 1, 1))


def test_work_is_expected_of_the_steps_that_a_kind_of_file_needs() -> None:
    """A sound is listened to and not looked at; a picture is read for its text; size stands for length."""
    needs = {
        name: {step for step in ("watch", "listen", "transcribe", "ocr") if expected(step, candidate(name)) > 0}
        for name in ("a.mp3", "a.mp4", "a.jpg", "a.txt")
    }
    assert needs == {
        "a.mp3": {"listen", "transcribe"},
        "a.mp4": {"watch", "listen", "transcribe", "ocr"},
        "a.jpg": {"ocr"},
        "a.txt": set(),
    }
    assert expected("listen", candidate("a.mp3", 16_000_000)) == 1_000_000
    assert expected("ocr", candidate("a.jpg")) == PICTURE_MS
    assert read_weight(candidate("a.pdf", 10_000_000)) > 5 * read_weight(candidate("a.mp4", 10_000_000))


def test_rates_are_those_of_earlier_runs_times_how_this_one_goes() -> None:
    """A machine that is half as fast as expected in one step is so in the next; short steps tell nothing."""
    rates = Rates({"listen": 500.0})
    assert (rates.rate("listen"), rates.rate("watch")) == (500.0, usual_rate("watch"))
    rates.measured["read"] = usual_rate("read") * 10 / 2, 10.0
    rates.measured["ocr"] = 1e9, 0.1
    assert rates.rate("listen") == pytest.approx(250.0)
    assert rates.seconds({"listen": 500.0, "watch": usual_rate("watch")}) == pytest.approx(4.0)
    assert rates.learned() == {"listen": 500.0, "read": pytest.approx(usual_rate("read") / 2)}


class Clock:
    """Seconds that a test lets pass."""

    now = 100.0

    def perf_counter(self) -> float:
        return self.now


def test_a_file_that_takes_long_at_the_end_is_not_done_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the time of the whole run has that of the later steps in it."""
    clock = Clock()
    monkeypatch.setattr(meters, "time", clock)
    task = Task(Path("a.png"), "read", "", None, None, LIMITS)
    jobs = [Job(task) for _ in range(11)]
    pipeline = Pipeline(Workers(LIMITS), {}, FakeProfile().transcriber, lambda identity: True, 1)
    meter = Meter("read", jobs, pipeline, Rates({"listen": 10.0, "read": 1.0}), {"listen": 300.0})
    told: list[Progress] = []
    for job in jobs[:10]:
        clock.now += 1.0
        meter.count(Result(job))
    meter.tell(told.append)
    clock.now += 40.0
    meter.tell(told.append)
    assert [round(each.eta_s or 0) for each in told] == [1, 40]
    assert told[0].run_eta_s == pytest.approx(1 + 30)
    assert "ETA 1.0 s, all 31 s" in progress_line(told[0])
    meter.count(Result(jobs[10]))
    clock.now += 1.0
    meter.tell(told.append)
    assert told[-1].eta_s == 0.0


def test_a_run_notes_its_rates_and_a_dry_run_takes_them(world: World) -> None:
    """What would take a known time by the rates of this library is said to."""
    world.sound("a.wav")
    world.index(speech=False)
    with writing(world.home, "test", create=False) as (engine, _), catalog_write.transaction(engine) as connection:
        catalog_write.set_fact(connection, "rates", '{"transcribe": 100.0}')
    world.index(dry_run=True)
    (planned,) = [each for each in world.events if isinstance(each, Planned)]
    assert planned.files["transcribe"] == 1
    assert planned.seconds == pytest.approx(30.0, rel=0.05)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
