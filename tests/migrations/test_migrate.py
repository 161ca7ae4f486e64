"""Older catalogs come up to date with their rows, and a new catalog equals an upgraded one."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text

from indexer.catalog import read as catalog_read
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.catalog.migrate import upgrade
from retrieval import resources
from retrieval.catalog import layout
from retrieval.catalog.engine import open_engine, revision
from retrieval.catalog.schema import HEAD, metadata
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.query import Filters
from retrieval.errors import LibraryDamaged


def tables_of(engine: Engine) -> dict[str, set[str]]:
    """Table -> its columns and constraints as SQLite keeps them, blanks and order aside."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    return {
        name: {part.strip() for part in re.sub(r"\)\s*$", "", sql).replace("\n", " ").split(",")} for name, sql in found
    }


def empty_catalog(home: Path) -> Engine:
    home.mkdir()
    return open_engine(home, write=True)


def later_scripts(tmp_path: Path, body: str) -> Path:
    """The project's migrations and one more, 9999, with this body."""
    scripts = tmp_path / "scripts"
    shutil.copytree(resources.migrations(), scripts)
    head = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "9999"\ndown_revision = "{HEAD}"\n'
    (scripts / "versions" / "9999_more.py").write_text(f"{head}\ndef upgrade():\n    {body}\n")
    return scripts


def created(home: Path) -> Engine:
    engine = empty_catalog(home)
    with catalog_write.transaction(engine) as connection:
        catalog_write.create(connection, "starter")
        catalog_write.add_source(connection, home, ["*.jpg"], [])
    return engine


def test_upgrading_an_empty_catalog_gives_the_tables_that_a_new_one_has(tmp_path: Path) -> None:
    """Create-and-stamp equals upgrade, table by table."""
    upgraded, fresh = empty_catalog(tmp_path / "upgraded"), created(tmp_path / "fresh")
    upgrade(upgraded, tmp_path / "upgraded")
    assert tables_of(fresh) == tables_of(upgraded)


def test_the_newest_migration_is_the_head_of_the_schema(tmp_path: Path) -> None:
    """schema.HEAD names the last file under alembic/versions."""
    newest = max(path.name for path in (resources.migrations() / "versions").glob("[0-9]*.py"))
    assert newest.startswith(f"{HEAD}_")


def test_the_models_equal_the_head() -> None:
    """Every table of schema.py is made by the migrations, and none besides."""
    made = re.findall(
        r"create_table\(\s*['\"](\w+)", "".join(p.read_text() for p in resources.migrations().glob("versions/*.py"))
    )
    assert set(metadata.tables) == set(made)


def test_a_catalog_at_the_head_is_left_alone(tmp_path: Path) -> None:
    """No copy is made and nothing runs."""
    assert upgrade(created(tmp_path / "library"), tmp_path / "library") is None
    assert not list((tmp_path / "library").glob("*.revision-*"))


def test_an_upgrade_keeps_the_rows_and_a_copy(tmp_path: Path) -> None:
    """Rows survive, the revision moves on, and the older catalog lies beside the new one."""
    engine = created(tmp_path / "library")
    scripts = later_scripts(tmp_path, 'op.add_column("sources", sa.Column("note", sa.Text))')
    copy = upgrade(engine, tmp_path / "library", "9999", scripts)
    with engine.connect() as connection:
        assert revision(connection) == "9999"
        assert connection.execute(text("SELECT include, note FROM sources")).one() == ("*.jpg", None)
    assert copy is not None
    (tmp_path / "old").mkdir()
    shutil.copy(copy, layout.catalog(tmp_path / "old"))
    with open_engine(tmp_path / "old").connect() as connection:
        assert revision(connection) == HEAD


def at_revision(home: Path, last: str) -> Engine:
    """An empty catalog as the migrations up to this one make it."""
    engine = empty_catalog(home)
    upgrade(engine, home, last)
    for copy in home.glob("*.revision-*"):
        copy.unlink()
    return engine


