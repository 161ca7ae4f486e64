"""Letters that are written in two ways become one, in the index and in the question. Pure.

NFKC and case; marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters go; letters with strokes and ligatures become
plain ones; Katakana becomes Hiragana, Traditional Chinese Simplified, a digit of any script a digit. SQLite's tokenizer
drops the combining vowels of Indic and South-East Asian scripts, so they travel as private-use letters; so do the signs
of C++ and C#, which it takes for blanks.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_MARKS = ((0x0900, 0x109F, 0xE000), (0x1780, 0x17FF, 0xE880))  # first, last, where they go

_SIGNS = str.maketrans({"+": "\ue7f0", "#": "\ue7f1"})

KIND = "\ue7f2"  # begins each word that tells the kind of an asset, so that it is no word of its name

BARRIER = "\ue7f3"  # stands between texts that are no neighbours

_SIGNED = re.compile(r"(?<![^\W_])[a-z](?:\+\+|#)(?![^\W_])")  # C++, C#, F#

_MARKED = ((0xC0, 0x250), (0x370, 0x530), (0x622, 0x6D4), (0x1E00, 0x2000))  # scripts whose marks are left out at will

_PLAIN = dict(zip("łđðøıħŧىیکة", ["l", "d", "d", "o", "i", "h", "t", "ي", "ي", "ك", "ه"], strict=True)) | {
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}

# Zeros of digits that NFKC leaves: Arabic, Persian, Devanagari, ..., Thai, Lao, Myanmar, Khmer.
_ZEROS = (0x660, 0x6F0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xE50, 0xED0, 0x1040, 0x17E0)


@cache
def _table(*, legacy: bool) -> dict[int, int | str | None]:
    """Code points that become others; None drops them."""
    from retrieval.fulltext.chinese import SIMPLIFIED, TRADITIONAL

    table: dict[int, int | str | None] = dict(str.maketrans(TRADITIONAL, SIMPLIFIED))
    for first, last, target in _MARKS:
        for code in range(first, last + 1):
            if unicodedata.category(chr(code)) in ("Mn", "Mc"):
                table[code] = target + code - first
    ignored = [*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x640, 0x670]
    table.update(dict.fromkeys([*ignored, 0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF]))
    if legacy:
        return table
    for first, last in _MARKED:
        for code in range(first, last):
            parts = unicodedata.normalize("NFD", chr(code))
            if len(parts) > 1 and all(table.get(ord(each), "") is None for each in parts[1:]):
                table[code] = parts[0]
    table.update({ord(letter): plain for letter, plain in _PLAIN.items()})
    table.update({code: code - 0x60 for code in range(0x30A1, 0x30F7)})
    table.update({zero + digit: str(digit) for zero in _ZEROS for digit in range(10)})
    return table


def folded(text: str, *, legacy: bool = False) -> str:
    """Text in one width, case and script; as long as it was where it is ASCII. legacy: as an older program folded it."""
    text = text.replace("\x00", " ")
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = text.translate(_table(legacy=legacy))
    else:
        text = text.lower()
    if legacy or ("+" not in text and "#" not in text):
        return text
    return _SIGNED.sub(lambda each: each.group().translate(_SIGNS), text)
