"""Messages to other programs: to hosts that whoever serves has named, and to no address that they did not mean.

A name is resolved once, all its addresses are checked, and the connection goes to one of those: a name that is bent
between check and use leads nowhere. Private and loopback addresses are reached only where they are named themselves, as
`--webhook-host 192.168.1.5`. Redirects are not followed, of the answer only its status is read, and all of it has TIME_S.

Messages are signed as https://www.standardwebhooks.com has it: HMAC-SHA256 of "id.time.body".
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import ssl
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from retrieval.errors import QueryError

TIME_S = 10.0
PREFIX = "whsec_"
PORTS = {"http": 80, "https": 443}
NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,250}[a-z0-9])?")
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\r?\n)")
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookRefused(QueryError):
    """The address of a webhook is not one to which the service sends."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a webhook's address."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def named(self) -> str:
        """The host as a request names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str, allowed: Collection[str]) -> Target:
    """The parts of an address. allowed: HOST, for the usual ports, or HOST:PORT. Raises: WebhookRefused."""
    hint = "give https://HOST/PATH, of a host that crossmedia serve --webhook-host names"
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise WebhookRefused("the webhook is not an address", hint) from None
    is_plain = url.isascii() and url.isprintable() and not set(url) & set(' \\"<>') and len(url) <= 2000
    if not is_plain or parts.scheme not in PORTS or "@" in parts.netloc or parts.fragment:
        raise WebhookRefused("the webhook is not an address", hint)
    if _address(host) is None and not NAME.fullmatch(host):
        raise WebhookRefused("the webhook is not an address", hint)
    usual = PORTS[parts.scheme]
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, str(_address(host) or host), usual if port is None else port, path)
    if not _is_allowed(target.host, target.port, usual, allowed):
        raise WebhookRefused("the service sends nothing to the webhook's host", hint)
    return target


def _is_allowed(host: str, port: int, usual: int, allowed: Collection[str]) -> bool:
    names = {f"[{host}]" if ":" in host else host, host}
    wanted = {f"{name}:{port}" for name in names} | (names if port == usual else set())
    return bool(wanted & set(allowed))


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


async def addresses_of(target: Target, allowed: Collection[str]) -> list[Address]:
    """The addresses to which a message may go. Raises: WebhookRefused where one of them is not meant, or there is none."""
    own = _address(target.host)
    try:
        found = [own] if own is not None else await _resolved(target.host, target.port)
    except OSError:
        found = []
    if not found:
        raise WebhookRefused("the webhook's host has no address now", "check its name")
    usual = PORTS[target.scheme]
    for each in found:
        is_named = _is_allowed(str(each), target.port, usual, allowed)
        if not is_named and not is_public(each):
            raise WebhookRefused(
                "the webhook's host lies in a private network", f"crossmedia serve --webhook-host {each} names it"
            )
        if target.scheme == "http" and is_public(each):
            raise WebhookRefused("a webhook outside of the own network needs https", "give https://HOST/PATH")
    return found


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, and leads to no other that it holds inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in ipaddress.ip_network("64:ff9b::/32"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:  # fec0::/10, which ipaddress counts as global
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _resolved(host: str, port: int) -> list[Address]:
    """By a thread of its own, for which nobody waits at the end: a name server may take its time."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Address]] = loop.create_future()

    def tell(found: list[Address]) -> None:
        if not done.done():
            done.set_result(found)

    def resolve() -> None:
        found: list[Address] = []
        with suppress(OSError, UnicodeError):
            for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(ipaddress.ip_address(str(place[0]).partition("%")[0]))
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, list(dict.fromkeys(found)))

    threading.Thread(target=resolve, daemon=True, name="crossmedia-resolve").start()
    return await asyncio.wait_for(done, TIME_S)


# ---------------------------------------------------------------- sending


def new_secret() -> str:
    """What signs the messages of one webhook."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(secret: str, name: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message. at: seconds since 1970. See https://www.standardwebhooks.com."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    mark = hmac.new(key, b"%b.%d.%b" % (name.encode(), at, body), hashlib.sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }


async def post(target: Target, places: Sequence[Address], headers: Mapping[str, str], body: bytes) -> int:
    """Sends a message to the first of the addresses that takes it, and gives the status of the answer.

    Raises: OSError, also where it takes longer than TIME_S or the answer is not HTTP.
    """
    lines = [f"POST {target.path} HTTP/1.1", f"Host: {target.named}", "Connection: close"]
    lines += ["Content-Type: application/json", f"Content-Length: {len(body)}", "User-Agent: crossmedia"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    tls = ssl.create_default_context() if target.scheme == "https" else None
    async with asyncio.timeout(TIME_S):
        reader, writer = await _connected(target, places, tls)
        try:
            writer.write(head + body)
            await writer.drain()
            line = await reader.readline()
        except ValueError:  # a line without end
            line = b""
        finally:
            writer.transport.abort()
    found = STATUS_LINE.match(line)
    if found is None:
        raise ConnectionError("the answer is not HTTP")
    return int(found[1])


async def _connected(
    target: Target, places: Sequence[Address], tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    failure: OSError = ConnectionError("no address")
    for each in places:
        try:
            name = target.host if tls else None
            return await asyncio.open_connection(str(each), target.port, ssl=tls, server_hostname=name, limit=4096)
        except OSError as error:
            failure = error
    raise failure
