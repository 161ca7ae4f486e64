"""The value of a filter, as `duration:<60`, -> filters."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, get_args

from retrieval.domain.media import MEDIA, Medium
from retrieval.domain.query import Filters
from retrieval.query.lexer import LENGTH, Token, milliseconds, refused

_BYTES = {"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9}


def with_filter(filters: Filters, token: Token, text: str) -> Filters:
    """Filters and one more. Raises SyntaxRefused at its value."""
    name, value, _, at = token.value
    try:
        changed = _READ[name](value)
    except ValueError as error:
        raise refused(text, at, f"{value} is not what {name}: takes", str(error)) from None
    for each in changed:
        if getattr(filters, each) not in (None, frozenset()):
            raise refused(text, token.at, f"{name}: stands here twice", "one of them")
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
    length = LENGTH.fullmatch(found.group(2)) if found else None
    seconds = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,3})?", found.group(2)) if found else None
    if found is None or not (length or seconds):
        raise ValueError("< or > and a length like 60, 1:30 or 2m")
    ms = milliseconds(length) if length else round(1000 * float(found.group(2)))
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
    "tag": lambda value: {"tag": value},
    "near": _near_place,
    "lang": _lang,
    "size": _size,
}
