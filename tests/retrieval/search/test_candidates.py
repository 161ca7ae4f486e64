"""Matches of operands -> candidates: grouping by asset, words and names, trees, documents judged place by place."""

from __future__ import annotations

import numpy as np
import pytest

from retrieval.domain.media import Medium
from retrieval.domain.query import Tree
from retrieval.query.build import parse
from retrieval.search import boolean, fusion
from retrieval.search.candidates import Candidate, judge_document, of_one, of_tree
from retrieval.search.retrievers import WORDS, Match, Matches

ONE, TWO, THREE = 1, 2, 3  # assets


def tree(text: str) -> Tree:
    found = parse(text).tree
    assert found is not None
    return found


def matches(*rows: tuple[int, int, str, float], names: dict[int, float] | None = None) -> Matches:
    """rows: segment, asset, way, log-odds; the raw score of each is a tenth of it."""
    found = Matches()
    for segment, asset, way, odds in rows:
        found.add(segment, asset, way, Match("shows", odds, odds / 10))
    found.names.update({asset: Match("words", odds, odds / 10) for asset, odds in (names or {}).items()})
    return found


def test_an_asset_is_as_sure_as_its_best_segment() -> None:
    """Its segments come best first, equal ones by id."""
    found = of_one(
        matches((11, ONE, "text", -1.0), (13, ONE, "text", 2.0), (12, ONE, "text", 2.0), (21, TWO, "text", 0.5))
    )
    assert (found[ONE].odds, found[ONE].score) == (2.0, 0.2)
    assert found[ONE].segments == [(2.0, 12), (2.0, 13), (-1.0, 11)]
    assert found[TWO].segments == [(0.5, 21)]


def test_ways_to_one_segment_agree() -> None:
    """Two modalities that found a segment count by fusion.agree, words as evidence beside them."""
    found = of_one(matches((11, ONE, "text", 1.0), (11, ONE, "image", 0.0), (11, ONE, WORDS, 2.0)))
    assert found[ONE].odds == pytest.approx(fusion.agree([1.0, 0.0], 2.0))


def test_words_of_a_text_and_of_a_name_count_once() -> None:
    """The greater of both is the evidence of words."""
    both = of_one(matches((11, ONE, "text", 1.0), (11, ONE, WORDS, 2.0), names={ONE: 3.0}))
    assert both[ONE].odds == pytest.approx(fusion.agree([1.0], 3.0))
    text = of_one(matches((11, ONE, "text", 1.0), (11, ONE, WORDS, 3.0), names={ONE: 2.0}))
    assert text[ONE].odds == pytest.approx(fusion.agree([1.0], 3.0))


def test_a_name_alone_makes_a_candidate_without_segments() -> None:
    """Its log-odds are those of words alone."""
    found = of_one(matches(names={TWO: 3.0}))
    assert found[TWO].odds == pytest.approx(fusion.agree([], 3.0))
    assert found[TWO].segments == []


def test_of_two_equal_segments_the_higher_score_is_the_asset_s() -> None:
    """Raw scores break ties of log-odds."""
    found = Matches()
    found.add(11, ONE, "text", Match("shows", 1.0, 0.2))
    found.add(12, ONE, "text", Match("shows", 1.0, 0.4))
    assert of_one(found)[ONE].score == 0.4


def test_order_is_by_log_odds_then_score_then_segment() -> None:
    """Ascending keys are descending certainty."""
    rows = [
        Candidate(1, 1.0, 0.1, [(1.0, 5)]),
        Candidate(2, 1.0, 0.2, [(1.0, 9)]),
        Candidate(3, 2.0, 0.0, [(2.0, 7)]),
        Candidate(4, 1.0, 0.1, [(1.0, 4)]),
    ]
    assert [each.asset for each in sorted(rows, key=lambda each: each.order)] == [3, 2, 4, 1]


def media(**named: Medium) -> dict[int, Medium]:
    return {{"one": ONE, "two": TWO, "three": THREE}[name]: medium for name, medium in named.items()}


