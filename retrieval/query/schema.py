"""A question as plain data: the body of POST /v1/search, the key `query` of an answer, a saved search, `search --from-json`.

query or written    a text of the query language; `written` is what an answer tells of its own
plain, dates        how the text is read: see build_query
like                ids of segments or hashes of assets, one or several, beside the text
more_like, less_like, filters, limit, offset, sort, reach, min_confidence    the fields of Query and Filters
operands            what an answer tells of them; `written` says the same, so they are not read again
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from retrieval.domain.query import Filters, Operand, Query
from retrieval.errors import QueryError
from retrieval.query.build import as_media, build_query
from retrieval.query.checked import checked

PARTS = ("limit", "offset", "sort", "reach", "min_confidence")
NAMES = ("more_like", "less_like")
KEYS = ("query", "written", "plain", "dates", "like", "filters", "operands", *NAMES, *PARTS)
REACHES = ("sure", "possible", "all")


def query_from_dict(data: Mapping[str, Any], operands: Sequence[Operand] = (), *, files: bool = False) -> Query:
    """The question of plain data, as `as_dict` gives it of a Query. operands: further ones, as files.

    files: whether its text may name files, see Library.search; an operand that was an array or a file of somebody else has
    no name that leads back to it.

    Raises:
        QueryError: it is no such data; SyntaxRefused: its text cannot be read.
    """
    if not isinstance(data, Mapping):
        raise QueryError(f"a {type(data).__name__} is not a question", "give an object")
    if unknown := sorted(set(map(str, data)) - set(KEYS)):
        raise QueryError(f"a question has no {', '.join(unknown)}", f"there are {', '.join(KEYS)}")
    text = data.get("query") or data.get("written") or ""
    if not isinstance(text, str):
        raise QueryError("the text of a question is not text", "give a str")
    named = [Operand("like", each) for each in _texts("like", data.get("like"))]
    parts: dict[str, Any] = {name: data[name] for name in PARTS if data.get(name) is not None}
    parts |= {name: tuple(_texts(name, data.get(name))) for name in NAMES}
    if parts.get("reach", "possible") not in REACHES:
        raise QueryError("there is no such reach", f"reach is {', '.join(REACHES)}")
    plain, dates = bool(data.get("plain", False)), bool(data.get("dates", True))
    return checked(
        build_query(
            text,
            [*operands, *named],
            _filters(data.get("filters") or {}),
            plain=plain,
            files=files,
            dates=dates,
            **parts,
        )
    )


def _texts(name: str, value: Any) -> list[str]:
    every = [value] if isinstance(value, str) else value or []
    if not isinstance(every, Sequence) or not all(isinstance(each, str) for each in every):
        raise QueryError(f"{name} names no answers", "give ids of segments")
    return list(every)


def _filters(data: Any) -> Filters:
    known = {each.name for each in fields(Filters)}
    if not isinstance(data, Mapping) or (unknown := sorted(set(map(str, data)) - known)):
        named = ", ".join(unknown) if isinstance(data, Mapping) else "of this kind"
        raise QueryError(f"there is no filter {named}", f"there are {', '.join(sorted(known))}")
    values = {name: value for name, value in data.items() if value is not None}
    if "media" in values:
        values["media"] = as_media(values["media"])
    if isinstance(values.get("near"), list):
        values["near"] = tuple(values["near"])
    checked(Query(filters=Filters(**values)))
    return Filters(**values)
