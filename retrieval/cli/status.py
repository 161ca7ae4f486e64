"""crossmedia status: what is in a library."""

from __future__ import annotations

from typing import Annotated

import typer

from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported


def status(
    as_json: JsonOption = False,
    skipped: Annotated[bool, typer.Option("--skipped", help="List the files that were left out, and why.")] = False,
    library: LibraryOption = None,
) -> None:
    """Print what is in the library, and what is pending or left out."""
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render.status import skip_lines, status_lines

        with Library.open(library) as opened:
            state = opened.status()
            skips = opened.skips() if skipped else None
        if as_json:
            print_json(render_json.status_report(state, skips))
        else:
            print("\n".join(status_lines(state) if skips is None else skip_lines(skips)))