VECTORS = """
INSERT INTO spaces(id, name, encoder, revision, dimension, live, generation_id)
VALUES (1, 'shared', 'e', '1', 2, 1, 4), (2, 'sentence', 'e', '1', 2, 1, 5), (3, 'new', 'e', '1', 2, 0, NULL);
INSERT INTO generations(id, space_id, folder, last_vector_id, rows, created_at)
VALUES (4, 1, '000004', 12, 2, '2026-01-01'), (5, 2, '000005', 13, 1, '2026-01-01');
INSERT INTO assets(id, hash, medium, format, bytes, keywords, has_sound, has_pictures, has_subtitles)
VALUES (1, x'01', 'image', 'png', 1, '', 0, 0, 0);
INSERT INTO segments(id, asset_id, step, key, kind) VALUES (1, 1, 'read', 'abc', 'image');
INSERT INTO vectors(id, space_id, segment_id, data)
VALUES (10, 1, 1, x'00'), (12, 1, 1, x'01'), (13, 2, 1, x'02'), (14, 1, 1, x'03'), (15, 3, 1, x'04'), (90, 2, 1, x'05');
DELETE FROM vectors WHERE id = 90;
INSERT INTO deleted_vectors(space_id, id) VALUES (2, 90)
"""


def test_vectors_that_came_after_a_generation_still_do_after_the_upgrade(tmp_path: Path) -> None:
    """From ids to commit numbers: published ones 1, later ones 2, those of a space without a generation are all new."""
    engine = at_revision(tmp_path / "library", "0003")
    with catalog_write.transaction(engine) as connection:
        for statement in VECTORS.split(";"):
            connection.exec_driver_sql(statement)
    upgrade(engine, tmp_path / "library")
    with open_snapshot(engine) as snapshot:
        read = snapshot.vectors
        lives = read.live_spaces()
        assert [(each.id, each.folder, each.last_commit, each.rows) for each in lives] == [
            (1, "000004", 1, 2),
            (2, "000005", 1, 1),
        ]
        assert (read.last_commit(), read.masked(2).tolist()) == (2, [90])
    with catalog_write.transaction(engine) as connection:
        numbers = "SELECT id, data, commit_number FROM vectors ORDER BY id"
        assert [tuple(row) for row in connection.execute(text(numbers))] == [
            (10, b"\0", 1), (12, b"\1", 1), (13, b"\2", 1), (14, b"\3", 2), (15, b"\4", 1),
        ]  # fmt: skip
        assert [each.fresh for each in catalog_read.publishing(connection)] == [1, 0]
        commit = catalog_vectors.next_commit(connection)
        catalog_vectors.put_vectors(connection, 1, [(3, None, np.zeros(2, np.float16))], commit)
        newest = connection.execute(text("SELECT id, commit_number FROM vectors ORDER BY id DESC LIMIT 1")).one()
    assert newest == (91, 3)  # the id of a deleted vector does not come back


DATED = """
INSERT INTO sources(id, root, include, exclude, added_at, offline) VALUES (1, x'2f61', '', '', '2026-01-01', 0);
INSERT INTO assets(id, hash, medium, format, bytes, keywords, has_sound, has_pictures, has_subtitles, taken_at) VALUES
(1, x'01', 'image', 'png', 1, '', 0, 0, 0, '2019-07-14T16:03:11'), (2, x'02', 'image', 'png', 1, '', 0, 0, 0, 'CHANGED'),
(3, x'03', 'image', 'png', 1, '', 0, 0, 0, 'CHANGED'), (4, x'04', 'document', 'pdf', 1, '', 0, 0, 0, '2018-01-01T00:00:00');
INSERT INTO paths(source_id, asset_id, relative, bytes, mtime_ns, ctime_ns, inode) VALUES
(1, 1, CAST('x/a.png' AS BLOB), 1, 1600000000000000000, 1, 1),
(1, 2, CAST('x/b.png' AS BLOB), 1, 1600000000000000000, 1, 1),
(1, 3, CAST('x/IMG-20190713-WA0003.png' AS BLOB), 1, 1600000000000000000, 1, 1),
(1, 4, CAST('x/2017-01-01.pdf' AS BLOB), 1, 1600000000000000000, 1, 1)
"""


