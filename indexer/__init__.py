"""Reads media in bulk and writes the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrieval.telemetry import switch_off

if TYPE_CHECKING:
    from indexer.pipeline.options import Options
    from indexer.pipeline.run import index_folders

__all__ = ["Options", "index_folders"]


switch_off()


def __getattr__(name: str) -> Any:
    """Loads the pipeline when it is first asked for, so that `crossmedia --help` stays light."""
    if name in __all__:
        from importlib import import_module

        return getattr(import_module(f"indexer.pipeline.{'run' if name == 'index_folders' else 'options'}"), name)
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
