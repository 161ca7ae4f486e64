"""Saved searches: kept, changed and forgotten; a webhook is told once of what is new, also after a restart, and signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval import Library
from retrieval.domain.media import Metadata
from retrieval.service import app, news
from retrieval.service.app import create_app, make_service
from retrieval.service.guard import Rules, scope_needed
from retrieval.service.keys import add_key, list_keys
from retrieval.service.store import FILE, FileStore
from tests.building import Builder, Thing
from tests.fakes import FakeProfile

QUESTION = "violet boat"
KEYS = {"read": ["read"], "write": ["read", "write"]}
DOGS = {"name": "Dogs", "query": {"query": "dog in:image", "filters": {"near": [1.0, 2.0, 3.0]}, "limit": 5}}


@dataclass
class Receiver:
    """A program on this machine that takes messages, and answers the statuses it is told, else 204."""

    host: str = ""
    got: queue.Queue[tuple[str, dict[str, str], bytes]] = field(default_factory=queue.Queue)
    answers: list[int] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook"

    def hits(self) -> list[str]:
        """The names of the files of the next message."""
        _, _, body = self.got.get(timeout=60)
        return [Path(each["path"]).name for each in json.loads(body)["data"]["hits"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.send_response(told.answers.pop(0) if told.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            told.got.put((self.path, headers, body))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        told.host = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def picture(name: str, shows: str = QUESTION) -> Thing:
    return Thing(name, Metadata("image", format="jpeg"), [("image", shows)])


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builder]:
    """A library with one picture that answers, and one that does not."""
    monkeypatch.setattr(news, "LOOK_S", 0.05)
    built = Builder(tmp_path / "library")
    built.add(picture("old.jpg"), picture("green.jpg", "green tree"))
    built.publish()
    yield built
    built.close()


@contextmanager
def served(builder: Builder, *hosts: str) -> Iterator[TestClient]:
    rules = Rules(frozenset({"localhost"}), webhook_hosts=frozenset(hosts))
    with (
        Library.open(builder.home, FakeProfile()) as library,
        TestClient(create_app(library, rules), base_url="http://localhost") as client,
    ):
        yield client


def saved(client: TestClient, url: str, query: str = QUESTION) -> dict[str, Any]:
    """A search with a webhook."""
    answer = client.post("/v1/searches", json={"name": "Boats", "query": {"query": query}, "webhook": {"url": url}})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def wait(client: TestClient, name: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The webhook of a search, when it is as it should be."""
    end = time.monotonic() + 60
    while not fits(hook := client.get(f"/v1/searches/{name}").json()["webhook"]):
        assert time.monotonic() < end, hook
        time.sleep(0.02)
    found: dict[str, Any] = hook
    return found


def test_kept_changed_and_forgotten(builder: Builder) -> None:
    """As they were sent, in their order, also by a later service; the kept body asks the same."""
    with served(builder) as client:
        made = client.post("/v1/searches", json=DOGS)
        assert made.status_code == 201
        own = made.json()
        assert made.headers["location"] == f"/v1/searches/{own['id']}"
        assert (own["name"], own["query"], own["webhook"]) == (DOGS["name"], DOGS["query"], None)
        other = client.post("/v1/searches", json={"name": "All", "query": {"query": QUESTION}}).json()
        changed = client.put(f"/v1/searches/{own['id']}", json=DOGS | {"name": "Hounds"})
        assert changed.json() == own | {"name": "Hounds"}
    with served(builder) as client:
        items = client.get("/v1/searches").json()["items"]
        assert [each["name"] for each in items] == ["Hounds", "All"]
        assert client.post("/v1/search", json=items[0]["query"]).status_code == 200
        assert len(client.post("/v1/search", json=other["query"]).json()["hits"]) == 1
        assert client.delete(f"/v1/searches/{own['id']}").status_code == 204
        assert client.get(f"/v1/searches/{own['id']}").status_code == 404
        assert client.delete(f"/v1/searches/{own['id']}").status_code == 404
        assert client.put(f"/v1/searches/{own['id']}", json=DOGS).status_code == 404
        assert [each["name"] for each in client.get("/v1/searches").json()["items"]] == ["All"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"name": "x", "query": {"query": "dog AND"}}, 400),
        ({"name": "x", "query": {"query": "image:/etc/passwd"}}, 400),
        ({"name": "x", "query": {}}, 400),
        ({"name": " ", "query": {"query": "dog"}}, 422),
        ({"name": "x"}, 422),
        ({"name": "x", "query": {"query": "dog", "cursor": "x"}}, 422),
        ({"name": "x", "query": {"query": "dog"}, "more": 1}, 422),
    ],
)
def test_what_cannot_be_asked_is_not_kept(builder: Builder, sent: dict[str, Any], status: int) -> None:
    """A question that cannot be read says where."""
    with served(builder) as client:
        assert client.post("/v1/searches", json=sent).status_code == status
        assert client.get("/v1/searches").json()["items"] == []


