"""Text that every database and terminal takes."""

from __future__ import annotations

import re

_UNSAID = re.compile(r"[\ud800-\udfff]")


def valid_text(text: str) -> str:
    """The text with U+FFFD for what is no character: bytes of a name that are not UTF-8, halves of surrogate pairs."""
    return _UNSAID.sub("\ufffd", text)
