"""Text -> tokens, once, from left to right: its time grows with the length alone. What is doubtful is a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from retrieval.domain.media import Lane
from retrieval.errors import SyntaxRefused
from retrieval.query import units
from retrieval.query.date_words import may_tell

DEEPEST = 40  # brackets within brackets, NOTs in a row
LANES: tuple[Lane, ...] = ("said", "shows", "reads", "sounds")
FILES = ("image", "audio", "video", "document")
FILTERS = ("in", "path", "after", "before", "duration", "camera", "near", "place", "lang", "size", "tag")
FIELDS = (*FILTERS, *LANES, *FILES, "like")
CLOSING = {'"': '"”“„', "“": '”"', "„": '“”"', "”": '”"', "「": "」", "『": "』", "«": "»", "»": "«»"}
QUOTES = "".join(CLOSING)
PLUS, MINUS, OPEN, CLOSE = "+＋", "-－−", "(（", ")）"

FIELD = re.compile(rf"({'|'.join(FIELDS)})[:：](?=\S)")
_QUOTATION = re.compile(r'["“”„«»「『][^"“”„«»「」『』]*["“”„«»」』]')
_WEIGHT = re.compile(r"\^(\d{1,6}(?:\.\d{1,6})?)(?=[\s)）]|$)")
WEIGHTED = re.compile(r"(.{2,}|[^\x00-\x7f])\^(\d{1,6}(?:\.\d{1,6})?)", re.DOTALL)
_CLOSED = re.compile(r"\)+(?:\^\d|[\s（）]|$)")
LOUD = {"AND": "AND", "OR": "OR", "NOT": "NOT", "THEN": "THEN"}


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a text. at: where it begins (0-based); value: what it says, without its signs."""

    kind: str
    value: Any
    at: int


def refused(text: str, at: int, what: str, expected: str) -> SyntaxRefused:
    """The error for something at a character (0-based) of a text."""
    return SyntaxRefused(f"{what} at character {at + 1}", f"expected {expected}", text, at)


def tokenize(text: str) -> list[Token]:
    """The tokens of a text, in order. Words and phrases only: it is plain.

    Raises:
        SyntaxRefused: a quotation that an operator begins is not closed.
    """
    if not _suspicious(text):
        return [Token("WORD", text, 0)] if text.strip() else []
    tokens = _Reader(text).tokens()
    loud = [each for each in tokens if each.kind in LOUD.values()]
    if loud and all(each.kind in (*LOUD.values(), "WORD", "PHRASE", "OPEN", "CLOSE") for each in tokens):
        said = [each.value for each in tokens if each.kind in ("WORD", "PHRASE")]
        if _shouted(said):  # ROCK AND ROLL
            tokens = [_quiet(each, text) if each in loud else each for each in tokens]
    tokens = _in_order(tokens, text)
    if all(each.kind in ("WORD", "PHRASE", "OPEN", "CLOSE") for each in tokens):
        tokens = [_quiet(each, text) for each in tokens]  # brackets alone are a person's
    return tokens


def _suspicious(text: str) -> bool:
    """Whether a text may hold an operator at all; most questions end here."""
    return bool(re.search(r"[-+^:\\＋－−：]|\b(?:AND|OR|NOT|THEN)\b|\bwithin\b", text))


def is_escaped(tokens: Sequence[Token], text: str) -> bool:
    """Whether a backslash made a word plain."""
    return any(
        each.kind == "WORD" and text[each.at : each.at + 1] == "\\" and each.value[:1] != "\\" for each in tokens
    )


def _shouted(said: Sequence[str]) -> bool:
    """Words in capitals only: the asker's voice is loud, not a word in it. Also one with nothing beside it."""
    cased = "".join(said)
    return not said or (cased.upper() != cased.lower() and cased == cased.upper())


def _quiet(token: Token, text: str) -> Token:
    if token.kind in ("WORD", "PHRASE"):
        return token
    return Token("WORD", token.kind if token.kind in LOUD else text[token.at], token.at)


def _in_order(tokens: Sequence[Token], text: str) -> list[Token]:
    """`then` and `within 10s` are operators only together; THEN stands alone as well."""
    found: list[Token] = []
    ahead = False  # a `then` to the left belongs to a `within`
    for each in reversed(tokens):
        if each.kind == "WITHIN":
            ahead = True
        elif each.kind == "LOW_THEN":
            found.append(Token("THEN" if ahead else "WORD", "then", each.at))
            continue
        found.append(each)
    found.reverse()
    if any(each.kind == "THEN" for each in found):
        return found
    return [part for each in found for part in (_words_of(each, text) if each.kind == "WITHIN" else [each])]


