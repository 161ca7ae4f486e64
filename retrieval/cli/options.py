"""Options and operands that several commands share, and how their values are read."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from retrieval import settings
from retrieval.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from retrieval.domain.media import Medium
    from retrieval.domain.query import Operand

Value = TypeVar("Value")

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="DIR",
        callback=lambda named: named and settings.library_folder(named),
        help="The library's folder, or the crossmedia.toml in it [default: CROSSMEDIA_LIBRARY, or your own].",
    ),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; its keys are a promise, see docs/cli.md.")]

ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]

PlainOption = Annotated[bool, typer.Option("--plain", help="Take the words as they are: no operators, no fields.")]


def option_value(option: str, text: str | None, read: Callable[[str], Value]) -> Value | None:
    """The value of an option by a function of query/units.py; None where it is not given. Raises QueryError."""
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise QueryError(f"invalid {option}: {text}", f"expected {error}") from None


def media_named(names: Sequence[str]) -> frozenset[Medium]:
    """The media of --in; none where it is not given."""
    from retrieval.query import units

    return option_value("--in", ",".join(names) if names else None, units.media) or frozenset()


@contextmanager
def file_operands(*lists: list[Path] | None) -> Iterator[list[Operand]]:
    """The operands of --image, --audio, --video and --document; standard input lies in a file meanwhile."""
    import tempfile

    from retrieval.domain.media import MEDIA
    from retrieval.domain.query import Operand

    named = [
        (medium, path)
        for medium in MEDIA
        for path in lists[("image", "audio", "video", "document").index(medium)] or ()
    ]
    if sum(str(path) == "-" for _, path in named) > 1:
        raise QueryError("standard input can be read only once", "name a file for the others")
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        for at, (medium, path) in enumerate(named):
            if str(path) == "-":
                named[at] = (medium, _standard_input(Path(folder)))
        yield [Operand(medium, path) for medium, path in named]


def _standard_input(folder: Path) -> Path:
    if sys.stdin.isatty():
        raise QueryError("standard input is a terminal", "crossmedia search --image - < FILE")
    file = folder / "standard-input"
    with file.open("wb") as out:
        shutil.copyfileobj(sys.stdin.buffer, out)
    if not file.stat().st_size:
        raise QueryError("standard input is empty", "crossmedia search --image - < FILE")
    return file
