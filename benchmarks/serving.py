"""The program `crossmedia serve` over a library, as a child of a benchmark."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple


class Served(NamedTuple):
    """The program and the address where it answers."""

    process: subprocess.Popen[str]
    address: str

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def processor_s(self) -> float:
        """Seconds of processors that it took until now, its children's left out."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> tuple[float, float]:
        """Resident memory, and that part of it that is no file's."""
        lines = dict(each.split(":", 1) for each in Path(f"/proc/{self.process.pid}/status").read_text().splitlines())
        return int(lines["VmRSS"].split()[0]) / 1024, int(lines["RssAnon"].split()[0]) / 1024


@contextmanager
def serving(library: Path, stderr: IO[str] | None = None) -> Iterator[Served]:
    """The program until the block ends; it may have been stopped before."""
    command = [sys.executable, "-m", "indexer.cli.app", "serve", "--port", "0", "--library", str(library)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+/", process.stdout.readline())
            assert found
            yield Served(process, found[0])
        finally:
            process.terminate()
