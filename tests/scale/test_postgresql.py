"""A library whose catalog a PostgreSQL server holds: its writer, its readers, and what happens when the server is away.

The catalog's own tests run on the server as they stand, see `make test-scale`.
"""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from indexer.catalog import write as catalog_write
from indexer.catalog.migrate import upgrade
from indexer.catalog.open import writing
from retrieval import Library, resources
from retrieval.catalog.engine import has_catalog
from retrieval.catalog.schema import HEAD, vectors
from retrieval.catalog.server import connect
from retrieval.domain.media import Metadata
from retrieval.errors import (
    LibraryDamaged,
    LibraryError,
    LibraryLocked,
    LibraryNotFound,
    LibraryTooNew,
    LibraryUnavailable,
)
from tests.building import Builder, Thing
from tests.fakes import FakeProfile
from tests.scale.postgresql import Server, settings

THINGS = (
    Thing("A/Boot.jpg", Metadata("image", date="2020-05-06T10:00:00", camera="Æon X"), [("image", "blue boat")]),
    Thing("A/straße/公园.jpg", Metadata("image", latitude=52.5, longitude=13.4), [("image", "green tree")]),
    Thing("b/notes.txt", Metadata("document", lang="en"), [("passage", "a boat, a boat"), ("passage", "boat house")]),
    Thing("b/公园.txt", Metadata("document", lang="zh"), [("passage", "在公园散步 in the park")]),
    Thing("b/talk.mp3", Metadata("audio", duration_ms=4000), [("speech", "the boats of the harbour")]),
)
QUESTIONS = (
    "boat", "blue boat", '"a boat"', "公园", "公园散步", "boats", "harbor", "park", "boat path:straße", "boat path:b/*.txt",
    "boat media:image", "tree near:52.5,13.4,10km", "boat camera:æon", "boat camera:Æon", "boat after:2020", "park lang:zh", "Boot",
)  # fmt: skip


def library(home: Path, server: Server, schema: str) -> Path:
    """The folder of a library with an empty schema of its own."""
    server.execute(f"CREATE SCHEMA {schema}")
    settings(home, server.url(schema))
    return home


def answers(home: Path) -> list[list[tuple[str, float, list[str]]]]:
    """For each question the assets with confidence and segments."""
    with Library.open(home, profile=FakeProfile()) as opened:
        found = []
        for question in QUESTIONS:
            answer = opened.search(question, min_confidence=0.0)
            found.append([(hit.asset, hit.confidence, [each.id for each in hit.segments]) for hit in answer])
        return found


def test_both_databases_answer_alike(tmp_path: Path, server: Server) -> None:
    """By vectors, words of any script, phrases, filters, other forms of words; to the last digit of each confidence."""
    found = []
    for home in (tmp_path / "file", library(tmp_path / "server", server, "alike")):
        builder = Builder(home)
        builder.add(*THINGS)
        found.append(answers(home))
        builder.publish()
        found.append(answers(home))
        builder.close()
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert sum(map(bool, found[0])) > len(QUESTIONS) // 2


def test_one_writer_at_a_time_whichever_folder_it_uses(tmp_path: Path, server: Server) -> None:
    """Another is told who it is; the lock goes with its connection, and who has lost it cannot commit any more."""
    first, second = library(tmp_path / "first", server, "locked"), tmp_path / "second"
    settings(second, server.url("locked"))
    assert not has_catalog(first)
    with writing(first, "crossmedia index", "starter") as (engine, was_new):
        assert was_new
        with pytest.raises(LibraryLocked, match=r"in use by crossmedia index \(process"), writing(second, "other"):
            pass
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        with writing(second, "other") as (_, is_new):
            assert not is_new
        with pytest.raises(LibraryLocked, match="taken the library over"), catalog_write.transaction(engine) as own:
            catalog_write.set_fact(own, "late", "yes")
    assert server.execute("SELECT count(*) FROM locked.library WHERE key = 'late'") == [(0,)]


def test_a_vector_that_commits_after_later_ones_is_found(tmp_path: Path, server: Server) -> None:
    """Its transaction began first and drew its ids first."""
    home = library(tmp_path / "library", server, "late")
    builder = Builder(home)
    with catalog_write.transaction(builder.engine) as early:
        builder.write(early, Thing("early.jpg", Metadata("image"), [("image", "violet boat")]))
        drawn = early.scalar(text("SELECT max(id) FROM vectors"))
        other = threading.Thread(target=builder.add, args=[THINGS[0]])
        other.start()
        with Library.open(home, profile=FakeProfile()) as before:
            assert not before.search("boat", min_confidence=0.0)
    other.join()
    with builder.engine.connect() as connection:
        rows = connection.execute(vectors.select().order_by(vectors.c.commit_number)).all()
    assert rows[0].id == drawn
    with Library.open(home, profile=FakeProfile()) as after:
        assert len(list(after.search("boat", min_confidence=0.0))) == 2
    builder.close()


