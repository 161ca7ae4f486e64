"""Where the terms of a question stand in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from retrieval.domain.media import Span
from retrieval.fulltext.analyzer import _CAMEL, _UNSPACED, Term, other_forms, tokens
from retrieval.fulltext.fold import folded

_CLUSTER = re.compile(
    r"(?s:.)[\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0670\u1160-\u11ff\u200b-\u200d\u3099\u309a\uff9e\uff9f]*"
)

_CHUNK = re.compile(r"\S+|\s+")

_LETTER = r"(?:[^\W_]|[\ue000-\ue8ff])"

_ONE_TOKEN = re.compile(f"[{_UNSPACED}]|(?:(?![{_UNSPACED}])(?:[^\\W_]|[\ue000-\ue8ff]))+")


def highlights(text: str, terms: Iterable[Term]) -> list[Span]:
    """Where the terms stand in a text, in characters of it; ascending, those that touch joined.

    A term stands exactly where the full-text tables find it. A phrase is one span, with the blanks inside it.
    """
    phrases = {tuple(_bare(folded(token)) for token in each.tokens) for each in terms}
    if not phrases:
        return []
    found = _standing_in_ascii(text, phrases) if text.isascii() else _standing(text, phrases)
    for words, start, end in other_forms(text):
        if any(_holds(tokens(words), phrase) for phrase in phrases):
            found.append(Span(start, end))
    return _merged(found)


def _standing_in_ascii(text: str, phrases: Iterable[tuple[str, ...]]) -> list[Span]:
    """As `_standing`, of a text that is as long as its folded form: it is searched, not cut into words."""
    plain, found = folded(text), []
    for phrase in phrases:
        at = plain.find(phrase[0])
        while at >= 0:
            if here := _pattern(phrase).match(plain, at):
                found.append(Span(*here.span()))
            at = plain.find(phrase[0], at + 1)
    return found


@lru_cache(maxsize=1024)
def _pattern(phrase: tuple[str, ...]) -> re.Pattern[str]:
    """The tokens as whole ones behind each other."""
    tokens = f"(?:(?!{_LETTER})(?s:.))+".join(map(re.escape, phrase))
    return re.compile(f"(?<!{_LETTER}){tokens}(?!{_LETTER})")


def _standing(text: str, phrases: Iterable[tuple[str, ...]]) -> list[Span]:
    """Where phrases stand in a text."""
    placed = _placed(text)
    first: dict[str, list[int]] = {}
    for at, (token, _, _) in enumerate(placed):
        first.setdefault(token, []).append(at)
    found = []
    for phrase in phrases:
        for at in first.get(phrase[0], ()):
            window = placed[at : at + len(phrase)]
            if tuple(token for token, _, _ in window) == phrase:
                found.append(Span(window[0][1], window[-1][2]))
    return found


def _holds(words: Sequence[str], phrase: tuple[str, ...]) -> bool:
    return any(tuple(words[at : at + len(phrase)]) == phrase for at in range(len(words) - len(phrase) + 1))


def name_highlights(name: str, terms: Iterable[Term]) -> list[Span]:
    """As `spans`, of a name of files and folders, whose glued parts ("HolidayPhoto2019") are words as well."""
    cuts = [each.start() for each in _CAMEL.finditer(name)]
    borders = [at + number for number, at in enumerate(cuts)]  # where the blanks lie
    terms = list(terms)

    def back(at: int) -> int:
        return at - sum(border < at for border in borders)

    apart = highlights(_CAMEL.sub(" ", name), terms)
    return _merged([*highlights(name, terms), *(Span(back(each.start), back(each.end)) for each in apart)])


def _placed(text: str) -> list[tuple[str, int, int]]:
    """The tokens of a text with their first character and the one behind their last."""
    parts = [(_plain_part(each.group()), each.start(), each.end()) for each in _CLUSTER.finditer(text)]
    if "".join(part for part, _, _ in parts) != folded(text):  # signs that only fold together: mark whole words
        parts = [(folded(each.group()), each.start(), each.end()) for each in _CHUNK.finditer(text)]
    starts = [start for part, start, _ in parts for _ in part]
    ends = [end for part, _, end in parts for _ in part]
    whole = "".join(part for part, _, _ in parts)
    return [(_bare(each.group()), starts[each.start()], ends[each.end() - 1]) for each in _ONE_TOKEN.finditer(whole)]


@lru_cache(maxsize=4096)
def _plain_part(cluster: str) -> str:
    return folded(cluster)


def _bare(token: str) -> str:
    """A token without Latin accents, as SQLite keeps it."""
    return token if token.isascii() else "".join(map(_bare_letter, token))


@lru_cache(maxsize=4096)
def _bare_letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base.isascii() else letter


def _merged(found: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for each in sorted(found):
        if merged and each.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(each)
    return merged
