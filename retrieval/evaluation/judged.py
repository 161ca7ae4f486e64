"""Questions whose right answers are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.domain import MEDIA, Hit, Medium, Operand, Span
from retrieval.library import Library

EVERYTHING = 1 << 31  # more assets than a library holds


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A question and its right answers, as assets (content hashes).

    right: gain (> 0) of each asset that answers. spans: where in an asset the answer is, of videos and recordings.
    media: asked of these only; empty: of all. group: what its figures are added up by, beside all.
    """

    operand: Operand
    right: Mapping[str, float]
    media: frozenset[Medium] = frozenset()
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    group: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The assets of a library, and what a table may call them: a path, its last parts, or the file's name alone."""

    assets: Mapping[str, Hit]  # by content hash
    named: Mapping[str, frozenset[str]]  # hashes by every ending of every path

    def find(self, name: str | Path) -> frozenset[str]:
        """Assets at a path or with such a last part of their path; several where the name leaves it open."""
        return self.named.get("/".join(_parts(Path(name))), frozenset())


def held(library: Library) -> Held:
    """All assets that a library would show."""
    assets = {hit.asset: hit for hit in library.search("", media=set(MEDIA), limit=EVERYTHING)}
    named: dict[str, set[str]] = {}
    for asset, hit in assets.items():
        for ending in _endings(hit.paths):
            named.setdefault(ending, set()).add(asset)
    return Held(assets, {ending: frozenset(own) for ending, own in named.items()})


def _endings(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        parts = _parts(path)
        yield from ("/".join(parts[at:]) for at in range(len(parts)))


def _parts(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path.parts if part not in (path.anchor, "."))
