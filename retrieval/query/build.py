"""The text of a question -> what is asked. Plain text, which is nearly all that people write, never meets the parser."""

from __future__ import annotations

from typing import Any

from retrieval.domain.query import Filters, Leaf, Operand, Query, Tree
from retrieval.query.filters import with_filter
from retrieval.query.lexer import FILES, Token, is_escaped, tokenize
from retrieval.query.parser import check_place, check_sought, leaves, tree_of


def parse(text: str) -> Query:
    """What a text asks: one text operand where it holds no operator, else a tree, its leaves as operands, and filters.

    Raises:
        SyntaxRefused: operators that do not fit together, or the value of a field that is none.
    """
    tokens = tokenize(text)
    if not any(each.kind not in ("WORD", "PHRASE") for each in tokens) and not is_escaped(tokens, text):
        return Query.plain(text)
    filters = Filters()
    kept: list[Token] = []
    for at, each in enumerate(tokens):
        if each.kind != "FILTER":
            kept.append(each)
            continue
        check_place(text, tokens, at)
        filters = with_filter(filters, each, text)
    if not kept:
        return Query(filters=filters)
    tree = tree_of(text, kept)
    check_sought(text, tree, kept)
    return query_of_tree(tree, filters)


def query_of_tree(tree: Tree, filters: Filters | None = None) -> Query:
    """A query of a tree; its leaves in order become the operands."""
    operands = tuple(Operand(each.sense, _value(each), lane=each.lane) for each in leaves(tree))
    whole = None if isinstance(tree, Leaf) else tree
    return Query(operands, filters or Filters(), tree=whole)


def _value(leaf: Leaf) -> Any:
    from pathlib import Path

    return Path(leaf.value).expanduser() if leaf.sense in FILES else leaf.value
