"""Writing over HTTP: jobs in a child process, one after the other, told as they go, cancelled, remembered."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import text
from starlette.testclient import TestClient

from indexer import Writer
from indexer.catalog.write import transaction
from indexer.cli.job import PROGRAM
from indexer.pipeline.options import Options
from retrieval import Library
from retrieval.catalog import layout
from retrieval.catalog.engine import open_engine
from retrieval.errors import LibraryUnavailable
from retrieval.service import jobs
from retrieval.service.app import create_app
from retrieval.service.guard import Rules, scope_needed
from retrieval.service.jobs import Jobs
from retrieval.service.keys import add_key, list_keys, revoke_key
from retrieval.service.pause import is_paused
from retrieval.service.store import FileStore, Store
from tests.fakes import FakeProfile

RULES = Rules(frozenset({"localhost"}))
WORKER = """\
import json, os, signal, sys, time
task = json.loads(sys.stdin.readline())
def say(**event):
    print(json.dumps(event), flush=True)
if task["do"] == "rebuild":
    say(event="progress", step="read", done=1, total=2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    open(os.path.join(task["library"], "began"), "w").close()
    while True:
        time.sleep(0.02)
if task["do"] == "remove source":
    lock = os.path.join(task["library"], "locked")
    if os.path.exists(lock):
        os.unlink(lock)
        say(event="failed", what="in use", hint="wait", locked=True)
        sys.exit(1)
say(event="skipped", path="a")
if task["do"] == "index":
    say(event="failed", what="no such folder", hint="give one", locked=False)
    sys.exit(1)
say(event="result", files=3)
"""


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Library]:
    """A library without media."""
    Writer(tmp_path / "library", options=Options(profile=FakeProfile(), ocr=False)).index()
    with Library.open(tmp_path / "library", FakeProfile()) as library:
        yield library


@pytest.fixture
def client(empty: Library, tmp_path: Path) -> Iterator[TestClient]:
    """A service whose jobs are done by WORKER."""
    (tmp_path / "worker.py").write_text(WORKER)
    app = create_app(empty, RULES, (sys.executable, str(tmp_path / "worker.py")))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it has ended, from its events."""
    with client.stream("GET", f"/v1/jobs/{job['id']}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line.startswith("data: ")]
    assert told[-1] == client.get(f"/v1/jobs/{job['id']}").json()
    return told[-1]


def test_a_job_is_done_and_remembered(client: TestClient, empty: Library) -> None:
    """202 with its address; its end and its result; a later service knows it still."""
    sent = client.delete("/v1/sources", params={"folder": "/photos"})
    assert sent.status_code == 202
    assert sent.headers["location"] == f"/v1/jobs/{sent.json()['id']}"
    done = ended(client, sent.json())
    assert (done["state"], done["result"], done["skipped"]) == ("done", {"files": 3}, 1)
    with TestClient(create_app(empty, RULES, ("false",)), base_url="http://localhost") as later:
        assert later.get("/v1/jobs").json()["jobs"] == [done]


def test_a_job_that_fails_says_why(client: TestClient) -> None:
    """As the error family has it."""
    done = ended(client, client.post("/v1/index", json={"folders": ["/nowhere"]}).json())
    assert done["state"] == "failed"
    assert done["problem"] == {"what": "no such folder", "hint": "give one"}


def test_a_program_that_cannot_be_started_is_told(empty: Library) -> None:
    """And the service goes on."""
    with TestClient(create_app(empty, RULES, ("/no/such/program",)), base_url="http://localhost") as client:
        for _ in range(2):
            assert ended(client, client.post("/v1/index", json={}).json())["state"] == "failed"


def test_nothing_is_done_of_a_job_that_cannot_be_kept(empty: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where services share a store that is away: whoever asked is told so, and what was sent is not left behind."""

    def put(*_: object) -> None:
        raise LibraryUnavailable("the server cannot be reached", "start it")

    monkeypatch.setattr(FileStore, "is_shared", property(lambda _: True))
    monkeypatch.setattr(FileStore, "put", put)
    with TestClient(create_app(empty, RULES, ("false",)), base_url="http://localhost") as client:
        assert client.post("/v1/index", json={}).status_code == 503
        assert client.post("/v1/assets", files={"file": ("a.txt", b"a lighthouse")}).status_code == 503
        assert client.get("/v1/jobs").json()["jobs"] == []
    assert not [each for each in layout.added(empty.path).rglob("*") if each.is_file()]


def test_a_library_in_use_is_waited_for(client: TestClient, empty: Library) -> None:
    """The job tries again when another process has ended its run."""
    (empty.path / "locked").touch()
    done = ended(client, client.delete("/v1/sources", params={"folder": "/photos"}).json())
    assert done["state"] == "done"
    assert not (empty.path / "locked").exists()


def test_jobs_follow_each_other_and_are_cancelled(client: TestClient, empty: Library) -> None:
    """What waits at once, what runs when its program has ended."""
    first = client.post("/v1/rebuild", json={}).json()
    second = client.delete("/v1/sources", params={"folder": "/photos"}).json()
    third = client.delete("/v1/sources", params={"folder": "/other"}).json()
    while not (empty.path / "began").exists():
        time.sleep(0.02)
    assert client.delete(f"/v1/jobs/{second['id']}").json()["state"] == "cancelled"
    assert client.delete(f"/v1/jobs/{first['id']}").status_code == 202
    assert ended(client, first)["state"] == "cancelled"
    assert ended(client, third)["state"] == "done"
    assert client.get(f"/v1/jobs/{second['id']}").json()["state"] == "cancelled"


def test_the_end_of_the_service_ends_its_job(empty: Library, tmp_path: Path) -> None:
    """No child is left behind."""
    (tmp_path / "worker.py").write_text(WORKER)
    app = create_app(empty, RULES, (sys.executable, str(tmp_path / "worker.py")))
    with TestClient(app, base_url="http://localhost") as client:
        job = client.post("/v1/rebuild", json={}).json()
        while not (empty.path / "began").exists():
            time.sleep(0.02)
    kept = FileStore(empty.path).get("job", job["id"])
    assert kept is not None
    assert kept["state"] == "cancelled"


def test_many_jobs_are_refused(client: TestClient) -> None:
    """429 with a time to come again."""
    client.post("/v1/rebuild", json={})
    answers = [client.post("/v1/index", json={}) for _ in range(100)]
    assert (answers[-1].status_code, answers[-1].headers["retry-after"]) == (429, "60")
    assert answers[0].status_code == 202


def test_a_service_without_a_writer_only_reads(empty: Library) -> None:
    """The places are not there."""
    with TestClient(create_app(empty, RULES), base_url="http://localhost") as client:
        assert client.post("/v1/index", json={}).status_code == 404
        assert client.get("/v1/jobs").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("../x.png", b"", 422),
        (".x.png", b"", 422),
        ("x.png", b"no picture", 422),
        ("x.exe", b"MZ" + bytes(100), 422),
        ("a" * 300 + ".png", b"", 422),
        ("a\\b.png", b"", 422),
    ],
)
def test_what_is_no_medium_is_not_taken(
    client: TestClient, empty: Library, name: str, content: bytes, status: int
) -> None:
    """Nothing of it stays."""
    answer = client.post("/v1/assets", files={"file": (name, content)})
    assert answer.status_code == status, answer.text
    assert str(empty.path) not in answer.text
    assert not list((empty.path / "incoming").glob("*")) if (empty.path / "incoming").exists() else True


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/assets/x/media", "read"),
        ("POST", "/v1/search", "read"),
        ("POST", "/v1/segments/x/explain.png", "read"),
        ("POST", "/v1/searchx", "write"),
        ("POST", "/v1/assets", "write"),
        ("DELETE", "/v1/assets/x", "write"),
        ("DELETE", "/v1/search", "write"),
        ("DELETE", "/v1/sources", "admin"),
        ("POST", "/v1/rebuild", "admin"),
    ],
)
def test_every_request_needs_a_scope(method: str, path: str, scope: str) -> None:
    """Questions are sent by POST and change nothing."""
    assert scope_needed(method, path) == scope


def test_a_key_does_what_it_is_for(empty: Library, tmp_path: Path) -> None:
    """A key to read does not write; one to write names no files of the server's machine."""
    rules = Rules(frozenset({"localhost"}), lambda: list_keys(tmp_path))
    keys = {scopes: add_key(tmp_path, "-".join(scopes), scopes) for scopes in (("read",), ("read", "write"))}
    with TestClient(create_app(empty, rules, ("false",)), base_url="http://localhost") as client:

        def status(scopes: tuple[str, ...], method: str, path: str, **sent: Any) -> int:
            headers = {"Authorization": f"Bearer {keys[scopes]}"}
            return client.request(method, path, headers=headers, **sent).status_code

        assert status(("read",), "POST", "/v1/index", json={}) == 403
        assert status(("read",), "GET", "/v1/jobs") == 200
        assert status(("read", "write"), "POST", "/v1/index", json={}) == 202
        assert status(("read", "write"), "POST", "/v1/index", json={"folders": ["/"]}) == 403
        assert status(("read", "write"), "POST", "/v1/assets", json={"path": "/etc/passwd"}) == 403
        assert status(("read", "write"), "POST", "/v1/rebuild", json={}) == 403


def test_a_file_is_taken_found_and_forgotten(tmp_path: Path) -> None:
    """By the program that really does it: sent, indexed, found by its own words and as a picture, forgotten, deleted."""
    home = tmp_path / "library"
    Writer(home, options=Options(ocr=False)).index()
    picture = tmp_path / "red.png"
    Image.new("RGB", (64, 48), (200, 30, 30)).save(picture)
    with (
        Library.open(home) as library,
        TestClient(create_app(library, RULES, PROGRAM), base_url="http://localhost") as client,
    ):
        sent = {"text": "the zanzibar account", "keywords": "red\nsquare"}
        job = client.post("/v1/assets", files={"file": ("red.png", picture.read_bytes())}, data=sent).json()
        done = ended(client, job)
        assert done["state"] == "done", done
        asset = done["result"]["asset"]
        assert not list((home / "incoming").iterdir())
        hits = client.post("/v1/search", json={"query": "zanzibar"}).json()["hits"]
        assert [each["asset"] for each in hits] == [asset]
        assert client.get(f"/v1/assets/{asset}/media").content == picture.read_bytes()
        assert ended(client, client.delete(f"/v1/assets/{asset}").json())["result"] == {"files": 1}
        assert client.get(f"/v1/assets/{asset}").status_code == 404
        assert not list((home / "added").rglob("*.png"))


def test_following_is_paused_and_resumed(empty: Library) -> None:
    """For every process that follows the library; a service says whether it does itself."""
    began = threading.Event()

    async def beside(home: Path, jobs: Jobs, store: Store) -> None:
        began.set()
        await asyncio.Event().wait()

    with TestClient(create_app(empty, RULES, ("false",), beside=beside), base_url="http://localhost") as client:
        assert began.wait(60)
        assert client.get("/v1/watch").json() == {"version": 1, "watching": True, "paused": False}
        assert client.put("/v1/watch", json={"paused": True}).json()["paused"]
        assert is_paused(FileStore(empty.path))
        assert client.put("/v1/watch", json={"paused": 1}).status_code == 422
    with TestClient(create_app(empty, RULES, ("false",)), base_url="http://localhost") as client:
        assert client.get("/v1/watch").json() == {"version": 1, "watching": False, "paused": True}
        assert not client.put("/v1/watch", json={"paused": False}).json()["paused"]


def test_keys_jobs_and_searches_change_while_a_run_holds_the_catalog(empty: Library) -> None:
    """They lie beside it: nothing waits for a writer."""
    engine = open_engine(empty.path, write=True)
    rules = replace(RULES, keys=lambda: list_keys(empty.path))
    with (
        transaction(engine) as held,
        TestClient(create_app(empty, rules, ("false",)), base_url="http://localhost") as client,
    ):
        held.execute(text("UPDATE runs SET command = command"))
        key = add_key(empty.path, "a", ("read", "write"))
        client.headers["Authorization"] = f"Bearer {key}"
        saved = client.post("/v1/searches", json={"name": "Dogs", "query": {"query": "dog"}})
        assert saved.status_code == 201
        assert client.put("/v1/watch", json={"paused": True}).status_code == 200
        assert ended(client, client.post("/v1/index", json={}).json())["state"] == "failed"
        assert client.delete(f"/v1/searches/{saved.json()['id']}").status_code == 204
        revoke_key(empty.path, "a")
        assert client.get("/v1/searches").status_code == 401
    engine.dispose()


def test_the_last_ones_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as should be, also of earlier services: those that ended first go."""
    monkeypatch.setattr(jobs, "MOST_KEPT", 3)
    store = FileStore(tmp_path)

    async def run(count: int) -> list[str]:
        own = Jobs(("false",), tmp_path, store)
        for _ in range(count):
            job = await own.add({"do": "index"})
            assert job is not None
            async for _ in own.follow(job):
                pass
        return [each.id for each in await own.all()]

    first, second = asyncio.run(run(2)), asyncio.run(run(5))
    assert len(first) == 2
    assert len(second) == 4  # the last one has ended since
    assert [each["id"] for each in store.all("job")] == second
    assert first[1] not in second


class SlowStore(FileStore):
    """One that answers when it is let; shared, with a clock of its own."""

    def __init__(self, library: Path) -> None:
        super().__init__(library)
        self.let = threading.Event()
        self.clock = 1_000.0

    @property
    def is_shared(self) -> bool:
        return True

    def now(self) -> float:
        return self.clock

    def all(self, kind: str) -> list[dict[str, Any]]:
        assert self.let.wait(10)
        return super().all(kind)


def test_the_service_answers_while_the_store_does_not(tmp_path: Path) -> None:
    """What asks it waits in a thread; as many jobs as may wait are taken, also where they come at once."""
    store = SlowStore(tmp_path)

    async def run() -> list[str]:
        own = Jobs((sys.executable, "-c", "pass"), tmp_path, store)
        asked = [asyncio.create_task(own.add({"do": "index"})) for _ in range(jobs.MOST_WAITING + 1)]
        asyncio.get_running_loop().call_later(0.01, store.let.set)  # never called by a loop that waits
        taken = [job.id for job in await asyncio.gather(*asked) if job is not None]
        await own.close()
        return taken

    assert len(asyncio.run(run())) == jobs.MOST_WAITING


def test_a_job_is_lost_by_the_clock_of_the_store(tmp_path: Path) -> None:
    """Not by those of the services, which may differ."""
    store = SlowStore(tmp_path)
    store.put("job", "a", {"id": "a", "task": {}, "state": "running", "told_at": store.clock - jobs.LOST_S})
    other = Jobs((), tmp_path, store)

    def state() -> str:
        found = asyncio.run(other.get("a"))
        assert found is not None
        return found.state

    assert state() == "running"
    store.clock += 1.0
    assert state() == "failed"


class AwayStore(SlowStore):
    """One that cannot be reached for a while."""

    is_away = False

    def get(self, kind: str, name: str) -> dict[str, Any] | None:
        if self.is_away:
            raise LibraryUnavailable("the server is away", "start it")
        return super().get(kind, name)


def test_who_follows_a_job_of_another_service_outlives_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is away nothing is told; the end of the job is, once it is back."""
    monkeypatch.setattr(jobs, "TELL_S", 0.01)
    store = AwayStore(tmp_path)
    store.put("job", "a", {"id": "a", "task": {}, "state": "running", "told_at": store.clock})

    async def run() -> list[Any]:
        other = Jobs((), tmp_path, store)
        job = await other.get("a")
        assert job is not None
        told = other.follow(job)
        first = await anext(told)
        store.is_away = True
        away = [await anext(told), await anext(told)]
        store.is_away = False
        store.put("job", "a", {"id": "a", "task": {}, "state": "done", "ended_at": "2026-01-01T00:00:00"})
        ends = [each async for each in told if each is not None]
        return [first and first["state"], *away, *(each["state"] for each in ends)]

    assert asyncio.run(run()) == ["running", None, None, "done"]
