from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from indexer.pipeline.steps import task_of
from retrieval.domain.media import ImageSpec
from retrieval.errors import InstallationError, MediaError, RetrievalError
from retrieval.media.worker import STARVED, ProcessWorker, Task, Workers, is_hung
from retrieval.settings import LIMITS


def read(path: Path) -> None:
    worker = ProcessWorker(LIMITS)
    try:
        list(worker.run(task_of("read", path, "video", ImageSpec(32), LIMITS)))
    finally:
        worker.close()


def test_an_installation_that_lacks_a_part_is_not_the_file_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops and says what cannot be imported, instead of skipping every file as damaged."""
    (tmp_path / "av.py").write_text("raise ImportError('libav.so: cannot open shared object file', name='av')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(RetrievalError, match=r"installation.*libav\.so") as caught:
        read(tmp_path / "clip.mp4")
    assert not isinstance(caught.value, MediaError)


def test_a_broken_reader_of_text_in_pictures_is_not_the_file_s_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops with what is to be installed, instead of leaving out every picture."""
    (tmp_path / "rapidocr.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    picture = Image.new("RGB", (640, 160), "white")
    ImageDraw.Draw(picture).text((20, 40), "EXIT TO THE HARBOUR", "black", ImageFont.load_default(48))
    picture.save(tmp_path / "picture.png")
    worker = ProcessWorker(LIMITS)
    try:
        with pytest.raises(InstallationError, match=r"libGL\.so\.1.*crossmedia\[ocr\]"):
            list(worker.run(task_of("ocr", tmp_path / "picture.png", "image", ImageSpec(32), LIMITS)))
    finally:
        worker.close()


def test_a_file_that_is_no_video_is_the_file_s_fault(tmp_path: Path) -> None:
    """The twin of the test above: with a whole installation the same call blames the file."""
    (tmp_path / "clip.mp4").write_bytes(b"no video at all")
    with pytest.raises(MediaError):
        read(tmp_path / "clip.mp4")


def test_a_child_hangs_by_its_processor_time_not_by_the_clock() -> None:
    """One that gets no processor has five times as long, then it is given up all the same."""
    assert is_hung(60, 60, 60) and is_hung(31, 59, 30)
    assert not is_hung(59, 120, 60), "two threads spend twice the time"
    assert not is_hung(STARVED * 60 - 1, 59, 60)
    assert is_hung(STARVED * 60, 0, 60)


READERS = """
import time
import numpy as np
def resting(path, medium, spec, limits, alive):
    yield "first"
    time.sleep(1.3)
    yield np.arange(3_000_000)
def busy(path, medium, spec, limits, alive):
    yield "first"
    while True:
        pass
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessWorker]:
    (tmp_path / "own_readers.py").write_text(READERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("retrieval.media.worker.STARVED", 600)  # a full machine starts no interpreter in five seconds
    worker = ProcessWorker(replace(LIMITS, progress_s=1.0))
    yield worker
    worker.close()


def values_of(worker: ProcessWorker, reader: str) -> Iterator[Any]:
    return worker.run(Task(Path("any.bin"), "read", f"own_readers:{reader}", "text", None, LIMITS))


def test_a_file_whose_reader_waits_is_read_to_its_end(child: ProcessWorker) -> None:
    """For longer than it may compute in silence; the large value arrives whole."""
    first, array = values_of(child, "resting")
    assert first == "first" and array.shape == (3_000_000,) and array[-1] == 2_999_999


def test_a_program_may_have_a_time_limit_for_its_sockets(child: ProcessWorker) -> None:
    """A child's first value takes longer."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(0.001)
    try:
        assert next(values_of(child, "resting")) == "first"
    finally:
        socket.setdefaulttimeout(before)


def test_a_file_whose_reader_computes_in_silence_is_given_up(child: ProcessWorker) -> None:
    """The next file gets a new child."""
    values = values_of(child, "busy")
    assert next(values) == "first"
    with pytest.raises(MediaError, match="gave nothing for 1 s") as caught:
        next(values)
    assert caught.value.reason == "too slow"
    assert next(values_of(child, "resting")) == "first"


@pytest.mark.parametrize("lasting", [True, False])
def test_a_child_outlasts_its_thread_where_it_may(tmp_path: Path, lasting: bool) -> None:
    """The next thread has the child of the one before, and a dead child is replaced by another."""
    (tmp_path / "a.txt").write_text("The keeper counts ships.", "utf-8")
    seen: list[int] = []

    def reads() -> None:
        worker = workers.mine()
        (identity,) = worker.run(task_of("read", tmp_path / "a.txt", None, None, LIMITS).identifying)
        assert identity.medium == "document" and worker._process is not None
        seen.append(worker._process.pid)
        workers.hand_back()

    with closing(Workers(LIMITS, lasting=lasting)) as workers:
        for number in range(3 if lasting else 2):
            thread = threading.Thread(target=reads)
            thread.start()
            thread.join()
            workers.abandon()  # as a pass does at its end: nobody uses a child that was handed back
            if number == 1 and lasting:
                os.kill(seen[-1], signal.SIGKILL)
                os.waitid(os.P_PID, seen[-1], os.WEXITED | os.WNOWAIT)
    assert [seen[at] == seen[at + 1] for at in range(len(seen) - 1)] == ([True, False] if lasting else [False])
