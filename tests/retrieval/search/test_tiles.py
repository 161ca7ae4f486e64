"""Parts of pictures among the answers: what they are worth beside whole pictures, published or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval import Library, Operand
from retrieval.domain.media import Box, Kind, Metadata, Segment
from retrieval.domain.records import StoredSegment
from retrieval.domain.result import FoundSegment, Hit
from retrieval.encoders.calibration import CohortCalibration, Weights
from retrieval.kinds import KINDS
from retrieval.render.assets import segment_line
from retrieval.render.json import hit_report
from tests.building import Builder, Thing
from tests.fakes import FakeProfile, word_vector

IMAGE = Metadata("image", width=4000, height=3000)
OTHERS: list[tuple[Kind, str]] = [("region", "grass"), ("region", "grass tree"), ("region", "sky")]


def library(home: Path, *things: Thing, profile: FakeProfile | None = None, publish: bool = False) -> Library:
    """A library of these things."""
    builder = Builder(home, profile)
    builder.add(*things)
    if publish:
        builder.publish()
    builder.close()
    return Library.open(home, builder.profile)


def part(name: str, whole: str, *shown: str) -> Thing:
    """A picture, and its parts by what they show."""
    return Thing(name, IMAGE, [("image", whole), *(("region", each) for each in shown)])


def sure(opened: Library, question: str) -> dict[str, float]:
    with opened:
        return {hit.path.name: hit.confidence for hit in opened.search(question, min_confidence=0.0)}


def log_odds(confidence: float) -> float:
    return float(np.log(confidence / (1 - confidence)))


@pytest.mark.parametrize("publish", [False, True])
def test_what_a_part_shows_finds_the_picture(tmp_path: Path, publish: bool) -> None:
    """And the part comes first among what is shown of it."""
    with library(tmp_path / "library", part("a.jpg", "green park", "bench", "kite"), publish=publish) as opened:
        (hit,) = opened.search("kite")
        assert hit.segments[0].kind == "region"
        assert opened.search("green park")[0].segments[0].kind == "image"


def test_a_part_is_worth_less_than_a_whole_that_is_as_near(tmp_path: Path) -> None:
    """By what the best of many parts reaches by chance."""
    found = sure(
        library(tmp_path / "library", part("part.jpg", "park", "kite"), part("whole.jpg", "kite")), "kite flag"
    )
    assert log_odds(found["whole.jpg"]) - log_odds(found["part.jpg"]) == pytest.approx(
        KINDS["region"].multi_instance_correction, abs=0.02
    )


def test_parts_that_answer_nothing_leave_whole_pictures_as_sure_as_they_were(tmp_path: Path) -> None:
    """Their number is not that of pictures among which one was found."""
    background = CohortCalibration(
        Weights(10.0, -3.0, 3.0, chance=-1.0), np.stack([word_vector(w) for w in "abcdef"]), word_vector("g")
    )
    profile = FakeProfile(backgrounds={"text-image": background})
    wholes = [part(f"{word}.jpg", word) for word in ("kite", "bench", "lake")]
    alone = sure(library(tmp_path / "alone", *wholes, profile=profile), "kite")
    parted = [Thing(each.path, each.facts, [*each.segments, *OTHERS * 20]) for each in wholes]
    assert sure(library(tmp_path / "parted", *parted, profile=profile), "kite") == pytest.approx(alone, abs=1e-6)


def test_both_words_of_a_question_may_be_answered_by_different_parts(tmp_path: Path) -> None:
    """A picture is one place."""
    things = part("both.jpg", "park", "kite", "bench"), part("one.jpg", "park", "kite", "tree")
    with library(tmp_path / "library", *things) as opened:
        found = [hit.path.name for hit in opened.search("kite AND bench", min_confidence=0.0)]
        assert found[0] == "both.jpg"


def test_a_part_has_no_tags_of_its_own(tmp_path: Path) -> None:
    """Pictures as wholes are tagged."""
    with library(tmp_path / "library", part("a.jpg", "dog", "cat")) as opened:
        keys = [each.key for each in opened.show("/media/test/a.jpg").segments]
        tagged = opened.tags(keys)
        assert all(segment in keys for segment in tagged)
        assert keys[1] not in tagged


def test_more_like_a_picture_compares_with_the_whole_of_it(tmp_path: Path) -> None:
    """What its parts show does not move the question; a part that is named does."""
    things = part("park.jpg", "park", "kite"), part("kite.jpg", "kite"), part("lawn.jpg", "park lawn")
    with library(tmp_path / "library", *things) as opened:
        region = opened.show("/media/test/park.jpg").segments[1].key
        by_whole = opened.search(Operand("like", "/media/test/park.jpg"), min_confidence=0.0)
        by_part = opened.search(Operand("like", region), min_confidence=0.0)
        assert next(hit.path.name for hit in by_whole if hit.path.name != "park.jpg") == "lawn.jpg"
        assert by_part[0].path.name == "kite.jpg"


def test_json_tells_where_a_region_is() -> None:
    """Its box, in ten-thousandths of the picture; null for what has none."""
    found = FoundSegment("x", "region", None, None, None, 0.9, 0.5, {"shows": 1.0}, box=Box(0, 100, 2_500, 2_600))
    whole = FoundSegment("y", "image", None, None, None, 0.8, 0.4, {"shows": 1.0})
    hit = Hit(Path("/a.jpg"), (Path("/a.jpg"),), "00", "image", 0.5, 0.9, (found, whole))
    assert [each["box"] for each in hit_report(hit)["segments"]] == [[0, 100, 2_500, 2_600], None]


def test_people_are_told_where_a_region_is() -> None:
    """In percent of width and height, where `show` lists what a file holds."""
    line = segment_line(StoredSegment(1, 1, "abc", Segment("region", box=Box(0, 7_830, 2_170, 10_000))))
    assert line.split(maxsplit=2) == ["abc", "region", "0-22 % across, 78-100 % down"]
