"""indexer.pipeline.run: a folder becomes a library, and stays one while the folder changes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import doctor
from indexer.catalog import sources, vectors
from indexer.catalog.open import writing
from indexer.events import Event, Planned, Progress, Skipped
from indexer.pipeline.cost import weight
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from indexer.pipeline.stages import TICK_S
from indexer.rebuild import rebuild, reembed
from retrieval import Library, LibraryError, QueryError
from retrieval.catalog import layout
from retrieval.domain.media import Modality, Space, Vectors
from retrieval.media import fingerprint
from retrieval.settings import LIMITS
from tests.contents import contents
from tests.fakes import FakeEncoder, FakeProfile, colour_name
from tests.world import CountingProfile, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_folder_is_indexed_and_found(world: World) -> None:
    """Pictures by what they show, documents by their words."""
    world.picture("a.png", "red")
    world.picture("b.png", "blue")
    (world.media / "note.txt").write_text("The lighthouse keeper counts ships.", "utf-8")
    finished = world.index()
    assert (finished.indexed, finished.new, finished.skipped, finished.pending) == (3, 3, {}, {})
    assert world.shown("blue")[:1] == ["b.png"]
    assert world.shown("lighthouse")[:1] == ["note.txt"]


def test_a_new_library_has_all_spaces_or_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ends between two of them leaves none: what a library has decides by which models it goes on."""
    put, seen = vectors.put_space, list[str]()

    def second_fails(connection: Any, space: Space, *, live: bool) -> int:
        seen.append(space.name)
        if len(set(seen)) > 1:
            raise OSError("killed")
        return put(connection, space, live=live)

    with monkeypatch.context() as patch:
        patch.setattr(vectors, "put_space", second_fails)
        with pytest.raises(OSError, match="killed"):
            world.index()
    with sqlite3.connect(layout.catalog(world.home)) as catalog:
        assert catalog.execute("SELECT name FROM spaces").fetchall() == []
    catalog.close()
    world.picture("a.png")
    assert world.index().new == 1


def test_an_unchanged_folder_is_not_opened_again(world: World) -> None:
    """A second run has nothing to read and changes nothing."""
    world.picture("a.png")
    world.index()
    before = contents(world.home)
    finished = world.index()
    assert (finished.indexed, finished.new) == (0, 0)
    assert contents(world.home) == before


def test_moved_and_copied_files_cost_no_encoding(world: World) -> None:
    """Their content is known; only the paths change."""
    first = world.picture("a.png")
    world.picture("b.png")
    world.index()
    (world.media / "new").mkdir()
    first.rename(world.media / "new" / "moved.png")
    (world.media / "copy.png").write_bytes((world.media / "b.png").read_bytes())
    finished = world.index()
    assert (finished.new, finished.gone, world.profile.encoded["image"]) == (0, 0, 0)
    paths = sorted(os.path.basename(p) for a in contents(world.home)["assets"].values() for p in a["paths"])
    assert paths == [b"b.png", b"copy.png", b"moved.png"]


def test_a_file_is_not_found_by_the_name_it_had(world: World) -> None:
    """Moving it, or giving the name to other content, takes the old name out of the keywords."""
    world.picture("umbrella.png", "green").rename(world.media / "bicycle.png")
    world.picture("kettle.png", "green")
    world.index()
    (world.media / "bicycle.png").rename(world.media / "anchor.png")
    world.index()
    words = [" ".join(asset["words"]) for asset in contents(world.home)["assets"].values()]
    assert not any("bicycle" in each for each in words)
    assert any("anchor" in each for each in words)


def test_copies_in_one_run_are_encoded_once(world: World) -> None:
    """The second copy waits for the first."""
    original = world.picture("a.png")
    for name in "bcdef":
        (world.media / f"{name}.png").write_bytes(original.read_bytes())
    assert world.index().new == 1
    assert world.profile.encoded["image"] == 1
    assert [len(asset["paths"]) for asset in contents(world.home)["assets"].values()] == [6]


def test_deleted_and_changed_files_are_no_longer_found(world: World) -> None:
    """What was published is masked at once."""
    world.picture("a.png", "green")
    world.picture("b.png", "blue")
    world.picture("c.png", "black")
    world.index()
    (world.media / "a.png").unlink()
    world.picture("b.png", "yellow")
    assert world.index().gone == 2
    assert "a.png" not in world.shown("green")
    assert world.shown("yellow")[:1] == ["b.png"]


