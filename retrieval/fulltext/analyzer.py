"""Keywords: how text is folded before it goes into the full-text tables, and how a question becomes terms. Pure.

Index and question are folded alike (fold.py); runs of scripts written without spaces (Han, kana, Hangul, Thai, Lao,
Khmer, Myanmar) are split to single characters and asked as phrases. Behind a text stand, in the index alone, other
forms of what is in it (see `other_forms`): numbers without separators and leading zeros, names of emoji.
Which words are too frequent to ask is decided by their document frequency, whatever the language.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from retrieval.domain.text import EMOJI, emoji_name
from retrieval.fulltext.fold import BARRIER, folded

FREQUENT = 0.2  # a word in more than this share of all texts is not asked

FEW = 5  # ... unless it is in no more texts than this

MAX_TERMS = 48  # of one question; the first ones count

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ue500-\ue79f\ue880-\ue8ff\U00020000-\U0003ffff"
)

_SPLIT = re.compile(f"([{_UNSPACED}])")

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")

_RUN = re.compile(f"[{_UNSPACED}]+")

_TOKEN = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+")

_GLUED = re.compile(r"(?:[^\W_]|[\ue000-\ue8ff])+(?:['’_.@+#&-]+(?:[^\W_]|[\ue000-\ue8ff])+)*")

_QUOTED = re.compile(r'["“”„«»「」『』]([^"“”„«»「」『』]+)["“”„«»「」『』]')

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


_DIGIT = re.compile("[0-9]")

# 1,299.00 and 1.299,00 and 1'299: three digits behind each separator, which is the same one throughout.
_GROUPED = re.compile(
    r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d{1,3}(?:\.\d{3})+|\d{1,3}(?:['’\u00a0\u202f]\d{3})+)(?:([.,])(\d{1,2}))?(?!\d|[.,]\d)"
)

_ZEROS = re.compile(r"(?<![\d.,:])0+([1-9]\d+)(?!\d)")

_EXTENSION = re.compile(
    r"(?<=[^/.\s])\.(?:jpe?g|jfif|jpe|png|gif|webp|tiff?|bmp|heic|heif|avif|jxl|jp2|psd|svg|ico|tga|dng|cr[23w]|nef|arw|orf|rw2|raf|"
    r"pef|srw|mp4|m4v|mov|mkv|webm|avi|mpe?g|mts|m2ts|3gp|3g2|wmv|asf|flv|ogv|vob|ts|mp3|m4a|m4b|aac|wav|flac|ogg|oga|opus|"
    r"wma|aiff?|amr|mka|caf|pdf|docx?|pptx?|xlsx?|od[tsp]|epub|rtf|txt|text|md|markdown|rst|html?|xhtml|csv|tsv|srt|vtt|nfo)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing asked for. `tokens`: folded, in order; several make a phrase. `quoted`: the asker wants it literally."""

    tokens: tuple[str, ...]
    quoted: bool = False


def fold(text: str) -> str:
    """The form of `text` that goes into the full-text tables; the empty text stays empty."""
    found = [_spaced(folded(text))]
    for words, _, _ in other_forms(text):
        found += [BARRIER, _spaced(folded(words))]
    return " ".join(found)


def _spaced(plain: str) -> str:
    return plain if plain.isascii() else _SPLIT.sub(r" \1 ", plain)


def tokens(text: str) -> list[str]:
    """The words of a text as the full-text tables see them, in order, without other forms."""
    return split(_spaced(folded(text)))


def split(text: str) -> list[str]:
    """The words of a text that is folded already."""
    return _TOKEN.findall(text)


def other_forms(text: str) -> Iterator[tuple[str, int, int]]:
    """Words that a text is found by beside its own, each with the characters [start, end) that they stand for.

    1,299.00 is also 1299 00, 0412 also 412, a picture of a dog also "dog face".
    """
    if _DIGIT.search(text) if text.isascii() else any(map(str.isdigit, text)):
        for found in _GROUPED.finditer(text):
            yield _joined(found, keep_zeros=True), found.start(), found.end()
        for found in _ZEROS.finditer(text):
            yield found.group(1), found.start(), found.end()
    if not text.isascii():
        for found in EMOJI.finditer(text):
            if name := emoji_name(found.group()):
                yield name, found.start(), found.end()


def _joined(number: re.Match[str], *, keep_zeros: bool = False) -> str:
    """A number of groups without its separators, its decimals behind a dot."""
    whole, decimals = re.sub(r"\D", "", number.group(1)), number.group(3)
    return whole if decimals is None or (not keep_zeros and not decimals.strip("0")) else f"{whole}.{decimals}"


def asked_tokens(question: str) -> list[str]:
    """The words of a question in order, as `terms` asks them: numbers joined, emoji named, names without endings."""
    return tokens(" ".join(map(without_extension, _asked(question).split())))


def _asked(question: str) -> str:
    return _GROUPED.sub(_joined, EMOJI.sub(lambda each: f" {emoji_name(each.group())} ", question))


def without_extension(name: str) -> str:
    """The name of a file without the ending that tells its format."""
    return _EXTENSION.sub("", name)


def terms(question: str, *, legacy: bool = False) -> list[Term]:
    """The terms of a question, in order, each once: quoted phrases, words, and runs of unspaced script.

    A run of one or two characters is one term; a longer one its overlapping pairs, as it may hold several words.
    Words glued by a sign ("EST-1008", "don't") are one phrase; of the name of a file its ending is none. legacy: for a
    library whose words were folded by an older program.
    """
    quoted = [tuple(split(_spaced(folded(inside, legacy=legacy)))) for inside in _QUOTED.findall(question)]
    found = [Term(inside, quoted=True) for inside in quoted if inside]
    question = _GROUPED.sub(
        _joined, EMOJI.sub(lambda each: f" {emoji_name(each.group())} ", _QUOTED.sub(" ", question))
    )
    for word in _GLUED.findall(folded(question, legacy=legacy)):
        found += _terms_of(word if legacy else without_extension(word))
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


def is_part(term: Term) -> bool:
    """Whether a term is one Chinese character that nobody asked for literally: it may be part of another word."""
    return not term.quoted and len(term.tokens) == 1 and bool(_HAN.fullmatch(term.tokens[0]))


def idf(frequency: float, total: float) -> float:
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
