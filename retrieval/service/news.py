"""Tells other programs when something new answers a saved search.

New is what came by a commit of a greater number than the last one seen (docs/decisions/0163). The library is looked at when
a writer has changed it and no run is under way; what a search finds sure among what is new becomes a message, which is
kept in the service's database until the other side has taken it, or has refused it for more than a day.

    webhook    by the id of its search: url, secret, seen (commit number), spaces, delivered_at, problem
    message    by "SEARCH-COMMIT": search, body (a text, as it is signed), attempts, next_at
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException

from retrieval.catalog.run_note import run_state
from retrieval.catalog.snapshot import Catalog
from retrieval.domain.query import Query
from retrieval.domain.result import Hit
from retrieval.errors import RetrievalError
from retrieval.render.json import hit_report
from retrieval.service.context import Service
from retrieval.service.requests import asked_of
from retrieval.service.store import Store
from retrieval.service.webhooks import WebhookRefused, addresses_of, new_secret, post, signed, target_of

LOOK_S = 2.0
PAUSES_S = (10, 60, 300, 1800, 7200, 21_600, 43_200, 43_200)  # before each further attempt
MOST_HITS = 200  # of one message
MOST_WAITING = 100  # messages of one webhook; the oldest go
AT_ONCE = 8


class News:
    """The webhooks of one library's saved searches. hosts: to which messages may go, see webhooks.target_of."""

    def __init__(self, service: Service, store: Store, hosts: frozenset[str]) -> None:
        self.hosts = hosts
        self._service = service
        self._store = store
        self._lock = threading.Lock()  # of the catalog
        self._changing = threading.Lock()  # of what is known of a webhook, which is read and then written
        self._catalog: Catalog | None = None
        self._version: int | None = None
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Looks and sends, until it is cancelled."""
        while True:
            self._woken.clear()
            with suppress(RetrievalError, HTTPException):  # busy, or away for a moment: the next look comes
                await self._look()
                await self._send()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_S)

    async def wake(self) -> None:
        """Looks at once."""
        self._woken.set()

    def close(self) -> None:
        """Lets go of the catalog."""
        with self._lock:
            if self._catalog is not None:
                self._catalog.close()
                self._catalog = None

    # ------------------------------------------------------------ what is told

    def tell_at(self, name: str, url: str) -> str | None:
        """Tells what is new for a search at an address; the secret, where it was told nowhere before."""
        with self._changing:
            hook, made = self._store.get("webhook", name), None
            if hook is None:
                made = new_secret()
                hook = {"id": name, "secret": made, **self.position(), "delivered_at": None, "problem": None}
            self._store.put("webhook", name, hook | {"url": url})
        return made

    def tell_no_more(self, name: str) -> None:
        """Forgets the webhook of a search, and what waits for it."""
        with self._changing:
            self._store.delete("webhook", name)
        for each in self._store.all("message"):
            if each["search"] == name:
                self._store.delete("message", each["id"])

    # ------------------------------------------------------------ looking

    def position(self) -> dict[str, Any]:
        """The last commit number, and the spaces that answer: all vectors of another one are new, but nothing else is."""
        with self._opened().snapshot() as snapshot:
            spaces = [each.id for each in snapshot.vectors.live_spaces()]
            return {"seen": snapshot.vectors.last_commit(), "spaces": spaces}

    def _opened(self) -> Catalog:
        with self._lock:
            if self._catalog is None:
                self._catalog = Catalog.open(self._service.library.path)
            return self._catalog

    def _changed(self) -> tuple[int, list[dict[str, Any]]] | None:
        """The library's version and the webhooks, where there is something to look at."""
        hooks = self._store.all("webhook")
        if not hooks:
            return None
        run = run_state(self._service.library.path)
        version = self._opened().version()
        return None if version == self._version or (run is not None and run.is_alive) else (version, hooks)

    async def _look(self) -> None:
        changed = await asyncio.to_thread(self._changed)
        if changed is None:
            return
        version, hooks = changed
        for hook in hooks:
            await self._service.queue.run(None, partial(self._ask, hook["id"]))
        self._version = version

    def _ask(self, name: str) -> None:
        """Makes a message of what is new for one search."""
        hook, search = self._store.get("webhook", name), self._store.get("search", name)
        if hook is None:
            return
        if search is None:
            self.tell_no_more(name)
            return
        now = self.position()
        if now["seen"] == hook["seen"]:
            return
        try:
            hits, more = (
                self._new(search, hook["seen"], now["seen"]) if now["spaces"] == hook["spaces"] else ([], False)
            )
        except RetrievalError as error:
            self._note(name, problem=error.what)
            return
        if hits:
            self._keep(search, now["seen"], hits, more=more)
        self._note(name, **now)

    def _new(self, search: dict[str, Any], after: int, last: int) -> tuple[list[Hit], bool]:
        """The sure hits of a search with segments that came by then, and whether there may be more."""
        with asked_of(search["query"]).query(self._service.decoders) as query:
            found = self._service.library.search(_whole(query), newer_than=after)
        with self._opened().snapshot() as snapshot:
            keys = [each.id for hit in found.hits for each in hit.segments]
            came = snapshot.vectors.came(keys, after, last)
        return [hit for hit in found.hits if any(each.id in came for each in hit.segments)], found.has_more

    def _keep(self, search: dict[str, Any], commit: int, hits: list[Hit], *, more: bool) -> None:
        body = {
            "type": "search.matched",
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": {
                "search": {"id": search["id"], "name": search["name"]},
                "hits": [hit_report(each) for each in hits],
                "has_more": more,
            },
        }
        name = f"{search['id']}-{commit}"
        message = {"id": name, "search": search["id"], "body": json.dumps(body), "attempts": 0, "next_at": 0.0}
        self._store.put("message", name, message)
        waiting = [each["id"] for each in self._store.all("message") if each["search"] == search["id"]]
        for old in waiting[:-MOST_WAITING]:
            self._store.delete("message", old)

    def _note(self, name: str, **changes: Any) -> None:
        """Changes what is known of a webhook, if it is still there."""
        with self._changing:
            if (hook := self._store.get("webhook", name)) is not None:
                self._store.put("webhook", name, hook | changes)

    # ------------------------------------------------------------ sending

    async def _send(self) -> None:
        """Tries all that is due; one webhook's messages in their order, and different ones beside each other."""
        due: dict[str, dict[str, Any]] = {}
        for each in await asyncio.to_thread(self._store.all, "message"):
            due.setdefault(each["search"], each)
        now = time.time()
        ready = [each for each in due.values() if each["next_at"] <= now or each["next_at"] > now + max(PAUSES_S)]
        for at in range(0, len(ready), AT_ONCE):
            await asyncio.gather(*(self._attempt(each) for each in ready[at : at + AT_ONCE]))
        if ready and len(due) < len(await asyncio.to_thread(self._store.all, "message")):
            self._woken.set()  # the next ones of the same webhooks

    async def _attempt(self, message: dict[str, Any]) -> None:
        hook = await asyncio.to_thread(self._store.get, "webhook", message["search"])
        problem = await self._posted(hook, message) if hook is not None else None
        await asyncio.to_thread(self._settle, message, problem)

    async def _posted(self, hook: dict[str, Any], message: dict[str, Any]) -> str | None:
        """Sends a message; why it was not taken."""
        body = message["body"].encode()
        try:
            target = target_of(hook["url"], self.hosts)
            places = await addresses_of(target, self.hosts)
            status = await post(target, places, signed(hook["secret"], message["id"], int(time.time()), body), body)
        except WebhookRefused as error:
            return error.what
        except TimeoutError:
            return "the webhook does not answer in time"
        except (OSError, ValueError):  # its text may name addresses
            return "the webhook cannot be reached"
        return None if 200 <= status < 300 else f"the webhook answers {status}"

    def _settle(self, message: dict[str, Any], problem: str | None) -> None:
        """Forgets a message that was taken or will not be; else it is tried again later."""
        attempts = message["attempts"] + 1
        if problem is None or attempts > len(PAUSES_S):
            self._store.delete("message", message["id"])
        elif self._store.get("message", message["id"]) is not None:
            later = {"attempts": attempts, "next_at": time.time() + PAUSES_S[attempts - 1]}
            self._store.put("message", message["id"], message | later)
        if problem is None:
            self._note(message["search"], problem=None, delivered_at=datetime.now().isoformat(timespec="seconds"))
        else:
            self._note(message["search"], problem=problem)


def _whole(query: Query) -> Query:
    """A query for what is sure, all of it that one message holds."""
    return replace(query, limit=MOST_HITS, offset=0, reach="sure")
