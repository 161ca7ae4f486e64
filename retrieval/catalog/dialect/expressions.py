"""Expressions and values of statements that each database writes in a manner of its own, and statements built of them.

Many ids travel as one JSON array, which the database turns into a table: no limit on their number, and the statement
stays compiled. Results of thousands of rows come back as one JSON array too: fetching them one by one costs more than
finding them.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, ColumnElement, LargeBinary, Select, Table, Text, bindparam, literal_column, select
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.dialects.sqlite import insert as insert_into
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from retrieval.domain.records import Ids

EARTH_KM = 6371.0088  # mean radius


class _Function(FunctionElement[Any]):
    """A function that SQLite has by this name; what PostgreSQL has instead stands with each."""

    inherit_cache = True


@compiles(_Function)
def _(element: _Function, compiler: Any, **options: Any) -> str:
    return f"{element.name}{compiler.process(element.clause_expr, **options)}"


# ---------------------------------------------------------------- ids


class _Listed(_Function):
    """The elements of a JSON array as a table of one column, `value`."""

    name = "json_each"
    inherit_cache = True


class _ListedTexts(_Listed):
    inherit_cache = True


@compiles(_Listed, "postgresql")
def _(element: _Listed, compiler: Any, **options: Any) -> str:
    kind = "TEXT" if isinstance(element, _ListedTexts) else "BIGINT"
    listed = compiler.process(element.clauses, **options)
    return f"(SELECT CAST(each AS {kind}) AS value FROM json_array_elements_text(CAST({listed} AS JSON)) AS each)"


def given(name: str = "ids") -> Select[tuple[int]]:
    """The ids of the parameter `name`, as a subquery; its value comes from `id_list`."""
    return select(_Listed(bindparam(name, type_=Text)).table_valued("value").c.value)


def given_texts(name: str) -> Select[tuple[str]]:
    """The texts of the parameter `name`, as a subquery; its value comes from `text_list`."""
    return select(_ListedTexts(bindparam(name, type_=Text)).table_valued("value").c.value)


def these(ids: Iterable[int]) -> Select[tuple[int]]:
    """Some ids as a subquery that holds them itself."""
    return select(_Listed(bindparam(None, id_list(ids), type_=Text)).table_valued("value").c.value)


def id_list(ids: Iterable[int]) -> str:
    """Ids as the value of a parameter of `given`."""
    return json.dumps(ids.tolist() if isinstance(ids, np.ndarray) else list(ids))


def text_list(texts: Iterable[str]) -> str:
    """Texts as the value of a parameter of `given_texts`."""
    return json.dumps(list(texts))


class _Collected(_Function):
    name = "json_group_array"
    type = Text()
    inherit_cache = True


@compiles(_Collected, "postgresql")
def _(element: _Collected, compiler: Any, **options: Any) -> str:
    return f"CAST(coalesce(json_agg{compiler.process(element.clause_expr, **options)}, '[]') AS TEXT)"


def collected(column: ColumnElement[Any]) -> Any:
    """All values of a column in one value; `values_of` reads it."""
    return _Collected(column)


def values_of(stored: str) -> list[Any]:
    """The values that `collected` put together."""
    return list(json.loads(stored))


def ids_of(stored: str) -> Ids:
    """The ids (n,) that `collected` put together, in their order; a quarter of the time that `values_of` takes."""
    return np.fromstring(stored[1:-1], np.int64, sep=",") if len(stored) > 2 else np.empty(0, np.int64)


def unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column that the planner must not look up by its index (the plus sign hides it)."""
    return literal_column(f"+{column}", type_=column.type)


# ---------------------------------------------------------------- expressions


class _Lesser(_Function):
    name = "min"
    type = BigInteger()
    inherit_cache = True


@compiles(_Lesser, "postgresql")
def _(element: _Lesser, compiler: Any, **options: Any) -> str:
    one, other = (compiler.process(each, **options) for each in element.clauses)
    return f"(CASE WHEN {one} < {other} THEN {one} WHEN {other} <= {one} THEN {other} END)"


def lesser(one: ColumnElement[Any], other: ColumnElement[Any]) -> ColumnElement[Any]:
    """The lesser of two values; NULL where one is not known."""
    return _Lesser(one, other)


class _Tail(FunctionElement[bytes]):
    type = LargeBinary()
    inherit_cache = True


@compiles(_Tail)
def _(element: _Tail, compiler: Any, **options: Any) -> str:
    column, length = (compiler.process(each, **options) for each in element.clauses)
    return f"substr({column}, -{length})"


