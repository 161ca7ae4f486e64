"""crossmedia's library core and query side: open a library, ask it anything with any medium.

from retrieval import Library

with Library.open("my-library") as library:
    for hit in library.search("a dog on the beach", media={"image", "video"}, limit=20):
        print(hit.path, hit.confidence)
"""

from __future__ import annotations

from retrieval.domain import Answer, Filters, FoundSegment, Hit, Operand, Query, Span
from retrieval.errors import (
    EncoderUnavailable,
    LibraryError,
    LibraryNotFound,
    MediaError,
    QueryError,
    RetrievalError,
)
from retrieval.library import Library, Shown

__all__ = [
    "Answer",
    "EncoderUnavailable",
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
]