def test_a_server_that_sorts_otherwise_is_refused(tmp_path: Path, server: Server) -> None:
    """With what to do."""
    server.execute("CREATE DATABASE other TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'")
    settings(tmp_path, server.url(database="other"))
    with pytest.raises(LibraryError, match=r"C\.UTF-8") as caught:
        Library.open(tmp_path)
    assert "CREATE DATABASE" in caught.value.hint
    with pytest.raises(LibraryError, match=r"C\.UTF-8"), writing(tmp_path, "index"):
        pass


def test_an_empty_database_is_no_library(tmp_path: Path, server: Server) -> None:
    """As an empty folder is none."""
    with pytest.raises(LibraryNotFound):
        Library.open(library(tmp_path / "library", server, "empty"))


def test_questions_go_on_when_the_server_is_back(tmp_path: Path, server: Server) -> None:
    """Until then they fail with what to do; nothing waits for a server that is stopped."""
    builder = Builder(library(tmp_path / "library", server, "stopped"))
    builder.add(*THINGS)
    builder.close()
    with Library.open(builder.home, profile=FakeProfile()) as opened:
        before = opened.search("boat", min_confidence=0.0)
        server.stop()
        try:
            for _ in range(2):
                with pytest.raises(LibraryUnavailable, match="cannot be reached") as caught:
                    opened.search("boat", min_confidence=0.0)
                assert "\n" not in str(caught.value)
            with pytest.raises(LibraryUnavailable, match="cannot be reached"):
                Library.open(builder.home)
        finally:
            server.start()
        after = opened.search("boat", min_confidence=0.0)
        assert [hit.asset for hit in after] == [hit.asset for hit in before]


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_a_writer_that_loses_the_server_leaves_nothing_half_written(tmp_path: Path, server: Server, how: str) -> None:
    """The transaction that was under way is gone, those before it are there, and the next writer goes on."""
    home = library(tmp_path / "library", server, f"halfway_{how}")

    def write() -> None:
        with writing(home, "index", "starter") as (engine, _):
            with catalog_write.transaction(engine) as connection:
                catalog_write.set_fact(connection, "first", "yes")
            with catalog_write.transaction(engine) as connection:
                catalog_write.set_fact(connection, "second", "yes")
                getattr(server, how)()
                catalog_write.set_fact(connection, "third", "yes")

    try:
        with pytest.raises(LibraryUnavailable, match="cannot be reached"):
            write()
    finally:
        server.start()
    with writing(home, "index") as (engine, is_new), engine.connect() as connection:
        assert not is_new
        facts = dict(connection.exec_driver_sql("SELECT key, value FROM library").all())
    assert "first" in facts
    assert facts.keys().isdisjoint({"second", "third"})


def test_connections_are_called_by_their_command(server: Server) -> None:
    """So that whoever administers the server knows them."""
    engine = connect(server.url(), name="crossmedia index", keep=False)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "crossmedia index"


def test_a_library_is_copied_to_a_server_and_back(
    tmp_path: Path, server: Server, samples: Path, sample_library: Path
) -> None:
    """The samples: equal rows, and equal answers to their questions, with filters and keywords among them."""
    from indexer.demo import questions
    from indexer.library_copy import copy_library

    home, back = library(tmp_path / "server", server, "copied"), tmp_path / "back"
    there = copy_library(sample_library, home)
    again = copy_library(home, back)
    assert there.rows == again.rows
    asked = [
        *(each.operand for each in questions()),
        "path:*.jpg",
        "after:2000",
        "media:video",
        '"the"',
        "lighthouse",
        "海",
    ]
    found = []
    for each in (sample_library, home, back):
        with Library.open(each) as opened:
            answered = [opened.search(question, min_confidence=0.0, limit=10) for question in asked]
            found.append(
                [[(hit.asset, hit.confidence, [own.id for own in hit.segments]) for hit in every] for every in answered]
            )
    assert found[0] == found[1] == found[2]


def test_migrations_run_on_the_server(tmp_path: Path, server: Server) -> None:
    """In one transaction: a later one changes a table with its rows; one that fails leaves all as it was."""
    builder = Builder(library(tmp_path / "library", server, "migrated"))
    builder.add(THINGS[0])
    scripts = tmp_path / "scripts"
    shutil.copytree(resources.migrations(), scripts)
    head = f'import sqlalchemy as sa\nfrom alembic import op\nrevision = "9999"\ndown_revision = "{HEAD}"\n'
    adds = '\ndef upgrade():\n    op.add_column("assets", sa.Column("mood", sa.Text(), nullable=True))\n'
    (scripts / "versions" / "9999_more.py").write_text(f"{head}{adds}    op.execute('SELECT 1 FROM fog')\n")
    with pytest.raises(LibraryDamaged, match="cannot be upgraded"):
        upgrade(builder.engine, builder.home, "9999", scripts)
    (scripts / "versions" / "9999_more.py").write_text(
        f"{head}{adds}    op.execute(\"UPDATE assets SET mood = 'fine'\")\n"
    )
    assert upgrade(builder.engine, builder.home, HEAD) is None
    upgrade(builder.engine, builder.home, "9999", scripts)
    assert server.execute("SELECT mood FROM migrated.assets") == [("fine",)]
    assert server.execute("SELECT version_num FROM migrated.alembic_version") == [("9999",)]
    with pytest.raises(LibraryTooNew):
        Library.open(builder.home)
    builder.close()