def test_a_tree_joins_what_its_leaves_found() -> None:
    """An asset that a leaf did not find counts as LEAST there; segments of all leaves are listed at their surest."""
    found = of_tree(
        tree("cat AND dog"),
        [
            matches((11, ONE, "text", 2.0), (21, TWO, "text", 1.0)),
            matches((11, ONE, "text", -1.0), (12, ONE, "text", 0.0)),
        ],
        media(one="image", two="image"),
    )
    by_asset = {each.asset: each for each in found}
    assert by_asset[ONE].odds == 0.0
    assert by_asset[TWO].odds == fusion.LEAST
    assert by_asset[ONE].segments == [(2.0, 11), (0.0, 12)]
    assert by_asset[ONE].wholes == (2.0, 0.0)
    assert by_asset[ONE].score == pytest.approx(0.2)


def test_what_is_excluded_brings_no_candidate() -> None:
    """It lowers pictures at once, with their segments, and is not listed."""
    cats, rooms = matches((11, ONE, "text", 2.0)), matches((12, ONE, "text", 1.0), (21, TWO, "text", 3.0))
    (one,) = of_tree(tree("cat -room"), [cats, rooms], media(one="image", two="image"))
    expected = float(boolean.together(tree("cat -room"), np.array([[2.0], [1.0]]))[0])
    assert one.odds == pytest.approx(expected)
    assert one.segments == [(pytest.approx(expected), 11)]
    assert not one.is_bound


def test_videos_and_documents_are_only_bounded_where_places_count() -> None:
    """The bound leaves out what is excluded; a tree without exclusion or order is judged at once."""
    leaves = [
        matches((11, ONE, "text", 2.0), (21, TWO, "text", 1.0), (31, THREE, "text", 0.5)),
        matches((11, ONE, "text", 1.0), (21, TWO, "text", 3.0)),
    ]
    kinds = media(one="video", two="document", three="image")
    video, document, picture = of_tree(tree("cat -room"), leaves, kinds)
    assert (video.odds, video.is_bound, video.parts) == (2.0, True, ())
    assert (document.odds, document.is_bound, len(document.parts)) == (1.0, True, 2)
    assert not picture.is_bound
    assert not any(each.is_bound for each in of_tree(tree("cat AND room"), leaves, kinds))


def test_no_candidate_without_a_match() -> None:
    """An exclusion alone finds nothing."""
    assert of_tree(tree("cat -room"), [matches(), matches((11, ONE, "text", 3.0))], media(one="image")) == []


def document(*leaves: Matches, text: str = "cat -room") -> Candidate:
    (one,) = of_tree(tree(text), list(leaves), media(one="document"))
    judge_document(tree(text), one)
    return one


def test_a_passage_is_lowered_by_what_it_holds_itself() -> None:
    """The same two words in different passages do not lower each other."""
    apart = document(
        matches((11, ONE, "text", 2.0), (12, ONE, "text", 1.0)), matches((12, ONE, "text", 3.0), (13, ONE, "text", 9.0))
    )
    assert apart.odds == pytest.approx(2.0, abs=0.01)
    assert [segment for _, segment in apart.segments] == [11, 12]
    assert apart.segments[1][0] < -1.5
    assert not apart.is_bound


def test_the_best_passage_left_comes_first() -> None:
    """Segments are ordered again after they were lowered."""
    one = document(matches((11, ONE, "text", 2.0), (12, ONE, "text", 1.0)), matches((11, ONE, "text", 5.0)))
    assert [segment for _, segment in one.segments] == [12, 11]
    assert one.odds == pytest.approx(1.0, abs=0.01)


def test_a_document_found_by_its_name_alone_keeps_what_the_name_says() -> None:
    """Without segments the whole is one place."""
    one = document(matches(names={ONE: 5.0}), matches())
    assert one.odds == pytest.approx(fusion.agree([], 5.0), abs=0.01)
