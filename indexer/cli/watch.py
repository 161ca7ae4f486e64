"""crossmedia watch: a library follows its folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli import signals
from retrieval import settings
from retrieval.cli.options import LibraryOption
from retrieval.cli.output import reported
from retrieval.errors import InstallationError, LibraryNotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.watch import Pace


def watch(
    pause: Annotated[bool, typer.Option("--pause", help="Pause whoever follows the library, and end.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Let them go on, and end.")] = False,
    settle: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="A file is read when it has not changed for so long.")
    ] = 3.0,
    poll: Annotated[
        float, typer.Option(min=0.1, metavar="SECONDS", help="Between two looks at folders on a network.")
    ] = 30.0,
    library: LibraryOption = None,
) -> None:
    """Follow the folders of a library: what changes in them is indexed, until the program is stopped.

    Runs have the lowest priority, and print a line each. crossmedia serve --watch does the same beside its answers.
    """
    with reported(), signals.waiting() as is_stopped:
        from retrieval.catalog.engine import has_catalog

        home = library or settings.default_library()
        if not has_catalog(home):
            raise LibraryNotFound(f"there is no library at {home}", "crossmedia index FOLDER makes one")
        if pause or resume:
            _set_pause(home, pause)
            return
        check_installed()
        import asyncio

        from indexer.watch import Pace

        print(f"Following the folders of {home}; Ctrl-C ends it.", flush=True)
        asyncio.run(_follow(home, Pace(settle, poll), is_stopped))
    raise typer.Exit(signals.exit_code())


def check_installed() -> None:
    """Raises: InstallationError without the extra."""
    try:
        import watchfiles  # noqa: F401
    except ModuleNotFoundError as error:
        raise InstallationError(f"{error.name} is not installed", "pip install 'crossmedia[server]'") from None


def _set_pause(home: Path, paused: bool) -> None:
    from retrieval.service.pause import pause
    from retrieval.service.store import store_of

    pause(store_of(home), paused)
    print("Paused; crossmedia watch --resume lets it go on." if paused else "Resumed.")


async def _follow(home: Path, pace: Pace, is_stopped: Callable[[], bool]) -> None:
    import asyncio

    from indexer.cli.job import PROGRAM
    from indexer.watch import Watch
    from retrieval.service.jobs import Jobs
    from retrieval.service.store import store_of

    store = store_of(home)
    jobs = Jobs(PROGRAM, home, store)
    following = asyncio.create_task(Watch(home, jobs, store, tell, pace).run())
    while not (is_stopped() or following.done()):
        await asyncio.wait((following,), timeout=0.2)
    following.cancel()
    await asyncio.wait((following,))
    await jobs.close()
    if not following.cancelled():
        following.result()


def tell(line: str) -> None:
    """Prints a line at once, also into a pipe or a log."""
    print(line, flush=True)
