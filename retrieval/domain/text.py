"""Text that every database and terminal takes."""

from __future__ import annotations

import re

_UNSAID = re.compile(r"[\ud800-\udfff]")


def valid_text(text: str) -> str:
    """The text with surrogate pairs joined, and U+FFFD for what is no character: bytes of a name that are not UTF-8,
    lone halves of pairs.
    """
    if not _UNSAID.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
