"""What a process and all that it started take."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

ENDED = FileNotFoundError, ProcessLookupError  # a process that ends, or a file that goes, while they are read


def family(pid: int) -> list[int]:
    """A process and its children, and theirs, that are there."""
    found = [pid]
    for each in found:
        for tasks in Path(f"/proc/{each}/task").glob("*/children"):
            with suppress(*ENDED):
                found += map(int, tasks.read_text().split())
    return found


def runs(pid: int) -> bool:
    """Whether a process is there that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except ENDED:
        return False


def processor_s(pid: int) -> float:
    """Seconds of processors of a family until now, with those of its children that have ended."""
    ticks = 0
    for each in family(pid):
        with suppress(*ENDED):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))  # own and waited-for children's, in user and kernel mode
    return ticks / os.sysconf("SC_CLK_TCK")


def private_mib(pid: int) -> float:
    """Memory of a family that is no file's; what its members share is counted once."""
    total = shared = 0
    for each in family(pid):
        with suppress(*ENDED, KeyError):  # one that nobody waited for yet has no memory
            lines = dict(line.split(":", 1) for line in Path(f"/proc/{each}/status").read_text().splitlines())
            total += int(lines["RssAnon"].split()[0])
            shared = max(shared, int(lines["RssShmem"].split()[0]))
    return (total + shared) / 1024


def disk_mib(folder: Path) -> float:
    """Of all files below a folder."""
    blocks = 0
    for each in folder.rglob("*"):
        with suppress(*ENDED):
            blocks += each.lstat().st_blocks if each.is_file() else 0
    return blocks * 512 / (1 << 20)
