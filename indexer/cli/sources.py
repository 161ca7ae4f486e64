"""crossmedia source and forget: the folders that a library follows, and what it forgets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retrieval import settings
from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported

source_app = typer.Typer(no_args_is_help=True, help="List, move or remove the folders that a library follows.")


@source_app.command("list")
def source_list(as_json: JsonOption = False, library: LibraryOption = None) -> None:
    """Print the folders that the library follows."""
    with reported():
        from indexer.catalog.sources import listed
        from retrieval.render.json import path_fields
        from retrieval.render.text import aligned, path_text

        found = listed(library or settings.default_library())
        patterns = [
            [f"+{each}" for each in source.include] + [f"-{each}" for each in source.exclude] for source in found
        ]
        if as_json:
            print_json(
                [
                    {
                        **path_fields(each.root),
                        "offline": each.offline,
                        "include": each.include,
                        "exclude": each.exclude,
                    }
                    for each in found
                ]
            )
        elif not found:
            print("No sources; crossmedia index FOLDER adds one.")
        else:
            rows = [
                (path_text(each.root), "offline" if each.offline else "", "  ".join(globs))
                for each, globs in zip(found, patterns, strict=True)
            ]
            print("\n".join(aligned(rows)))


@source_app.command("move")
def source_move(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The folder as the library knows it.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The folder its files are in now.")],
    library: LibraryOption = None,
) -> None:
    """Follow a folder at its new place; nothing is read again."""
    with reported():
        from indexer.catalog.sources import move
        from retrieval.render.text import path_text

        move(library or settings.default_library(), old, new)
        print(f"Moved source {path_text(old)} to {path_text(new)}.")


@source_app.command("remove")
def source_remove(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder as the library knows it.")],
    library: LibraryOption = None,
) -> None:
    """Follow a folder no more, and forget what was seen only there. No file is touched."""
    with reported():
        from indexer.catalog.sources import remove
        from retrieval.render.text import counted, path_text

        count = remove(library or settings.default_library(), folder)
        print(f"Removed source {path_text(folder)}; forgot {counted(count, 'file')}.")


def forget(
    target: Annotated[Path, typer.Argument(metavar="PATH|SOURCE", help="A file or folder, or a followed folder.")],
    library: LibraryOption = None,
) -> None:
    """Forget a file or folder for good; no file is touched."""
    with reported():
        from indexer.catalog.sources import forget as forget_target
        from retrieval.render.text import counted

        print(f"Forgot {counted(forget_target(library or settings.default_library(), target), 'file')}.")
