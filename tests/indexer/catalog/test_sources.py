"""indexer.catalog.sources: what was forgotten stays so, patterns add up, and no folder takes what another still holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.catalog import sources
from indexer.events import Filtered, Planned
from indexer.pipeline.options import Options
from indexer.pipeline.progress import planned_lines
from indexer.pipeline.run import index_folders
from retrieval import LibraryError, QueryError
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two pictures, one of them in a folder."""
    made = World(tmp_path)
    made.picture("a.png", "green")
    made.picture("in/b.png", "blue")
    made.index()
    return made


def update(world: World, **options: object) -> None:
    """Indexes all sources, none being named."""
    chosen = Options(profile=world.profile, workers=1, **options)  # type: ignore[arg-type]
    index_folders(library=world.home, options=chosen, on_event=world.events.append)


# ---------------------------------------------------------------- forgetting


@pytest.mark.parametrize("forgotten", ["in", "in/b.png"])
def test_nothing_forgotten_comes_back_by_any_command(world: World, forgotten: str) -> None:
    """Not by patterns, nor by sources that are removed, added, moved or laid around the folder."""
    sources.forget(world.home, world.media / forgotten)
    for again in (
        lambda: world.index(exclude=("*.tmp",)),
        lambda: world.index(include=("*.png",)),
        lambda: sources.edit_patterns(world.home, world.media, exclude=["*.tmp"], drop=True),
        lambda: sources.remove(world.home, world.media),
        lambda: world.index(world.media.parent),
        lambda: sources.remove(world.home, world.media.parent),
        world.index,
    ):
        again()
        update(world)
        assert "in/b.png" not in world.names()
    assert [each.path for each in sources.all_forgotten(world.home)] == [world.media / forgotten]
    moved = world.media.rename(world.media.with_name("moved"))
    sources.move(world.home, world.media, moved)
    world.media = moved
    update(world)
    assert world.names() == ["a.png"]


def test_what_was_forgotten_is_taken_back_by_its_path_or_name(world: World) -> None:
    """And read again by the next run."""
    sources.forget(world.home, world.media / "in")
    with pytest.raises(QueryError, match="was not forgotten"):
        sources.remember(world.home, world.media / "a.png")
    with pytest.raises(QueryError, match=f"it lies in {world.media / 'in'}"):
        sources.remember(world.home, world.media / "in" / "b.png")
    assert sources.remember(world.home, Path("in")) == world.media / "in"
    assert sources.all_forgotten(world.home) == []
    assert world.index().indexed == 1
    assert world.names() == ["a.png", "in/b.png"]


def test_a_forgotten_folder_is_not_followed_by_name(world: World) -> None:
    """The command that takes it back is named; a source that was forgotten as a whole is one."""
    sources.forget(world.home, world.media)
    with pytest.raises(LibraryError, match=f"crossmedia forget --undo {world.media} "):
        world.index(world.media / "in")
    assert sources.listed(world.home) == []


@pytest.mark.parametrize("above", [False, True])
def test_a_forgotten_source_of_the_settings_file_stays_so(world: World, above: bool) -> None:
    """Runs say so and go on with the others; a dry run counts none of its files; it comes back when that is undone."""
    world.home.joinpath("crossmedia.toml").write_text(f'sources = ["{world.media}"]\n')
    place = world.media.parent if above else world.media
    sources.forget(world.home, place)
    other = (
        world.home.with_name("other") if not above else world.home.parent.with_name(f"{world.home.parent.name}-other")
    )
    other.mkdir()
    finished = world.index(other)
    assert [each for each in finished.warnings if f"--undo {place} " in each and "crossmedia.toml" in each]
    world.index(other, dry_run=True)
    assert not any(sum(each.files.values()) for each in world.events if isinstance(each, Planned))
    with pytest.raises(LibraryError, match="was forgotten"):
        world.index(world.media, dry_run=True)
    assert [each.root for each in sources.listed(world.home)] == [other]
    assert world.names() == []
    sources.remember(world.home, place)
    update(world)
    assert world.names() == ["a.png", "in/b.png"]


def test_forgetting_a_folder_forgets_the_sources_in_it(world: World) -> None:
    """The inner source owns its files, and is gone with them."""
    world.index(world.media / "in")
    assert sources.forget(world.home, world.media / "in") == 1
    update(world)
    assert world.names() == ["a.png"]
    assert [each.root for each in sources.listed(world.home)] == [world.media]


