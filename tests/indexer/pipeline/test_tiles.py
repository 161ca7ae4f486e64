"""Regions in a library: kept where they are wanted, completed later, forgotten, moved to another model, killed and resumed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from indexer import doctor
from indexer.catalog.open import writing
from indexer.events import Finished, Planned
from indexer.pipeline.options import Options
from indexer.pipeline.run import index_folders
from indexer.rebuild import reembed
from retrieval import Library
from retrieval.catalog import layout
from retrieval.domain.media import Modality, Vectors
from retrieval.domain.query import Operand
from retrieval.media.image.tiles import boxes
from tests.contents import contents
from tests.fakes import COLOURS, FakeEncoder, FakeProfile
from tests.indexing import index_and_die

PARTS = len(boxes(120, 90))
KILLS = 4  # spread evenly over the moments of one run


@dataclass(frozen=True)
class _Counting(FakeEncoder):
    seen: list[int] = field(default_factory=list)

    def encode(self, items: Sequence[Any]) -> Vectors:
        self.seen.append(len(items))
        return super().encode(items)


class CountingProfile(FakeProfile):
    """Notes how many pictures were encoded."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seen: list[int] = []

    def encoder(self, role: str, modality: Modality) -> FakeEncoder:
        plain = super().encoder(role, modality)
        return _Counting(plain.space, plain.accepts, plain.form, self.seen if modality == "image" else [])


class World:
    """A folder with a large green picture that is red in a corner, a small one, and a library of them."""

    def __init__(self, root: Path) -> None:
        self.media = root / "media"
        self.media.mkdir()
        self.home = root / "library"
        self.profile = CountingProfile()
        draw(self.media / "large.png", 120, 90)
        draw(self.media / "small.png", 40, 30, thing="blue")

    def index(self, **options: Any) -> Finished:
        self.profile.seen.clear()
        chosen = Options(profile=self.profile, workers=1, **options)
        return index_folders([self.media], library=self.home, options=chosen)

    def regions(self) -> int:
        """How many the catalog holds."""
        return int(self._row("SELECT count(*) FROM segments WHERE kind = 'region'"))

    def _row(self, query: str) -> Any:
        catalog = sqlite3.connect(layout.catalog(self.home))
        try:
            return catalog.execute(query).fetchone()[0]
        finally:
            catalog.close()


