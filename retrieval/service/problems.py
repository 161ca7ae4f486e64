"""Errors as application/problem+json (RFC 9457), from the one error family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from retrieval.errors import (
    EncoderUnavailable,
    LibraryNotFound,
    LibraryUnavailable,
    MediaError,
    QueryError,
    RetrievalError,
    SyntaxRefused,
    UnknownName,
)

STATUS: tuple[tuple[type[RetrievalError], int], ...] = (
    (UnknownName, 404),
    (QueryError, 400),
    (MediaError, 422),
    (LibraryNotFound, 503),
    (LibraryUnavailable, 503),
    (EncoderUnavailable, 503),
)
"""The first that fits decides; whatever is not the client's to mend is 500."""


def problem(
    status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """A response that says what happened (`title`) and what to do (`detail`)."""
    content = {
        "type": "about:blank",
        "title": title,
        "status": status,
        **({"detail": detail} if detail else {}),
        **more,
    }
    return JSONResponse(content, status, dict(headers or {}), "application/problem+json")


def problem_of(error: RetrievalError) -> JSONResponse:
    """An error of the family. A question that cannot be read says at which character (`at`, from 0)."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if isinstance(error, SyntaxRefused):
        return problem(status, error.what, error.hint, at=error.at)
    return problem(status, error.what, error.hint)
