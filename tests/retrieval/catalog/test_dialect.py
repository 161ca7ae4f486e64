"""SQLite's own ways: full text, transactions, the signal of changes, expressions and writing.

Mutations of retrieval/catalog/dialect that these tests catch: BM25 without its sign; a phrase as loose tokens;
`texts_with` without its limit; COMMIT in place of ROLLBACK after an error; `lesser` as the greater; kilometres without
the cosines of the latitudes; an upsert that changes what it shall keep; texts read of all matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection, Engine, literal, select

from retrieval.catalog import dialect
from retrieval.catalog.dialect import TextsWanted, sqlite
from retrieval.catalog.schema import assets, library, paths, segments, sources, steps
from retrieval.domain.media import Metadata
from tests.building import Builder, Thing

TEXTS = ("blue boat", "a boat painted blue", "the sea, the sea and a boat", "hills")
BOAT = [("boat",)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A document of four passages, ids 1 to 4, and a clip in which "a blue boat" is said, id 5."""
    builder = Builder(tmp_path_factory.mktemp("dialect") / "library")
    builder.add(Thing("notes.txt", Metadata("document"), [("passage", text) for text in TEXTS]))
    builder.add(Thing("boat.mp4", Metadata("video"), [("speech", "a blue boat")]))
    yield builder.engine
    builder.close()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """Inside a transaction that changes nothing in the end."""
    with dialect.read_transaction(engine) as opened:
        yield opened


def test_postings_hold_the_tokens_in_order(connection: Connection) -> None:
    """For each question the first ids, ascending, at most so many."""
    wanted = [
        ("segment_words", ("blue", "boat"), 9),
        ("segment_words", ("boat",), 2),
        ("asset_words", ("boat",), 9),
        ("segment_words", ("fog",), 9),
    ]
    assert [each.tolist() for each in dialect.texts_with(connection, wanted)] == [[1, 5], [1, 2], [2], []]
    assert dialect.texts_with(connection, []) == []


def test_matches_come_with_owner_score_and_the_texts_that_are_wanted(connection: Connection) -> None:
    """Of the ids those that hold any phrase; a text of fewer words scores higher; only what is to be read is read."""
    wanted = [TextsWanted("segment_words", [3, 1, 4], read=[1]), TextsWanted("asset_words", [1, 2])]
    texts, names = dialect.matching_texts(connection, BOAT, wanted)
    assert [(row[0], row[1], row[2], row[4]) for row in texts] == [
        (1, 1, "document", "blue boat"),
        (3, 1, "document", None),
    ]
    assert texts[0][3] > texts[1][3] > 0
    assert [(row[0], row[1], row[2]) for row in names] == [(2, 2, "video")]


def test_matches_of_some_kinds_alone(connection: Connection) -> None:
    """Kinds are those of segments."""
    spoken = [TextsWanted("segment_words", range(1, 6), kinds=["speech"])]
    assert [row[0] for row in dialect.matching_texts(connection, BOAT, spoken)[0]] == [5]
    assert dialect.matching_texts(connection, BOAT, []) == []


def test_texts_by_their_ids(connection: Connection) -> None:
    """Each table for itself; ids that are not there are left out."""
    found = dialect.texts(connection, [("segment_words", np.array([4, 99])), ("asset_words", [2])])
    assert found[0] == {4: "hills"}
    assert "boat" in found[1][2]
    ids, owners, texts, names, words = dialect.text_owners(connection, 0)
    assert (len(ids), len(owners), texts) == (5, 5, 5)
    assert names and words
    assert dialect.text_owners(connection, int(ids[1]))[0].tolist() == ids[2:].tolist()
    assert dialect.vocabulary(connection, ["hil", "zz"]) == [["hills"], []]


def test_ids_travel_as_one_value(connection: Connection) -> None:
    """From arrays and other collections; results come back as one value as well."""
    query = select(dialect.collected(segments.c.id)).where(segments.c.id.in_(dialect.given()))
    for ids in (np.array([2, 4, 77]), {4, 2}, iter([2, 4])):
        found = connection.execute(query, {"ids": dialect.id_list(ids)}).scalar_one()
        assert sorted(dialect.values_of(found)) == [2, 4]


def fail_after_writing(engine: Engine) -> None:
    """Breaks off in the middle of a transaction."""
    with dialect.write_transaction(engine) as connection:
        connection.execute(library.insert().values(key="half", value="done"))
        raise ZeroDivisionError


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    """A finished one is there for all, and other connections see that something changed."""
    with engine.connect() as watching:
        before = dialect.change_signal(watching)
        with pytest.raises(ZeroDivisionError):
            fail_after_writing(engine)
        assert watching.scalar(select(library.c.value).where(library.c.key == "half")) is None
        with dialect.write_transaction(engine) as connection:
            connection.execute(library.insert().values(key="whole", value="done"))
        assert dialect.change_signal(watching) != before
        assert watching.scalar(select(library.c.value).where(library.c.key == "whole")) == "done"


