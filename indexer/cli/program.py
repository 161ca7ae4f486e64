"""All commands: retrieval's, and those that change something.

Imports nothing heavy before a command runs, so that --version and --help answer at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from indexer.cli.index import index
from indexer.cli.library import library_app
from indexer.cli.maintenance import demo, doctor, rebuild
from indexer.cli.models import models_app
from indexer.cli.service import keys_app, mcp, serve
from indexer.cli.sources import forget, source_app
from indexer.cli.watch import watch
from retrieval import settings
from retrieval.cli.app import app as reading

CHANGING = "Filling and keeping a library"
SERVING = "Serving other programs"
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


app.registered_commands.extend(reading.registered_commands)  # those that only read come first
app.command(rich_help_panel=CHANGING)(index)
app.add_typer(source_app, name="source", rich_help_panel=CHANGING)
app.command(rich_help_panel=CHANGING)(watch)
app.command(rich_help_panel=CHANGING)(forget)
app.command(rich_help_panel=CHANGING)(rebuild)
app.add_typer(library_app, name="library", rich_help_panel=CHANGING)
app.command(rich_help_panel=SERVING)(serve)
app.command(rich_help_panel=SERVING)(mcp)
app.add_typer(keys_app, name="keys", rich_help_panel=SERVING)
app.add_typer(models_app, name="models", rich_help_panel=MODELS)
app.command(rich_help_panel=MODELS)(doctor)
app.command(rich_help_panel=MODELS)(demo)
