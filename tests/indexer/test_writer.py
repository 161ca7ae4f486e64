"""A program that fills a library by itself: files and bytes with words of its own, forgetting, cancelling."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer import Options, Writer
from indexer.doctor import examine
from indexer.events import Event, Progress
from indexer.pipeline.stages import BATCH
from retrieval import Library, LibraryError, MediaError
from tests.fakes import FakeProfile
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def writer(world: World) -> Writer:
    return Writer(world.home, options=Options(profile=world.profile, workers=1))


@pytest.fixture
def library(writer: Writer, world: World) -> Iterator[Library]:
    """Opened after a first file was added, and kept open."""
    writer.add_file(world.picture("first.png", "green"))
    with Library.open(world.home, profile=FakeProfile()) as opened:
        yield opened


def found(library: Library, question: str) -> list[str]:
    return [hit.path.name for hit in library.search(question, min_confidence=0.5)]


def test_a_file_is_added_where_it_lies_and_nothing_else(writer: Writer, world: World, library: Library) -> None:
    """Not the files beside it, now or later; what it is called is its content's hash."""
    world.picture("beside.png", "blue")
    digest = writer.add_file(str(world.picture("one.png", "red")))
    assert library.show(digest).asset.paths == (world.media / "one.png",)
    writer.index()
    assert sorted(path.name for each in library.seen().values() for path in each.paths) == ["first.png", "one.png"]
    assert [each.root for each in writer.sources()] == [world.media]
    assert examine(world.home, repair=False) == []


def test_a_file_of_a_followed_folder_is_added_alone(writer: Writer, world: World) -> None:
    """What else changed there waits for the next run."""
    world.picture("old.png")
    writer.index(world.media)
    world.picture("later.png", "blue")
    digest = writer.add_file(world.picture("sub/new.png", "green"))
    with Library.open(world.home, profile=FakeProfile()) as library:
        assert library.show(digest).asset.paths[0].name == "new.png"
        assert len(library.seen()) == 2
        assert writer.index().new == 1
    assert writer.sources()[0].include == ()


def test_own_words_find_a_file(writer: Writer, world: World, library: Library) -> None:
    """Of a picture, in a question's meaning and by the very words; they stay when the file is read again."""
    picture = world.picture("one.png", "red")
    digest = writer.add_file(picture, text="taxes rise next year", keywords=["harbour", "EST-1008"])
    assert found(library, "taxes rise next year")[0] == "one.png"
    assert found(library, "EST-1008") == ["one.png"]
    picture.touch()
    writer.index()
    assert found(library, "EST-1008") == ["one.png"]
    assert [each.segment.text for each in library.show(digest).segments if each.segment.kind == "passage"] == [
        "taxes rise next year",
        "harbour, EST-1008",
    ]
    writer.add_file(picture, keywords="boat")
    assert found(library, "EST-1008") == []
    assert examine(world.home, repair=False) == []


def test_bytes_are_kept_in_the_library(writer: Writer, world: World, library: Library) -> None:
    """Once for each content; a document's own passages stand beside what is said of it; forgetting deletes them."""
    data = world.picture("gone.png", "blue").read_bytes()
    (world.media / "gone.png").unlink()
    digest = writer.add_bytes(data, "sea.png", text="invoice of the boat engine")
    assert writer.add_bytes(data, "sea.png") == digest
    (path,) = library.show(digest).asset.paths
    assert path.is_relative_to(world.home / "added") and path.read_bytes() == data
    note = writer.add_bytes(b"we sail to the island", "note.txt", text="apple tree")
    assert len(library.show(note).segments) == 2
    assert found(library, "invoice of the boat engine")[0] == "sea.png"
    writer.index()
    assert digest in library.seen()
    assert writer.forget(path) == 1
    assert not path.exists()
    with pytest.raises(LibraryError, match="forgotten"):
        writer.add_bytes(data, "sea.png")
    writer.remember(path)
    assert writer.add_bytes(data, "sea.png") == digest


def test_own_words_survive_other_models(writer: Writer, world: World, library: Library) -> None:
    """A rebuild keeps them, and a question finds them by the new vectors."""
    writer.add_file(world.picture("one.png", "red"), text="taxes rise next year")
    writer.rebuild()
    assert found(library, "taxes rise next year")[0] == "one.png"


def test_what_cannot_be_added_is_refused(writer: Writer, world: World, tmp_path: Path) -> None:
    """Each with an error of the family that says why."""
    broken = world.media / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 50)
    with pytest.raises(MediaError, match="was left out") as caught:
        writer.add_file(broken)
    assert caught.value.reason
    with pytest.raises(MediaError, match="no file"):
        writer.add_file(tmp_path / "none.jpg")
    for name in ("", "a/b.png", ".hidden", "..", "a\0b"):
        with pytest.raises(LibraryError, match="is not the name"):
            writer.add_bytes(b"x", name)
    with pytest.raises(LibraryError):
        writer.add_bytes("text", "a.txt")  # type: ignore[arg-type]
    with pytest.raises(LibraryError):
        writer.add_bytes(b"text", "a.txt", text=7)  # type: ignore[arg-type]
    with pytest.raises(LibraryError, match="excluded"):
        writer.add_file(world.picture(".hidden.png"))


def test_a_run_is_cancelled_from_another_thread(world: World) -> None:
    """It ends early, says so, and the next one goes on; without work there is nothing to cancel."""
    many = 3 * BATCH  # so that one batch is not all
    for number in range(many):
        world.picture(f"{'x' * (number + 1)}.png", "red")
    seen: list[Event] = []

    def tell(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progress):
            thread = threading.Thread(target=writer.cancel)
            thread.start()
            thread.join()

    writer = Writer(world.home, options=Options(profile=world.profile, workers=1), on_event=tell)
    writer.cancel()
    stopped = writer.index(world.media)
    assert stopped.stopped and stopped.new < many
    writer._on_event = seen.append
    finished = writer.index()
    assert not finished.stopped and stopped.new + finished.new == many
