"""What a tree answers to a few hundred questions, recorded to be compared with what another tree answers.

    python -m benchmarks.answers index LIBRARY MEDIA
    python -m benchmarks.answers record LIBRARY MEDIA OUT.json
    python -m benchmarks.answers compare BEFORE.json AFTER.json [--tolerance 1e-6]

MEDIA holds two folders: `fixtures`, and `samples`, a copy of data/samples. The questions stand in answers.txt. Nothing but
the names of `retrieval.__all__` and the program `crossmedia` is used to index and to ask, so that the file also runs by
itself with the Python of another checkout, be it older: OTHER/.venv/bin/python benchmarks/answers.py record ...
`compare` prints a table of differences and a summary as JSON, and exits 1 where there is any difference.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# As `crossmedia search` does it for a question in words: sums are made in one order.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from PIL import ImageColor

import retrieval
from retrieval import Library, Operand, Query, RetrievalError

QUESTIONS = Path(__file__).with_suffix(".txt")
NOT_INDEXED = ("*.tsv", "README.md", "/questions", "ORIGINS.md", "truth.toml")  # truth, and files that ask
MEDIA = ("image", "audio", "video", "document")
CHANGES = {"took_ms", "written", "library", "created_at", "scanned_at", "spaces", "detail"}  # keys of no answer
RATE = 16_000
Record = dict[str, Any]


# ---------------------------------------------------------------- questions


def read_questions(file: Path = QUESTIONS) -> list[str]:
    """The lines of a file of questions, without comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def understood(line: str) -> argparse.Namespace:
    """One line as the arguments of its command."""
    command, *words = shlex.split(line)
    if command == "program":
        return argparse.Namespace(command=command, arguments=words)
    return _parser().parse_args([command, *words])


def _parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(allow_abbrev=False)
    commands = root.add_subparsers(dest="command", required=True)
    for name in ("search", "curve", "explain", "clip"):
        command = commands.add_parser(name, allow_abbrev=False)
        command.add_argument("words", nargs="?", default="")
        command.add_argument("--plain", action="store_true")
        for medium in MEDIA:
            command.add_argument(f"--{medium}", type=Path, action="append", default=[])
        command.add_argument("--like", action="append", default=[])
        command.add_argument("--colour", help="a picture of one colour")
        command.add_argument("--tone", type=float, help="three seconds of a tone of so many hertz")
        command.add_argument("--of", help="the file, or its segment by number, that curve and explain look at")
        command.add_argument("--length")
        command.add_argument("--min-confidence", type=float)
    search = commands.choices["search"]
    search.add_argument("--tags", action="store_true")
    search.add_argument("--in", dest="media", type=lambda text: set(text.split(",")))
    search.add_argument("--sort", choices=("confidence", "date"))
    search.add_argument("--near", type=lambda text: tuple(map(float, text.split(","))))
    for name in ("more-like", "less-like"):
        search.add_argument(f"--{name}", action="append")
    for name in ("path", "after", "before", "camera", "lang", "tag"):
        search.add_argument(f"--{name}")
    for name in ("limit", "offset", "min-duration-ms", "max-duration-ms", "min-bytes", "max-bytes"):
        search.add_argument(f"--{name}", type=int)
    return root


OPTIONS = (
    *("media", "sort", "near", "more_like", "less_like", "path", "after", "before", "camera", "lang", "tag", "limit"),
    *("offset", "min_duration_ms", "max_duration_ms", "min_bytes", "max_bytes", "min_confidence"),
)  # of Library.search


# ---------------------------------------------------------------- asking

FILES = (
    {"files": True} if "files" in inspect.signature(Library.search).parameters else {}
)  # older trees take no such word


