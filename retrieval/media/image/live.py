"""Photos with a film: the identifier that ties a Live Photo to its film, and the film inside a motion photo.

Names tie nothing: IMG_0001.JPG and IMG_0001.MOV of two telephones are no pair, and a pair may be renamed apart.
Sources: Apple's maker note (tag 0x11) and QuickTime key com.apple.quicktime.content.identifier; Android's motion photo
format 1.0 (XMP `Container`, `MicroVideoOffset`, the HEIF box `mpvd`); Samsung's trailer `MotionPhoto_Data`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

EXIF_IFD, MAKER_NOTE, CONTENT_IDENTIFIER = 0x8769, 0x927C, 0x11
APPLE: Final = b"Apple iOS\0"
IDENTIFIER: Final = re.compile(r"[0-9A-Za-z-]{8,64}")
LARGEST: Final = 200 << 20  # bytes of a film inside a photo
HEAD: Final = 1 << 17  # bytes in which XMP is looked for
TAIL: Final = 16 << 20  # bytes in which Samsung's mark is looked for
_SAYS_MOTION: Final = re.compile(rb"(?:MotionPhoto|MicroVideo)\s*(?:=\s*[\"']|>)\s*1")
_OFFSET: Final = re.compile(r"MicroVideoOffset\s*(?:=\s*[\"']|>)\s*(\d+)")
_ITEM: Final = re.compile(r"<[\w:]*Item\b[^>]*>")
_LENGTH: Final = re.compile(r"\bLength\s*=\s*[\"'](\d+)")
_PADDING: Final = re.compile(r"\bPadding\s*=\s*[\"'](\d+)")


def identifier(text: Any) -> str | None:
    """An identifier as both halves of a pair write it; None for anything else."""
    found = IDENTIFIER.fullmatch(str(text or "").strip("\0 "))
    return found.group().upper() if found else None


def still_identifier(exif: Any) -> str | None:
    """The identifier that a Live Photo shares with its film, from Apple's maker note in its EXIF; None without one."""
    with suppress(Exception):
        note = exif.get_ifd(EXIF_IFD).get(MAKER_NOTE)
        if isinstance(note, bytes) and note.startswith(APPLE):
            order = "<" if note[12:14] == b"II" else ">"
            (count,) = struct.unpack_from(order + "H", note, 14)
            for at in range(16, 16 + 12 * min(count, 200), 12):
                tag, kind, length, offset = struct.unpack_from(order + "HHII", note, at)
                if (tag, kind) == (CONTENT_IDENTIFIER, 2):
                    return identifier(note[offset : offset + length].decode("ascii"))
    return None


def film_inside(path: Path) -> bytes | None:
    """The film that stands in a motion photo (JPEG or HEIF) behind its still; None where there is none."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
            size = file.seek(0, 2)
            for start in _starts(file, head, size):
                if 0 < start < size and size - start <= LARGEST:
                    file.seek(start)
                    if (film := file.read())[4:8] == b"ftyp":
                        return film
    except OSError:
        pass
    return None


def _starts(file: BinaryIO, head: bytes, size: int) -> Iterator[int]:
    """Where the film may begin, in bytes, by what the file says."""
    if head[4:8] == b"ftyp":
        yield from _boxes(file)
    elif head[:2] != b"\xff\xd8":
        return
    if _SAYS_MOTION.search(head):
        xmp = head.decode("latin-1")
        if offset := _OFFSET.search(xmp):
            yield size - int(offset[1])
        behind = 0
        for item in reversed(_ITEM.findall(xmp)):
            length, padding = _LENGTH.search(item), _PADDING.search(item)
            behind += int(length[1]) if length else 0
            if "MotionPhoto" in item:
                yield size - behind
            behind += int(padding[1]) if padding else 0
    elif head[:2] == b"\xff\xd8":
        yield from _trailer(file, size)


def _boxes(file: BinaryIO) -> Iterator[int]:
    """The content of the box `mpvd` of an HEIF file."""
    at = 0
    for _ in range(64):
        file.seek(at)
        head = file.read(16)
        if len(head) < 16:
            return
        length, kind = struct.unpack(">I4s", head[:8])
        wide = length == 1
        length = struct.unpack(">Q", head[8:])[0] if wide else length
        if kind == b"mpvd":
            yield at + (16 if wide else 8)
        if length < 8:
            return
        at += length


def _trailer(file: BinaryIO, size: int) -> Iterator[int]:
    """Behind Samsung's mark, in files whose last bytes are those of its directory."""
    file.seek(max(0, size - 4))
    if file.read() == b"SEFT":
        start = max(0, size - TAIL)
        file.seek(start)
        at = file.read().find(b"MotionPhoto_Data")
        if at >= 0:
            yield start + at + 16