def test_a_bare_name_is_forgotten_where_one_file_has_it(world: World) -> None:
    """Where several have it, they are listed and nothing is forgotten."""
    world.picture("other/b.png", "red")
    world.index()
    with pytest.raises(QueryError, match=r"2 files are named b\.png") as error:
        sources.forget(world.home, Path("b.png"))
    assert str(world.media / "in" / "b.png") in error.value.hint
    assert sources.forget(world.home, Path("a.png")) == 1
    assert world.names() == ["in/b.png", "other/b.png"]


# ---------------------------------------------------------------- patterns


def test_patterns_add_up_and_each_change_is_told(world: World) -> None:
    """A second --exclude does not undo the first; one that is there already is no change."""
    world.index(exclude=("x*",))
    world.index(exclude=("y*", "x*"))
    told = [each for each in world.events if isinstance(each, Filtered)]
    assert told == [Filtered(world.media, (), ("y*",))]
    assert sources.listed(world.home)[0].exclude == ("x*", "y*")


def test_patterns_without_a_folder_are_for_all_sources(world: World) -> None:
    """Nothing is ignored in silence."""
    other = world.media.with_name("other")
    other.mkdir()
    world.index(other)
    update(world, exclude=("b.png",))
    assert [each.exclude for each in sources.listed(world.home)] == [("b.png",)] * 2
    assert world.names() == ["a.png"]


def test_patterns_are_edited(world: World) -> None:
    """Added and taken away by name; a name that is not there is an error."""
    sources.edit_patterns(world.home, world.media, exclude=["b*", "c*"])
    assert sources.edit_patterns(world.home, world.media, exclude=["b*"]).exclude == ()
    sources.edit_patterns(world.home, world.media, exclude=["b*"], drop=True)
    sources.edit_patterns(world.home, world.media, include=["*.png"])
    (source,) = sources.listed(world.home)
    assert (source.include, source.exclude) == (("*.png",), ("c*",))
    with pytest.raises(QueryError, match="has no pattern b"):
        sources.edit_patterns(world.home, world.media, exclude=["b*"], drop=True)


def test_a_dry_run_says_what_would_be_forgotten_and_why(world: World) -> None:
    """Excluded files, deleted ones, and the contents that are nowhere else."""
    (world.media / "in" / "copy.png").write_bytes((world.media / "a.png").read_bytes())
    world.picture("in/c.png", "red")
    world.index()
    (world.media / "in" / "c.png").unlink()
    world.index(dry_run=True, exclude=("in",))
    (planned,) = [each for each in world.events if isinstance(each, Planned)]
    assert (planned.gone, planned.left_out, planned.contents) == (3, 2, 2)
    lines = "\n".join(planned_lines(planned))
    assert "3 files to forget (2 excluded, 1 no longer there), and with them up to 2 contents" in lines
    assert "Nothing to do" not in lines
    assert len(world.names()) == 4


# ---------------------------------------------------------------- sources in sources, and moved ones


def test_removing_an_inner_source_leaves_its_files_to_the_outer(world: World) -> None:
    """No file that the outer one follows is dropped, and the next run has nothing to read."""
    odd = world.media / "in" / os.fsdecode(b"caf\xe9.png")
    world.picture("c.png", "red").rename(odd)
    world.index(world.media / "in")
    before = world.names()
    assert sources.remove(world.home, world.media / "in") == sources.Removed(0, world.media)
    assert world.names() == before == sorted(["a.png", "in/b.png", os.fsdecode(b"in/caf\xe9.png")])
    finished = world.index()
    assert (finished.indexed, finished.gone) == (0, 0)
    assert world.names() == before


def test_a_source_of_the_settings_file_is_removed_or_moved_there_first(world: World) -> None:
    """Else the next run would add it again, and read all of it."""
    file = world.home / "crossmedia.toml"
    file.write_text(f'sources = ["{world.media}"]\n')
    with pytest.raises(LibraryError, match=r"is named in .*crossmedia\.toml") as caught:
        sources.remove(world.home, world.media)
    assert "`sources`" in caught.value.hint
    moved = world.media.with_name("moved")
    moved.mkdir()
    with pytest.raises(LibraryError, match="would add it again"):
        sources.move(world.home, world.media, moved)
    assert world.names()
    file.write_text("sources = []\n")
    sources.remove(world.home, world.media)
    assert world.names() == []


def test_a_source_moves_only_to_where_its_files_are(world: World, tmp_path: Path) -> None:
    """Another folder would make all of its files look deleted."""
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(LibraryError, match=r"does not hold the files of .* 0 of 2 looked for are there"):
        sources.move(world.home, world.media, other)
    (other / "a.png").write_bytes(b"another file of that name")
    with pytest.raises(LibraryError, match="0 of 2"):
        sources.move(world.home, world.media, other)
    assert sources.listed(world.home)[0].root == world.media
