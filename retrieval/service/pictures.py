"""Pictures of the library as WebP, kept in the cache within a bound; what is kept needs no file opened."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from retrieval.domain.media import Medium, PictureSpec
    from retrieval.settings import Limits

SIDES = (96, 192, 320, 480, 640, 960, 1280, 1920)  # pixels; others are brought to the next, so that few are kept
QUALITY = 80
MOST_BYTES = 512 << 20
KEPT = 0.8  # of the bound, when it was reached
FORM = 1  # of the pictures; greater when they are made otherwise


def side_of(wanted: int) -> int:
    """The next of SIDES from a number of pixels on."""
    return next((each for each in SIDES if each >= wanted), SIDES[-1])


def key_of(*parts: object) -> str:
    """The name of a picture in the cache, by all that it is made of; also its ETag."""
    return blake2b(repr((FORM, QUALITY, *parts)).encode(), digest_size=16).hexdigest()


def read_picture(
    path: Path, medium: Medium, spec: PictureSpec, limits: Limits, alive: Callable[[], None]
) -> Iterator[bytes]:
    """A reader for retrieval.media.worker: the picture as WebP; nothing for what has none."""
    from retrieval.search.pictures import picture_of

    picture = picture_of(path, medium, spec.page, spec.at_ms, spec.side)
    if picture is not None:
        yield webp(picture)


def webp(picture: Image) -> bytes:
    """A picture as WebP; without what the file says beside it."""
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=2)
    return buffer.getvalue()


class PictureCache:
    """Files by key in a folder, at most so many bytes in all; those not looked at for the longest time go first.

    Several processes may share one: each counts what it found and what it wrote. A cache that cannot be written costs
    time alone.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None

    def get(self, key: str) -> bytes | None:
        """What is kept under a key."""
        file = self._file(key)
        try:
            content = file.read_bytes()
            os.utime(file)
        except OSError:
            return None
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keeps content, whole or not at all."""
        file = self._file(key)
        part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(file)
        except OSError:
            with suppress(OSError):
                part.unlink()
            return
        with self._lock:
            self._bytes = self._measured() if self._bytes is None else self._bytes + len(content)
            if self._bytes > self._most:
                self._bytes = self._pruned()

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.webp"

    def _measured(self) -> int:
        return sum(size for _, size, _ in self._kept())

    def _kept(self) -> list[tuple[float, int, Path]]:
        found = []
        for file in self._folder.glob("??/*.webp"):
            try:
                state = file.stat()
            except OSError:  # another process took it away
                continue
            found.append((state.st_mtime, state.st_size, file))
        return sorted(found)

    def _pruned(self) -> int:
        kept = self._kept()
        total = sum(size for _, size, _ in kept)
        for _, size, file in kept:
            if total <= self._most * KEPT:
                break
            file.unlink(missing_ok=True)
            total -= size
        return total
