"""Every kind of real file has its rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest

from tests.realfiles.kinds import KINDS


@cache
def names(module: str) -> frozenset[str]:
    """Of the tests of a module, and of the rows of its tables: files by their names, else the keys of a dictionary."""
    return frozenset(_names(vars(import_module(f"tests.{module}"))))


def _names(held: dict[str, Any]) -> Iterator[str]:
    for name, value in held.items():
        if name.startswith("test_") and callable(value):
            yield name
            yield from _ids(value)
        elif isinstance(value, dict):
            yield from (key for key in value if isinstance(key, str))
        elif isinstance(value, list | tuple):
            yield from (row.name for row in value if hasattr(row, "name"))


def _ids(test: Any) -> Iterator[str]:
    """First values of the rows of a parametrized test, where they are texts."""
    for mark in getattr(test, "pytestmark", ()):
        rows = mark.args[1] if mark.name == "parametrize" else ()
        yield from (row[0] for row in rows if isinstance(row, tuple) and row and isinstance(row[0], str))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_rows(kind: str) -> None:
    """Each of the named ones is there."""
    places = [place.partition(":")[::2] for place in KINDS[kind]]
    assert places
    assert not [f"{module}:{name}" for module, name in places if name not in names(module)]


def test_there_are_as_many_kinds_as_were_found() -> None:
    """46 by reports of people, 18 beside other libraries, 18 on public files, and two that came later."""
    assert len(KINDS) == 84
