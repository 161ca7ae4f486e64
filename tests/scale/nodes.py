"""A Ray cluster of this machine alone: a head without workers, and nodes of one processor that come and are killed.

In a process of its own, since Ray changes the one that imports it; that process takes a line for each command.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ABSENT = "no Ray: make test-scale installs one"
STORE_BYTES = 100 << 20
TRIES = 5
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # the second: on loopback alone


def is_installed() -> bool:
    """Whether Ray is here."""
    return importlib.util.find_spec("ray") is not None


class Nodes:
    """The cluster. `environment`: what programs find it by."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid  # all others of the cluster are below it
        self.environment = {**QUIET, "RAY_ADDRESS": str(self._told())}

    def add(self, core: int | None = None) -> str:
        """The id of one more node, of one processor; core: the one that all its processes keep to."""
        return str(self._told("add", core))

    def kill(self, node: str) -> None:
        """A node is gone, without a word to the others."""
        self._told("kill", node)

    def _told(self, *command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if command:
            print(json.dumps(command), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


@contextmanager
def started() -> Iterator[Nodes]:
    """A cluster without nodes yet; all its processes end with the block."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    command = [sys.executable, "-m", "tests.scale.nodes"]
    with (Path(folder) / "errors").open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command,
            env={**os.environ, **QUIET, "RAY_TMPDIR": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=Path(__file__).parents[2],
        )
    try:
        with process:
            yield Nodes(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _made(make: Callable[[], Any]) -> Any:
    """What `make` gives; Ray gives a node 30 seconds to start, which a full machine may not have."""
    for _ in range(TRIES - 1):
        with suppress(Exception):
            return make()
    return make()


def _serve() -> None:
    """The cluster's process: commands until nobody is there to give any."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")  # of what is printed by others nothing is an answer
    os.dup2(2, 1)
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    cluster = _made(lambda: Cluster(initialize_head=True, connect=False, head_node_args=head))
    own = os.sched_getaffinity(0)
    nodes: dict[str, Any] = {}

    def perform(name: str, value: Any) -> str:
        if name == "add":
            os.sched_setaffinity(0, own if value is None else {value})
            node = _made(lambda: cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, wait=True))
            os.sched_setaffinity(0, own)
            nodes[node.node_id] = node
            return str(node.node_id)
        cluster.remove_node(nodes.pop(value), allow_graceful=False)
        return str(value)

    try:
        print(json.dumps(cluster.address), file=told, flush=True)
        for line in sys.stdin:
            print(json.dumps(perform(*json.loads(line))), file=told, flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    _serve()