def draw(path: Path, width: int, height: int, *, thing: str = "red", ground: str = "green") -> None:
    """A picture of one colour with a small corner of another."""
    pixels = np.full((height, width, 3), COLOURS[ground], np.uint8)
    pixels[: height // 3, : width // 3] = COLOURS[thing]
    Image.fromarray(pixels).save(path)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_without_being_asked_for_there_are_no_regions(world: World) -> None:
    """They cost many times the work of a picture, so nobody gets them unasked."""
    world.index()
    assert world.regions() == 0
    assert sum(world.profile.seen) == 2


def test_large_pictures_alone_have_regions(world: World) -> None:
    """The small one shows everything to the encoder as it is."""
    assert world.index(regions=True).pending == {}
    assert world.regions() == PARTS
    assert sum(world.profile.seen) == 2 + PARTS


def test_regions_turned_on_later_encode_what_is_missing_and_nothing_else(world: World) -> None:
    """Pictures of earlier runs get them by the next one; a third run has nothing to do."""
    world.index()
    world.index(regions=True)
    assert (world.regions(), sum(world.profile.seen)) == (PARTS, PARTS)
    world.index()
    assert world.profile.seen == []


def test_once_asked_for_new_pictures_get_them_without_being_asked_again(world: World) -> None:
    """The library keeps what was said."""
    world.index(regions=True)
    draw(world.media / "new.png", 121, 90)
    world.index()
    assert world.regions() == 2 * PARTS


def test_regions_turned_off_are_forgotten(world: World) -> None:
    """The library is what it was before, and stays so; search does not find the parts any more."""
    world.index()
    before = contents(world.home)
    world.index(regions=True)
    world.index(regions=False)
    assert contents(world.home) == before
    world.index()
    assert world.regions() == 0


def test_a_later_library_with_regions_equals_one_that_had_them_from_the_start(world: World, tmp_path: Path) -> None:
    """Order of history leaves nothing behind."""
    world.index()
    world.index(regions=True)
    other = tmp_path / "other"
    options = Options(profile=world.profile, workers=1, regions=True)
    index_folders([world.media], library=other, options=options)
    assert contents(world.home) == contents(other)


def test_a_changed_picture_gets_new_regions(world: World) -> None:
    """Those of its former content go with it."""
    world.index(regions=True)
    draw(world.media / "large.png", 130, 95, thing="yellow")
    world.index()
    assert world.regions() == PARTS
    with Library.open(world.home, world.profile) as library:
        assert not any(each.kind == "region" for hit in library.search("red") for each in hit.segments)
        assert library.search("yellow")[0].segments[0].kind == "region"


def test_a_thing_in_a_corner_is_found_where_it_is(world: World) -> None:
    """The picture as a whole is green; the part that is red answers, and its box holds the corner."""
    world.index()
    with Library.open(world.home, world.profile) as library:
        assert len(library.search("red")) == 0
    world.index(regions=True)
    with Library.open(world.home, world.profile) as library:
        (hit,) = library.search("red")
        best = hit.segments[0]
        assert (hit.path.name, best.kind, hit.medium) == ("large.png", "region", "image")
        assert best.box is not None
        assert (best.box.left, best.box.top) == (0, 0)


def test_an_explanation_points_into_the_region(world: World) -> None:
    """The warmest spot and the box lie on the thing, and the region is no line of text."""
    world.index(regions=True)
    with Library.open(world.home, world.profile) as library:
        found = library.explain("red", world.media / "large.png")
        assert found is not None
        assert found.segment is not None
        assert found.segment.kind == "region"
        assert found.box is None
        assert found.heat is not None
        assert max(found.heat.peak) <= 1 / 3
        assert max(found.heat.box.right, found.heat.box.bottom) <= 3_600


def test_a_picture_that_asks_for_itself_is_its_own_best_answer(world: World) -> None:
    """Its parts do not come before it, nor does a file with its path ask with them."""
    world.index(regions=True)
    with Library.open(world.home, world.profile) as library:
        for name in ("large.png", "small.png"):
            assert library.search(Operand("image", world.media / name))[0].path.name == name


def test_more_like_a_picture_means_the_whole_of_it(world: World) -> None:
    """What a part shows is asked by the id of the part."""
    draw(world.media / "red.png", 41, 30, ground="red")
    world.index(regions=True)
    with Library.open(world.home, world.profile) as library:
        shown = library.show(world.media / "large.png").segments
        corner = next(
            each.key for each in shown if each.segment.box and not each.segment.box.left + each.segment.box.top
        )
        for name, first in ((corner, "red.png"), (str(world.media / "large.png"), "large.png")):
            assert library.search(Operand("like", name))[0].path.name == first


def test_another_model_gives_the_regions_new_vectors(world: World) -> None:
    """Each as many as before, of the new space alone."""
    world.index(regions=True)
    with writing(world.home, "test", create=False) as (engine, _):
        reembed(engine, FakeProfile(revision="2"), Options(workers=1), lambda event: None)
    assert world.regions() == PARTS
    held = sum(
        len(vectors) for asset in contents(world.home)["assets"].values() for *_, (vectors, _) in asset["segments"]
    )
    assert held == 2 + PARTS


def test_a_library_with_regions_is_healthy(world: World) -> None:
    """And a damaged vector of one is made again by the next run."""
    world.index(regions=True)
    before = contents(world.home)
    assert doctor.examine(world.home) == []
    catalog = sqlite3.connect(layout.catalog(world.home))
    with catalog:
        region = "(SELECT max(id) FROM segments WHERE kind = 'region')"
        catalog.execute(f"UPDATE vectors SET data = zeroblob(128) WHERE segment_id = {region}")
    catalog.close()
    assert any(each.repaired for each in doctor.examine(world.home, repair=True))
    world.index()
    assert contents(world.home) == before


def test_status_tells_of_regions(world: World) -> None:
    """How many there are, and for how many files they are still to be made."""
    world.index(regions=True)
    with Library.open(world.home, world.profile) as library:
        assert library.status().segments["region"] == PARTS


def test_a_dry_run_counts_regions_where_they_are_kept(world: World) -> None:
    """What is said now counts before what the library keeps."""
    world.index()
    assert planned(world).get("regions") is None
    assert planned(world, regions=True)["regions"] == 1
    world.index(regions=True)
    assert planned(world)["regions"] == 0
    assert planned(world, regions=False).get("regions") is None
    assert world.regions() == PARTS


def planned(world: World, **options: Any) -> dict[Any, int]:
    """Files that a run would do each step for."""
    events: list[Any] = []
    chosen = Options(profile=world.profile, dry_run=True, **options)
    index_folders([world.media], library=world.home, options=chosen, on_event=events.append)
    return next(each.files for each in events if isinstance(each, Planned))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, dict[str, object], int]:
    """A folder, what an undisturbed run with regions makes of it, and how many moments that run has."""
    world = World(tmp_path_factory.mktemp("clean"))
    moments = index_and_die(world.home, world.media, 0, regions=True)
    assert moments is not None
    return world, contents(world.home), moments


@pytest.mark.parametrize("part", range(KILLS))
def test_a_killed_run_with_regions_is_completed_by_the_next(
    clean: tuple[World, dict[str, object], int], tmp_path: Path, part: int
) -> None:
    """Whatever was under way, a run that is not told of regions again ends where a clean one does."""
    world, expected, moments = clean
    late = moments // 2 + part * (moments // 2) // KILLS  # what comes before is like any other run
    assert index_and_die(tmp_path / "library", world.media, late, regions=True) is None
    assert index_and_die(tmp_path / "library", world.media, 0) is not None
    assert contents(tmp_path / "library") == expected
