"""crossmedia show: print what is known of a file or segment, or save it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval.cli.options import ForceOption, JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from retrieval.domain.result import Tag
    from retrieval.library import AssetDetails, Library

    Tags = Mapping[str, Sequence[Tag]]  # of segments by their ids


def show(
    name: Annotated[str, typer.Argument(metavar="SEGMENT|PATH", help="An indexed file, or the id of a segment.")],
    as_json: JsonOption = False,
    save: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Cut it out: a frame (.jpg, .png), a clip (.mp4), a sound (.wav), a passage (.txt)."
        ),
    ] = None,
    force: ForceOption = False,
    library: LibraryOption = None,
) -> None:
    """Print all that is known of a file or segment, or cut it out."""  # fmt: skip
    with reported():
        from retrieval.library import Library
        from retrieval.render import json as render_json
        from retrieval.render.assets import asset_lines

        with Library.open(library) as opened:
            shown = opened.show(name)
            tags = _tags(opened, shown) if save is None else None
        if save is not None:
            from retrieval.export.cut import save as save_cut
            from retrieval.render.text import path_text

            save_cut(shown, save, replace=force)
            print(path_text(save))
        elif as_json:
            print_json(render_json.asset_report(shown, tags))
        else:
            print("\n".join(asset_lines(shown, terminal_width(), tags)))


def _tags(opened: Library, shown: AssetDetails) -> Tags | None:
    """The tags of all that is shown; what is known is shown without them where no model is here to tell."""
    from retrieval.errors import EncoderUnavailable

    try:
        return opened.tags([each.key for each in shown.segments])
    except EncoderUnavailable:
        return None
