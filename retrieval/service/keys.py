"""API keys of a library: made once, shown once, kept as digests.

    LIBRARY/keys.json      {NAME: {"sha256": HEX, "created_at": ISO 8601, "scopes": ["read", ...]}}

A key is 256 random bits, so a plain digest of it cannot be searched for; a slow one would protect nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retrieval.errors import LibraryDamaged, LibraryError, QueryError

FILE = "keys.json"
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
SCOPES = ("read", "write", "admin")
PREFIX = "cm_"  # so that a key is known for one where it is seen by chance


@dataclass(frozen=True, slots=True)
class Key:
    """A key. digest: SHA-256 of it, hex. scopes: what it is for."""

    name: str
    digest: str
    created_at: str
    scopes: tuple[str, ...] = ("read",)


def list_keys(library: Path) -> list[Key]:
    """The keys of a library, by name. Raises: LibraryDamaged where their file cannot be understood."""
    path = library / FILE
    try:
        kept = json.loads(path.read_text("utf-8"))
        return [
            Key(name, each["sha256"], each["created_at"], tuple(each.get("scopes", ("read",))))
            for name, each in sorted(kept.items())
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LibraryDamaged(f"{path} cannot be read: {error}", "delete it and make the keys anew") from None


def add_key(library: Path, name: str, scopes: Sequence[str] = ("read",)) -> str:
    """Makes a key and returns it; it is not shown again.

    Raises:
        QueryError: no such name for a key, or no such scope.
        LibraryError: the name is taken, or the file cannot be written.
    """
    if not NAME.fullmatch(name):
        raise QueryError(f"{name!r} cannot be a key's name", "give one of letters, digits, dots and dashes")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise QueryError(f"invalid scopes of a key: {', '.join(scopes)}", f"there are {', '.join(SCOPES)}")
    known = {each.name: each for each in list_keys(library)}
    if name in known:
        raise LibraryError(f"there is a key {name} already", "crossmedia keys revoke NAME, or give another name")
    secret = PREFIX + secrets.token_urlsafe(32)
    known[name] = Key(name, _digest(secret), datetime.now().isoformat(timespec="seconds"), tuple(scopes))
    _write(library, known)
    return secret


def revoke_key(library: Path, name: str) -> None:
    """Deletes a key; a running service refuses it from the next request on. Raises: QueryError for an unknown one."""
    known = {each.name: each for each in list_keys(library)}
    if known.pop(name, None) is None:
        raise QueryError(f"there is no key {name}", f"there are {', '.join(known) or 'none'}")
    _write(library, known)


def owner(secret: str, keys: Sequence[Key]) -> Key | None:
    """The key, or None. Takes the same time whichever it is."""
    digest = _digest(secret)
    found: Key | None = None
    for each in keys:
        if hmac.compare_digest(digest, each.digest):
            found = each
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _write(library: Path, keys: Mapping[str, Key]) -> None:
    content = {
        each.name: {"sha256": each.digest, "created_at": each.created_at, "scopes": list(each.scopes)}
        for each in keys.values()
    }
    try:
        handle, name = tempfile.mkstemp(dir=library, prefix=f".{FILE}.")  # only the user may read it
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        Path(name).replace(library / FILE)
    except OSError as error:
        raise LibraryError(
            f"{library / FILE} cannot be written: {error.strerror}", "check the library's folder"
        ) from None
