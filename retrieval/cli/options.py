"""Options and operands that several commands share, and how their values are read."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval.errors import QueryError

if TYPE_CHECKING:
    from retrieval.domain.media import Medium
    from retrieval.domain.query import Filters, Operand, Query


LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help="The library's folder [default: CROSSMEDIA_LIBRARY, or your own]."),
]

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; its keys are a promise, see docs/cli.md.")]

PlainOption = Annotated[bool, typer.Option("--plain", help="Take the words as they are: no operators, no fields.")]


def build_query(text: str, operands: list[Operand], filters: Filters, *, plain: bool = False, **parts: Any) -> Query:
    """The query of a text, with the operands and filters of options; these replace those in the text."""
    from dataclasses import asdict, replace

    from retrieval.domain.query import Query
    from retrieval.query.build import parse

    query = Query.plain(text) if plain else parse(text)
    own = {name: value for name, value in asdict(filters).items() if value not in (None, frozenset())}
    own_filters = replace(query.filters, **own)
    return replace(query, operands=(*query.operands, *operands), filters=own_filters, **parts)


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
        raise QueryError("nothing comes by standard input", "crossmedia search --image - < FILE")
    file = folder / "standard-input"
    with file.open("wb") as out:
        shutil.copyfileobj(sys.stdin.buffer, out)
    if not file.stat().st_size:
        raise QueryError("standard input is empty", "crossmedia search --image - < FILE")
    return file


def media_named(names: list[str] | tuple[()]) -> frozenset[Medium]:
    from retrieval.domain.media import MEDIA

    asked = {name.strip(): name.strip().lower().removesuffix("s") for each in names for name in each.split(",")}
    for name, medium in asked.items():  # images, videos
        if name and medium not in MEDIA:
            raise QueryError(f"--in {name} is no medium", f"there are {', '.join(MEDIA)}")
    return frozenset(medium for medium in asked.values() if medium)  # type: ignore[misc]


def date(text: str | None, option: str) -> str | None:
    """The start of an ISO date and time, as it was given."""
    import re
    from datetime import datetime

    if text is None:
        return None
    parts = re.fullmatch(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?)?", text.strip())
    try:
        numbers = [int(each) for each in parts.groups() if each is not None] if parts else [0]
        datetime(*[*numbers, 1, 1, 1][: max(3, len(numbers))])  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise QueryError(f"{option} {text} is no date", "like 2019-07-14, 2019-07 or 2019") from None
    return text.strip().replace(" ", "T")


def milliseconds(text: str | None, option: str) -> int | None:
    """A length of time: seconds, minutes:seconds, or numbers with h, m, s."""
    import re

    if text is None:
        return None
    clock = re.fullmatch(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", text.strip())
    named = re.fullmatch(
        r"(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m(?:in)?)?\s*(?:(\d+(?:\.\d+)?)\s*s?)?", text.strip()
    )
    found = clock or named
    if found is None or not any(found.groups()):
        raise QueryError(f"{option} {text} is no length of time", "like 90, 1:30, 2m or 1h")
    hours, minutes, seconds = (float(each or 0) for each in found.groups())
    return round(1000 * (3600 * hours + 60 * minutes + seconds))
