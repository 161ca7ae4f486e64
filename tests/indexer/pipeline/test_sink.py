"""indexer.pipeline.sink: results become rows, whole or not at all, and content is read once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event, text

from indexer.catalog import write as catalog_write
from indexer.catalog.open import writing
from indexer.catalog.vectors import Encoded
from indexer.events import Event, Skipped
from indexer.pipeline.sink import Origin, Sink, dated
from indexer.pipeline.spool import LEAST, Spool, digest
from indexer.pipeline.stages import Job, Result
from indexer.pipeline.steps import task_of
from indexer.sources.base import Candidate, FileState
from retrieval.domain.media import ImageSpec, Metadata, Segment
from retrieval.media.hashing import VANISHED
from retrieval.media.worker import Failure, Identity
from retrieval.settings import LIMITS
from tests.fakes import FakeTranscriber


class World:
    """A library held for writing, a source, a sink, and what it told."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine, self.root = engine, root
        self.events: list[Event] = []
        with catalog_write.transaction(engine) as connection:
            self.source = catalog_write.add_source(connection, root, (), ())
        self.sink = self.new_sink()

    def new_sink(self) -> Sink:
        return Sink(self.engine, lambda: FakeTranscriber("hello"), self.events.append)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def result(self, name: str, content: bytes | None = None, **values: Any) -> Result:
        """A file's result: identified by `content`, or not identified."""
        path = self.root / name
        path.write_bytes(content or b"")
        candidate = Candidate(os.fsencode(name), FileState(7, 1_600_000_000 * 10**9, 2, 3))
        job = Job(task_of("read", path, None, ImageSpec(32), LIMITS), Origin(self.source, candidate))
        return Result(job, identity(content) if content else None, **values)

    def picture(self, name: str, content: bytes, **metadata: Any) -> Result:
        """A new picture that was read."""
        return self.result(
            name, content, facts=Metadata("image", **metadata), encoded=[Encoded(Segment("image"))]
        )  # fmt: skip


def identity(content: bytes) -> Identity:
    return Identity(hashlib.blake2b(content, digest_size=32).digest(), "image", "jpeg")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "media").mkdir()
    with writing(tmp_path / "library", "test") as (engine, _):
        yield World(engine, tmp_path / "media")


def test_content_is_new_once(world: World) -> None:
    """In one run, and in the next one where it is in the catalog."""
    assert world.sink.is_new(identity(b"a"))
    assert not world.sink.is_new(identity(b"a"))
    world.sink.write([world.picture("a.jpg", b"a")])
    assert not world.new_sink().is_new(identity(b"a"))
    assert world.new_sink().is_new(identity(b"b"))


def test_a_new_picture_is_written_with_its_segment_path_and_steps(world: World) -> None:
    """`read` is done, text in pictures is still to be read, the file counts as new."""
    world.sink.write([world.picture("a.jpg", b"a", title="A cat")])
    assert world.rows("SELECT medium, title FROM assets") == [("image", "A cat")]
    assert world.rows("SELECT kind, step FROM segments") == [("image", "read")]
    assert world.rows("SELECT relative, bytes, skip_reason FROM paths") == [(b"a.jpg", 7, None)]
    assert world.rows("SELECT step, state FROM steps ORDER BY step") == [("ocr", "pending"), ("read", "done")]
    assert (world.sink.indexed, world.sink.new) == (1, 1)


def test_a_file_without_a_date_gets_its_own_time(world: World) -> None:
    """The local time of its last change; a date of its own stays."""
    world.sink.write([world.picture("a.jpg", b"a"), world.picture("b.jpg", b"b", date="2019-07-14T16:03:11")])
    dates = [row[0] for row in world.rows("SELECT date FROM assets ORDER BY id")]
    assert dates[0].startswith("2020-09-1")
    assert dates[1] == "2019-07-14T16:03:11"


