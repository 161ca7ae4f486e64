"""Files of a repository on a model hub, brought into a folder; a download that was cut goes on where it stopped.

    CACHE/models/
      pins/sources.json    by source: revision, digest and day of what was fetched first
      .fetch/NAME/         what has come of a model that is not whole yet

Two requests of the hub's protocol are used: the list of a revision's files, and a file of a commit, from any byte on. The
hub's own client deletes what has come of a file when its connection is cut (huggingface_hub 2.4), so it is not used here.
HF_ENDPOINT names a mirror, HF_TOKEN a login, HF_HUB_OFFLINE forbids all of it, as with that client.
"""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

from retrieval.errors import EncoderUnavailable

HUB = "https://huggingface.co"
PIECE = 1 << 20  # bytes read at a time
SILENCE_S = 30  # seconds without a byte after which a connection counts as cut
TRIES = 4  # at one file, as long as each brings something


@dataclass(frozen=True, slots=True)
class Arrival:
    """How far a download is: the file, its place among `files`, bytes of all files that are here, of `total`.

    is_whole: the file has come.
    """

    file: str
    number: int
    files: int
    here: int
    total: int
    is_whole: bool = False

    @property
    def is_last(self) -> bool:
        return self.is_whole and self.number == self.files


@dataclass(frozen=True, slots=True)
class Pin:
    """What a source gave when it was fetched first. revision: a commit, "" where none is known; sha256: of all files."""

    revision: str
    sha256: str
    day: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a commit. sha256 is known of large files only; size -1: not known."""

    name: str
    size: int
    sha256: str


def endpoint() -> str:
    """The hub, or the mirror that HF_ENDPOINT names."""
    return os.environ.get("HF_ENDPOINT", HUB).rstrip("/")


def bring(
    repository: str,
    revision: str,
    folder: Path,
    wanted: Sequence[str],
    unwanted: Sequence[str] = (),
    on_arrival: Callable[[Arrival], None] = lambda arrival: None,
) -> str:
    """Fills `folder` with the files of a repository that fit `wanted` and not `unwanted` (patterns), and gives the commit.

    What an earlier call left there is kept where it is of the same commit. Raises: EncoderUnavailable, in one line.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise EncoderUnavailable(
            f"{repository} is not fetched: HF_HUB_OFFLINE is set", "unset it, or crossmedia models add FOLDER"
        )
    commit, files = _listing(repository, revision or "main")
    files = [each for each in files if _fits(each.name, wanted) and not _fits(each.name, unwanted)]
    if not files:
        raise EncoderUnavailable(
            f"{repository} at {commit[:12]} holds none of the files that are wanted", f"wanted: {', '.join(wanted)}"
        )
    _same_commit(folder, commit)
    total, before = sum(max(0, each.size) for each in files), 0
    for number, file in enumerate(files, 1):
        for here in _file(repository, commit, file, folder):
            on_arrival(Arrival(file.name, number, len(files), before + here, total))
        before += (folder / file.name).stat().st_size
        on_arrival(Arrival(file.name, number, len(files), before, total, is_whole=True))
    (folder / COMMIT).unlink()
    return commit


COMMIT = ".commit"  # beside files that have not all come


