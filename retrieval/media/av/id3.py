"""ID3v2 tags at the head of a file, as far as FFmpeg mixes them up.

FFmpeg names a comment (COMM) and a user's text (TXXX) by their descriptions, and so puts a comment described "title" in
the place of the title. Source: id3.org, ID3 tag version 2.2.0, 2.3.0 and 2.4.0 (structure and native frames).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

MOST: Final = 1 << 25  # bytes of a tag that are read
NAMES: Final = {
    "TIT2": "title", "TT2": "title", "TPE1": "artist", "TP1": "artist", "TPE2": "album_artist", "TP2": "album_artist",
    "TALB": "album", "TAL": "album", "TCON": "genre", "TCO": "genre", "TCOM": "composer", "TCM": "composer",
    "TDRC": "date", "TYER": "date", "TYE": "date",
}  # fmt: skip
ENCODINGS: Final = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def confused(path: Path) -> dict[str, str | None]:
    """True values of the names (title, artist, date, ...) that a comment or user's text of the tag has taken.

    None: the tag has no such field, only a comment described so. A file without a tag, or with a damaged one, gives
    nothing, or what stands before the damage. Raises: OSError.
    """
    true: dict[str, str] = {}
    described: dict[str, bool] = {}  # whether it may stand in for a field that is missing
    for frame, body in _frames(path):
        if frame in NAMES:
            true.setdefault(NAMES[frame], " ".join(_texts(body[0], body[1:])))
        elif frame in ("COMM", "COM"):
            described.setdefault(_texts(body[0], body[4:])[0].lower(), False)
        elif frame in ("TXXX", "TXX"):
            described[_texts(body[0], body[1:])[0].lower()] = True
    return {
        name: true.get(name) for name in NAMES.values() if name in described and (name in true or not described[name])
    }


def _texts(encoding: int, text: bytes) -> list[str]:
    return text.decode(ENCODINGS[encoding] if encoding < 4 else "latin-1", "replace").rstrip("\0").split("\0")


def _frames(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content (not empty) of every frame that is neither packed nor encrypted."""
    with open(path, "rb") as file:
        head = file.read(10)
        if head[:3] != b"ID3" or len(head) < 10 or head[3] not in (2, 3, 4):
            return
        tag = file.read(min(_size(head[6:10], 7), MOST))
    version, flags = head[3], head[5]
    if flags & 0x80 and version < 4:
        tag = tag.replace(b"\xff\0", b"\xff")
    at = 0
    if flags & 0x40 and version > 2:  # an extended header; its size counts itself in 2.4 only
        at = _size(tag[:4], 7) if version == 4 else 4 + _size(tag[:4], 8)
    width = 3 if version == 2 else 4
    header = 6 if version == 2 else 10
    while at + header < len(tag) and tag[at : at + 1] != b"\0":
        size = _size(tag[at + width : at + 2 * width], 7 if version == 4 else 8)
        body, marks = tag[at + header : at + header + size], tag[at + header - 1] if version > 2 else 0
        name, at = tag[at : at + width].decode("latin-1"), at + header + size
        if version == 4 and marks & 0x02:
            body = body.replace(b"\xff\0", b"\xff")
        if version == 4 and marks & 0x01:  # its length stands before it
            body = body[4:]
        if body and not marks & (0x0C if version == 4 else 0xC0):
            yield name, body


def _size(digits: bytes, bits: int) -> int:
    value = 0
    for digit in digits:
        value = value << bits | digit
    return value
