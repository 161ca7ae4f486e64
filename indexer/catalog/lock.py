"""One writer for each library: a lock of the operating system, and of the server where one holds the catalog; neither
outlives its process.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from retrieval.catalog import dialect, layout
from retrieval.catalog.location import location
from retrieval.errors import LibraryLocked


@contextmanager
def writer(library: Path, command: str) -> Iterator[None]:
    """Holds the library for writing.

    Raises:
        LibraryLocked: another process holds it; says which one, and since when.
    """
    descriptor = os.open(layout.lock(library), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LibraryLocked(f"{library} is in use by {_holder(descriptor)}", "wait for it, or stop it") from None
        _sign(descriptor, command)
        with _server_lock(library, command):
            yield
    finally:
        os.close(descriptor)


@contextmanager
def _server_lock(library: Path, command: str) -> Iterator[None]:
    """Keeps writers on other machines away, where a server holds the catalog."""
    url = location(library).catalog
    if url is None:
        yield
        return
    from retrieval.catalog import server

    engine = server.connect(url, name=f"{command} (process {os.getpid()} on {socket.gethostname()})", keep=False)
    with server.reported_loss(library):
        connection = engine.connect()
        try:
            if holder := dialect.take_lock(connection):
                raise LibraryLocked(f"{library} is in use by {holder}", "wait for it, or stop it")
            yield
        finally:
            connection.close()


def _sign(descriptor: int, command: str) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": datetime.now().isoformat(" ", "seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        return "{command} (process {pid} on {host}) since {since}".format(**holder)
    except (ValueError, KeyError):
        return "another process"
