"""The text of a question -> what is asked, and back: words, phrases, operators, fields. Pure. See docs/decisions/0180.

Plain text, which is nearly all that people write, is told by a few rules and never meets the parser: a sign, a colon, a
quote or a bracket is an operator only where it stands as one. `read` cuts a text into tokens once, from left to right,
so its time grows with the length alone; lark's LALR parser puts them together without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from retrieval.domain import (
    MEDIA,
    All,
    Both,
    Either,
    Filters,
    Lane,
    Leaf,
    Medium,
    Must,
    Not,
    Operand,
    Query,
    Then,
    Tree,
    Weighted,
)
from retrieval.errors import SyntaxRefused

if TYPE_CHECKING:
    from lark import Lark

DEEPEST = 40  # brackets within brackets, NOTs in a row
LANES: tuple[Lane, ...] = ("said", "shows", "reads", "sounds")
FILES = ("image", "audio", "video", "document")
FILTERS = ("in", "path", "after", "before", "duration", "camera", "near", "lang", "size")
FIELDS = (*FILTERS, *LANES, *FILES, "like")
CLOSING = {'"': '"”“„', "“": '”"', "„": '“”"', "”": '”"', "「": "」", "『": "』", "«": "»", "»": "«»"}
QUOTES = "".join(CLOSING)
PLUS, MINUS, OPEN, CLOSE = "+＋", "-－−", "(（", ")）"

_FIELD = re.compile(rf"({'|'.join(FIELDS)})[:：](?=\S)")
_WEIGHT = re.compile(r"\^(\d{1,6}(?:\.\d{1,6})?)(?=[\s)）]|$)")
_WEIGHTED = re.compile(r"(.{2,}|[^\x00-\x7f])\^(\d{1,6}(?:\.\d{1,6})?)", re.DOTALL)
_LENGTH = re.compile(r"(?:(\d{1,9}(?:\.\d{1,3})?)(ms|s|sec|m|min|h)|(?:(\d{1,3}):)?(\d{1,3}):(\d\d))")
_CLOSED = re.compile(r"\)+(?:\^\d|[\s（）]|$)")
_LOUD = {"AND": "AND", "OR": "OR", "NOT": "NOT", "THEN": "THEN"}
_UNITS = {"ms": 1, "s": 1000, "sec": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000}
_BYTES = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}


@dataclass(frozen=True, slots=True)
class Token:
    """One part of a text. at: where it begins (0-based); value: what it says, without its signs."""

    kind: str
    value: Any
    at: int


def parse(text: str) -> Query:
    """What a text asks: one text operand where it holds no operator, else a tree, its leaves as operands, and filters.

    Raises:
        SyntaxRefused: operators that do not fit together, or the value of a field that is none.
    """
    tokens = read(text)
    if not any(each.kind not in ("WORD", "PHRASE") for each in tokens) and not _escaped(tokens, text):
        return Query.plain(text)
    filters = Filters()
    kept: list[Token] = []
    for at, each in enumerate(tokens):
        if each.kind != "FILTER":
            kept.append(each)
            continue
        _check_place(text, tokens, at)
        filters = _filtered(filters, each, text)
    if not kept:
        return Query(filters=filters)
    tree = _tree(text, kept)
    _check_sought(text, tree, kept)
    return of_tree(tree, filters)


def of_tree(tree: Tree, filters: Filters | None = None) -> Query:
    """A query of a tree; its leaves in order become the operands."""
    operands = tuple(Operand(each.sense, _value(each), lane=each.lane) for each in leaves(tree))
    whole = None if isinstance(tree, Leaf) else tree
    return Query(operands, filters or Filters(), tree=whole)


def _value(leaf: Leaf) -> Any:
    from pathlib import Path

    return Path(leaf.value).expanduser() if leaf.sense in FILES else leaf.value


def leaves(tree: Tree) -> list[Leaf]:
    """The leaves of a tree, from left to right."""
    if isinstance(tree, Leaf):
        return [tree]
    parts = tree.parts if isinstance(tree, All | Both | Either | Then) else (tree.part,)
    return [leaf for part in parts for leaf in leaves(part)]


def _refused(text: str, at: int, what: str, expected: str) -> SyntaxRefused:
    """The error for something at a character (0-based) of a text."""
    hint = f"expected {expected}; Query.plain takes any text as words"
    return SyntaxRefused(f"{what} at character {at + 1}", hint, text, at)


# ---------------------------------------------------------------- tokens


def read(text: str) -> list[Token]:
    """The tokens of a text, in order. Words and phrases only: it is plain.

    Raises:
        SyntaxRefused: a quotation that an operator begins is not closed.
    """
    if not _suspicious(text):
        return [Token("WORD", text, 0)] if text.strip() else []
    tokens = _Reader(text).tokens()
    loud = [each for each in tokens if each.kind in _LOUD.values()]
    if loud and all(each.kind in (*_LOUD.values(), "WORD", "PHRASE", "OPEN", "CLOSE") for each in tokens):
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


def _escaped(tokens: Sequence[Token], text: str) -> bool:
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
    return Token("WORD", token.kind if token.kind in _LOUD else text[token.at], token.at)


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
    words = re.compile(r"\S+")
    first = words.match(text, within.at)
    second = words.search(text, first.end()) if first else None
    assert first and second  # so it was read
    length = _LENGTH.match(second.group())
    assert length
    return [Token("WORD", "within", within.at), Token("WORD", length.group(), second.start())]


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
                raise _refused(self._text, self._at, "the quotation is not closed", "a closing quote")
        elif sign in OPEN:
            self._bracket("OPEN", 1)
        elif sign in CLOSE:
            self._bracket("CLOSE", -1)
            self._weight()
        elif sign in QUOTES and self._closing() >= 0:
            self._phrase()
        elif field := _FIELD.match(self._text, self._at):
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
        end = _word_end(self._text, self._at)
        return self._text[end - 1] not in PLUS + MINUS

    def _bracket(self, kind: str, way: int) -> None:
        self._depth += way
        if self._depth > DEEPEST:
            raise _refused(self._text, self._at, "brackets are too deep", f"at most {DEEPEST} within each other")
        self._add(kind, self._here(), self._at, self._at + 1)

    def _closing(self) -> int:
        """Where the quotation that begins here ends; -1: nowhere."""
        marks = CLOSING[self._here()]
        if all(self._last[each] <= self._at + 1 for each in marks):
            return -1
        for at in range(self._at + 1, len(self._text)):
            if self._text[at] in marks:
                return at if self._text[self._at + 1 : at].strip() else -1
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
            raise _refused(self._text, start + 1, "a weight of nothing", "a number above 0")
        self._add("WEIGHT", float(number), start, end)

    def _field(self, field: re.Match[str]) -> None:
        name, start = field.group(1), self._at
        self._at = field.end()
        begins = self._at
        if self._here() in QUOTES:
            end = self._closing()
            if end < 0:
                raise _refused(self._text, begins, "the quotation is not closed", "a closing quote")
            value, after, quoted = self._text[begins + 1 : end].strip(), end + 1, True
        else:
            after = _word_end(self._text, begins)
            value, quoted = self._text[begins:after], False
            weighted = _weighted(value) if name not in FILTERS else None
            if weighted:
                value, after = weighted.group(1), begins + weighted.end(1)
        if not value:
            raise _refused(self._text, begins, f"{name}: without a value", f"something after {name}:")
        kind = "FILTER" if name in FILTERS else "OPERAND"
        self._add(kind, (name, value, quoted, begins), start, after)
        self._weight()

    def _word(self, start: int) -> None:
        begins, end = self._at, _word_end(self._text, start)
        word = self._text[start:end]
        if word[0] in QUOTES:  # a stray one says nothing
            word = word.lstrip(QUOTES)
            if word:
                self._add("WORD", word, begins, end)
            self._at = end
            return
        if start == begins and word in _LOUD:
            self._add(_LOUD[word], word, begins, end)
        elif start == begins and word == "then":
            self._add("LOW_THEN", word, begins, end)
        elif start == begins and word == "within" and (length := self._length(end)):
            self._add("WITHIN", _ms(length), begins, length.end())
        elif start == begins and (weighted := _weighted(word)):
            self._add("WORD", weighted.group(1), begins, start + weighted.end(1))
            self._add_weight(weighted.group(2), self._at, end)
        else:
            self._add("WORD", word, begins, end)

    def _length(self, at: int) -> re.Match[str] | None:
        """A length of time after blanks, up to the end of its word."""
        while at < len(self._text) and self._text[at].isspace():
            at += 1
        found = _LENGTH.match(self._text, at)
        return found if found and found.end() == _word_end(self._text, at) else None


def _word_end(text: str, start: int) -> int:
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


def _weighted(word: str) -> re.Match[str] | None:
    """A word and its weight; not where what is left of the weight ends in one as well."""
    found = _WEIGHTED.fullmatch(word)
    return None if found is None or _WEIGHTED.fullmatch(found.group(1)) else found


def _ms(length: re.Match[str]) -> int:
    number, unit, hours, minutes, seconds = length.groups()
    if unit:
        return round(float(number) * _UNITS[unit])
    return 1000 * (3600 * int(hours or 0) + 60 * int(minutes) + int(seconds))


# ---------------------------------------------------------------- tree

_GRAMMAR = """
start: then
then: either (THEN either WITHIN?)*
either: both (OR both)*
both: near (AND near)*
near: item+
item: PLUS atom -> must
    | MINUS atom -> not_
    | NOT item -> not_
    | atom
