"""A ZIP with documents inside, opened with care: sizes are checked before and while a part is unpacked."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.markup import parse_xml
from retrieval.settings import LIMITS, Limits

PARTS: Final = 20_000
SMALL: Final = 1 << 20  # bytes; below it a high ratio harms nobody


class Archive:
    """Read-only parts of one ZIP; all of them together unpack to at most limits.archive_bytes."""

    def __init__(self, path: Path, file: zipfile.ZipFile, limits: Limits) -> None:
        self._name = path.name
        self._file = file
        self._limits = limits
        self._left = limits.archive_bytes
        self.names = file.namelist()

    def read(self, part: str) -> bytes:
        """Content of a part, b"" if there is none. Raises: MediaTooLarge beyond the limits, MediaUnreadable if broken."""
        try:
            info = self._file.getinfo(part)
        except KeyError:
            return b""
        with self._file.open(info) as file:
            content = file.read(self._left + 1)  # what the header says of the size may be a lie
        self._left -= len(content)
        if self._left < 0 or (
            len(content) > SMALL and len(content) > self._limits.archive_ratio * max(info.compress_size, 1)
        ):
            raise MediaTooLarge(f"{self._name} unpacks to too much ({part})", "a decompression bomb")
        return content

    def xml(self, part: str) -> Any | None:
        """Root element of an XML part; None if missing or broken."""
        content = self.read(part)
        return parse_xml(content) if content else None

    def links(self, part: str) -> dict[str, str]:
        """Targets of an Office part's relations by id, as part names."""
        folder, name = posixpath.split(part)
        root = self.xml(f"{folder}/_rels/{name}.rels")
        if root is None:
            return {}
        return {
            one.get("Id", ""): target[1:]
            if (target := one.get("Target", "")).startswith("/")
            else posixpath.normpath(f"{folder}/{target}")
            for one in root
            if one.get("TargetMode") != "External"
        }


@contextmanager
def opened(path: Path, limits: Limits = LIMITS) -> Iterator[Archive]:
    """The archive, its table of contents checked.

    Raises:
        MediaTooLarge: parts that would unpack beyond the limits. MediaUnsupported: encrypted. MediaUnreadable: broken.
    """
    try:
        with zipfile.ZipFile(path) as file:
            _check(path, file, limits)
            yield Archive(path, file, limits)
    except MediaError:
        raise
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise MediaUnreadable(f"{path.name} is damaged", str(error)[:200], "damaged") from error
    except Exception as error:  # zlib.error, lzma errors and more, by the part's compression
        raise MediaUnreadable(f"{path.name} is damaged", f"{type(error).__name__}: {error}"[:200], "damaged") from error


def _check(path: Path, file: zipfile.ZipFile, limits: Limits) -> None:
    infos = file.infolist()
    total, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if (
        len(infos) > PARTS
        or total > limits.archive_bytes
        or (total > 64 * SMALL and total > limits.archive_ratio * max(packed, 1))
    ):
        raise MediaTooLarge(f"{path.name} unpacks {packed:,} bytes to {total:,}", "a decompression bomb")
    if any(info.flag_bits & 1 for info in infos):
        raise MediaUnsupported(f"{path.name} is encrypted", "save it without a password to index it", "encrypted")
