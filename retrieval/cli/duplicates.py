"""crossmedia duplicates: files that are one picture, video or recording."""

from __future__ import annotations

from typing import Annotated

import typer

from retrieval.cli.options import JsonOption, LibraryOption, media_named
from retrieval.cli.output import print_json, reported
from retrieval.errors import QueryError


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
        from retrieval.render.duplicates import duplicates_lines

        asked = media_named(media or ()) or frozenset(("image", "video", "audio"))
        if "document" in asked:
            raise QueryError("duplicates of documents are not supported", "--in image, video or audio")
        with Library.open(library) as opened:
            groups = opened.duplicates([each for each in ("image", "video", "audio") if each in asked])
        if as_json:
            print_json(render_json.duplicates_report(groups))
        elif groups:
            print("\n".join(duplicates_lines(groups)))
        else:
            print("No duplicates found.")
