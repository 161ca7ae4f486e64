"""Several services of one library on a server: they know each other's jobs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from retrieval.catalog.documents import CatalogStore
from retrieval.service import jobs
from retrieval.service.jobs import Job, Jobs
from retrieval.service.store import store_of
from tests.scale.postgresql import Server, settings

CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"


def test_a_store_on_a_server(server: Server, tmp_path: Path) -> None:
    """Documents are replaced in their place, of any text, and gone when they are deleted; a copy of the settings file has
    the same ones."""
    settings(tmp_path, server.library(tmp_path))
    kept = store_of(tmp_path)
    assert isinstance(kept, CatalogStore)
    assert (kept.get("job", "a"), kept.all("job"), kept.delete("job", "a")) == (None, [], False)
    kept.put("job", "b", {"said": "a\x00\ud800"})
    kept.put("job", "a", {})
    kept.put("search", "c", {})
    kept.put("job", "b", {"said": "b"})
    other = tmp_path / "other"
    settings(other, server.library(tmp_path))
    assert store_of(other).all("job") == [{"said": "b"}, {}]
    before, now, after = server.execute(CLOCK), kept.now(), server.execute(CLOCK)
    assert before[0] <= (now,) <= after[0]
    assert kept.delete("job", "b")
    assert store_of(other).get("job", "b") is None


@pytest.mark.parametrize("asks", ["cancel", "close", "lose"])
def test_services_know_of_each_others_jobs(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asks: str
) -> None:
    """While they are under way; one is cancelled through another service, or because its service ends, and has failed
    where that ended without a word."""
    monkeypatch.setattr(jobs, "TELL_S", 0.05)
    monkeypatch.setattr(jobs, "PATIENCE_S", 60.0)  # else a full machine cuts off the last word of a job
    settings(tmp_path, server.library(tmp_path))

    async def run() -> Job | None:
        own, other = Jobs(("sleep", "600"), tmp_path, store_of(tmp_path)), Jobs((), tmp_path, store_of(tmp_path))
        job, waiting = await own.add({"do": "index"}), await own.add({"do": "rebuild"})
        assert job is not None
        assert waiting is not None
        assert [each.id for each in await other.all()] == [job.id, waiting.id]
        while await state_of(other, job.id) != "running":  # noqa: ASYNC110 - it is another service's
            await asyncio.sleep(0.01)
        if asks == "cancel":
            known = await other.get(job.id)
            assert known is not None
            await other.cancel(known)
            async for report in other.follow(known):
                assert report is None or report["id"] == job.id
        elif asks == "lose":
            monkeypatch.setattr(jobs, "LOST_S", -1.0)
        found = None if asks == "close" else await other.get(job.id)
        await own.close()
        assert await state_of(other, waiting.id) == "cancelled"
        return found or await other.get(job.id)

    found = asyncio.run(run())
    assert found is not None
    assert found.state == ("failed" if asks == "lose" else "cancelled")
    assert found.ended_at is not None


async def state_of(jobs_: Jobs, name: str) -> Any:
    """Of a job, as a service has it."""
    found = await jobs_.get(name)
    return found and found.state
