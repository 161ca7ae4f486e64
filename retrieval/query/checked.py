"""What programs pass on as a question, checked once: the kinds of its parts, their ranges, and how many there are."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, get_args

from retrieval.domain.media import Lane
from retrieval.domain.query import Filters, Operand, Query
from retrieval.errors import QueryError

MOST_OPERANDS = 64  # of one question with its right and wrong answers: each is searched for by itself
SENSES = ("text", "image", "audio", "video", "document", "like")
NUMBERS = ("min_duration_ms", "max_duration_ms", "min_bytes", "max_bytes", "newer_than")
GREATEST = (1 << 63) - 1  # that a database compares with
SORTS = ("confidence", "date")


def checked(query: Query) -> Query:
    """The same query, fit to be asked.

    Raises:
        QueryError: too many operands, or a part of it is of another type or range than domain.query says.
    """
    count = len(query.operands) + len(query.more_like) + len(query.less_like)
    if count > MOST_OPERANDS:
        raise QueryError(f"the question has {count:,} parts", f"at most {MOST_OPERANDS} are searched for at a time")
    for each in query.operands:
        _check_operand(each)
    for name, least in (("limit", 1), ("offset", 0)):
        value = getattr(query, name)
        if not _is_whole(value) or value < least:
            raise QueryError(f"{name} is {_shown(value)}", f"give a whole number of {least} or more")
    if query.sort not in SORTS:
        raise QueryError(f"there is no order {_shown(query.sort)}", f"sort is {' or '.join(SORTS)}")
    if query.min_confidence is not None and not (_is_number(query.min_confidence) and 0 <= query.min_confidence <= 1):
        raise QueryError(f"min_confidence is {_shown(query.min_confidence)}", "give a number from 0 to 1")
    _check_filters(query.filters)
    return query


def _check_operand(operand: Operand) -> None:
    if operand.sense not in SENSES:
        raise QueryError(f"there is no operand of sense {_shown(operand.sense)}", f"there are {', '.join(SENSES)}")
    if not _is_number(operand.weight) or operand.weight <= 0:
        raise QueryError(f"the weight of an operand is {_shown(operand.weight)}", "give a number above 0")
    if operand.lane is not None and operand.lane not in get_args(Lane):
        raise QueryError(f"there is no lane {_shown(operand.lane)}", f"there are {', '.join(get_args(Lane))}")


def _check_filters(filters: Filters) -> None:
    for each in fields(Filters):
        value = getattr(filters, each.name)
        if value is None or each.name == "media":
            continue
        if each.name == "near":
            fits = isinstance(value, tuple | list) and len(value) == 3 and all(map(_is_number, value))
            wanted = "(latitude, longitude, radius in km)"
        elif each.name in NUMBERS:
            fits, wanted = _is_whole(value) and 0 <= value <= GREATEST, "a whole number of 0 or more, of 64 bits"
        else:
            fits, wanted = isinstance(value, str), "a str"
        if not fits:
            raise QueryError(f"the filter {each.name} is {_shown(value)}", f"give {wanted}")


def as_text(name: str, value: Any) -> Any:
    """A filter's value as Filters has it: a Path or date as its text, all else as it is."""
    is_text = name in {"path", "after", "before"} and isinstance(value, Path | date)
    return str(value) if isinstance(value, Path) and is_text else value.isoformat() if is_text else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """A value in one short piece."""
    text = repr(value)
    return text if len(text) <= 40 else f"a {type(value).__name__}"
