"""A simple `crossmedia search`, read and answered without the library that reads command lines.

Typer with Pydantic takes a quarter of a second to read one, a third of the time of a cold question: docs/decisions/0335.
Words and a few options are read here, to the same question; all else, and each mistake, is left to the whole program.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from retrieval import blas_threads, settings
from retrieval.cli.answering import Form, answer, answer_by_service
from retrieval.cli.output import reported
from retrieval.errors import SEARCH_FAILED

SWITCHES: dict[str, tuple[str, Any]] = {
    "--json": ("style", "json"), "--jsonl": ("style", "jsonl"), "--csv": ("style", "csv"), "--paths": ("style", "paths"),
    "--all": ("reach", "all"), "--sure": ("reach", "sure"),
    "--plain": ("plain", True), "--server": ("server", True), "--no-server": ("server", False),
}  # fmt: skip
MOST_DIGITS = 18  # of a number; Python refuses to read some thousands


class Line(NamedTuple):
    """A simple command line: its words, the folder of --library, how the answer is printed, whether a service must (True)
    or may (None) answer, and the fields of Query that it names."""

    words: str
    library: Path | None
    form: Form
    is_plain: bool
    server: bool | None
    parts: dict[str, Any]


def read(arguments: Sequence[str]) -> Line | None:
    """None for what is no simple `search`: another command, any other option, anything twice, or a mistake."""
    if arguments[:1] != ["search"]:
        return None
    words: list[str] = []
    given: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for each in rest:
        if not each.startswith("-"):
            words.append(each)
            continue
        name, value = _option(each, rest)
        if name in given or value is None:
            return None
        given[name] = value
    parts: dict[str, Any] = {name: given[name] for name in ("reach", "limit") if name in given}
    form = Form(given.get("style", "table"), everything=given.get("reach") == "all")
    return Line(" ".join(words), given.get("library"), form, "plain" in given, given.get("server"), parts)


def _option(option: str, rest: Any) -> tuple[str, Any]:
    """Name and value of one option; the value None where the whole program is to judge it."""
    if option in SWITCHES:
        return SWITCHES[option]
    value = next(rest, "") if option in ("--library", "--limit") else ""
    if option == "--library" and value:
        return "library", settings.library_folder(Path(value))
    if option == "--limit" and value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS and int(value) > 0:
        return "limit", int(value)
    return "", None


def search(arguments: Sequence[str]) -> int | None:
    """The exit code of a simple search that is done; None: the whole program is to be asked."""
    line = read(arguments)
    if line is None:
        return None
    with reported(SEARCH_FAILED):
        if line.server is not False and not line.form.shows_pictures:
            body = {"query": line.words, "plain": line.is_plain, **line.parts}
            if (code := answer_by_service(line.library, body, line.form)) is not None:
                return code
        if line.server:
            return None
        blas_threads.limit_threads()
        from retrieval.domain.query import Filters
        from retrieval.query.build import build_query

        query = build_query(line.words, (), Filters(), plain=line.is_plain, **line.parts)
        return answer(query, line.library, line.form)
