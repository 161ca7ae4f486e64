"""Plain text of unknown encoding, decoded."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from retrieval.errors import MediaUnreadable
from retrieval.settings import LIMITS, Limits

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAMPLE: Final = 60_000  # bytes that an encoding is guessed from
# What a web page or an XML file says of itself in its first lines.
DECLARED: Final = re.compile(rb"""<\?xml[^>]*encoding=["']([\w-]+)|<meta[^>]*charset=["']?([\w-]+)""", re.IGNORECASE)
# Names that people know, for those of Python.
NAMES: Final = {
    "cp932": "shift-jis",
    "cp949": "euc-kr",
    "big5hkscs": "big5",
    "cp874": "windows-874",
    "euc_jp": "euc-jp",
}


@dataclass(frozen=True, slots=True)
class Text:
    r"""Text with \n line ends and without byte order mark. encoding: Python's name. is_whole: False: its end is left out."""

    text: str
    encoding: str
    is_whole: bool = True

    @property
    def notes(self) -> str:
        """What is told of a file beside its format: ", windows-1252, incomplete"; nothing of a whole one in UTF-8."""
        plain = self.encoding.startswith(("utf-8", "ascii"))
        name = NAMES.get(self.encoding, self.encoding.replace("cp125", "windows-125").replace("_", "-"))
        return ("" if plain else f", {name}") + ("" if self.is_whole else ", incomplete")


def read_text(path: Path, limits: Limits = LIMITS, lang: str | None = None) -> Text:
    """The text of a file; of a longer one the first limits.text_chars characters. lang: what its name says of it.

    Raises:
        MediaUnreadable: missing or forbidden.
    """
    most = 4 * limits.text_chars
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise MediaUnreadable(f"cannot read {path.name}: {error.strerror}") from error
    encoding = encoding_of(content, lang)
    text = _plain(content[:most].decode(encoding, "replace"))
    return Text(text[: limits.text_chars], encoding, len(content) <= most and len(text) <= limits.text_chars)


def decoded(content: bytes) -> str:
    """Text of bytes: by byte order mark, as UTF-8 or UTF-16 if they are that, else by the best guess; never an error."""
    return _plain(content.decode(encoding_of(content), "replace"))


def _plain(text: str) -> str:
    return (
        text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").removeprefix("\ufeff")
    )


def encoding_of(content: bytes, lang: str | None = None) -> str:
    """Python's name of the encoding. lang: primary tag of the language, where something else tells it."""
    for mark, name in MARKS:
        if content.startswith(mark):
            return name
    sample = content[:SAMPLE]
    if b"\0" in sample:
        return "utf-16-be" if sample[0::2].count(0) > sample[1::2].count(0) else "utf-16-le"
    if b"\x1b$" in sample or b"\x1b(" in sample:
        return "iso2022_jp"
    if _is(sample, "utf-8", len(content) <= SAMPLE):
        return "utf-8"
    said = DECLARED.search(sample[:2048])
    declared = _known((said[1] or said[2]).decode("ascii", "ignore")) if said else None
    if declared and _is(sample, declared):
        return declared
    from retrieval.media.code_pages import best_code_page

    return best_code_page(sample, lang)


def _known(name: str) -> str | None:
    """Python's name of a declared encoding; Latin-1 means Windows' superset of it, as in every browser."""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return None
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "utf-8": None}.get(
        found, found
    )


def _is(sample: bytes, encoding: str, is_whole: bool = False) -> bool:
    """Valid, but for a character cut at the end of a sample that is not the whole."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample, is_whole)
    except (UnicodeDecodeError, LookupError):
        return False
    return True
