"""Why an answer holds nothing, where it is not the media that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retrieval.domain.query import Filters, Query
from retrieval.vectors.space import Scope

if TYPE_CHECKING:
    from retrieval.protocols import Snapshot


def reason(snapshot: Snapshot, query: Query, total: int, allowed: Scope) -> str | None:
    """In words, without a full stop; None where nothing in the library is like the question.

    total: hits on other pages. allowed: what could have been found.
    """
    if total:
        return f"beyond the last hit ({total:,} in all)"
    filters = query.filters
    if emptied := _empty_range(filters):
        return f"the range is empty: {emptied}"
    if allowed.media and not snapshot.filters.any(Filters(media=allowed.media)):
        return f"no such medium in this library: {', '.join(sorted(allowed.media))}"
    if (allowed.assets is not None and not len(allowed.assets)) or not snapshot.filters.any(filters):
        return "nothing in this library fulfils the filters"
    return None


def _empty_range(filters: Filters) -> str | None:
    """The ends of a range that nothing can lie in."""
    if filters.after and filters.before and filters.after >= filters.before:
        return f"after {filters.after}, before {filters.before}"
    if _are_crossed(filters.min_duration_ms, filters.max_duration_ms):
        return f"at least {filters.min_duration_ms} ms long, at most {filters.max_duration_ms} ms"
    if _are_crossed(filters.min_bytes, filters.max_bytes):
        return f"at least {filters.min_bytes} bytes, at most {filters.max_bytes}"
    return None


def _are_crossed(low: int | None, high: int | None) -> bool:
    return low is not None and high is not None and low > high
