"""How often a question is encoded, and what it asks of the database: python -m benchmarks.counts LIBRARY MEDIA

LIBRARY and MEDIA are those of benchmarks.answers; like it, this file also runs by itself with the Python of another
checkout. Counted: SQL statements; calls of each encoder from outside of it, and of the transcriber; how often the file
that asks is opened by the media library. Asked: a plain question, the first and a later one; `explain` of a question by
a recording; `clip` over all videos of the library. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import inspect
import json
import os
import pkgutil
import runpy
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import av
from sqlalchemy import Engine, event

import retrieval.encoders
from retrieval import Library, Operand

FIRST = "music with drums"
PLAIN = ("cat", "a cat", "a dog on the beach", "海上的帆船", "the art of printing books with movable types")
RECORDING = ("fixtures/audio/sp_035.opus", "fixtures/videos/v_15.mp4")  # what asks, and what is explained
CLIPPED = "a dog on the beach"


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts what is called inside: `sql`, CLASS.encode, CLASS.transcribe, and `open NAME` for each media file."""
    counts: Counter[str] = Counter()

    def statement(*_: Any) -> None:
        counts["sql"] += 1

    event.listen(Engine, "before_cursor_execute", statement)
    try:
        with ExitStack() as patches:
            inside: list[str] = []  # calls that are under way: an encoder may be made of others
            for owner, name in callables():
                counted = _counted(getattr(owner, name), f"{owner.__name__}.{name}", counts, inside)
                patches.enter_context(mock.patch.object(owner, name, counted))
            patches.enter_context(mock.patch.object(av, "open", _opening(counts)))
            yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", statement)


def callables() -> Iterator[tuple[type, str]]:
    """The methods by which encoders encode and transcribers transcribe, whatever module they lie in."""
    for module in pkgutil.walk_packages(retrieval.encoders.__path__, "retrieval.encoders."):
        loaded = importlib.import_module(module.name)
        for each in vars(loaded).values():
            if isinstance(each, type) and each.__module__ == loaded.__name__:
                own = vars(each)
                if "encode" in own and len(inspect.signature(own["encode"]).parameters) == 2:  # not a tokenizer's
                    yield each, "encode"
                if "transcribe" in own:
                    yield each, "transcribe"


def _counted(method: Callable[..., Any], name: str, counts: Counter[str], inside: list[str]) -> Callable[..., Any]:
    @functools.wraps(method)
    def counted(*arguments: Any, **options: Any) -> Any:
        counts[name] += not inside
        inside.append(name)
        try:
            return method(*arguments, **options)
        finally:
            inside.pop()

    return counted


def _opening(counts: Counter[str]) -> Callable[..., Any]:
    opened = av.open

    def counted(file: Any, *arguments: Any, **options: Any) -> Any:
        counts[f"open {Path(os.fsdecode(getattr(file, 'name', file))).name}"] += 1
        return opened(file, *arguments, **options)

    return counted


def program(*arguments: str) -> int:
    """The program `crossmedia` of this environment, run in this process, and how it ended."""
    script = str(Path(sys.executable).parent / "crossmedia")
    with mock.patch.object(sys, "argv", [script, *arguments]), redirect_stdout(sys.stderr):
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


def count_all(home: Path, media: Path) -> dict[str, dict[str, int]]:
    """The counts of each question by what it is called, and how many videos a clip weighs."""
    figures: dict[str, dict[str, int]] = {}
    with Library.open(home) as library:
        for number, words in enumerate((FIRST, *PLAIN)):
            with counting() as counts:
                library.search(words)
            figures[f"{'plain' if number else 'first'} question: {words}"] = dict(counts)
        asking, explained = (media / each for each in RECORDING)
        with counting() as counts:
            assert library.explain(Operand("audio", asking), explained) is not None
        figures["explain by a recording"] = dict(counts)
        videos = len(library.search(CLIPPED, media="video", limit=40, min_confidence=0.0))
    with tempfile.TemporaryDirectory() as folder, counting() as counts:
        reel = ("--out", f"{folder}/reel.mp4", "--length", "20", "--min-confidence", "0", "--library", str(home))
        assert program("clip", CLIPPED, *reel) == 0
    opened = sum(count for name, count in counts.items() if name.startswith("open "))
    encoded = {name: count for name, count in counts.items() if not name.startswith("open ")}
    figures["clip"] = {**encoded, "files opened": opened, "videos": videos}
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for place in ("library", "media"):
        parser.add_argument(place, type=lambda text: Path(text).resolve())
    given = parser.parse_args()
    print(json.dumps({"benchmark": "counts", **count_all(given.library, given.media)}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
