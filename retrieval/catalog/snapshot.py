"""One state of the catalog, read through small readers: rows become domain values or arrays there and go no further.

A search reads inside one snapshot, so that a writer's commit in the middle changes nothing for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from retrieval.catalog import dialect
from retrieval.catalog.assets import AssetReader
from retrieval.catalog.engine import READERS, open_engine
from retrieval.catalog.filters import FilterReader
from retrieval.catalog.fingerprints import FingerprintReader
from retrieval.catalog.fulltext import FullTextReader
from retrieval.catalog.segments import SegmentReader
from retrieval.catalog.status import StatusReader
from retrieval.catalog.vectors import VectorReader
from retrieval.errors import LibraryError

if TYPE_CHECKING:
    from retrieval.catalog.facets import FacetReader


class Snapshot:
    """Readers of one state of the catalog. See retrieval.protocols.Snapshot."""

    def __init__(self, connection: Connection) -> None:
        """connection: inside a transaction, where all readers shall see one state."""
        self._connection = connection

    @cached_property
    def assets(self) -> AssetReader:
        """Assets and their paths."""
        return AssetReader(self._connection)

    @cached_property
    def segments(self) -> SegmentReader:
        """Segments of assets."""
        return SegmentReader(self._connection)

    @cached_property
    def fingerprints(self) -> FingerprintReader:
        """Perceptual fingerprints of pictures and sounds."""
        return FingerprintReader(self._connection)

    @cached_property
    def vectors(self) -> VectorReader:
        """Spaces and vectors."""
        return VectorReader(self._connection)

    @cached_property
    def fulltext(self) -> FullTextReader:
        """The full-text indexes."""
        return FullTextReader(self._connection)

    @cached_property
    def filters(self) -> FilterReader:
        """Assets that fulfil filters."""
        return FilterReader(self._connection)

    @cached_property
    def facets(self) -> FacetReader:
        """Counts by what can be filtered."""
        from retrieval.catalog.facets import FacetReader

        return FacetReader(self._connection)

    @cached_property
    def status(self) -> StatusReader:
        """Facts and counts of the whole library."""
        return StatusReader(self._connection)


@contextmanager
def open_snapshot(engine: Engine) -> Iterator[Snapshot]:
    """The catalog's present state, until the block ends."""
    with dialect.read_transaction(engine) as connection:
        yield Snapshot(connection)


class Catalog:
    """A catalog opened for reading, by any number of threads."""

    def __init__(self, engine: Engine, home: Path) -> None:
        """home: the library's folder, for errors."""
        self._engine, self._home = engine, home
        self._readers = BoundedSemaphore(READERS)
        self._watch = engine.connect()  # its change signal tells when another connection has written

    @classmethod
    def open(cls, home: Path) -> Self:
        """The catalog of the library in folder `home`. Raises: as engine.open_engine."""
        engine = open_engine(home)
        try:
            return cls(engine, home)
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The present state, until the block ends; a thread holds one at a time, and waits where READERS are held.

        Raises:
            LibraryUnavailable: its server cannot be reached.
            LibraryError: the catalog cannot be read any more.
        """
        with self._readers, self._family_errors(), open_snapshot(self._engine) as snapshot:
            yield snapshot

    def version(self) -> int:
        """A number that differs from the last one if a writer has committed in between; one thread at a time.

        Raises: as snapshot.
        """
        with self._family_errors():
            try:
                return dialect.change_signal(self._watch)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._watch.close()  # a server has ended it: it may be back
                self._watch = self._engine.connect()
                return dialect.change_signal(self._watch)

    def close(self) -> None:
        """Closes all connections."""
        self._watch.close()
        self._engine.dispose()

    @contextmanager
    def _family_errors(self) -> Iterator[None]:
        """States whatever SQLAlchemy raises as an error of our family."""
        try:
            yield
        except SQLAlchemyError as error:
            if isinstance(error, DBAPIError) and self._engine.dialect.name != "sqlite":
                from retrieval.catalog import server  # with its driver

                if server.is_lost(error):
                    raise server.lost(self._home, error) from error
            cause = getattr(error, "orig", None) or error
            first = str(cause).strip().partition("\n")[0]  # a server's driver tells what it tried in several lines
            raise LibraryError(f"the catalog cannot be read: {first}", "crossmedia doctor examines it") from error
