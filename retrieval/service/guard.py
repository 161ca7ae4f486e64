"""What stands before every request: hosts, origins, keys, sizes, and how many at once.

Plain ASGI, so that a request is refused before anything of it is read or parsed. On loopback no key is needed: whoever
reaches it can read the files as well. A page of another site reaches loopback too, through the user's browser: its
requests name another Host (DNS rebinding) or carry its Origin, and both are refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrieval.service.keys import Key, owner
from retrieval.service.metrics import Metrics
from retrieval.service.problems import problem

READS = re.compile(
    r"/v1/(?:search|facets|suggest|reel|(?:assets|segments)/[^/]+/(?:explain|explain\.png|curve))|/mcp/?"
)
ADMIN = ("/v1/sources", "/v1/rebuild")
OPEN_PATHS = frozenset({"/", "/healthz", "/readyz"})
OPEN_FOLDER = "/page/"  # files of the page, the same for everybody
MOST_KNOWN = 10_000  # addresses whose haste is remembered
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """hosts: names by which the service may be called, without port. keys: read anew for each request, so that a revoked
    one ends; None: no key is needed. body_bytes: of one request, upload_bytes: of one with files that ask, asset_bytes:
    with one to be kept; body_s: in which it must be there. at_once: questions being answered; queued: waiting beside them,
    more are refused; wait_s: as long at most; work_s: for one answer.
    """

    hosts: frozenset[str]
    keys: Callable[[], Sequence[Key]] | None = None
    body_bytes: int = 64 << 10
    upload_bytes: int = 64 << 20
    asset_bytes: int = 256 << 20
    body_s: float = 60.0
    at_once: int = 4
    queued: int = 64
    wait_s: float = 10.0
    work_s: float = 120.0
    rate: float = 100.0  # requests a second of one key, or address where there are no keys
    burst: int = 500  # ... and so many at once
    webhook_hosts: frozenset[str] = frozenset()  # to which messages may go: HOST or HOST:PORT, see webhooks.target_of
    # Names of libraries by the Unix sockets in their folders, which their user alone may open: no host, no key.
    sockets: Mapping[str, str] = field(default_factory=dict)


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """ASGI middleware that applies the rules, and adds the headers of HEADERS to what has none of its own."""

    def __init__(self, app: ASGIApp, rules: Rules, metrics: Metrics | None = None) -> None:
        self._app = app
        self._rules = rules
        self._metrics = metrics or Metrics()
        self._buckets: dict[str, tuple[float, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        def told(status: int) -> None:
            self._metrics.count(path_of(scope), status, time.perf_counter() - began)

        send = _with_headers(send, told)
        if refusal := self._refusal(scope):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, _bounded(receive, self._most_bytes(scope), self._rules.body_s), send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        place, port = scope.get("server") or ("", 0)
        if port is not None or place not in self._rules.sockets:
            refusal = self._refusal_of_stranger(scope, headers)
            if refusal is not None:
                return refusal
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdecimal() or int(length[:20]) > self._most_bytes(scope):
            return problem(413, "the request is too large", f"at most {self._most_bytes(scope)} bytes")
        return None

    def _refusal_of_stranger(self, scope: Scope, headers: Headers) -> Response | None:
        if _host(headers.get("host", "")) not in self._rules.hosts:
            return problem(421, "the service is not called so", "use the address that it listens on, or --allow-host")
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host"):
            return problem(403, "requests of other sites are refused")
        if headers.get("sec-fetch-site") in ("cross-site", "same-site") and path_of(scope) != "/":
            return problem(403, "requests of other sites are refused")
        if self._rules.keys is not None and not _is_open(path_of(scope)):
            scheme, _, secret = headers.get("authorization", "").partition(" ")
            key = owner(secret.strip(), self._rules.keys()) if scheme.lower() == "bearer" else None
            if key is None:
                hint = "send the header Authorization: Bearer KEY; crossmedia keys add NAME makes one"
                return problem(401, "a key is needed", hint, {"WWW-Authenticate": "Bearer"})
            if (needed := scope_needed(scope["method"], path_of(scope))) not in key.scopes:
                return problem(403, f"the key {key.name} may not do that", f"it takes one with the scope {needed}")
            scope["crossmedia.key"] = key
        return self._refusal_of_haste(scope)

    def _refusal_of_haste(self, scope: Scope) -> Response | None:
        """A bucket for each key or address, which fills by `rate` a second up to `burst`."""
        key: Key | None = scope.get("crossmedia.key")
        who = key.name if key is not None else (scope.get("client") or ("",))[0]
        now = time.monotonic()
        left, since = self._buckets.get(who, (float(self._rules.burst), now))
        left = min(self._rules.burst, left + (now - since) * self._rules.rate)
        if left < 1:
            wait = str(max(1, round((1 - left) / self._rules.rate)))
            return problem(429, "too many requests", "ask more slowly", {"Retry-After": wait})
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.clear()
        self._buckets[who] = left - 1, now
        return None

    def _most_bytes(self, scope: Scope) -> int:
        kind = Headers(scope=scope).get("content-type", "").strip().lower()
        if not kind.startswith("multipart/form-data"):
            return self._rules.body_bytes
        return self._rules.asset_bytes if path_of(scope) == "/v1/assets" else self._rules.upload_bytes


def path_of(scope: Scope) -> str:
    """The path of a request below the place where the service is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def scope_needed(method: str, path: str) -> str:
    """What a key must be for: questions are sent by POST, since addresses are kept in many places."""
    if method in ("GET", "HEAD") or (method == "POST" and READS.fullmatch(path)):
        return "read"
    return "admin" if path.startswith(ADMIN) else "write"


def may(scope: Scope, wanted: str) -> bool:
    """Whether who asks has a scope; without keys everybody has."""
    key: Key | None = scope.get("crossmedia.key")
    return key is None or wanted in key.scopes


def _is_open(path: str) -> bool:
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDER)


def _host(value: str) -> str:
    """The name in a Host header, without its port."""
    name = value[: value.find("]") + 1] if value.startswith("[") else value.partition(":")[0]
    return name.strip("[]").lower()


def _bounded(receive: Receive, most: int, seconds: float) -> Receive:
    """Ends a body that grows beyond what it announced, or announced nothing, or comes too slowly."""
    seen = 0
    end = asyncio.get_running_loop().time() + seconds
    is_whole = False

    async def bounded() -> Message:
        nonlocal seen, is_whole
        if is_whole:  # the client is waited for, until it leaves
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), end - asyncio.get_running_loop().time())
        except TimeoutError:
            raise HTTPException(408, "the request came too slowly") from None
        seen += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if seen > most:
            raise HTTPException(413, "the request is too large")
        return message

    return bounded


def _with_headers(send: Send, told: Callable[[int], None]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            told(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
