"""Keywords: how text is folded before it goes into the full-text tables, and how a question becomes terms. Pure.

Index and question are folded alike: NFKC, case, Traditional to Simplified Chinese; runs of scripts written without
spaces (Han, kana, Hangul, Thai, Lao, Khmer, Myanmar) are split to single characters and asked as phrases. SQLite's
tokenizer drops the combining vowels of Indic and South-East Asian scripts, so they travel as private-use letters.
Which words are too frequent to ask is decided by their document frequency, whatever the language.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

FREQUENT = 0.2  # a word in more than this share of all texts is not asked

FEW = 5  # ... unless it is in no more texts than this

MAX_TERMS = 48  # of one question; the first ones count

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ue500-\ue79f\ue880-\ue8ff\U00020000-\U0003ffff"
)

_MARKS = ((0x0900, 0x109F, 0xE000), (0x1780, 0x17FF, 0xE880))  # first, last, where they go

_SPLIT = re.compile(f"([{_UNSPACED}])")

_RUN = re.compile(f"[{_UNSPACED}]+")

_TOKEN = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+")

_GLUED = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+(?:['’_.@+#&-]+(?:[^\W_]|[\ue000-\ue8ff])+)*")

_QUOTED = re.compile(r'["“”„«»「」『』]([^"“”„«»「」『』]+)["“”„«»「」『』]')

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked for. `tokens`: folded, in order; several make a phrase. `quoted`: the asker wants it literally."""

    tokens: tuple[str, ...]
    quoted: bool = False


@cache
def _table() -> dict[int, int | str | None]:
    """Code points that become others; None drops them."""
    from retrieval.fulltext.chinese import SIMPLIFIED, TRADITIONAL

    table: dict[int, int | str | None] = dict(str.maketrans(TRADITIONAL, SIMPLIFIED))
    for first, last, target in _MARKS:
        for code in range(first, last + 1):
            if unicodedata.category(chr(code)) in ("Mn", "Mc"):
                table[code] = target + code - first
    ignored = [*range(0x300, 0x370), *range(0x591, 0x5C8), *range(0x610, 0x61B), *range(0x64B, 0x660), 0x640, 0x670]
    table.update(dict.fromkeys([*ignored, 0xAD, 0x200B, 0x200C, 0x200D, 0xFEFF]))
    return table


def _plain(text: str) -> str:
    """Text in one width, case and script."""
    text = text.replace("\x00", " ")
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return text.translate(_table())


def fold(text: str) -> str:
    """The form of `text` that goes into the full-text tables; the empty text stays empty."""
    plain = _plain(text)
    return plain if plain.isascii() else _SPLIT.sub(r" \1 ", plain)


def tokens(text: str) -> list[str]:
    """The words of a text as the full-text tables see them, in order, but for Latin accents (which SQLite drops)."""
    return split(fold(text))


def split(folded: str) -> list[str]:
    """The words of a text that is folded already."""
    return _TOKEN.findall(folded)


def terms(question: str) -> list[Term]:
    """The terms of a question, in order, each once: quoted phrases, words, and runs of unspaced script.

    A run of one or two characters is one term; a longer one its overlapping pairs, as it may hold several words.
    Words glued by a sign ("EST-1008", "don't") are one phrase.
    """
    quoted = [tuple(tokens(inside)) for inside in _QUOTED.findall(question)]
    found = [Term(inside, quoted=True) for inside in quoted if inside]
    for word in _GLUED.findall(_plain(_QUOTED.sub(" ", question))):
        found += _terms_of(word)
    return list(dict.fromkeys(found))[:MAX_TERMS]


def _terms_of(word: str) -> Iterable[Term]:
    """A glued word, split where its script changes."""
    at = 0
    for run in _RUN.finditer(word):
        if before := _TOKEN.findall(word[at : run.start()]):
            yield Term(tuple(before))
        at = run.end()
        characters = run.group()
        width = min(2, len(characters))
        for start in range(len(characters) - width + 1):
            yield Term(tuple(characters[start : start + width]))
    if after := _TOKEN.findall(word[at:]):
        yield Term(tuple(after))


def idf(frequency: int, total: int) -> float:
    """BM25's inverse document frequency, > 0: how much a match tells.

    Source: Robertson and Zaragoza 2009, with Lucene's +1 that keeps it positive.
    """
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))


def max_document_frequency(total: int) -> int:
    """In how many of `total` texts a word may be and still tell something."""
    return int(max(FEW, FREQUENT * total))


def is_frequent(frequency: int, total: int) -> bool:
    """Whether a word is in so many texts that it tells nothing."""
    return frequency > max_document_frequency(total)
