"""Query -> text: what `--explain` prints, and what asks the same again."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.domain.query import (
    And,
    EventSequence,
    Filters,
    Leaf,
    Not,
    Operand,
    Or,
    Query,
    Required,
    Tree,
    Weighted,
    WeightedSum,
)
from retrieval.query.build import is_plain, leaf_of, whole_tree
from retrieval.query.lexer import CLOSING, MINUS, OPEN, PLUS, QUOTES, escaped, parted
from retrieval.query.parser import is_odd, quoted, quoted_value


def format_query(query: Query) -> str:
    """A query as it would be written: parse of it has the same operands, tree and filters.

    Operands in memory are named by their type. What the language does not hold (limit, sort, feedback) is left out.
    """
    tree = whole_tree(query)
    if tree is not None:
        question = _written(tree, 0)
    elif query.operands:
        question = _written_alone(query.operands[0], alone=not query.filters)
    else:
        question = ""
    return " ".join(each for each in (question, *_written_filters(query.filters)) if each)


def _written_alone(operand: Operand, *, alone: bool) -> str:
    leaf = leaf_of(operand)
    is_text = leaf.sense == "text" and leaf.lane is None
    return leaf.value if alone and is_text and is_plain(leaf.value) else _written(leaf, 3)


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
        text += f"^{_number(max(tree.weight, 1e-6), 6)}"
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
        quote = quoted if leaf.lane else quoted_value
        return f"{name}:{quote(value) if is_odd(value) else value}"
    return escaped(leaf.value)


def _written_filters(filters: Filters) -> Iterator[str]:
    if filters.media:
        yield "in:" + ",".join(sorted(filters.media))
    for name, value in (
        ("path", filters.path),
        ("camera", filters.camera),
        ("place", filters.place),
        ("tag", filters.tag),
    ):
        if value:
            odd = any(each.isspace() or each in "()（）" or each in QUOTES for each in value)
            yield f"{name}:{quoted_value(value) if odd else value}"
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


def _number(value: float, digits: int = 9) -> str:
    return f"{value:.{digits}f}".rstrip("0").rstrip(".")


def _time(ms: int) -> str:
    return f"{_number(ms / 1000)}s"
