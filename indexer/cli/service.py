"""crossmedia serve and keys: libraries over HTTP."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.watch import check_installed, tell
from retrieval import blas_threads, settings
from retrieval.catalog import layout
from retrieval.cli.options import JsonOption, LibraryOption
from retrieval.cli.output import print_json, reported
from retrieval.cli.server import short_name
from retrieval.errors import InstallationError, LibraryError, RetrievalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from retrieval.service.guard import Rules
    from retrieval.service.jobs import Jobs
    from retrieval.service.store import Store

UNIT = """\
# ~/.config/systemd/user/crossmedia.service; then: systemctl --user enable --now crossmedia
[Unit]
Description=crossmedia answers questions about {home}

[Service]
ExecStart={command}
Restart=on-failure
TimeoutStopSec={stop:g}
NoNewPrivileges=yes
PrivateTmp=yes
UMask=0077

[Install]
WantedBy=default.target"""

STOP_S = 90  # that systemd gives a service to end, by default; it may drain before

LibrariesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--library",
        metavar="DIR",
        callback=lambda named: named and [settings.library_folder(each) for each in named],
        help="A library's folder, repeatable; the first is asked where a request names none "
        "[default: CROSSMEDIA_LIBRARY, or your own].",
    ),
]

keys_app = typer.Typer(no_args_is_help=True, help="List, add or revoke the keys that a service asks for.")


def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; other machines need keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 8765,
    allow_host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A name by which the service may be called; repeatable.")
    ] = None,
    webhook_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST[:PORT]",
            help="A host to which saved searches may send what is new; repeatable [default: none].",
        ),
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            min=0, max=600, metavar="SECONDS", help="Once asked to stop, still answer so long; /readyz says no at once."
        ),
    ] = 0.0,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the folders as well: see crossmedia watch.")] = False,
    unit: Annotated[
        bool, typer.Option("--unit", help="Print a unit for systemd that serves with these options, and end.")
    ] = False,
    library: LibrariesOption = None,
) -> None:
    """Answer questions over HTTP (docs/service.md), until it is stopped.

    On this machine's own address no key is asked for. On any other one every request needs a key: crossmedia keys add.
    """
    with reported():
        homes = library or [settings.default_library()]
        hosts = frozenset(each.lower() for each in webhook_host or ())
        rules = replace(_rules(homes[0], host, tuple(allow_host or ())), webhook_hosts=hosts)
        if unit:
            names = [part for each in allow_host or () for part in ("--allow-host", each)]
            names += [part for each in webhook_host or () for part in ("--webhook-host", each)]
            names += ["--drain", f"{drain:g}"] if drain else []
            names += ["--watch"] * watch
            options = ["--host", host, "--port", str(port), *names]
            print(_unit([each.absolute() for each in homes], options, STOP_S + drain))
        else:
            if watch:
                check_installed()
            _run(homes, (host, port), rules, drain_s=drain, watch=watch)


def names_of(homes: Sequence[Path]) -> list[str]:
    """What libraries are called by clients: as their folders, a second one of a name with its number."""
    names: list[str] = []
    for home in homes:
        own = home.absolute().name or "library"
        numbered = (f"{own}-{number}" for number in range(2, len(homes) + 2))
        names.append(next(each for each in (own, *numbered) if each not in names))
    return names


def _unit(homes: Sequence[Path], options: list[str], stop_s: float) -> str:
    """A unit for `systemctl --user`: starts the service anew where it fails, kills it where it does not end in stop_s
    seconds, and lets it gain no rights."""
    named = [part for home in homes for part in ("--library", str(home))]
    command = [sys.executable, "-m", "indexer.cli.app", "serve", *options, *named]
    shown = " and ".join(_in_unit(str(home)) for home in homes)
    return UNIT.format(home=shown, stop=stop_s, command=" ".join(f'"{_in_unit(each)}"' for each in command))


def _in_unit(text: str) -> str:
    """A text in quotes, as systemd.syntax(7) and systemd.service(5) have it."""
    for mark, own in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        text = text.replace(mark, own)
    return text


def _rules(home: Path, host: str, names: tuple[str, ...]) -> Rules:
    """Raises: LibraryError where other machines could ask without a key; InstallationError without the extra."""
    try:
        from retrieval.service.guard import Rules, is_loopback
        from retrieval.service.keys import list_keys
    except ModuleNotFoundError as error:
        raise InstallationError(f"{error.name} is not installed", "pip install 'crossmedia[server]'") from None
    known = frozenset(each.lower() for each in (*names, host, *(("localhost",) if is_loopback(host) else ())))
    if is_loopback(host):
        return Rules(known)
    if not list_keys(home):
        raise LibraryError(
            f"{host} can be reached from other machines, and there is no key", "crossmedia keys add NAME"
        )
    return Rules(known, partial(list_keys, home))


async def _follow(home: Path, jobs: Jobs, store: Store) -> None:
    """Follows the folders of a library with the jobs of a service."""
    from indexer.watch import Watch

    try:
        await Watch(home, jobs, store, tell).run()
    except RetrievalError as error:
        tell(f"The folders of {home} are not followed any more: {error.what} ({error.hint})")


def _run(homes: Sequence[Path], place: tuple[str, int], rules: Rules, *, drain_s: float, watch: bool) -> None:
    blas_threads.limit_threads()  # before what follows loads NumPy
    from indexer.cli.job import PROGRAM
    from indexer.cli.listening import Ending, listening
    from retrieval.library import Library
    from retrieval.service.app import create_app
    from retrieval.service.desktop import file_manager

    with ExitStack() as stack:
        libraries = {
            name: stack.enter_context(Library.open(home)) for name, home in zip(names_of(homes), homes, strict=True)
        }
        sockets = {name: stack.enter_context(_own_socket(each.path)) for name, each in libraries.items()}
        own = {each.getsockname(): name for name, each in sockets.items() if each is not None}
        rules = replace(rules, sockets=own)
        follow = _follow if watch else None
        app = create_app(libraries, rules, PROGRAM, mcp=True, beside=follow, opener=file_manager())
        server, listener = listening(app, *place, Ending(**app.state.ending, drain_s=drain_s))
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        served = ", ".join(map(str, homes))
        with (
            server.capture_signals()
        ):  # also while it starts: an exception from a handler could be lost in the event loop
            print(f"Serving {served} at http://{shown}:{port}/ (POST /v1/search); Ctrl-C stops it.", flush=True)
            server.run(sockets=[listener, *(each for each in sockets.values() if each is not None)])


def mcp(library: LibraryOption = None) -> None:
    """Offer the library to a program that speaks the Model Context Protocol, on standard input and output.

    Tools that only read: search, similar, moments, show, transcript, clip, list_folders; assets as resources.
    """  # fmt: skip
    with reported():
        blas_threads.limit_threads()
        home = library or settings.default_library()
        rules = _rules(home, "127.0.0.1", ())
        from retrieval.library import Library
        from retrieval.service.app import make_service
        from retrieval.service.tools import tool_server

        with Library.open(home) as opened:
            service = make_service(opened, rules)
            tool_server(service).run("stdio")
            service.close()


@contextmanager
def _own_socket(home: Path) -> Iterator[socket.socket | None]:
    """The socket in the library's folder, for programs of this user; None where another service listens there already."""
    place = layout.socket(home)
    with short_name(home) as name, socket.socket(socket.AF_UNIX) as own:
        try:
            with socket.socket(socket.AF_UNIX) as other:
                other.connect(name)
            is_free = False
        except OSError:
            is_free = True
        if not is_free:
            yield None
            return
        place.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            own.bind(name)
        finally:
            os.umask(before)
        own.listen(64)
        try:
            yield own
        finally:
            place.unlink(missing_ok=True)


