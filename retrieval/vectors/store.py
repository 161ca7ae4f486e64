"""Where the published generations of a library lie: in its folder, in PostgreSQL beside the catalog, or in Milvus.

A generation is never changed. It answers from the moment a row of the catalog names it, whole or not at all, wherever it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import uuid4
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from retrieval.catalog import layout
from retrieval.catalog.location import LOCAL, PGVECTOR, location
from retrieval.domain.media import Kind
from retrieval.vectors.exact import are_finite
from retrieval.vectors.generation import EnginePart, Generation, open_generation, sync, verify, write_generation

if TYPE_CHECKING:
    from retrieval.protocols import VectorEngine

Tables: TypeAlias = Iterable[tuple[Kind, NDArray[Any], NDArray[np.float16]]]
"""Kind, rows (n,) of ROW by ascending vector id, vectors (n, dimension) of unit length."""


class GenerationStore(Protocol):
    """The generations of one library. `is_shared`: where it is mistaken, another library's lie among them."""

    is_shared: bool

    def new_name(self, number: int) -> str:
        """What the generation of that number is called."""

    def names(self) -> set[str]:
        """All that lie there, those that were begun and never named by the catalog among them."""

    def open(self, name: str, dimension: int) -> Generation:
        """Raises: LibraryDamaged for files that are missing; LibraryError where the store cannot be reached."""

    def verify(self, name: str, dimension: int) -> None:
        """Reads all of a generation, as far as that tells anything. Raises: as `open`."""

    def write(self, name: str, dimension: int, tables: Tables) -> int:
        """Writes a generation and returns its rows; vectors that are not finite are left out. Raises: LibraryError."""

    def delete(self, name: str) -> None:
        """Also one that is not whole, or not there."""


class LocalStore:
    """Folders of the library, see retrieval.vectors.generation."""

    is_shared = False

    def __init__(self, home: Path) -> None:
        self._home = home

    def new_name(self, number: int) -> str:
        return f"{number:06d}"

    def names(self) -> set[str]:
        parent = self._home / layout.GENERATIONS
        return {each.name for each in parent.iterdir()} if parent.is_dir() else set()

    def open(self, name: str, dimension: int) -> Generation:
        return open_generation(layout.generation(self._home, name), dimension)

    def verify(self, name: str, dimension: int) -> None:
        verify(layout.generation(self._home, name), dimension)

    def write(self, name: str, dimension: int, tables: Tables) -> int:
        """Under another name until every file is synced."""
        target = layout.generation(self._home, name)
        fresh = target.with_suffix(".new")
        for left_over in (fresh, target):
            shutil.rmtree(left_over, ignore_errors=True)
        fresh.mkdir(parents=True)
        rows = write_generation(fresh, dimension, tables)
        sync(fresh)
        fresh.rename(target)
        sync(target.parent)
        return rows

    def delete(self, name: str) -> None:
        shutil.rmtree(layout.generation(self._home, name), ignore_errors=True)


class EngineStore:
    """Generations in a database of vectors."""

    is_shared = True

    def __init__(self, engine: VectorEngine) -> None:
        self._engine = engine

    def new_name(self, number: int) -> str:
        """Never one that was there before, for a library that was deleted may have left its generations."""
        return f"{number:06d}_{uuid4().hex[:8]}"

    def names(self) -> set[str]:
        return self._engine.generations()

    def open(self, name: str, dimension: int) -> Generation:
        kinds = self._engine.kinds(name, dimension)
        return Generation({kind: EnginePart(self._engine, name, kind, rows) for kind, rows in kinds.items()})

    def verify(self, name: str, dimension: int) -> None:
        """The engine looks after what it keeps; that it keeps all of it is asked."""
        self.open(name, dimension)

    def write(self, name: str, dimension: int, tables: Tables) -> int:
        written = 0
        for kind, rows, vectors in tables:
            finite = are_finite(vectors)
            if finite.any():
                self._engine.write(name, kind, rows[finite], vectors[finite])
                written += int(np.count_nonzero(finite))
        return written

    def delete(self, name: str) -> None:
        self._engine.drop(name)


# An engine keeps connections open: all who ask one share them, and they close when the last one lets go.
_engines: WeakValueDictionary[tuple[Path, str | None, str], VectorEngine] = WeakValueDictionary()


def store_of(home: Path) -> GenerationStore:
    """The store of the library in folder `home`. Nothing is connected before it is asked."""
    where = location(home)
    if where.vectors == LOCAL:
        return LocalStore(home)
    key = (home, where.catalog, where.vectors)
    engine = _engines.get(key)
    if engine is None:
        engine = _engines.setdefault(key, _engine(home, where.catalog, where.vectors))
    return EngineStore(engine)


def _engine(home: Path, catalog: str | None, vectors: str) -> VectorEngine:
    if vectors == PGVECTOR:
        from retrieval.catalog.pgvector import PgvectorEngine

        assert catalog is not None
        return PgvectorEngine(catalog, home)
    from retrieval.vectors.milvus import MilvusEngine

    return MilvusEngine(vectors, home)
