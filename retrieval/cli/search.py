"""crossmedia search: find media by words, files or both."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval import blas_threads
from retrieval.cli.answering import Form, answer, answer_by_service
from retrieval.cli.options import JsonOption, LibraryOption, PlainOption, file_operands, media_named, option_value
from retrieval.cli.output import reported
from retrieval.errors import SEARCH_FAILED, QueryError

if TYPE_CHECKING:
    from retrieval.domain.query import Query


Sort = StrEnum("Sort", ["confidence", "date"])


def search(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="WORDS", help="What to look for, in any language.")
    ] = None,
    image: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Like this picture; - reads it from standard input.")
    ] = None,
    audio: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Like this sound, or what is said in it.")
    ] = None,
    video: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Like this video: its pictures, speech and sound.")
    ] = None,
    document: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Like this document: its text and pictures.")
    ] = None,
    like: Annotated[
        list[str] | None, typer.Option(metavar="SEGMENT|PATH", help="Like something in the library.")
    ] = None,
    more_like: Annotated[
        list[str] | None, typer.Option(metavar="SEGMENT|PATH", help="A right answer: show more like it.")
    ] = None,
    less_like: Annotated[
        list[str] | None, typer.Option(metavar="SEGMENT|PATH", help="A wrong answer: show less like it.")
    ] = None,
    media: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="MEDIA", help="Only image, video, audio or document; several with commas."),
    ] = None,
    from_json: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A whole question, or an answer to ask again, as --json prints it; - : standard input."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many hits.")] = 20,
    offset: Annotated[int, typer.Option(min=0, metavar="N", help="Leave out the first hits.")] = 0,
    path: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Only files at such a path, or below such a folder.")
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Only from this day, month or year on: 2019-07-14, 2019-07, 2019."),
    ] = None,
    before: Annotated[str | None, typer.Option(metavar="DATE", help="Only before this day, month or year.")] = None,
    min_duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what lasts so long: 90, 1:30, 500ms, 1h30m.")
    ] = None,
    max_duration: Annotated[str | None, typer.Option(metavar="TIME", help="Only what lasts no longer.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME", help="Only pictures by a camera of this name.")] = None,
    place: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what was taken in this town, region or country.")
    ] = None,
    lang: Annotated[
        str | None, typer.Option(metavar="TAG", help="Only what is said or written in this language: en, zh.")
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what shows or lets hear this, in any words; docs/tags.md."),
    ] = None,
    tags: Annotated[bool, typer.Option("--tags", help="Print the tags of the pictures and sounds found.")] = False,
    sort: Annotated[
        Sort, typer.Option(metavar="confidence|date", help="Highest confidence first, or newest first.")
    ] = Sort.confidence,
    sure: Annotated[bool, typer.Option("--sure", help="Leave out what is less sure.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every candidate, whatever its confidence.")] = False,
    min_confidence: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, metavar="0..1", help="Take what has this confidence for sure, and leave out the rest."
        ),
    ] = None,
    as_json: JsonOption = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object for each hit.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a table of comma-separated values.")] = False,
    as_paths: Annotated[bool, typer.Option("--paths", help="Print paths only.")] = False,
    nul: Annotated[
        bool, typer.Option("-0", help="End each path by NUL instead of a new line; implies --paths.")
    ] = False,
    open_best: Annotated[bool, typer.Option("--open", help="Open the best hit in its program.")] = False,
    thumbnails: Annotated[bool, typer.Option(help="Show pictures where the terminal can.")] = True,
    plain: PlainOption = False,
    dates: Annotated[
        bool, typer.Option(help="Read “from 2019” or “last summer” as dates; in quotes they are words.")
    ] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the question as it was understood on standard error.")
    ] = False,
    server: Annotated[
        bool | None,
        typer.Option(help="Ask the crossmedia serve that serves this library here [default: where one does]."),
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Find media by words, by files of any medium, or by both.

    The words may hold operators, best in one pair of quotes: 'dog -indoor', 'cat OR dog', 'goal then cheer within 10s',
    'said:hello in:video' (docs/query.md). Without words or files, --path, --after, ... list what fulfils them, newest
    first. What is less sure follows below a line. Exit code 0: something sure was found, 1: nothing sure, 2: an error.
    """  # fmt: skip
    with reported(SEARCH_FAILED):
        if not (image or audio or video or document):
            blas_threads.limit_threads()
        style = _style(as_json, as_jsonl, as_csv, as_paths or nul)
        form = Form(
            style, "\0" if nul else "\n", everything=everything, tags=tags, pictures=thumbnails, opens=open_best
        )
        text = " ".join(words or ())
        reach = _reach(sure, everything, min_confidence)
        is_local = bool(
            from_json or image or audio or video or document or explain or min_duration or max_duration or lang
        )
        if server is not False and not is_local and not form.shows_pictures:
            chosen = {"media": ",".join(media or ()).lower().split(",") if media else [], "path": path, "after": after}
            chosen |= {"before": before, "camera": camera, "tag": tag}
            body: dict[str, Any] = {"query": text, "plain": plain, "dates": dates, "like": like, "filters": chosen}
            body |= {"more_like": more_like or [], "less_like": less_like or [], "limit": limit, "offset": offset}
            body |= {"sort": sort.value, "reach": reach, "min_confidence": min_confidence, "tags": tags}
            if (code := answer_by_service(library, body, form)) is not None:
                raise typer.Exit(code)
        if server:
            raise QueryError("no service answers this here", "crossmedia serve starts one; files are asked without")
        from retrieval.domain.query import Filters, Operand
        from retrieval.query import units
        from retrieval.query.build import build_query

        with file_operands(image, audio, video, document) as files:
            operands = [*files, *(Operand("like", name) for name in like or ())]
            filters = Filters(
                media=media_named(media or ()),
                path=path,
                after=option_value("--after", after, units.date),
                before=option_value("--before", before, units.date),
                min_duration_ms=option_value("--min-duration", min_duration, units.duration),
                max_duration_ms=option_value("--max-duration", max_duration, units.duration),
                camera=camera,
                place=place,
                lang=option_value("--lang", lang, units.language),
                tag=tag,
            )
            parts: dict[str, Any] = {
                "limit": limit,
                "offset": offset,
                "sort": sort.value,
                "min_confidence": min_confidence,
                "reach": reach,
            }
            parts |= {"more_like": tuple(more_like or ()), "less_like": tuple(less_like or ())}
            if from_json:
                query = _question_in(from_json, text or operands or filters)
            else:
                query = build_query(text, operands, filters, plain=plain, dates=dates, **parts)
            if explain:
                _print_question(query)
            code = answer(query, library, form)
    if code:
        raise typer.Exit(code)


