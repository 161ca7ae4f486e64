"""Files that are still written are waited for, but not for ever."""

from __future__ import annotations

from indexer.sources.settling import Settling, State


class Disk:
    """Files by their sizes, and a clock."""

    def __init__(self) -> None:
        self.files: dict[str, int] = {}
        self.now = 0.0
        self.settling = Settling(most_s=10.0, look=self.look)

    def look(self, path: str) -> State:
        return (self.files[path], 0) if path in self.files else None

    def write(self, path: str, size: int) -> None:
        self.files[path] = size
        self.note(path)

    def note(self, path: str) -> None:
        """With the look that follows soon."""
        self.settling.note([path], self.now, 2.0)
        self.settling.is_due(self.now)

    def is_due(self, after: float = 0.0) -> bool:
        self.now += after
        return self.settling.is_due(self.now)


def test_a_file_is_due_when_it_has_stayed_the_same() -> None:
    """A copy that stalls and goes on begins to be waited for anew, also where nobody tells of it."""
    disk = Disk()
    assert not disk.is_due(100)
    disk.write("/a", 1)
    assert not disk.is_due(1.5)
    disk.files["/a"] = 2
    assert not disk.is_due(1.5)
    assert not disk.is_due(1.5)
    assert disk.is_due(0.5)
    assert disk.settling.take(disk.now) == frozenset()
    assert not disk.is_due(100)


def test_several_files_are_one_run() -> None:
    """It waits until all are complete."""
    disk = Disk()
    disk.write("/a", 1)
    disk.now += 1.5
    disk.write("/b", 1)
    assert not disk.is_due(1)
    assert disk.is_due(1)
    assert disk.settling.take(disk.now) == frozenset()


def test_one_that_grows_for_ever_keeps_no_other_waiting() -> None:
    """It is left alone by the run, and stays for a later one."""
    disk = Disk()
    disk.write("/tape", 0)
    disk.write("/photo", 1)
    waited = 0
    while not disk.is_due(1):
        disk.files["/tape"] += 1
        waited += 1
        assert waited < 100
    assert 10 <= waited <= 13
    assert disk.settling.take(disk.now) == frozenset({b"/tape"})
    disk.files["/tape"] += 1
    assert not disk.is_due(1)
    assert disk.is_due(2)
    assert disk.settling.take(disk.now) == frozenset()


def test_what_was_deleted_is_due_as_well() -> None:
    """And a file that comes back is waited for."""
    disk = Disk()
    disk.note("/gone")
    assert disk.is_due(2)
    disk.files["/gone"] = 3
    assert not disk.is_due(1)
    assert disk.is_due(2)


def test_paths_are_noted_while_another_thread_looks() -> None:
    """A look at a disk takes its time: what is told of meanwhile is waited for as well."""
    disk = Disk()
    disk.write("/a", 1)

    def look(path: str) -> State:
        disk.settling.look = disk.look
        disk.settling.note(["/b"], disk.now, 2.0)
        return disk.look(path)

    disk.settling.look = look
    assert not disk.is_due(2)
    assert not disk.is_due(1)
    assert disk.is_due(2)
    assert disk.settling.take(disk.now) == frozenset()


def test_what_is_told_is_looked_at_later() -> None:
    """In the thread that asks: a disk that does not answer stops nobody else. It counts from that look on."""
    looks: list[str] = []

    def look(path: str) -> State:
        looks.append(path)
        return (1, 0)

    settling = Settling(look=look)
    settling.note(["/a"], 0.0, 2.0)
    assert looks == []
    assert not settling.is_due(100.0)
    assert settling.is_due(102.0)
