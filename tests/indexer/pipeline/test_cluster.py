"""indexer.pipeline.cluster, without a cluster: how work is cut, and what is missing. The rest is in tests/scale/test_ray.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from indexer.events import Finished
from indexer.pipeline.cluster import MOST_JOBS, MOST_S, ROUNDS, parts
from indexer.pipeline.cost import usual_rate
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from indexer.pipeline.stages import Job
from indexer.pipeline.steps import task_of
from retrieval.domain.media import Step
from retrieval.errors import InstallationError, LibraryError
from retrieval.settings import LIMITS
from tests.fakes import FakeProfile


def jobs(count: int, weight: float, step: Step = "read") -> list[Job]:
    return [Job(task_of(step, Path(f"/{at}"), None, None, LIMITS), at, weight) for at in range(count)]


@pytest.mark.parametrize("machines", [0, 1, 3])
def test_each_machine_has_several_batches_of_the_same_work(machines: int) -> None:
    """In order, none left out, even before a machine is known."""
    given = [*jobs(60, 0.1), *jobs(4, 1.5)]
    cut = list(parts(given, machines))
    assert [job for part in cut for job in part] == given
    assert len(cut) > ROUNDS * max(machines, 1) // 2
    share = sum(job.weight for job in given) / (ROUNDS * max(machines, 1))
    assert all(sum(job.weight for job in part[:-1]) < share for part in cut)


def test_no_batch_is_long() -> None:
    """Neither in files nor in time, for it is done again where its machine is lost; a long film is alone."""
    assert max(map(len, parts(jobs(5_000, 0.001), 1))) == MOST_JOBS
    hour = MOST_S * usual_rate("watch")
    assert [len(part) for part in parts(jobs(3, hour, "watch"), 1)] == [1, 1, 1]
    assert list(parts([], 2)) == []


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one text, where neither Ray nor a cluster is known."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "a.txt").write_text("lighthouse")
    return folder


def run(media: Path, workers: str) -> Finished:
    """An index run by these workers."""
    home = media.parent / "home"
    home.mkdir(exist_ok=True)
    (home / "crossmedia.toml").write_text(f'workers = "{workers}"\n')
    return index_folders([media], library=home, options=Options(profile=FakeProfile(), speech=False))


def test_a_missing_extra_is_named(media: Path) -> None:
    """When there is work for it: a run that finds nothing new needs no cluster."""
    with pytest.raises(InstallationError, match="the package ray is not installed") as caught:
        run(media, "ray")
    assert "crossmedia[ray]" in caught.value.hint
    assert run(media, "local").indexed == 1
    assert run(media, "ray").indexed == 0


@pytest.mark.parametrize("address", ["ray://127.0.0.1:1", "ray://nowhere"])
def test_a_cluster_that_is_not_there_is_named_at_once(media: Path, address: str) -> None:
    """Ray would ask for minutes."""
    with pytest.raises(LibraryError, match=f"no Ray cluster answers at {address[6:]}"):
        run(media, address)