atom: plain | plain WEIGHT -> weighted
plain: WORD | PHRASE | OPERAND | OPEN then CLOSE
%declare THEN WITHIN OR AND NOT PLUS MINUS WEIGHT WORD PHRASE OPERAND OPEN CLOSE
"""

_NAMES = {
    "WORD": "a word, phrase or file",
    "CLOSE": "a closing bracket",
    "$END": "the end",
    "OR": "another part",
}


@dataclass(frozen=True, slots=True)
class _Text:
    """Words or a phrase that may join their neighbours to one text."""

    text: str


@cache
def _parser() -> Lark:
    from lark import Lark, Transformer
    from lark import Token as LarkToken
    from lark.lexer import Lexer

    class Given(Lexer):
        """Tokens that are read already."""

        def __init__(self, conf: Any) -> None:
            pass

        def lex(self, data: Any) -> Iterator[Any]:  # type: ignore[override]
            for each in data:
                yield LarkToken(each.kind, each, start_pos=each.at)

    class Build(Transformer[Any, Any]):
        """Inline callbacks: no tree of lark's own is made, so nothing recurses."""

        def start(self, parts: list[Any]) -> Tree:
            tree: Tree = _leaf(parts[0])
            return tree

        def then(self, parts: list[Any]) -> Any:
            return _then(parts)

        def either(self, parts: list[Any]) -> Any:
            return _group(Either, parts)

        def both(self, parts: list[Any]) -> Any:
            return _group(Both, parts)

        def near(self, parts: list[Any]) -> Any:
            return _near(parts)

        def item(self, parts: list[Any]) -> Any:
            return parts[0]

        def must(self, parts: list[Any]) -> Any:
            return Must(_leaf(parts[1]))

        def not_(self, parts: list[Any]) -> Any:
            return Not(_leaf(parts[1]))

        def atom(self, parts: list[Any]) -> Any:
            return parts[0]

        def weighted(self, parts: list[Any]) -> Any:
            return Weighted(_leaf(parts[0]), parts[1].value.value)

        def plain(self, parts: list[Any]) -> Any:
            return _leaf(parts[1]) if len(parts) == 3 else _atom(parts[0].value)

    return Lark(_GRAMMAR, parser="lalr", lexer=Given, transformer=Build())


