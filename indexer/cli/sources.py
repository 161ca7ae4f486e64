"""crossmedia source and forget: the folders that a library follows, and what it forgets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from retrieval import settings
from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.catalog.sources import Forgotten
    from indexer.sources.base import Source

source_app = typer.Typer(
    no_args_is_help=True, help="List, move or remove the folders that a library follows, or edit their patterns."
)

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder as the library knows it.")]
GlobsArgument = Annotated[list[str], typer.Argument(metavar="GLOB...", help="Names or paths; quote them.")]
DropOption = Annotated[bool, typer.Option("--drop", help="Take the patterns away instead.")]


@source_app.command("list")
def source_list(as_json: JsonOption = False, library: LibraryOption = None) -> None:
    """Print the folders that the library follows, their patterns, and what was forgotten."""
    with reported():
        from indexer.catalog.sources import all_forgotten, listed

        home = library or settings.default_library()
        found, gone = listed(home), all_forgotten(home)
        if as_json:
            print_json(_report(found, gone))
        else:
            print("\n".join(_lines(found, gone)))


def _report(found: Sequence[Source], gone: Sequence[Forgotten]) -> dict[str, object]:
    from retrieval.render.json import path_fields

    return {
        "version": 1,
        "sources": [
            {**path_fields(each.root), "offline": each.offline, "include": each.include, "exclude": each.exclude}
            for each in found
        ],
        "forgotten": [{**path_fields(each.path), "since": each.since} for each in gone],
    }


def _lines(found: Sequence[Source], gone: Sequence[Forgotten]) -> list[str]:
    from retrieval.render.text import aligned, path_text, plain

    rows = [
        (
            path_text(each.root),
            "offline" if each.offline else "",
            plain("  ".join([f"+{glob}" for glob in each.include] + [f"-{glob}" for glob in each.exclude])),
        )
        for each in found
    ]
    lines = aligned(rows) if rows else ["No sources; crossmedia index FOLDER adds one."]
    if gone:
        lines.append("Forgotten (crossmedia forget --undo PATH takes it back):")
        lines += [f" {path_text(each.path)}  since {each.since[:10]}" for each in gone]
    return lines


@source_app.command("exclude")
def source_exclude(
    folder: FolderArgument, globs: GlobsArgument, drop: DropOption = False, library: LibraryOption = None
) -> None:
    """Read no files or folders of such names in a source; the next index forgets them."""
    with reported():
        _edit("exclude", folder, globs, drop, library)


@source_app.command("include")
def source_include(
    folder: FolderArgument, globs: GlobsArgument, drop: DropOption = False, library: LibraryOption = None
) -> None:
    """Read only files of such names in a source; the next index forgets the others."""
    with reported():
        _edit("include", folder, globs, drop, library)


def _edit(rule: str, folder: Path, globs: list[str], drop: bool, library: Path | None) -> None:
    from indexer.catalog.sources import edit_patterns
    from retrieval.render.text import path_text, plain

    home = library or settings.default_library()
    chosen = {"include" if rule == "include" else "exclude": globs}
    changed = edit_patterns(
        home, folder, include=chosen.get("include", ()), exclude=chosen.get("exclude", ()), drop=drop
    )
    given = changed.include or changed.exclude
    for glob in given:
        print(f"{path_text(changed.root)}: {rule} {plain(glob)} {'dropped' if drop else 'added'}.")
    print("crossmedia index applies it." if given else "Nothing changed: it has these patterns already.")


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

        gone = remove(library or settings.default_library(), folder)
        kept = f"its files stay, as {path_text(gone.outer)} is followed" if gone.outer else ""
        print(f"Removed source {path_text(folder)}; {kept or 'forgot ' + counted(gone.files, 'file')}.")


def forget(
    target: Annotated[Path, typer.Argument(metavar="PATH|SOURCE", help="A file or folder, or a followed folder.")],
    undo: Annotated[bool, typer.Option("--undo", help="Take it back: the next index reads it again.")] = False,
    library: LibraryOption = None,
) -> None:
    """Forget a file or folder for good; no file is touched.

    No later index reads it again, whatever folders and patterns it is given, until --undo.
    """
    with reported():
        from indexer.catalog import sources
        from retrieval.render.text import counted, path_text

        home = library or settings.default_library()
        if undo:
            print(f"{path_text(sources.remember(home, target))} is read again by the next crossmedia index.")
        else:
            print(f"Forgot {counted(sources.forget(home, target), 'file')}.")
