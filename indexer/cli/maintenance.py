"""crossmedia rebuild, doctor and demo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.events import JsonEventsOption, QuietOption, display
from retrieval import settings
from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported, terminal_width
from retrieval.errors import FAILED, QueryError

if TYPE_CHECKING:
    from indexer.events import Event


def rebuild(
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Encode again with this profile first.")] = None,
    encoder: Annotated[
        list[str] | None, typer.Option(metavar="SPACE=MODEL", help="Another model for shared, sentence or sound.")
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option("--keep/--no-keep", help="Keep the old vectors for --rollback, or delete those that are kept."),
    ] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Let the vectors that are kept answer again.")] = False,
    as_json: JsonEventsOption = False,
    quiet: QuietOption = False,
    library: LibraryOption = None,
) -> None:
    """Build the search indexes anew from the catalog.

    No media file and no model is opened.

    With --profile or --encoder all is encoded again beside the old vectors, which go on answering until it is done.
    """
    with reported():
        from indexer.rebuild import rebuild as rebuild_library
        from retrieval.render.text import counted

        home, show = library or settings.default_library(), display(as_json, quiet)
        published: list[tuple[str, int]] = []

        def note(event: Event) -> None:
            show(event)
            if type(event).__name__ == "Published":
                published.append((event.space, event.rows))  # type: ignore[union-attr]

        models = _encoders(encoder or ())
        if rollback and (profile or models or keep is False):
            raise QueryError(
                "--rollback goes back to what is kept", "give it without --profile, --encoder and --no-keep"
            )
        if keep and not (rollback or profile or models):
            raise QueryError("--keep alone keeps nothing", "it belongs to --profile or --encoder")
        rebuild_library(home, profile=profile, encoders=models, keep=keep, rollback=rollback, on_event=note)
        if not (as_json or quiet):
            spaces = ", ".join(f"{space} ({counted(rows, 'vector')})" for space, rows in published)
            print(f"Published {spaces}." if spaces else "Nothing to publish.")


def _encoders(pairs: list[str] | tuple[()]) -> dict[str, str]:
    found = dict(each.partition("=")[::2] for each in pairs)
    for space, model in found.items():
        if space not in ("shared", "sentence", "sound") or not model:
            raise QueryError(
                f"invalid --encoder: {space}={model}", "expected shared=MODEL, sentence=MODEL or sound=MODEL"
            )
    return found


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Repair the problems that can be repaired.")] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
) -> None:
    """Check a library and the installation, and repair them.

    Looks at the packages, and where there is a library at its catalog, its vectors and its published files. Exit code 1:
    something is wrong.
    """
    with reported():
        from indexer.doctor import examine
        from retrieval.catalog.engine import has_catalog
        from retrieval.errors import LibraryNotFound
        from retrieval.render.json import path_fields
        from retrieval.render.text import path_text, plain

        home = library or settings.default_library()
        findings, is_there = examine(home, repair=repair), has_catalog(home)
        if as_json:
            found = [{"what": each.what, "hint": each.hint, "repaired": each.repaired} for each in findings]
            print_json({"version": 1, "library": path_fields(home)["path"] if is_there else None, "findings": found})
        else:
            for each in findings:
                note = " (repaired)" if each.repaired else f" ({each.hint})" if each.hint else ""
                print(plain(each.what + note))
            if not findings:
                print("No problems found.")
            if library is None and not is_there:
                print(f"No library is at {path_text(home)}: only the installation was checked.")
        if library is not None and not is_there:
            raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
    if not all(each.repaired for each in findings):
        raise typer.Exit(FAILED)


def demo() -> None:
    """Index the samples, and ask them seventeen questions."""
    with reported():
        from indexer import demo as demonstration
        from indexer.pipeline.progress import make_display

        right = demonstration.show(make_display(), print, terminal_width())
    if not right:
        raise typer.Exit(FAILED)
