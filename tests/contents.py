"""What a library holds, as plain values that two libraries can be compared by: nothing that depends on history."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, text

from retrieval.catalog.engine import open_engine
from retrieval.catalog.schema import assets, imprints, paths, segments, sources, spaces, steps, vectors
from retrieval.catalog.snapshot import Snapshot


def contents(home: Path) -> dict[str, Any]:
    """Assets by content hash with paths, facts, steps, words, segments, vectors and imprints; skips; what is searchable."""
    engine = open_engine(home)
    try:
        with engine.connect() as connection:
            seen = select(sources.c.root, paths.c.relative, paths.c.asset_id, paths.c.skip_reason).join_from(
                paths, sources
            )
            places = connection.execute(seen).all()
            names = dict(map(tuple, connection.execute(text("SELECT rowid, words FROM asset_words"))))
            said = dict(map(tuple, connection.execute(text("SELECT rowid, words FROM segment_words"))))
            found: dict[str, Any] = {}
            for asset in connection.execute(select(assets)).all():
                own = [os.path.join(p.root, p.relative) for p in places if p.asset_id == asset.id]
                done = select(steps.c.step, steps.c.state, steps.c.reason).where(steps.c.asset_id == asset.id)
                found[asset.hash.hex()] = {
                    "facts": {k: v for k, v in asset._mapping.items() if k not in ("id", "date")},
                    "paths": sorted(own),
                    "words": sorted(set(names.get(asset.id, "").split())),
                    "steps": sorted(map(tuple, connection.execute(done))),
                    "segments": _segments(connection, asset.id, said),
                }
            skipped = sorted((os.path.join(p.root, p.relative), p.skip_reason) for p in places if p.skip_reason)
            return {"assets": found, "skipped": skipped, "spaces": _searchable(connection, home)}
    finally:
        engine.dispose()


def _segments(connection: Any, asset: int, said: dict[int, str]) -> list[Any]:
    rows = []
    for segment in connection.execute(select(segments).where(segments.c.asset_id == asset)).all():
        own = select(spaces.c.name, vectors.c.at_ms, vectors.c.data).join_from(vectors, spaces)
        own = own.where(vectors.c.segment_id == segment.id).order_by(spaces.c.name, vectors.c.id)
        values = {k: v for k, v in segment._mapping.items() if k not in ("id", "asset_id")}
        looks = select(imprints.c.at_ms, imprints.c.data).where(imprints.c.segment_id == segment.id)
        looks = looks.order_by(imprints.c.id)
        vectors_and_looks = [[tuple(each) for each in connection.execute(query)] for query in (own, looks)]
        rows.append((segment.key, values, said.get(segment.id), vectors_and_looks))
    return sorted(rows, key=lambda row: row[0])


def _searchable(connection: Any, home: Path) -> dict[str, list[bytes]]:
    """Space name -> every vector that a search can find: of the generation, less the masked, and the fresh ones."""
    from retrieval.catalog import layout
    from retrieval.vectors.generation import open_generation

    found = {}
    for live in Snapshot(connection).vectors.live_spaces():
        ids: list[int] = []
        if live.folder is not None:
            opened = open_generation(layout.generation(home, live.folder), live.space.dimension)
            ids = [int(row[0]) for part in opened.parts.values() for row in part.rows]
        masked = set(np.asarray(Snapshot(connection).vectors.masked(live.id)).tolist())
        fresh = select(vectors.c.id).where(vectors.c.space_id == live.id, vectors.c.commit_number > live.last_commit)
        ids = [each for each in ids if each not in masked] + list(connection.execute(fresh).scalars())
        data = dict(map(tuple, connection.execute(select(vectors.c.id, vectors.c.data))))
        found[live.space.name] = sorted(data[each] for each in ids)
    return found
