"""Opening a catalog, and the reads that no search shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.event import listen

from indexer.catalog import write as catalog_write
from retrieval.catalog import dialect, layout
from retrieval.catalog.dialect import sqlite
from retrieval.catalog.engine import open_engine
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata
from retrieval.domain.query import Filters
from retrieval.domain.records import Columns, contains
from retrieval.errors import LibraryDamaged, LibraryError, LibraryNotFound, LibraryTooNew
from tests.building import ROOT, Builder, Thing
from tests.fakes import DIMENSION


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    """Two clips and a page."""
    built = Builder(tmp_path / "library")
    built.add(
        Thing(
            "a/one.mp4", Metadata("video", duration_ms=1000, camera="Nikon 100%"), [("shot", "red"), ("shot", "blue")]
        ),
        Thing("b/two.mp4", Metadata("video", duration_ms=9000), [("speech", "hello there")]),
        Thing("note.txt", Metadata("document", date="2020-01-01T00:00:00"), [("passage", "hello world")]),
    )
    yield built
    built.close()


@pytest.mark.sqlite
def test_a_new_catalog_is_set_up_for_many_readers(builder: Builder) -> None:
    """WAL, 16 KiB pages, foreign keys, memory mapping."""
    with builder.engine.connect() as connection:
        got = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "page_size", "foreign_keys")
        }
    assert got == {"journal_mode": "wal", "page_size": 16_384, "foreign_keys": 1}


@pytest.mark.sqlite
def test_the_file_is_mapped_for_who_asks_more_often(builder: Builder) -> None:
    """A process that asks once reads pages: what it touches of a mapped file would count as its memory."""
    engine = open_engine(builder.home)
    mapped = []
    for _ in range(sqlite.MAPPED_AT + 1):
        with dialect.read_transaction(engine) as connection:
            mapped.append(connection.execute(text("PRAGMA mmap_size")).scalar() > 0)
    assert mapped == [False] * (sqlite.MAPPED_AT - 1) + [True, True]
    engine.dispose()


def test_a_reader_cannot_write(builder: Builder) -> None:
    """Its connections refuse."""
    engine = open_engine(builder.home)
    with engine.connect() as connection, pytest.raises(Exception, match=r"readonly|read-only"):
        connection.execute(text("DELETE FROM assets"))
    engine.dispose()


@pytest.mark.parametrize(
    ("revision", "error"), [("9999", LibraryTooNew), ("0000", LibraryError)], ids=["newer", "older"]
)
def test_another_schema_is_refused_with_what_to_do(builder: Builder, revision: str, error: type[LibraryError]) -> None:
    """A newer one needs a newer program, an older one a writer."""
    with catalog_write.transaction(builder.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :new"), {"new": revision})
    with pytest.raises(error) as caught:
        open_engine(builder.home)
    assert caught.value.hint


@pytest.mark.sqlite
def test_what_is_no_catalog_is_named(tmp_path: Path) -> None:
    """Nothing there, an empty file, and noise."""
    with pytest.raises(LibraryNotFound):
        open_engine(tmp_path)
    layout.catalog(tmp_path).touch()
    with pytest.raises(LibraryDamaged, match="empty"):
        open_engine(tmp_path)
    layout.catalog(tmp_path).write_bytes(b"noise" * 5000)
    with pytest.raises(LibraryDamaged, match="cannot be read"):
        open_engine(tmp_path)


def test_a_snapshot_stays_while_a_writer_commits(builder: Builder) -> None:
    """All SELECTs of a search see one state; data_version tells the next one."""
    reader = open_engine(builder.home)
    with reader.connect() as watch, open_snapshot(reader) as snapshot:
        before = snapshot.vectors.last_commit(), dialect.change_signal(watch)
        builder.add(Thing("late.jpg", Metadata("image"), [("image", "late")]))
        assert snapshot.vectors.last_commit() == before[0]
        assert dialect.change_signal(watch) != before[1]
    reader.dispose()


def test_filters_choose_assets(builder: Builder) -> None:
    """Signs of LIKE and GLOB in a camera's name are plain; a folder means all below it."""
    with open_snapshot(builder.engine) as snapshot:

        def found(**filters: object) -> list[str]:
            ids = snapshot.filters.assets(Filters(**filters))
            known = snapshot.assets.by_id(ids if ids is not None else [])
            return sorted(each.paths[0].name for each in known.values())

        assert found(camera="nikon 100%") == ["one.mp4"]
        assert found(camera="100_") == []
        assert found(path=str(ROOT / "a")) == ["one.mp4"]
        assert found(path="*/two.*") == ["two.mp4"]
        assert found(path="[!n]*/note.txt") == ["note.txt"]
        assert found(max_duration_ms=1000) == ["one.mp4"]
        assert found(after="2020", before="2021") == ["note.txt"]
        assert snapshot.filters.assets(Filters(media=frozenset({"video"}))) is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"after": "2020"}, ["note.txt", "two.mp4"]),
        ({"after": "2020-01-01T00:00:00", "before": "2021-05"}, ["note.txt"]),
        ({"after": "2020-01-01T00:00:00.5"}, ["two.mp4"]),  # longer than any date there is
        ({"before": "2020-01-01T00:00:00"}, ["old.mp4"]),
        ({"before": "2020-01-01T00:00:00", "after": "2021"}, []),
        ({"min_duration_ms": 1000, "max_duration_ms": 9000}, ["old.mp4", "one.mp4", "two.mp4"]),
        ({"min_duration_ms": 1001, "after": "1999"}, ["old.mp4", "two.mp4"]),
        ({"min_duration_ms": 9000, "before": "2020", "min_bytes": 1}, ["old.mp4"]),
        ({"max_duration_ms": 999}, []),
        ({"max_duration_ms": 1000, "camera": "nikon"}, ["one.mp4"]),
    ],
)
def test_ranges_of_kept_columns_choose_the_same_assets(
    builder: Builder, asked: dict[str, str | int], found: list[str]
) -> None:
    """As the database does, which is asked for the first of several questions, and where more than ranges is asked."""
    builder.add(
        Thing("old.mp4", Metadata("video", duration_ms=9000, date="1999-12-31T23:59:59"), []),
        Thing("b/two.mp4", Metadata("video", duration_ms=9000, date="2021-05"), []),
    )
    columns, statements, filters = Columns(), list[str](), Filters(**asked)  # type: ignore[arg-type]
    with open_snapshot(builder.engine) as snapshot:
        listen(builder.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
        every = [snapshot.filters.assets(filters, columns) for _ in range(3)]
        asked_last = len(statements)
        every.append(snapshot.filters.assets(filters, columns))
        assert len(statements) - asked_last == ("camera" in asked)
        for ids in every:
            assert ids is not None
            assert list(ids) == sorted(ids)
            names = {each.paths[0].name for each in snapshot.assets.by_id(ids).values()}
            assert sorted(names) == found


def test_an_asset_is_found_by_path_and_hash(builder: Builder) -> None:
    """By its whole path, its hash, and the beginning of it."""
    with open_snapshot(builder.engine) as snapshot:
        asset = snapshot.assets.at(ROOT / "a/one.mp4")
        assert asset is not None
        digest = snapshot.assets.by_id([asset])[asset].hash
        assert snapshot.assets.with_key(digest) == asset
        assert snapshot.assets.with_key(digest[:12]) == asset
        assert snapshot.assets.with_key(digest[:9]) == asset
        assert snapshot.assets.with_key(digest[:7]) is None
        assert snapshot.assets.with_key(digest[:8].upper() + "x") is None
        assert snapshot.assets.with_hash(bytes.fromhex(digest)) == asset
        assert snapshot.assets.at(ROOT / "a/none.mp4") is None


@pytest.mark.sqlite
def test_a_beginning_that_two_assets_share_names_none(tmp_path: Path) -> None:
    """Only a key that goes beyond it does; the index on the hash finds it."""
    builder = Builder(tmp_path / "library")
    ends = (b"\x00" * 28, b"\xff" * 28)
    builder.add(*(Thing(f"{n}.jpg", Metadata("image"), digest=b"\xab\xcd\xef\x01" + end) for n, end in enumerate(ends)))
    with open_snapshot(builder.engine) as snapshot:
        assert snapshot.assets.with_key("abcdef01") is None
        assert snapshot.assets.with_key("abcdef010") == snapshot.assets.with_hash(b"\xab\xcd\xef\x01" + ends[0])
        assert snapshot.assets.with_key("abcdef01f") == snapshot.assets.with_hash(b"\xab\xcd\xef\x01" + ends[1])
        assert snapshot.assets.with_key("abcdef0") is None
        query = "EXPLAIN QUERY PLAN SELECT id FROM assets WHERE hash BETWEEN ? AND ?"
        plan = snapshot._connection.exec_driver_sql(query, ends).all()
    builder.close()
    assert "SEARCH assets USING" in str(plan)


def test_segments_are_found_by_their_public_ids(builder: Builder) -> None:
    """Those that are there, in one statement; a path with bytes that are not UTF-8 is none."""
    with open_snapshot(builder.engine) as snapshot:
        asset = snapshot.assets.at(ROOT / "a/one.mp4")
        assert asset is not None
        own = {each.key: each for each in snapshot.segments.of_asset(asset)}
        statements: list[str] = []
        listen(builder.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        found = snapshot.segments.with_keys([*own, "nothing", "/caf\udce9.jpg"])
    assert len(own) == 2
    assert found == own
    assert len([each for each in statements if "segments" in each]) == 1


def test_vectors_come_by_kind_in_the_order_of_their_ids(builder: Builder) -> None:
    """Rows name vector, segment, asset and medium; `after` and `last` cut."""
    with open_snapshot(builder.engine) as snapshot:
        tables = snapshot.vectors.between(builder.spaces["shared"], 64, 0, None)
        rows, vectors = tables["shot"]
        assert (np.diff(rows["vector"]) > 0).all()
        assert vectors.shape == (2, 64)
        assert set(rows["medium"]) == {1}
        last = snapshot.vectors.last_commit()
        assert snapshot.vectors.between(builder.spaces["shared"], 64, last, None) == {}
        assert snapshot.vectors.between(builder.spaces["shared"], 64, 0, 0) == {}


def test_ascending_ids_are_looked_up() -> None:
    """Also beyond the last one, and in none."""
    assert contains(np.array([2, 5, 9]), np.array([1, 2, 9, 10])).tolist() == [False, True, True, False]
    assert contains(np.array([], np.int64), np.array([1])).tolist() == [False]
    held, asked = np.array([2, 5, 9_000, 12_000]), np.arange(-3, 20_000)
    assert np.flatnonzero(contains(held, asked)).tolist() == [5, 8, 9_003, 12_003]  # many: by a table
    assert np.flatnonzero(contains(held * 10**9, asked * 10**9)).tolist() == [5, 8, 9_003, 12_003]  # far apart: sought


@pytest.mark.sqlite
def test_vectors_of_a_few_segments_are_found_without_looking_at_the_whole_space(tmp_path: Path) -> None:
    """SQLite's steps for three segments do not grow with the library."""

    def steps_among(count: int) -> int:
        builder = Builder(tmp_path / str(count))
        builder.add(*(Thing(f"{n}.jpg", Metadata("image"), [("image", f"thing {n}")]) for n in range(count)))
        done = [0]
        with open_snapshot(builder.engine) as snapshot:
            raw = snapshot._connection.connection.driver_connection
            assert raw is not None
            raw.set_progress_handler(lambda: done.__setitem__(0, done[0] + 1), 10)
            found = snapshot.vectors.of_segments({builder.spaces["shared"]: DIMENSION}, [2, 5, 7])[
                builder.spaces["shared"]
            ]
            raw.set_progress_handler(None, 0)
        builder.close()
        assert sorted(found.segments.tolist()) == [2, 5, 7]
        return done[0]

    assert steps_among(800) <= 2 * steps_among(20)