def _atom(token: Token) -> Any:
    if token.kind == "WORD":
        return _Text(token.value)
    if token.kind == "PHRASE":
        return _Text(quoted(token.value))
    name, value, is_quoted, _ = token.value
    if name in LANES:
        return Leaf("text", quoted(value) if is_quoted or _is_odd(value) else value, name)
    return Leaf(name, value)


def _is_odd(value: str) -> bool:
    """Whether the value of a field needs quotes."""
    return any(each.isspace() or each in "()（）^" or each in QUOTES for each in value)


def quoted(text: str) -> str:
    """A text as a phrase, in quotes that it does not hold itself."""
    for opening, closing in ('""', "“”", "「」", "『』", "«»"):
        if not set(text) & set(CLOSING[opening]) and closing not in text:
            return opening + text + closing
    return '"' + "".join(" " if each in QUOTES else each for each in text).strip() + '"'


def _leaf(part: Any) -> Any:
    return Leaf("text", part.text) if isinstance(part, _Text) else part


def _group(kind: Any, parts: Sequence[Any]) -> Any:
    kept = [_leaf(each) for each in parts if not hasattr(each, "type")]
    return kept[0] if len(kept) == 1 else kind(tuple(kept))


def _near(parts: Sequence[Any]) -> Any:
    """Parts side by side; all words and phrases are one text, where the first of them stands."""
    texts = [each.text for each in parts if isinstance(each, _Text)]
    kept: list[Any] = []
    for each in parts:
        if not isinstance(each, _Text):
            kept.append(each)
        elif texts:
            kept.append(Leaf("text", " ".join(texts)))
            texts = []
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def _then(parts: Sequence[Any]) -> Any:
    events: list[Any] = []
    within: list[int | None] = []
    for each in parts:
        kind = getattr(each, "type", None)
        if kind is None:
            events.append(_leaf(each))
        elif kind == "THEN":
            within.append(None)
        else:
            at = len(within) - 1
            while at >= 0 and within[at] is None:  # it counts for all pauses before it that have none of their own
                within[at] = each.value.value
                at -= 1
    return events[0] if len(events) == 1 else Then(tuple(events), tuple(within))


