"""Builds small libraries for tests through the writer's own functions, without files or decoders."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Engine

from indexer.catalog import results
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.publish import publish
from indexer.sources.base import FileState
from retrieval.catalog.engine import open_engine
from retrieval.domain.media import Kind, Metadata, Segment, Span
from tests.fakes import FakeProfile, text_vector

ROOT = Path("/media/test")


@dataclass
class Thing:
    """One asset: what it says of itself, and its segments as (kind, text). A picture's text is what it shows."""

    path: str
    facts: Metadata
    segments: Sequence[tuple[Kind, str]] = ()
    digest: bytes = field(default=b"")

    @property
    def hash(self) -> bytes:
        return self.digest or hashlib.blake2b(os.fsencode(self.path), digest_size=32).digest()


class Builder:
    """A library being written. Close it before the test ends."""

    def __init__(self, home: Path, profile: FakeProfile | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.profile = profile or FakeProfile()
        self.engine: Engine = open_engine(home, write=True)
        with catalog_write.transaction(self.engine) as connection:
            catalog_write.create(connection, "starter")
            self.source = catalog_write.add_source(connection, ROOT, [], [])
            self.spaces = {
                role: catalog_vectors.put_space(connection, self.profile.space(role), live=True)
                for role in ("shared", "sentence")
            }

    def add(self, *things: Thing) -> None:
        """Writes assets with all their segments, vectors and words."""
        with catalog_write.transaction(self.engine) as connection:
            for thing in things:
                self.write(connection, thing)

    def write(self, connection: Connection, thing: Thing) -> None:
        """Writes one asset inside a transaction of the caller."""
        (asset,) = results.put_assets(connection, [results.NewAsset(thing.hash, 100, thing.facts)])
        seen = FileState(100, 1, 1, asset)
        results.put_paths(connection, [results.Seen(self.source, os.fsencode(thing.path), seen, asset)])
        results.want_steps(connection, {asset: ["read"]})
        results.replace_segments(connection, [results.Found(asset, thing.hash, "read", [*self._encoded(thing)])])
        catalog_write.finish_step(connection, asset, "read")

    def _encoded(self, thing: Thing) -> list[catalog_vectors.Encoded]:
        found = []
        for place, (kind, text) in enumerate(thing.segments):
            says = kind in ("passage", "speech", "text_line")
            space = self.spaces["sentence" if says else "shared"]
            span = Span(place * 1000, place * 1000 + 1000)
            timed = kind in ("shot", "speech", "sound")
            segment = Segment(
                kind, span=span if timed else None, chars=None if timed else span, text=text if says else None
            )
            found.append(catalog_vectors.Encoded(segment, [(space, None, text_vector(text).astype(np.float16))]))
        return found

    def forget(self, path: str) -> None:
        """Deletes a path, and its asset if it was the last."""
        from sqlalchemy import select

        from retrieval.catalog.schema import paths

        with catalog_write.transaction(self.engine) as connection:
            which = select(paths.c.id).where(paths.c.relative == os.fsencode(path))
            catalog_write.delete_paths(connection, connection.scalars(which).all())
            catalog_write.delete_orphans(connection)

    def publish(self) -> None:
        """Makes new generations of all spaces."""
        publish(self.engine, self.home, always=True)

    def close(self) -> None:
        self.engine.dispose()
