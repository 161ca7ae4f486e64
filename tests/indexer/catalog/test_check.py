"""Invariants of a catalog: each one broken by hand, and seen.

Mutations of indexer/catalog/check.py that these tests catch: lengths of vectors not looked at; vectors of other bytes
passed on; numbers that are none taken for unit length; words in excess not counted; words of assets not counted; assets
without steps not seen; assets without paths not seen; only live spaces listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sqlalchemy import Connection, text

from indexer.catalog import check
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from retrieval.catalog import dialect
from retrieval.domain.media import Metadata, Space
from tests.building import Builder, Thing
from tests.fakes import DIMENSION


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """A picture and a text of two passages: sound."""
    built = Builder(tmp_path_factory.mktemp("check") / "library")
    built.add(Thing("a.jpg", Metadata("image"), [("image", "red")]))
    built.add(Thing("b.txt", Metadata("document"), [("passage", "one"), ("passage", "two")]))
    yield built
    built.close()


@pytest.fixture
def connection(builder: Builder) -> Iterator[Connection]:
    """Inside a transaction that is given up: each test breaks a sound catalog."""
    with builder.engine.connect() as opened:
        opened.exec_driver_sql("BEGIN")
        yield opened
        opened.exec_driver_sql("ROLLBACK")


def test_a_sound_catalog_has_nothing_wrong(builder: Builder, connection: Connection) -> None:
    """Every check passes."""
    assert check.damage(connection) == []
    counts = (check.broken_references, check.assets_without_path, check.assets_without_step, check.wrong_words)
    assert [each(connection) for each in counts] == [0, 0, 0, 0]
    assert [check.bad_vectors(connection, space, DIMENSION) for space in builder.spaces.values()] == [[], []]


def test_assets_need_a_path_and_a_step(connection: Connection) -> None:
    """Each asset counts once."""
    connection.execute(text("UPDATE paths SET asset_id = NULL WHERE asset_id = 1"))
    connection.execute(text("DELETE FROM steps"))
    assert check.assets_without_path(connection) == 1
    assert check.assets_without_step(connection) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda own: dialect.drop_texts(own, "segment_words", [2]),
        lambda own: dialect.put_texts(own, "segment_words", [(99, "x")], str.split),
        lambda own: dialect.drop_texts(own, "asset_words", [1]),
        lambda own: dialect.put_texts(own, "asset_words", [(99, "x")], str.split),
    ],
)
def test_words_belong_to_texts_and_assets(connection: Connection, change: Callable[[Connection], None]) -> None:
    """None missing, none in excess."""
    change(connection)
    assert check.wrong_words(connection) == 1


@pytest.mark.sqlite
def test_references_lead_somewhere(connection: Connection) -> None:
    """As SQLite's own check tells."""
    connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    connection.execute(text("UPDATE vectors SET segment_id = 99 WHERE id = 1"))
    assert check.broken_references(connection) == 1


@pytest.mark.parametrize("data", ["short", "long", "double", "nan"])
def test_a_vector_is_whole_and_of_unit_length(builder: Builder, connection: Connection, data: str) -> None:
    """Bytes too few or too many, a length of 2, what is not a number."""
    row = np.zeros(DIMENSION, "<f2")
    row[0] = {"double": 2.0, "nan": np.nan}.get(data, 1.0)
    raw = row.tobytes()
    raw = raw[:-2] if data == "short" else raw + raw if data == "long" else raw
    connection.execute(text("UPDATE vectors SET data = :raw WHERE id = 2"), {"raw": raw})
    assert check.bad_vectors(connection, builder.spaces["sentence"], DIMENSION) == [2]
    assert check.bad_vectors(connection, builder.spaces["shared"], DIMENSION) == []


def test_spaces_that_are_being_filled_are_spaces(builder: Builder) -> None:
    """Live or not, by their ids."""
    with catalog_write.transaction(builder.engine) as connection:
        new = catalog_vectors.put_space(connection, Space("shared", "next", "2", 4), live=False)
        found = check.all_spaces(connection)
    assert [(each.id, each.live) for each in found] == [
        (builder.spaces["shared"], True),
        (builder.spaces["sentence"], True),
        (new, False),
    ]
    assert (found[-1].name, found[-1].encoder, found[-1].revision, found[-1].dimension) == ("shared", "next", "2", 4)