def _tree(text: str, tokens: Sequence[Token]) -> Tree:
    from lark.exceptions import UnexpectedToken

    _check_nots(text, tokens)
    try:
        tree: Tree = _parser().parse(tokens)  # type: ignore[assignment]
    except UnexpectedToken as error:
        ended = error.token.type == "$END"
        at = len(text.rstrip()) if ended else error.token.start_pos or 0
        what = "the question ends too early" if ended else f"{_shown(text, at)} cannot stand here"
        raise _refused(text, at, what, _expected(error.accepts or error.expected)) from None
    return tree


def _shown(text: str, at: int) -> str:
    return text[at : _word_end(text, at)]


def _expected(kinds: Any) -> str:
    known = [_NAMES[each] for each in ("WORD", "CLOSE", "$END") if each in kinds]
    return " or ".join(known) or "a word"


def _check_nots(text: str, tokens: Sequence[Token]) -> None:
    row = 0
    for each in tokens:
        row = row + 1 if each.kind == "NOT" else 0
        if row > DEEPEST:
            raise _refused(text, each.at, "too many NOT in a row", f"at most {DEEPEST}")


def _check_place(text: str, tokens: Sequence[Token], at: int) -> None:
    """A filter counts for the whole question."""
    before = tokens[at - 1].kind if at else ""
    depth = sum((each.kind == "OPEN") - (each.kind == "CLOSE") for each in tokens[:at])
    joined = {"OR", "AND", "NOT", "PLUS", "MINUS"} & {before, tokens[at + 1].kind if at + 1 < len(tokens) else ""}
    if depth > 0 or joined - {"NOT", "PLUS", "MINUS"} or before in ("NOT", "PLUS", "MINUS"):
        where = "a filter counts for the whole question"
        raise _refused(text, tokens[at].at, where, "it outside of brackets, AND, OR, NOT, + and -")


def _check_sought(text: str, tree: Tree, tokens: Sequence[Token]) -> None:
    """Something must be looked for beside what is excluded."""
    if not sought(tree):
        at = next(each.at for each in tokens if each.kind in ("NOT", "MINUS"))
        raise _refused(text, at, "there is only what must not be", "something to look for beside it")


def sought(tree: Tree) -> bool:
    """Whether a tree says what to look for, in each of its alternatives."""
    if isinstance(tree, Leaf):
        return True
    if isinstance(tree, Not):
        return False
    if isinstance(tree, All | Both):
        return any(sought(each) for each in tree.parts)
    if isinstance(tree, Either | Then):
        return all(sought(each) for each in tree.parts)
    return sought(tree.part)


# ---------------------------------------------------------------- filters


def _filtered(filters: Filters, token: Token, text: str) -> Filters:
    name, value, _, at = token.value
    try:
        changed = _READ[name](value)
    except ValueError as error:
        raise _refused(text, at, f"{value} is not what {name}: takes", str(error)) from None
    for each in changed:
        if getattr(filters, each) not in (None, frozenset()):
            raise _refused(text, token.at, f"{name}: stands here twice", "one of them")
    return replace(filters, **changed)