@dataclasses.dataclass(frozen=True)
class Asker:
    """A library, and the folder of media that its paths and those of the questions are told from."""

    library: Library
    media: Path

    def record(self, line: str) -> Record:
        """What is answered to one question, or the public error that refuses it."""
        asked = understood(line)
        try:
            answer: Record = getattr(self, f"_{asked.command}")(asked)
        except RetrievalError as error:
            public = next(each for each in type(error).__mro__ if each.__name__ in retrieval.__all__)
            return {"error": public.__name__, "says": [str(error)]}
        return answer

    def _search(self, asked: argparse.Namespace) -> Record:
        options = {name: value for name in OPTIONS if (value := getattr(asked, name)) is not None}
        for name in {"more_like", "less_like"} & set(options):
            options[name] = tuple(map(self._named, options[name]))
        told = self._told(asked, **options)
        if not told["hits"] and "min_confidence" not in options:  # so that an empty answer can be compared as well
            told["below the cut"] = self._told(asked, **{**options, "min_confidence": 0.0})
        return told

    def _told(self, asked: argparse.Namespace, **options: Any) -> Record:
        answer = self.library.search(self._question(asked), **FILES, **options)
        tags = {}
        if asked.tags:
            ids = [segment.id for hit in answer for segment in hit.segments]
            tags = {
                segment: [[each.name, each.confidence] for each in own]
                for segment, own in self.library.tags(ids).items()
            }
        possible = getattr(answer, "possible", ())  # older trees have one part
        hits = [self._hit(hit) for hit in (*answer, *possible)]
        return {"hits": hits, "best": answer.best, "warnings": list(answer.warnings), "tags": tags}

    def _curve(self, asked: argparse.Namespace) -> Record:
        return {"curve": _curve(self.library.curve(self._alone(asked), self._named(asked.of), **FILES))}

    def _explain(self, asked: argparse.Namespace) -> Record:
        found = self.library.explain(self._question(asked), self._named(asked.of), **FILES)
        if found is None:
            return {"explained": None}
        return {
            "hits": [self._hit(found.hit)],
            "segment": _segment(found.segment) if found.segment is not None else None,
            "name_marks": [[each.start, each.end] for each in found.name_marks],
            "picture": None if found.picture is None else list(found.picture.shape),
            "at_ms": found.at_ms,
            "length_ms": found.length_ms,
            "curve": None if found.curve is None else _curve(found.curve),
            "warnings": list(found.warnings),
        }

    def _program(self, asked: argparse.Namespace) -> Record:
        done = self._run(*asked.arguments)
        try:
            told = json.loads(done.stdout)
        except json.JSONDecodeError:
            told = [_value(line) for line in done.stdout.splitlines()]
        return {"code": done.returncode, "told": self._clean(told), "warnings": done.stderr.splitlines()}

    def _clip(self, asked: argparse.Namespace) -> Record:
        """The lists that are written beside a reel, for they say what is in it."""
        with tempfile.TemporaryDirectory() as folder:
            reel = Path(folder) / "reel.mp4"
            cut = [] if asked.min_confidence is None else ["--min-confidence", str(asked.min_confidence)]
            done = self._run("clip", asked.words, "--length", asked.length, "--out", str(reel), *cut)
            lists = {
                suffix: self._clean(reel.with_suffix(suffix).read_text(encoding="utf-8").splitlines())
                for suffix in (".csv", ".srt", ".edl")
                if reel.with_suffix(suffix).exists()
            }
        return {"code": done.returncode, "lists": lists, "warnings": done.stderr.splitlines()}

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return crossmedia(*arguments, "--library", str(self.library.path))

    # ------------------------------------------------------------ questions as the library takes them

    def _question(self, asked: argparse.Namespace) -> Any:
        operands = self._operands(asked)
        if not operands:
            return Query.plain(asked.words) if asked.plain else asked.words
        return [Operand("text", asked.words), *operands] if asked.words else operands

    def _alone(self, asked: argparse.Namespace) -> Any:
        """The same for a curve, which takes one operand only."""
        question = self._question(asked)
        return question[0] if isinstance(question, list) else question

    def _operands(self, asked: argparse.Namespace) -> list[Operand]:
        found = [Operand(medium, path) for medium in MEDIA for path in getattr(asked, medium)]  # type: ignore[arg-type]
        found += [Operand("like", self._named(name)) for name in asked.like]
        if asked.colour is not None:
            found.append(Operand("image", np.full((32, 32, 3), ImageColor.getrgb(asked.colour)[:3], np.uint8)))
        if asked.tone is not None:
            found.append(
                Operand("audio", np.sin(2 * np.pi * asked.tone * np.arange(3 * RATE) / RATE, dtype=np.float32))
            )
        return found

    def _named(self, name: str) -> str:
        """A path as it is; of PATH@N the id of its segment of that number."""
        path, _, number = name.partition("@")
        if not number:
            return name
        segments = json.loads(self._run("show", path, "--json").stdout)["segments"]
        return str(segments[int(number)]["id"])

    # ------------------------------------------------------------ answers as plain data

    def _hit(self, hit: Any) -> Record:
        plain = {name: getattr(hit, name) for name in ("asset", "medium", "score", "confidence", "offline")}
        plain["date"] = hit.date if hasattr(hit, "date") else hit.taken_at  # as older trees call it
        paths = {"path": str(hit.path), "paths": list(map(str, hit.paths)), "alike": hit.alike}
        return {**self._clean(paths), **plain, "segments": list(map(_segment, hit.segments))}

    def _clean(self, value: Any) -> Any:
        """Plain data with paths told from the folder of media, and without what differs from run to run."""
        if isinstance(value, str):
            return value.replace(f"{self.media}/", "")
        if isinstance(value, list):
            return [self._clean(each) for each in value]
        if isinstance(value, dict):
            kept = {name: own for name, own in value.items() if name not in CHANGES}
            if isinstance(kept.get("bytes"), dict):  # of a library's own files
                del kept["bytes"]
            return {name: self._clean(own) for name, own in kept.items()}
        return value


