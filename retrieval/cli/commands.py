"""The commands that only read, from search to evaluate. indexer/cli/app.py adds those that change something.

Owns the command line's options and what is printed. Answers go to standard output, all else to standard error.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from retrieval import blas_threads
from retrieval.errors import FAILED, NOTHING_FOUND, SEARCH_FAILED, QueryError, RetrievalError, SyntaxRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.domain.media import Medium
    from retrieval.domain.query import Filters, Operand, Query
    from retrieval.domain.result import Answer, Hit, Tag
    from retrieval.evaluation.qrels import Qrels
    from retrieval.evaluation.topics import AssetTable
    from retrieval.library import Library, Shown
    from retrieval.search.explain import Explanation

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids

app = typer.Typer()

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help="The library's folder [default: CROSSMEDIA_LIBRARY, or your own]."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON; its keys are a promise, see docs/cli.md.")]

PlainOption = Annotated[bool, typer.Option("--plain", help="Take the words as they are: no operators, no fields.")]

Sort = StrEnum("Sort", ["confidence", "date"])

STILLS = (".jpg", ".jpeg", ".png", ".webp")  # what --save writes a picture as
CLIPS = (".mp4", ".mkv", ".mov", ".webm", ".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a")
OWN_JUDGEMENTS = ("names", "folders", "keywords")  # what a library says of itself, where no file is called so
LONGEST_MS = 1 << 40  # the end of what does not say how long it is


# ---------------------------------------------------------------- errors


@contextmanager
def reported(failed: int | None = None) -> Iterator[None]:
    """Prints an error as one line and ends with its exit code, or with `failed` whatever it is."""
    try:
        yield
        sys.stdout.flush()
    except SyntaxRefused as error:
        complain(f"{error.what} ({error.hint}; --plain takes the words as they are)")
        raise typer.Exit(failed or error.code) from None
    except RetrievalError as error:
        complain(str(error))
        raise typer.Exit(failed or error.code) from None
    except BrokenPipeError:  # whoever read us has enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  the interpreter flushes it when it ends
        raise typer.Exit(0) from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        complain(f"{error.strerror or error}{where}")
        raise typer.Exit(failed or FAILED) from None
    except Exception as error:
        if not _is_from_catalog(error):
            raise
        complain(f"the catalog cannot be used: {getattr(error, 'orig', error)} (crossmedia doctor examines it)")
        raise typer.Exit(failed or FAILED) from None


def complain(line: str) -> None:
    """One line on standard error."""
    from retrieval.render.text import plain

    print(f"crossmedia: {plain(line)}", file=sys.stderr)


def _is_from_catalog(error: Exception) -> bool:
    library = sys.modules.get("sqlalchemy.exc")
    return library is not None and isinstance(error, library.SQLAlchemyError)


# ---------------------------------------------------------------- search


@app.command(rich_help_panel="Asking")
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
        str | None, typer.Option(metavar="TIME", help="Only what lasts so long: 90, 1:30, 2m, 1h.")
    ] = None,
    max_duration: Annotated[str | None, typer.Option(metavar="TIME", help="Only what lasts no longer.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME", help="Only pictures by a camera of this name.")] = None,
    lang: Annotated[
        str | None, typer.Option(metavar="TAG", help="Only what is said or written in this language: en, zh.")
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what shows or lets hear this, in any words; docs/tags.md."),
    ] = None,
    tags: Annotated[
        bool, typer.Option("--tags", help="Say what the found pictures and sounds are tagged with.")
    ] = False,
    sort: Annotated[
        Sort, typer.Option(metavar="confidence|date", help="The surest first, or the newest.")
    ] = Sort.confidence,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="0..1", help="Show hits from this confidence on.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every candidate, however unsure.")] = False,
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
    explain: Annotated[
        bool, typer.Option("--explain", help="Say on standard error how the question was read.")
    ] = False,
    library: LibraryOption = None,
) -> None:
    """Find media by words, by files of any medium, or by both.

    The words may hold operators, best in one pair of quotes: 'dog -indoor', 'cat OR dog', 'goal then cheer within 10s',
    'said:hello in:video' (docs/query.md). Without words or files, --path, --after, ... list what fulfils them, newest
    first. Exit code 0: found, 1: nothing matches, 2: an error.
    """  # fmt: skip
    with reported(SEARCH_FAILED):
        if not (image or audio or video or document):
            blas_threads.limit_threads()
        from retrieval.domain.query import Filters, Operand
        from retrieval.library import Library

        style = _style(as_json, as_jsonl, as_csv, as_paths or nul)
        text = " ".join(words or ())
        with _files(image, audio, video, document) as files:
            operands = [*files, *(Operand("like", name) for name in like or ())]
            filters = Filters(
                media=_media(media or ()),
                path=path,
                after=_date(after, "--after"),
                before=_date(before, "--before"),
                min_duration_ms=_milliseconds(min_duration, "--min-duration"),
                max_duration_ms=_milliseconds(max_duration, "--max-duration"),
                camera=camera,
                lang=lang,
                tag=tag,
            )
            cut = 0.0 if everything else min_confidence
            parts = {"limit": limit, "offset": offset, "sort": sort.value, "min_confidence": cut}
            parts |= {"more_like": tuple(more_like or ()), "less_like": tuple(less_like or ())}
            query = _question(text, operands, filters, plain=plain, **parts)
            if explain:
                print(f"asked: {_plain(_written(query))}", file=sys.stderr)
            with Library.open(library) as opened:
                answer = opened.search(query)
                found_tags = opened.tags([each.id for hit in answer for each in hit.segments]) if tags else None
                is_empty = not answer.best and not opened.status().media
        for warning in answer.warnings:
            complain(warning)
        if is_empty:
            complain("there is nothing in this library yet (crossmedia index FOLDER fills it)")
        words_asked = " ".join(str(each.value) for each in query.operands if each.sense == "text")
        _print_answer(query, answer, style, "\0" if nul else "\n", words_asked, found_tags, pictures=thumbnails)
        if open_best and answer:
            _open(answer[0].path)
    if not answer:
        raise typer.Exit(NOTHING_FOUND)


def _question(text: str, operands: list[Operand], filters: Filters, *, plain: bool = False, **parts: Any) -> Query:
    """The query of a text, with the operands and filters of options; these replace those in the text."""
    from dataclasses import asdict, replace

    from retrieval.domain.query import Query
    from retrieval.query.build import parse

    query = Query.plain(text) if plain else parse(text)
    own = {name: value for name, value in asdict(filters).items() if value not in (None, frozenset())}
    own_filters = replace(query.filters, **own)
    return replace(query, operands=(*query.operands, *operands), filters=own_filters, **parts)


def _written(query: Query) -> str:
    from retrieval.query.format import format_query

    return format_query(query)


def _plain(text: str) -> str:
    from retrieval.render.text import plain

    return plain(text)


def _style(*chosen: bool) -> str:
    names = ("json", "jsonl", "csv", "paths")
    found = [name for name, wanted in zip(names, chosen, strict=True) if wanted]
    if len(found) > 1:
        raise QueryError(f"--{found[0]} and --{found[1]} exclude each other", "choose one form")
    return found[0] if found else "table"


@contextmanager
def _files(*lists: list[Path] | None) -> Iterator[list[Operand]]:
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


def _media(names: list[str] | tuple[()]) -> frozenset[Medium]:
    from retrieval.domain.media import MEDIA

    asked = {name.strip(): name.strip().lower().removesuffix("s") for each in names for name in each.split(",")}
    for name, medium in asked.items():  # images, videos
        if name and medium not in MEDIA:
            raise QueryError(f"--in {name} is no medium", f"there are {', '.join(MEDIA)}")
    return frozenset(medium for medium in asked.values() if medium)  # type: ignore[misc]


def _date(text: str | None, option: str) -> str | None:
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


def _milliseconds(text: str | None, option: str) -> int | None:
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


def _print_answer(
    query: Query, answer: Answer, style: str, end: str, words: str, tags: Tags | None, *, pictures: bool
) -> None:
    from retrieval.render import json as render_json

    if style == "json":
        print_json(render_json.answer_report(query, answer, tags))
    elif style == "jsonl":
        for hit in answer:
            print_json(render_json.hit_report(hit, tags), indent=None)
    elif style == "csv":
        _print_csv(answer)
    elif style == "paths":
        for hit in answer:
            sys.stdout.buffer.write(os.fsencode(hit.path) + end.encode())
    else:
        _print_table(answer, query, words, tags, pictures=pictures)


def print_json(report: Any, indent: int | None = 2) -> None:
    """JSON on standard output, other scripts as they are."""
    import json

    print(json.dumps(report, ensure_ascii=False, indent=indent))


def _print_csv(answer: Answer) -> None:
    import csv

    from retrieval.render import json as render_json

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(render_json.CSV_HEAD)
    table.writerows(render_json.csv_rows(answer))


def _print_table(answer: Answer, query: Query, words: str, tags: Tags | None, *, pictures: bool) -> None:
    from retrieval.render import text as render_text

    if not answer:
        print(render_text.nothing_line(answer))
        return
    way = None
    if pictures and sys.stdout.isatty():
        from retrieval.render.terminal_images import protocol

        way = protocol()
    every = render_text.answer_lines(answer, words, query.offset, terminal_width(), bold=_bold(), tags=tags)
    for hit, lines in zip(answer, every, strict=True):
        print("\n".join(lines))
        if way:
            _print_thumbnail(hit, way)


def _print_thumbnail(hit: Hit, way: Any) -> None:
    from retrieval.render.terminal_images import thumbnail

    picture = thumbnail(hit, way)
    if picture:
        print("          " + picture)


def terminal_width() -> int | None:
    """Columns of the terminal; None where standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _bold() -> bool:
    """Whether words may be shown bold: on a terminal that shows escape sequences, unless NO_COLOR asks for none."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _open(path: Path) -> None:
    """Starts the program that the desktop has for a file."""
    import subprocess

    opener = "open" if sys.platform == "darwin" else "xdg-open"
    program = shutil.which(opener)
    if program is None:
        raise RetrievalError(f"there is no {opener} here to open {path}", "open it yourself")
    subprocess.Popen([program, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


# ---------------------------------------------------------------- show


@app.command(rich_help_panel="Asking")
def show(
    name: Annotated[str, typer.Argument(metavar="SEGMENT|PATH", help="An indexed file, or the id of a segment.")],
    as_json: JsonOption = False,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Cut it out: a frame (.jpg, .png), a clip (.mp4), a sound (.wav), a passage (.txt)."
        ),
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Print all that is known of a file or segment, or cut it out."""  # fmt: skip
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render import text as render_text

        with Library.open(library) as opened:
            shown = opened.show(name)
            tags = _tags(opened, shown) if save is None else None
        if save is not None:
            _save(shown, save)
        elif as_json:
            print_json(render_json.shown_report(shown, tags))
        else:
            print("\n".join(render_text.shown_lines(shown, terminal_width(), tags)))


