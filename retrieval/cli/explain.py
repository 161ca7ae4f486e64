"""crossmedia explain: say and draw why a file answers a question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.cli.options import ForceOption, JsonOption, LibraryOption, PlainOption, file_operands
from retrieval.cli.output import complain, is_bold, print_json, reported, terminal_width
from retrieval.errors import NOTHING_FOUND
from retrieval.settings import cache_dir

if TYPE_CHECKING:
    from retrieval.search.explain import Explanation

AskingFiles = Annotated[list[Path] | None, typer.Option(metavar="FILE", help="As of search.")]

PictureOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="The picture to write [default: why-NAME.png, here; in the cache where the library follows this folder].",
    ),
]


def explain(
    words: Annotated[
        list[str], typer.Argument(metavar="[WORDS]... HIT", help="The question, and last a found file or segment.")
    ],
    image: AskingFiles = None,
    audio: AskingFiles = None,
    video: AskingFiles = None,
    document: AskingFiles = None,
    like: Annotated[list[str] | None, typer.Option(metavar="SEGMENT|PATH", help="As of search.")] = None,
    out: PictureOption = None,
    picture: Annotated[bool, typer.Option(help="Write the picture.")] = True,
    force: ForceOption = False,
    as_json: JsonOption = False,
    plain: PlainOption = False,
    library: LibraryOption = None,
) -> None:
    """Say why a file answers: lanes, the words found, and where in its picture; and draw it.

    The picture (.png) shows the photo, frame or page with a heat map, the lanes as bars, the text with its words marked,
    and for what lasts the time. The cut and filters are not looked at. Exit code 1: nothing in it answers.
    """  # fmt: skip
    with reported():
        from retrieval.domain.query import Operand
        from retrieval.library import Library
        from retrieval.query.build import build_query
        from retrieval.render import json as render_json
        from retrieval.render.explanations import explanation_lines

        *asked, name = words
        with file_operands(image, audio, video, document) as files, Library.open(library) as opened:
            operands = [*files, *(Operand("like", each) for each in like or ())]
            query = build_query(" ".join(asked), operands, plain=plain)
            found = opened.explain(query, name)
            followed = [each.root for each in opened.status().sources] if picture and out is None else []
        if found is None:
            complain(f"{name} does not match the question")
            raise typer.Exit(NOTHING_FOUND)
        if as_json:
            print_json(render_json.explanation_report(found))
        else:
            print("\n".join(explanation_lines(found, terminal_width(), bold=is_bold())))
        warnings = found.warnings
        if picture or out is not None:
            title = " ".join([*asked, *(str(each.value) for each in operands)])
            target = out or _folder(followed) / f"why-{found.hit.path.stem}.png"
            warnings += _draw(found, title, target, replace=force or out is None, quiet=as_json)
        for each in warnings:
            complain(each)


def _folder(followed: list[Path]) -> Path:
    """Where a picture goes that nobody named: here, but not where the next index would take it for a photo."""
    here = Path.cwd()
    if not any(here.is_relative_to(root) for root in followed):
        return Path()
    folder = cache_dir() / "explanations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _draw(found: Explanation, title: str, target: Path, *, replace: bool, quiet: bool) -> tuple[str, ...]:
    """Writes the picture of an explanation; returns what a person should see."""
    from retrieval.export.target import written
    from retrieval.render import explanation_image
    from retrieval.render.text import path_text

    with written(target, replace=replace, sources=found.hit.paths) as part:
        warnings = explanation_image.save_explanation(found, title, part)
    if not quiet:
        print(path_text(target))
    return tuple(warnings)
