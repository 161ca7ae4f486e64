"""Indexes a folder by the real program and stops it by a signal after a while, as a terminal or a service manager does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from indexer import doctor
from indexer.catalog.lock import writer
from retrieval.catalog import layout
from retrieval.errors import LibraryError
from tests.contents import contents

ROOT = Path(__file__).resolve().parent.parent
BAD_WORDS = ("Traceback", "Aborted", "terminate called", "core dumped", "Exception ignored", "Segmentation")
NO_FAULTS = ("unused generation", "usage records", "no space left")  # what a kill may leave, or is not of the library
AT_ALL_S = 300.0  # no stop may take longer


@dataclass(frozen=True)
class Stop:
    """How a stopped program ended. problems: why that was not clean; seconds: from the signal to the end."""

    code: int
    printed: str
    seconds: float
    problems: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not self.problems


def fill(folder: Path, pictures: int = 40) -> None:
    """Pictures, texts and sounds that take some seconds to index."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    for at in range(pictures):
        Image.fromarray(rng.integers(0, 256, (480, 640, 3), np.uint8)).save(folder / f"{at}.png")
        (folder / f"{at}.txt").write_text(f"The keeper of lighthouse {at} counts ships. " * 30, "utf-8")
    for at in range(4):
        with wave.open(str(folder / f"{at}.wav"), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(rng.integers(-9000, 9000, 16_000 * 20).astype("<i2").tobytes())


def command(home: Path, folder: Path) -> list[str]:
    """The program on a folder, without what needs models that need not be here."""
    line = [sys.executable, "-m", "indexer.cli.app", "index", str(folder), "--library", str(home)]
    return [*line, "--no-ocr", "--no-speech", "--workers", "2"]


def completed(home: Path, folder: Path) -> dict[str, Any]:
    """What a library holds after a whole run, with the number of vectors in place of them: batches differ in rounding."""
    done = subprocess.run(command(home, folder), cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    held = contents(home)
    for asset in held["assets"].values():
        asset["segments"] = [
            (key, values, said, [len(each) for each in lists]) for key, values, said, lists in asset["segments"]
        ]
    return held | {"spaces": {name: len(rows) for name, rows in held["spaces"].items()}}


def stop(home: Path, folder: Path, after_s: float, number: int, *, twice: bool = False) -> Stop:
    """Starts the program and sends it a signal: to it and all its children where that is SIGINT, else to it alone."""
    process = subprocess.Popen(
        command(home, folder),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509  a shell's background job ignores SIGINT, and so would its children
    )
    time.sleep(after_s)
    start = time.perf_counter()
    for _ in range(1 + twice):
        if process.poll() is None:
            os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
            time.sleep(0.05 * twice)
    printed = process.communicate(timeout=AT_ALL_S)[0].decode(errors="replace")
    seconds = time.perf_counter() - start
    return Stop(process.returncode, printed, seconds, tuple(_problems(process, home, printed, number)))


def heed_signals() -> None:
    """Undoes in a child that whoever started the tests ignores signals."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _problems(process: subprocess.Popen[bytes], home: Path, printed: str, number: int) -> list[str]:
    found = [f"printed {word}" for word in BAD_WORDS if word in printed]
    ended = "indexed" in printed and "Stopped" not in printed  # it was done before the signal came
    if process.returncode not in (128 + number, *[0] * ended):
        found.append(f"ended with {process.returncode}")
    if _lives(process.pid):
        found.append("left processes behind")
    if layout.catalog(home).exists():
        try:
            with writer(home, "a test"):
                pass
            found += [each.what for each in doctor.examine(home) if not any(note in each.what for note in NO_FAULTS)]
        except LibraryError as error:
            # Ended before the tables were made: the next run makes them.
            found += [str(error)] if "is empty" not in str(error) else []
    return found


def _lives(group: int) -> bool:
    """Whether a process group keeps members; one that was just being started sees the end of its host when it is up."""
    for _ in range(1_500):
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        time.sleep(0.02)
    return True