def _tags(opened: Library, shown: Shown) -> Tags | None:
    """The tags of all that is shown; what is known is shown without them where no model is here to tell."""
    from retrieval.errors import EncoderUnavailable

    try:
        return opened.tags([each.key for each in shown.segments])
    except EncoderUnavailable:
        return None


def _save(shown: Shown, target: Path) -> None:
    """Writes a segment, or a whole file, to `target`, in the form that its suffix names."""
    from retrieval.render.text import path_text

    source = next((path for path in shown.asset.paths if path.exists()), None)
    if target.is_dir():
        raise RetrievalError(f"{target} is a folder", "name the file to write")
    if target.exists() and source is not None and target.samefile(source):
        raise RetrievalError(f"{target} is the file itself", "name another file to write")
    if target.suffix.lower() in (".txt", ".md"):
        _save_text(shown, target)
    elif source is None:
        raise RetrievalError(f"{path_text(shown.asset.paths[0])} is offline", "mount its source, then try again")
    else:
        _save_media(shown, source, target)
    print(path_text(target))


def _save_text(shown: Shown, target: Path) -> None:
    texts = [each.segment.text for each in shown.segments if each.segment.text]
    if not texts:
        raise RetrievalError("there is no text in it", "--save FILE.jpg, .mp4 or .wav cuts out what is seen or heard")
    target.write_text("\n".join(texts) + "\n", encoding="utf-8")


