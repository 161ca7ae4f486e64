"""Vectors whose ids do not grow in the order of commits are found and published: commit numbers tell what is new."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.event import listen

from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval import Library
from retrieval.catalog.schema import vectors
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata
from tests.building import Builder, Thing
from tests.contents import contents
from tests.fakes import DIMENSION, FakeProfile

LATE_ID = 1  # given before those that were published, committed after them


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    """Two published pictures whose vectors have ids above 1000."""
    built = Builder(tmp_path / "library")
    with catalog_write.transaction(built.engine) as connection:
        sequence = "INSERT INTO sqlite_sequence(name, seq) VALUES ('vectors', 1000)"
        if connection.dialect.name == "postgresql":
            sequence = "SELECT setval('vectors_id_seq', 1000)"
        connection.execute(text(sequence))
    built.add(picture("red.jpg", "red apple"), picture("green.jpg", "green tree"))
    built.publish()
    yield built
    built.close()


def picture(name: str, shows: str) -> Thing:
    return Thing(name, Metadata("image", format="jpeg"), [("image", shows)])


def add_late(builder: Builder) -> None:
    """One more picture, in one transaction, whose vector has a smaller id than all published ones."""
    with catalog_write.transaction(builder.engine) as connection:
        builder.write(connection, picture("late.jpg", "violet boat"))
        newest = connection.scalar(select(func.max(vectors.c.id)))
        connection.execute(vectors.update().where(vectors.c.id == newest).values(id=LATE_ID))
    with builder.engine.connect() as connection:
        ids = connection.scalars(select(vectors.c.id).order_by(vectors.c.id)).all()
    assert ids[0] == LATE_ID < 1000 < ids[1]


def shown(library: Library) -> list[str]:
    """Ids of all segments that answer the late picture's words, the best one first."""
    return [hit.segments[0].id for hit in library.search("violet boat", min_confidence=0.0)]


def late_key(builder: Builder) -> str:
    """The public id of the late picture."""
    with builder.engine.connect() as connection:
        found = text("SELECT key FROM segments JOIN vectors ON segment_id = segments.id WHERE vectors.id = :id")
        return str(connection.scalar(found, {"id": LATE_ID}))


def test_open_and_new_readers_find_a_vector_with_a_smaller_id_than_published_ones(builder: Builder) -> None:
    """Also the reader that had seen the newest vectors before."""
    with Library.open(builder.home, profile=FakeProfile()) as before:
        assert len(shown(before)) == 2
        add_late(builder)
        assert shown(before)[0] == late_key(builder)
        with Library.open(builder.home, profile=FakeProfile()) as after:
            assert shown(after) == shown(before)
        assert len(shown(before)) == 3


def test_it_counts_as_not_published_until_the_next_generation_holds_it(builder: Builder) -> None:
    """Status, the question whether to publish, and what the generation's files say."""
    add_late(builder)
    with builder.engine.connect() as connection:
        assert [each.fresh for each in catalog_read.publishing(connection)] == [1, 0]
    assert published(builder) == [(3, 2), (0, 0)]
    assert len(contents(builder.home)["spaces"]["shared"]) == 3
    builder.publish()
    with builder.engine.connect() as connection:
        assert [each.fresh for each in catalog_read.publishing(connection)] == [0, 0]
    assert published(builder) == [(3, 3), (0, 0)]
    with Library.open(builder.home, profile=FakeProfile()) as library:
        assert shown(library)[0] == late_key(builder)
        index = library._index
    assert index is not None
    generation = index.spaces["shared"].generation
    assert generation is not None
    assert min(generation.parts["image"].rows["vector"]) == LATE_ID
    assert not index.spaces["shared"].fresh


def published(builder: Builder) -> list[tuple[int, int]]:
    """(vectors, published ones) of each space, as status tells them."""
    with open_snapshot(builder.engine) as snapshot:
        return [(each.vectors, each.published) for each in snapshot.status.report(builder.home).spaces]


def test_a_number_is_never_used_twice(builder: Builder) -> None:
    """Not in one transaction, and not when the newest vectors were deleted."""
    with open_snapshot(builder.engine) as snapshot:
        last = snapshot.vectors.last_commit()
    builder.forget("green.jpg")
    builder.add(picture("blue.jpg", "blue sea"))
    with builder.engine.connect() as connection:
        assert (connection.scalar(select(func.max(vectors.c.commit_number))) or 0) > last
    with catalog_write.transaction(builder.engine) as connection:
        taken = [catalog_vectors.next_commit(connection) for _ in range(2)]
    with open_snapshot(builder.engine) as snapshot:
        assert [snapshot.vectors.last_commit() - each for each in taken] == [1, 0]


@pytest.mark.sqlite
@pytest.mark.parametrize("last", [None, 1_000_000])
def test_new_vectors_are_read_by_a_range_of_the_index(builder: Builder, last: int | None) -> None:
    """Neither a scan of the table nor a sort: the plan that SQLite states for the statement itself."""
    statements = []
    listen(builder.engine, "before_cursor_execute", lambda *given: statements.append((given[2], given[3])))
    with open_snapshot(builder.engine) as snapshot:
        snapshot.vectors.between(builder.spaces["shared"], DIMENSION, 1, last)
        statement, values = next(each for each in statements if "commit_number" in each[0])
        rows = snapshot._connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, values).all()
    steps = [row[3] for row in rows]
    assert "vectors USING INDEX ix_vectors_space_id_commit_number (space_id=? AND commit_number>?" in steps[0]
    assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step]