def test_saving_needs_the_right_to_write() -> None:
    """Reading them does not."""
    assert scope_needed("POST", "/v1/searches") == "write"
    assert scope_needed("DELETE", "/v1/searches/x") == "write"
    assert scope_needed("GET", "/v1/searches") == "read"


def test_only_what_is_new_and_sure_is_told_and_once(builder: Builder, receiver: Receiver) -> None:
    """Signed by the secret that is shown when the search is saved and never again; the file that holds it is private."""
    with served(builder, receiver.host) as client:
        made = saved(client, receiver.url)
        secret = made["webhook"]["secret"]
        builder.add(picture("new.jpg"), picture("other.jpg", "grey stone"))
        path, headers, body = receiver.got.get(timeout=60)
        message = json.loads(body)
        assert path == "/hook"
        assert [Path(each["path"]).name for each in message["data"]["hits"]] == ["new.jpg"]
        assert message["data"]["search"] == {"id": made["id"], "name": "Boats"}
        key = base64.b64decode(secret.removeprefix("whsec_"))
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mark = base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mark}"
        builder.add(picture("third.jpg"))
        assert receiver.hits() == ["third.jpg"]
        wait(client, made["id"], lambda hook: hook["delivered_at"] and not hook["waiting"])
        assert secret not in client.get("/v1/searches").text
        changed = client.put(f"/v1/searches/{made['id']}", json={"name": "B", "query": {"query": QUESTION}})
        assert changed.json()["webhook"] is None
    assert receiver.got.empty()
    assert (builder.home / FILE).stat().st_mode & 0o077 == 0


