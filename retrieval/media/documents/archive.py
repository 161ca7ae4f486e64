"""A ZIP with documents inside, opened with care: sizes are checked before and while a part is unpacked."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from retrieval.errors import MediaError, MediaTooLarge, MediaUnreadable, MediaUnsupported
from retrieval.media.markup import parse_xml
from retrieval.settings import LIMITS, Limits

PARTS: Final = 20_000
PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
NUMBER: Final = re.compile(r"(\d+)")
CHUNK: Final = 1 << 20  # bytes
SMALL: Final = 1 << 20  # bytes; below it a high ratio harms nobody


class Archive:
    """Read-only parts of one ZIP; all of them together unpack to at most limits.archive_bytes."""

    def __init__(self, path: Path, file: zipfile.ZipFile, limits: Limits) -> None:
        self._name = path.name
        self._file = file
        self._limits = limits
        self._left = limits.archive_bytes
        # Some writers part folders with backslashes.
        self._infos = {info.filename.replace("\\", "/"): info for info in file.infolist()}
        self.names = list(self._infos)

    def read(self, part: str) -> bytes:
        """Content of a part, b"" if there is none. Raises: MediaTooLarge beyond the limits, MediaUnreadable if broken."""
        info = self._infos.get(part)
        if info is None:
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

    def matches(self, part: str, pattern: re.Pattern[bytes]) -> bool:
        """Whether bytes of a part (not unpacked as a whole) match a pattern of less than CHUNK bytes."""
        info, before = self._infos.get(part), b""
        if info is None:
            return False
        with self._file.open(info) as file:
            while chunk := file.read(CHUNK):
                if pattern.search(before + chunk):
                    return True
                before = chunk[-1000:]
        return False

    def links(self, part: str) -> dict[str, str]:
        """Targets of an Office part's relations by id, as part names; "" are those of the whole."""
        return {one.get("Id", ""): target for one, target in self._relations(part)}

    def main(self, default: str) -> str:
        """The part that an Office document begins with: most programs, not all, name it as `default`."""
        found = (target for one, target in self._relations("") if one.get("Type", "").endswith("/officeDocument"))
        return next((target for target in found if target in self._infos), default)

    def pictures(self, names: Iterable[str], page: int | None = None) -> Iterator[tuple[bytes, str, int | None]]:
        """Content, name and page of those parts that are pictures, each once."""
        for name in dict.fromkeys(names):
            if name.lower().endswith(PICTURES) and name in self._infos:
                yield self.read(name), name, page

    def _relations(self, part: str) -> Iterator[tuple[Any, str]]:
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, f"_rels/{name}.rels"))
        for one in root if root is not None else ():
            if isinstance(one.tag, str) and one.get("TargetMode") != "External":
                target = one.get("Target", "").replace("\\", "/")
                yield one, target[1:] if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def natural(name: str) -> list[Any]:
    """Sorts image2 before image10."""
    return [int(part) if part.isdigit() else part for part in NUMBER.split(name)]


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
        raise MediaUnreadable(f"{path.name} is damaged", reason="damaged") from error
    except Exception as error:  # zlib.error, lzma errors and more, by the part's compression
        raise MediaUnreadable(f"{path.name} is damaged", reason="damaged") from error


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
