"""crossmedia's library core and query side: open a library, ask it anything with any medium.

from retrieval import Library

with Library.open("my-library") as library:
    for hit in library.search("a dog on the beach", media={"image", "video"}, limit=20):
        print(hit.path, hit.confidence)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from retrieval.domain import Answer, Filters, FoundSegment, Hit, Operand, Query, Span, Tag
    from retrieval.errors import (
        EncoderUnavailable,
        LibraryError,
        LibraryNotFound,
        MediaError,
        QueryError,
        RetrievalError,
    )
    from retrieval.evidence import Explanation
    from retrieval.library import Library, Shown

__all__ = [
    "Answer",
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
    "Shown",
    "Span",
    "Tag",
]

_HOMES = dict.fromkeys(__all__, "domain")
_HOMES |= dict.fromkeys(("Library", "Shown"), "library") | {"Explanation": "evidence"}
_HOMES |= {name: "errors" for name in __all__ if name.endswith(("Error", "NotFound", "Unavailable"))}


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for: `crossmedia --version` waits for no NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'retrieval' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"retrieval.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
