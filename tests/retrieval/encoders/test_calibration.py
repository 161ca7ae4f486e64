"""From cosines to log-odds: what a question reaches by chance is taken off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval import Library, Operand
from retrieval.domain.media import Metadata, Vectors
from retrieval.encoders.calibration import (
    NEAREST,
    SCENE_COST,
    UNSEEN,
    WORDY,
    CohortCalibration,
    LinearCalibration,
    NounCalibration,
    NounWeights,
    SceneCalibration,
    Weights,
    chance,
    traits,
)
from retrieval.encoders.profile import make_profile
from retrieval.search.fusion import confidence, log_odds
from tests.building import Builder, Thing
from tests.fakes import FakeProfile, text_vector

WEIGHTS = Weights(slope=5.0, offset=1.0, lead=11.0, near=-10.0, everyday=-20.0, typical=-8.0, wordy=40.0, chance=-2.0)


def unit(rows: NDArray[np.float64]) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


@pytest.fixture
def background() -> CohortCalibration:
    """Twenty everyday things and a typical picture."""
    rng = np.random.default_rng(7)
    return CohortCalibration(WEIGHTS, unit(rng.normal(size=(20, 16))), unit(rng.normal(size=16)))


def test_a_line_is_straight() -> None:
    """Even odds lie at -shift / slope."""
    odds = LinearCalibration(4.0, -2.0).odds(np.array([0.5, 0.75, 0.0], np.float32))
    assert odds.tolist() == [0.0, 1.0, -2.0]


def test_chance_grows_with_the_library_and_ever_slower() -> None:
    """Nothing reaches nothing; each tenfold library adds, and adds less than the one before."""
    steps = np.diff([chance(10**power) for power in range(1, 7)])
    assert chance(0) == 0.0
    assert (steps > 0).all()
    assert (np.diff(steps) < 0).all()


def test_traits_are_their_definition(background: CohortCalibration) -> None:
    """The NEAREST-th of the bank, its mean, the typical picture, and what is wordy, computed one by one."""
    question = unit(background.everyday.sum(axis=0, keepdims=True).astype(float))
    to_bank = sorted((float(row @ question[0]) for row in background.everyday), reverse=True)
    mean = sum(to_bank) / len(to_bank)
    expected = [to_bank[NEAREST - 1], mean, float(background.typical @ question[0]), max(0.0, mean - WORDY)]
    assert traits(question, background.everyday, background.typical)[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_log_odds_are_the_weighed_sum(background: CohortCalibration) -> None:
    """What `line` gives for one cosine equals the sum of all terms by hand."""
    question = unit(background.everyday.sum(axis=0, keepdims=True).astype(float))
    near, mean, typical, wordy = traits(question, background.everyday, background.typical)[0].tolist()
    expected = (
        1.0 + 5.0 * 0.4 + 11.0 * 0.6 - 10.0 * near - 20.0 * mean - 8.0 * typical + 40.0 * wordy - 2.0 * chance(99)
    )
    found = background.line(question, lead=0.6, count=99).odds(np.array([0.4], np.float32))
    assert float(found[0]) == pytest.approx(expected, abs=1e-5)


def test_the_same_cosines_are_worth_less_in_a_larger_library(background: CohortCalibration) -> None:
    """Among more pictures the best one is near by chance."""
    question = background.everyday[:1]
    small, large = (background.line(question, 0.5, count).shift for count in (20, 20_000))
    assert large < small


def test_a_very_near_answer_is_sure_whatever_the_question(background: CohortCalibration) -> None:
    """Above the cosine that absent things hardly reach, the best answer is as sure as that distance says, at least."""
    strict = CohortCalibration(
        replace(WEIGHTS, offset=-50.0, sure=0.2, growth=0.1), background.everyday, background.typical
    )
    middle = 0.2 + 0.1 * chance(30)
    for lead in (middle, middle + 0.1):
        odds = strict.line(background.everyday[:1], lead, 30).odds(np.asarray(lead))
        assert float(odds) == pytest.approx(16.0 * (lead - middle), abs=1e-5)


def test_order_within_one_question_is_that_of_cosines(background: CohortCalibration) -> None:
    """Calibration never turns two answers to one question around."""
    line = background.line(background.everyday[:3], 0.7, 500)
    odds = line.odds(np.linspace(-1, 1, 50).astype(np.float32))
    assert (np.diff(odds) > 0).all()


@pytest.fixture
def nouns() -> NounCalibration:
    """A noun of many pictures that are little nearer than others, and a rare one that is far above them."""
    vectors = unit(np.random.default_rng(3).normal(size=(2, 16)))
    cosines = np.array([[0.15, 0.1, 0.3, 0.25], [0.1, 0.1, 0.6, 0.01]], np.float32)
    return NounCalibration(NounWeights(1.6, -0.75, 0.75, -1.0, 3.5), vectors, cosines)


def test_a_noun_is_judged_by_what_is_known_of_it(background: CohortCalibration, nouns: NounCalibration) -> None:
    """The best answer has the sum of the terms, by hand; what is no noun is judged as ever."""
    both = replace(background, nouns=nouns)
    line = both.line(nouns.vectors[1:], lead=0.5, count=99)
    expected = 1.6 * 4.0 - 0.75 * 5.0 + 0.75 * np.log(0.01 / 0.99) - chance(99) + 3.5
    assert float(line.odds(np.array([0.5], np.float32))[0]) == pytest.approx(expected, abs=1e-4)
    other = background.everyday[:1]
    assert both.line(other, 0.5, 99) == background.line(other, 0.5, 99)
    mixed = np.concatenate([other, nouns.vectors[:1]])
    assert both.line(mixed, 0.5, 99) == background.line(mixed, 0.5, 99)


def test_a_further_answer_to_a_noun_borrows_from_the_best(nouns: NounCalibration) -> None:
    """Half of the distance, and one in log-odds at most; the order stays that of cosines."""
    row = np.array([1])
    far, near = (nouns.line(row, 0.7, 99).odds(np.array([at], np.float32))[0] for at in (0.3, 0.65))
    alone = [nouns.line(row, at, 99).odds(np.array([at], np.float32))[0] for at in (0.3, 0.65)]
    assert far - alone[0] == pytest.approx(1.0, abs=1e-4)
    assert near - alone[1] == pytest.approx(0.5 * 16.0 * 0.05, abs=1e-4)
    odds = nouns.line(row, 0.7, 99).odds(np.linspace(-1, 1, 50).astype(np.float32))
    assert (np.diff(odds) > 0).all()


def test_a_common_noun_is_sure_at_a_smaller_cosine(background: CohortCalibration, nouns: NounCalibration) -> None:
    """Pictures that show it lie no nearer, and many do."""
    both = replace(background, nouns=nouns)
    common, rare = (
        float(both.line(nouns.vectors[row : row + 1], 0.35, 99).odds(np.array([0.35], np.float32))[0]) for row in (0, 1)
    )
    assert rare < 0.0 < common


# ---------------------------------------------------------------- in a library

PICTURES = [Thing(f"{word}.jpg", Metadata("image"), [("image", f"{word} dog")]) for word in ("red", "blue", "grey")]
OTHERS = [Thing(f"other{n}.jpg", Metadata("image"), [("image", f"thing number {n}")]) for n in range(30)]


def library(home: Path, things: list[Thing], background: CohortCalibration, *, published: bool) -> Library:
    built = Builder(home)
    built.add(*things)
    if published:
        built.publish()
    built.close()
    return Library.open(home, profile=FakeProfile(backgrounds={"text-image": background}))


@pytest.fixture
def known() -> CohortCalibration:
    """Of twenty words, in the space of the fake encoders."""
    words = np.stack([text_vector(f"word{n}") for n in range(20)])
    return CohortCalibration(WEIGHTS, words, text_vector("typical"))


def sure(asked: Library, path: str = "*") -> dict[str, float]:
    return {hit.path.name: hit.confidence for hit in asked.search("red dog", limit=100, min_confidence=0.0, path=path)}


def test_hits_are_judged_by_the_background(tmp_path: Path, known: CohortCalibration) -> None:
    """The confidence of a hit is what the formula gives for its cosine, the best one and the number of pictures."""
    question = text_vector("red dog")
    line = known.line(question[None], lead=1.0, count=33)
    expected = confidence(float(line.odds(np.asarray(question @ text_vector("blue dog")))))
    with library(tmp_path / "library", PICTURES + OTHERS, known, published=True) as opened:
        assert sure(opened)["blue.jpg"] == pytest.approx(expected, abs=0.01)


def test_published_and_fresh_vectors_give_the_same_confidences(tmp_path: Path, known: CohortCalibration) -> None:
    """A rebuild changes no confidence: the background follows from what is there, not from how it came."""
    with library(tmp_path / "one", PICTURES + OTHERS, known, published=True) as opened:
        published = sure(opened)
    with library(tmp_path / "two", PICTURES + OTHERS, known, published=False) as opened:
        assert sure(opened) == pytest.approx(published, abs=1e-6)


def test_filters_make_the_library_smaller(tmp_path: Path, known: CohortCalibration) -> None:
    """Under a filter a question is judged by what it reaches there, among as many pictures as are left."""
    with library(tmp_path / "library", PICTURES + OTHERS, known, published=True) as opened:
        whole, blue = sure(opened), sure(opened, path="*blue*")
    question = text_vector("red dog")
    cosine = float(question @ text_vector("blue dog"))
    expected = confidence(float(known.line(question[None], lead=cosine, count=1).odds(np.asarray(cosine))))
    assert blue == {"blue.jpg": pytest.approx(expected, abs=0.01)}
    assert whole["blue.jpg"] != pytest.approx(blue["blue.jpg"], abs=0.01)


# ---------------------------------------------------------------- questions to texts


def test_only_what_describes_a_scene_must_find_a_nearer_text() -> None:
    """Up to what is free a question is judged by the prior; beyond it every text is less sure."""
    seen = unit(np.random.default_rng(10).normal(size=16))
    scenes = SceneCalibration(4.0 * seen, 1.0, lambda count: LinearCalibration(14.0, -3.0 - count))
    away = unit(np.roll(seen, 1) - (np.roll(seen, 1) @ seen) * seen)
    question = unit(np.stack([0.9 * seen + np.sqrt(1 - 0.81) * away]).astype(float))
    assert scenes.line(away[None], 0.5, 7) == LinearCalibration(14.0, -10.0)
    assert scenes.line(question, 0.5, 7).slope == 14.0
    assert scenes.line(question, 0.5, 7).shift == pytest.approx(-10.0 - SCENE_COST * (4.0 * 0.9 - 1.0), abs=1e-5)


def test_only_what_describes_nothing_seen_must_find_a_nearer_picture() -> None:
    """What lies far below what is free costs pictures as much, those after the best one too."""
    seen = unit(np.random.default_rng(10).normal(size=16))
    scenes = SceneCalibration(4.0 * seen, 1.0, lambda count: LinearCalibration(14.0, -3.0))
    usual = LinearCalibration(5.0, -2.0, LinearCalibration(9.0, 1.0))
    assert scenes.of_pictures(seen[None], usual) == usual
    assert scenes.of_pictures(-seen[None], usual).shift == pytest.approx(-2.0 - (4.0 + 1.0 - UNSEEN), abs=1e-5)
    assert scenes.of_pictures(0.1 * seen[None], usual) == usual  # 0.6 below


def test_words_tell_whether_they_are_for_pictures(tmp_path: Path, known: CohortCalibration) -> None:
    """In words a question is weighed by what it describes; a picture that asks is not."""
    scene = -(UNSEEN + 2.0) * text_vector("red dog")
    scenes = SceneCalibration(scene.astype(np.float32), 0.0, lambda count: LinearCalibration(14.0, -3.0))
    with library(tmp_path / "library", PICTURES + OTHERS, known, published=True) as opened:
        usual = sure(opened)["blue.jpg"]
        like = opened.search([Operand("like", "red.jpg")], min_confidence=0.0).hits[0].confidence
    profile = FakeProfile(backgrounds={"text-image": known, "text-text": scenes})
    with Library.open(tmp_path / "library", profile=profile) as opened:
        assert log_odds(sure(opened)["blue.jpg"]) == pytest.approx(log_odds(usual) - 2.0, abs=0.01)
        assert opened.search([Operand("like", "red.jpg")], min_confidence=0.0).hits[0].confidence == like


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("a peacock spreading its tail", True),
        ("一只鳄鱼张开嘴", True),
        ("rules about giving notice and getting a deposit back", False),
        ("怎样把饭做得松软", False),
    ],
)
def test_the_shipped_profile_tells_scenes_from_questions_to_texts(question: str, told: bool) -> None:
    """What describes a picture costs a text its confidence, what asks for a text does not."""
    profile = make_profile("starter")
    vectors = profile.encoder("sentence", "text").encode([question])
    held_against = profile.background("text-text")
    assert isinstance(held_against, SceneCalibration)
    usual = profile.prior("text-text").line(50).shift
    assert (held_against.line(vectors, 0.3, 50).shift < usual) is told
