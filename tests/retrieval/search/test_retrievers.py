"""Retrievers of one operand: vector queries, calibration, distrust of an index, matches by words, completion."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from retrieval import Library
from retrieval.domain.media import Metadata
from retrieval.domain.records import StoredVectors
from retrieval.encoders.registry import DefaultCalibration
from retrieval.errors import IndexMismatch
from retrieval.kinds import KINDS, kinds_in
from retrieval.query.encode import EncodedOperand
from retrieval.search import feedback, fusion, retrievers
from retrieval.search.context import SearchContext
from retrieval.search.retrievers import CERTAIN, WORDS, Match, Matches, Retrieval, VectorQuery, media_of, vector_queries
from retrieval.vectors.space import Neighbours, Scope, SpaceSnapshot
from tests.building import Builder, Thing
from tests.fakes import FakeProfile, text_vector

ROW = text_vector("red")[None]


def test_matches_keep_the_surest_of_one_way() -> None:
    """By log-odds, then by score; other ways to the same segment stand beside it."""
    found = Matches()
    for way, odds, score in (("text", 1.0, 0.1), ("text", 2.0, 0.2), ("text", 0.0, 0.9), ("image", -1.0, 0.3)):
        found.add(5, 9, way, Match("shows", odds, score))
    assert {way: match.odds for way, match in found.segments[5].items()} == {"text": 2.0, "image": -1.0}
    found.add(5, 9, "text", Match("shows", 2.0, 0.5))
    assert found.segments[5]["text"].score == 0.5
    assert found.owners == {5: 9}


def test_a_retriever_for_each_modality_and_kind() -> None:
    """The shared space is asked for pictures and sounds, the sentence space for texts."""
    operand = EncodedOperand({("shared", "text"): ROW, ("shared", "image"): ROW, ("sentence", "text"): ROW})
    found = [(each.role, each.modality, each.kind) for each in vector_queries(operand)]
    assert len(found) == len(set(found)) == 11
    assert {kind for role, _, kind in found if role == "sentence"} == {"passage", "speech", "text_line"}
    assert {kind for role, modality, kind in found if modality == "image"} == {"image", "region", "shot", "sound"}


def test_a_lane_asks_its_own_kinds_alone() -> None:
    """Without a lane all kinds are asked."""
    operand = EncodedOperand({("shared", "text"): ROW, ("sentence", "text"): ROW}, lane="said")
    assert [each.kind for each in vector_queries(operand)] == ["speech"]
    assert list(kinds_in("shared", "sounds")) == ["sound"]


def test_feedback_goes_to_the_space_and_modality_of_the_kind() -> None:
    """A mean of pictures moves the comparison with pictures, not that with sounds."""
    operand = EncodedOperand(
        {("shared", "text"): ROW}, more={("shared", "image"): 2 * ROW}, less={("shared", "sound"): 3 * ROW}
    )
    moved = {each.kind: each for each in vector_queries(operand)}
    assert moved["image"].more is not None
    assert moved["image"].less is None
    assert moved["sound"].more is None
    assert moved["shot"].vectors == pytest.approx(np.concatenate([ROW, 2 * ROW]))
    assert moved["sound"].vectors == pytest.approx(np.concatenate([ROW, 3 * ROW]))


LINE = DefaultCalibration(0.5, 12.0).line(100)


def test_the_best_of_the_question_s_vectors_is_judged() -> None:
    """(queries, vectors) scores -> log-odds and best cosine of each vector."""
    query = VectorQuery(EncodedOperand(), "shared", "text", "image", np.concatenate([ROW, ROW]))
    odds, best = query.odds(FakeProfile(), LINE, np.array([[0.1, 0.6], [0.4, 0.2]], np.float32))
    assert best == pytest.approx([0.4, 0.6])
    assert odds == pytest.approx(LINE.odds(np.array([0.4, 0.6])))


def test_a_region_pays_for_being_the_best_of_many() -> None:
    """By the correction in log-odds, whatever the slope of its calibration."""
    scores = np.array([[0.5]], np.float32)
    whole, _ = VectorQuery(EncodedOperand(), "shared", "text", "image", ROW).odds(FakeProfile(), LINE, scores)
    part, raw = VectorQuery(EncodedOperand(), "shared", "text", "region", ROW).odds(FakeProfile(), LINE, scores)
    slope = float(LINE.odds(np.array([1.0]))[0] - LINE.odds(np.array([0.0]))[0])
    assert raw == pytest.approx([0.5])
    expected = KINDS["region"].multi_instance_correction / FakeProfile().prior("text-image").slope * slope
    assert whole - part == pytest.approx([expected])


def test_feedback_takes_the_rows_behind_the_question_s_own() -> None:
    """Right answers next, wrong ones last: nearer to the first lifts, nearer to the second lowers."""
    query = VectorQuery(EncodedOperand(), "shared", "text", "image", ROW, 2 * ROW, 3 * ROW)
    scores = np.array([[0.5, 0.5, 0.5], [0.9, 0.1, 0.1], [0.1, 0.1, 0.9]], np.float32)
    (right, neither, wrong), best = query.odds(FakeProfile(), LINE, scores)
    assert right > neither > wrong
    assert best == pytest.approx([0.5, 0.5, 0.5])


def test_rocchio_is_a_weighted_mean_less_what_is_alike() -> None:
    """Without wrong answers nothing is taken off, nor by those that are like nothing."""
    own, more = np.array([1.0, 2.0]), np.array([3.0, 0.0])
    assert feedback.moved(own, None, None) == pytest.approx(own)
    assert feedback.moved(own, more, None) == pytest.approx((own + 0.75 * more) / 1.75)
    assert feedback.moved(own, None, np.array([-6.0, 1.0])) == pytest.approx([1.0, 2.0 - 0.15 * 5.0])


def test_spoken_sentences_have_a_calibration_of_their_own() -> None:
    """Short texts are nearer to many questions than passages are."""
    directions = {
        kind: VectorQuery(EncodedOperand(), "sentence", "text", kind, ROW).direction
        for kind in kinds_in("sentence", None)
    }
    assert directions == {"passage": "text-text", "speech": "text-speech", "text_line": "text-speech"}
    assert VectorQuery(EncodedOperand(), "shared", "sound", "shot", ROW).direction == "sound-image"


# ---------------------------------------------------------------- a library


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Retrieval]:
    """Two pictures and a document, published; segments 1, 2 and 3, 4."""
    home = tmp_path_factory.mktemp("retrieved") / "library"
    builder = Builder(home)
    builder.add(Thing("red.jpg", Metadata("image"), [("image", "red car")]))
    builder.add(Thing("sea.jpg", Metadata("image"), [("image", "sea")]))
    builder.add(Thing("note.txt", Metadata("document"), [("passage", "a red car"), ("passage", "the sea")]))
    builder.publish()
    builder.close()
    with Library.open(home, FakeProfile()) as library, library._open_catalog().snapshot() as snapshot:
        context = SearchContext(*library._current(snapshot), snapshot)
        yield Retrieval(context.for_search(Scope()), LEAST)


LEAST = fusion.LEAST
TEXT = EncodedOperand({(space, "text"): text_vector("red car")[None] for space in ("shared", "sentence")}, "red car")


def test_every_retriever_brings_its_matches(retrieval: Retrieval) -> None:
    """Pictures by the shared space, passages by the sentence space and by their words."""
    found = retrieval.evidence(TEXT, 10)
    assert set(found.segments) == {1, 2, 3, 4}
    assert set(found.segments[3]) == {"text", WORDS}
    assert found.segments[1]["text"].score == pytest.approx(1.0, abs=1e-3)
    assert found.segments[1]["text"].odds > found.segments[2]["text"].odds
    assert (found.segments[1]["text"].lane, found.segments[3]["text"].lane) == ("shows", "words")
    assert found.owners == {1: 1, 2: 2, 3: 3, 4: 3}
    assert found.exhausted


def test_retrieval_is_not_exhausted_while_more_may_be_as_sure_as_the_cut(retrieval: Retrieval) -> None:
    """One of two pictures was looked at; with a cut above it, the rest cannot be shown."""
    picture = EncodedOperand({("shared", "image"): ROW}, lane="shows")
    assert not retrieval.evidence(picture, 1).exhausted
    assert replace(retrieval, cut=50.0).evidence(picture, 1).exhausted


def test_a_scope_holds_for_every_retriever(retrieval: Retrieval) -> None:
    """Only assets of the scope are matched, the file that asks included."""
    inside = replace(retrieval, context=replace(retrieval.context, scope=Scope(assets=np.array([2]))))
    found = inside.evidence(replace(TEXT, identical=1), 10)
    assert set(found.owners.values()) == {2}
    assert not found.names


def test_the_file_that_asks_is_certain(retrieval: Retrieval) -> None:
    """By its first segment, as a way of its own."""
    found = retrieval.evidence(EncodedOperand(identical=3), 10)
    assert {segment: {way: match.odds for way, match in ways.items()} for segment, ways in found.segments.items()} == {
        3: {"same": CERTAIN}
    }


def test_completion_judges_what_others_found(retrieval: Retrieval) -> None:
    """An excluded operand brings nothing of its own, but judges what was brought: texts by its words, if it is words."""
    first = Matches(owners={4: 3})
    excluded = Matches()
    retrieval.complete([EncodedOperand(), TEXT], [first, excluded], [True, False])
    assert {segment: set(ways) for segment, ways in excluded.segments.items()} == {3: {WORDS}}
    excluded = Matches()
    retrieval.complete([EncodedOperand(), replace(TEXT, like="x")], [first, excluded], [True, False])
    assert {segment: set(ways) for segment, ways in excluded.segments.items()} == {3: {WORDS}, 4: {"text"}}
    assert media_of([first, excluded]) == {3: "document"}


def test_matches_bring_the_medium_of_their_assets(retrieval: Retrieval) -> None:
    """Of those found by vectors, by words in texts and in names, and of the very file; no statement asks for it."""
    stored = retrieval.snapshot.assets.media([1, 2, 3])
    by_name, itself = EncodedOperand(words="note"), EncodedOperand(identical=1)
    for operand in (TEXT, by_name, itself):
        found = retrieval.evidence(operand, 10)
        assets = {*found.owners.values(), *found.names}
        assert assets
        assert {asset: found.media[asset] for asset in assets} == {asset: stored[asset] for asset in assets}


def test_an_index_whose_scores_differ_is_not_trusted() -> None:
    """Beyond what quantisation explains; without an index there is nothing to compare."""
    rows = np.array([[(7, 1, 1, 0)]], dtype=[("vector", "i8"), ("segment", "i8"), ("asset", "i8"), ("medium", "i8")])
    stored = StoredVectors(np.array([7]), np.array([1]), np.array([-1]), ROW.astype(np.float16))
    space: Any = SimpleNamespace(is_exact=False, live=SimpleNamespace(folder="f"))
    exact = np.array([[0.5]], np.float32)
    retrievers._compare(space, Neighbours(exact + 0.01, rows, 1, True), stored, exact)
    with pytest.raises(IndexMismatch):
        retrievers._compare(space, Neighbours(exact - 0.1, rows, 1, True), stored, exact)
    space.is_exact = True
    retrievers._compare(space, Neighbours(exact - 0.1, rows, 1, True), stored, exact)


def test_large_indexes_are_read_on_threads_with_the_same_answers(
    sample_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an index counts as large changes when it is read, and nothing that is found."""
    threads: list[bool] = []
    nearest = SpaceSnapshot.nearest

    def noted(*asked: Any) -> Neighbours:
        threads.append(threading.current_thread() is threading.main_thread())
        return nearest(*asked)

    monkeypatch.setattr(SpaceSnapshot, "nearest", noted)
    answers = []
    with Library.open(sample_library) as library:
        for most in (retrievers.APART, 0):
            monkeypatch.setattr(retrievers, "APART", most)
            answers.append(library.search("a dog on the beach", min_confidence=0.0).hits)
    half = len(threads) // 2
    assert answers[0] and answers[0] == answers[1]
    assert all(threads[:half]) and not any(threads[half:])
