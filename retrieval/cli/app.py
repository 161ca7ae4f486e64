"""The commands that only read, in the order of the help; indexer/cli/program.py adds those that change a library."""

from __future__ import annotations

import typer

from retrieval.cli.clip import clip
from retrieval.cli.duplicates import duplicates
from retrieval.cli.evaluate import evaluate
from retrieval.cli.explain import explain
from retrieval.cli.search import search
from retrieval.cli.show import show
from retrieval.cli.status import status

app = typer.Typer()
for command in (search, show, explain, status, duplicates, clip, evaluate):
    app.command(rich_help_panel="Asking")(command)
