"""Objects of an S3 bucket, read by the process that decodes them: a copy in the temporary folder while it is needed.

    listing   one folder of keys, page by page         indexer/sources/bucket.py
    localized head -> is it a medium? -> ranges        If-Match: all of one state of the object

Credentials, region and endpoint are those of every S3 program: AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL_S3, ...
A folder of copies is locked by its process: what one leaves that is killed, whoever killed it removes, or the next one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from retrieval.domain.place import address, is_object, place_text
from retrieval.errors import InstallationError, MediaUnreadable, MediaUnsupported, importing
from retrieval.media.hashing import UNREACHABLE, VANISHED

RANGE = 8 << 20  # bytes of one request
LINK_S = 3_600  # a link is good for so long
CONNECT_S, READ_S = 5, 60
FOLDER = "crossmedia-objects-"
_FOLDER_ALONE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW  # no pipe of another user, which would never open


@cache
def client() -> Any:
    """The client of this process; its methods may be called from several threads.

    Raises:
        InstallationError: boto3 is not here. OSError: there is no such profile, or the server's address is none.
    """
    with importing("boto3", "'crossmedia[s3]'"):
        from boto3.session import Session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    rules = Config(
        connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard"}, signature_version="s3v4"
    )
    try:
        return Session().client("s3", config=rules)
    except (BotoCoreError, ValueError) as error:
        raise OSError(errno.EINVAL, _said(error)) from None


def _said(error: Exception) -> str:
    """What boto3 says, on one line, without the password that an address may hold."""
    return re.sub(r"//[^/\s]*@", "//", " ".join(str(error).split()))


@contextmanager
def asking(path: Path) -> Iterator[Any]:
    """The client; what it raises becomes what a file system would raise.

    Raises:
        FileNotFoundError: there is no such object, or another was put in its place while it was read.
        PermissionError: it may not be read. OSError: the bucket cannot be reached.
    """
    own = client()
    from botocore.exceptions import BotoCoreError, ClientError

    name = place_text(path)
    try:
        yield own
    except ClientError as error:
        code = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in (404, 412):
            raise FileNotFoundError(errno.ENOENT, "is not there" if code == 404 else "was replaced", name) from None
        if code == 403:
            raise PermissionError(errno.EACCES, "may not be read", name) from None
        raise OSError(errno.EIO, f"answers {error.response.get('Error', {}).get('Code', code)}", name) from None
    except BotoCoreError as error:
        raise OSError(errno.EHOSTUNREACH, _said(error), name) from None


@dataclass(frozen=True, slots=True)
class Status:
    """What a bucket says of an object, under the names of os.stat_result; st_ino: see `etag_number`."""

    st_mode: int
    st_size: int
    st_mtime_ns: int
    st_ino: int
    st_ctime_ns: int = 0


def status(path: Path) -> os.stat_result | Status:
    """Size and time of a file or an object. Raises: OSError."""
    if not is_object(path):
        return path.stat()
    bucket, key = address(path)
    with asking(path) as own:
        return status_of(own.head_object(Bucket=bucket, Key=key) | {"Key": key})


def status_of(said: dict[str, Any]) -> Status:
    """The status in an answer about one object."""
    from hashlib import blake2b

    tag = int.from_bytes(blake2b(said["ETag"].encode(), digest_size=8).digest(), "big") >> 1  # 63 bits
    size = said["Size"] if "Size" in said else said["ContentLength"]
    return Status(0o100644, size, int(said["LastModified"].timestamp() * 1e9), tag)


def is_there(path: Path) -> bool:
    """Whether a file or an object can be reached now."""
    if not is_object(path):
        return path.exists()
    try:
        status(path)
    except OSError:
        return False
    return True


def link(path: Path) -> str | None:
    """An address that whoever has it can read the object by for LINK_S seconds; None without credentials. Asks nobody."""
    bucket, key = address(path)
    try:
        with asking(path) as own:
            made: str = own.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, LINK_S)
            return made
    except (OSError, InstallationError):
        return None


def origin(path: Path) -> str | None:
    """Scheme, host and port of a link to an object; None without credentials. Asks nobody."""
    made = urlsplit(link(path) or "")
    return f"{made.scheme}://{made.netloc.rpartition('@')[2]}" if made.netloc else None


# ---------------------------------------------------------------- copies


@contextmanager
def localized(path: Path, alive: Callable[[], None] = lambda: None) -> Iterator[Path]:
    """The file itself; of an object a copy of the same name, with the sidecars beside it, for as long as it is used.

    The last copy is kept for the next use of the same object by the same thread, which often follows at once. alive: called
    now and then while bytes arrive.

    Raises:
        MediaUnreadable: it is not there, or not to be reached. MediaUnsupported: its first bytes say that it is no medium.
    """
    if is_object(path):
        with _as_media_error(path):
            path = _copies().of(path, alive)
    yield path


@contextmanager
def all_localized(paths: Iterable[Path]) -> Iterator[dict[Path, Path]]:
    """Each of several paths with the file, or the copy of the object, that it names. Raises: as `localized`."""
    with tempfile.TemporaryDirectory(prefix="crossmedia-") as folder:
        here: dict[Path, Path] = {}
        for number, path in enumerate(dict.fromkeys(paths)):
            here[path] = path
            if is_object(path):
                here[path] = Path(folder, f"{number}{path.suffix}")
                with _as_media_error(path):
                    _fetch(path, here[path], lambda: None)
        yield here


@contextmanager
def _as_media_error(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise MediaUnreadable(f"{place_text(path)} {error.strerror}", reason=VANISHED) from None
    except PermissionError as error:
        raise MediaUnreadable(f"{place_text(path)} {error.strerror}", "check its permissions") from None
    except OSError as error:
        raise MediaUnreadable(f"{place_text(path)}: {error.strerror}", reason=UNREACHABLE) from None


_own = threading.local()


def _copies() -> _Copies:
    if not hasattr(_own, "copies"):
        _own.copies = _Copies()
    copies: _Copies = _own.copies
    return copies


class _Copies:
    """The copy of the last object that a thread used."""

    def __init__(self) -> None:
        held, place = _locked_folder()
        self._folder = place / "copy"
        self._held: tuple[Path, str] | None = None  # and the ETag of its state
        weakref.finalize(self, _remove, held, place)

    def of(self, path: Path, alive: Callable[[], None]) -> Path:
        bucket, key = address(path)
        with asking(path) as own:
            state = path, str(own.head_object(Bucket=bucket, Key=key)["ETag"])
        if state != self._held:
            self._held = None
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir()
            for each in (*_sidecars(path), path):
                _fetch(each, self._folder / each.name, alive)
            self._held = state
        return self._folder / path.name


def _remove(held: int, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(held)


def remove_left() -> None:
    """Removes copies of processes that have ended."""
    for old in Path(tempfile.gettempdir()).glob(FOLDER + "*"):
        with suppress(OSError):
            held = os.open(old, _FOLDER_ALONE)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old)
            finally:
                os.close(held)


def _locked_folder() -> tuple[int, Path]:
    """A new folder of this process alone, and the open file that locks it; what others left is removed."""
    remove_left()
    while True:
        made = Path(tempfile.mkdtemp(prefix=FOLDER))
        try:
            held = os.open(made, _FOLDER_ALONE)
        except FileNotFoundError:  # another process took it for one left behind, before it was locked
            continue
        fcntl.flock(held, fcntl.LOCK_EX)
        if made.exists():
            return held, made
        os.close(held)


def _sidecars(path: Path) -> list[Path]:
    """The objects that belong to one beside them, as their names say: those that begin with its stem."""
    from retrieval.media.sidecars import owners

    bucket, key = address(path)
    with asking(path) as own:
        pages = own.get_paginator("list_objects_v2")
        beside = list(pages.paginate(Bucket=bucket, Prefix=key.removesuffix(path.suffix), Delimiter="/"))
    names = {Path(each["Key"]).name for page in beside for each in page.get("Contents", ())} | {path.name}
    return [path.with_name(each.name) for each in owners(names).get(path.name, ())]


def _fetch(path: Path, target: Path, alive: Callable[[], None]) -> None:
    """Raises: OSError; MediaUnsupported."""
    bucket, key = address(path)
    at, size = 0, 1
    same: dict[str, str] = {}
    with open(target, "wb") as file, asking(path) as own:
        while at < size:
            try:
                part = own.get_object(Bucket=bucket, Key=key, Range=f"bytes={at}-{at + RANGE - 1}", **same)
            except own.exceptions.ClientError as error:
                if at == 0 and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 416:
                    return  # an empty object has no first byte
                raise
            size, same = int(part["ContentRange"].rpartition("/")[2]), {"IfMatch": part["ETag"]}
            if not (came := file.write(part["Body"].read())):
                raise OSError(errno.EIO, "sends less than it says", place_text(path))
            at += came
            file.flush()
            if at <= RANGE < size:
                _refuse_foreign(target)
            alive()


def _refuse_foreign(beginning: Path) -> None:
    """Spares the rest of an object that is no medium, whatever follows; only tables of contents lie at the end."""
    from retrieval.media.sniff import MEDIA_SUFFIXES, identify

    with open(beginning, "rb") as file:
        head = file.read(4)
    if head[:2] == b"PK" or head == b"\xd0\xcf\x11\xe0" or beginning.suffix.lower() in MEDIA_SUFFIXES:
        return
    try:
        identify(beginning)
    except MediaUnsupported:
        raise
    except MediaUnreadable:
        return
