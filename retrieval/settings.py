"""Every default and limit, read once. Environment variables: CROSSMEDIA_LIBRARY, _CACHE and _FONTS."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path


def _user_dir(kind: str) -> Path:
    """The platform's folder for this program's `data` or `cache`."""
    import platformdirs

    return Path(
        platformdirs.user_data_dir("crossmedia") if kind == "data" else platformdirs.user_cache_dir("crossmedia")
    )


LIBRARY_SETTINGS = "crossmedia.toml"  # of a library whose parts are elsewhere; a library may be named by it


def default_library() -> Path:
    """CROSSMEDIA_LIBRARY, or one library for each user in the platform's data folder."""
    return library_folder(Path(os.environ.get("CROSSMEDIA_LIBRARY") or _user_dir("data")))


def library_folder(named: Path) -> Path:
    """The folder of a library that is named by it, or by the settings file in it."""
    return named.parent if named.name == LIBRARY_SETTINGS else named


def cache_dir() -> Path:
    """CROSSMEDIA_CACHE, or the platform's cache folder: unpacked weights, exported models; may be deleted.

    Where it cannot be written, a folder of this user's in the temporary one stands in for it.
    """
    return _writable_cache(Path(os.environ.get("CROSSMEDIA_CACHE") or _user_dir("cache")))


@cache
def _writable_cache(wanted: Path) -> Path:
    place = wanted
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return wanted
    import logging
    import tempfile

    other = Path(tempfile.gettempdir()) / f"crossmedia-cache-{os.getuid()}"
    if not os.path.lexists(other):
        other.mkdir(mode=0o700)
    if other.is_symlink() or not other.is_dir() or other.stat().st_uid != os.getuid():  # not ours: not to be trusted
        other = Path(tempfile.mkdtemp(prefix="crossmedia-cache-"))
    logging.getLogger("crossmedia").warning(
        "crossmedia: the cache %s cannot be written, so %s is used (CROSSMEDIA_CACHE names another folder)",
        wanted,
        other,
    )
    return other


def questions_at_once() -> int:
    """How many questions one library works on; more wait. Threads beyond the processors only take the interpreter and the
    caches from each other: a question then costs a quarter more.
    """
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def font_folders() -> list[Path] | None:
    """CROSSMEDIA_FONTS, folders joined as in PATH; None where it is not set: the platform's folders. Set to "": none."""
    named = os.environ.get("CROSSMEDIA_FONTS")
    return None if named is None else [Path(each) for each in named.split(os.pathsep) if each]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a decoder may spend on one file before the file becomes a Skip."""

    pixels: int = 200_000_000  # of one decoded picture
    frames: int = 32  # views of one animated picture
    pages: int = 5_000  # of one document
    text_chars: int = 20_000_000  # of one document
    archive_bytes: int = 512 << 20  # unpacked size of one docx, epub, ...
    archive_ratio: int = 200  # unpacked to packed
    progress_s: float = 60.0  # without one sign of progress
    total_s: float = math.inf  # in all, of one reader
    memory_bytes: int = 3 << 30  # address space of a decoding process above its start
    hash_bytes: int = 1 << 40  # largest file that is read at all


LIMITS = Limits()
VERSION = "0.1.0"  # of the program; the library's format is manifest.FORMAT
DEFAULT_PROFILE = "starter"
SURE = 0.5  # least confidence of what is sure
POSSIBLE = 0.1  # least confidence of what is shown as less sure
MOST_VIEWS = 48  # frames or sound windows of one operand that are asked
RATE = 16_000  # Hz, of all sound inside the library
PASSAGE_CHARS = 600  # target length of a passage
PASSAGE_OVERLAP = 120
FRAME_EVERY_MS = 750  # distance of frame vectors under a shot
LONGEST_SHOT_MS = 60_000  # a longer shot is given in parts, so that memory and answers stay small
MOST_SEGMENTS = 5  # listed under one hit
