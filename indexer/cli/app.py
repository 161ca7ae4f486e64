"""The program `crossmedia`: retrieval's commands, and those that change something.

Imports nothing heavy before a command runs, so that --version and --help answer at once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from retrieval import settings
from retrieval.cli.commands import JsonOption, LibraryOption, print_json, reported, terminal_width
from retrieval.cli.commands import app as reading
from retrieval.errors import DONE_WITH_SKIPS, FAILED, LibraryNotFound, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.events import Event
    from retrieval.encoders.registry import Model, ModelState

STOPPED = 130  # by Ctrl-C, as shells have it
CHANGING = "Filling and keeping a library"
MODELS = "Models and installation"


class Sections(TyperGroup):
    """The list of commands under the headings that the commands name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """In the order they were declared."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """One list for each heading."""
        sections: dict[str, list[Any]] = {}
        for command in self.commands.values():
            heading = getattr(command, "rich_help_panel", None) or CHANGING
            sections.setdefault(heading if isinstance(heading, str) else CHANGING, []).append(command)
        widest = max(len(name) for name in self.commands)
        for heading, commands in sections.items():
            with formatter.section(heading):
                room = formatter.width - widest - 6
                formatter.write_dl([(f"{each.name:<{widest}}", each.get_short_help_str(room)) for each in commands])


app = typer.Typer(
    cls=Sections,
    no_args_is_help=True,
    rich_markup_mode=None,  # its library costs more than a tenth of a second, and its frames do not survive in a manual
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
source_app = typer.Typer(no_args_is_help=True, help="List, move or remove the folders that a library follows.")
models_app = typer.Typer()

JsonEventsOption = Annotated[
    bool, typer.Option("--json-events", help="Print each event as a JSON object on a line of its own.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"crossmedia {settings.VERSION}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Search your own photos, videos, recordings and documents with any of them, or in words.

    Nothing leaves this machine, and nothing is fetched but by `crossmedia models fetch`.
    """


def main() -> None:
    """The program."""
    app(prog_name="crossmedia")


# ---------------------------------------------------------------- index


