"""Milvus for tests: milvus-lite, inside the process or as a server of its own."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from tests.scale.postgresql import ended_with_parent

ABSENT = "no Milvus: make test-scale installs one"


def is_installed() -> bool:
    """Whether milvus-lite and the client are here."""
    return all(importlib.util.find_spec(name) for name in ("milvus_lite", "pymilvus"))


def release() -> None:
    """Ends the servers that milvus-lite keeps in this process until it ends."""
    from milvus_lite.server_manager import server_manager_instance

    server_manager_instance.release_all()


class Process:
    """milvus-lite as a server of its own on the loopback address; ended with the block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def start(self) -> None:
        """Returns when it answers."""
        where = ["--data-dir", str(self._folder), "--host", "127.0.0.1", "--port", str(self.port)]
        with (self._folder.parent / "milvus.log").open("ab") as log:
            self._process = subprocess.Popen(
                ended_with_parent(sys.executable, "-m", "milvus_lite", "server", *where),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        while not _answers(self.port):
            assert self._process.poll() is None, (self._folder.parent / "milvus.log").read_text()
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """A signal to the server that runs."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, how: signal.Signals) -> None:
        """Returns when it is gone."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _answers(port: int) -> bool:
    import grpc
    from pymilvus import MilvusClient, MilvusException

    with socket.socket() as asked:
        if asked.connect_ex(("127.0.0.1", port)):
            return False
    try:
        client = MilvusClient(
            f"http://127.0.0.1:{port}", timeout=10, grpc_options={"grpc.use_local_subchannel_pool": 1}
        )
    except (MilvusException, grpc.RpcError):
        return False
    client.close()
    return True


@contextmanager
def refusing(refused: str, code: int | str) -> Iterator[int]:
    """A server that speaks the protocol of Milvus and refuses one call, by a number of Milvus or a name of gRPC; its port."""
    import grpc
    from pymilvus.grpc_gen import common_pb2, milvus_pb2, milvus_pb2_grpc

    class Refusing(milvus_pb2_grpc.MilvusServiceServicer):
        """Answers the two calls that come first."""

        def _status(self, name: str, context: Any) -> Any:
            if name != refused:
                return common_pb2.Status()
            if isinstance(code, str):
                context.abort(grpc.StatusCode[code], "so it is")
            return common_pb2.Status(error_code=1, code=code, reason="so it is")

        def Connect(self, _: Any, context: Any) -> Any:  # noqa: N802 - names of the protocol
            return milvus_pb2.ConnectResponse(status=self._status("Connect", context))

        def ShowCollections(self, _: Any, context: Any) -> Any:  # noqa: N802
            return milvus_pb2.ShowCollectionsResponse(status=self._status("ShowCollections", context))

    server = grpc.server(ThreadPoolExecutor(2))
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(Refusing(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()
