"""Text that every database and terminal takes."""

from __future__ import annotations

import re

_UNSAID = re.compile(r"[\ud800-\udfff]")


_QUOTES = re.compile(r'["“”„«»「」『』]')
_OUTER = re.compile(r"^[(（\[【]([^()（）\[\]【】]*)[)）\]】]$")
_FINAL = " .,;:!?…。，；：！？、"


def valid_text(text: str) -> str:
    """The text with surrogate pairs joined, and U+FFFD for what is no character: bytes of a name that are not UTF-8,
    lone halves of pairs.
    """
    if not _UNSAID.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def normalized(text: str) -> str:
    """A question as an encoder is asked: quotes, outer brackets, final punctuation, repeated blanks and capitals that all
    letters share change nothing of what is meant. A text of signs alone stays as it is."""
    plain = " ".join(_QUOTES.sub(" ", text).split())
    while (bare := _OUTER.sub(r"\1", plain).strip(_FINAL)) != plain:
        plain = bare
    return (plain.lower() if plain.isupper() else plain) or text.strip()
