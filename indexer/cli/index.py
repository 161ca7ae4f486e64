"""crossmedia index: add folders to a library and bring it up to date."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli import signals
from indexer.cli.events import JsonEventsOption, QuietOption, display
from retrieval import settings
from retrieval.cli.options import LibraryOption
from retrieval.cli.output import reported
from retrieval.errors import DONE_WITH_SKIPS, LibraryNotFound

GARBAGE = 50_000  # new objects until cycles are looked for; at 700 a fifth of a short run's main thread went there


def index(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FOLDER", help="Folders to follow from now on, on disk or as s3://bucket/prefix."),
    ] = None,
    speech: Annotated[bool, typer.Option(help="Read speech now, or leave it for a later run.")] = True,
    ocr: Annotated[bool, typer.Option(help="Read text in pictures now, or leave it for a later run.")] = True,
    regions: Annotated[
        bool | None,
        typer.Option(
            help="Look at large pictures part by part as well, so that small things are found: much more work "
            "and room; kept with the library, --no-regions forgets the parts [default: as it was, at first not]."
        ),
    ] = None,
    video: Annotated[bool, typer.Option(help="Look through videos now, or leave them for a later run.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done, and how long it takes.")
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Only files of such a name or path; added to what is kept with the folders, or with all.",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="No files or folders of such a name or path (/NAME: only at the top); added likewise."
        ),
    ] = None,
    hidden: Annotated[bool, typer.Option("--hidden", help="Hidden files and folders too.")] = False,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Encoders of a new library [default: starter].")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Files decoded at a time [default: the cores].")
    ] = None,
    nice: Annotated[int, typer.Option(min=0, max=19, metavar="0..19", help="How much to yield to other programs.")] = 0,
    as_json: JsonEventsOption = False,
    quiet: QuietOption = False,
    library: LibraryOption = None,
) -> None:
    """Add folders to a library, and bring it up to date.

    Without folders, all that it follows is updated.

    Exit code 0: done, 1: failed, 3: done, but media could not be read (crossmedia status --skipped).
    """  # fmt: skip
    with reported(), signals.waiting() as is_stopped:
        gc.set_threshold(GARBAGE)
        from indexer.pipeline.options import Options
        from indexer.pipeline.run import index_folders
        from indexer.sources.roots import configured_roots
        from retrieval.catalog.engine import has_catalog

        home = library or settings.default_library()
        if not folders and not has_catalog(home) and not configured_roots(settings.library_folder(home)):
            raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
        options = Options(
            profile=profile,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            hidden=hidden,
            speech=speech,
            video=video,
            ocr=ocr,
            regions=regions,
            dry_run=dry_run,
            workers=workers or os.cpu_count() or 1,
            nice=nice,
        )
        show = display(as_json, quiet)
        finished = index_folders(folders or (), library=home, options=options, on_event=show, is_stopped=is_stopped)
    if finished.stopped:
        raise typer.Exit(signals.exit_code())
    if finished.unread:
        raise typer.Exit(DONE_WITH_SKIPS)
