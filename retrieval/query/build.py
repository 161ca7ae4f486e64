"""Questions -> queries: of a text in the query language, of a text with options beside it, of operands and filters.

Plain text, which is nearly all that people write, never meets the parser.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.domain.media import Medium
from retrieval.domain.query import Filters, Leaf, Operand, Query, SentFile, Tree, Weighted, WeightedSum
from retrieval.errors import QueryError, SyntaxRefused
from retrieval.query import units
from retrieval.query.checked import as_text, checked
from retrieval.query.date_words import may_tell
from retrieval.query.fields import unknown_fields
from retrieval.query.filters import with_filter
from retrieval.query.lexer import FILES, Token, is_escaped, plain_part, tokenize
from retrieval.query.parser import check_place, check_sought, leaves, plain_words, tree_of

if TYPE_CHECKING:
    from retrieval.query.dates import DateRead


def parse(text: str, *, files: bool = True, dates: bool = True) -> Query:
    """The query of a text: one text operand where it holds no operator, else a tree, its leaves as operands, and filters.

    files: whether it may name files, as `image:photo.jpg`, which whoever asks then opens. dates: whether words that
    stand as a date ("photos from 2019") are filters.

    Raises:
        SyntaxRefused: operators that do not fit together, an invalid value of a field, or a file that is not allowed.
    """
    tokens = tokenize(text)
    if not files:
        _refuse_files(text, tokens)
    if dates and may_tell(text):
        from retrieval.query.dates import read_dates

        for read in read_dates(plain_part(text, tokens)):
            if dated := _dated(text, read):
                return dated
    return _parsed(text, tokens)


def _dated(text: str, read: DateRead) -> Query | None:
    """The query of a text with a time as filters; None where filters of its own stand against it.

    What is left of the text may be no more than a medium: photos from 2019.
    """
    from retrieval.query.dates import medium_named

    left = text[: read.start] + " " * (read.end - read.start) + text[read.end :]
    query = _parsed(left, tokenize(left))
    own = query.filters
    if (read.after and own.after) or (read.before and own.before):
        return None
    filters = replace(own, after=read.after or own.after, before=read.before or own.before)
    operands = query.operands
    if query.tree is None and len(operands) == 1 and operands[0].sense == "text" and operands[0].lane is None:
        medium = None if own.media else medium_named(left)
        filters = replace(filters, media=frozenset({medium})) if medium else filters
        operands = () if medium else (replace(operands[0], value=" ".join(operands[0].value.split())),)
    note = f"“{text[read.start : read.end].strip()}” is read as a date: quotes or --no-dates keep the words"
    return replace(query, operands=operands, filters=filters, notes=(*query.notes, note))


def _parsed(text: str, tokens: Sequence[Token]) -> Query:
    warnings = tuple(unknown_fields(tokens)) if ":" in text or "：" in text else ()
    if not any(each.kind not in ("WORD", "PHRASE") for each in tokens) and not is_escaped(tokens, text):
        return Query.plain(text, warnings=warnings)
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
    return replace(query_of_tree(tree, filters), warnings=warnings)


def _refuse_files(text: str, tokens: Sequence[Token]) -> None:
    """A text may come from anyone, and what a file answers tells of the file: see docs/decisions/0288."""
    for each in tokens:
        if each.kind == "OPERAND" and each.value[0] in FILES:
            what = f"{each.value[0]}: names a file at character {each.at + 1}"
            raise SyntaxRefused(what, "files=True lets a text name files; an Operand asks with one", text, each.at)


def query_of_tree(tree: Tree, filters: Filters | None = None) -> Query:
    """A query of a tree; its leaves in order become the operands."""
    operands = tuple(Operand(each.sense, _value(each), lane=each.lane) for each in leaves(tree))
    whole = None if isinstance(tree, Leaf) else tree
    return Query(operands, filters or Filters(), tree=whole)


def _value(leaf: Leaf) -> Any:
    return Path(os.path.expanduser(leaf.value)) if leaf.sense in FILES else leaf.value


def is_plain(text: str) -> bool:
    """Whether the query language reads a text as it is."""
    try:
        query = parse(text)
    except SyntaxRefused:
        return False
    return query.tree is None and not query.filters and [each.value for each in query.operands] == [text]


# ---------------------------------------------------------------- queries out of parts


def build_query(
    text: str,
    operands: Sequence[Operand] = (),
    filters: Filters | None = None,
    *,
    plain: bool = False,
    files: bool = True,
    dates: bool = True,
    **parts: Any,
) -> Query:
    """The query of a text with operands and filters beside it; given filters replace those in the text.

    It is what the language makes of the question that format_query writes: parse(format_query(q)) has the same operands,
    tree and filters. plain: the text holds no operators, and no dates. files: see parse. dates: see
    parse; not beside filters of a time. parts: other fields of the query.

    Raises:
        SyntaxRefused: as parse.
        QueryError: an operand without a value; nothing to ask.
    """
    if any(isinstance(each.value, str) and not each.value.strip() for each in operands):
        raise QueryError("an operand has no value", "name a segment or a path")
    dates = dates and not (filters and (filters.after or filters.before))
    query = Query.plain(text) if plain else parse(text, files=files, dates=dates)
    changed = {name: value for name, value in asdict(filters or Filters()).items() if not _is_blank(value)}
    every = (*query.operands, *operands)
    whole = replace(query.filters, **changed)
    if query.tree is None and query.operands and (operands or whole or not is_plain(text)):
        first = query.operands[0]
        value = first.value if first.sense != "text" or first.lane else plain_words(first.value)
        # A quotation mark alone names nothing beside other parts.
        every = (replace(first, value=value), *every[1:]) if value or not (every[1:] or whole) else every[1:]
    query = replace(query, operands=every, filters=whole, **parts)
    return with_feedback_checked(replace(query, tree=whole_tree(query)))


def _is_blank(value: Any) -> bool:
    return value is None or value == frozenset() or (isinstance(value, str) and not value.strip())


def whole_tree(query: Query) -> Tree | None:
    """How all operands of a query are combined; None for one alone. Those behind its tree's leaves stand beside it."""
    if query.tree is None and len(query.operands) < 2:
        return None
    written = leaves(query.tree) if query.tree is not None else []
    beside = [_beside(each) for each in query.operands[len(written) :]]
    if query.tree is None:
        return WeightedSum(tuple(beside))
    if not beside:
        return query.tree
    return WeightedSum((*query.tree.parts, *beside) if isinstance(query.tree, WeightedSum) else (query.tree, *beside))