def _in(value: str) -> dict[str, Any]:
    names = [each.strip().lower().removesuffix("s") for each in re.split("[,，、]", value)]
    if not names or not set(names) <= set(MEDIA):
        raise ValueError(f"{', '.join(get_args(Medium))}; several with commas")
    return {"media": frozenset(names)}


def _date(value: str) -> str:
    from datetime import datetime

    parts = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", value)
    try:
        numbers = [int(each) for each in parts.groups() if each] if parts else [0]
        datetime(*[*numbers, 1, 1][:3])  # type: ignore[arg-type]
    except (ValueError, TypeError):
        raise ValueError("a date like 2019-07-14, 2019-07 or 2019") from None
    return value


def _duration(value: str) -> dict[str, Any]:
    found = re.fullmatch(r"([<>])=?(.+)", value)
    length = _LENGTH.fullmatch(found.group(2)) if found else None
    seconds = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,3})?", found.group(2)) if found else None
    if found is None or not (length or seconds):
        raise ValueError("< or > and a length like 60, 1:30 or 2m")
    ms = _ms(length) if length else round(1000 * float(found.group(2)))
    return {"max_duration_ms" if found.group(1) == "<" else "min_duration_ms": ms}


def _size(value: str) -> dict[str, Any]:
    found = re.fullmatch(r"([<>])=?([0-9]{1,12}(?:\.[0-9]{1,3})?)([a-z]*)", value.lower())
    if found is None or found.group(3) not in _BYTES:
        raise ValueError("< or > and a size like 500KB, 2MB or 1GB")
    size = round(float(found.group(2)) * _BYTES[found.group(3)])
    return {"max_bytes" if found.group(1) == "<" else "min_bytes": size}


def _near_place(value: str) -> dict[str, Any]:
    number = r"[-+]?[0-9]{1,3}(?:\.[0-9]{1,9})?"
    found = re.fullmatch(rf"({number}),({number}),([0-9]{{1,5}}(?:\.[0-9]{{1,3}})?)(km|m)", value)
    if found is None or abs(float(found.group(1))) > 90 or abs(float(found.group(2))) > 180:
        raise ValueError("latitude, longitude and distance like 48.85,2.35,5km")
    radius = float(found.group(3)) / (1 if found.group(4) == "km" else 1000)
    return {"near": (float(found.group(1)), float(found.group(2)), radius)}


def _lang(value: str) -> dict[str, Any]:
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", value):
        raise ValueError("the tag of a language like en, de or zh")
    return {"lang": value}


_READ: dict[str, Any] = {
    "in": _in,
    "path": lambda value: {"path": value},
    "after": lambda value: {"after": _date(value)},
    "before": lambda value: {"before": _date(value)},
    "duration": _duration,
    "camera": lambda value: {"camera": value},
    "near": _near_place,
    "lang": _lang,
    "size": _size,
}


# ---------------------------------------------------------------- and back


def written(query: Query) -> str:
    """A query as it would be written: parse(written(q)) asks the same. Operands that are no text are named, not written."""
    tree = query.tree
    if tree is not None:
        asked = _written(tree, 0)
    else:
        parts = [Leaf(each.sense, str(each.value), each.lane) for each in query.operands]
        asked = " ".join(_written(each, 4 if len(parts) > 1 else 3) for each in parts)
        if len(parts) == 1 and parts[0].sense == "text" and parts[0].lane is None and not query.filters:
            asked = parts[0].value if _is_plain(parts[0].value) else asked
    return " ".join(each for each in (asked, *_written_filters(query.filters)) if each)


def _is_plain(text: str) -> bool:
    try:
        return parse(text).tree is None and [each.value for each in parse(text).operands] == [text]
    except SyntaxRefused:
        return False


