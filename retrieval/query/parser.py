"""Tokens -> tree: lark's LALR parser puts them together without recursion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from retrieval.domain.query import And, EventSequence, Leaf, Not, Or, Required, Tree, Weighted, WeightedSum
from retrieval.query.lexer import CLOSING, DEEPEST, LANES, QUOTES, Token, escaped, refused, tokenize, word_end

if TYPE_CHECKING:
    from lark import Lark

GRAMMAR = """
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
            return _group(Or, parts)

        def both(self, parts: list[Any]) -> Any:
            return _group(And, parts)

        def near(self, parts: list[Any]) -> Any:
            return _near(parts)

        def item(self, parts: list[Any]) -> Any:
            return parts[0]

        atom = item

        def must(self, parts: list[Any]) -> Any:
            return Required(_leaf(parts[1]))

        def not_(self, parts: list[Any]) -> Any:
            return Not(_leaf(parts[1]))

        def weighted(self, parts: list[Any]) -> Any:
            return Weighted(_leaf(parts[0]), parts[1].value.value)

        def plain(self, parts: list[Any]) -> Any:
            return _leaf(parts[1]) if len(parts) == 3 else _atom(parts[0].value)

    return Lark(GRAMMAR, parser="lalr", lexer=Given, transformer=Build())


def _atom(token: Token) -> Any:
    if token.kind == "WORD":
        return _Text(token.value)
    if token.kind == "PHRASE":
        return _Text(quoted(token.value))
    name, value, is_quoted, _ = token.value
    if name in LANES:
        return Leaf("text", quoted(value) if is_quoted or is_odd(value) else value, name)
    return Leaf(name, value)


def is_odd(value: str) -> bool:
    """Whether the value of a field needs quotes."""
    return any(each.isspace() or each in "()（）^" or each in QUOTES for each in value)


def quoted(text: str) -> str:
    """A text as a phrase, in quotes that it does not hold itself."""
    found = _in_quotes(text, "“”", "「」", "『』", "«»")
    return found or '"' + "".join(" " if each in QUOTES else each for each in text).strip() + '"'


def quoted_value(value: str) -> str:
    """The value of a field that is no text, exactly, in quotes: 「 and 」 where it holds all others, 」 doubled."""
    return _in_quotes(value, "“”", "「」", "『』") or "「" + value.replace("」", "」」") + "」"


def _in_quotes(text: str, *pairs: str) -> str | None:
    for pair in ('""', *pairs):
        if not set(text) & {*CLOSING[pair[0]], pair[1]}:
            return pair[0] + text + pair[1]
    return None


def plain_words(text: str) -> str:
    """A text without operators as it stands in a tree: blanks as one, phrases in their own quotes."""
    tokens = tokenize(escaped(text) + " \\.")[:-1]  # the last word makes it no plain text
    return " ".join(quoted(each.value) if each.kind == "PHRASE" else each.value for each in tokens)


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
    return kept[0] if len(kept) == 1 else WeightedSum(tuple(kept))


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
    return events[0] if len(events) == 1 else EventSequence(tuple(events), tuple(within))


def tree_of(text: str, tokens: Sequence[Token]) -> Tree:
    """The tree of tokens. Raises SyntaxRefused at the token that does not fit."""
    from lark.exceptions import UnexpectedToken

    _check_nots(text, tokens)
    try:
        tree: Tree = _parser().parse(tokens)  # type: ignore[assignment]
    except UnexpectedToken as error:
        ended = error.token.type == "$END"
        at = len(text.rstrip()) if ended else error.token.start_pos or 0
        what = "the question ends too early" if ended else f"{_shown(text, at)} cannot stand here"
        raise refused(text, at, what, _expected(error.accepts or error.expected)) from None
    return tree


def _shown(text: str, at: int) -> str:
    return text[at : word_end(text, at)]


def _expected(kinds: Any) -> str:
    known = [_NAMES[each] for each in ("WORD", "CLOSE", "$END") if each in kinds]
    return " or ".join(known) or "a word"


def _check_nots(text: str, tokens: Sequence[Token]) -> None:
    row = 0
    for each in tokens:
        row = row + 1 if each.kind == "NOT" else 0
        if row > DEEPEST:
            raise refused(text, each.at, "too many NOT in a row", f"at most {DEEPEST}")


def check_place(text: str, tokens: Sequence[Token], at: int) -> None:
    """A filter counts for the whole question."""
    before = tokens[at - 1].kind if at else ""
    depth = sum((each.kind == "OPEN") - (each.kind == "CLOSE") for each in tokens[:at])
    joined = {"OR", "AND", "NOT", "PLUS", "MINUS"} & {before, tokens[at + 1].kind if at + 1 < len(tokens) else ""}
    if depth > 0 or joined - {"NOT", "PLUS", "MINUS"} or before in ("NOT", "PLUS", "MINUS"):
        where = "a filter counts for the whole question"
        raise refused(text, tokens[at].at, where, "it outside of brackets, AND, OR, NOT, + and -")


def check_sought(text: str, tree: Tree, tokens: Sequence[Token]) -> None:
    """Something must be looked for beside what is excluded."""
    if not sought(tree):
        at = next(each.at for each in tokens if each.kind in ("NOT", "MINUS"))
        raise refused(text, at, "there is only what must not be", "something to look for beside it")


def sought(tree: Tree) -> bool:
    """Whether a tree says what to look for, in each of its alternatives."""
    if isinstance(tree, Leaf):
        return True
    if isinstance(tree, Not):
        return False
    if isinstance(tree, WeightedSum | And):
        return any(sought(each) for each in tree.parts)
    if isinstance(tree, Or | EventSequence):
        return all(sought(each) for each in tree.parts)
    return sought(tree.part)


def leaves(tree: Tree) -> list[Leaf]:
    """The leaves of a tree, from left to right."""
    if isinstance(tree, Leaf):
        return [tree]
    parts = tree.parts if isinstance(tree, WeightedSum | And | Or | EventSequence) else (tree.part,)
    return [leaf for part in parts for leaf in leaves(part)]
