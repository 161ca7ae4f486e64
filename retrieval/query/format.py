"""Query -> text: what `--explain` prints, and what asks the same again."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.domain.query import (
    And,
    EventSequence,
    Filters,
    Leaf,
    Not,
    Or,
    Query,
    Required,
    Tree,
    Weighted,
    WeightedSum,
)
from retrieval.errors import SyntaxRefused
from retrieval.query.build import parse
from retrieval.query.lexer import CLOSE, CLOSING, FIELD, LOUD, MINUS, OPEN, PLUS, QUOTES, WEIGHTED, parted, word_end
from retrieval.query.parser import is_odd, quoted


def format_query(query: Query) -> str:
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
        if text[0] not in OPEN and (not is_short or text[0] == "\\" or not parted(text + "^2")):
            text = _bracketed(text)
        text += f"^{_number(tree.weight)}"
    elif isinstance(tree, Required | Not):
        sign, own = ("+" if isinstance(tree, Required) else "-"), 3
        inner = _written(tree.part, 4)
        bare = inner[0] in OPEN + QUOTES or (inner[0].isalpha() and inner[-1] not in PLUS + MINUS)
        text = sign + (inner if bare else _bracketed(inner))
    elif isinstance(tree, WeightedSum):
        own, text = 3, _written_all(tree)
    elif isinstance(tree, And):
        own, text = 2, " AND ".join(_written(each, 3) for each in tree.parts)
    elif isinstance(tree, Or):
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


def _written_all(tree: WeightedSum) -> str:
    texts = 0
    format_query = []
    for each in tree.parts:
        texts += _is_bare(each)
        inner = _written(each, 4 if isinstance(each, WeightedSum) else 3)
        format_query.append(_bracketed(inner) if _is_bare(each) and texts > 1 else inner)
    return " ".join(format_query)


def _written_then(tree: EventSequence) -> str:
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
        return f"{name}:{quoted(value) if is_odd(value) else value}"
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
        end = word_end(text, at)
        word = text[at:end]
        special = word[0] in PLUS + MINUS + OPEN + CLOSE + QUOTES + "\\" or word in (*LOUD, "then", "within")
        yield "\\" + word if special or FIELD.match(word) or WEIGHTED.fullmatch(word) else word
        at = end


def _written_filters(filters: Filters) -> Iterator[str]:
    if filters.media:
        yield "in:" + ",".join(sorted(filters.media))
    for name, value in (("path", filters.path), ("camera", filters.camera), ("tag", filters.tag)):
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