def test_a_reader_sees_one_state(engine: Engine) -> None:
    """What is committed meanwhile is not there before its transaction ends."""
    query = select(library.c.value).where(library.c.key == "later")
    with dialect.read_transaction(engine) as reader:
        reader.execute(query)
        with dialect.write_transaction(engine) as connection:
            connection.execute(library.insert().values(key="later", value="x"))
        assert reader.scalar(query) is None
    with dialect.read_transaction(engine) as reader:
        assert reader.scalar(query) == "x"


def test_a_row_is_replaced_but_for_what_it_keeps(engine: Engine) -> None:
    """By its keys; what is only inserted where it is missing changes nothing."""
    key, row = {"key": "fact"}, select(library.c.value).where(library.c.key == "fact")
    with dialect.write_transaction(engine) as connection:
        for value in ("one", "two"):
            connection.execute(dialect.upsert(library, "key"), {**key, "value": value})
        assert connection.scalar(row) == "two"
        connection.execute(dialect.insert_missing(library), {**key, "value": "three"})
        assert connection.scalar(row) == "two"
        step = {"asset_id": 1, "step": "read", "state": "pending", "detail": "again"}
        connection.execute(dialect.upsert(steps, "asset_id", "step", keep=("state",)), step)
        kept = select(steps.c.state, steps.c.detail).where(steps.c.asset_id == 1, steps.c.step == "read")
        assert tuple(connection.execute(kept).one()) == ("done", "again")


def test_expressions(connection: Connection) -> None:
    """The lesser of two values, unknown where one is; a path of its bytes; a glob."""

    def value(expression: object) -> object:
        return connection.scalar(select(expression))  # type: ignore[call-overload]

    assert value(dialect.lesser(literal(3), literal(2))) == 2
    assert connection.scalar(select(dialect.lesser(assets.c.width, assets.c.id)).limit(1)) is None
    query = select(paths.c.relative).join_from(paths, sources, sources.c.id == paths.c.source_id).order_by(paths.c.id)

    def fitting(*patterns: str) -> list[bytes]:
        return list(connection.scalars(query.where(dialect.fits_any(connection, patterns))))

    assert fitting("*") == [b"notes.txt", b"boat.mp4"]
    assert fitting("/MEDIA/*/b[a-o]at.*") == fitting("*/boat.???") == fitting("*/[^n]o*.mp4", "x") == [b"boat.mp4"]
    assert fitting("*test/[^b]*") == [b"notes.txt"]
    assert fitting("boat.mp4") == fitting("*/[boat.mp4") == []
    tail = connection.scalars(query.where(dialect.tail(paths.c.relative, 8) == b"boat.mp4"))
    assert [*tail] == [b"boat.mp4"]


def test_kilometres_between_places() -> None:
    """Berlin to Munich is some 504 km; a degree of longitude is short in the north; unknown places are nowhere."""
    assert dialect.km_between(52.52, 13.405, 48.137, 11.575) == pytest.approx(504, abs=2)
    assert dialect.km_between(60.0, 0.0, 60.0, 1.0) == pytest.approx(55.6, abs=0.2)
    assert dialect.km_between(0.0, 0.0, 0.0, 180.0) == pytest.approx(np.pi * dialect.EARTH_KM)
    assert dialect.km_between(None, 1.0, 2.0, 3.0) is None


def test_what_is_not_there_and_what_is_sound(connection: Connection) -> None:
    """Tables by name; a new catalog has no damage."""
    assert dialect.has_table(connection, "assets")
    assert not dialect.has_table(connection, "fog")
    assert dialect.damage(connection) == []
    assert dialect.broken_references(connection) == 0


@pytest.mark.sqlite
def test_a_connection_for_reading_refuses_writes(tmp_path: Path) -> None:
    """And has the functions that SQLite lacks."""
    import sqlite3

    file = tmp_path / "one.sqlite"
    with sqlite3.connect(file) as opened:
        sqlite.prepare(opened, new=True, write=True)
        opened.execute("CREATE TABLE t (x)")
        assert opened.execute("PRAGMA page_size").fetchone() == (sqlite.PAGE_BYTES,)
    with sqlite3.connect(file) as opened:
        sqlite.prepare(opened, new=False, write=False)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            opened.execute("INSERT INTO t VALUES (1)")
        assert opened.execute("SELECT km_between(0, 0, 0, 1)").fetchone()[0] == pytest.approx(111.2, abs=0.1)
