"""Questions whose right answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from retrieval.domain.media import Medium, Span
from retrieval.domain.query import Operand
from retrieval.domain.records import SeenAsset
from retrieval.library import Library


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """A question and its right answers, as assets (content hashes).

    right: gain (> 0) of each asset that answers. spans: where in an asset the answer is, of videos and recordings.
    media: asked of these only; empty: of all. group: what its figures are added up by, beside all.
    """

    operand: Operand
    right: Mapping[str, float]
    media: frozenset[Medium] = frozenset()
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True, eq=False)
class AssetTable:
    """The assets of a library by content hash. A table may call them by a path, its last parts, or the file's name."""

    assets: Mapping[str, SeenAsset]

    def find(self, name: str | Path) -> frozenset[str]:
        """Assets at a path or with such a last part of their path; several where the name leaves it open."""
        asked = _parts(Path(name))
        called = self._called.get(asked[-1], ()) if asked else ()
        return frozenset(asset for asset, parts in called if parts[-len(asked) :] == asked)

    @cached_property
    def _called(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """By the last part of their paths, assets and all parts."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for asset, each in self.assets.items():
            for path in each.paths:
                found.setdefault(path.name, []).append((asset, _parts(path)))
        return found


def asset_table(library: Library) -> AssetTable:
    """All assets of a library."""
    return AssetTable(library.seen())


def _parts(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path.parts if part not in (path.anchor, "."))
