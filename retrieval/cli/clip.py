"""crossmedia clip: join the best moments of videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retrieval import blas_threads
from retrieval.cli.options import ForceOption, LibraryOption, PlainOption, option_value
from retrieval.cli.output import reported


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
    everything: Annotated[bool, typer.Option("--all", help="Take moments that are not sure as well.")] = False,
    force: ForceOption = False,
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
        from retrieval.query import units
        from retrieval.query.build import build_query
        from retrieval.render import text as render_text

        wanted = option_value("--length", length, units.duration) or 0
        with Library.open(library) as opened:
            parts = reel.make(
                opened,
                build_query(" ".join(words), [], Filters(path=path), plain=plain),
                out,
                length_ms=wanted,
                min_confidence=0.0 if everything else min_confidence,
                replace_files=force,
            )
        for part in parts:
            span = f"{render_text.clock(part.span.start)}-{render_text.clock(part.span.end)}"
            print(f"{part.confidence:.2f}  {render_text.path_text(part.path)}  {span}")
        print(render_text.path_text(out))
