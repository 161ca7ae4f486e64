"""Reads media in bulk and writes the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indexer.pipeline.run import Options, index_folders

__all__ = ["Options", "index_folders"]


def __getattr__(name: str) -> Any:
    """Loads the pipeline when it is first asked for, so that `crossmedia --help` stays light."""
    if name in __all__:
        from indexer.pipeline import run

        return getattr(run, name)
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