def test_a_broken_file_is_a_skip_with_its_reason_and_is_tried_again_when_it_changes(world: World) -> None:
    """The run goes on; the next one does not open it again; a repaired file is indexed."""
    world.picture("good.png")
    broken = world.media / "bad.png"
    broken.write_bytes((world.media / "good.png").read_bytes()[:40])
    finished = world.index()
    assert finished.new == 1
    assert sum(finished.skipped.values()) == 1
    assert [event.path for event in world.events if isinstance(event, Skipped)] == [broken]
    world.index()
    assert not [event for event in world.events if isinstance(event, Skipped)]
    world.picture("bad.png", "blue")
    assert world.index().skipped == {}


class BrokenProfile(CountingProfile):
    """Its encoders give numbers that are none for one colour and one text, and too large ones for another colour."""

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        plain = super().encoder(role, modality)
        return _Broken(plain.space, plain.accepts, plain.form)


@dataclass(frozen=True)
class _Broken(FakeEncoder):
    def encode(self, items: Sequence[Any]) -> Vectors:
        rows = super().encode(items)
        for row, item in zip(rows, items, strict=True):
            named = item if isinstance(item, str) else colour_name(item) if self.accepts == "image" else ""
            if named == "red" or "broken" in named:
                row[3] = np.nan
            if named == "green":
                row[:] *= 1e6
        return rows


def test_a_vector_that_is_no_number_is_left_out_alone(world: World) -> None:
    """Its file is a skip with the reason, found by its name and words as before; all other files keep all they have."""
    world.profile = BrokenProfile()
    for name, colour in (("nan.png", "red"), ("infinite.png", "green"), ("blue.png", "blue")):
        world.picture(name, colour)
    (world.media / "notes.txt").write_text("all is broken here")
    world.events = []
    finished = index_folders(
        [world.media], library=world.home, options=Options(profile=world.profile), on_event=world.events.append
    )
    told = {event.path.name: (event.reason, event.detail) for event in world.events if isinstance(event, Skipped)}
    assert told == dict.fromkeys(
        ["nan.png", "infinite.png", "notes.txt"], ("not encoded", "the encoder gave values that are not finite")
    )
    assert (finished.new, finished.skipped) == (4, {"not encoded": 3})
    assert world.shown("blue") == ["blue.png"]
    assert world.shown("broken")[0] == "notes.txt"
    with sqlite3.connect(layout.catalog(world.home)) as catalog:
        assert catalog.execute("SELECT count(*) FROM segments").fetchone() == (4,)
        assert catalog.execute("SELECT count(*) FROM vectors").fetchone() == (1,)


def test_a_rebuild_ends_and_leaves_out_vectors_that_are_no_numbers(world: World) -> None:
    """Of texts, which are encoded from the catalog, and of pictures."""
    world.picture("nan.png", "red")
    world.picture("blue.png", "blue")
    (world.media / "notes.txt").write_text("all is broken here")
    world.index()
    with writing(world.home, "test", create=False) as (engine, _):
        reembed(engine, BrokenProfile(revision="2"), Options(workers=1), world.events.append)
    told = {event.path.name for event in world.events if isinstance(event, Skipped)}
    assert told == {"nan.png"}
    with sqlite3.connect(layout.catalog(world.home)) as catalog:
        kept = "SELECT kind FROM vectors JOIN segments ON segments.id = segment_id JOIN spaces ON spaces.id = space_id"
        assert catalog.execute(kept + " WHERE revision = '2'").fetchall() == [("image",)]


def test_a_good_rebuild_ends_the_failure_of_a_step(world: World) -> None:
    """What is encoded now is no skip any more; what still is not stays one."""
    good = world.profile
    world.profile = BrokenProfile()
    world.picture("nan.png", "red")
    (world.media / "notes.txt").write_text("all is broken here")
    index_folders([world.media], library=world.home, options=Options(profile=world.profile))
    for profile, failed in ((BrokenProfile(revision="2"), ["nan.png", "notes.txt"]), (good, [])):
        with writing(world.home, "test", create=False) as (engine, _):
            reembed(engine, profile, Options(workers=1), world.events.append)
        with Library.open(world.home, profile=good) as library:
            assert [each.path.name for each in library.skips()] == failed


