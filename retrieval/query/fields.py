"""Names before a colon that look like fields and are none: they stay words, and a line says which field may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from retrieval.query.lexer import FIELDS, Token

_LIKE_A_FIELD = re.compile(r"([a-z]{2,12})[:：](?=[^\s/\\:：])")
_COMPARED = re.compile(r"([a-z]{2,12})[:：][<>]")
_MEANT = {
    "date": "after: and before:",
    "year": "after: and before:",
    "month": "after: and before:",
    "day": "after: and before:",
    "since": "after:",
    "from": "after:",
    "until": "before:",
    "to": "before:",
    "type": "in:",
    "kind": "in:",
    "medium": "in:",
    "media": "in:",
    "is": "in:",
    "format": "path:*.EXT",
    "ext": "path:*.EXT",
    "filetype": "path:*.EXT",
    "name": "path:",
    "file": "path:",
    "filename": "path:",
    "folder": "path:",
    "dir": "path:",
    "length": "duration:",
    "bytes": "size:",
    "filesize": "size:",
    "language": "lang:",
    "town": "place:",
    "city": "place:",
    "country": "place:",
    "location": "place:",
    "gps": "near:",
    "tags": "tag:",
    "label": "tag:",
    "text": "reads:, said:",
    "ocr": "reads:",
    "speech": "said:",
    "sound": "sounds:",
    "similar": "like:",
    "model": "camera:",
    "make": "camera:",
}


def unknown_fields(tokens: Sequence[Token]) -> Iterator[str]:
    """A line for each word that begins like a field which there is none of: date:>2026, type:image."""
    for each in tokens:
        if each.kind != "WORD":
            continue
        for word in str(each.value).split():
            found = _LIKE_A_FIELD.match(word)
            name = found.group(1) if found else ""
            if name and name not in FIELDS and (name in _MEANT or _COMPARED.match(word)):
                meant = _MEANT.get(name) or f"there are {', '.join(f'{field}:' for field in FIELDS)}"
                hint = f"perhaps {meant}" if name in _MEANT else meant
                yield f"{name}: is not a field, so {word} is asked as words ({hint})"
