"""A library copied: equal in all that it holds and answers, also after it was stopped in the middle.

Mutations of indexer/library_copy.py and indexer/catalog/copy.py that these tests catch: the last part left out; parts
copied twice after a stop; files of published indexes left out; the next id taken from the greatest one; the source of
handed-over files left where it was; digests not compared.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from indexer import library_copy
from indexer.catalog import copy, results
from indexer.catalog import write as catalog_write
from indexer.library_copy import copy_library
from retrieval import Library
from retrieval.catalog.engine import open_engine
from retrieval.domain.media import Metadata
from retrieval.errors import LibraryDamaged, LibraryError, LibraryNotFound
from tests.building import Builder, Thing
from tests.fakes import FakeProfile

QUESTIONS = ("boat", "blue boat", "公园", "boat media:image")


def made(home: Path) -> Builder:
    """A library of six assets: a published index, a fresh and a deleted vector, tags, a file that was handed over."""
    builder = Builder(home)
    builder.add(*(Thing(f"{at}.jpg", Metadata("image"), [("image", f"boat {at}")]) for at in range(4)))
    builder.publish()
    builder.add(Thing("公园.txt", Metadata("document"), [("passage", "在公园散步"), ("passage", "a blue boat")]))
    builder.add(Thing("last.jpg", Metadata("image"), [("image", "fog")]))
    builder.forget("3.jpg")
    builder.forget("last.jpg")
    with catalog_write.transaction(builder.engine) as connection:
        catalog_write.set_fact(connection, "kept", '["starter"]')
        catalog_write.add_source(connection, (home / "added").resolve(), [], [])
    (home / "added" / "0a").mkdir(parents=True)
    (home / "added" / "0a" / "note.txt").write_text("fog")
    (home / "tags.txt").write_text("lighthouse\n")
    return builder


def answers(home: Path) -> list[list[tuple[str, float, list[str]]]]:
    """For each question the assets with confidence and segments."""
    with Library.open(home, profile=FakeProfile()) as opened:
        found = [opened.search(question, min_confidence=0.0) for question in QUESTIONS]
        return [[(hit.asset, hit.confidence, [each.id for each in hit.segments]) for hit in each] for each in found]


def told(home: Path) -> list[tuple[str, int, str]]:
    engine = open_engine(home)
    with engine.connect() as connection:
        found = list(copy.digests(connection, (b"", b"")))
    engine.dispose()
    return [each for each in found if each[0] != "sources"]  # one of them lies in the library


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "ROWS", 2)


def test_a_copy_holds_and_answers_the_same(tmp_path: Path) -> None:
    """All tables, indexes, files; the origin is as it was; ids go on behind the greatest that was ever given."""
    builder = made(tmp_path / "from")
    before = told(builder.home)
    copied = copy_library(builder.home, tmp_path / "to")
    assert not copied.resumed
    assert copied.rows["assets"] == 4
    assert told(tmp_path / "to") == before == told(builder.home)
    assert answers(tmp_path / "to") == answers(builder.home)
    assert all(answers(builder.home)[:3])
    assert (tmp_path / "to" / "tags.txt").read_text() == "lighthouse\n"
    assert (tmp_path / "to" / "added" / "0a" / "note.txt").read_text() == "fog"
    with Library.open(tmp_path / "to", profile=FakeProfile()) as opened:
        assert (tmp_path / "to" / "added").resolve() in opened.roots()
        assert opened._in_snapshot(lambda own: own.index.spaces["shared"].generation is not None)
    next_ids = [added(builder.home), added(tmp_path / "to")]
    assert next_ids[0] == next_ids[1] > 6
    builder.close()


def added(home: Path) -> int:
    """The id of an asset that is added now."""
    engine = open_engine(home, write=True)
    with catalog_write.transaction(engine) as connection:
        (asset,) = results.put_assets(connection, [results.NewAsset(bytes(32), 1, Metadata("image"))])
    engine.dispose()
    return asset


@pytest.mark.parametrize("stop", [1, 3, 7, 9, 12])
def test_a_copy_that_was_stopped_goes_on(tmp_path: Path, stop: int) -> None:
    """After any part; none is copied twice."""
    builder = made(tmp_path / "from")
    parts: list[tuple[str, int]] = []

    def tell(name: str, rows: int) -> None:
        parts.append((name, rows))
        if len(parts) == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_library(builder.home, tmp_path / "to", tell)
    copied = copy_library(builder.home, tmp_path / "to", tell)
    assert copied.resumed
    assert told(tmp_path / "to") == told(builder.home)
    counts = {name: sum(rows for own, rows in parts if own == name) for name, _ in parts}
    assert counts == {name: rows for name, rows in copied.rows.items() if rows and name != "library"}
    builder.close()


def test_a_copy_of_another_state_begins_anew(tmp_path: Path) -> None:
    """What was copied of the older one goes."""
    builder = made(tmp_path / "from")

    def stop(name: str, _: int) -> None:
        if name == "segments":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_library(builder.home, tmp_path / "to", stop)
    builder.forget("0.jpg")
    assert not copy_library(builder.home, tmp_path / "to").resumed
    assert told(tmp_path / "to") == told(builder.home)
    builder.close()


def test_a_library_is_not_written_over(tmp_path: Path) -> None:
    """Nor is nothing copied."""
    builder = made(tmp_path / "from")
    copy_library(builder.home, tmp_path / "to")
    with pytest.raises(LibraryError, match="a library already"):
        copy_library(builder.home, tmp_path / "to")
    with pytest.raises(LibraryNotFound):
        copy_library(tmp_path / "none", tmp_path / "other")
    builder.close()


def test_what_arrives_otherwise_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the table that differs."""
    builder = made(tmp_path / "from")
    files = library_copy._copy_files

    def damaging(origin: Path, target: Path) -> tuple[bytes, bytes]:
        engine = open_engine(target, write=True)
        with catalog_write.transaction(engine) as connection:
            connection.execute(text("UPDATE assets SET title = 'x' WHERE id = 1"))
        engine.dispose()
        return files(origin, target)

    monkeypatch.setattr(library_copy, "_copy_files", damaging)
    with pytest.raises(LibraryDamaged, match="differs in assets"):
        copy_library(builder.home, tmp_path / "to")
    builder.close()