def _written(tree: Tree, level: int) -> str:
    """level: how tightly what stands around binds; 0 then, 1 OR, 2 AND, 3 side by side, 4 a sign or weight."""
    own, text = 4, ""
    if isinstance(tree, Leaf):
        text = _written_leaf(tree)
        own = 3 if " " in text and tree.sense == "text" and not tree.lane and not _is_phrase(tree.value) else 4
        own = 3 if level == 3 else own  # a text among other parts needs no brackets
    elif isinstance(tree, Weighted):
        text = _written(tree.part, 4)
        is_short = isinstance(tree.part, Leaf) and (_is_bare(tree.part) or text[-1] in QUOTES)
        if text[0] not in OPEN and (not is_short or text[0] == "\\" or not _weighted(text + "^2")):
            text = _bracketed(text)
        text += f"^{_number(tree.weight)}"
    elif isinstance(tree, Must | Not):
        sign, own = ("+" if isinstance(tree, Must) else "-"), 3
        inner = _written(tree.part, 4)
        bare = inner[0] in OPEN + QUOTES or (inner[0].isalpha() and inner[-1] not in PLUS + MINUS)
        text = sign + (inner if bare else _bracketed(inner))
    elif isinstance(tree, All):
        own, text = 3, _written_all(tree)
    elif isinstance(tree, Both):
        own, text = 2, " AND ".join(_written(each, 3) for each in tree.parts)
    elif isinstance(tree, Either):
        own, text = 1, " OR ".join(_written(each, 2) for each in tree.parts)
    else:
        text = _written_then(tree)
        own = 0
    return _bracketed(text) if own < level else text


def _bracketed(text: str) -> str:
    """A part in brackets; wide ones, which end every word, where its last word holds narrow ones of its own."""
    return f"（{text}）" if "(" in text.rsplit(maxsplit=1)[-1] else f"({text})"


def _is_bare(part: Tree) -> bool:
    """Whether a part is text without a field, which would join such a neighbour."""
    return isinstance(part, Leaf) and part.sense == "text" and part.lane is None


def _written_all(tree: All) -> str:
    texts = 0
    written = []
    for each in tree.parts:
        texts += _is_bare(each)
        inner = _written(each, 4 if isinstance(each, All) else 3)
        written.append(_bracketed(inner) if _is_bare(each) and texts > 1 else inner)
    return " ".join(written)


def _written_then(tree: Then) -> str:
    text = _written(tree.parts[0], 1)
    for part, ms in zip(tree.parts[1:], tree.within_ms, strict=True):
        text += f" THEN {_written(part, 1)}" + (f" within {_time(ms)}" if ms is not None else "")
    return text


def _is_phrase(text: str) -> bool:
    return text[:1] in QUOTES and len(text) > 2 and not set(text[1:-1]) & set(CLOSING[text[0]])


def _written_leaf(leaf: Leaf) -> str:
    if leaf.lane or leaf.sense != "text":
        name, value = leaf.lane or leaf.sense, leaf.value
        if leaf.lane and _is_phrase(value):
            return f"{name}:{value}"
        return f"{name}:{quoted(value) if _is_odd(value) else value}"
    return " ".join(_safe_words(leaf.value))


def _safe_words(text: str) -> Iterator[str]:
    """The words of a text, each with a backslash where it would be an operator."""
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
        end = _word_end(text, at)
        word = text[at:end]
        special = word[0] in PLUS + MINUS + OPEN + CLOSE + QUOTES + "\\" or word in (*_LOUD, "then", "within")
        yield "\\" + word if special or _FIELD.match(word) or _WEIGHTED.fullmatch(word) else word
        at = end


def _written_filters(filters: Filters) -> Iterator[str]:
    if filters.media:
        yield "in:" + ",".join(sorted(filters.media))
    for name, value in (("path", filters.path), ("camera", filters.camera)):
        if value:
            odd = any(each.isspace() or each in "()（）" or each in QUOTES for each in value)
            yield f"{name}:{quoted(value) if odd else value}"
    for name, value in (("after", filters.after), ("before", filters.before), ("lang", filters.lang)):
        if value:
            yield f"{name}:{value}"
    for name, low, high, unit in (
        ("duration", filters.min_duration_ms, filters.max_duration_ms, "ms"),
        ("size", filters.min_bytes, filters.max_bytes, "B"),
    ):
        yield from (f"{name}:>{low}{unit}" for _ in [0] if low is not None)
        yield from (f"{name}:<{high}{unit}" for _ in [0] if high is not None)
    if filters.near:
        latitude, longitude, radius = filters.near
        yield f"near:{_number(latitude)},{_number(longitude)},{_number(radius)}km"


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _time(ms: int) -> str:
    return f"{_number(ms / 1000)}s"