def test_what_is_refused_is_tried_again_after_a_restart(
    builder: Builder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the service that comes after; a redirect is followed nowhere; the message keeps its id."""
    receiver.answers = [302]
    with served(builder, receiver.host) as client:
        made = saved(client, receiver.url)
        builder.add(picture("new.jpg"))
        first = receiver.got.get(timeout=60)
        hook = wait(client, made["id"], lambda hook: hook["problem"])
        assert (hook["problem"], hook["waiting"]) == ("the webhook answers 302", 1)
    builder.add(picture("later.jpg"))  # while nobody looks
    store = FileStore(builder.home)
    (kept,) = store.all("message")
    assert kept["next_at"] > time.time()
    store.put("message", kept["id"], kept | {"next_at": 0.0})
    with served(builder, receiver.host) as client:
        again = receiver.got.get(timeout=60)
        assert (again[1]["webhook-id"], again[2]) == (first[1]["webhook-id"], first[2])
        assert receiver.hits() == ["later.jpg"]
        hook = wait(client, made["id"], lambda hook: not hook["waiting"])
        assert hook["problem"] is None
    assert store.all("message") == []
    assert receiver.got.empty()


def test_a_message_that_nobody_takes_is_given_up(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a day and a half, and the search says so."""
    monkeypatch.setattr(news, "PAUSES_S", (0.0, 0.0))
    with served(builder, "127.0.0.1:9") as client:  # discard: nobody listens
        made = saved(client, "http://127.0.0.1:9/")
        builder.add(picture("new.jpg"))
        hook = wait(client, made["id"], lambda hook: hook["problem"] and not hook["waiting"])
        assert hook["problem"] == "the webhook cannot be reached"
        assert hook["delivered_at"] is None
    assert FileStore(builder.home).all("message") == []


def test_other_models_make_nothing_new(builder: Builder, receiver: Receiver) -> None:
    """A rebuild by others encodes all anew: vectors come, but no pictures."""
    with served(builder, receiver.host) as client:
        made = saved(client, receiver.url)
        store = FileStore(builder.home)
        before = store.get("webhook", made["id"])
        with catalog_write.transaction(builder.engine) as connection:
            catalog_vectors.put_space(connection, builder.profile.space("sound"), live=True)
            builder.write(connection, picture("encoded-anew.jpg"))
        wait(client, made["id"], lambda hook: store.get("webhook", made["id"]) != before)
        builder.add(picture("new.jpg"))
        assert receiver.hits() == ["new.jpg"]


def test_a_forgotten_search_is_told_nothing(builder: Builder, receiver: Receiver) -> None:
    """Nor is what waited for it."""
    receiver.answers = [500]
    with served(builder, receiver.host) as client:
        made = saved(client, receiver.url)
        builder.add(picture("new.jpg"))
        receiver.got.get(timeout=60)
        wait(client, made["id"], lambda hook: hook["waiting"] == 1 and hook["problem"])
        client.delete(f"/v1/searches/{made['id']}")
    store = FileStore(builder.home)
    assert [store.all(kind) for kind in ("search", "webhook", "message")] == [[], [], []]


def test_what_is_forgotten_while_it_is_noted_stays_forgotten(builder: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook that is dropped between the reading and the writing of what is known of it does not come back."""
    store = FileStore(builder.home)
    dropping: list[threading.Thread] = []
    with Library.open(builder.home, FakeProfile()) as library:
        service = make_service(library, Rules(frozenset()))
        told = news.News(service, store, frozenset())
        told.tell_at("a", "https://hooks.example.com/")
        real = store.get

        def get(kind: str, name: str) -> dict[str, Any] | None:
            found = real(kind, name)
            dropping.append(threading.Thread(target=told.tell_no_more, args=("a",)))
            dropping[0].start()
            dropping[0].join(0.1)  # it waits for what reads here, or is done
            return found

        monkeypatch.setattr(store, "get", get)
        told._note("a", problem="x")
        dropping[0].join()
        told.close()
        service.close()
    assert store.all("webhook") == []


def test_a_search_that_cannot_be_read_keeps_no_other_from_being_told(builder: Builder, receiver: Receiver) -> None:
    """As one that another version has kept; it says so."""
    with served(builder, receiver.host) as client:
        odd = saved(client, receiver.url)
        store = FileStore(builder.home)
        kept = store.get("search", odd["id"])
        assert kept is not None
        store.put("search", odd["id"], kept | {"query": {"query": QUESTION, "unheard": 1}})
        saved(client, receiver.url)
        builder.add(picture("new.jpg"))
        assert receiver.hits() == ["new.jpg"]
        hook = wait(client, odd["id"], lambda hook: hook["problem"])
        assert hook["problem"] == "this version cannot read the saved search"


def test_a_key_that_only_reads_is_not_shown_the_token_in_an_address(builder: Builder) -> None:
    """Its scheme, host and port remain; who may write, sees what was saved."""
    url = "http://127.0.0.1:9/hooks/token?also=this"
    secrets = {scope: add_key(builder.home, scope, scopes) for scope, scopes in KEYS.items()}
    rules = Rules(frozenset({"localhost"}), partial(list_keys, builder.home), webhook_hosts=frozenset({"127.0.0.1:9"}))
    with (
        Library.open(builder.home, FakeProfile()) as library,
        TestClient(create_app(library, rules), base_url="http://localhost") as client,
    ):
        for scope, shown in (("write", url), ("read", "http://127.0.0.1:9")):
            client.headers["Authorization"] = f"Bearer {secrets[scope]}"
            if scope == "write":
                made = saved(client, url)
            (listed,) = client.get("/v1/searches").json()["items"]
            assert listed["webhook"]["url"] == shown
            assert client.get(f"/v1/searches/{made['id']}").json()["webhook"]["url"] == shown


def test_looking_goes_on_after_an_unexpected_error(
    builder: Builder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and what came meanwhile is told."""
    monkeypatch.setattr(app, "PAUSE_S", 0.01)
    real, failed = news.News._look, threading.Event()

    async def look(self: news.News) -> None:
        if not failed.is_set() and self._store.all("webhook"):
            failed.set()
            raise ZeroDivisionError
        await real(self)

    monkeypatch.setattr(news.News, "_look", look)
    with served(builder, receiver.host) as client:
        saved(client, receiver.url)
        assert failed.wait(60)
        builder.add(picture("new.jpg"))
        assert receiver.hits() == ["new.jpg"]
    assert "ZeroDivisionError" in caplog.text


def test_the_messages_of_a_search_that_is_gone_go_with_its_webhook(builder: Builder) -> None:
    """Whoever finds it gone while looking forgets both."""
    store = FileStore(builder.home)
    with Library.open(builder.home, FakeProfile()) as library:
        service = make_service(library, Rules(frozenset()))
        told = news.News(service, store, frozenset())
        told.tell_at("a", "https://hooks.example.com/")
        store.put("message", "a-1", {"id": "a-1", "search": "a", "body": "{}", "attempts": 0, "next_at": 0.0})
        told._ask("a")
        told.close()
        service.close()
    assert [store.all(kind) for kind in ("webhook", "message")] == [[], []]
