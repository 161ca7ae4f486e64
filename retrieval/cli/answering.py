"""From a question to its printed answer, whichever way the command line was read. Loads no library that reads one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.cli import server as service
from retrieval.cli.output import complain, is_bold, print_json, terminal_width
from retrieval.domain.place import is_object, place_bytes, place_text
from retrieval.errors import NOTHING_FOUND, RetrievalError

if TYPE_CHECKING:
    from retrieval.domain.query import Query
    from retrieval.domain.result import Answer, Hit, Tag

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is printed.

    style: table, json, jsonl, csv or paths. end: what follows each path. everything: print what is less sure as paths
    too. tags, pictures: show tags, and thumbnails where the terminal can. opens: open the best hit in its program.
    """

    style: str = "table"
    end: str = "\n"
    everything: bool = False
    tags: bool = False
    pictures: bool = True
    opens: bool = False

    @property
    def shows_pictures(self) -> bool:
        """Whether the answer may come with thumbnails, which no service prints."""
        return self.pictures and self.style == "table" and sys.stdout.isatty()


def answer(query: Query, library: Path | None, form: Form) -> int:
    """Asks a library, prints the answer, and gives the exit code. Raises as Library.open and Library.search."""
    from retrieval.library import Library

    with Library.open(library) as opened:
        found = opened.search(query)
        tags = opened.tags([each.id for hit in found.shown for each in hit.segments]) if form.tags else None
        state = None if found else opened.status()
    for warning in found.warnings:
        complain(warning)
    if state and not state.media:
        complain(service.EMPTY)
    _print_answer(query, found, form, tags)
    if form.style == "table" and state and state.media and found.best and not found.reason:
        _print_better_models(state.profile)
    wanted = found.shown if form.everything else found.hits
    if form.opens and wanted:
        _open(wanted[0].path)
    return 0 if found else NOTHING_FOUND


def answer_by_service(library: Path | None, body: dict[str, Any], form: Form) -> int | None:
    """The same by a service of this library, asked by a body of POST /v1/search; None where none answers."""
    report = service.ask(library, body | service.lines_of(form.style))
    if report is None:
        return None
    for line in (*report["warnings"], *service.complaints(report, form.style)):
        complain(line)
    service.print_answer(report, form.style, form.end, everything=form.everything)
    wanted = report["hits"] + (report["possible"] if form.everything else [])
    if form.opens and wanted:
        _open(Path(os.fsdecode(service.path_bytes(wanted[0]))))
    return 0 if report["hits"] else NOTHING_FOUND


def _print_answer(query: Query, answer: Answer, form: Form, tags: Tags | None) -> None:
    from retrieval.render import json as render_json

    if form.style == "json":
        print_json(render_json.answer_report(query, answer, tags))
    elif form.style == "jsonl":
        for report in render_json.line_reports(answer, tags):
            print_json(report, indent=None)
    elif form.style == "csv":
        _print_csv(answer)
    elif form.style == "paths":
        for hit in answer.shown if query.reach == "all" else answer.hits:
            sys.stdout.buffer.write(place_bytes(hit.path) + form.end.encode())
    else:
        _print_table(query, answer, form, tags)


def _print_csv(answer: Answer) -> None:
    import csv

    from retrieval.render import json as render_json

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(render_json.CSV_HEAD)
    table.writerows(render_json.csv_rows(answer))


def _print_table(query: Query, answer: Answer, form: Form, tags: Tags | None) -> None:
    from retrieval.render.answers import answer_lines, nothing_line, rule_line

    if not answer.shown:
        print(nothing_line(answer))
        return
    way = None
    if form.shows_pictures:
        from retrieval.render.terminal_images import protocol

        way = protocol()
    words = " ".join(str(each.value) for each in query.operands if each.sense == "text")
    every = answer_lines(answer, words, query.offset, terminal_width(), bold=is_bold(), tags=tags)
    for at, (hit, lines) in enumerate(zip(answer.shown, every, strict=True)):
        if at == len(answer.hits):
            print(rule_line(answer, query.offset))
        print("\n".join(lines))
        if way:
            _print_thumbnail(hit, way)


def _print_better_models(profile: str) -> None:
    """One line where a larger model could help and none is here."""
    from retrieval.encoders.profile_registry import better_fetch

    if line := better_fetch(profile):
        complain(line)


def _print_thumbnail(hit: Hit, way: Any) -> None:
    from retrieval.render.terminal_images import thumbnail

    picture = thumbnail(hit, way)
    if picture:
        print("          " + picture)


def _open(path: Path) -> None:
    """Starts the program that the desktop has for a file; a browser for an object in a bucket."""
    import subprocess

    from retrieval.media.objects import link

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(opener)
    if program is None:
        raise RetrievalError(f"{opener} is not installed, so {path} cannot be opened", "open it by hand")
    target = (link(path) if is_object(path) else None) or place_text(path)
    subprocess.Popen([program, target], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
