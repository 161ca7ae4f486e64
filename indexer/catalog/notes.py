"""What a program says of a file in its own words: passages beside those read of it, until its content is forgotten."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.segment_ids import segment_key
from retrieval.domain.media import Segment

STEP = "note"  # of segments that no step of the pipeline reads, and none therefore replaces
FIRST = 1 << 20  # ordinal of the first: passages of the file itself have smaller ones


def replace_notes(
    connection: Connection,
    asset: int,
    asset_hash: bytes,
    texts: Sequence[str],
    vectors: Sequence[list[tuple[int, int | None, catalog_vectors.Half]]],
) -> None:
    """Writes the notes of an asset in place of those before. vectors: of each text, as catalog.vectors.Encoded has them."""
    catalog_write.delete_segments(connection, asset, STEP)
    commit = catalog_vectors.next_commit(connection)
    for at, (text, own) in enumerate(zip(texts, vectors, strict=True)):
        segment = Segment("passage", text=text)
        key = segment_key(asset_hash, segment, FIRST + at)
        added = catalog_write.add_segment(connection, asset, STEP, key, segment)
        catalog_vectors.put_vectors(connection, added, own, commit)