def _save_media(shown: Shown, source: Path, target: Path) -> None:
    """What is seen or heard: a copy where a whole file is asked for as it is, else in the form of the suffix."""
    from retrieval.domain.media import Span

    medium, suffix = shown.asset.medium, target.suffix.lower()
    spans = [each.segment.span for each in shown.segments if each.segment.span is not None]
    one = spans[0] if len(shown.segments) == 1 and spans else None
    if one is None and suffix == source.suffix.lower():
        shutil.copyfile(source, target)
    elif suffix in STILLS and medium == "image":
        from retrieval.media.image.decode import open_image

        open_image(source).convert("RGB").save(target)
    elif suffix in STILLS and medium == "video":
        from retrieval.media.av.video import frame_at

        frame_at(source, (one.start + one.end) // 2 if one else 0).save(target)
    elif suffix in CLIPS and medium in ("video", "audio"):
        from retrieval.media.av.audio import save_clip

        save_clip(source, one or Span(0, shown.asset.facts["duration_ms"] or LONGEST_MS), target)
    else:
        form = suffix or "a file without suffix"
        raise RetrievalError(f"{_NAMED[medium]} cannot be saved as {form}", f"--save FILE{_FORMS[medium]}")


_NAMED = {"image": "a picture", "video": "a video", "audio": "a sound", "document": "a passage"}
_FORMS = {"image": ".jpg or .png", "video": ".jpg, .mp4 or .wav", "audio": ".wav or .mp3", "document": ".txt"}


# ---------------------------------------------------------------- explain


@app.command(rich_help_panel="Asking")
def explain(
    words: Annotated[
        list[str], typer.Argument(metavar="[WORDS]... HIT", help="The question, and last a found file or segment.")
    ],
    image: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="As of search.")] = None,
    audio: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="As of search.")] = None,
    video: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="As of search.")] = None,
    document: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="As of search.")] = None,
    like: Annotated[list[str] | None, typer.Option(metavar="SEGMENT|PATH", help="As of search.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The picture to write [default: why-NAME.png, here]."),
    ] = None,
    picture: Annotated[bool, typer.Option(help="Write the picture.")] = True,
    as_json: JsonOption = False,
    plain: PlainOption = False,
    library: LibraryOption = None,
) -> None:
    """Say why a file answers: lanes, the words found, and where in its picture; and draw it.

    The picture (.png) shows the photo, frame or page with a heat map, the lanes as bars, the text with its words marked,
    and for what lasts the time. The cut and filters are not looked at. Exit code 1: nothing in it answers.
    """  # fmt: skip
    with reported():
        from retrieval.domain.query import Filters, Operand
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render import text as render_text

        *asked, name = words
        with _files(image, audio, video, document) as files, Library.open(library) as opened:
            operands = [*files, *(Operand("like", each) for each in like or ())]
            query = _question(" ".join(asked), operands, Filters(), plain=plain)
            found = opened.explain(query, name)
        if found is None:
            complain(f"nothing in {name} answers at all")
            raise typer.Exit(NOTHING_FOUND)
        if as_json:
            print_json(render_json.explanation_report(found))
        else:
            print("\n".join(render_text.explained_lines(found, terminal_width(), bold=_bold())))
        warnings = list(found.warnings)
        if picture or out is not None:
            title = " ".join([*asked, *(str(each.value) for each in operands)])
            warnings += _draw(found, title, out, quiet=as_json)
    for each in warnings:
        complain(each)


