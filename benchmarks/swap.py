"""Questions at a steady rate while a library changes its models: python -m benchmarks.swap PHOTOS [--model DIR] [--rate 10]

PHOTOS are indexed by the starter. Then they are asked for by themselves, `rate` questions a second, while the program
itself encodes them again by a profile of the model in DIR (`rebuild --profile NAME --keep`) and goes back (`--rollback`);
without DIR a small random one is made.

Every question is answered before by two libraries, each of one model alone. An answer that is neither of these is mixed.

    questions          asked while the two commands ran, and a second after each
    failed, mixed      of these
    by_old, by_new     answered as by the starter, as by the other model
    rate               questions a second that were asked for; behind_s: how late the latest of them was put
    longest_ms         of one answer
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval import Library
from retrieval.domain.query import Operand

ASIDE = 10  # questions that are still put when a command has ended

Order = tuple[str, ...]
"""Names of the candidates for a question, best first."""


@dataclass
class Watched:
    """What was answered: `old`, `new`, or what was wrong. behind: of the latest question, longest: of an answer, seconds."""

    answers: list[str] = field(default_factory=list)
    behind: float = 0.0
    longest: float = 0.0

    @property
    def problems(self) -> list[str]:
        """All but what one model alone would answer."""
        return [each for each in self.answers if each not in ("old", "new")]


def order(library: Library, file: Path) -> Order:
    """The candidates for a picture that asks. Raises RuntimeError where anything was left out of the question."""
    answer = library.search(Operand("image", file), limit=10, min_confidence=0.0)
    if answer.warnings:
        raise RuntimeError("; ".join(answer.warnings))
    return tuple(hit.path.name for hit in answer if hit.path)


def orders(home: Path, files: Sequence[Path]) -> dict[Path, Order]:
    """The answer to each file as the library stands."""
    with Library.open(home) as library:
        return {file: order(library, file) for file in files}


def watch(
    library: Library,
    known: Mapping[Path, tuple[Order, Order]],
    commands: Sequence[Callable[[], subprocess.Popen[bytes]]],
    rate: float,
) -> Watched:
    """Asks `rate` questions a second while each command runs, and ASIDE more. known: answers by the old and the new model.

    Raises: RuntimeError where a command fails.
    """
    found, files, number, start = Watched(), list(known), 0, time.perf_counter()
    for command in commands:
        with command() as process:
            aside = 0
            while aside < ASIDE:
                aside += process.poll() is not None
                due = start + number / rate
                time.sleep(max(0.0, due - time.perf_counter()))
                began = time.perf_counter()
                found.behind = max(found.behind, began - due)
                found.answers.append(_answered(library, files[number % len(files)], known))
                found.longest = max(found.longest, time.perf_counter() - began)
                number += 1
        if process.returncode:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
    return found


def _answered(library: Library, file: Path, known: Mapping[Path, tuple[Order, Order]]) -> str:
    try:
        seen = order(library, file)
    except Exception as error:  # noqa: BLE001  whatever it is, it is counted
        return f"failed: {file.name}: {error!r}"
    return dict(zip(known[file], ("old", "new"), strict=True)).get(seen, f"mixed: {file.name}: {seen}")


def program(home: Path, *words: str) -> Callable[[], subprocess.Popen[bytes]]:
    """What starts `crossmedia` on a library."""
    command = [sys.executable, "-m", "indexer.cli.app", *words, "--library", str(home)]
    return lambda: subprocess.Popen(command, stdout=subprocess.DEVNULL)


def to_profile(home: Path, name: str) -> Callable[[], subprocess.Popen[bytes]]:
    """The command that encodes a library by a profile and keeps what it had."""
    return program(home, "rebuild", "--profile", name, "--keep", "--quiet")


def back(home: Path) -> Callable[[], subprocess.Popen[bytes]]:
    """The command that goes back."""
    return program(home, "rebuild", "--rollback", "--quiet")


def differing(home: Path, other: Path, files: Sequence[Path]) -> dict[Path, tuple[Order, Order]]:
    """The answers to files by two libraries of the same media and other models, where they differ."""
    old, new = orders(home, files), orders(other, files)
    return {file: (old[file], new[file]) for file in files if old[file] != new[file]}


def ended(command: Callable[[], subprocess.Popen[bytes]]) -> None:
    """Runs a command. Raises: RuntimeError where it fails."""
    with command() as process:
        if process.wait():
            raise RuntimeError(f"{process.args} ended with {process.returncode}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--rate", type=float, default=10.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        print(json.dumps(measured(given.photos, given.model, given.rate, Path(place))))


def measured(photos: Path, model: Path | None, rate: float, work: Path) -> dict[str, float]:
    """The figures. work: an empty folder."""
    from tests import tiny_models

    tiny_models.ONNX_DIMENSION = 256  # photos of a random model of 16 numbers lie too close for an index of bytes
    os.environ["CROSSMEDIA_CACHE"] = str(work / "cache")
    home, folder = work / "library", model or tiny_models.write_onnx_folder(work / "other")
    copy = Path(shutil.copytree(photos, work / "photos", ignore=shutil.ignore_patterns("*.tsv", "*.md")))
    for words in (("add", str(folder), "--name", "other"), ("profile", "add", "other", "--shared", "other")):
        subprocess.run([sys.executable, "-m", "indexer.cli.app", "models", *words], check=True, stdout=sys.stderr)
    index = ("index", str(copy), "--no-ocr", "--no-speech", "--quiet")
    ended(program(work / "by-other", *index, "--profile", "other"))
    ended(program(home, *index))
    known = differing(home, work / "by-other", sorted(each for each in copy.rglob("*") if each.is_file())[:50])
    if not known:
        raise SystemExit(f"both models answer the same to {photos}: give more photos")
    with Library.open(home) as library:
        found = watch(library, known, [to_profile(home, "other"), back(home)], rate)
    return {
        "questions": len(found.answers),
        "failed": sum(each.startswith("failed") for each in found.answers),
        "mixed": sum(each.startswith("mixed") for each in found.answers),
        "by_old": found.answers.count("old"),
        "by_new": found.answers.count("new"),
        "rate": rate,
        "behind_s": round(found.behind, 3),
        "longest_ms": round(1000 * found.longest, 1),
    }


if __name__ == "__main__":
    main()