def test_names_that_are_not_utf8_are_indexed_and_skipped_like_others(world: World) -> None:
    """Their bytes are kept as they are; messages about them show a question mark."""
    name = os.fsdecode(b"caf\xe9")
    world.picture(f"{name}.png", "green")
    (world.media / f"{name} broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    finished = world.index()
    assert (finished.new, sum(finished.skipped.values())) == (1, 1)
    assert world.shown("green") == [f"{name}.png"]


def test_speech_left_out_is_completed_by_a_later_run(world: World) -> None:
    """--no-speech leaves it pending; sound is heard all the same."""
    world.sound("talk.wav")
    assert world.index(speech=False).pending == {"transcribe": 1}
    assert world.profile.encoded["sound"] > 0
    assert world.index().pending == {}
    assert world.shown("hello there")[:1] == ["talk.wav"]


def planned(world: World, **options: Any) -> Planned:
    world.events.clear()
    world.index(dry_run=True, **options)
    return next(event for event in world.events if isinstance(event, Planned))


def test_a_dry_run_makes_no_library_and_tells_what_would_be_done(world: World) -> None:
    """Files for each step, and a time."""
    world.picture("a.png")
    world.sound("b.wav")
    told = planned(world)
    assert told.files == {"read": 2, "watch": 1, "listen": 1, "transcribe": 1, "ocr": 2}
    assert told.seconds > 0
    assert not world.home.exists()


def test_a_dry_run_adds_no_source_and_no_pattern(world: World) -> None:
    """A folder that is only looked at is not followed."""
    world.picture("a.png")
    world.index()
    other = world.media.with_name("other")
    other.mkdir()
    options = Options(profile=world.profile, dry_run=True, exclude=("*.png",))
    index_folders([other, world.media], library=world.home, options=options)
    assert [(source.root, source.exclude) for source in sources.listed(world.home)] == [(world.media, ())]


def test_a_dry_run_counts_what_earlier_runs_have_left(world: World) -> None:
    """Speech that was put off is work; what is done is not."""
    world.picture("a.png")
    world.sound("b.wav")
    world.index(speech=False)
    assert planned(world).files == {"read": 0, "watch": 0, "listen": 0, "transcribe": 1, "ocr": 0}
    assert planned(world, speech=False).files == {"read": 0, "watch": 0, "listen": 0, "ocr": 0}


def test_a_dry_run_heeds_the_patterns_that_are_given(world: World) -> None:
    """They stand for those that the source has."""
    world.picture("a.png")
    world.picture("b.jpg")
    assert planned(world, exclude=("*.png",)).files["read"] == 1


def test_an_unplugged_source_keeps_its_assets(world: World) -> None:
    """Offline is not deleted; the hits are marked."""
    world.picture("a.png", "green")
    world.index()
    world.media.rename(world.media.with_name("away"))
    finished = index_folders(library=world.home, options=Options(profile=world.profile))
    assert finished.gone == 0
    assert "offline" in finished.warnings[0]
    with Library.open(world.home, profile=world.profile) as library:
        assert [hit.offline for hit in library.search("green")] == [True]


def test_a_moved_source_is_found_at_its_new_place(world: World) -> None:
    """`source move` encodes nothing."""
    world.picture("a.png", "green")
    world.index()
    new = world.media.with_name("elsewhere")
    world.media.rename(new)
    sources.move(world.home, world.media, new)
    world.media = new
    assert world.index().new == 0
    assert [path for asset in contents(world.home)["assets"].values() for path in asset["paths"]] == [
        os.fsencode(new / "a.png")
    ]


def test_a_forgotten_file_stays_forgotten(world: World) -> None:
    """No later run reads it."""
    world.picture("a.png", "green")
    world.picture("b [1].png", "blue")
    world.index()
    assert sources.forget(world.home, world.media / "b [1].png") == 1
    assert world.index().new == 0
    assert "b [1].png" not in world.shown("blue")


def test_what_is_forgotten_is_that_file_alone(world: World) -> None:
    """Not all files of its name, in other folders."""
    world.picture("cover.png", "green")
    world.picture("album/cover.png", "blue")
    world.index()
    assert sources.forget(world.home, world.media / "cover.png") == 1
    assert world.index().gone == 0
    assert world.shown("blue") == ["cover.png"]


@pytest.mark.parametrize("name", [b"two\nlines.png", b"caf\xe9.png", b"[a]*?.png", b"folder/-x.png"])
def test_odd_names_stay_forgotten(world: World, name: bytes) -> None:
    """Line ends, bytes that are not UTF-8, and signs that mean something in a pattern."""
    world.picture("kept.png", "green")
    world.picture("lines.png", "blue")
    odd = world.picture("odd.png", "red").rename(world.media / "kept2.png")
    path = world.media / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    odd.rename(path)
    world.index()
    assert sources.forget(world.home, path) == 1
    finished = world.index()
    assert (finished.indexed, finished.gone) == (0, 0)


def test_a_copy_is_shown_at_the_path_that_was_asked_for(world: World) -> None:
    """Also by the end of its path; by its hash at the first."""
    world.picture("a.png", "green")
    shutil.copy(world.media / "a.png", world.media / "b.png")
    world.index()
    with Library.open(world.home, profile=world.profile) as library:
        for name in ("a.png", "b.png"):
            for asked in (world.media / name, name):
                assert next(path.name for path in library.show(asked).asset.paths) == name
        assert len(library.show(library.show("a.png").asset.hash).asset.paths) == 2


def test_a_copy_is_forgotten_at_its_place_alone(world: World) -> None:
    """One file is forgotten though its content stays known."""
    world.picture("a.png", "green")
    shutil.copy(world.media / "a.png", world.media / "b.png")
    world.index()
    assert sources.forget(world.home, world.media / "a.png") == 1
    assert world.shown("green") == ["b.png"]


def test_what_lies_in_an_inner_source_is_forgotten_there(world: World) -> None:
    """The outer source does not own it."""
    world.picture("in/a.png", "green")
    both = [world.media, world.media / "in"]
    index_folders(both, library=world.home, options=Options(profile=world.profile))
    assert sources.forget(world.home, world.media / "in" / "a.png") == 1


def test_a_file_is_forgotten_by_a_path_through_a_link(world: World) -> None:
    """Sources are kept by where they really are."""
    world.picture("a.png", "green")
    world.index()
    world.media.with_name("link").symlink_to(world.media)
    assert sources.forget(world.home, world.media.with_name("link") / "a.png") == 1


def test_forgetting_what_is_not_there_is_an_error(world: World) -> None:
    """And notes nothing."""
    world.picture("a.png", "green")
    world.index()
    with pytest.raises(QueryError, match="nothing of the library lies at"):
        sources.forget(world.home, world.media / "b.png")
    assert sources.all_forgotten(world.home) == []


def test_a_library_inside_its_own_source_does_not_index_itself(world: World) -> None:
    """Its folder is left out."""
    world.home = world.media / "library"
    world.picture("a.png")
    assert world.index().new == 1
    assert world.index().new == 0


def test_overlapping_sources_hold_each_file_once(world: World) -> None:
    """The inner source owns what lies in it."""
    world.picture("in/a.png")
    world.picture("b.png")
    both = [world.media, world.media / "in"]
    index_folders(both, library=world.home, options=Options(profile=world.profile))
    assert sorted(len(asset["paths"]) for asset in contents(world.home)["assets"].values()) == [1, 1]


def test_another_profile_is_refused_with_the_command_that_changes_it(world: World) -> None:
    """A library speaks one profile; rebuild brings another."""
    world.picture("a.png")
    world.index()
    with pytest.raises(LibraryError, match="rebuild --profile clip"):
        index_folders([world.media], library=world.home, options=Options(profile="clip"))


def test_weights_of_another_revision_are_refused_until_all_is_encoded_anew(world: World) -> None:
    """Else new files would be in a space of their own, and the old ones no longer be found."""
    world.picture("a.png")
    world.index()
    world.picture("bb.png")
    world.profile = CountingProfile(said="hello there", revision="2")
    with pytest.raises(LibraryError, match=r"rebuild --profile \w+ encodes it anew"):
        world.index()
    with writing(world.home, "test", create=False) as (engine, _):
        reembed(engine, world.profile, Options(workers=1), world.events.append)
    assert world.index().new == 1


def test_rebuild_restores_deleted_index_files(world: World) -> None:
    """The same vectors are found, from the catalog alone: the media are gone."""
    for name in ("a.png", "b.png", "c.png"):
        world.picture(name, "green")
    world.index()
    before = contents(world.home)["spaces"]
    for file in (world.home / layout.GENERATIONS).rglob("*.*"):
        if file.is_file():
            file.unlink()
    assert doctor.examine(world.home)
    for file in world.media.iterdir():
        file.unlink()
    rebuild(world.home)
    assert contents(world.home)["spaces"] == before


def test_doctor_finds_nothing_in_a_fresh_library(world: World) -> None:
    """But what the installation itself lacks."""
    world.picture("a.png")
    (world.media / "note.txt").write_text("Nothing to see here.", "utf-8")
    world.index()
    assert [each.what for each in doctor.examine(world.home) if "FAISS is not installed" not in each.what] == []


def test_a_file_that_shows_no_sign_of_life_is_a_skip(world: World) -> None:
    """The limit is on progress; here it is shorter than any decoder's start."""
    world.picture("a.png")
    finished = world.index(limits=replace(LIMITS, progress_s=0.001))
    assert finished.skipped == {"too slow": 1}


def fingerprints_of(world: World) -> dict[str, list[tuple[int | None, bytes]]]:
    """Segment key -> its fingerprints."""
    found: dict[str, list[tuple[int | None, bytes]]] = {}
    with sqlite3.connect(layout.catalog(world.home)) as catalog:
        for key, at_ms, data in catalog.execute(
            "SELECT key, at_ms, data FROM imprints JOIN segments ON segments.id = segment_id ORDER BY key, at_ms"
        ):
            found.setdefault(key, []).append((at_ms, data))
    catalog.close()
    return found


def test_pictures_and_sounds_have_fingerprints_that_go_with_them(world: World) -> None:
    """One for each view; none is left when the file is gone."""
    world.picture("one.png")
    sound = world.sound("two.wav")
    world.index()
    sizes = sorted(len(data) for each in fingerprints_of(world).values() for _, data in each)
    assert sizes == sorted(
        [fingerprint.BYTES, 4 * len(fingerprint.sound_fingerprint(np.zeros(4 * 16_000, np.float32), 16_000))]
    )
    sound.unlink()
    world.index()
    assert [len(data) for ((_, data),) in fingerprints_of(world).values()] == [fingerprint.BYTES]


def test_fingerprints_of_an_older_library_are_added_without_encoding(world: World) -> None:
    """A library from before there were fingerprints gets them by the next run, and no model is asked."""
    world.picture("one.png")
    world.sound("two.wav")
    world.index()
    before = fingerprints_of(world)
    with sqlite3.connect(layout.catalog(world.home)) as catalog:
        catalog.execute("DELETE FROM imprints")
    catalog.close()
    world.index()
    assert fingerprints_of(world) == before and len(before) == 2
    assert world.profile.encoded == {"text": 0, "image": 0, "sound": 0}


def test_pictures_and_videos_share_one_estimate_of_time() -> None:
    """A picture is worth two seconds of a video where text is read; files are counted where facts are."""
    assert weight("ocr", None) == weight("ocr", 2_000)
    assert weight("ocr", 60_000) == 30 * weight("ocr", None)
    assert weight("read", 60_000) == weight("read", None)
    assert weight("watch", 60_000) == 60_000


def test_a_file_that_goes_away_meanwhile_is_no_skip_and_is_done_when_it_is_back(world: World) -> None:
    """A disk is pulled between two steps: what was read stays, and the step that failed is still pending."""
    sound = world.sound("talk.wav")
    held = sound.read_bytes()

    def lose(event: Event) -> None:
        if isinstance(event, Progress) and event.step == "read" and event.done == event.total:
            sound.unlink(missing_ok=True)

    options = Options(profile=world.profile, workers=1)
    finished = index_folders([world.media], library=world.home, options=options, on_event=lose)
    assert (finished.indexed, finished.skipped) == (1, {})
    assert "listen" in finished.pending
    sound.write_bytes(held)
    finished = world.index()
    assert (finished.skipped, finished.pending) == ({}, {})
    assert world.shown("hello there")[:1] == ["talk.wav"]


def test_what_is_no_folder_is_refused_by_what_it_is(world: World) -> None:
    """A path that is not there, a file among the folders, and a file where the library shall be."""
    file = world.picture("a.png")
    for folder, library, said in (
        (world.media / "nowhere", world.home, "there is no folder"),
        (file, world.home, "is not a folder"),
        (world.media, file, "is a file"),
    ):
        with pytest.raises(LibraryError, match=said):
            index_folders([folder], library=library, options=Options(profile=world.profile))


@dataclass(frozen=True)
class _Slow(FakeEncoder):
    """Takes longer than the longest silence of a run, so that progress is told before it is done."""

    def encode(self, items: Sequence[Any]) -> Vectors:
        time.sleep(3 * TICK_S)
        return super().encode(items)


class SlowProfile(FakeProfile):
    """A profile of slow encoders."""

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        plain = super().encoder(role, modality)
        return _Slow(plain.space, plain.accepts, plain.form)


def test_a_run_that_is_stopped_tells_what_it_did_not_read(world: World) -> None:
    """Files that were not come to are left for a later run, which reads them."""
    for name in ("a.png", "bb.png", "ccc.png"):
        world.picture(name)

    def stop(event: Event) -> None:
        if isinstance(event, Progress) and event.step == "read" and event.done < event.total:
            raise KeyboardInterrupt

    options = Options(profile=SlowProfile(said="hello there"), workers=1)
    finished = index_folders([world.media], library=world.home, options=options, on_event=stop)
    assert finished.stopped
    assert finished.pending["read"] == 3 - finished.indexed > 0
    finished = world.index()
    assert "read" not in finished.pending
    assert len(world.shown("red")) == 3
