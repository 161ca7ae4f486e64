"""Counts and facts of a library, read.

Mutations of retrieval/catalog/status.py that these tests catch: steps that are done counted as pending; files that were
left out forgotten among the skips; failed steps forgotten; skips not by path; all vectors counted as published; spaces
that are being filled shown as live; bytes of the write-ahead log left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.catalog import results
from indexer.catalog import vectors as catalog_vectors
from indexer.catalog import write as catalog_write
from indexer.sources.base import FileState
from retrieval.catalog import layout
from retrieval.catalog.snapshot import open_snapshot
from retrieval.domain.media import Metadata, Space
from retrieval.domain.records import Status
from tests.building import ROOT, Builder, Thing


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """Two pictures, one of them published, a text that failed, a file that was left out, and a space that is filled."""
    built = Builder(tmp_path_factory.mktemp("status") / "library")
    built.add(Thing("b.jpg", Metadata("image"), [("image", "red")]))
    built.publish()
    built.add(Thing("c.jpg", Metadata("image"), [("image", "green")]))
    with catalog_write.transaction(built.engine) as connection:
        thing = Thing("z.txt", Metadata("document"))
        built.write(connection, thing)
        results.want_steps(connection, {3: ["listen", "watch"]})
        catalog_write.fail_step(connection, 3, "watch", "corrupt", "no frames")
        left_out = results.Seen(built.source, b"a.bin", FileState(9, 1, 1, 1), skip=("unsupported", "?"))
        results.put_paths(connection, [left_out])
        catalog_vectors.put_space(connection, Space("shared", "next", "2", 4), live=False)
    yield built
    built.close()


@pytest.fixture
def status(builder: Builder) -> Status:
    """Of that library."""
    with open_snapshot(builder.engine) as snapshot:
        return snapshot.status.report(builder.home)


def test_counts(status: Status) -> None:
    """By medium, by kind, and by step that is still to be done."""
    assert status.media == {"image": 2, "document": 1}
    assert status.segments == {"image": 2}
    assert status.pending == {"listen": 1}
    assert status.skipped == 2
    assert status.profile == "starter"


def test_skips_are_files_and_steps_by_path(builder: Builder) -> None:
    """With their reasons."""
    with open_snapshot(builder.engine) as snapshot:
        found = snapshot.status.skips()
    assert [(each.path.name, each.reason, each.detail) for each in found] == [
        ("a.bin", "unsupported", "?"),
        ("z.txt", "corrupt", "no frames"),
    ]


def test_sources_count_their_files(status: Status) -> None:
    """Those that were left out too."""
    assert [(each.root, each.files, each.offline) for each in status.sources] == [(ROOT, 4, False)]


def test_spaces_tell_what_is_published(status: Status) -> None:
    """A picture came later; the space that is being filled is not searched."""
    assert [(each.revision, each.vectors, each.published, each.live) for each in status.spaces] == [
        ("1", 2, 1, True),
        ("1", 0, 0, True),
        ("2", 0, 0, False),
    ]


@pytest.mark.sqlite
def test_bytes_on_disk(builder: Builder, status: Status) -> None:
    """The catalog with its write-ahead log, and the published files."""
    catalog = layout.catalog(builder.home)
    parts = [catalog, *(catalog.with_name(catalog.name + end) for end in ("-wal", "-shm"))]
    assert status.bytes["catalog"] == sum(each.stat().st_size for each in parts if each.exists())
    assert parts[1].exists()
    files = [each for each in (builder.home / layout.GENERATIONS).rglob("*") if each.is_file()]
    assert status.bytes["generations"] == sum(each.stat().st_size for each in files) > 0


def test_roots_and_facts(builder: Builder) -> None:
    """Folders in the order they were added."""
    with open_snapshot(builder.engine) as snapshot:
        assert snapshot.status.roots() == [ROOT]
        assert snapshot.status.facts()["profile"] == "starter"


@pytest.mark.sqlite
def test_bytes_of_what_is_not_there(tmp_path: Path, builder: Builder) -> None:
    """Nothing."""
    with open_snapshot(builder.engine) as snapshot:
        assert snapshot.status.report(tmp_path).bytes == {"catalog": 0, "generations": 0}
