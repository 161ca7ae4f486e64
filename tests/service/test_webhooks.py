"""To which addresses a message goes: names that lead inward, answers that do not end, and what a message looks like."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the extra server")

from retrieval.service import webhooks
from retrieval.service.webhooks import WebhookRefused, addresses_of, is_public, post, signed, target_of

NAME = "hooks.example.com"
URL = f"https://{NAME}/photos?x=1"
INWARD = (
    "127.0.0.1", "127.8.9.1", "10.1.2.3", "172.16.0.1", "192.168.1.5", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255",
    "224.0.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "2002:7f00:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
)  # fmt: skip


def resolving(monkeypatch: pytest.MonkeyPatch, *places: str) -> None:
    """Every name leads to these addresses."""

    def resolve(host: str, port: int, **given: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in places]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("place", INWARD)
def test_a_name_that_leads_inward_is_refused(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Also where only one of its addresses does; unless that address is named itself."""
    assert not is_public(ip_address(place))
    resolving(monkeypatch, "93.184.215.14", place)
    target = target_of(URL, {NAME})
    with pytest.raises(WebhookRefused, match="private network"):
        asyncio.run(addresses_of(target, {NAME}))
    resolving(monkeypatch, place)
    own = str(ip_address(place))
    assert [str(each) for each in asyncio.run(addresses_of(target, {NAME, own}))] == [own]


def test_a_public_name_needs_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hits of a library do not travel in the open."""
    resolving(monkeypatch, "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c")
    assert len(asyncio.run(addresses_of(target_of(URL, {NAME}), {NAME}))) == 2
    with pytest.raises(WebhookRefused, match="https"):
        asyncio.run(addresses_of(target_of(f"http://{NAME}/", {NAME}), {NAME}))
    resolving(monkeypatch)
    with pytest.raises(WebhookRefused, match="no address"):
        asyncio.run(addresses_of(target_of(URL, {NAME}), {NAME}))


@pytest.mark.parametrize(
    ("url", "allowed", "named"),
    [
        ("https://hooks.example.com", {NAME}, NAME),
        ("https://HOOKS.example.com:443/x", {NAME}, NAME),
        ("https://hooks.example.com:8443/x", {f"{NAME}:8443"}, f"{NAME}:8443"),
        ("http://[::1]:9000/", {"[::1]:9000"}, "[::1]:9000"),
        ("http://192.168.1.5/", {"192.168.1.5"}, "192.168.1.5"),
    ],
)
def test_a_host_that_is_named(url: str, allowed: set[str], named: str) -> None:
    """With the usual ports, or with its own."""
    assert target_of(url, allowed).named == named


def test_a_signature_as_the_standard_has_it() -> None:
    """The example of the reference libraries, which others check by."""
    found = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert found["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def posted(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> int:
    """The status of a message to a program that answers so."""

    async def run() -> int:
        ended = asyncio.Event()

        async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await answer(reader, writer)
                writer.close()
                await writer.wait_closed()
            except ConnectionError:  # the other side has seen enough
                writer.close()
            finally:
                ended.set()

        async with await asyncio.start_server(whole, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            target = target_of(f"http://127.0.0.1:{port}/x?y=1", {f"127.0.0.1:{port}"})
            try:
                return await post(target, [ip_address("127.0.0.1")], {"webhook-id": "a"}, b"{}")
            finally:
                await ended.wait()

    return asyncio.run(run())


def test_a_message_on_the_wire() -> None:
    """One request; of the answer the status alone is read."""
    seen = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(2))
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1/\r\n" + b"x" * 5000)

    assert posted(answer) == 301
    head = bytes(seen).decode().split("\r\n")
    assert head[0] == "POST /x?y=1 HTTP/1.1"
    assert head[1].startswith("Host: 127.0.0.1:")
    assert {"webhook-id: a", "Content-Length: 2", "Connection: close"} <= set(head)
    assert head[-1] == "{}"


@pytest.mark.parametrize("sent", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 " + b"2" * 10_000, b"", b"HTTP/1.1 20\r\n"])
def test_what_is_no_answer(sent: bytes) -> None:
    """Another protocol, a line without end, nothing."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(sent)

    with pytest.raises(ConnectionError, match="not HTTP"):
        posted(answer)


def test_silence_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor an answer that comes a byte at a time."""
    monkeypatch.setattr(webhooks, "TIME_S", 0.1)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.01)

    with pytest.raises(TimeoutError):
        posted(answer)