def _draw(found: Explanation, title: str, out: Path | None, *, quiet: bool) -> list[str]:
    """Writes the picture of an explanation; returns what a person should see."""
    from retrieval.render import explanation_image
    from retrieval.render.text import path_text

    source = found.hit.path
    target = out if out is not None else Path(f"why-{source.stem}.png")
    if target.exists() and source.exists() and target.samefile(source):
        raise RetrievalError(f"{target} is the file itself", "name another file to write")
    warnings = explanation_image.save_explanation(found, title, target)
    if not quiet:
        print(path_text(target))
    return warnings


# ---------------------------------------------------------------- status


@app.command(rich_help_panel="Asking")
def status(
    as_json: JsonOption = False,
    skipped: Annotated[bool, typer.Option("--skipped", help="List the files that were left out, and why.")] = False,
    library: LibraryOption = None,
) -> None:
    """Print what is in the library, and what is pending or left out."""
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json

        with Library.open(library) as opened:
            state = opened.status()
            skips = opened.skips() if skipped else None
        if as_json:
            print_json(render_json.status_report(state, skips))
        elif skips is not None:
            _print_skips(skips)
        else:
            _print_status(state)


def _print_skips(skips: list[Any]) -> None:
    from retrieval.render import text as render_text

    if not skips:
        print("No file was left out.")
        return
    rows = [(each.reason, render_text.path_text(each.path), _without_name(each)) for each in skips]
    print("\n".join(render_text.aligned(rows)))