def test_dates_of_an_older_catalog_are_read_and_upgraded(tmp_path: Path) -> None:
    """Questions are answered before the upgrade; after it, dates of last changes give way to those in names."""
    engine = at_revision(tmp_path / "library", "0004")
    changed = datetime.fromtimestamp(1_600_000_000).isoformat()
    with catalog_write.transaction(engine) as connection:
        for statement in DATED.replace("CHANGED", changed).split(";"):
            connection.exec_driver_sql(statement)
    with open_snapshot(open_engine(tmp_path / "library")) as snapshot:
        assert snapshot.filters.by_date(Filters()) == [2, 3, 1, 4]
        assert snapshot.filters.by_date(Filters(before="2020")) == [1, 4]
        known = snapshot.assets.by_id([1, 2])
        assert [(each.date, each.date_from) for each in known.values()] == [
            ("2019-07-14T16:03:11", None),
            (changed, None),
        ]
    upgrade(engine, tmp_path / "library")
    with open_snapshot(open_engine(tmp_path / "library")) as snapshot:
        known = snapshot.assets.by_id([1, 2, 3, 4])
    assert [(each.date, each.date_from, each.taken_at) for each in known.values()] == [
        ("2019-07-14T16:03:11", None, "2019-07-14T16:03:11"),
        (changed, "mtime", None),
        ("2019-07-13", "name", None),
        ("2018-01-01T00:00:00", "document", None),
    ]


def test_a_failing_migration_leaves_the_catalog_as_it_was(tmp_path: Path) -> None:
    """The transaction is undone, and the error names the copy."""
    engine = created(tmp_path / "library")
    before = tables_of(engine)
    scripts = later_scripts(tmp_path, 'op.drop_table("runs"); op.execute("SELECT nonsense")')
    with pytest.raises(LibraryDamaged, match="revision-"):
        upgrade(engine, tmp_path / "library", "9999", scripts)
    with engine.connect() as connection:
        assert revision(connection) == HEAD
    assert tables_of(engine) == before


def test_what_was_forgotten_by_a_pattern_is_forgotten_by_its_path_after_the_upgrade(tmp_path: Path) -> None:
    """`forget` wrote /NAME without wildcards; a pattern that fits more stays one."""
    engine = at_revision(tmp_path / "library", "0005")
    patterns = "*.tmp\n/in/b [[]1].png\n/caf?.png\n/only*"
    with catalog_write.transaction(engine) as connection:
        row = "INSERT INTO sources(root, include, exclude, added_at, offline) VALUES (:root, '', :exclude, '', 0)"
        connection.execute(text(row), {"root": b"/media/x", "exclude": patterns})
    upgrade(engine, tmp_path / "library")
    with engine.connect() as connection:
        assert catalog_read.forgotten_paths(connection) == {b"/media/x/in/b [1].png"}
        assert catalog_read.all_sources(connection)[0].exclude == ("*.tmp", "/caf?.png", "/only*")


def test_places_of_an_older_catalog_have_names_after_the_upgrade(tmp_path: Path) -> None:
    """As a filter and among the words; without one nothing is added; before the upgrade a question finds none."""
    engine = at_revision(tmp_path / "library", "0007")
    row = (
        "INSERT INTO assets(id, hash, medium, format, bytes, keywords, has_sound, has_pictures, has_subtitles, latitude, longitude) "
        "VALUES ({0}, x'0{0}', 'image', 'jpeg', 1, '', 0, 0, 0, {1}, {2})"
    )
    with catalog_write.transaction(engine) as connection:
        connection.exec_driver_sql(row.format(1, 60.3913, 5.3221))
        connection.exec_driver_sql(row.format(2, "NULL", "NULL"))
        connection.exec_driver_sql("INSERT INTO asset_words(rowid, words) VALUES (1, 'one'), (2, 'two')")
    with open_snapshot(open_engine(tmp_path / "library")) as snapshot:
        assert list(snapshot.filters.assets(Filters(place="Norway"))) == []
        assert snapshot.assets.by_id([1])[1].facts["place"] is None
    upgrade(engine, tmp_path / "library")
    with open_snapshot(open_engine(tmp_path / "library")) as snapshot:
        assert list(snapshot.filters.assets(Filters(place="Norway"))) == [1]
        assert snapshot.assets.by_id([1])[1].facts["place"] == "Bergen, Vestland, Norway"
    with engine.connect() as connection:
        found = (
            connection.exec_driver_sql("SELECT rowid FROM asset_words WHERE asset_words MATCH 'norge'").scalars().all()
        )
    assert found == [1]