def test_a_date_in_the_name_counts_before_the_time_of_the_file() -> None:
    """In the file's own name: that of its folder may mean anything."""
    own = dated(Metadata("image"), "trip/IMG_20190714_160311.jpg", 10**18)
    assert (own.date, own.date_from) == ("2019-07-14T16:03:11", "name")
    assert dated(Metadata("image"), "2019-07-14/a.jpg", 10**18).date_from == "mtime"


def test_a_copy_waits_for_the_content_that_is_being_read(world: World) -> None:
    """Whichever result comes first: two paths, one asset."""
    world.sink.write([world.result("copy.jpg", b"a", is_known=True)])
    assert world.rows("SELECT relative FROM paths") == []
    world.sink.write([world.picture("a.jpg", b"a")])
    assert world.rows("SELECT relative FROM paths ORDER BY relative") == [(b"a.jpg",), (b"copy.jpg",)]
    assert len(world.rows("SELECT DISTINCT asset_id FROM paths")) == 1
    assert (world.sink.indexed, world.sink.new) == (2, 1)


def test_every_copy_that_waits_gets_its_path(world: World) -> None:
    """However many there are; later ones are linked at once."""
    world.sink.write([world.result(f"{n}.jpg", b"a", is_known=True) for n in range(3)])
    world.sink.write([world.picture("a.jpg", b"a"), world.result("later.jpg", b"a", is_known=True)])
    assert len(world.rows("SELECT relative FROM paths WHERE asset_id IS NOT NULL")) == 5
    assert (world.sink.indexed, world.sink.new) == (5, 1)


def test_files_that_are_still_to_come_are_counted_down(world: World) -> None:
    """By files alone: a later step of an asset is none."""
    with catalog_write.transaction(world.engine) as connection:
        world.sink.set_unread(connection, 5)
    world.sink.write([world.picture("a.jpg", b"a"), world.picture("b.jpg", b"b")])
    ((asset, content),) = world.rows("SELECT id, hash FROM assets ORDER BY id LIMIT 1")
    job = Job(task_of("ocr", world.root / "a.jpg", "image", None, LIMITS), Origin(asset_id=asset, hash=content))
    world.sink.write([Result(job)])
    assert world.rows("SELECT value FROM library WHERE key = 'unread'") == [("3",)]
    world.sink.write([world.picture(f"{name}.jpg", name.encode()) for name in "cdef"])
    assert world.rows("SELECT value FROM library WHERE key = 'unread'") == [("0",)]


def test_what_was_kept_of_a_half_read_document_goes_with_its_result(world: World, tmp_path: Path) -> None:
    """It is in the catalog then."""
    spool = Spool(tmp_path / "partial", b"a", 1, 4)
    spool.add([(digest(str(at)), np.ones(4, np.float16)) for at in range(LEAST)])
    assert len(spool.known()) == LEAST
    result = world.picture("a.jpg", b"a")
    result.spool = spool, {}
    world.sink.write([result])
    assert not spool.known()


def test_a_copy_of_broken_content_is_left_out_for_the_same_reason(world: World) -> None:
    """Whether it came before or after."""
    broken = Failure("damaged", "no picture")
    world.sink.write([world.result("before.jpg", b"a", is_known=True), world.result("a.jpg", b"a", failure=broken)])
    world.sink.write([world.result("after.jpg", b"a", is_known=True)])
    assert world.rows("SELECT relative, skip_reason, skip_detail FROM paths ORDER BY relative") == [
        (name, "damaged", "no picture") for name in (b"a.jpg", b"after.jpg", b"before.jpg")
    ]
    assert [event.reason for event in world.events if isinstance(event, Skipped)] == ["damaged"] * 3


def test_a_file_whose_vector_is_missing_is_kept_and_its_step_failed(world: World) -> None:
    """Found by its name; the reason stands beside the step."""
    world.sink.write([world.picture("a.jpg", b"a"), world.picture("b.jpg", b"b")])
    failed = world.picture("c.jpg", b"c")
    failed.unencoded = Failure("not encoded", "not finite")
    world.sink.write([failed])
    states = world.rows("SELECT state, reason FROM steps WHERE step = 'read' ORDER BY asset_id")
    assert states == [("done", None), ("done", None), ("failed", "not encoded")]
    assert [event.reason for event in world.events if isinstance(event, Skipped)] == ["not encoded"]