def _same_commit(folder: Path, commit: str) -> None:
    """Empties a folder that holds parts of another commit."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / COMMIT
    if not mark.is_file() or mark.read_text("utf-8") != commit:
        for path in sorted(folder.rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        mark.write_text(commit, "utf-8")


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def _listing(repository: str, revision: str) -> tuple[str, list[_File]]:
    """The commit of a revision and its files."""
    address = f"{endpoint()}/api/models/{quote(repository)}/revision/{quote(revision, safe='')}?blobs=true"
    try:
        with _open(address) as answer:
            told = json.load(answer)
        files = [
            _File(each["rfilename"], int(each.get("size") or -1), (each.get("lfs") or {}).get("sha256", ""))
            for each in told["siblings"]
        ]
        return str(told["sha"]), [each for each in files if _is_inside(each.name)]
    except (OSError, ValueError, KeyError, TypeError, HTTPException) as error:
        raise _one_line(repository, error) from error


def _is_inside(name: str) -> bool:
    """Whether a name stays in its folder."""
    return not name.startswith(("/", "\\")) and ".." not in Path(name).parts


def _file(repository: str, commit: str, file: _File, folder: Path) -> Iterator[int]:
    """Brings one file, and gives how many of its bytes are here now and again."""
    target = folder / file.name
    if target.is_file() and file.size in (-1, target.stat().st_size):
        yield target.stat().st_size
        return
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    address = f"{endpoint()}/{quote(repository)}/resolve/{commit}/{quote(file.name)}"
    for attempt in range(TRIES):
        before = part.stat().st_size if part.exists() else 0
        try:
            whole = yield from _rest(address, part, file.size)
        except (OSError, ValueError, HTTPException) as error:
            raise _one_line(repository, error) from error
        here = part.stat().st_size
        if here >= whole:
            break
        if here <= before or attempt == TRIES - 1:
            raise EncoderUnavailable(f"{repository}: {file.name} was cut off at {here:,} of {whole:,} bytes", AGAIN)
    if file.sha256 and (seen := digest(part)) != file.sha256:
        part.unlink()
        raise EncoderUnavailable(
            f"{repository}: {file.name} came with sha256 {seen[:12]}, not {file.sha256[:12]}",
            "it is damaged on the way or by the mirror; the same command fetches it again",
        )
    part.replace(target)


AGAIN = "what has come is kept, and the same command goes on from there"


def _rest(address: str, part: Path, size: int) -> Generator[int, None, int]:
    """Adds what is missing to a file, giving its length now and again; returns the length it should have."""
    have = part.stat().st_size if part.exists() else 0
    if have >= size:  # it is of another file, or the size is not known: begin again
        have = 0
    with _open(address, have) as answer:
        if answer.status != 206:  # the server knows no ranges
            have = 0
        length = answer.headers.get("Content-Length")
        whole = size if size >= 0 else have + int(length) if length is not None else -1
        with part.open("ab" if have else "wb") as out:
            while piece := _piece(answer):
                have += out.write(piece)
                yield have
    return have if whole < 0 else whole


def _piece(answer: Any) -> bytes:
    """Some bytes; none at the end, or where the connection is cut."""
    try:
        return bytes(answer.read(PIECE))
    except (OSError, HTTPException):
        return b""


def _open(address: str, start: int = 0) -> Any:
    request = urllib.request.Request(address, headers={"User-Agent": "crossmedia"})  # noqa: S310  http of a mirror too
    if start:
        request.add_header("Range", f"bytes={start}-")
    if token := os.environ.get("HF_TOKEN"):
        request.add_unredirected_header("Authorization", f"Bearer {token}")  # not for whoever stores the files
    return urllib.request.urlopen(request, timeout=SILENCE_S)  # noqa: S310


def _one_line(repository: str, error: Exception) -> EncoderUnavailable:
    if isinstance(error, urllib.error.HTTPError):
        error.close()  # it holds the connection
        if error.code in (401, 403):
            return EncoderUnavailable(
                f"{endpoint()} does not give {repository} without a login",
                "accept its licence there, and put a token into HF_TOKEN",
            )
        if error.code == 404:
            return EncoderUnavailable(
                f"{endpoint()} has no {repository} of that revision", "see its name there, or the mirror in HF_ENDPOINT"
            )
        return EncoderUnavailable(f"{repository}: {endpoint()} answers {error.code} {error.reason}", AGAIN)
    if isinstance(error, (ValueError, KeyError, TypeError)):
        return EncoderUnavailable(f"{endpoint()} does not answer as a model hub", "see the mirror in HF_ENDPOINT")
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return EncoderUnavailable(
        f"{repository} could not be fetched from {endpoint()}: {str(cause)[:120]}",
        "see that it can be reached, or name a mirror in HF_ENDPOINT; what is here goes on working",
    )


# ---------------------------------------------------------------- digests and pins


def digest(file: Path) -> str:
    """sha256 of a file, hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def hold(source: str, revision: str, sha256: str, pins: Path) -> Pin:
    """The pin of a source: kept the first time, compared ever after. pins: the file of all pins.

    Raises: EncoderUnavailable where the source gave other files than the first time.
    """
    known = read_pin(source, pins)
    if known is None:
        known = Pin(revision, sha256, datetime.now(UTC).date().isoformat())
        _write(pins, {**_read(pins), source: asdict(known)})
    elif known.sha256 != sha256:
        raise EncoderUnavailable(
            f"{source} gives other files (sha256 {sha256[:12]}) than on {known.day} (sha256 {known.sha256[:12]})",
            "nothing was kept; crossmedia models fetch --renew takes the new ones, for libraries made anew",
        )
    return known


def read_pin(source: str, pins: Path) -> Pin | None:
    """What is known of a source; None before its first fetch."""
    found = _read(pins).get(source)
    return Pin(**found) if found else None


def drop_pin(source: str, pins: Path) -> None:
    """Forgets what a source gave."""
    _write(pins, {name: pin for name, pin in _read(pins).items() if name != source})


def _read(pins: Path) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(pins.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(
            f"{pins} cannot be read: {error}", "mend or delete it; a fetch writes it anew"
        ) from None
    return found


def _write(pins: Path, content: dict[str, dict[str, str]]) -> None:
    pins.parent.mkdir(parents=True, exist_ok=True)
    new = pins.with_name(f".{pins.name}.{os.getpid()}")
    new.write_text(json.dumps(content, indent=1, sort_keys=True), "utf-8")
    new.replace(pins)