def _words_of(within: Token, text: str) -> list[Token]:
    start = _after_blanks(text, within.at + len("within"))
    return [Token("WORD", "within", within.at), Token("WORD", text[start : word_end(text, start)], start)]


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


class _Reader:
    """One walk over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._found: list[Token] = []
        # The last place of each closing quote: a quote without one behind it is a stray.
        self._last = {each: text.rfind(each) for each in set("".join(CLOSING.values()))}

    def tokens(self) -> list[Token]:
        while self._at < len(self._text):
            if self._text[self._at].isspace():
                self._at += 1
            else:
                self._item()
        return self._found

    def _add(self, kind: str, value: Any, start: int, end: int) -> None:
        self._found.append(Token(kind, value, start))
        self._at = end

    def _here(self, offset: int = 0) -> str:
        return self._text[self._at + offset : self._at + offset + 1]

    def _item(self) -> None:
        """One token at the beginning of a word."""
        sign = self._here()
        if sign == "\\" and self._here(1).strip():
            self._word(self._at + 1)
        elif sign in PLUS + MINUS and self._is_attached():
            self._add("PLUS" if sign in PLUS else "MINUS", sign, self._at, self._at + 1)
            if self._here() in QUOTES and self._closing() < 0:
                raise refused(self._text, self._at, "the quotation is not closed", "a closing quote")
        elif sign in OPEN:
            self._bracket("OPEN", 1)
        elif sign in CLOSE:
            self._bracket("CLOSE", -1)
            self._weight()
        elif sign in QUOTES and self._closing() >= 0:
            self._phrase()
        elif field := FIELD.match(self._text, self._at):
            self._field(field)
        else:
            self._word(self._at)

    def _is_attached(self) -> bool:
        """A sign counts before a word, phrase, operand or bracket; not before a number, or around a word (-n-)."""
        after = self._here(1)
        if after in OPEN or after in QUOTES:
            return bool(after)
        if not (after.isalpha() or after in "\\_#@"):
            return False
        end = word_end(self._text, self._at)
        return self._text[end - 1] not in PLUS + MINUS

    def _bracket(self, kind: str, way: int) -> None:
        self._depth += way
        if self._depth > DEEPEST:
            raise refused(self._text, self._at, "brackets are too deep", f"at most {DEEPEST} within each other")
        self._add(kind, self._here(), self._at, self._at + 1)

    def _closing(self, *, doubled: bool = False) -> int:
        """Where the quotation that begins here ends; -1: nowhere. doubled: 」」 stands for one and does not end it."""
        opening = self._here()
        marks = CLOSING[opening]
        if all(self._last[each] <= self._at + 1 for each in marks):
            return -1
        at = self._at + 1
        while at < len(self._text):
            if self._text[at] in marks:
                if not (doubled and opening == "「" and self._text[at + 1 : at + 2] == "」"):
                    return at if self._text[self._at + 1 : at].strip() else -1
                at += 1
            at += 1
        return -1

    def _phrase(self) -> None:
        end = self._closing()
        self._add("PHRASE", self._text[self._at + 1 : end].strip(), self._at, end + 1)
        self._weight()

    def _weight(self) -> None:
        weight = _WEIGHT.match(self._text, self._at)
        if weight:
            self._add_weight(weight.group(1), weight.start(), weight.end())

    def _add_weight(self, number: str, start: int, end: int) -> None:
        if float(number) <= 0:
            raise refused(self._text, start + 1, "a weight of nothing", "a number above 0")
        self._add("WEIGHT", float(number), start, end)

    def _field(self, field: re.Match[str]) -> None:
        name, start = field.group(1), self._at
        self._at = field.end()
        begins = self._at
        if self._here() in QUOTES:
            is_text = name in LANES
            end = self._closing(doubled=not is_text)
            if end < 0:
                raise refused(self._text, begins, "the quotation is not closed", "a closing quote")
            value, after, quoted = self._text[begins + 1 : end], end + 1, True
            if is_text or self._here() in "«»":  # « so »
                value = value.strip()
            elif self._here() == "「":
                value = value.replace("」」", "」")
        else:
            after = word_end(self._text, begins)
            value, quoted = self._text[begins:after], False
            weighted = parted(value) if name not in FILTERS else None
            if weighted:
                value, after = weighted.group(1), begins + weighted.end(1)
        if not value:
            raise refused(self._text, begins, f"{name}: without a value", f"something after {name}:")
        kind = "FILTER" if name in FILTERS else "OPERAND"
        self._add(kind, (name, value, quoted, begins), start, after)
        self._weight()

    def _word(self, start: int) -> None:
        begins, end = self._at, word_end(self._text, start)
        word = self._text[start:end]
        if word[0] in QUOTES:  # a stray one says nothing
            word = word.lstrip(QUOTES)
            if word:
                self._add("WORD", word, begins, end)
            self._at = end
            return
        if start == begins and word in LOUD:
            self._add(LOUD[word], word, begins, end)
        elif start == begins and word == "then":
            self._add("LOW_THEN", word, begins, end)
        elif start == begins and word == "within" and (length := self._length(end)):
            self._add("WITHIN", length[0], begins, length[1])
        elif start == begins and (weighted := parted(word)):
            self._add("WORD", weighted.group(1), begins, start + weighted.end(1))
            self._add_weight(weighted.group(2), self._at, end)
        else:
            self._add("WORD", word, begins, end)

    def _length(self, at: int) -> tuple[int, int] | None:
        """The ms of a length of time after blanks, and where its word ends."""
        start = _after_blanks(self._text, at)
        end = word_end(self._text, start)
        ms = units.length(self._text[start:end])
        return None if ms is None else (ms, end)


def word_end(text: str, start: int) -> int:
    """Where a word ends: before a blank, a wide bracket, or a closing bracket that it did not open itself. Never empty.

    A bracket that goes on as a word, as in ":)x", is part of it; one with a weight behind it is not.
    """
    opened, end = 0, start
    while end < len(text) and not text[end].isspace() and text[end] not in "（）":
        if text[end] == ")" and not opened and _CLOSED.match(text, end):
            break
        opened += (text[end] == "(") - (text[end] == ")" and opened > 0)
        end += 1
    return max(end, start + 1)


def parted(word: str) -> re.Match[str] | None:
    """A word and its weight; not where what is left of the weight ends in one as well."""
    found = WEIGHTED.fullmatch(word)
    return None if found is None or WEIGHTED.fullmatch(found.group(1)) else found


def plain_part(text: str, tokens: Sequence[Token]) -> str:
    """A text of the same length with U+0000 for all that is not plain words of the whole question: quotations, operators
    and what they bind, brackets. All of it where its parts are alternatives or in order."""
    if len(tokens) == 1 and tokens[0].kind == "WORD" and tokens[0].value == text:
        return _QUOTATION.sub(lambda each: "\0" * len(each.group()), text)
    shown = ["\0"] * len(text)
    if any(each.kind in LOUD.values() for each in tokens):
        return "".join(shown)
    depth, before = 0, ""
    for at, each in enumerate(tokens):
        depth += (each.kind == "OPEN") - (each.kind == "CLOSE")
        after = tokens[at + 1].kind if at + 1 < len(tokens) else ""
        if each.kind == "WORD" and not depth and before not in ("PLUS", "MINUS") and after != "WEIGHT":
            end = word_end(text, each.at)
            if text[each.at] != "\\":
                shown[each.at : end] = text[each.at : end]
                if shown[each.at - 1] == "\0" and before == "WORD" and text[each.at - 1].isspace():
                    shown[each.at - 1] = " "
        before = each.kind
    return "".join(shown)


def escaped(text: str) -> str:
    """The words of a text, each with a backslash where it would be an operator or part of a date."""
    whole = " ".join(_escaped_words(text))
    if not may_tell(whole):
        return whole
    from retrieval.query.dates import read_dates

    while reads := read_dates(plain_part(whole, tokenize(whole))):  # without one, another may stand as a date
        before = whole
        for read in reads:
            for word in reversed([*re.finditer(r"\S+", whole)]):
                if word.start() < read.end and read.start < word.end() and word.group()[0] != "\\":
                    whole = f"{whole[: word.start()]}\\{whole[word.start() :]}"
        if whole == before:
            break
    return whole


def _escaped_words(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        if text[at] in QUOTES:
            closing = next((i for i in range(at + 1, len(text)) if text[i] in CLOSING[text[at]]), -1)
            if closing > 0 and text[at + 1 : closing].strip():
                yield text[at : closing + 1]
                at = closing + 1
                continue
        end = word_end(text, at)
        word = text[at:end]
        special = word[0] in PLUS + MINUS + OPEN + CLOSE + QUOTES + "\\" or word in (*LOUD, "then", "within")
        yield "\\" + word if special or FIELD.match(word) or WEIGHTED.fullmatch(word) else word
        at = end