@app.command(rich_help_panel=CHANGING)
def index(
    folders: Annotated[
        list[Path] | None, typer.Argument(metavar="FOLDER", help="Folders to follow from now on.")
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
        list[str] | None, typer.Option(metavar="GLOB", help="Only files of such a name or path; kept with the folders.")
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="No files or folders of such a name or path (/NAME: only at the top); kept likewise."
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

    Exit code 0: done, 1: failed, 3: done, but files were left out (crossmedia status --skipped).
    """  # fmt: skip
    with reported():
        from indexer.pipeline.options import Options
        from indexer.pipeline.run import index_folders
        from retrieval.catalog import layout

        home = library or settings.default_library()
        if not folders and not layout.catalog(home).exists():
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
        finished = index_folders(folders or (), library=home, options=options, on_event=_display(as_json, quiet))
    if finished.stopped:
        raise typer.Exit(STOPPED)
    if finished.skipped:
        raise typer.Exit(DONE_WITH_SKIPS)


def _display(as_json: bool, quiet: bool) -> Callable[[Event], None]:
    from indexer.pipeline import progress

    if as_json:
        return progress.json_events
    return progress.quiet if quiet else progress.make_display()


# ---------------------------------------------------------------- sources


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
            print("No folder is followed; crossmedia index FOLDER adds one.")
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
        print(f"{path_text(old)} is followed at {path_text(new)} now.")


@source_app.command("remove")
def source_remove(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder as the library knows it.")],
    library: LibraryOption = None,
) -> None:
    """Follow a folder no more, and forget what was seen only there. No file is touched."""
    with reported():
        from indexer.catalog.sources import remove
        from retrieval.render.text import path_text

        count = remove(library or settings.default_library(), folder)
        print(f"{path_text(folder)} is followed no more; {_counted(count, 'file')} forgotten.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


app.add_typer(source_app, name="source", rich_help_panel=CHANGING)


@app.command(rich_help_panel=CHANGING)
def forget(
    target: Annotated[Path, typer.Argument(metavar="PATH|SOURCE", help="A file or folder, or a followed folder.")],
    library: LibraryOption = None,
) -> None:
    """Forget a file or folder for good; no file is touched."""
    with reported():
        from indexer.catalog.sources import forget as forget_target

        print(f"{_counted(forget_target(library or settings.default_library(), target), 'file')} forgotten.")


@app.command(rich_help_panel=CHANGING)
def rebuild(
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Encode again with this profile first.")] = None,
    encoder: Annotated[
        list[str] | None, typer.Option(metavar="SPACE=MODEL", help="Another model for shared or sentence.")
    ] = None,
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

        home, display = library or settings.default_library(), _display(as_json, quiet)
        published: list[tuple[str, int]] = []

        def note(event: Event) -> None:
            display(event)
            if type(event).__name__ == "Published":
                published.append((event.space, event.rows))  # type: ignore[union-attr]

        rebuild_library(home, profile=profile, encoders=_encoders(encoder or ()), on_event=note)
        if not (as_json or quiet):
            spaces = ", ".join(f"{space} ({_counted(rows, 'vector')})" for space, rows in published)
            print(f"Published {spaces}." if spaces else "There is nothing to publish.")


def _encoders(pairs: list[str] | tuple[()]) -> dict[str, str]:
    found = dict(each.partition("=")[::2] for each in pairs)
    for space, model in found.items():
        if space not in ("shared", "sentence") or not model:
            raise QueryError(f"--encoder {space}={model}", "write shared=MODEL or sentence=MODEL")
    return found


# ---------------------------------------------------------------- models


@models_app.callback(invoke_without_command=True)
def models(context: typer.Context, as_json: JsonOption = False) -> None:
    """List profiles and models, or fetch, add or export one.

    The list says what is on this machine, and what would be fetched from where, how large and under which licence.
    """
    if context.invoked_subcommand is None:
        with reported():
            _list_models(as_json)


@models_app.command("list")
def models_list(as_json: JsonOption = False) -> None:
    """The same as `crossmedia models`."""
    with reported():
        _list_models(as_json)


def _list_models(as_json: bool) -> None:
    from retrieval.encoders import registry as known
    from retrieval.encoders.speech import weights as speech_weights
    from retrieval.render.text import aligned, size

    profiles, states = known.list_profiles(), known.list_models()
    here = set(speech_weights.here())
    speech = speech_weights.speech_models().values()
    if as_json:
        print_json(
            {
                "version": 1,
                "profiles": [
                    {"name": p.name, "about": p.about, "ready": p.ready, "bytes_to_fetch": p.bytes_to_fetch}
                    for p in profiles
                ],
                "models": [_model_report(state) for state in states],
                "speech": [
                    {"name": m.name, "here": m.name in here, "licence": m.licence, "bytes": m.bytes} for m in speech
                ],
            }
        )
        return
    print("Profiles")
    print("\n".join(aligned([(f" {p.name}", _readiness(p), p.about) for p in profiles])))
    print("\nModels")
    print("\n".join(aligned([_model_row(state) for state in states])))
    print("\nSpeech (Whisper)")
    rows = [(f" {m.name}", "here" if m.name in here else f"fetch {size(m.bytes)}", m.licence, m.repo) for m in speech]
    print("\n".join(aligned(rows)))
    print("\ncrossmedia models fetch NAME brings a profile, a model or a Whisper size to this machine.")


def _readiness(profile: Any) -> str:
    from retrieval.render.text import size

    return "ready" if profile.ready else f"fetch {size(profile.bytes_to_fetch)}"


def _model_report(state: ModelState) -> dict[str, Any]:
    model: Model = state.model
    return {
        "name": model.name,
        "here": state.here,
        "folder": None if state.folder is None else str(state.folder),
        "exported": state.exported,
        "senses": sorted(model.senses),
        "dimension": model.dimension or None,
        "licence": model.licence,
        "bytes": model.bytes or None,
        "source": model.source,
    }


def _model_row(state: ModelState) -> tuple[str, str, str, str, str]:
    from retrieval.render.text import size

    model = state.model
    here = "here" if state.here else f"fetch {size(model.bytes)}" if model.bytes else "not here"
    return f" {model.name}", here, ", ".join(sorted(model.senses)), model.licence, model.source


@models_app.command("fetch")
def models_fetch(
    name: Annotated[str, typer.Argument(help="A profile, a model, NAME/TAG of open_clip, or a Whisper size.")],
) -> None:
    """Fetch what is not here yet. The only command that uses the network."""
    with reported():
        from retrieval.encoders.install import fetch

        for state in fetch(name):
            _say_state(state)


@models_app.command("add")
def models_add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A checkpoint, sentence-transformers or ONNX folder.")],
    name: Annotated[str, typer.Option(help="What to call it [default: the folder's name].")] = "",
) -> None:
    """Make a model in a local folder known; the folder stays where it is."""
    with reported():
        from retrieval.encoders.install import add

        _say_state(add(folder, name))


@models_app.command("export")
def models_export(name: Annotated[str, typer.Argument(help="A model that runs by torch.")]) -> None:
    """Write the ONNX form of a model, which then serves without torch."""
    with reported():
        from retrieval.encoders.install import export

        _say_state(export(name))


def _say_state(state: ModelState) -> None:
    from retrieval.render.text import path_text

    where = f" at {path_text(state.folder)}" if state.folder else ""
    exported = ", exported to ONNX" if state.exported else ""
    print(f"{state.model.name} is here{where}{exported}.")


app.add_typer(models_app, name="models", rich_help_panel=MODELS)


# ---------------------------------------------------------------- doctor, demo


@app.command(rich_help_panel=MODELS)
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Repair what can be repaired.")] = False,
    as_json: JsonOption = False,
    library: LibraryOption = None,
) -> None:
    """Check a library and the installation, and repair them.

    Looks at the catalog, the vectors, the published files and the packages. Exit code 1: something is wrong.
    """
    with reported():
        from indexer.doctor import examine
        from retrieval.render.text import plain

        findings = examine(library or settings.default_library(), repair=repair)
        if as_json:
            print_json([{"what": each.what, "hint": each.hint, "repaired": each.repaired} for each in findings])
        else:
            for each in findings:
                note = " (repaired)" if each.repaired else f" ({each.hint})" if each.hint else ""
                print(plain(each.what + note))
            if not findings:
                print("All is well.")
    if not all(each.repaired for each in findings):
        raise typer.Exit(FAILED)


@app.command(rich_help_panel=MODELS)
def demo() -> None:
    """Index the samples, and ask them a dozen questions."""
    with reported():
        from indexer import demo as demonstration
        from indexer.pipeline.progress import make_display

        right = demonstration.show(make_display(), print, terminal_width())
    if not right:
        raise typer.Exit(FAILED)


app.registered_commands[:0] = reading.registered_commands  # those that only read come first

if __name__ == "__main__":
    main()
