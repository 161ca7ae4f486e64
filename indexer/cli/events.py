"""How the events of a run are shown: a display, JSON lines, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from indexer.events import Event


JsonEventsOption = Annotated[
    bool, typer.Option("--json-events", help="Print each event as a JSON object on a line of its own.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]


def display(as_json: bool, quiet: bool) -> Callable[[Event], None]:
    """The receiver of a run's events that the options ask for."""
    from indexer.pipeline import progress

    if as_json:
        return progress.json_events
    return progress.quiet if quiet else progress.make_display()
