"""Plain text of unknown encoding, decoded."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from retrieval.errors import MediaTooLarge, MediaUnreadable
from retrieval.settings import LIMITS, Limits

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE: Final = 60_000  # bytes that an encoding is guessed from


def read_text(path: Path, limits: Limits = LIMITS) -> str:
    r"""The text of a file, with \\n line ends and without byte order mark.

    Raises:
        MediaUnreadable: missing or forbidden. MediaTooLarge: more than limits.text_chars.
    """
    try:
        if path.stat().st_size > 4 * limits.text_chars:
            raise MediaTooLarge(f"{path.name} has more than {limits.text_chars:,} characters")
        text = decoded(path.read_bytes())
    except OSError as error:
        raise MediaUnreadable(f"cannot read {path.name}: {error.strerror}") from error
    if len(text) > limits.text_chars:
        raise MediaTooLarge(f"{path.name} has more than {limits.text_chars:,} characters")
    return text


def decoded(content: bytes) -> str:
    """Text of bytes: by byte order mark, as UTF-8 or UTF-16 if they are that, else by the best guess; never an error."""
    encoding = encoding_of(content)
    text = content.decode(encoding, "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")


def encoding_of(content: bytes) -> str:
    """Python's name of the encoding."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    sample = content[:SAMPLE]
    if b"\0" in sample:
        return "utf-16-be" if sample[0::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    if b"\x1b$" in sample or b"\x1b(" in sample:
        return "iso2022_jp"
    if _is_utf8(sample):
        return "utf-8"
    return _guess(sample)


def _is_utf8(sample: bytes) -> bool:
    """Valid but for a character cut at the end of the sample."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _guess(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else "cp1252"
