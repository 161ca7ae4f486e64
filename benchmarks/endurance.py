"""Random edits with random kills end in the library of a clean build: python -m benchmarks.endurance.

Files are added, changed, moved, copied and deleted at random, files and folders are forgotten and taken back, patterns
excluded and dropped; after every round the folder is indexed by a process that, in as many rounds as asked for, is killed
(SIGKILL) at a random statement, rename or deletion. At the end a last run is compared with a library built anew, which was
told of the same forgotten paths and patterns before it read anything; nothing forgotten may be in it; `doctor` examines it.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import insert

from benchmarks.report import report
from indexer import doctor
from indexer.catalog import sources
from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from retrieval.catalog import layout
from retrieval.catalog.schema import forgotten as forgotten_table
from retrieval.errors import LibraryError, QueryError
from tests.contents import contents
from tests.fakes import FakeProfile
from tests.indexing import index_and_die

TOLD = ("forget", "remember", "exclude", "drop")
FEW = ("add", "add", "add", "change", "change", "move", "copy", "delete", "forget", *TOLD)
MANY = ("delete", "delete", "move", "change", "forget", *TOLD)


class Folder:
    """A folder of small media that changes at random, and what its library is told of it. told: how often what was."""

    def __init__(self, root: Path, home: Path, seed: int) -> None:
        self.root = root
        self.home = home
        self.told = dict.fromkeys(TOLD, 0)
        self.random = random.Random(seed)
        root.mkdir()

    def edit(self) -> None:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        action = self.random.choice(FEW if len(files) < 300 else MANY)
        if action in TOLD:
            self._tell(action, files)
            return
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

    def _tell(self, action: str, files: list[Path]) -> None:
        """Forgets, takes back, excludes or drops; what the library does not know yet cannot be forgotten."""
        self.told[action] += 1
        if not layout.catalog(self.home).exists():
            return
        with suppress(LibraryError, QueryError):  # not known yet, or the first run was killed before it made the tables
            known = [each.path for each in sources.all_forgotten(self.home)]
            if action == "forget" and files:
                chosen = self.random.choice(files)
                sources.forget(self.home, chosen.parent if self.random.random() < 0.05 else chosen)
            elif action == "remember" and known and self.random.random() < 0.3:  # so that some stay forgotten
                sources.remember(self.home, self.random.choice(known))
            elif action in ("exclude", "drop"):
                pattern = f"*{self.random.choice('0123456789abcdef')}.*"
                sources.edit_patterns(self.home, self.root, exclude=[pattern], drop=action == "drop")

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
        folder = Folder(root / "media", root / "library", arguments.seed)
        killed = _rounds(folder, root / "library", arguments.edits, arguments.kills)
        index_and_die(root / "library", folder.root, 0)
        _told_before(root / "clean", root / "library")
        index_and_die(root / "clean", folder.root, 0)
        held, forgotten = contents(root / "library"), sources.all_forgotten(root / "library")
        equal = held == contents(root / "clean")
        back = _come_back(held, [each.path for each in forgotten])
        findings = [each.what for each in doctor.examine(root / "library") if "usage records" not in each.what]
        figures: dict[str, float | str] = {
            "edits": float(arguments.edits),
            "kills": float(killed),
            **{f"times {name}": float(count) for name, count in folder.told.items()},
            "forgotten at the end": float(len(forgotten)),
            "patterns at the end": float(len(sources.listed(root / "library")[0].exclude)),
            "files of the library": float(sum(len(each["paths"]) for each in held["assets"].values())),
            "forgotten things that came back": float(len(back)),
            "equal to a clean build": str(equal),
            "doctor's findings": "; ".join(findings) or "none",
            "seconds": time.perf_counter() - start,
        }
    report("endurance", figures, arguments.out)
    sys.exit(0 if equal and not findings and not back else 1)


def _told_before(home: Path, other: Path) -> None:
    """A library at `home` that holds nothing but the sources, patterns and forgotten paths of another."""
    with writing(home, "endurance", FakeProfile().name) as (engine, _), catalog_write.transaction(engine) as connection:
        for source in sources.listed(other):
            catalog_write.add_source(connection, source.root, source.include, source.exclude)
        for each in sources.all_forgotten(other):
            connection.execute(insert(forgotten_table).values(path=os.fsencode(each.path), forgotten_at=each.since))


def _come_back(held: dict[str, Any], forgotten: list[Path]) -> list[bytes]:
    """Paths of a library at or below forgotten ones."""
    places = [os.fsencode(each) for each in forgotten]
    paths = [
        *(path for each in held["assets"].values() for path in each["paths"]),
        *(path for path, _ in held["skipped"]),
    ]
    return [path for path in paths if any(path == each or path.startswith(each + b"/") for each in places)]


def _rounds(folder: Folder, home: Path, edits: int, kills: int) -> int:
    """Edits in twice as many rounds as kills are asked for; returns how often the process was really killed.

    Every second round is killed, at a moment drawn evenly from those of the last whole run, so that kills meet libraries of
    every age; one that was drawn too late is made up for.
    """
    rounds = 2 * kills
    killed, moments = 0, 200
    for number in range(rounds):
        for _ in range(edits // rounds):
            folder.edit()
        left = rounds - 1 - number
        wanted = killed < kills and left > 0 and (number % 2 == 1 or kills - killed >= left)
        kill_at = folder.random.randrange(1, moments) if wanted else 0
        lived = index_and_die(home, folder.root, kill_at)
        killed += lived is None
        moments = max(lived or moments, 60)
    return killed


if __name__ == "__main__":
    main()