def _without_name(skip: Any) -> str:
    """What a skip says beside its reason; the path that most details begin with is on the line already."""
    from retrieval.render.text import plain

    detail = skip.detail
    for told in (f"{skip.path}", f"{skip.path.name}", ":", " ", f"is {skip.reason}", " "):
        detail = detail.removeprefix(told)
    return "" if detail == skip.reason else plain(detail)


def _print_status(state: Any) -> None:
    from retrieval.render import text as render_text

    print(f"Library {render_text.path_text(state.home)} · profile {state.profile} · since {state.created_at[:10]}")
    rows = [
        ("media", render_text.listing(state.media, render_text.MANY) or "none"),
        ("segments", render_text.listing(state.segments, render_text.MANY) or "none"),
        ("pending", render_text.pending(state.pending) or "nothing"),
        ("skipped", f"{state.skipped:,} (crossmedia status --skipped)" if state.skipped else "nothing"),
        ("disk", render_text.listing_sizes(state.bytes)),
    ]
    for each in state.sources:
        note = (
            "offline"
            if each.offline
            else f"{each.files:,} files" + (f", seen {each.scanned_at.replace('T', ' ')}" if each.scanned_at else "")
        )
        rows.append(("source", f"{render_text.path_text(each.root)} ({note})"))
    for each in state.spaces:
        live = "" if each.live else ", not live yet"
        held = f"{each.vectors:,} vectors of {each.dimension} numbers, {each.published:,} published{live}"
        rows.append(("space", f"{each.name} by {each.encoder} {each.revision}: {held}"))
    print("\n".join(f" {name:<9} {text}" for name, text in rows))


# ---------------------------------------------------------------- duplicates


@app.command(rich_help_panel="Asking")
def duplicates(
    media: Annotated[
        list[str] | None,
        typer.Option("--in", metavar="MEDIA", help="Only image, video or audio; several with commas."),
    ] = None,
    as_json: JsonOption = False,
    library: LibraryOption = None,
) -> None:
    """List files that are one picture, video or recording, exactly or nearly.

    The one to keep comes first in each group: the longest, of most pixels, the largest file. Nothing is deleted.
    """  # fmt: skip
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render import text as render_text

        asked = _media(media or ()) or frozenset(("image", "video", "audio"))
        if "document" in asked:
            raise QueryError("copies of documents are not looked for", "--in image, video or audio")
        with Library.open(library) as opened:
            groups = opened.duplicates([each for each in ("image", "video", "audio") if each in asked])
        if as_json:
            print_json(render_json.duplicates_report(groups))
        elif groups:
            print("\n".join(render_text.duplicates_lines(groups)))
        else:
            print("No two files are alike.")


# ---------------------------------------------------------------- clip


