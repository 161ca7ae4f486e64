"""Random edits with random kills end in the library of a clean build: python -m benchmarks.endurance.

Files are added, changed, moved, copied and deleted at random; after every round the folder is indexed by a process
that, in as many rounds as asked for, is killed (SIGKILL) at a random statement, rename or deletion. At the end a last
run is compared with a library built anew, and `doctor` examines both.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.report import report
from indexer import doctor
from tests.contents import contents
from tests.indexing import index_and_die


class Folder:
    """A folder of small media that changes at random."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)
        root.mkdir()

    def edit(self) -> None:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        action = self.random.choice(
            ["add", "add", "change", "move", "copy", "delete"] if len(files) < 300 else ["delete", "move", "change"]
        )
        if not files or action == "add":
            self._write(self._place())
            return
        chosen = self.random.choice(files)
        if action == "change":
            self._write(chosen)
        elif action == "move":
            chosen.rename(self._place(chosen.suffix))
        elif action == "copy":
            shutil.copy(chosen, self._place(chosen.suffix))
        else:
            chosen.unlink()

    def _place(self, suffix: str | None = None) -> Path:
        folder = self.root / self.random.choice("abcd")
        folder.mkdir(exist_ok=True)
        return (
            folder
            / f"{self.random.getrandbits(40):010x}{suffix or self.random.choice(['.png', '.png', '.txt', '.jpg'])}"
        )

    def _write(self, path: Path) -> None:
        if path.suffix == ".txt":
            path.write_text(f"Sentence {self.random.getrandbits(64)} of a small document. 第二句话。", "utf-8")
        elif path.suffix == ".png" or self.random.random() < 0.7:
            colour = tuple(self.random.randrange(256) for _ in range(3))
            Image.new("RGB", (self.random.randrange(8, 60), 20), colour).save(path, "PNG")
        else:
            path.write_bytes(b"\xff\xd8\xff\xe0" + self.random.randbytes(50))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        folder = Folder(root / "media", arguments.seed)
        killed = _rounds(folder, root / "library", arguments.edits, arguments.kills)
        index_and_die(root / "library", folder.root, 0)
        index_and_die(root / "clean", folder.root, 0)
        equal = contents(root / "library") == contents(root / "clean")
        findings = [each.what for each in doctor.examine(root / "library")]
        figures: dict[str, float | str] = {
            "edits": float(arguments.edits),
            "kills": float(killed),
            "equal to a clean build": str(equal),
            "doctor's findings": "; ".join(findings) or "none",
            "seconds": time.perf_counter() - start,
        }
    report("endurance", figures, arguments.out)
    sys.exit(0 if equal and not findings else 1)


def _rounds(folder: Folder, home: Path, edits: int, kills: int) -> int:
    """Edits in twice as many rounds as kills are asked for; returns how often the process was really killed."""
    rounds = 2 * kills
    killed, moments = 0, 200
    for number in range(rounds):
        for _ in range(edits // rounds):
            folder.edit()
        kill_at = folder.random.randrange(1, moments) if killed < kills and number < rounds - 1 else 0
        lived = index_and_die(home, folder.root, kill_at)
        killed += lived is None
        moments = max(lived or 0, 60)
    return killed


if __name__ == "__main__":
    main()