def leaf_of(operand: Operand) -> Leaf:
    """An operand as it is written; one without a name, as an array, by its type."""
    value = str(operand.value) if isinstance(operand.value, str | Path | SentFile) else type(operand.value).__name__
    if isinstance(operand.value, Path) and value.startswith("~"):
        value = "./" + value  # no home of anyone
    return Leaf(operand.sense, value, operand.lane)


def _beside(operand: Operand) -> Tree:
    leaf = leaf_of(operand)
    return leaf if operand.weight == 1.0 else Weighted(leaf, operand.weight)


def as_query(question: str | Query | Operand | Sequence[Operand], *, files: bool = False) -> Query:
    """A question as a query; a text is read by the query language, see docs/query.md. files: as of parse.

    Raises:
        SyntaxRefused: its operators do not fit together; Query.plain takes any text.
        QueryError: it is nothing of these.
    """
    if isinstance(question, Query):
        return checked(question)
    if isinstance(question, str):
        return checked(parse(question, files=files))
    operands = (question,) if isinstance(question, Operand) else question
    if not isinstance(operands, Sequence) or not all(isinstance(each, Operand) for each in operands):
        raise QueryError(
            f"a {type(question).__name__} is not a question", "give a str, an Operand, several, or a Query"
        )
    return checked(Query(tuple(operands)))


def with_changes(
    query: Query, media: Any = None, limit: int | None = None, offset: int | None = None, **changes: Any
) -> Query:
    """A query with some parts replaced, checked. changes: fields of Filters; sort, min_confidence, reach, more_like and
    less_like.

    Raises:
        QueryError: an unknown filter or medium; limits out of range; nothing to ask.
    """
    filters = dict(changes)
    parts: dict[str, Any] = {name: filters.pop(name) for name in ("sort", "min_confidence", "reach") if name in filters}
    parts |= {name: _names(filters.pop(name)) for name in ("more_like", "less_like") if name in filters}
    _check_names(filters)
    if media is not None:
        filters["media"] = as_media(media)
    given = {"limit": limit, "offset": offset}
    parts |= {name: value for name, value in given.items() if value is not None}
    filters = {name: as_text(name, value) for name, value in filters.items()}
    return with_feedback_checked(checked(replace(query, filters=replace(query.filters, **filters), **parts)))


def _names(named: Any) -> tuple[str, ...]:
    every = (named,) if isinstance(named, str | Path) else named
    if not isinstance(every, Collection) or not all(isinstance(each, str | Path) for each in every):
        raise QueryError(f"a {type(named).__name__} names no answers", "give paths or ids of segments")
    return tuple(map(str, every))


def _check_names(filters: Mapping[str, Any]) -> None:
    known = [each.name for each in fields(Filters)]
    unknown = set(filters) - set(known)
    if unknown:
        raise QueryError(f"there is no filter {', '.join(sorted(unknown))}", f"there are {', '.join(known)}")


def with_feedback_checked(query: Query) -> Query:
    """A query that has something to ask; right answers alone are the question.

    Raises:
        QueryError: wrong answers or nothing at all are given.
    """
    if query.more_like and not query.operands:
        operands = tuple(Operand("like", each) for each in query.more_like)
        query = replace(query, operands=operands, more_like=())
        query = replace(query, tree=whole_tree(query))
    if query.less_like and not query.operands:
        raise QueryError("wrong answers alone are not a question", "give some words")
    if not query.operands and not query.filters:
        raise QueryError("the question is empty", "give some words, a file or a filter")
    return query


def as_media(media: str | Sequence[str] | frozenset[str] | set[str]) -> frozenset[Medium]:
    """Media by their names. Raises QueryError for an unknown one."""
    names = [media] if isinstance(media, str) else media
    if not isinstance(names, Collection) or not all(isinstance(each, str) for each in names):
        raise QueryError(f"a {type(media).__name__} names no media", "give image, video, audio or document, or several")
    try:
        return frozenset(units.medium(each) for each in names)
    except ValueError as error:
        raise QueryError(f"invalid medium in {', '.join(names)}", f"expected {error}") from None