@keys_app.command("list")
def keys_list(as_json: JsonOption = False, library: LibraryOption = None) -> None:
    """Print the names of the keys."""
    with reported():
        from retrieval.service.keys import list_keys

        found = list_keys(library or settings.default_library())
        if as_json:
            keys = [{"name": e.name, "created_at": e.created_at, "scopes": list(e.scopes)} for e in found]
            print_json({"version": 1, "keys": keys})
        elif not found:
            print("There are no keys.")
        for each in () if as_json else found:
            print(f"{each.name}  {','.join(each.scopes)}  since {each.created_at.replace('T', ' ')}")


@keys_app.command("add")
def keys_add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="read, write or admin; repeatable [default: read]."),
    ] = None,
    library: LibraryOption = None,
) -> None:
    """Make a key, and print it; it is not shown again."""
    with reported():
        from retrieval.library import Library
        from retrieval.service.keys import add_key

        home = library or settings.default_library()
        with Library.open(home):  # there is one, and it can be read
            print(add_key(home, name, scope or ("read",)))


@keys_app.command("revoke")
def keys_revoke(
    name: Annotated[str, typer.Argument(help="The name of the key.")], library: LibraryOption = None
) -> None:
    """Delete a key; a running service refuses it at once."""
    with reported():
        from retrieval.service.keys import revoke_key

        revoke_key(library or settings.default_library(), name)
        print(f"The key {name} is revoked.")
