"""Whether following the folders of a library is paused, which whoever follows them looks up before each run."""

from __future__ import annotations

from retrieval.service.store import Store


def is_paused(store: Store) -> bool:
    """Whether no run is to begin; kept until it is resumed, also over restarts."""
    state = store.get("watch", "state")
    return state is not None and bool(state["paused"])


def pause(store: Store, paused: bool) -> None:
    """Pauses every watch of the library, of any process, or resumes them."""
    store.put("watch", "state", {"paused": paused})
