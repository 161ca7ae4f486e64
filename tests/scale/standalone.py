"""The server of Milvus 2.3.5 that the package `milvus` carries, in a network of its own: it listens on all interfaces.

    python -m tests.scale.standalone FOLDER [--here] [--port N]

A child process makes the network (root may), starts the server in it and hands on what comes to a port of the loopback
address outside; --here: the network is one's own already, and clients ask the server itself. It prints that port, or why
the server cannot run here, and ends with its standard input, and with it the server.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import importlib.util
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from benchmarks.families import family, runs

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
ABSENT = "no Milvus: make test-scale installs one"


class Standalone:
    """The server for a block. Raises: OSError where it cannot run here, with the reason."""

    def __init__(self, folder: Path, *, here: bool = False) -> None:
        self._command = [sys.executable, "-m", "tests.scale.standalone", str(folder), *["--here"] * here]
        self.port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Returns when it answers; after a crash with the same data at the same port."""
        check_installed()
        self._process = subprocess.Popen(
            [*self._command, "--port", str(self.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line.isdecimal():
            self.__exit__()
            raise OSError(line or "the server of Milvus did not start")
        self.port = int(line)

    def crash(self) -> None:
        """Kills the server and what hands on to it at once (SIGKILL). Returns when nothing of it runs any more."""
        every = family(self._process.pid)
        for each in reversed(every):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.communicate()
        while any(map(runs, every)):
            time.sleep(0.01)

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its standard input

    @property
    def pid(self) -> int:
        """Of the process that started the server and hands on what comes."""
        return self._process.pid


def check_installed() -> None:
    """Raises: OSError where the package is not here."""
    if importlib.util.find_spec("milvus") is None:
        raise OSError(ABSENT)


def own_network() -> None:
    """Puts this thread, and those that it starts, in a new network that has a loopback address alone. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, f"no network of its own: {os.strerror(number)}")
    with socket.socket() as asked:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(asked, SIOCGIFFLAGS, request))
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0 if given.here else given.port))
    try:
        if not given.here:
            own_network()
        server, port = _start(given.folder)
    except (OSError, RuntimeError) as error:
        _tell(error)
        return
    try:
        if not given.here:
            threading.Thread(target=_relay, args=(listener, port), daemon=True).start()
        _tell(port if given.here else listener.getsockname()[1])
        sys.stdin.read()
    finally:
        server.kill()
        server.wait()


def _tell(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The server, answering, and its port. Raises: RuntimeError where it ends instead."""
    import milvus

    made = milvus.MilvusServer(wait_for_started=False)
    made.set_base_dir(str(folder))
    made.config.resolve()
    milvus._initialize_data_files(str(folder))
    programs = folder / "bin"
    names = {"DEPLOY_MODE": "STANDALONE", "METRICS_PORT": "9091", "MILVUS_RUN_DIR": str(folder / "run")}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [programs / "milvus", "run", "standalone"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={"PATH": os.defpath, "HOME": str(folder), "LD_LIBRARY_PATH": str(programs), **names},
            preexec_fn=_end_at_once,  # noqa: PLW1509 - before any thread
        )  # fmt: skip
    made.server_proc = process
    try:
        made.wait_started()
    except (RuntimeError, TimeoutError):
        process.kill()
        raise
    finally:
        made.server_proc = None  # else it would be ended when `made` is forgotten
    return process, made.listen_port


def _end_at_once() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _relay(listener: socket.socket, port: int) -> None:
    while True:
        outer, _ = listener.accept()
        try:
            inner = socket.create_connection(("127.0.0.1", port))
        except OSError:
            outer.close()
            continue
        for one, other in ((outer, inner), (inner, outer)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=_pump, args=(one, other), daemon=True).start()


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(1 << 16):
            other.sendall(data)
    for each in (one, other):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
