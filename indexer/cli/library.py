"""crossmedia library: a library as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retrieval.cli.output import print_json, reported

library_app = typer.Typer(no_args_is_help=True, help="Copy a whole library to another folder or database.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON when it is done.")]


@library_app.command("copy")
def library_copy(
    origin: Annotated[Path, typer.Argument(metavar="FROM", help="The folder of a library, or its crossmedia.toml.")],
    target: Annotated[
        Path, typer.Argument(metavar="TO", help="An empty or new folder, or the crossmedia.toml in one.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Copy a library with everything in it, also between SQLite and PostgreSQL.

    Media stay where they are. A copy that was stopped goes on where it was; rows are compared by counts and digests.
    """
    with reported():
        from indexer.library_copy import copy_library
        from retrieval import settings
        from retrieval.render.text import counted, path_text

        home, new = (settings.library_folder(each).expanduser().absolute() for each in (origin, target))
        copied = copy_library(home, new)
        if as_json:
            print_json({"version": 1, "rows": copied.rows, "resumed": copied.resumed})
            return
        rows = sum(copied.rows.values())
        print(f"Copied and compared: {counted(rows, 'row')} of {len(copied.rows)} tables are in {path_text(new)}.")