def crossmedia(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program of the environment that runs this."""
    program = Path(sys.executable).parent / "crossmedia"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def _value(line: str) -> Any:
    """A line of JSON, or the line itself."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return line


def _segment(segment: Any) -> Record:
    names = ("id", "kind", "page", "text", "confidence", "score", "at_ms")
    return {
        **{name: getattr(segment, name) for name in names},
        "span": [segment.span.start, segment.span.end] if segment.span is not None else None,
        "lanes": dict(segment.lanes),
        "marks": [[each.start, each.end] for each in segment.marks],
        "box": list(dataclasses.astuple(segment.box)) if segment.box is not None else None,
    }


def _curve(curve: Any) -> list[list[float]]:
    """Its arrays in the order of its fields."""
    return [np.asarray(getattr(curve, each.name)).tolist() for each in dataclasses.fields(curve)]


def _plain(value: Any) -> Any:
    """What JSON has no words for: NumPy's numbers."""
    return value.item()


# ---------------------------------------------------------------- the program


def index(library: Path, media: Path) -> int:
    """Indexes both folders in all steps, parts of large pictures too."""
    left_out = [part for each in NOT_INDEXED for part in ("--exclude", each)]
    folders = (str(media / "fixtures"), str(media / "samples"))
    done = crossmedia("index", *folders, "--regions", "--library", str(library), *left_out)
    print(done.stderr, file=sys.stderr)
    return 0 if done.returncode in (0, 3) else done.returncode  # 3: broken files were left out, as they should be


def record(library: Path, media: Path, out: Path) -> int:
    """Asks every question of answers.txt, and writes what is answered."""
    os.chdir(media)
    answers = {}
    with Library.open(library) as opened:
        asker = Asker(opened, media)
        for line in read_questions():
            answers[line] = asker.record(line)
    tree = str(Path(retrieval.__file__ or "").parents[1])
    out.write_text(json.dumps({"tree": tree, "answers": answers}, ensure_ascii=False, default=_plain, indent=1))
    hits = sum(len(each.get("hits", [])) for each in answers.values())
    print(f"{len(answers)} questions to {tree}, {hits} hits: {out}", file=sys.stderr)
    return 0


def compare(before: Path, after: Path, tolerance: float) -> int:
    """Prints what differs between two records; 1 where anything but wording does."""
    from benchmarks.differences import report_differences  # not beside the file when another tree runs it

    one, other = (json.loads(each.read_text())["answers"] for each in (before, after))
    return int(report_differences(one, other, tolerance) > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for program, places in ((index, "library media"), (record, "library media out"), (compare, "before after")):
        command = commands.add_parser(program.__name__)
        command.set_defaults(program=program)
        for place in places.split():
            command.add_argument(place, type=lambda text: Path(text).resolve())
    commands.choices["compare"].add_argument("--tolerance", type=float, default=1e-6)
    given = vars(parser.parse_args())
    del given["command"]
    sys.exit(given.pop("program")(**given))


if __name__ == "__main__":
    main()
