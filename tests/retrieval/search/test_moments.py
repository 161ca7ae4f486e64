"""Moments are where a curve peaks, with ends at clean places."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.domain.media import Span
from retrieval.search import fusion, moments
from retrieval.search.moments import Curve


def curve(*odds: float, step: int = 1000) -> Curve:
    """Steps of equal length from 0 on."""
    starts = np.arange(len(odds)) * step
    return Curve(starts, starts + step, np.array(odds, float), starts)


def test_a_peak_is_one_moment_with_its_best_frame() -> None:
    """High steps in the middle of low ones are found whole; the frame is that of the highest."""
    (found,) = moments.find(curve(-4, -4, -4, 2, 3, 2, -4, -4, -4, -4))
    assert (found.span, found.at_ms, found.odds) == (Span(3000, 6000), 4000, 3.0)
    assert found.mean == pytest.approx(7 / 3)


def test_a_short_doubt_does_not_cut_a_moment_in_two() -> None:
    """One low step between high ones costs less than what lies behind it gains."""
    (found,) = moments.find(curve(-4, -4, -4, 3, 3, -2, 3, 3, -4, -4, -4, -4))
    assert found.span == Span(3000, 8000)


def test_two_events_are_two_moments_the_surer_first() -> None:
    """A long pause between peaks keeps them apart."""
    found = moments.find(curve(-4, 2, 2, -4, -4, -4, -4, 3, 3, -4, -4))
    assert [each.span for each in found] == [Span(7000, 9000), Span(1000, 3000)]


def test_an_unsure_second_peak_is_left_out() -> None:
    """A peak below the least and far below the best is no moment."""
    assert len(moments.find(curve(-4, 3, -4, -4, -4, -1.5, -4, -4))) == 1


def test_a_level_above_other_levels_is_a_moment_of_its_own() -> None:
    """What is half like it, before and behind, does not belong to it."""
    (found,) = moments.find(curve(-5, -5, -5, -2.8, -2.9, 0.2, 0.0, 0.1, -2.8, -2.7, -5, -5, -5))
    assert found.span == Span(5000, 8000)


def test_a_small_rise_is_a_moment_where_the_rest_is_still() -> None:
    """Of an unsure question two high steps are found among low ones; what only flickers is one moment."""
    (found,) = moments.find(curve(-4.0, -4.1, -3.9, -3.2, -3.3, -4.0, -4.1, -4.0))
    assert found.span == Span(3000, 5000)
    (still,) = moments.find(curve(-4.0, -4.2, -3.8, -4.0, -3.9, -4.1, -4.0, -3.8))
    assert still.span == Span(0, 8000)


def test_two_levels_are_parted_where_they_differ_most() -> None:
    """Otsu's border lies between them; all values alike have none."""
    border, rise, share = moments.parted(np.array([1.0, 5.0, 1.2, 5.2]), np.array([1, 1, 1, 1]))
    assert (border, rise) == (pytest.approx(3.1), pytest.approx(4.0)) and share > 0.99
    assert moments.parted(np.array([2.0, 2.0]), np.array([1, 5])) == (moments.LOWEST, 0.0, 0.0)


def test_a_curve_without_peaks_is_one_moment() -> None:
    """What is shown all the time is not cut where it is a little less sure."""
    (found,) = moments.find(curve(1.0, 1.4, 0.9, 1.2, 1.6, 1.0))
    assert found.span == Span(0, 6000)


def test_ends_are_moved_to_cuts_near_by() -> None:
    """A cut within the distance of two pictures is the end; one further away is not."""
    (found,) = moments.find(curve(-4, -4, -4, 3, 3, 3, -4, -4, -4), cuts=[2600, 8000])
    assert found.span == Span(2600, 6000)


def test_ends_are_moved_out_of_sentences() -> None:
    """A moment that begins or ends a little inside a sentence takes the whole of it."""
    (found,) = moments.find(curve(-4, -4, -4, 3, 3, 3, -4, -4, -4), sentences=np.array([[2700, 4000], [5200, 6400]]))
    assert found.span == Span(2700, 6400)


def test_pictures_begin_half_way_back() -> None:
    """Between two pictures of one shot the border lies in the middle, at most half the distance of pictures back."""
    shots = np.array([[0, 10_000]] * 3)
    found = moments.of_frames(np.array([100, 850, 6000]), np.array([-4.0, 2.0, -4.0]), shots, every_ms=750)
    assert found.starts.tolist() == [0, 475, 5625]
    assert found.ends.tolist() == [475, 5625, 10_000]


def test_pictures_keep_within_their_shots() -> None:
    """The first picture of a shot counts from the cut on."""
    shots = np.array([[0, 1000], [1000, 3000]])
    found = moments.of_frames(np.array([100, 1040]), np.array([1.0, 2.0]), shots)
    assert (found.starts.tolist(), found.ends.tolist()) == ([0, 1000], [1000, 3000])


def test_overlapping_windows_give_their_mean() -> None:
    """Where two sound windows lie over each other, both count."""
    found = moments.of_spans(np.array([[0, 5000], [2500, 7500]]), np.array([1.0, 3.0]))
    assert found.at(np.array([0, 3000, 6000, 8000])).tolist() == [1.0, 2.0, 3.0, fusion.LEAST]


def test_lanes_are_joined_as_segments_are() -> None:
    """Each step of a joined curve is what fusion.agree says of its lanes."""
    shown, said = curve(2.0, -1.0, 0.5), Curve(np.array([1500]), np.array([2500]), np.array([1.0]), np.array([1500]))
    both = moments.joined([shown, said])
    wanted = [2.0, -1.0, fusion.agree([-1.0, 1.0]), fusion.agree([0.5, 1.0]), 0.5]
    assert both.at(np.array([0, 1000, 1500, 2000, 2500])) == pytest.approx(wanted)
    assert both.at_ms.tolist() == [0, 1000, 1500, 1500, 2000]


def test_nothing_has_no_moment() -> None:
    """An empty curve is an answer."""
    assert moments.find(moments.joined([])) == []
    assert moments.EMPTY.at(np.array([5])).tolist() == [fusion.LEAST]


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=60), st.lists(st.integers(0, 60_000), max_size=8))
def test_moments_never_overlap_and_hold_their_frame(odds: list[float], cuts: list[int]) -> None:
    """Whatever the curve: surest first, apart from each other, each with its frame inside."""
    found = moments.find(curve(*odds), cuts=sorted(cuts))
    assert found and [each.odds for each in found] == sorted((each.odds for each in found), reverse=True)
    spans = sorted(each.span for each in found)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert all(each.span.start <= each.at_ms < each.span.end for each in found)
