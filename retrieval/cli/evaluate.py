"""crossmedia evaluate: measure the answers of a library."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval import blas_threads
from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import complain, print_json, reported
from retrieval.errors import QueryError

if TYPE_CHECKING:
    from retrieval.evaluation.qrels import Qrels
    from retrieval.evaluation.topics import AssetTable


OWN_JUDGEMENTS = ("names", "folders", "keywords")  # of what a library says of itself


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
        from retrieval.evaluation import measures, render, report, runner

        measures.require()
        settings = [runner.WITHOUT_NAMES if _is_own(judgements) else runner.Setting()]
        settings += [each for text in compare or () for each in runner.settings_named(text)]
        judged, assets = _judgements(judgements, queries, library, sample)
        answered = [(each, runner.rankings(library, judged.questions, each)) for each in settings]
        for line in dict.fromkeys(line for _, rankings in answered for each in rankings for line in each.warnings):
            complain(line)
        measured = report.build(answered, assets, judged.unknown)
        if html is not None:
            title = f"How good the answers are: {Path(judgements).name}"
            html.write_text(html_report.page(measured, assets, title), encoding="utf-8")
        if run is not None:
            run.write_text("".join(f"{line}\n" for line in render.trec_run(measured)), encoding="utf-8")
        if as_json:
            print_json(render.data(measured, assets))
        else:
            print("\n".join(render.lines(measured, assets)))


def _is_own(name: str) -> bool:
    """Whether the library's own names, folders or keywords are the judgements, for no file is called so."""
    return name in OWN_JUDGEMENTS and not Path(name).exists()


def _judgements(name: str, queries: Path | None, home: Path | None, sample: int | None) -> tuple[Qrels, AssetTable]:
    """The judged questions that a person names, at most `sample` of them, and the library's assets."""
    from dataclasses import replace

    from retrieval.evaluation import qrels
    from retrieval.evaluation.topics import asset_table
    from retrieval.library import Library

    with Library.open(home) as opened:
        assets = asset_table(opened)
        found = qrels.own(name, assets) if _is_own(name) else qrels.read(Path(name), assets, queries)
    if not found.questions:
        raise QueryError(f"{name} judges no file of this library", "name its files as they are indexed")
    chosen = found.questions[:: -(-len(found.questions) // sample)] if sample else found.questions
    return replace(found, questions=chosen), assets
