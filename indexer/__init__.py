"""Reads media in bulk and writes the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retrieval.telemetry import switch_off

if TYPE_CHECKING:
    from indexer.pipeline.options import Options
    from indexer.pipeline.run import index_folders
    from indexer.writer import Writer

_HOMES = {"Options": "pipeline.options", "Writer": "writer", "index_folders": "pipeline.run"}

__all__ = ["Options", "Writer", "index_folders"]


switch_off()


def __getattr__(name: str) -> Any:
    """Loads the pipeline when it is first asked for, so that `crossmedia --help` stays light."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"indexer.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'indexer' has no attribute {name!r}")
