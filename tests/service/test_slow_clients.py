"""Clients that are slow, endless or gone, at a real socket: each is cut off, and the next one is answered."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from indexer.cli.listening import Ending, Protocol, listening
from retrieval import Library
from retrieval.service.app import create_app
from retrieval.service.guard import Rules

HEAD = b"POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nConnection: close\r\n"
ASKED = b"GET /v1/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
PATIENCE_S = 600  # of the test's own sockets: what the service does not end fails here


class Quick(Protocol):
    head_s = 0.25


@pytest.fixture(scope="module")
def port(served: Library) -> Iterator[int]:
    """A service that gives a head, and a body, a quarter of a second."""
    rules = Rules(frozenset({"127.0.0.1"}), rate=1e6, burst=1_000_000, body_s=0.25)
    app = create_app(served, rules)
    server, listener = listening(app, "127.0.0.1", 0, Ending(**app.state.ending), Quick)
    with listener:
        serving = threading.Thread(target=server.run, args=([listener],))
        serving.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        serving.join()


def said(port: int, *parts: bytes, more: Iterable[bytes] = ()) -> bytes:
    """What the service says to a client that sends that and no more, until it closes the connection."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as own:
        try:
            for part in chain(parts, more):
                own.sendall(part)
            while part := own.recv(1 << 16):
                heard += part
        except (ConnectionResetError, BrokenPipeError):  # closed with bytes of ours unread
            pass
    return heard


def is_cut_off(heard: bytes) -> bool:
    """Closed without a word, or with a refusal."""
    return heard == b"" or heard.startswith(b"HTTP/1.1 4")


def assert_answered(port: int) -> None:
    """Another client is: at once, or at a further try where this machine was slow itself."""
    end = time.monotonic() + PATIENCE_S
    while not said(port, ASKED).startswith(b"HTTP/1.1 200"):
        assert time.monotonic() < end


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/search HT",
        b"GET /v1/stats HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ",
        HEAD + b"Content-Length: 1000\r\n\r\n",
        HEAD + b"Content-Length: 1000\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"GET /v1/stats HTTP/1.1\r\nX-A: " + b"a" * 200_000,
        bytes(1000),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    ],
)
def test_who_sends_no_whole_request_is_cut_off(port: int, sent: bytes) -> None:
    """The client itself waits for ever."""
    assert is_cut_off(said(port, sent))
    assert_answered(port)


def test_an_endless_body_is_cut_off(port: int) -> None:
    """A gigabyte in chunks, if anybody took it all: cut off by its size or its time."""
    left = iter(range(1 << 14))
    piece = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    assert is_cut_off(said(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", more=(piece for _ in left)))
    assert next(left, None) is not None
    assert_answered(port)


def test_many_slow_clients_stand_in_nobodys_way(port: int) -> None:
    """Fifty that announce a body and send none; others are answered, and all fifty are cut off."""
    with ThreadPoolExecutor(50) as threads:
        slow = [threads.submit(said, port, HEAD + b"Content-Length: 1000\r\n\r\n") for _ in range(50)]
        assert_answered(port)
        assert all(is_cut_off(each.result()) for each in slow)


def test_clients_that_leave_are_not_waited_for(port: int) -> None:
    """Before the answer, thirty times."""
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as own:
            own.sendall(ASKED)
    assert_answered(port)