@app.command(rich_help_panel="Asking")
def clip(
    words: Annotated[list[str], typer.Argument(metavar="WORDS", help="What to show, in any language.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The reel to write: an MP4.")],
    length: Annotated[str, typer.Option(metavar="TIME", help="At most so long: 90, 1:30, 2m.")] = "1m",
    path: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Only videos at such a path, or below such a folder.")
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(min=0, max=1, metavar="0..1", help="Take moments from this confidence on.")
    ] = None,
    plain: PlainOption = False,
    library: LibraryOption = None,
) -> None:
    """Join the best moments of videos into one: a reel, or a summary of one long video.

    What is said (.srt), a table of the parts (.csv) and an edit decision list (.edl) are written beside it.
    """  # fmt: skip
    with reported():
        blas_threads.limit_threads()
        from retrieval.domain.query import Filters
        from retrieval.export import reel
        from retrieval.library import Library
        from retrieval.render import text as render_text

        wanted = _milliseconds(length, "--length") or 0
        with Library.open(library) as opened:
            parts = reel.make(
                opened,
                _question(" ".join(words), [], Filters(path=path), plain=plain),
                out,
                length_ms=wanted,
                min_confidence=min_confidence,
            )
        for part in parts:
            span = f"{render_text.clock(part.span.start)}-{render_text.clock(part.span.end)}"
            print(f"{part.confidence:.2f}  {render_text.path_text(part.path)}  {span}")
        print(render_text.path_text(out))


# ---------------------------------------------------------------- evaluate


@app.command(rich_help_panel="Asking")
def evaluate(
    judgements: Annotated[
        str,
        typer.Argument(
            metavar="FILE|names|folders|keywords",
            help="A table of questions and right answers, TREC qrels, or what the library's files are called or tagged.",
        ),
    ],
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The questions of qrels: id, tab, question.")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SETTING",
            help="Ask in another way as well: lanes, lane:NAME, ranks, exact, cut, profile:NAME or library:DIR; repeatable.",
        ),
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="At most so many questions, evenly spread.")
    ] = None,
    as_json: JsonOption = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with charts and the worst questions.")
    ] = None,
    run: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rankings as a TREC run.")] = None,
    library: LibraryOption = None,
) -> None:
    """Measure how good a library's answers are, against questions whose right answers are known.

    Needs the extra `evaluate`. Recall, nDCG@10, reciprocal rank, median rank and moments, by direction and group, with 95 %
    intervals; docs/evaluation.md says what a table looks like.
    """  # fmt: skip
    with reported():
        blas_threads.limit_threads()
        from retrieval.evaluation import html as html_report
        from retrieval.evaluation import measures, report, runner
        from retrieval.evaluation import render as evaluation_render

        measures.require()
        by_themselves = judgements in OWN_JUDGEMENTS and not Path(judgements).exists()
        settings = [runner.WITHOUT_NAMES if by_themselves else runner.Setting()]
        settings += [each for text in compare or () for each in runner.settings_named(text)]
        judged, assets = _judgements(judgements, queries, library, sample)
        answered = [(each, runner.rankings(library, judged.questions, each)) for each in settings]
        for line in {line: None for _, rankings in answered for each in rankings for line in each.warnings}:
            complain(line)
        told = report.build(answered, assets, judged.unknown)
        if html is not None:
            html.write_text(
                html_report.page(told, assets, f"How good the answers are: {Path(judgements).name}"), encoding="utf-8"
            )
        if run is not None:
            run.write_text("".join(f"{line}\n" for line in evaluation_render.trec_run(told)), encoding="utf-8")
        if as_json:
            print_json(evaluation_render.data(told, assets))
        else:
            print("\n".join(evaluation_render.lines(told, assets)))


def _judgements(name: str, queries: Path | None, home: Path | None, sample: int | None) -> tuple[Qrels, AssetTable]:
    """The judged questions that a person names, at most `sample` of them, and the library's assets."""
    from dataclasses import replace

    from retrieval.evaluation import qrels
    from retrieval.evaluation.topics import asset_table
    from retrieval.library import Library

    with Library.open(home) as opened:
        assets = asset_table(opened)
        if name in OWN_JUDGEMENTS and not Path(name).exists():
            found = qrels.own(name, assets)
        else:
            found = qrels.read(Path(name), assets, queries)
    if not found.questions:
        raise QueryError(f"{name} judges nothing that this library holds", "name its files as they are indexed")
    chosen = found.questions[:: -(-len(found.questions) // sample)] if sample else found.questions
    return replace(found, questions=chosen), assets
