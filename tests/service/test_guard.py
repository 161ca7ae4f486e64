"""Requests that are refused before anything of them is read: other hosts, other sites, no key, too large, too many."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from retrieval import Library
from retrieval.errors import LibraryDamaged, LibraryError, QueryError
from retrieval.service import app as service_app
from retrieval.service.app import create_app
from retrieval.service.guard import HEADERS, Rules, is_loopback
from retrieval.service.keys import add_key, list_keys, owner, revoke_key
from tests.service.conftest import HOST

ASKED = {"query": "a cat", "limit": 1}


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "localhost.evil.example", "", "127.0.0.1:8765", "[::1]"]
)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    """A name that was bent to loopback by its owner's DNS reaches nothing."""
    answer = client.post("/v1/search", json=ASKED, headers={"Host": host})
    assert answer.status_code == 421
    assert "hits" not in answer.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "http://localhost:1", "file://"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_site_is_refused(client: TestClient, origin: str, method: str) -> None:
    """Also where it only reads; and it is not told that it may."""
    answer = client.request(method, "/v1/stats", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_the_services_own_origin_may_ask(client: TestClient) -> None:
    """A page that the service itself serves."""
    assert client.get("/v1/stats", headers={"Origin": f"http://{HOST}:8765"}).status_code == 200


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    """Refusals too."""
    for answer in (client.get("/v1/stats"), client.get("/v1/stats", headers={"Host": "x"}), client.get("/nothing")):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("length", ["9" * 30, "-1", "1e3", "70000", "٣"])
def test_a_body_that_says_it_is_too_large_is_refused(client: TestClient, length: str) -> None:
    """Before it is read."""
    raw = {b"content-length": length.encode()}
    answer = client.post("/v1/search", content=b"{}", headers={**raw, b"content-type": b"application/json"})
    assert answer.status_code == 413


def test_a_body_that_grows_is_cut_off(client: TestClient) -> None:
    """One that does not say how long it is ends at the limit."""

    def endless() -> Iterator[bytes]:
        yield b'{"query": "'
        for _ in range(1000):
            yield b"a" * 1000

    answer = client.post("/v1/search", content=endless(), headers={"Content-Type": "application/json"})
    assert answer.status_code >= 400


def test_no_state_is_changed_by_any_method(client: TestClient) -> None:
    """The service only reads."""
    for method in ("PUT", "DELETE", "PATCH"):
        assert client.request(method, "/v1/search").status_code == 405


@pytest.fixture
def keyed(served: Library, tmp_path: Path) -> Iterator[TestClient]:
    """A service that asks for keys, kept in `tmp_path`."""
    rules = Rules(frozenset({HOST}), partial(list_keys, tmp_path))
    with TestClient(create_app(served, rules), base_url=f"http://{HOST}") as client:
        yield client


def test_a_key_opens_until_it_is_revoked(keyed: TestClient, tmp_path: Path) -> None:
    """At the next request; health needs none."""
    assert keyed.get("/healthz").status_code == 200
    refused = keyed.post("/v1/search", json=ASKED)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    secret = add_key(tmp_path, "phone")
    with_key = {"Authorization": f"Bearer {secret}"}
    assert keyed.post("/v1/search", json=ASKED, headers=with_key).status_code == 200
    for wrong in (f"Bearer {secret}x", f"Basic {secret}", "Bearer ", secret, f"Bearer {secret[:-1]}"):
        assert keyed.get("/v1/stats", headers={"Authorization": wrong}).status_code == 401
    revoke_key(tmp_path, "phone")
    assert keyed.get("/v1/stats", headers=with_key).status_code == 401


def test_keys_are_kept_as_digests(tmp_path: Path) -> None:
    """The file holds nothing that opens, and only its owner reads it."""
    secret = add_key(tmp_path, "phone")
    file = tmp_path / "keys.json"
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    found = owner(secret, list_keys(tmp_path))
    assert found is not None
    assert (found.name, found.scopes) == ("phone", ("read",))
    with pytest.raises(LibraryError, match="a key phone already"):
        add_key(tmp_path, "phone")
    with pytest.raises(QueryError, match="cannot be a key's name"):
        add_key(tmp_path, "a b")
    with pytest.raises(QueryError, match="no key tablet"):
        revoke_key(tmp_path, "tablet")
    file.write_text("[1]")
    with pytest.raises(LibraryDamaged, match=r"keys\.json"):
        list_keys(tmp_path)


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False), ("::", False)],
)
def test_loopback_is_this_machine_alone(host: str, own: bool) -> None:
    """Every other address can be reached from elsewhere."""
    assert is_loopback(host) is own


@pytest.mark.parametrize(("queued", "again"), [(0, "1"), (1, "5")])
def test_more_than_can_be_answered_are_told_to_come_again(
    served: Library, monkeypatch: pytest.MonkeyPatch, queued: int, again: str
) -> None:
    """At once where the queue is full, after a while where it does not move; who was there before is answered."""
    leave, inside = threading.Event(), threading.Event()
    own = Library.status

    def slow(self: Library) -> object:
        inside.set()
        leave.wait(60)
        return own(self)

    monkeypatch.setattr(Library, "status", slow)
    rules = Rules(frozenset({HOST}), at_once=1, queued=queued, wait_s=0.05)
    with (
        TestClient(create_app(served, rules), base_url=f"http://{HOST}") as client,
        ThreadPoolExecutor() as threads,
    ):
        first = threads.submit(client.get, "/v1/stats")
        assert inside.wait(60)
        refused = client.get("/v1/stats")
        assert client.get("/healthz").status_code == 200
        leave.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, again)
        assert first.result().status_code == 200
        assert client.get("/v1/stats").status_code == 200  # the place is free again


def test_a_service_that_stops_answers_whoever_waits(served: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """By 503, what is under way a little later, although its work goes on."""
    leave, inside = threading.Event(), threading.Event()

    def slow(self: Library) -> object:
        inside.set()
        leave.wait(600)
        raise LibraryError("nobody is told")

    monkeypatch.setattr(Library, "status", slow)
    monkeypatch.setattr(service_app, "GRACE_S", 0.0)
    rules = Rules(frozenset({HOST}), at_once=1, queued=1, wait_s=600.0, work_s=600.0)
    app = create_app(served, rules)
    with TestClient(app, base_url=f"http://{HOST}") as client, ThreadPoolExecutor() as threads:
        try:
            first = threads.submit(client.get, "/v1/stats")
            assert inside.wait(60)
            second = threads.submit(client.get, "/v1/stats")
            while "crossmedia_questions_inside 2" not in client.get("/metrics").text:
                time.sleep(0.01)
            assert client.portal is not None
            client.portal.call(app.state.ending["close"])
            for each in (first, second):
                assert (each.result(600).status_code, "stopping" in each.result().text) == (503, True)
            assert client.get("/v1/stats").status_code == 503
        finally:
            leave.set()