@compiles(_Tail, "postgresql")
def _(element: _Tail, compiler: Any, **options: Any) -> str:
    column, length = (compiler.process(each, **options) for each in element.clauses)
    return f"substr({column}, greatest(octet_length({column}) - {length} + 1, 1))"


def tail(column: ColumnElement[bytes], length: int) -> ColumnElement[bytes]:
    """The last `length` bytes of a value; all of a shorter one."""
    return _Tail(column, literal_column(str(length)))


class _Only(_Function):
    name = "min"
    type = LargeBinary()
    inherit_cache = True


@compiles(_Only, "postgresql")
def _(element: _Only, compiler: Any, **options: Any) -> str:
    return f"(array_agg{compiler.process(element.clause_expr, **options)})[1]"  # no min of bytes before PostgreSQL 18


def only(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """The value of bytes of a group of one row."""
    return _Only(column)


class _Rounded(_Function):
    name = "round"
    inherit_cache = True


@compiles(_Rounded, "postgresql")
def _(element: _Rounded, compiler: Any, **options: Any) -> str:
    value, digits = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST(round(CAST({value} AS NUMERIC), {digits}) AS DOUBLE PRECISION)"


def rounded(column: ColumnElement[float], digits: int) -> ColumnElement[float]:
    """A number with so many digits behind the point."""
    return _Rounded(column, literal_column(str(digits)))


class _Lowered(_Function):
    name = "lower"
    type = Text()
    inherit_cache = True


@compiles(_Lowered, "postgresql")
def _(element: _Lowered, compiler: Any, **options: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **options)}) COLLATE "C")'


def holds_text(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """Whether a column holds a text, whatever the case of its ASCII letters."""
    lowered = "".join(each.lower() if each.isascii() else each for each in text)
    return _Lowered(column).contains(lowered, autoescape=True)


# ---------------------------------------------------------------- paths and places


def folded_path(path: str) -> str:
    """A path by which those of one name are told, however a file system writes it: case folded, composed (NFC)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class _KmBetween(_Function):
    name = "km_between"
    inherit_cache = True


@compiles(_KmBetween, "postgresql")
def _(element: _KmBetween, compiler: Any, **options: Any) -> str:
    here = [f"CAST({compiler.process(each, **options)} AS DOUBLE PRECISION)" for each in element.clauses]
    across = f"sin((radians({here[0]}) - radians({here[2]})) / 2) ^ 2"
    along = f"cos(radians({here[0]})) * cos(radians({here[2]})) * sin(radians({here[1]} - {here[3]}) / 2) ^ 2"
    return f"(2 * {EARTH_KM} * asin(least(1.0, sqrt({across} + {along}))))"


def kilometres(
    latitude: ColumnElement[float], longitude: ColumnElement[float], other: float, meridian: float
) -> ColumnElement[float]:
    """Kilometres on the sphere between the place of two columns and another, in degrees."""
    return _KmBetween(latitude, longitude, other, meridian)


def km_between(latitude: float | None, longitude: float | None, other: float, meridian: float) -> float | None:
    """Kilometres on the sphere between two places in degrees; None where one is not known. Source: haversine formula."""
    if latitude is None or longitude is None:
        return None
    north, south = math.radians(latitude), math.radians(other)
    across = math.sin((north - south) / 2) ** 2
    along = math.cos(north) * math.cos(south) * math.sin(math.radians(longitude - meridian) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))


# ---------------------------------------------------------------- writing


def upsert(table: Table, *keys: str, keep: Sequence[str] = ()) -> Insert:
    """A row that replaces the one with equal `keys`, but for its columns in `keep`. Built once: SQLAlchemy takes
    longer to build and compile such a statement than SQLite to run it. PostgreSQL compiles it too, see postgresql.py."""
    new = insert_into(table)
    changed = {c.name: new.excluded[c.name] for c in table.columns if c.name not in (*keys, *keep, "id")}
    return new.on_conflict_do_update(index_elements=keys, set_=changed)


def insert_missing(table: Table) -> Insert:
    """A row that is left out where one with the same key is there already."""
    return insert_into(table).on_conflict_do_nothing()


# ---------------------------------------------------------------- full text


@dataclass(frozen=True, slots=True, eq=False)
class TextsWanted:
    """Texts of one full-text table, by id; kinds: of segments of these alone; read: those whose text is wanted too."""

    table: str
    ids: Iterable[int]
    kinds: Iterable[str] | None = None
    read: Iterable[int] = ()