def _question_in(file: Path, beside: Any) -> Query:
    """The question of a file, or of the answer in it."""
    import json

    from retrieval.query.schema import query_from_dict

    if beside:
        raise QueryError("--from-json is a whole question", "leave out words, files and filters")
    try:
        held = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text("utf-8"))
    except OSError as error:
        raise QueryError(f"{file} cannot be read: {error.strerror}", "check the path") from None
    except ValueError as error:
        raise QueryError(f"{file} holds no JSON: {error}", "search --json prints a question as the key query") from None
    inner = held.get("query") if isinstance(held, dict) else None
    return query_from_dict(inner if isinstance(inner, dict) else held, files=True)


def _reach(sure: bool, everything: bool, min_confidence: float | None) -> str:
    chosen = [("--sure", sure), ("--all", everything), ("--min-confidence", min_confidence is not None)]
    given = [name for name, wanted in chosen if wanted]
    if len(given) > 1:
        raise QueryError(f"{given[0]} and {given[1]} exclude each other", "choose one")
    return "sure" if sure else "all" if everything else "possible"


def _print_question(query: Query) -> None:
    from retrieval.query.format import format_query
    from retrieval.render.text import plain

    print(f"asked: {plain(format_query(query))}", file=sys.stderr)
    for note in query.notes:
        print(f"       {plain(note)}", file=sys.stderr)


def _style(*chosen: bool) -> str:
    names = ("json", "jsonl", "csv", "paths")
    found = [name for name, wanted in zip(names, chosen, strict=True) if wanted]
    if len(found) > 1:
        raise QueryError(f"--{found[0]} and --{found[1]} exclude each other", "choose one form")
    return found[0] if found else "table"
