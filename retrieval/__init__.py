"""crossmedia's library core and query side: open a library, ask it anything with any medium.

from retrieval import Library

with Library.open("my-library") as library:
    for hit in library.search("a dog on the beach", media={"image", "video"}, limit=20):
        print(hit.path, hit.confidence)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrieval.telemetry import switch_off

if TYPE_CHECKING:
    from retrieval.domain.media import Span
    from retrieval.domain.query import Filters, Operand, Query
    from retrieval.domain.result import Answer, FoundSegment, Hit, Tag
    from retrieval.errors import (
        EncoderUnavailable,
        LibraryError,
        LibraryNotFound,
        MediaError,
        QueryError,
        RetrievalError,
    )
    from retrieval.library import AssetDetails, Library
    from retrieval.query.schema import query_from_dict
    from retrieval.render.json import as_dict
    from retrieval.search.explain import Explanation

__all__ = [
    "Answer",
    "AssetDetails",
    "EncoderUnavailable",
    "Explanation",
    "Filters",
    "FoundSegment",
    "Hit",
    "Library",
    "LibraryError",
    "LibraryNotFound",
    "MediaError",
    "Operand",
    "Query",
    "QueryError",
    "RetrievalError",
    "Span",
    "Tag",
    "as_dict",
    "query_from_dict",
]

_HOMES = dict.fromkeys(("Filters", "Operand", "Query"), "domain.query")
_HOMES |= dict.fromkeys(("Answer", "FoundSegment", "Hit", "Tag"), "domain.result")
_HOMES |= {"Span": "domain.media", "Library": "library", "AssetDetails": "library", "Explanation": "search.explain"}
_HOMES |= {"as_dict": "render.json", "query_from_dict": "query.schema"}
_HOMES |= {name: "errors" for name in __all__ if name not in _HOMES}


switch_off()  # before any library is imported that reports its users


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for: `crossmedia --version` waits for no NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'retrieval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"retrieval.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
