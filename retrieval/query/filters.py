"""The value of a filter, as `duration:<60`, -> filters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from retrieval.domain.query import Filters
from retrieval.query import units
from retrieval.query.lexer import Token, refused


def with_filter(filters: Filters, token: Token, text: str) -> Filters:
    """Filters and one more. Raises SyntaxRefused at its value."""
    name, value, _, at = token.value
    try:
        changed = _READ[name](value)
    except ValueError as error:
        raise refused(text, at, f"invalid value of {name}: {value}", str(error)) from None
    for each in changed:
        if getattr(filters, each) not in (None, frozenset()):
            raise refused(text, token.at, f"{name}: stands here twice", "one of them")
    return replace(filters, **changed)


def _range(value: str, low: str, high: str, read: Callable[[str], int]) -> dict[str, Any]:
    found = re.fullmatch(r"([<>])=?(.+)", value, re.DOTALL)
    if found is None:
        raise ValueError(f"< or > first, as in <{value}")
    return {high if found.group(1) == "<" else low: read(found.group(2))}


_READ: dict[str, Callable[[str], dict[str, Any]]] = {
    "in": lambda value: {"media": units.media(value)},
    "path": lambda value: {"path": value},
    "after": lambda value: {"after": units.date(value)},
    "before": lambda value: {"before": units.date(value)},
    "duration": lambda value: _range(value, "min_duration_ms", "max_duration_ms", units.duration),
    "camera": lambda value: {"camera": value},
    "tag": lambda value: {"tag": value},
    "near": lambda value: {"near": units.place(value)},
    "place": lambda value: {"place": value},
    "lang": lambda value: {"lang": units.language(value)},
    "size": lambda value: _range(value, "min_bytes", "max_bytes", units.size),
}