def test_a_file_that_went_away_is_told_and_not_remembered(world: World) -> None:
    """It is no fault of the file: the next run sees it again, if it is there."""
    result = world.result("a.jpg", b"a", failure=Failure("damaged", "cut short"))
    result.job.task.path.unlink()
    world.sink.write([result])
    assert world.rows("SELECT relative FROM paths") == []
    assert [event.reason for event in world.events if isinstance(event, Skipped)] == [VANISHED]


def test_a_batch_is_written_whole_or_not_at_all(world: World) -> None:
    """An error in the second result takes the first one with it."""
    good, bad = world.picture("a.jpg", b"a"), world.picture("b.jpg", b"b")
    bad.encoded[0].vectors.append((999, None, None))  # type: ignore[arg-type]  no such space, and no vector
    with pytest.raises(Exception, match=r".+"):
        world.sink.write([good, bad])
    assert world.rows("SELECT * FROM assets") == []


def test_a_step_replaces_what_it_gave_before_and_notes_who_heard_it(world: World) -> None:
    """The revision of the transcriber stands beside the step; a failed step keeps its reason."""
    world.sink.write([world.picture("a.jpg", b"a")])
    ((asset, digest),) = world.rows("SELECT id, hash FROM assets")
    origin = Origin(asset_id=asset, hash=digest)
    path = world.root / "a.jpg"

    def told(step: str, **values: Any) -> Result:
        return Result(Job(task_of(step, path, "image", None, LIMITS), origin), **values)

    for word in ("one", "two"):
        world.sink.write([told("transcribe", encoded=[Encoded(Segment("speech", text=word))])])
    world.sink.write([told("ocr", failure=Failure("too large", "9 GB"))])
    assert world.rows("SELECT text FROM segments WHERE kind = 'speech'") == [("two",)]
    assert world.rows("SELECT step, state, reason, revision FROM steps ORDER BY step") == [
        ("ocr", "failed", "too large", None), ("read", "done", None, None), ("transcribe", "done", None, "fake 1")
    ]  # fmt: skip


def test_a_batch_takes_as_many_statements_as_a_file(world: World) -> None:
    """New pictures, copies, failures and later steps: SQLite is asked no more often for many of each than for one."""

    def batch(name: str, count: int) -> list[Result]:
        names = [f"{name}{number}" for number in range(count)]
        new = [world.picture(f"{each}.jpg", each.encode()) for each in names]
        copies = [world.result(f"{each}-copy.jpg", each.encode(), is_known=True) for each in names]
        failed = [world.result(f"{each}.bin", failure=Failure("damaged", "?")) for each in names]
        return [*new, *copies, *failed]

    def statements(results: list[Result]) -> int:
        asked: list[str] = []
        listener = lambda *given: asked.append(given[2])  # noqa: E731
        event.listen(world.engine, "before_cursor_execute", listener)
        world.sink.write(results)
        event.remove(world.engine, "before_cursor_execute", listener)
        return len(asked)

    assert statements(batch("many", 20)) == statements(batch("one", 1))
    assert world.rows("SELECT count(*) FROM paths") == [(63,)]
    (asset, digest), *_ = world.rows("SELECT id, hash FROM assets")
    assert world.rows("SELECT count(*) FROM segments") == [(21,)]
    again = Job(task_of("ocr", world.root / "many0.jpg", "image", None, LIMITS), Origin(0, None, asset, digest))
    lines = [Encoded(Segment("text_line", text=f"line {number}")) for number in range(30)]
    world.sink.write([Result(again, encoded=lines)])
    assert statements([Result(again, encoded=lines)]) == statements([Result(again, encoded=lines[:1])])
